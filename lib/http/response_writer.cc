#include "http/response_writer.h"

#include <charconv>
#include <ctime>

#include "http/error_response.h"

namespace sampleproc::http {
namespace {

// Up to here one write of a joined buffer is cheaper than two pieces.
constexpr std::size_t kJoinBytes = 64 * 1024;

void AppendNumber(std::size_t number, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

base::ByteView AppendResponse(const Response& response, std::string_view date, bool head_only,
                              std::string& out) {
  const base::ByteView body = response.body_bytes();
  out.append("HTTP/1.1 ");
  AppendNumber(static_cast<std::size_t>(response.status), out);
  out.append(" ").append(ReasonPhrase(response.status)).append("\r\nDate: ").append(date);
  if (!response.content_type.empty()) {
    out.append("\r\nContent-Type: ").append(response.content_type);
  }
  // RFC 9110 section 8.6: of a 304 it would be the length of what is not sent.
  if (response.status != 204 && response.status != 304 && (!response.live || response.live_bytes)) {
    out.append("\r\nContent-Length: ");
    AppendNumber(static_cast<std::size_t>(response.live_bytes.value_or(body.size())), out);
  }
  out.append(response.close ? "\r\nConnection: close\r\n" : "\r\n");
  out.append(response.fixed_field_lines).append(response.field_lines).append("\r\n");
  if (head_only) return {};
  if (body.size() > kJoinBytes) return body;
  out.append(base::AsText(body));
  return {};
}

std::string HttpDate(base::WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // strftime's own day and month names follow the locale; these must not.
  char text[40];
  std::strftime(text, sizeof text, "xxx, %d yyy %Y %H:%M:%S GMT", &utc);
  std::string date(text);
  date.replace(0, 3, kDays[utc.tm_wday]);
  date.replace(8, 3, kMonths[utc.tm_mon]);
  return date;
}

}  // namespace sampleproc::http
