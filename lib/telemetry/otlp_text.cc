// What is configured of a request to a collector, and what its answer says.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "json/reader.h"
#include "telemetry/otlp.h"

namespace sampleproc::telemetry {
namespace {

constexpr std::size_t kMostWhyBytes = 200;

// A request that said these twice, or otherwise, would be read otherwise than it was meant.
constexpr std::string_view kOwnFields[] = {
    "host",    "connection", "keep-alive",        "te",        "trailer", "proxy-connection",
    "upgrade", "expect",     "transfer-encoding", "user-agent"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing when a '%' is not followed by two digits, or a control character comes out.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    decoded += c;
  }
  return decoded;
}

bool IsToken(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~/";
  for (const char c : name) {
    if (!base::IsAlnum(c) && kMarks.find(c) == std::string_view::npos) return false;
  }
  return !name.empty();
}

bool EqualsLower(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

bool IsOwnField(std::string_view name) {
  const std::string_view kContent = "content-";
  return EqualsLower(name.substr(0, kContent.size()), kContent) ||
         std::ranges::any_of(kOwnFields, [&](auto own) { return EqualsLower(name, own); });
}

// "name=value" of a list; an empty one is no fault.
struct Pair {
  std::string_view name = {};
  std::optional<std::string> value = {};  // decoded, if it can be
  bool has_equals = false;
  bool is_empty = false;
};

Pair TakePair(std::string_view& text) {
  const std::string_view whole = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), whole.size() + 1));
  const std::string_view pair = base::TrimBlanks(whole);
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {.name = pair, .is_empty = pair.empty()};
  return {.name = base::TrimBlanks(pair.substr(0, equals)),
          .value = PercentDecoded(base::TrimBlanks(pair.substr(equals + 1))),
          .has_equals = true};
}

// "" when nothing is wrong with it.
HeaderFault Judge(const Pair& pair) {
  if (pair.is_empty) return {};
  if (!pair.has_equals) return {.why = "has no '=' behind the name"};
  if (pair.name.find('%') != std::string_view::npos) {
    return {.why = "has a '%' in its name: only values are percent-encoded", .is_refused = true};
  }
  if (!IsToken(pair.name)) return {.why = "has no name that a header field may have"};
  if (IsOwnField(pair.name)) {
    return {.why = "is " + std::string(pair.name) + ", which each request sets itself",
            .is_refused = true};
  }
  if (!pair.value) {
    return {.why =
                "has a value with a control character, or a '%' that is not followed by two "
                "hexadecimal digits"};
  }
  return {};
}

// The members of the object `partialSuccess`; protobuf's JSON has names in two spellings.
class AnswerReader final : public json::JsonHandler {
 public:
  explicit AnswerReader(PartialSuccess& found) : found_(found) {}

  void Key(std::string_view key) override {
    key_ = key;
    if (depth_ == 1) inside_ = key == "partialSuccess" || key == "partial_success";
  }
  void Number(const json::JsonNumber& value) override { Rejected(value.text); }
  void String(std::span<char> value) override {
    const std::string_view text(value.data(), value.size());
    Rejected(text);  // 64 bits are text in protobuf's JSON
    if (!Here() || (key_ != "errorMessage" && key_ != "error_message")) return;
    std::size_t end = std::min(text.size(), kMostWhyBytes);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u)
      --end;
    found_.why = text.substr(0, end);
  }
  void StartObject() override { ++depth_; }
  void EndObject(std::size_t) override { --depth_; }

 private:
  bool Here() const { return inside_ && depth_ == 2; }
  void Rejected(std::string_view digits) {
    if (!Here() || (key_ != "rejectedSpans" && key_ != "rejected_spans")) return;
    std::from_chars(digits.data(), digits.data() + digits.size(), found_.rejected_spans);
  }

  PartialSuccess& found_;
  std::string key_;
  int depth_ = 0;
  bool inside_ = false;
};

}  // namespace

TextPairs ParsePairs(std::string_view text) {
  TextPairs pairs;
  while (!text.empty()) {
    Pair pair = TakePair(text);
    if (IsToken(pair.name) && pair.value) pairs.emplace_back(pair.name, *std::move(pair.value));
  }
  return pairs;
}

TextPairs HeaderFields(std::string_view text) {
  TextPairs fields;
  while (!text.empty()) {
    Pair pair = TakePair(text);
    if (!pair.is_empty && Judge(pair).why.empty()) {
      fields.emplace_back(pair.name, *std::move(pair.value));
    }
  }
  return fields;
}

std::vector<HeaderFault> HeaderFaults(std::string_view text) {
  std::vector<HeaderFault> faults;
  for (std::size_t entry = 0; !text.empty(); ++entry) {
    HeaderFault fault = Judge(TakePair(text));
    fault.entry = entry;
    if (!fault.why.empty()) faults.push_back(std::move(fault));
  }
  return faults;
}

PartialSuccess ReadAnswer(std::string_view answer) {
  std::string text(answer);
  text.resize(answer.size() + json::kParseRoom);
  PartialSuccess found;
  AnswerReader reader(found);
  if (!json::ParseInPlace(text, {.depth = 8, .nodes = 100}, reader)) return {};
  return found;
}

}  // namespace sampleproc::telemetry
