#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/suggest.h"
#include "base/text_file.h"
#include "config/assembly.h"
#include "config/read_around.h"
#include "config/syntax_hint.h"
#include "config/toml_reader.h"
#include "net/redact.h"

namespace sampleproc::config {
namespace {

// The lines of a text by their numbers, from 1. A file may have tens of thousands.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines_.push_back(line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  std::string_view operator[](std::uint32_t number) const {
    return number >= 1 && number <= lines_.size() ? lines_[number - 1] : std::string_view();
  }

 private:
  std::vector<std::string_view> lines_;
};

// Walks the tables of one file beside the schema.
class FileWalk {
 public:
  FileWalk(std::string display, std::string_view text, Assembly& assembly)
      : display_(std::move(display)), lines_(text), assembly_(assembly) {}

  void Walk(const Table& table, const std::string& prefix) {
    for (const Entry& entry : table) {
      if (entry.key.find('.') != std::string::npos) {
        Report(code::kUnknownKey, entry.key_place, prefix + Shown(entry.key),
               "no such key: quotes make the dots part of one name", "leave the quotes out");
        continue;
      }
      Visit(entry, prefix + entry.key);
    }
  }

  void Report(std::string_view which, const Place& place, std::string key, std::string message,
              std::string hint) {
    const std::string_view line = lines_[place.line];
    assembly_.Report(
        {Severity::kError, which, At(place), std::move(key), std::move(message), std::move(hint),
         which == code::kUnknownKey ? net::RedactUnknownLine(line) : net::RedactLine(line)});
  }

 private:
  Origin At(const Place& place) const { return {Origin::Kind::kFile, display_, place}; }

  std::string LineAt(const Place& place) const { return net::RedactLine(lines_[place.line]); }

  void Visit(const Entry& entry, const std::string& path) {
    const Table* table = std::get_if<Table>(&entry.value.data);
    if (table != nullptr && path.starts_with("detector.") && !assembly_.AddDetector(path)) {
      Report(code::kUnknownKey, entry.key_place, Shown(path), "cannot be the name of a detector",
             "use up to 32 small letters, digits and '_', and no other step's name");
      return;
    }
    if (path == kCameras && table != nullptr) return VisitCameras(*table);
    if (const Key* key = FindKey(assembly_.schema, path)) {
      Take(*key, entry);
    } else if (path == kCameras) {
      Report(code::kType, entry.value.place, path,
             "is a section, found " + std::string(DescribeType(entry.value)),
             "write [camera.ID] and the camera's keys below it");
    } else if (!IsSection(assembly_.schema, path)) {
      VisitUnknown(entry, path);
    } else if (table == nullptr) {
      Report(code::kType, entry.value.place, path,
             "is a section, found " + std::string(DescribeType(entry.value)),
             "write [" + path + "] and its keys below it");
    } else {
      Walk(*table, path + ".");
    }
  }

  void Take(const Key& key, const Entry& entry) {
    // A table's own place is its header, where the reader should look.
    const bool is_table = std::holds_alternative<Table>(entry.value.data);
    const Place place = is_table ? entry.key_place : entry.value.place;
    const List* list = std::get_if<List>(&entry.value.data);
    Assembly::EntryPlaces places;
    const bool has_entries = !IsOfPoints(key.kind) || key.kind == Kind::kPolygons;
    if (list != nullptr && !key.secret && has_entries) {
      for (const Value& each : *list) places.emplace_back(each.place, LineAt(each.place));
    }
    assembly_.Take(key, ConvertValue(key, entry.value), At(place), LineAt(place),
                   std::move(places));
  }

  // Each table is a camera, called as it is: ids may have dots and whatever else.
  void VisitCameras(const Table& cameras) {
    for (const Entry& camera : cameras) {
      const std::string section = CameraSection(camera.key);
      const Table* keys = std::get_if<Table>(&camera.value.data);
      if (std::string wrong = WrongCameraId(camera.key); !wrong.empty()) {
        Report(code::kUnknownKey, camera.key_place, Shown(section), std::move(wrong), "");
      } else if (keys == nullptr && HasName(CameraKeyNames(), camera.key)) {
        Report(code::kUnknownKey, camera.key_place, section,
               "is a key of a camera, and the camera's name is missing",
               "write [camera.NAME] and " + camera.key + " below it");
      } else if (keys == nullptr) {
        ReportNoSection(section, section, camera);
      } else {
        assembly_.result.config.cameras.try_emplace(camera.key);
        for (const Entry& entry : *keys) VisitCameraKey(camera.key, section, entry);
      }
    }
  }

  static bool HasName(const std::vector<std::string_view>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  }

