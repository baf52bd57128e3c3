#include "config/convert.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/ascii.h"
#include "base/suggest.h"
#include "config/convert_hints.h"
#include "config/diagnostic.h"
#include "config/toml_reader.h"
#include "config/units.h"
#include "json/utf8.h"
#include "net/redact.h"
#include "net/redis_url.h"
#include "net/url.h"

namespace sampleproc::config {
namespace {

using Converted = std::expected<Setting, Refusal>;

std::string ShownFor(const Key& key, std::string_view text) {
  return key.secret ? std::string("the value") : Shown(text);
}

std::string Quoted(const Key& key, std::string_view text) {
  return key.secret ? std::string("the value") : "\"" + Shown(text) + "\"";
}

std::unexpected<Refusal> WrongType(const Key& key, std::string_view found) {
  return std::unexpected(
      Refusal{code::kType, "expected " + DescribeKind(key) + ", found " + std::string(found)});
}

std::unexpected<Refusal> WrongForm(const Key& key, std::string_view text, std::string hint = "") {
  return std::unexpected(
      Refusal{code::kForm, Quoted(key, text) + " is not " + DescribeKind(key), std::move(hint)});
}

std::unexpected<Refusal> OutOfRange(const Key& key, const std::string& shown) {
  return std::unexpected(
      Refusal{code::kRange, shown + " is out of range; allowed is " + DescribeRange(key)});
}

bool InRange(const Key& key, std::int64_t number) {
  if (number == 0 && !key.zero_word.empty()) return true;
  return number >= key.min && number <= key.max;
}

Converted CheckNumber(const Key& key, std::int64_t number, std::string_view written) {
  if (!InRange(key, number)) {
    auto refused = OutOfRange(key, ShownFor(key, written));
    const bool has_no_unit = written.find_first_not_of("0123456789") == written.npos;
    if (key.kind == Kind::kSize && number < key.min && has_no_unit) {
      refused.error().hint = "a number without a unit counts bytes";
    }
    return refused;
  }
  if (key.kind == Kind::kDuration) return std::chrono::milliseconds(number);
  return number;
}

Converted CheckReal(const Key& key, double number, std::string_view written) {
  if (!std::isfinite(number)) return OutOfRange(key, ShownFor(key, written));
  if (number < static_cast<double>(key.min) || number > static_cast<double>(key.max)) {
    return OutOfRange(key, ShownFor(key, written));
  }
  if (number != 0 && number < key.least) return OutOfRange(key, ShownFor(key, written));
  return number;
}

// What a text must not have in it, whatever it is for; "" when it is clean.
std::string Uncleanness(std::string_view text) {
  if (text.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) {
    return "the text has a line break or a NUL in it";
  }
  if (json::FindInvalidUtf8(text) != std::string_view::npos) return "the text is not UTF-8";
  return {};
}

Converted CheckString(const Key& key, std::string text) {
  if (std::string unclean = Uncleanness(text); !unclean.empty()) {
    return std::unexpected(Refusal{code::kForm, std::move(unclean)});
  }
  if (key.url && !text.empty() && !net::ParseUrl(text)) {
    return std::unexpected(NoUrl(text, key.url_example, ""));
  }
  if (key.redis_url && !text.empty() && !net::ParseRedisUrl(text)) {
    return std::unexpected(
        NoUrl(text, "redis://user:password@redis:6379/0",
              "rediss:// is TLS; in a user and a password write %2F for /, %40 for @"));
  }
  if (key.wrong) {
    if (std::string wrong = key.wrong(text); !wrong.empty()) {
      return std::unexpected(Refusal{code::kForm, std::move(wrong)});
    }
  }
  if (!InRange(key, static_cast<std::int64_t>(text.size()))) {
    if (text.empty()) return std::unexpected(Refusal{code::kRange, "must not be empty"});
    return OutOfRange(key, "a text of " + std::to_string(text.size()) + " characters");
  }
  return text;
}

// The allowed word that `text` stands for, in any case.
std::expected<std::string, Refusal> MatchWord(const Key& key, std::string_view text) {
  for (const std::string_view word : key.words) {
    if (base::EditDistance(text, word) == 0) return std::string(word);
  }
  for (const auto& [alias, word] : key.aliases) {
    if (base::EditDistance(text, alias) == 0) return std::string(word);
  }
  std::string hint;
  if (key.kind == Kind::kStringList && text.find(' ') != std::string_view::npos) {
    hint = "write commas between the words";
  }
  if (const std::string_view near = base::Suggest(text, key.words); !near.empty()) {
    hint = "did you mean \"" + std::string(near) + "\"?";
  }
  return std::unexpected(Refusal{
      code::kWord, Quoted(key, text) + " is not known; allowed is " + DescribeRange(key), hint});
}

// One refusal of all, which are some.
std::unexpected<Refusal> Together(std::vector<Refusal> refusals) {
  Refusal first = std::move(refusals.front());
  refusals.erase(refusals.begin());
  first.more = std::move(refusals);
  return std::unexpected(std::move(first));
}

// `entry` as it is meant, behind those that are in `before`.
std::expected<std::string, Refusal> CheckEntry(const Key& key, std::string entry,
                                               std::span<const std::string> before) {
  if (std::string unclean = Uncleanness(entry); !unclean.empty()) {
    return std::unexpected(Refusal{code::kForm, std::move(unclean)});
  }
  if (key.words.empty()) return entry;
  std::expected<std::string, Refusal> word = MatchWord(key, entry);
  if (!word && key.other_words) word = std::move(entry);
  if (word && std::ranges::find(before, *word) != before.end()) {
    return std::unexpected(Refusal{code::kRepeated, "\"" + *word + "\" stands there twice"});
  }
  return word;
}

// All entries that are wrong are refused, `wrong` among them: those that are no text, which stand
// in `entries` as well.
Converted CheckList(const Key& key, std::vector<std::string> entries,
                    const std::map<std::size_t, Refusal>& wrong = {}) {
  if (!InRange(key, static_cast<std::int64_t>(entries.size()))) {
    return std::unexpected(Refusal{
        code::kRange, "the list has " + std::to_string(entries.size()) + " elements; allowed is " +
                          std::to_string(key.min) + " to " + std::to_string(key.max)});
  }
  std::vector<Refusal> refusals;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto no_text = wrong.find(i);
    auto checked = no_text == wrong.end() ? CheckEntry(key, entries[i], std::span(entries).first(i))
                                          : std::unexpected(no_text->second);
    if (checked) {
      entries[i] = *std::move(checked);
    } else {
      refusals.push_back(std::move(checked.error()));
      refusals.back().entry = i;
    }
  }
  if (refusals.empty()) return entries;
  for (const Refusal& refusal : refusals) entries[*refusal.entry].clear();
  auto refused = Together(std::move(refusals));
  refused.error().texts = std::move(entries);
  return refused;
}

// Durations and sizes that were written as text, in files and variables alike.
Converted ConvertQuantity(const Key& key, std::string_view text, std::int64_t plain_unit) {
  std::optional<std::int64_t> number;
  if (key.kind == Kind::kSize) {
    number = ParseSize(text, plain_unit);
    if (!number) return WrongForm(key, text, SizeHint(text));
  } else {
    const auto duration = ParseDuration(text, std::chrono::milliseconds(plain_unit));
    if (!duration) return WrongForm(key, text, DurationHint(text));
    number = duration->count();
  }
  return CheckNumber(key, *number, text);
}

// A list of one element, which may be written as a string; what looks like several is not taken for
// one of a strange name.
Converted ConvertOneAlone(const Key& key, const std::string& text) {
  std::string hint = OneAloneHint(key, text);
  if (hint.empty()) return CheckList(key, {text});
  auto refused = WrongType(key, "a string");
  refused.error().hint = std::move(hint);
  return refused;
}

Converted ConvertString(const Key& key, const std::string& text) {
  if (!key.zero_word.empty() && text == key.zero_word) return std::int64_t{0};
  switch (key.kind) {
    case Kind::kString:
      return CheckString(key, text);
    case Kind::kEnum:
      return MatchWord(key, text);
    case Kind::kDuration:
    case Kind::kSize:
      return ConvertQuantity(key, text, PlainUnit(key.kind));
    case Kind::kStringList:
      return ConvertOneAlone(key, text);
    default:
      auto refused = WrongType(key, "a string");
      refused.error().hint = QuotesHint(key, text);
      return refused;
  }
}

Converted ConvertInteger(const Key& key, std::int64_t number) {
  switch (key.kind) {
    case Kind::kInt:
      return CheckNumber(key, number, std::to_string(number));
    case Kind::kDuration:
    case Kind::kSize:
      return ConvertQuantity(key, std::to_string(number), PlainUnit(key.kind));
    case Kind::kReal:
      return CheckReal(key, static_cast<double>(number), std::to_string(number));
    default:
      return WrongType(key, "an integer");
  }
}

Converted ConvertReal(const Key& key, double number) {
  if (key.kind == Kind::kReal) return CheckReal(key, number, FormatReal(number));
  if (key.kind == Kind::kDuration && std::isfinite(number)) {
    return ConvertQuantity(key, FormatReal(number), PlainUnit(key.kind));
  }
  return WrongType(key, std::isfinite(number) ? "a number with a fraction" : "no finite number");
}

std::optional<double> ShareOf(const Value& value) {
  double number = -1;
  if (const auto* real = std::get_if<double>(&value.data)) {
    number = *real;
  } else if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    number = static_cast<double>(*whole);
  }
  return number >= 0 && number <= 1 ? std::optional(number) : std::nullopt;
}

