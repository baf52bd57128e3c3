// The rows of cameras.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "config/convert_hints.h"
#include "config/schema_rows.h"
#include "frame/frame_text.h"
#include "net/url.h"

namespace sampleproc::config {
namespace {

using cameras::Options;

template <auto kMember>
Key BindTo(Key row, std::string id) {
  return Bind(std::move(row), [id = std::move(id)](auto& config) -> auto& {
    return Of(config.cameras, id).*kMember;
  });
}

// Whether a text without "://" was meant to be a URL: its password must not become part of a path,
// which is shown.
bool IsMistypedUrl(std::string_view text) {
  const std::size_t last = text.rfind('@');
  if (last != std::string_view::npos && text.find(':') < last) return true;
  const std::string lower = base::Lowercase(text);
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"rtsp", "rtsps", "http", "https"},
      [&lower](std::string_view scheme) {
        if (!lower.starts_with(scheme)) return false;
        const auto rest = std::string_view(lower).substr(scheme.size());
        return rest.starts_with(':') || rest.starts_with("//");
      });
}

constexpr std::string_view kEncode =
    "in a user and a password write %23 for #, %2F for /, %3F for ?, %40 for @, or put the "
    "password "
    "into password_file";

// Whether the number behind the host in "scheme://user@host:number/path" is none of a port.
bool HasWrongPort(std::string_view url) {
  std::string_view host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos ||
      host.find_first_of("@]", colon) != std::string_view::npos) {
    return false;
  }
  const std::string_view digits = host.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc::result_out_of_range || (error == std::errc() && port == 0);
}

// `url` is none such as `example`.
std::string NoUrl(std::string_view url, std::string_view example) {
  std::string wrong = "is not a URL such as \"" + std::string(example) + "\"";
  if (const std::string_view blank = BlankIn(url); !blank.empty()) {
    wrong += ": " + std::string(blank);
  }
  if (HasWrongPort(url)) wrong += ": its port is not from 1 to 65535";
  if (url.find('@') != std::string_view::npos) wrong += "; " + std::string(kEncode);
  return wrong;
}

// What is said of "file://" with `rest` behind it.
std::string FileUrl(std::string_view rest) {
  constexpr std::string_view kHere = "localhost/";
  if (rest.starts_with(kHere)) rest.remove_prefix(kHere.size() - 1);
  const bool is_whole = rest.starts_with('/') && !rest.contains('%');
  return "is a URL where a path is meant: write " +
         (is_whole ? Shown(rest) : std::string("the path alone, such as /srv/x.mp4"));
}

std::string WrongUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    constexpr std::string_view kFile = "file:";
    if (base::Lowercase(url).starts_with("file:/")) return FileUrl(url.substr(kFile.size()));
    if (!IsMistypedUrl(url)) return {};
    return "is neither a URL nor a path: write \"rtsp://user@host/...\", and the password into "
           "password_file";
  }
  const bool is_rtsp = url.starts_with("rtsp://") || url.starts_with("rtsps://");
  if (!is_rtsp && !url.starts_with("http://") && !url.starts_with("https://")) {
    const std::string name = base::Lowercase(url.substr(0, scheme));
    if (name == "rtsp" || name == "rtsps" || name == "http" || name == "https") {
      return "has a scheme in capital letters: write \"" + name + "://\"";
    }
    if (name == "file") return FileUrl(url.substr(scheme + 3));
    return "is neither a URL of rtsp, rtsps, http or https nor a path";
  }
  if (is_rtsp && !net::ParseRtspUrl(url)) return NoUrl(url, "rtsp://camera/stream1");
  if (!is_rtsp && !net::ParseUrl(url)) return NoUrl(url, "http://camera:8080/video");
  // Of "rtsp://user:#password@host/" the host would be "user".
  const std::string_view rest = url.substr(scheme + 3);
  const std::size_t query = rest.find_first_of("?#");
  if (query != std::string_view::npos && rest.find('@', query) != std::string_view::npos &&
      rest.substr(0, rest.find_first_of("/?#")).find('@') == std::string_view::npos) {
    return "has no user, but a \"@\" behind its \"?\" or \"#\": " + std::string(kEncode);
  }
  return {};
}

