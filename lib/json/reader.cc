#include "json/reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "json/utf8.h"

#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/reader.h>

namespace sampleproc::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Validation of the encoding is left out on purpose: with it the reader looks at strings byte by
// byte. Every string is checked when it is delivered.
constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                            rapidjson::kParseNumbersAsStringsFlag;

std::string_view Explain(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return "there is no value";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something follows the value";
    case rapidjson::kParseErrorObjectMissName:
      return "expected a member's name in double quotes";
    case rapidjson::kParseErrorObjectMissColon:
      return "expected a colon after a member's name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "expected a comma or } after a member";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "expected a comma or ] after an element";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
      return "expected four hexadecimal digits after \\u";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "unknown escape in a string";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string has no end";
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "a control character in a string must be escaped";
    case rapidjson::kParseErrorNumberTooBig:
      return "a number exceeds the range of a double";
    case rapidjson::kParseErrorNumberMissFraction:
      return "expected a digit after the decimal point";
    case rapidjson::kParseErrorNumberMissExponent:
      return "expected a digit in the exponent";
    default:
      return "expected a value";
  }
}

// Whether a number that no double can hold is too large rather than too close to zero: the power
// of ten of its first digit decides.
bool IsHuge(std::string_view number) {
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  const std::string_view digits = number.substr(0, mark);
  long long power = 0;
  if (mark < number.size()) {
    std::string_view exponent = number.substr(mark + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto parsed = std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
    if (parsed.ec != std::errc()) return !exponent.starts_with('-');
  }
  const std::size_t first = std::min(digits.find_first_of("123456789"), digits.size());
  const std::size_t point = std::min(digits.find('.'), digits.size());
  return power + static_cast<long long>(point) - static_cast<long long>(first) > 0;
}

bool IsWithinDouble(std::string_view number) {
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  return parsed.ec != std::errc::result_out_of_range || !IsHuge(number);
}

// Receives RapidJSON's events, holds the text to the rules RapidJSON does not know, and passes the
// events on. Returning false ends the parse.
class Events {
 public:
  Events(std::span<char> text, const JsonLimits& limits, rapidjson::InsituStringStream& stream,
         JsonHandler& handler)
      : text_(text), limits_(limits), stream_(stream), handler_(handler) {}

  bool Null() {
    if (!BeginValue()) return false;
    handler_.Null();
    return true;
  }
  bool Bool(bool value) {
    if (!BeginValue()) return false;
    handler_.Bool(value);
    return true;
  }
  bool RawNumber(const char* start, rapidjson::SizeType length, bool) {
    if (!BeginValue()) return false;
    const std::string_view number(start, length);
    if (!IsWithinDouble(number)) {
      return Refuse(JsonError::Kind::kSyntax, Explain(rapidjson::kParseErrorNumberTooBig));
    }
    handler_.Number({number, number.find_first_of(".eE") == std::string_view::npos});
    return true;
  }
  bool String(const char* start, rapidjson::SizeType length, bool) {
    if (!BeginValue() || !CheckUnicode({start, length})) return false;
    handler_.String(text_.subspan(OffsetOf(start), length));
    return true;
  }
  bool Key(const char* start, rapidjson::SizeType length, bool) {
    const std::string_view key(start, length);
    if (!CheckUnicode(key)) return false;
    keys_.push_back(key);
    handler_.Key(key);
    return true;
  }
  bool StartObject() {
    if (!BeginContainer(true)) return false;
    handler_.StartObject();
    return true;
  }
  bool EndObject(rapidjson::SizeType members) {
    FindDuplicate(open_.back().first_key);
    keys_.resize(open_.back().first_key);
    open_.pop_back();
    handler_.EndObject(members);
    return true;
  }
  bool StartArray() {
    if (!BeginContainer(false)) return false;
    handler_.StartArray();
    return true;
  }
  bool EndArray(rapidjson::SizeType elements) {
    open_.pop_back();
    handler_.EndArray(elements);
    return true;
  }

  // Numbers come as text, so RapidJSON never calls these; it requires them all the same.
  bool Int(int) { return true; }
  bool Uint(unsigned) { return true; }
  bool Int64(std::int64_t) { return true; }
  bool Uint64(std::uint64_t) { return true; }
  bool Double(double) { return true; }

  std::optional<JsonError>& refusal() { return refusal_; }
  std::optional<JsonError>& duplicate() { return duplicate_; }

  std::vector<JsonPathStep> Path() const {
    std::vector<JsonPathStep> path;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      const Open& open = open_[i];
      if (!open.is_object) {
        if (open.values > 0) path.push_back({false, {}, open.values - 1});
        continue;
      }
      const std::size_t end = i + 1 < open_.size() ? open_[i + 1].first_key : keys_.size();
      if (end > open.first_key) path.push_back({true, keys_[end - 1], 0});
    }
    return path;
  }

 private:
  struct Open {
    bool is_object;
    std::size_t first_key;   // of keys_
    std::size_t values = 0;  // begun so far, arrays only
  };

  std::size_t OffsetOf(const char* place) const {
    return static_cast<std::size_t>(place - text_.data());
  }

  bool Refuse(JsonError::Kind kind, std::string_view what) {
    const std::size_t offset = stream_.Tell();
    refusal_ =
        JsonError{kind, offset, std::string(what) + " at byte " + std::to_string(offset), Path()};
    return false;
  }

  bool BeginValue() {
    if (!open_.empty()) ++open_.back().values;
    if (++nodes_ > limits_.nodes) {
      return Refuse(JsonError::Kind::kNodes,
                    "more than " + std::to_string(limits_.nodes) + " values");
    }
    return true;
  }

  bool BeginContainer(bool is_object) {
    if (!BeginValue()) return false;
    if (std::cmp_greater_equal(open_.size(), limits_.depth)) {
      return Refuse(JsonError::Kind::kDepth,
                    "more than " + std::to_string(limits_.depth) + " nested objects and arrays");
    }
    open_.push_back({is_object, keys_.size()});
    return true;
  }

  bool CheckUnicode(std::string_view text) {
    if (FindInvalidUtf8(text) == std::string_view::npos) return true;
    return Refuse(JsonError::Kind::kUnicode, "invalid UTF-8 in the string");
  }

  // Sorting makes n keys cost n log n; by length first, so that most comparisons read no text.
  void FindDuplicate(std::size_t first_key) {
    if (duplicate_ || keys_.size() - first_key < 2) return;
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first_key);
    std::sort(begin, keys_.end(), [](std::string_view a, std::string_view b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    for (auto key = begin; key + 1 != keys_.end(); ++key) {
      if (key[0] != key[1]) continue;
      const std::string_view later = key[0].data() > key[1].data() ? key[0] : key[1];
      const std::size_t offset = OffsetOf(later.data()) - 1;
      if (duplicate_ && duplicate_->offset <= offset) continue;
      std::vector<JsonPathStep> path = Path();
      path.back().key = later;
      duplicate_ = JsonError{JsonError::Kind::kDuplicateKey, offset,
                             "a second member of the same name at byte " + std::to_string(offset),
                             std::move(path)};
    }
  }

  const std::span<char> text_;
  const JsonLimits& limits_;
  rapidjson::InsituStringStream& stream_;  // during an event: at the start of its token
  JsonHandler& handler_;
  int nodes_ = 0;
  std::vector<Open> open_;
  std::vector<std::string_view> keys_;  // of all open objects, outermost first
  std::optional<JsonError> refusal_;
  std::optional<JsonError> duplicate_;
};

std::unexpected<JsonError> SyntaxError(std::size_t offset, std::string_view what,
                                       std::vector<JsonPathStep> path = {},
                                       JsonError::Kind kind = JsonError::Kind::kSyntax) {
  return std::unexpected(JsonError{
      kind, offset, std::string(what) + " at byte " + std::to_string(offset), std::move(path)});
}

}  // namespace

