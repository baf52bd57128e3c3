#include "files/url_input.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string_view>

#include "net/redact.h"

namespace sampleproc::files {
namespace {

constexpr std::size_t kLongestShown = 200;

// "rtsp" of "rtsp://cam/1", "data" of "data:image/jpeg;..."; "" of a path.
std::string SchemeOf(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2) return "";
  std::string scheme(text.substr(0, colon));
  const bool plain = std::ranges::all_of(scheme, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
  });
  if (!plain) return "";
  std::ranges::transform(scheme, scheme.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return scheme == "data" || text.substr(colon).starts_with("://") ? scheme : "";
}

std::string Remedy(const std::string& scheme) {
  if (scheme == "http" || scheme == "https" || scheme == "ftp") {
    return "fetch it first: curl -fsS URL | sampleproc process-file -";
  }
  if (scheme == "file") return "leave \"file://\" out and give the path";
  if (scheme == "data") {
    return "decode what stands behind the comma first: base64 -d | sampleproc process-file -";
  }
  constexpr std::string_view kLive[] = {"rtsp", "rtsps", "rtmp", "rtmps", "rtp",
                                        "srt",  "udp",   "tcp",  "mms"};
  if (std::ranges::find(kLive, scheme) != std::end(kLive)) {
    return "pipe its frames in: ffmpeg -i URL -vf scale=640:480 -f rawvideo -pix_fmt bgr24 - | "
           "sampleproc process-file --raw 640x480:bgr24 -";
  }
  return "fetch it to a file first";
}

}  // namespace

std::string ShownName(const std::string& path) {
  struct stat status{};
  const int before = errno;  // often what the caller is about to tell
  const bool is_there = ::lstat(path.c_str(), &status) == 0;
  errno = before;
  if (is_there) return path;
  if (SchemeOf(path) == "data") return path.substr(0, std::min(path.find(','), kLongestShown));
  return net::CutCredentials(path);
}

std::optional<base::Error> UrlInsteadOfPath(const std::string& path) {
  const std::string scheme = SchemeOf(path);
  if (scheme.empty()) return std::nullopt;
  std::string shown = ShownName(path);
  if (shown.size() > kLongestShown) {
    shown.resize(kLongestShown);
    shown += "...";
  }
  return base::Error{base::ErrorCode::kUsage,
                     shown + " is a URL, and process-file reads files; " + Remedy(scheme),
                     {},
                     std::nullopt};
}

}  // namespace sampleproc::files
