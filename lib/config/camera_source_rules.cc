#include "config/camera_source_rules.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "config/event_rules.h"
#include "config/schema.h"

namespace sampleproc::config {
namespace {

// Each has a thread and, of a video, a decoder.
constexpr std::size_t kMostSources = 256;

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

}  // namespace

std::vector<Finding> CheckCameraSources(const Config& config) {
  std::vector<Finding> findings;
  std::size_t sources = 0;
  for (const auto& [id, camera] : config.cameras) {
    CheckPassword(id, camera, findings);
    CheckKind(id, camera, findings);
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
