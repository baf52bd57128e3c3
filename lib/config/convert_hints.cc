#include "config/convert_hints.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/codes.h"
#include "config/units.h"

namespace sampleproc::config {

std::string PointHint(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t comma = text.find(',');
  if (comma == 0 || comma >= text.size() - 1 || text.find(',', comma + 1) != text.npos ||
      !kDigits.contains(text[comma - 1]) || !kDigits.contains(text[comma + 1])) {
    return {};
  }
  std::string with_point(text);
  with_point[comma] = '.';
  return "the decimal sign is a point: " + Printable(with_point, 40);
}

std::string SizeHint(std::string_view text) {
  if (std::string point = PointHint(text); !point.empty()) return point;
  const std::size_t unit = text.find_first_not_of("0123456789. ");
  if (unit == std::string_view::npos) return {};
  const std::size_t prefix = std::string_view("kKmMgGtT").find(text[unit]);
  if (prefix == std::string_view::npos) return "units are B, KiB, MiB, GiB, kB, MB and GB";
  const std::string capital(1, std::string_view("KKMMGGTT")[prefix]);
  return "write " + capital + "iB for powers of 1024 or " + capital + "B for powers of 1000";
}

std::string DurationHint(std::string_view text) {
  if (std::string point = PointHint(text); !point.empty()) return point;
  if (text.find_first_of("0123456789") == std::string_view::npos) return {};
  return "units are ms, s, m and h, without a space: \"30s\", \"1m30s\", \"24h\"";
}

std::string QuotesHint(const Key& key, std::string_view text) {
  constexpr const char* kLeaveOut = "leave the quotes out";
  if (text.contains('$')) {
    if (CameraKey(key.path)) return "variables are not replaced in a file; write the value";
    return "variables are not replaced in a file; leave the key out and set " +
           VariableName(key.path);
  }
  if (key.kind == Kind::kBool) {
    const std::optional<bool> truth = ParseBool(text);
    if (text == "true" || text == "false") return kLeaveOut;
    return truth ? std::string("write ") + (*truth ? "true" : "false") + " without quotes" : "";
  }
  const bool is_number = (key.kind == Kind::kInt && ParseInteger(text)) ||
                         (key.kind == Kind::kReal && ParseReal(text));
  return is_number ? kLeaveOut : "";
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

std::string OneAloneHint(const Key& key, std::string_view text) {
  if (text.contains("${")) return QuotesHint(key, text);
  std::string apart(text);
  if (!key.words.empty()) std::ranges::replace(apart, ' ', ',');
  const std::vector<std::string> entries = SplitAtCommas(apart);
  if (entries.size() < 2) return "";
  const Setting shown = key.secret ? std::vector<std::string>{"...", "..."} : entries;
  return "write " + FormatSetting(key, shown) + ", each in quotes of its own";
}

std::string_view BlankIn(std::string_view url) {
  constexpr std::string_view kBlanks = " \t";
  if (url.find_first_of(kBlanks) == std::string_view::npos) return "";
  if (kBlanks.contains(url.back())) return "it ends with a blank";
  if (kBlanks.contains(url.front())) return "it begins with a blank";
  return "it has a blank in it";
}

Refusal NoUrl(std::string_view text, std::string_view example, std::string hint) {
  std::string message = "is not a URL such as \"" + std::string(example) + "\"";
  if (const std::string_view blank = BlankIn(text); !blank.empty()) {
    message += ": " + std::string(blank);
  }
  return {code::kForm, std::move(message), std::move(hint)};
}

}  // namespace sampleproc::config
