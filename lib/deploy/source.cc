#include "deploy/source.h"

#include <algorithm>

#include "net/redact.h"

namespace sampleproc::deploy {

using config::Entry;
using config::List;
using config::Table;
using config::Value;

Source::Source(std::string display, std::string_view text) : display_(std::move(display)) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.emplace_back(net::RedactLine(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Fact Source::At(std::string text, const config::Place& place) const {
  Fact fact{std::move(text), {config::Origin::Kind::kFile, display_, place}, ""};
  if (place.line != 0 && place.line <= lines_.size()) fact.source_line = lines_[place.line - 1];
  return fact;
}

const Value* Find(const Value* value, std::string_view key) {
  const Table& table = Entries(value);
  const auto found = std::ranges::find(table, key, &Entry::key);
  return found == table.end() ? nullptr : &found->value;
}

const Value* Find(const Value* value, std::initializer_list<std::string_view> path) {
  for (const std::string_view key : path) value = Find(value, key);
  return value;
}

const List& Elements(const Value* value) {
  static const List kNone;
  const auto* list = value == nullptr ? nullptr : std::get_if<List>(&value->data);
  return list == nullptr ? kNone : *list;
}

const Table& Entries(const Value* value) {
  static const Table kNone;
  const auto* table = value == nullptr ? nullptr : std::get_if<Table>(&value->data);
  return table == nullptr ? kNone : *table;
}

std::string TextOf(const Value* value) {
  if (value == nullptr) return {};
  if (const auto* text = std::get_if<std::string>(&value->data)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value->data)) return std::to_string(*number);
  if (const auto* truth = std::get_if<bool>(&value->data)) return *truth ? "true" : "false";
  return {};
}

std::string_view BaseName(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  return path.substr(0, path.find_first_of(":@"));
}

}  // namespace sampleproc::deploy
