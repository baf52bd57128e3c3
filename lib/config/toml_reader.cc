#include "config/toml_reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/toml_scanner.h"

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

// Where the string over several lines begins that is never closed; nothing when there is none. It
// swallows the rest of the text, so that the library's mistake is at the end of that.
std::optional<Place> FindOpenString(std::string_view text) {
  TomlScanner scanner(text);
  while (!scanner.AtEnd()) {
    const Place begin = scanner.place();
    if (scanner.Next() == TomlScanner::Passed::kOpenString)
      return Place{begin.line, begin.column, 3};
  }
  return std::nullopt;
}

// The library's words begin with what it was doing: "Error while parsing array: encountered
// end-of-file". The reader wants to know what is wrong, and where.
std::string InOurWords(std::string_view said) {
  std::string words(said);
  const std::string_view doing = "Error while parsing ";
  if (const std::size_t colon = words.find(": ");
      words.starts_with(doing) && colon != std::string::npos) {
    words = "cannot read this " + words.substr(doing.size(), colon - doing.size()) +
            words.substr(colon);
  }
  for (const auto& [theirs, ours] : {std::pair{"end-of-file", "the end of the file"},
                                     std::pair{"'\\n'", "the end of the line"}}) {
    const std::size_t at = words.find(theirs);
    if (at != std::string::npos) words.replace(at, std::string_view(theirs).size(), ours);
  }
  return words;
}

SyntaxError Describe(const toml::parse_error& error, std::string_view text) {
  SyntaxError described{.message = InOurWords(error.description()),
                        .place = PlaceOf(error.source())};
  const std::optional<Place> open = FindOpenString(text);
  if (open && std::tie(described.place.line, described.place.column) >=
                  std::tie(open->line, open->column)) {
    described = {.message = "the string over several lines that begins here is never closed",
                 .place = *open};
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
  if (const auto deep = FindTooDeep(text)) {
    return std::unexpected(
        SyntaxError{.message = "nested more than " + std::to_string(kMostNested) + " deep",
                    .place = *deep,
                    .is_too_deep = true});
  }
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