// A key that every camera has; its path is its name alone until it is bound to a camera.
struct CameraRow {
  Key row;
  Key (*bind)(Key row, std::string id);
};

const std::vector<CameraRow>& Rows() {
  static const std::vector<CameraRow> kRows = {
      {{.path = "pipeline",
        .kind = Kind::kStringList,
        .max = 16,
        .words = StepNames(),
        .other_words = true,
        .help = "What is done to this camera's frames, in this order; [] is process.pipeline.",
        .reloadable = true},
       &BindTo<&Options::pipeline>},
      {{.path = "threshold",
        .kind = Kind::kReal,
        .max = 1,
        .help = "Detections of this camera with a lower confidence are left out, whatever found "
                "them; 0 is process.detection_threshold, or the detector's own.",
        .reloadable = true},
       &BindTo<&Options::threshold>},
      {{.path = "classes",
        .kind = Kind::kStringList,
        .max = 10'000,
        .help = "Classes that this camera reports, such as [\"person\", \"car\"]; [] is all of "
                "them. Motion is the class \"motion\"; steps look where something moved whether "
                "it is reported or not.",
        .reloadable = true},
       &BindTo<&Options::classes>},
      {{.path = "mask",
        .kind = Kind::kPolygons,
        .max = 100,
        .help = "Parts of the picture in which nothing is motion or a detection: polygons of "
                "points [x, y] in shares of its width and height, [0, 0] being the upper left "
                "corner and [1, 1] the lower right one. A detection is in a mask when half of its "
                "box or more is.",
        .reloadable = true},
       &BindTo<&Options::mask>},
      {{.path = "fps",
        .kind = Kind::kReal,
        .max = 1000,
        .least = 0.001,
        .help = "Frames a second of this camera that are looked at, at most: of a video by its "
                "own time, of other frames by their timestamps, or else as they come. The others "
                "are decoded, and their steps are reported as skipped (\"fps\"); a frame that "
                "fails does not count. 0 looks at every frame. process-file looks at every "
                "picture and every recorded request, whatever stands here.",
        .reloadable = true},
       &BindTo<&Options::fps>},
      {{.path = "max_age",
        .kind = Kind::kDuration,
        .max = 24 * kHour,
        .help = "Frames of this camera that were pulled, or that the service took from its url, "
                "are dropped when they are older once a worker could begin with them; 0 is "
                "consumer.max_age. A frame that is sent to POST /process or given to process-file "
                "is looked at however old it is.",
        .reloadable = true},
       &BindTo<&Options::max_age>},
      {{.path = "url",
        .kind = Kind::kString,
        .max = 4096,
        .help = "Where the service itself takes this camera's pictures from: an rtsp or rtsps URL; "
                "an http or https URL of a JPEG, which is asked for fps times a second (once when "
                "that is 0), or of an MJPEG stream; or the path of a video, a picture or a folder "
                "of pictures. rtsps is encrypted, but the camera's certificate is not checked. "
                "Results go to consumer.sinks. Empty: nowhere, its frames come by the other doors.",
        .reloadable = true,
        .wrong = &WrongUrl,
        .range = "a URL of rtsp, rtsps, http or https, a path, or empty"},
       &BindTo<&Options::url>},
      {{.path = "password_file",
        .kind = Kind::kString,
        .max = 4096,
        .help = "File with the password of the URL's user (\"rtsp://user@host/\") on its only "
                "line, read with each connection.",
        .reloadable = true,
        .file = true,
        .secret_file = true},
       &BindTo<&Options::password_file>},
      {{.path = "ca_file",
        .kind = Kind::kString,
        .max = 4096,
        .help = "PEM file of the authorities that the certificate of a camera over https or rtsps "
                "may come from, read with each connection; the camera's own certificate may stand "
                "in it. Empty is those that this system trusts over https, and anybody over rtsps.",
        .reloadable = true,
        .file = true},
       &BindTo<&Options::ca_file>},
      {{.path = "loop",
        .kind = Kind::kBool,
        .help = "Whether files begin again at their end.",
        .reloadable = true},
       &BindTo<&Options::loop>},
      {{.path = "transport",
        .kind = Kind::kEnum,
        .words = {"tcp", "udp"},
        .help = "How pictures come from an rtsp camera: in the connection of the requests, or in "
                "datagrams, which must reach this machine and some of which may be lost; pictures "
                "then go on with the next key frame.",
        .reloadable = true},
       &BindTo<&Options::transport>},
      {{.path = "decode",
        .kind = Kind::kEnum,
        .words = {"all", "keyframes"},
        .help = "Which pictures of an rtsp camera are decoded. A key frame needs no other picture; "
                "cameras send one every 1 to 4 s, and they alone cost a third of all of them or "
                "less.",
        .reloadable = true},
       &BindTo<&Options::decode>},
      {{.path = "stall_after",
        .kind = Kind::kDuration,
        .min = 100,
        .max = kHour,
        .help = "A camera that sends nothing for so long is away: the connection is closed, and "
                "made again with pauses of up to 4s for as long as it takes.",
        .reloadable = true},
       &BindTo<&Options::stall_after>},
  };
  return kRows;
}