// `what` names the point in messages.
std::expected<frame::Point, Refusal> ConvertPoint(const std::string& what, const Value& value) {
  const auto* sides = std::get_if<List>(&value.data);
  if (sides == nullptr || sides->size() != 2) {
    return std::unexpected(Refusal{code::kType, what + " is no point such as [0.25, 0.5]"});
  }
  const auto x = ShareOf((*sides)[0]);
  const auto y = ShareOf((*sides)[1]);
  if (!x || !y) {
    return std::unexpected(Refusal{code::kRange,
                                   what + " is outside of the picture: its numbers must be 0 to 1",
                                   "write shares of the picture's width and height, not pixels"});
  }
  return frame::Point{*x, *y};
}

// Likewise the polygon.
std::expected<frame::Polygon, Refusal> ConvertPolygon(const Key& key, const std::string& what,
                                                      const List& points) {
  constexpr std::size_t kMostPoints = 1000;
  const bool are_points = std::ranges::all_of(
      points, [](const Value& each) { return std::holds_alternative<List>(each.data); });
  if (!are_points) {
    return std::unexpected(
        Refusal{code::kType, what + " is not a list of points such as [[0.0, 0.0], [1.0, 0.0]]",
                key.kind == Kind::kPolygons
                    ? "also a single polygon stands in brackets of its own: [[[0.0, 0.0], ...]]"
                    : ""});
  }
  if (points.size() < 3 || points.size() > kMostPoints) {
    return std::unexpected(Refusal{code::kRange, what + " has " + std::to_string(points.size()) +
                                                     (points.size() == 1 ? " point" : " points") +
                                                     "; allowed is 3 to " +
                                                     std::to_string(kMostPoints)});
  }
  frame::Polygon polygon;
  for (std::size_t i = 0; i < points.size(); ++i) {
    auto point = ConvertPoint("point " + std::to_string(i + 1) + " of " + what, points[i]);
    if (!point) return std::unexpected(std::move(point.error()));
    polygon.push_back(*point);
  }
  if (!frame::HasArea(polygon)) {
    return std::unexpected(Refusal{code::kRange,
                                   what + " has no area: its points lie on one line or in one "
                                          "place, and nothing can be inside",
                                   "write the corners in the order in which they follow each other "
                                   "around it"});
  }
  return polygon;
}