  void VisitCameraKey(const std::string& id, const std::string& section, const Entry& entry) {
    if (const auto key = CameraKey(id, entry.key)) return Take(*key, entry);
    const auto kinds = PlaceKinds();
    if (std::ranges::find(kinds, entry.key) != kinds.end()) return VisitPlaces(id, section, entry);
    auto names = CameraKeyNames();
    names.insert(names.end(), kinds.begin(), kinds.end());
    if (const auto* const table = std::get_if<Table>(&entry.value.data);
        table != nullptr && (IsCameras(*table) || base::Suggest(entry.key, names).empty())) {
      return VisitDotted(id + "." + entry.key, entry.key_place, *table);
    }
    ReportUnknownOf("a camera", names, section, entry);
  }

  static bool IsCameras(const Table& table) {
    return std::ranges::any_of(
        table, [](const Entry& entry) { return HasName(CameraKeyNames(), entry.key); });
  }

  // A camera whose name was written without quotes, `id` being as much of it as is read: each dot
  // began a section, as in [camera.front.door] and [camera.10.0.0.5].
  void VisitDotted(std::string id, const Place& place, const Table& keys) {
    const auto kinds = PlaceKinds();
    if (keys.size() == 1 && !IsCameras(keys) && !HasName(kinds, keys.front().key)) {
      if (const auto* const further = std::get_if<Table>(&keys.front().value.data)) {
        return VisitDotted(id + "." + keys.front().key, place, *further);
      }
    }
    const std::string section = CameraSection(id);
    Report(code::kUnknownKey, place, Shown(std::string(kCameras) + "." + id, kLongestPath),
           "no such section of a camera",
           "a name with dots stands in quotes: write [" + Shown(section, kLongestPath) + "]");
    if (!WrongCameraId(id).empty()) return;
    assembly_.result.config.cameras.try_emplace(id);
    for (const Entry& entry : keys) VisitCameraKey(id, section, entry);
  }

  // The zones or lines of a camera, each a table.
  void VisitPlaces(const std::string& id, const std::string& camera, const Entry& kind) {
    const Table* places = std::get_if<Table>(&kind.value.data);
    if (places == nullptr) {
      return ReportNoSection(camera + "." + kind.key, camera + "." + kind.key + ".NAME", kind);
    }
    for (const Entry& place : *places) {
      const std::string section = PlaceSection(id, kind.key, place.key);
      const Table* keys = std::get_if<Table>(&place.value.data);
      if (!IsPlaceName(place.key)) {
        Report(code::kUnknownKey, place.key_place, Shown(section, kLongestPath),
               "cannot be the name of a " + kind.key, "use up to 64 letters, digits, '_' and '-'");
      } else if (HasName(PlaceKeyNames(kind.key), place.key)) {
        Report(code::kUnknownKey, place.key_place, Shown(section, kLongestPath),
               "is a key of a " + kind.key + ", and the " + kind.key + "'s name is missing",
               "write [" + Shown(camera, kLongestPath) + "." + kind.key + ".NAME] and " +
                   place.key + " below it");
      } else if (keys == nullptr) {
        ReportNoSection(section, section, place);
      } else {
        VisitPlace(id, kind.key, place, *keys);
      }
    }
  }

  void VisitPlace(const std::string& id, const std::string& kind, const Entry& place,
                  const Table& keys) {
    auto& config = assembly_.result.config;
    const std::size_t told = assembly_.result.diagnostics.size();
    AddPlace(id, kind, place.key, config);
    NotePlace(id, kind, place);
    for (const Entry& entry : keys) {
      if (const auto key = PlaceKey(id, kind, place.key, entry.key)) {
        Take(*key, entry);
      } else {
        ReportUnknownOf("a " + kind, PlaceKeyNames(kind), PlaceSection(id, kind, place.key), entry);
      }
    }
    // A polygon that is wrong or misspelt is not missing as well.
    if (assembly_.result.diagnostics.size() > told) RemovePlace(id, kind, place.key, config);
  }

  // Keys that have to be given are missed where the section begins.
  void NotePlace(const std::string& id, const std::string& kind, const Entry& place) {
    for (const std::string_view name : PlaceKeyNames(kind)) {
      const auto key = PlaceKey(id, kind, place.key, name);
      if (!IsOfPoints(key->kind)) continue;
      const std::string path(key->path);
      if (!assembly_.result.origins.try_emplace(path, At(place.key_place)).second) continue;
      assembly_.source_lines[path] = LineAt(place.key_place);
    }
  }

  void ReportNoSection(const std::string& shown, const std::string& section, const Entry& entry) {
    Report(code::kType, entry.value.place, Shown(shown, kLongestPath),
           "is a section, found " + std::string(DescribeType(entry.value)),
           "write [" + Shown(section, kLongestPath) + "] and its keys below it");
  }

