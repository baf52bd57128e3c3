#include "deploy/yaml_reader.h"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "config/units.h"

namespace sampleproc::deploy {
namespace {

using config::Entry;
using config::List;
using config::Place;
using config::SyntaxError;
using config::Table;
using config::Value;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 20'000;
constexpr std::size_t kMaxCopiedBytes = std::size_t{4} << 20;

Place PlaceOf(const yaml_mark_t& start, const yaml_mark_t& end) {
  Place place{static_cast<std::uint32_t>(start.line + 1),
              static_cast<std::uint32_t>(start.column + 1), 1};
  if (end.line == start.line && end.column > start.column) {
    place.length = static_cast<std::uint32_t>(end.column - start.column);
  }
  return place;
}

// One event of the library, given back with it.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }

  bool Next(yaml_parser_t& parser) {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser, &event_) != 0;
  }
  yaml_event_type_t type() const { return event_.type; }
  const yaml_event_t& get() const { return event_; }
  Place place() const { return PlaceOf(event_.start_mark, event_.end_mark); }

 private:
  yaml_event_t event_{};
};

std::string Text(const unsigned char* text) {
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

Value Scalar(const yaml_event_t& event, Place place) {
  const auto& scalar = event.data.scalar;
  std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
  if (scalar.style != YAML_PLAIN_SCALAR_STYLE) return {std::move(text), place};
  if (text == "true" || text == "false") return {text == "true", place};
  if (text == "null" || text == "~") return {std::string(), place};
  if (const auto number = config::ParseInteger(text)) return {*number, place};
  return {std::move(text), place};
}

struct Amount {
  std::size_t values = 0;
  std::size_t bytes = 0;  // of their text
};

void Add(const Value& value, Amount& amount) {
  ++amount.values;
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    amount.bytes += text->size();
  } else if (const auto* list = std::get_if<List>(&value.data)) {
    for (const Value& element : *list) Add(element, amount);
  } else if (const auto* table = std::get_if<Table>(&value.data)) {
    for (const Entry& entry : *table) {
      amount.bytes += entry.key.size();
      Add(entry.value, amount);
    }
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) {
    ready_ = yaml_parser_initialize(&parser_) != 0;
    if (!ready_) return;
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (ready_) yaml_parser_delete(&parser_);
  }

  std::expected<std::vector<Value>, SyntaxError> Documents() {
    std::vector<Value> documents;
    if (!ready_) return std::unexpected(SyntaxError{"out of memory", {}});
    while (Next() && event_.type() != YAML_STREAM_END_EVENT) {
      if (event_.type() != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      if (!Next()) break;
      Value value;
      if (!ReadValue(value, 0)) break;
      documents.push_back(std::move(value));
    }
    if (error_) return std::unexpected(*std::move(error_));
    return documents;
  }

 private:
  bool Fail(std::string message, Place place) {
    if (!error_) error_ = SyntaxError{std::move(message), place};
    return false;
  }

  bool Next() {
    if (event_.Next(parser_)) return true;
    const yaml_mark_t& mark = parser_.problem_mark;
    std::string message = parser_.problem == nullptr ? "not YAML" : parser_.problem;
    if (parser_.context != nullptr) message += " " + std::string(parser_.context);
    return Fail(std::move(message), PlaceOf(mark, mark));
  }

  bool ReadValue(Value& value, std::size_t depth) {
    const Place place = event_.place();
    if (depth > kMaxDepth) return Fail("nested more than 64 deep", place);
    if (++values_ > kMaxValues) return Fail("more than 20000 values", place);
    switch (event_.type()) {
      case YAML_SCALAR_EVENT: {
        const std::string anchor = Text(event_.get().data.scalar.anchor);
        value = Scalar(event_.get(), place);
        return Remember(anchor, value);
      }
      case YAML_ALIAS_EVENT:
        return ReadAlias(value, place);
      case YAML_SEQUENCE_START_EVENT: {
        const std::string anchor = Text(event_.get().data.sequence_start.anchor);
        if (!ReadList(value, depth)) return false;
        value.place = place;
        return Remember(anchor, value);
      }
      case YAML_MAPPING_START_EVENT: {
        const std::string anchor = Text(event_.get().data.mapping_start.anchor);
        if (!ReadTable(value, depth)) return false;
        value.place = place;
        return Remember(anchor, value);
      }
      default:
        return Fail("not YAML", place);
    }
  }

  bool ReadAlias(Value& value, Place place) {
    const auto found = anchors_.find(Text(event_.get().data.alias.anchor));
    if (found == anchors_.end()) return Fail("there is no anchor of this name above", place);
    if (!MayCopy(found->second, place)) return false;
    value = found->second;
    return true;
  }

  // Copies of copies are how few lines become gigabytes.
  bool MayCopy(const Value& value, Place place) {
    Amount amount;
    Add(value, amount);
    values_ += amount.values;
    copied_bytes_ += amount.bytes;
    if (values_ > kMaxValues) return Fail("more than 20000 values", place);
    if (copied_bytes_ > kMaxCopiedBytes) return Fail("more than 4 MiB of text by aliases", place);
    return true;
  }

  bool ReadList(Value& value, std::size_t depth) {
    List list;
    while (Next() && event_.type() != YAML_SEQUENCE_END_EVENT) {
      if (!ReadValue(list.emplace_back(), depth + 1)) return false;
    }
    value.data = std::move(list);
    return !error_;
  }

  bool ReadTable(Value& value, std::size_t depth) {
    Table table;
    Table merged;
    while (Next() && event_.type() != YAML_MAPPING_END_EVENT) {
      const Place place = event_.place();
      if (event_.type() != YAML_SCALAR_EVENT) return Fail("a key has to be plain text", place);
      std::string key = Text(event_.get().data.scalar.value);
      if (!Next()) return false;
      Value element;
      if (!ReadValue(element, depth + 1)) return false;
      if (key == "<<") {
        Merge(element, merged);
      } else if (std::ranges::find(table, key, &Entry::key) != table.end()) {
        return Fail("this key is set twice", place);
      } else {
        table.push_back({std::move(key), place, std::move(element)});
      }
    }
    AddMissing(merged, table);
    value.data = std::move(table);
    return !error_;
  }

  // What stands in the table itself, or was merged before, goes first.
  static void AddMissing(const Table& from, Table& into) {
    for (const Entry& entry : from) {
      if (std::ranges::find(into, entry.key, &Entry::key) == into.end()) into.push_back(entry);
    }
  }

  static void Merge(const Value& source, Table& merged) {
    if (const auto* table = std::get_if<Table>(&source.data)) AddMissing(*table, merged);
    if (const auto* list = std::get_if<List>(&source.data)) {
      for (const Value& element : *list) {
        if (const auto* table = std::get_if<Table>(&element.data)) AddMissing(*table, merged);
      }
    }
  }

  bool Remember(const std::string& anchor, const Value& value) {
    if (anchor.empty()) return true;
    if (!MayCopy(value, value.place)) return false;
    anchors_[anchor] = value;
    return true;
  }

  yaml_parser_t parser_{};
  bool ready_ = false;
  Event event_;
  std::map<std::string, Value> anchors_;
  std::size_t values_ = 0;
  std::size_t copied_bytes_ = 0;
  std::optional<SyntaxError> error_;
};

}  // namespace

std::expected<std::vector<Value>, SyntaxError> ReadYaml(std::string_view text) {
  return Reader(text).Documents();
}

}  // namespace sampleproc::deploy