Converted ConvertPolygons(const Key& key, const List& list) {
  if (!InRange(key, static_cast<std::int64_t>(list.size()))) {
    return OutOfRange(key, "a list of " + std::to_string(list.size()) + " polygons");
  }
  std::vector<frame::Polygon> polygons;
  std::vector<Refusal> refusals;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto* points = std::get_if<List>(&list[i].data);
    if (points == nullptr) {
      return WrongType(key, "a list with " + std::string(DescribeType(list[i])) + " in it");
    }
    auto polygon = ConvertPolygon(key, "polygon " + std::to_string(i + 1), *points);
    if (polygon) {
      polygons.push_back(std::move(*polygon));
    } else {
      refusals.push_back(std::move(polygon.error()));
      refusals.back().entry = i;
    }
  }
  if (!refusals.empty()) return Together(std::move(refusals));
  return polygons;
}

// A point, a polygon or several: "[]" is none, as such a key is written that nobody has given.
Converted ConvertPlaces(const Key& key, const Value& value, const List& list) {
  if (key.kind == Kind::kPolygons) return ConvertPolygons(key, list);
  if (key.kind == Kind::kPolygon) {
    if (list.empty()) return frame::Polygon();
    auto polygon = ConvertPolygon(key, "the polygon", list);
    if (!polygon) return std::unexpected(std::move(polygon.error()));
    return std::move(*polygon);
  }
  if (list.empty()) return std::optional<frame::Point>();
  auto point = ConvertPoint("the value", value);
  if (!point) return std::unexpected(std::move(point.error()));
  return std::optional(*point);
}

