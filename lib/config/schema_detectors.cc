// The rows of neural detectors: those of each, and those of all.
#include <algorithm>
#include <memory>
#include <string>

#include "config/schema_rows.h"
#include "config/units.h"
#include "detect/layout.h"
#include "process/pipeline.h"

namespace sampleproc::config {
namespace {

using detect::DetectorOptions;
using detect::When;

constexpr std::string_view kSection = "detector.";
constexpr std::size_t kLongestName = 32;

DetectorOptions& Of(std::vector<DetectorOptions>& detectors, const std::string& name) {
  const auto found = std::ranges::find(detectors, name, &DetectorOptions::name);
  if (found != detectors.end()) return *found;
  return detectors.emplace_back(DetectorOptions{.name = name});
}

// A configuration that does not have it has its defaults.
const DetectorOptions& Of(const std::vector<DetectorOptions>& detectors, const std::string& name) {
  static const DetectorOptions kDefaults;
  const auto found = std::ranges::find(detectors, name, &DetectorOptions::name);
  return found != detectors.end() ? *found : kDefaults;
}

When ReadWhen(std::string_view text) {
  if (text == "motion") return {When::Kind::kMotion, {}};
  if (text == "always") return {When::Kind::kAlways, {}};
  const auto every = ParseDuration(text, std::chrono::milliseconds(kSecond));
  if (!every || *every < std::chrono::milliseconds(1) || *every > std::chrono::hours(24)) {
    return {When::Kind::kUnknown, {}};
  }
  return {When::Kind::kAtLeast, *every};
}

std::string WriteWhen(const When& when) {
  if (when.kind == When::Kind::kAlways) return "always";
  if (when.kind == When::Kind::kAtLeast) return FormatDuration(when.every);
  return "motion";
}

std::string WrongWhen(std::string_view text) {
  if (ReadWhen(text).kind != When::Kind::kUnknown) return "";
  return "is neither \"motion\" nor \"always\" nor a duration such as \"2s\"";
}

std::string WrongDigest(std::string_view text) {
  const bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (text.empty() || (hex && text.size() == 64)) return "";
  return "is no SHA-256, which has 64 hexadecimal digits; \"sha256sum FILE\" prints it";
}

bool CanBeNamed(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name[0] < 'a' || name[0] > 'z') return false;
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string_view::npos) {
    return false;
  }
  const auto steps = process::KnownSteps();
  return std::ranges::find(steps, name) == steps.end();
}

// Completes rows with the detector's own path and members.
class Rows {
 public:
  Rows(std::string_view name, std::vector<Key>& rows) : name_(name), rows_(rows) {}

  template <typename Member>
  void Add(Key row, Member DetectorOptions::* member) {
    Push(Bind(std::move(row), [name = name_, member](auto& c) -> auto& {
      return Of(c.process.detectors, name).*member;
    }));
  }

  void AddWhen(Key row) {
    row.wrong = &WrongWhen;
    row.set = [name = name_](Config& config, const Setting& setting) {
      Of(config.process.detectors, name).when = ReadWhen(std::get<std::string>(setting));
    };
    row.get = [name = name_](const Config& config) -> Setting {
      return WriteWhen(Of(config.process.detectors, name).when);
    };
    Push(std::move(row));
  }

 private:
  void Push(Key row) {
    row.own_path = std::make_shared<const std::string>(std::string(kSection) + name_ + "." +
                                                       std::string(row.path));
    row.path = *row.own_path;
    rows_.push_back(std::move(row));
  }

  const std::string name_;
  std::vector<Key>& rows_;
};

std::vector<std::string_view> LayoutWords() {
  std::vector<std::string_view> words = {"auto"};
  const auto layouts = detect::KnownLayouts();
  words.insert(words.end(), layouts.begin(), layouts.end());
  return words;
}

}  // namespace

