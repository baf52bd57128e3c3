#include "http/accept.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "http/message.h"

namespace sampleproc::http {
namespace {

// Takes what stands before the next `separator` off the front of `rest`.
std::string_view Next(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return base::TrimBlanks(piece);
}

double QualityOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = Next(parameters, ';');
    if (parameter.size() < 2 || !EqualsIgnoreCase(parameter.substr(0, 2), "q=")) continue;
    const std::string_view digits = parameter.substr(2);
    double quality = 1;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), quality);
    return read.ec == std::errc() && quality >= 0 && quality <= 1 ? quality : 1;
  }
  return 1;
}

// 3 for the type itself, 2 for "type/*", 1 for "*/*", 0 when the range does not match.
int Specificity(std::string_view range, std::string_view media) {
  if (EqualsIgnoreCase(range, media)) return 3;
  if (range == "*/*") return 1;
  const auto slash = media.find('/');
  const bool whole_type = range.size() == slash + 2 && range.ends_with("/*") &&
                          EqualsIgnoreCase(range.substr(0, slash), media.substr(0, slash));
  return whole_type ? 2 : 0;
}

}  // namespace

double Quality(std::optional<std::string_view> accept, std::string_view media) {
  if (!accept || base::TrimBlanks(*accept).empty()) return 1;
  double quality = 0;
  int best = 0;
  for (std::string_view rest = *accept; !rest.empty();) {
    std::string_view parameters = Next(rest, ',');
    const std::string_view range = Next(parameters, ';');
    const int specificity = Specificity(range, media);
    if (specificity <= best) continue;
    best = specificity;
    quality = QualityOf(parameters);
  }
  return quality;
}

}  // namespace sampleproc::http
