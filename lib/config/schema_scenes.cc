// The rows of cameras' zones and lines.
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "config/schema_rows.h"

namespace sampleproc::config {
namespace {

using cameras::LineOptions;
using cameras::Options;
using cameras::ZoneOptions;

template <auto kPlaces, auto kMember>
Key BindTo(Key row, std::string id, std::string name) {
  return Bind(std::move(row), [id = std::move(id), name = std::move(name)](auto& config) -> auto& {
    return Of(Of(config.cameras, id).*kPlaces, name).*kMember;
  });
}

// A key that every zone or every line has; its path is its name alone until it is bound to one.
struct PlaceRow {
  Key row;
  Key (*bind)(Key row, std::string id, std::string name);
};

const std::vector<PlaceRow>& ZoneRows() {
  static const std::vector<PlaceRow> kRows = {
      {{.path = "polygon",
        .kind = Kind::kPolygon,
        .min = 3,
        .max = 1000,
        .help = "The zone's corners, points [x, y] in shares of the picture's width and height, "
                "such as [[0.2, 0.5], [0.8, 0.5], [0.8, 1.0], [0.2, 1.0]]; it has to be given. A "
                "thing is in the zone while the middle of its box's lower edge is. With zones or "
                "lines a camera has events of what enters or crosses one of them, and of nothing "
                "else.",
        .reloadable = true},
       &BindTo<&Options::zones, &ZoneOptions::polygon>},
      {{.path = "classes",
        .kind = Kind::kStringList,
        .max = 10'000,
        .help = "Classes that can be in this zone, such as [\"person\"]; [] is all of them.",
        .reloadable = true},
       &BindTo<&Options::zones, &ZoneOptions::classes>},
      {{.path = "dwell",
        .kind = Kind::kDuration,
        .max = 24 * kHour,
        .help = "A thing has entered the zone once it has been inside for so long. Longer leaves "
                "out who only passes by, and tells of the others later.",
        .reloadable = true},
       &BindTo<&Options::zones, &ZoneOptions::dwell>},
  };
  return kRows;
}

const std::vector<PlaceRow>& LineRows() {
  static const std::vector<PlaceRow> kRows = {
      {{.path = "from",
        .kind = Kind::kPoint,
        .help = "Where the line begins: [x, y] in shares of the picture's width and height, such "
                "as [0.1, 0.9]; it has to be given. What crosses it goes to its left or its "
                "right, as seen from here to its end.",
        .reloadable = true},
       &BindTo<&Options::lines, &LineOptions::from>},
      {{.path = "to",
        .kind = Kind::kPoint,
        .help = "Where the line ends, likewise.",
        .reloadable = true},
       &BindTo<&Options::lines, &LineOptions::to>},
      {{.path = "classes",
        .kind = Kind::kStringList,
        .max = 10'000,
        .help = "Classes whose crossing counts, such as [\"person\"]; [] is all of them.",
        .reloadable = true},
       &BindTo<&Options::lines, &LineOptions::classes>},
  };
  return kRows;
}

const std::vector<PlaceRow>& RowsOf(std::string_view kind) {
  static const std::vector<PlaceRow> kNone;
  return kind == kZones ? ZoneRows() : kind == kLines ? LineRows() : kNone;
}

Key BindRow(const PlaceRow& row, std::string_view id, std::string_view kind,
            std::string_view name) {
  Key key = row.bind(row.row, std::string(id), std::string(name));
  key.own_path = std::make_shared<const std::string>(PlaceSection(id, kind, name) + "." +
                                                     std::string(row.row.path));
  key.path = *key.own_path;
  return key;
}

template <typename Places>
void AddRows(std::string_view id, std::string_view kind, const Places& one, const Places& other,
             std::vector<Key>& rows) {
  std::set<std::string_view> names;
  for (const Places* places : {&one, &other}) {
    for (const auto& [name, place] : *places) names.insert(name);
  }
  for (const std::string_view name : names) {
    for (const PlaceRow& row : RowsOf(kind)) rows.push_back(BindRow(row, id, kind, name));
  }
}

}  // namespace

std::vector<std::string_view> PlaceKinds() { return {kZones, kLines}; }

std::string PlaceSection(std::string_view id, std::string_view kind, std::string_view name) {
  return CameraSection(id) + "." + std::string(kind) + "." + std::string(name);
}

bool IsPlaceName(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return name.size() <= kLongest && IsBareKey(name);
}

std::vector<std::string_view> PlaceKeyNames(std::string_view kind) {
  std::vector<std::string_view> names;
  for (const PlaceRow& row : RowsOf(kind)) names.push_back(row.row.path);
  return names;
}

std::optional<Key> PlaceKey(std::string_view id, std::string_view kind, std::string_view name,
                            std::string_view key) {
  const auto& rows = RowsOf(kind);
  const auto row = std::ranges::find(rows, key, [](const auto& each) { return each.row.path; });
  if (row == rows.end() || !IsPlaceName(name)) return std::nullopt;
  return BindRow(*row, id, kind, name);
}

void AddPlace(std::string_view id, std::string_view kind, std::string_view name, Config& config) {
  Options& camera = config.cameras[std::string(id)];
  if (kind == kZones) camera.zones.try_emplace(std::string(name));
  if (kind == kLines) camera.lines.try_emplace(std::string(name));
}

void RemovePlace(std::string_view id, std::string_view kind, std::string_view name,
                 Config& config) {
  const auto camera = config.cameras.find(id);
  if (camera == config.cameras.end()) return;
  if (kind == kZones) camera->second.zones.erase(std::string(name));
  if (kind == kLines) camera->second.lines.erase(std::string(name));
}

void AddSceneRows(std::string_view id, const Options& one, const Options& other,
                  std::vector<Key>& rows) {
  AddRows(id, kZones, one.zones, other.zones, rows);
  AddRows(id, kLines, one.lines, other.lines, rows);
}

}  // namespace sampleproc::config