void AddDetectorRows(std::string_view name, std::vector<Key>& all) {
  Rows rows(name, all);
  rows.Add({.path = "model",
            .kind = Kind::kString,
            .max = 4096,
            .help = "The ONNX file of the network: a path when it has a '/' in it, else a name "
                    "below process.model_dir. The detector is the step of its name in "
                    "process.pipeline, and without a model it cannot stand there. The network is "
                    "loaded once for all workers."},
           &DetectorOptions::model);
  rows.Add({.path = "sha256",
            .kind = Kind::kString,
            .max = 64,
            .help = "SHA-256 of the model's file, 64 hexadecimal digits; with it any other file "
                    "is an error. A network from elsewhere should have it.",
            .wrong = &WrongDigest,
            .range = "64 hexadecimal digits, or empty"},
           &DetectorOptions::sha256);
  rows.Add({.path = "layout",
            .kind = Kind::kEnum,
            .words = LayoutWords(),
            .help = "How the network wants its picture and says its answer. \"auto\" decides by "
                    "the shapes of its outputs, and where several fit by the number of labels."},
           &DetectorOptions::layout);
  rows.Add(
      {.path = "labels",
       .kind = Kind::kStringList,
       .min = 1,
       .max = 10'000,
       .help = "Names of the network's classes, in its order: \"coco\" (80), \"openimages\" "
               "(the 23 of MediaPipe's network), the path of a file with one a line, or the "
               "names themselves. As many as the network has classes, or it is refused; COCO's "
               "91 numbers are known too. Networks for faces alone say \"face\" where this "
               "is left at its default."},
      &DetectorOptions::labels);
  rows.Add({.path = "classes",
            .kind = Kind::kStringList,
            .max = 10'000,
            .help = "Classes that are reported; [] is all of them."},
           &DetectorOptions::classes);
  rows.Add({.path = "threshold",
            .kind = Kind::kReal,
            .max = 1,
            .help = "Detections with a lower confidence are left out; 0 is "
                    "process.detection_threshold. Lower finds more and is wrong more often."},
           &DetectorOptions::threshold);
  rows.Add({.path = "nms",
            .kind = Kind::kReal,
            .max = 1,
            .help = "Of two boxes of a class that overlap by a larger share (intersection over "
                    "union), only the surer one is reported. Raise it where things stand close "
                    "together, lower it when one thing is reported twice."},
           &DetectorOptions::nms);
  rows.AddWhen({.path = "when",
                .kind = Kind::kString,
                .min = 1,
                .max = 32,
                .help = "When the detector looks: \"motion\" only at frames in which something "
                        "moved, reporting what touches a place where something moved in the "
                        "camera's last 50 frames, and at all of those without a camera or of one "
                        "that is still new, because motion cannot be told there: its first 15 "
                        "frames, and 15 after its light or its view has changed; \"always\" at "
                        "every frame; a duration such as \"2s\" as \"motion\", those 15 frames "
                        "included, and so often at all of each camera's picture, by the times "
                        "of its frames: the same frames give the same results.",
                .range = "motion, always, or 1ms to 24h"});
  rows.Add({.path = "runtime",
            .kind = Kind::kEnum,
            .words = {"auto", "onnxruntime", "opencv"},
            .help = "What runs the network. ONNX Runtime is three to five times as fast and runs "
                    "as many frames at once as there are workers; OpenCV runs one at a time. "
                    "\"auto\" takes ONNX Runtime when it can be loaded."},
           &DetectorOptions::runtime);
}

bool AddDetector(std::string_view path, std::vector<Key>& schema) {
  if (!path.starts_with(kSection)) return false;
  std::string_view name = path.substr(kSection.size());
  name = name.substr(0, name.find('.'));
  if (!CanBeNamed(name)) return false;
  const std::string section = std::string(kSection) + std::string(name);
  if (IsSection(schema, section)) return true;
  // After the others of their kind, so that the effective configuration has them together.
  std::vector<Key> rows;
  AddDetectorRows(name, rows);
  auto last = std::ranges::find_if(schema.rbegin(), schema.rend(),
                                   [](const Key& key) { return key.path.starts_with(kSection); });
  schema.insert(last.base(), std::make_move_iterator(rows.begin()),
                std::make_move_iterator(rows.end()));
  return true;
}

}  // namespace sampleproc::config