bool JsonNumber::IsSafeInteger() const {
  constexpr std::int64_t kMax = std::int64_t{1} << 53;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return is_integer && parsed.ec == std::errc() && value >= -kMax && value <= kMax;
}

std::expected<void, JsonError> ParseInPlace(std::span<char> text_with_room,
                                            const JsonLimits& limits, JsonHandler& handler) {
  const std::span<char> text = text_with_room.first(text_with_room.size() - kParseRoom);
  std::memset(text_with_room.last(kParseRoom).data(), 0, kParseRoom);
  if (text.size() > std::numeric_limits<rapidjson::SizeType>::max()) {
    return SyntaxError(0, "the text is longer than 4 GiB");
  }
  if (std::string_view(text.data(), text.size()).starts_with(kByteOrderMark)) {
    return SyntaxError(0, "a byte order mark is not allowed");
  }

  rapidjson::InsituStringStream stream(text.data());
  Events events(text, limits, stream, handler);
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, events);

  if (events.refusal()) return std::unexpected(std::move(*events.refusal()));
  if (result.IsError()) {
    const bool surrogate = result.Code() == rapidjson::kParseErrorStringUnicodeSurrogateInvalid;
    const std::size_t offset = result.Offset();
    const bool nul = offset < text.size() && text[offset] == '\0';
    return SyntaxError(offset,
                       surrogate ? "half of a surrogate pair is missing"
                       : nul     ? "a NUL byte"
                                 : Explain(result.Code()),
                       events.Path(),
                       surrogate ? JsonError::Kind::kUnicode : JsonError::Kind::kSyntax);
  }
  // To RapidJSON a NUL is the end of the text, whatever follows it.
  if (stream.Tell() != text.size()) return SyntaxError(stream.Tell(), "a NUL byte");
  if (events.duplicate()) return std::unexpected(std::move(*events.duplicate()));
  return {};
}

}  // namespace sampleproc::json
