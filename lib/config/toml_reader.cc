#include "config/toml_reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

// toml++ 3.3 asserts what nobody has made sure of ("[%" is enough) and, with NDEBUG, even promises
// it to the optimiser. Neither is wanted of text from outside: what follows each assertion is
// checked again and comes out as an error.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/impl/forward_declarations.h>
// Its classes of characters promise the optimiser that no letter with an accent comes where white
// space may stand; the answer is no.
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE __builtin_unreachable()
#include <toml++/toml.h>

namespace sampleproc::config {
namespace {

Place PlaceOf(const toml::source_region& region) {
  Place place{region.begin.line, region.begin.column, 1};
  if (region.end.line == region.begin.line && region.end.column > region.begin.column) {
    place.length = region.end.column - region.begin.column;
  }
  return place;
}

// Where the last string over several lines begins that is never closed; nothing when there is none.
// It swallows the rest of the text, so that the library's mistake is at the end of that.
class OpenStringFinder {
 public:
  explicit OpenStringFinder(std::string_view text) : text_(text) {}

  std::optional<Place> Find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        SkipTo('\n');
      } else if (c == '"' || c == '\'') {
        const Place begin{line_, column_, 3};
        const bool closed = OpensLines(c) ? PassLines(c) : PassOneLine(c);
        if (!closed) return begin;
      } else {
        Step();
      }
    }
    return std::nullopt;
  }

 private:
  bool OpensLines(char quote) const { return text_.substr(at_, 3) == std::string(3, quote); }

  void Step() {
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    if (byte == '\n') {
      ++line_;
      column_ = 1;
    } else if (at_ == text_.size() || (static_cast<unsigned char>(text_[at_]) & 0xC0u) != 0x80u) {
      ++column_;  // of characters, not of bytes
    }
  }
  void SkipTo(char end) {
    while (at_ < text_.size() && text_[at_] != end) Step();
  }

  bool PassLines(char quote) {
    for (int i = 0; i < 3; ++i) Step();
    while (at_ < text_.size()) {
      if (OpensLines(quote)) {
        // Up to two more quotes belong to the string.
        for (int i = 0; i < 5 && at_ < text_.size() && text_[at_] == quote; ++i) Step();
        return true;
      }
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) Step();
      Step();
    }
    return false;
  }

  // Without its end on the line it is a mistake that the library finds right there.
  bool PassOneLine(char quote) {
    Step();
    while (at_ < text_.size() && text_[at_] != '\n') {
      const char c = text_[at_];
      if (c == quote) {
        Step();
        break;
      }
      if (quote == '"' && c == '\\' && text_.substr(at_ + 1, 1) != "\n") Step();
      if (at_ < text_.size()) Step();
    }
    return true;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

SyntaxError Describe(const toml::parse_error& error, std::string_view text) {
  SyntaxError described{std::string(error.description()), PlaceOf(error.source())};
  const std::optional<Place> open = OpenStringFinder(text).Find();
  if (open && std::tie(described.place.line, described.place.column) >=
                  std::tie(open->line, open->column)) {
    described = {"the string over several lines that begins here is never closed", *open};
  }
  return described;
}

Table Convert(const toml::table& table);

Value Convert(const toml::node& node) {
  Value value{false, PlaceOf(node.source())};
  switch (node.type()) {
    case toml::node_type::boolean:
      value.data = node.as_boolean()->get();
      break;
    case toml::node_type::integer:
      value.data = node.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      value.data = node.as_floating_point()->get();
      break;
    case toml::node_type::string:
      value.data = node.as_string()->get();
      break;
    case toml::node_type::array: {
      List list;
      for (const toml::node& element : *node.as_array()) list.push_back(Convert(element));
      value.data = std::move(list);
      break;
    }
    case toml::node_type::table:
      value.data = Convert(*node.as_table());
      break;
    default:
      value.data = DateTime{};
  }
  return value;
}

Table Convert(const toml::table& table) {
  Table entries;
  for (const auto& [key, node] : table) {
    entries.push_back({std::string(key.str()), PlaceOf(key.source()), Convert(node)});
  }
  // The library keeps tables sorted by key; people read their file from the top.
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.key_place.line, a.key_place.column) <
           std::tie(b.key_place.line, b.key_place.column);
  });
  return entries;
}

}  // namespace

std::expected<Table, SyntaxError> ReadToml(std::string_view text) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return std::unexpected(Describe(parsed.error(), text));
  }
  return Convert(parsed.table());
}

std::optional<Value> ReadTomlValue(std::string_view text) {
  // A line break would start a second key; '#' would hide the rest as a comment.
  if (text.find_first_of("\r\n#") != std::string_view::npos) return std::nullopt;
  std::expected<Table, SyntaxError> table = ReadToml("v = " + std::string(text));
  if (!table || table->size() != 1) return std::nullopt;
  return std::move(table->front().value);
}

std::string_view DescribeType(const Value& value) {
  struct Namer {
    std::string_view operator()(bool) const { return "a boolean"; }
    std::string_view operator()(std::int64_t) const { return "an integer"; }
    std::string_view operator()(double) const { return "a number with a fraction"; }
    std::string_view operator()(const std::string&) const { return "a string"; }
    std::string_view operator()(const DateTime&) const { return "a date or time"; }
    std::string_view operator()(const List&) const { return "a list"; }
    std::string_view operator()(const Table&) const { return "a table"; }
  };
  return std::visit(Namer{}, value.data);
}

}  // namespace sampleproc::config