  // `whose` begins a sentence that says what there is.
  void ReportUnknownOf(const std::string& whose, const std::vector<std::string_view>& names,
                       const std::string& section, const Entry& entry) {
    const std::string_view near = base::Suggest(entry.key, names);
    if (!near.empty()) {
      assembly_.NoteMeant(section + "." + std::string(near), At(entry.key_place));
    }
    Report(
        code::kUnknownKey, entry.key_place, Shown(section + "." + entry.key, kLongestPath),
        "no such key",
        near.empty() ? whose + " has " + Joined(names) : "did you mean " + std::string(near) + "?");
  }

  static std::string Joined(const std::vector<std::string_view>& names) {
    std::string joined;
    for (const std::string_view name : names) {
      if (!joined.empty()) joined += ", ";
      joined += name;
    }
    return joined;
  }

  void VisitUnknown(const Entry& entry, const std::string& path) {
    const std::string shown = Shown(path);
    const Table* table = std::get_if<Table>(&entry.value.data);
    const std::string section = NearestSection(path);
    const bool is_cameras = section == kCameras;
    if (table == nullptr) {
      assembly_.NoteMeant(NearestKey(assembly_.schema, path), At(entry.key_place));
      Report(code::kUnknownKey, entry.key_place, shown, "no such key",
             is_cameras ? "write [camera.NAME] and the camera's keys below it"
                        : SuggestKey(assembly_.schema, path));
      return;
    }
    for (const std::string_view kind : PlaceKinds()) {
      if (path != kind && path != std::string(kind) + "s") continue;
      return Report(code::kUnknownKey, entry.key_place, shown, "no such section",
                    "a " + std::string(kind) + " is one of a camera: write [camera.NAME." +
                        std::string(kind) + "." + PlaceNameIn(*table) + "]");
    }
    Report(code::kUnknownKey, entry.key_place, shown, "no such section",
           section.empty() ? "" : "did you mean [" + section + (is_cameras ? ".NAME" : "") + "]?");
    if (is_cameras) return VisitCameras(*table);
    // What stands below a misspelt header is checked as what was meant: all problems in one run.
    if (!section.empty()) Walk(*table, section + ".");
  }

  static std::string PlaceNameIn(const Table& places) {
    const auto named = std::ranges::find_if(places, [](const Entry& entry) {
      return std::holds_alternative<Table>(entry.value.data) && IsPlaceName(entry.key);
    });
    return named == places.end() ? "NAME" : named->key;
  }

  std::string NearestSection(std::string_view path) const {
    std::vector<std::string_view> sections = {kCameras};
    for (const Key& key : assembly_.schema) {
      for (std::size_t dot = key.path.find('.'); dot != std::string_view::npos;
           dot = key.path.find('.', dot + 1)) {
        sections.push_back(key.path.substr(0, dot));
      }
    }
    // As other programs call them.
    for (const auto& [other, ours] : {std::pair("server", "http"),
                                      {"listen", "http"},
                                      {"tls", "http"},
                                      {"log", "telemetry"},
                                      {"logging", "telemetry"},
                                      {"logs", "telemetry"},
                                      {"metrics", "telemetry"},
                                      {"cam", "camera"},
                                      {"cams", "camera"},
                                      {"cameras", "camera"},
                                      {"redis", "consumer.redis"},
                                      {"webhook", "consumer.webhook"}}) {
      if (path == other) return ours;
    }
    return std::string(base::Suggest(path, sections));
  }

  static constexpr std::size_t kLongestPath = 300;  // of a camera's key in messages

  std::string display_;
  Lines lines_;
  Assembly& assembly_;
};

}  // namespace

void ApplyFile(const std::string& path, const std::string& display, bool may_be_missing,
               base::Reading reading, Assembly& assembly) {
  const auto text = base::ReadTextFile(path, reading);
  if (!text) {
    if (may_be_missing && text.error().error_number == ENOENT) return;
    assembly.Report({Severity::kError,
                     code::kUnreadable,
                     {Origin::Kind::kFile, display, {}},
                     "",
                     "cannot be read: " + text.error().message,
                     "",
                     ""});
    return;
  }
  assembly.result.files.push_back(display);
  assembly.result.inputs.push_back({"the configuration", path});
  FileWalk walk(display, *text, assembly);
  const std::expected<Table, SyntaxError> table = ReadToml(*text);
  if (!table) {
    const bool is_too_deep = table.error().is_too_deep;
    walk.Report(is_too_deep ? code::kDepth : code::kSyntax, table.error().place, "",
                table.error().message,
                is_too_deep ? "no key lies so deep"
                            : SyntaxHint(*text, table.error().place.line, table.error().message));
    const Around around = ReadAround(*text, table.error());
    walk.Walk(around.table, "");
    for (const std::string& key : around.lost) {
      assembly.NoteMeant(key, {Origin::Kind::kFile, display, {}});
    }
    return;
  }
  walk.Walk(*table, "");
}

}  // namespace sampleproc::config
