#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "apps/docs/documents.h"
#include "config/schema.h"
#include "frame/frame_text.h"
#include "json/writer.h"
#include "process/pipeline.h"

namespace sampleproc::apps {
namespace {

using config::Key;
using config::Kind;

// Editors mark what cannot be right and complete what can; what a text amounts to ("90s" is more
// than a key allows) is for validate-config.
constexpr std::string_view kDuration = R"(^([0-9]+(\.[0-9]+)?(ms|s|m|h)?)+$)";
constexpr std::string_view kSize = R"(^[0-9]+(\.[0-9]+)? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$)";

// "info" -> "[iI][nN][fF][oO]": JSON Schema has no flag for it.
std::string InAnyCase(std::string_view word) {
  std::string pattern;
  for (const char c : word) {
    if (c >= 'a' && c <= 'z') {
      pattern += {'[', c, static_cast<char>(c - 'a' + 'A'), ']'};
    } else {
      pattern += c;
    }
  }
  return pattern;
}

// {"anyOf": [the words, for an editor to offer, the words in any case]}
void Words(const Key& key, json::JsonWriter& json) {
  std::string pattern;
  json.Key("anyOf");
  json.BeginArray();
  json.BeginObject();
  json.Key("enum");
  json.BeginArray();
  const auto add = [&](std::string_view word) {
    json.String(word);
    pattern += (pattern.empty() ? "" : "|") + InAnyCase(word);
  };
  for (const std::string_view word : key.words) add(word);
  for (const auto& [written, meant] : key.aliases) add(written);
  json.EndArray();
  json.EndObject();
  json.BeginObject();
  json.Member("type", "string");
  json.Member("pattern", "^(" + pattern + ")$");
  json.EndObject();
  json.EndArray();
}

void Limits(std::string_view least, std::string_view most, const Key& key, json::JsonWriter& json) {
  json.Member(least, key.min);
  if (key.max != std::numeric_limits<std::int64_t>::max()) json.Member(most, key.max);
}

void TextOf(std::string_view pattern, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("type", "string");
  json.Member("pattern", pattern);
  json.EndObject();
}

// {"anyOf": [a number, a text of `pattern`, the key's word for 0]}
void NumberOrText(std::string_view number, std::string_view pattern, const Key& key,
                  json::JsonWriter& json) {
  json.Key("anyOf");
  json.BeginArray();
  json.BeginObject();
  json.Member("type", number);
  if (key.kind == Kind::kDuration) {
    json.Member("minimum", 0);
  } else {
    // The word's number stands outside the range of the others now and then.
    json.Member("minimum", key.zero_word.empty() ? key.min : std::min<std::int64_t>(key.min, 0));
    if (key.max != std::numeric_limits<std::int64_t>::max()) json.Member("maximum", key.max);
  }
  json.EndObject();
  if (!pattern.empty()) TextOf(pattern, json);
  if (!key.zero_word.empty()) {
    json.BeginObject();
    json.Member("const", key.zero_word);
    json.EndObject();
  }
  json.EndArray();
}

// An element of a list: any text, one of the key's words, or a detector's name beside them.
void Element(const Key& key, json::JsonWriter& json) {
  json.BeginObject();
  if (key.other_words) {
    json.Key("anyOf");
    json.BeginArray();
    json.BeginObject();
    Words(key, json);
    json.EndObject();
    TextOf(config::kDetectorName, json);
    json.EndArray();
  } else {
    json.Member("type", "string");
    if (!key.words.empty()) Words(key, json);
  }
  json.EndObject();
}

void List(const Key& key, json::JsonWriter& json) {
  json.Member("type", "array");
  Limits("minItems", "maxItems", key, json);
  json.Key("items");
  Element(key, json);
}

// {"anyOf": [an element, a list]}: one element may stand alone.
void ListOrText(const Key& key, json::JsonWriter& json) {
  json.Key("anyOf");
  json.BeginArray();
  Element(key, json);
  json.BeginObject();
  List(key, json);
  json.EndObject();
  json.EndArray();
}

void BeginArrayOf(std::int64_t min, std::int64_t max, json::JsonWriter& json) {
  json.Member("type", "array");
  json.Member("minItems", min);
  json.Member("maxItems", max);
  json.Key("items");
  json.BeginObject();
}

// A point, a list of points, a list of those.
void OfPoints(const Key& key, json::JsonWriter& json) {
  int depth = 1;
  if (key.kind == Kind::kPolygons) {
    BeginArrayOf(key.min, key.max, json);
    ++depth;
  }
  if (key.kind != Kind::kPoint) {
    BeginArrayOf(3, 1000, json);  // the points of a polygon
    ++depth;
  }
  BeginArrayOf(2, 2, json);  // the sides of a point
  json.Member("type", "number");
  json.Member("minimum", 0);
  json.Member("maximum", 1);
  for (int i = 0; i < depth; ++i) json.EndObject();
}

void ZeroOrLeast(double least, json::JsonWriter& json) {
  json.Key("anyOf");
  json.BeginArray();
  json.BeginObject();
  json.Member("const", 0);
  json.EndObject();
  json.BeginObject();
  json.Member("minimum", least);
  json.EndObject();
  json.EndArray();
}

void TypeOf(const Key& key, json::JsonWriter& json) {
  switch (key.kind) {
    case Kind::kBool:
      json.Member("type", "boolean");
      return;
    case Kind::kInt:
      NumberOrText("integer", "", key, json);
      return;
    case Kind::kReal:
      json.Member("type", "number");
      Limits("minimum", "maximum", key, json);
      if (key.least > 0) ZeroOrLeast(key.least, json);
      return;
    case Kind::kDuration:
      NumberOrText("number", kDuration, key, json);
      return;
    case Kind::kSize:
      NumberOrText("integer", kSize, key, json);
      return;
    case Kind::kString:
      json.Member("type", "string");
      Limits("minLength", "maxLength", key, json);
      return;
    case Kind::kEnum:
      Words(key, json);
      return;
    case Kind::kStringList:
      ListOrText(key, json);
      return;
    case Kind::kPoint:
    case Kind::kPolygon:
    case Kind::kPolygons:
      OfPoints(key, json);
      return;
  }
}

void OneKey(const Key& key, const config::Config& defaults, json::JsonWriter& json) {
  json.BeginObject();
  std::string text(key.help);
  text += "\n\nDefault: " + config::FormatSetting(key, key.get(defaults)) +
          ". Allowed: " + config::DescribeRange(key) +
          (key.path.starts_with(config::kCameras)
               ? ". "
               : ". Environment: " + config::VariableName(key.path) + ". ") +
          (key.reloadable ? "A reload applies it." : "It takes a restart.");
  json.Member("description", text);
  TypeOf(key, json);
  json.EndObject();
}

void OtherDetectors(const config::Config& defaults, json::JsonWriter& json);
void Cameras(const config::Config& defaults, json::JsonWriter& json);
bool IsOfPlaces(std::string_view section);
void Places(const std::vector<Key>& schema, const std::string& section,
            const config::Config& defaults, json::JsonWriter& json);

// The keys and sections right below `section`, "" for all of it.
void Section(const std::vector<Key>& schema, const std::string& section,
             const config::Config& defaults, json::JsonWriter& json) {
  if (section == config::kCameras) return Cameras(defaults, json);
  if (IsOfPlaces(section)) return Places(schema, section, defaults, json);
  json.BeginObject();
  json.Member("type", "object");
  if (section == "detector") {
    OtherDetectors(defaults, json);
  } else {
    json.Member("additionalProperties", false);
  }
  json.Key("properties");
  json.BeginObject();
  const std::string prefix = section.empty() ? "" : section + ".";
  std::vector<std::string> done;
  for (const Key& key : schema) {
    if (!key.path.starts_with(prefix)) continue;
    const std::string_view rest = key.path.substr(prefix.size());
    const std::string name(rest.substr(0, rest.find('.')));
    if (std::ranges::find(done, name) != done.end()) continue;
    done.push_back(name);
    json.Key(name);
    if (rest.size() == name.size()) {
      OneKey(key, defaults, json);
    } else {
      Section(schema, prefix + name, defaults, json);
    }
  }
  json.EndObject();
  json.EndObject();
}

// What a detector of any other name may have, and what the names are.
void OtherDetectors(const config::Config& defaults, json::JsonWriter& json) {
  json.Key("propertyNames");
  json.BeginObject();
  json.Member("pattern", config::kDetectorName);
  json.Key("not");
  json.BeginObject();
  json.Key("enum");
  json.BeginArray();
  for (const std::string_view step : process::KnownSteps()) json.String(step);
  json.EndArray();
  json.EndObject();
  json.EndObject();
  std::vector<Key> rows;
  config::AddDetector("detector.name", rows);
  json.Key("additionalProperties");
  Section(rows, "detector.name", defaults, json);
}

// A camera may be called as it likes, and has the keys of every other.
void Cameras(const config::Config& defaults, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("type", "object");
  json.Key("propertyNames");
  json.BeginObject();
  json.Member("minLength", 1);
  json.Member("maxLength", static_cast<std::int64_t>(frame::kMaxIdBytes));
  json.EndObject();
  json.Key("additionalProperties");
  Section(config::MakeManualSchema(), config::CameraSection(config::kCameraInManuals), defaults,
          json);
  json.EndObject();
}

// Whether it holds the zones or the lines of a camera, each by its name.
bool IsOfPlaces(std::string_view section) {
  const auto kinds = config::PlaceKinds();
  return std::ranges::any_of(kinds, [section](std::string_view kind) {
    return section == config::CameraSection(config::kCameraInManuals) + "." + std::string(kind);
  });
}

void Places(const std::vector<Key>& schema, const std::string& section,
            const config::Config& defaults, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("type", "object");
  json.Key("propertyNames");
  json.BeginObject();
  json.Member("pattern", config::kPlaceName);
  json.EndObject();
  json.Key("additionalProperties");
  Section(schema, section + "." + std::string(config::kCameraInManuals), defaults, json);
  json.EndObject();
}

// One member a line, so that changes can be read.
std::string Indented(std::string_view compact) {
  std::string text;
  std::string indent = "\n";
  bool in_text = false;
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    if (in_text) {
      text += c;
      if (c == '\\') {
        text += compact[++i];
      } else if (c == '"') {
        in_text = false;
      }
      continue;
    }
    if (c == '{' || c == '[') {
      indent += "  ";
      text += c + indent;
    } else if (c == '}' || c == ']') {
      indent.resize(indent.size() - 2);
      text += indent + c;
    } else if (c == ',') {
      text += c + indent;
    } else if (c == ':') {
      text += ": ";
    } else {
      text += c;
      in_text = c == '"';
    }
  }
  return text + "\n";
}

}  // namespace

std::string ConfigJsonSchema() {
  std::string body;
  json::JsonWriter json(body);
  Section(config::MakeManualSchema(), "", config::Config(), json);
  // The head goes in front of the first member. Draft 7 is what editors of TOML know.
  return Indented(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","title":"Configuration of sampleproc",)" +
      body.substr(1));
}

}  // namespace sampleproc::apps
