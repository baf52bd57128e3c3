// Every key there is: one row each. The loader, the environment, the sample file, the man page and
// the completions all come from these rows; a default is read from the Options structs and stands
// nowhere else.
//
// To add a setting: a member with a default in its folder's options.h, a row in that section's
// schema_*.cc, and a run of the generator (a test says how).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"

namespace sampleproc::config {

enum class Kind {
  kString,
  kBool,
  kInt,
  kReal,
  kDuration,
  kSize,
  kStringList,
  kEnum,
  kPoint,     // [x, y] with 0 to 1 for both; [] is none
  kPolygon,   // a list of points; [] is none
  kPolygons,  // a list of those, of three or more points each
};

inline bool IsOfPoints(Kind kind) {
  return kind == Kind::kPoint || kind == Kind::kPolygon || kind == Kind::kPolygons;
}

// A value of a key, converted and typed: kInt and kSize are int64, kEnum is its word.
using Setting = std::variant<bool, std::int64_t, double, std::chrono::milliseconds, std::string,
                             std::vector<std::string>, std::optional<frame::Point>, frame::Polygon,
                             std::vector<frame::Polygon>>;

// A variable of the service that this one replaces. A number without a unit counts in `plain_unit`
// milliseconds or bytes, as that service counted.
struct OriginalName {
  std::string_view name;
  std::int64_t plain_unit = 1;
};

struct Key {
  std::string_view path;                             // "http.port"
  std::shared_ptr<const std::string> own_path = {};  // what `path` shows when it is no constant
  Kind kind = Kind::kString;
  std::vector<OriginalName> original_names = {};  // the first one set wins

  // Allowed values, both ends included: the number of a kInt or kReal, milliseconds, bytes, the
  // characters of a string, the elements of a list.
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  double least = 0;  // of a kReal that is not 0

  std::string_view unit = "";                // what a kInt counts, for people: "threads"
  std::string_view zero_word = "";           // a word that may be written for 0: "auto"
  std::vector<std::string_view> words = {};  // what a kEnum or an element of a list may be
  bool other_words = false;                  // of a list: there may be others, which a rule knows
  std::vector<std::pair<std::string_view, std::string_view>> aliases = {};  // written -> meant

  std::string_view help = "";         // what it does and what a change costs
  bool reloadable = false;            // a reload may apply it to the running service
  bool secret = false;                // its value is never shown
  bool url = false;                   // a kString that is a URL of http or https, or empty
  std::string_view url_example = "";  // one such
  bool redis_url = false;             // a kString that is a URL of a Redis server, or empty
  bool file = false;                  // a kString that names a file which is read, or empty
  bool secret_file = false;           // likewise, and only the service should be able to read it

  // What is wrong with the text of a kString, "" when nothing is; and what its texts are, for
  // people.
  std::function<std::string(std::string_view)> wrong = {};
  std::string_view range = "";

  std::function<void(Config&, const Setting&)> set = {};
  std::function<Setting(const Config&)> get = {};
};

// All rows, section by section, in the order in which people should read them. Of detectors it has
// the one that is always there, "objects", and of cameras none.
std::vector<Key> MakeSchema();

// The names of steps that every configuration has, in the order in which the manual lists them.
std::vector<std::string_view> StepNames();

// The same with the rows of all detectors and cameras that `config` has.
std::vector<Key> MakeSchema(const Config& config);

// The same with the rows of all detectors and cameras that one of the two has.
std::vector<Key> MakeSchema(const Config& one, const Config& other);

// As MakeSchema(), with the rows of one camera, one zone and one line, which stand for each: for
// manuals.
std::vector<Key> MakeManualSchema();
inline constexpr std::string_view kCameraInManuals = "NAME";  // and of its places

// What a detector may be called, as a regular expression; no other step's name, besides.
inline constexpr std::string_view kDetectorName = "^[a-z][a-z0-9_]{0,31}$";

// Adds the rows of the detector that the path "detector.NAME" or "detector.NAME.key" means, unless
// they are there. False when the path means none, or NAME cannot be a detector's.
bool AddDetector(std::string_view path, std::vector<Key>& schema);

// Cameras, unlike other sections, may be thousands, and have any name that a frame's camera_id may
// be: the rows of each are made where they are asked for.
inline constexpr std::string_view kCameras = "camera";

// "camera.door", or with quotes where TOML wants them: camera."front door". Keys follow after a
// dot.
std::string CameraSection(std::string_view id);

// What is wrong with an id, "" when nothing is.
std::string WrongCameraId(std::string_view id);

// The names of a camera's keys, in the manual's order.
std::vector<std::string_view> CameraKeyNames();

// The row of a camera's key; nothing when there is no such key.
std::optional<Key> CameraKey(std::string_view id, std::string_view name);

// The same for "camera.ID.key" and, as PlaceKey, for "camera.ID.zone.NAME.key"; nothing also where
// ID cannot be a camera's.
std::optional<Key> CameraKey(std::string_view path);

// Each camera may have sections for places of its picture: [camera.ID.zone.NAME],
// [camera.ID.line.NAME].
inline constexpr std::string_view kZones = "zone";
inline constexpr std::string_view kLines = "line";
std::vector<std::string_view> PlaceKinds();  // both

// "camera.door.zone.porch".
std::string PlaceSection(std::string_view id, std::string_view kind, std::string_view name);

// Whether a place may be called so: up to 64 letters, digits, '_' and '-'. The same as a regular
// expression.
bool IsPlaceName(std::string_view name);
inline constexpr std::string_view kPlaceName = "^[A-Za-z0-9_-]{1,64}$";

// The names of the keys that places of a kind have, in the manual's order.
std::vector<std::string_view> PlaceKeyNames(std::string_view kind);

// The row of a place's key; nothing when there is no such key, kind or name.
std::optional<Key> PlaceKey(std::string_view id, std::string_view kind, std::string_view name,
                            std::string_view key);

// Adds a place without anything given, unless it is there.
void AddPlace(std::string_view id, std::string_view kind, std::string_view name, Config& config);
void RemovePlace(std::string_view id, std::string_view kind, std::string_view name, Config& config);

// The row of `path`, or nullptr.
const Key* FindKey(const std::vector<Key>& schema, std::string_view path);

// Whether some key lies below `path`: "http", "process.faces".
bool IsSection(const std::vector<Key>& schema, std::string_view path);

// "SAMPLEPROC_PROCESS_FACES_MIN_SIZE" for "process.faces.min_size".
std::string VariableName(std::string_view path);

// Whether NAME_FILE may name a file with the value, for each variable NAME of the key: where the
// value can have a secret in it.
bool MayBeInFile(const Key& key);

// The value as TOML: 8099, "30s", ["stats"]. Secret ones are the caller's to hide.
std::string FormatSetting(const Key& key, const Setting& setting);

// "0 to 65535", "1ms to 1h": for messages and manuals. "" where nothing is to be said.
std::string DescribeRange(const Key& key);

// "a duration such as \"30s\"": completes "expected ...".
std::string DescribeKind(const Key& key);

}  // namespace sampleproc::config