Key BindRow(const CameraRow& row, std::string_view id) {
  Key key = row.bind(row.row, std::string(id));
  key.own_path =
      std::make_shared<const std::string>(CameraSection(id) + "." + std::string(row.row.path));
  key.path = *key.own_path;
  return key;
}

// ID as it stands in a path, with or without quotes; nothing when it cannot be a camera's.
std::optional<std::string_view> IdIn(std::string_view path) {
  if (path.size() >= 2 && path.front() == '"' && path.back() == '"') {
    path = path.substr(1, path.size() - 2);
  }
  return WrongCameraId(path).empty() ? std::optional(path) : std::nullopt;
}

struct Place {
  std::string_view id;
  std::string_view kind;
  std::string_view name;
};

// Of "ID.zone.NAME" and "ID.line.NAME".
std::optional<Place> PlaceIn(std::string_view section) {
  const std::size_t dot = section.rfind('.');
  if (dot == std::string_view::npos || !IsPlaceName(section.substr(dot + 1))) return std::nullopt;
  const std::string_view camera = section.substr(0, dot);
  for (const std::string_view kind : PlaceKinds()) {
    if (!camera.ends_with("." + std::string(kind))) continue;
    const auto id = IdIn(camera.substr(0, camera.size() - kind.size() - 1));
    if (id) return Place{*id, kind, section.substr(dot + 1)};
  }
  return std::nullopt;
}

}  // namespace

bool IsBareKey(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string CameraSection(std::string_view id) {
  return std::string(kCameras) + "." + (IsBareKey(id) ? std::string(id) : QuoteToml(id));
}

std::string WrongCameraId(std::string_view id) {
  if (id.empty()) return "the id of a camera must not be empty";
  const auto problem = frame::CheckCameraId(id);
  return problem ? "cannot be the id of a camera: " + problem->msg : "";
}

std::vector<std::string_view> CameraKeyNames() {
  std::vector<std::string_view> names;
  for (const CameraRow& row : Rows()) names.push_back(row.row.path);
  return names;
}

std::optional<Key> CameraKey(std::string_view id, std::string_view name) {
  const auto row = std::ranges::find(Rows(), name, [](const auto& each) { return each.row.path; });
  return row == Rows().end() ? std::nullopt : std::optional(BindRow(*row, id));
}

std::optional<Key> CameraKey(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || path.find('.') == dot ||
      path.substr(0, path.find('.')) != kCameras) {
    return std::nullopt;
  }
  const std::string_view section = path.substr(kCameras.size() + 1, dot - kCameras.size() - 1);
  const std::string_view name = path.substr(dot + 1);
  if (const auto place = PlaceIn(section))
    return PlaceKey(place->id, place->kind, place->name, name);
  const auto id = IdIn(section);
  return id ? CameraKey(*id, name) : std::nullopt;
}

void AddCameraRows(std::string_view id, std::vector<Key>& rows) {
  for (const CameraRow& row : Rows()) rows.push_back(BindRow(row, id));
}

}  // namespace sampleproc::config
