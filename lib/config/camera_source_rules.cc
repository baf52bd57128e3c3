#include "config/camera_source_rules.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "config/convert.h"
#include "config/event_rules.h"
#include "config/schema.h"

namespace sampleproc::config {
namespace {

// Each has a thread and, of a video, a decoder.
constexpr std::size_t kMostSources = 256;

constexpr std::string_view kVideoDevice = "/dev/video";

// "0" and "/dev/video0": what OpenCV and ffmpeg call a webcam.
bool IsWebcam(std::string_view url) {
  const std::string_view number =
      url.starts_with(kVideoDevice) ? url.substr(kVideoDevice.size()) : url;
  return !number.empty() && number.size() <= 3 &&
         number.find_first_not_of("0123456789") == number.npos;
}

// What stands before the host in "scheme://user:password@host/"; empty: nothing does.
std::string_view UserOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  const std::size_t at = rest.substr(0, rest.find_first_of("/?#")).rfind('@');
  return at == std::string_view::npos ? std::string_view() : rest.substr(0, at);
}

void CheckPassword(const std::string& id, const cameras::Options& camera,
                   std::vector<Finding>& findings) {
  if (camera.password_file.empty()) return;
  const std::string_view user = UserOf(camera.url);
  const std::string key = CameraSection(id) + ".password_file";
  if (user.empty()) {
    findings.push_back({Severity::kError, code::kCameras, key,
                        "is of no use: the camera's url names no user",
                        "write \"rtsp://user@host/\" or \"http://user@host/\" as its url"});
  } else if (user.find(':') != std::string_view::npos) {
    findings.push_back({Severity::kError, code::kCameras, key,
                        "is a second password: the camera's url has one already",
                        "leave the user's name alone in the url"});
  }
}

// What is said of a source of another kind.
void CheckKind(const std::string& id, const cameras::Options& camera,
               std::vector<Finding>& findings) {
  const std::string_view url = camera.url;
  const bool is_tls = url.starts_with("rtsps://");
  const bool is_rtsp = is_tls || url.starts_with("rtsp://");
  const auto tell = [&](const char* key, const char* what, const char* instead) {
    findings.push_back(
        {Severity::kError, code::kCameras, CameraSection(id) + "." + key, what, instead});
  };
  if (camera.loop && url.find("://") != std::string_view::npos) {
    tell("loop", "is of no use: only files and folders have an end at which to begin again",
         "leave it out; a camera that goes away is connected to again by itself");
  }
  if (is_tls && camera.transport == cameras::Transport::kUdp) {
    tell("transport", "is \"udp\", and datagrams would not be encrypted as rtsps promises",
         "leave it at \"tcp\", or use rtsp in a network you trust");
  } else if (!is_rtsp && camera.transport == cameras::Transport::kUdp) {
    tell("transport", "is for cameras whose url begins with rtsp://", "leave it out");
  }
  if (!camera.ca_file.empty() && !is_tls && !url.starts_with("https://")) {
    tell("ca_file", "is of no use: the camera's url begins neither with https:// nor with rtsps://",
         "leave it out");
  }
  if (!is_rtsp && camera.decode == cameras::Decode::kKeyFrames) {
    tell("decode", "is for cameras whose url begins with rtsp:// or rtsps://",
         "leave it out; fps says how many pictures a second are looked at");
  }
}

// What is told of a path that can be no camera's, whatever there is on this machine.
void CheckPath(const std::string& id, std::string_view url, std::vector<Finding>& findings) {
  const auto tell = [&](std::string what, std::string instead) {
    findings.push_back({Severity::kWarning, code::kCameras, CameraSection(id) + ".url",
                        std::move(what), std::move(instead)});
  };
  if (url.starts_with('~')) {
    tell("is the path of a file, in which \"~\" is not expanded",
         "write the whole path: /home/..., or ./" + Shown(url) + " if the file is called so");
  } else if (IsWebcam(url)) {
    const bool is_number = !url.starts_with('/');
    tell("is taken for the path of a file; webcams are not read",
         "have an RTSP server send it, such as MediaMTX with \"ffmpeg -f v4l2 -i /dev/video" +
             std::string(is_number ? url : url.substr(kVideoDevice.size())) +
             " -c:v libx264 -tune zerolatency -f rtsp rtsp://127.0.0.1:8554/cam\", and write that "
             "URL" +
             (is_number ? "; a file of this name is ./" + std::string(url) : ""));
  }
}

}  // namespace

bool IsTold(std::string_view url) { return url.starts_with('~') || IsWebcam(url); }

std::vector<Finding> CheckCameraSources(const Config& config) {
  std::vector<Finding> findings;
  std::size_t sources = 0;
  for (const auto& [id, camera] : config.cameras) {
    CheckPassword(id, camera, findings);
    CheckKind(id, camera, findings);
    CheckPath(id, camera.url, findings);
    if (camera.url.empty() || ++sources != kMostSources + 1) continue;
    findings.push_back({Severity::kError, code::kCameras, CameraSection(id) + ".url",
                        "is one too many: the service takes the pictures of " +
                            std::to_string(kMostSources) + " cameras itself, at most",
                        "give further cameras to another instance"});
  }
  if (sources > 0 && config.consumer.sinks.empty() && !EventsGoBesideSinks(config)) {
    findings.push_back(
        {Severity::kWarning, code::kSinks, "consumer.sinks",
         "is empty: what is found in pictures of cameras with a url is only counted",
         "list \"log\", \"file\", \"redis\" or \"webhook\", or keep events: the step "
         "\"track\" and events.history"});
  }
  return findings;
}

}  // namespace sampleproc::config
