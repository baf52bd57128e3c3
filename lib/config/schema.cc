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

std::string FormatPolygons(const std::vector<frame::Polygon>& polygons) {
  std::string list;
  for (const frame::Polygon& polygon : polygons) {
    std::string points;
    for (const frame::Point& point : polygon) {
      if (!points.empty()) points += ", ";
      points += "[" + FormatReal(point.x) + ", " + FormatReal(point.y) + "]";
    }
    if (!list.empty()) list += ", ";
    list += "[" + points + "]";
  }
  return "[" + list + "]";
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
  for (const auto& [id, camera] : one.cameras) AddCameraRows(id, rows);
  for (const auto& [id, camera] : other.cameras) {
    if (!one.cameras.contains(id)) AddCameraRows(id, rows);
  }
  return rows;
}

std::vector<Key> MakeManualSchema() {
  std::vector<Key> rows = MakeSchema();
  AddCameraRows(kCameraInManuals, rows);
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
      return FormatPolygons(std::get<std::vector<frame::Polygon>>(setting));
    case Kind::kStringList: {
      std::string list;
      for (const std::string& element : std::get<std::vector<std::string>>(setting)) {
        if (!list.empty()) list += ", ";
        list += QuoteToml(element);
      }
      return "[" + list + "]";
    }
  }
  return {};
}

std::string DescribeRange(const Key& key) {
  if (!key.range.empty()) return std::string(key.range);
  if (!key.words.empty()) {
    return Join(key.words, ", ") + (key.other_words ? ", or a detector's name" : "");
  }
  std::string range = FormatLimit(key.kind, key.min) + " to " + FormatLimit(key.kind, key.max);
  switch (key.kind) {
    case Kind::kBool:
      return "true, false";
    case Kind::kString:
      return range + " characters";
    case Kind::kStringList:
      return range + " elements";
    case Kind::kPolygons:
      return range + " polygons of 3 points and more";
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
      return std::string(key.one_alone ? "a string or " : "") +
             "a list of strings such as [\"a\", \"b\"]";
    case Kind::kEnum:
      return "one of " + Join(key.words, ", ");
    case Kind::kPolygons:
      return "a list of polygons such as [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.1]]]";
  }
  return {};
}

}  // namespace sampleproc::config