Converted ConvertList(const Key& key, const Value& value) {
  const List& list = std::get<List>(value.data);
  if (IsOfPoints(key.kind)) return ConvertPlaces(key, value, list);
  if (key.kind != Kind::kStringList) return WrongType(key, "a list");
  std::vector<std::string> entries;
  std::map<std::size_t, Refusal> wrong;
  for (const Value& entry : list) {
    const std::string* text = std::get_if<std::string>(&entry.data);
    if (text == nullptr) {
      wrong.emplace(
          entries.size(),
          WrongType(key, "a list with " + std::string(DescribeType(entry)) + " in it").error());
    }
    entries.push_back(text == nullptr ? std::string() : *text);
  }
  return CheckList(key, std::move(entries), wrong);
}

// Text that is not TOML, or TOML of a type the key does not take.
Converted ConvertPlainText(const Key& key, std::string_view text, std::int64_t plain_unit) {
  if (!key.zero_word.empty() && text == key.zero_word) return std::int64_t{0};
  switch (key.kind) {
    case Kind::kBool:
      if (const std::optional<bool> truth = ParseBool(text)) return *truth;
      return WrongForm(key, text);
    case Kind::kInt:
      if (const auto number = ParseInteger(text)) return CheckNumber(key, *number, text);
      return WrongForm(key, text);
    case Kind::kReal:
      if (const auto number = ParseReal(text)) return CheckReal(key, *number, text);
      return WrongForm(key, text, PointHint(text));
    case Kind::kDuration:
    case Kind::kSize:
      return ConvertQuantity(key, text, plain_unit);
    case Kind::kStringList:
      return CheckList(key, SplitAtCommas(text));
    case Kind::kPoint:
    case Kind::kPolygon:
    case Kind::kPolygons:
      return WrongForm(key, text);
    case Kind::kString:
    case Kind::kEnum:
      return ConvertString(key, std::string(text));
  }
  return WrongForm(key, text);
}

}  // namespace

std::int64_t PlainUnit(Kind kind) { return kind == Kind::kDuration ? 1000 : 1; }

std::string Shown(std::string_view text, std::size_t longest) {
  return Printable(net::RedactCredentials(text), longest);
}

std::string Printable(std::string_view text, std::size_t longest) {
  std::string shown;
  for (const char c : text.substr(0, longest)) shown += c >= ' ' && c <= '~' ? c : '?';
  return text.size() > longest ? shown + "..." : shown;
}

std::expected<Setting, Refusal> ConvertValue(const Key& key, const Value& value) {
  if (const bool* truth = std::get_if<bool>(&value.data)) {
    if (key.kind == Kind::kBool) return *truth;
  } else if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return ConvertInteger(key, *number);
  } else if (const auto* real = std::get_if<double>(&value.data)) {
    return ConvertReal(key, *real);
  } else if (const auto* text = std::get_if<std::string>(&value.data)) {
    return ConvertString(key, *text);
  } else if (std::holds_alternative<List>(value.data)) {
    return ConvertList(key, value);
  }
  return WrongType(key, DescribeType(value));
}

std::expected<Setting, Refusal> ConvertText(const Key& key, std::string_view text,
                                            std::int64_t plain_unit) {
  if (key.kind != Kind::kString) text = base::TrimBlanks(text);
  if (const std::optional<Value> value = ReadTomlValue(text)) {
    if (const auto* quoted = std::get_if<std::string>(&value->data)) {
      return ConvertPlainText(key, *quoted, plain_unit);
    }
    if (std::holds_alternative<List>(value->data)) return ConvertList(key, *value);
    if (const auto* number = std::get_if<std::int64_t>(&value->data);
        number != nullptr && key.kind == Kind::kInt) {
      return CheckNumber(key, *number, text);  // also 0x1F9B and 8_099, which only TOML reads
    }
  }
  return ConvertPlainText(key, text, plain_unit);
}

}  // namespace sampleproc::config
