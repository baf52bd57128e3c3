#include "config/schema.h"

#include <algorithm>

#include "config/schema_rows.h"
#include "config/units.h"

namespace sampleproc::config {

std::string QuoteToml(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      quoted += std::string("\\u00") + kHex[byte >> 4u] + kHex[byte & 15u];
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

namespace {

std::string FormatPoint(const frame::Point& point) {
  return "[" + FormatReal(point.x) + ", " + FormatReal(point.y) + "]";
}

// "[a, b]" of any elements.
template <typename T, typename Format>
std::string FormatList(const std::vector<T>& elements, const Format& format) {
  std::string list;
  for (const T& element : elements) {
    if (!list.empty()) list += ", ";
    list += format(element);
  }
  return "[" + list + "]";
}

std::string FormatPolygon(const frame::Polygon& polygon) {
  return FormatList(polygon, FormatPoint);
}

std::string Join(const std::vector<std::string_view>& words, std::string_view separator) {
  std::string joined;
  for (const std::string_view word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

std::string FormatLimit(Kind kind, std::int64_t limit) {
  if (kind == Kind::kDuration) return FormatDuration(std::chrono::milliseconds(limit));
  if (kind == Kind::kSize) return FormatSize(limit);
  return std::to_string(limit);
}

}  // namespace

std::vector<Key> MakeSchema() {
  std::vector<Key> rows;
  AddHttpRows(rows);
  AddFrameRows(rows);
  AddConsumerRows(rows);
  AddEventRows(rows);
  AddMqttRows(rows);
  AddNetRows(rows);
  AddTelemetryRows(rows);
  AddServiceRows(rows);
  return rows;
}

std::vector<Key> MakeSchema(const Config& config) { return MakeSchema(config, Config()); }

std::vector<Key> MakeSchema(const Config& one, const Config& other) {
  std::vector<Key> rows = MakeSchema();
  for (const Config* config : {&one, &other}) {
    for (const auto& detector : config->process.detectors) {
      AddDetector("detector." + detector.name, rows);
    }
  }
  static const cameras::Options kNone;
  for (const auto& [id, camera] : one.cameras) {
    const auto also = other.cameras.find(id);
    AddCameraRows(id, rows);
    AddSceneRows(id, camera, also != other.cameras.end() ? also->second : kNone, rows);
  }
  for (const auto& [id, camera] : other.cameras) {
    if (one.cameras.contains(id)) continue;
    AddCameraRows(id, rows);
    AddSceneRows(id, camera, kNone, rows);
  }
  return rows;
}

std::vector<Key> MakeManualSchema() {
  std::vector<Key> rows = MakeSchema();
  const std::string name(kCameraInManuals);
  AddCameraRows(name, rows);
  AddSceneRows(name, {.zones = {{name, {}}}, .lines = {{name, {}}}}, {}, rows);
  return rows;
}

const Key* FindKey(const std::vector<Key>& schema, std::string_view path) {
  const auto found = std::ranges::find(schema, path, &Key::path);
  return found == schema.end() ? nullptr : &*found;
}

bool IsSection(const std::vector<Key>& schema, std::string_view path) {
  return std::ranges::any_of(schema, [path](const Key& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) &&
           key.path[path.size()] == '.';
  });
}

std::string VariableName(std::string_view path) {
  std::string name = "SAMPLEPROC_";
  for (const char c : path) {
    name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

bool MayBeInFile(const Key& key) { return key.secret || key.url || key.redis_url; }

std::string FormatSetting(const Key& key, const Setting& setting) {
  switch (key.kind) {
    case Kind::kBool:
      return std::get<bool>(setting) ? "true" : "false";
    case Kind::kInt:
    case Kind::kSize: {
      const std::int64_t number = std::get<std::int64_t>(setting);
      if (number == 0 && !key.zero_word.empty()) return QuoteToml(key.zero_word);
      if (key.kind == Kind::kInt) return std::to_string(number);
      const std::string size = FormatSize(number);
      return ParseInteger(size) ? size : QuoteToml(size);
    }
    case Kind::kReal:
      return FormatReal(std::get<double>(setting));
    case Kind::kDuration:
      return QuoteToml(FormatDuration(std::get<std::chrono::milliseconds>(setting)));
    case Kind::kString:
    case Kind::kEnum:
      return QuoteToml(std::get<std::string>(setting));
    case Kind::kPolygons:
      return FormatList(std::get<std::vector<frame::Polygon>>(setting), FormatPolygon);
    case Kind::kPolygon:
      return FormatPolygon(std::get<frame::Polygon>(setting));
    case Kind::kPoint: {
      const auto& point = std::get<std::optional<frame::Point>>(setting);
      return point ? FormatPoint(*point) : "[]";
    }
    case Kind::kStringList:
      return FormatList(std::get<std::vector<std::string>>(setting), QuoteToml);
  }
  return {};
}

std::string DescribeRange(const Key& key) {
  if (!key.range.empty()) return std::string(key.range);
  if (!key.words.empty()) {
    return Join(key.words, ", ") + (key.other_words ? ", or a detector's name" : "");
  }
  std::string range = FormatLimit(key.kind, key.min) + " to " + FormatLimit(key.kind, key.max);
  if (key.least > 0) {
    range = "0, and " + FormatReal(key.least) + " to " + FormatLimit(key.kind, key.max);
  }
  switch (key.kind) {
    case Kind::kBool:
      return "true, false";
    case Kind::kString:
      return range + " characters";
    case Kind::kStringList:
      return range + " elements";
    case Kind::kPolygons:
      return range + " polygons of 3 points and more";
    case Kind::kPolygon:
      return range + " points";
    case Kind::kPoint:
      return "0 to 1 for both numbers";
    default:
      if (!key.unit.empty()) range += " " + std::string(key.unit);
      if (!key.zero_word.empty()) range += ", or \"" + std::string(key.zero_word) + "\"";
      return range;
  }
}

std::string DescribeKind(const Key& key) {
  switch (key.kind) {
    case Kind::kString:
      return "a string";
    case Kind::kBool:
      return "true or false";
    case Kind::kInt:
      return key.zero_word.empty() ? "a whole number"
                                   : "a whole number or \"" + std::string(key.zero_word) + "\"";
    case Kind::kReal:
      return "a number";
    case Kind::kDuration:
      return "a duration such as \"30s\" or \"100ms\"";
    case Kind::kSize:
      return "a size such as \"10MiB\" or a number of bytes";
    case Kind::kStringList:
      return "a string or a list of strings such as [\"a\", \"b\"]";
    case Kind::kEnum:
      return "one of " + Join(key.words, ", ");
    case Kind::kPolygons:
      return "a list of polygons such as [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.1]]]";
    case Kind::kPolygon:
      return "a list of points such as [[0.0, 0.0], [1.0, 0.0], [1.0, 0.1]]";
    case Kind::kPoint:
      return "a point such as [0.25, 0.5]";
  }
  return {};
}

}  // namespace sampleproc::config
