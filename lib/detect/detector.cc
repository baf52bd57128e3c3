#include "detect/detector.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <utility>

#include "detect/labels.h"
#include "detect/model_file.h"
#include "detect/onnx_file.h"
#include "detect/suppression.h"

namespace sampleproc::detect {
namespace {

using base::ErrorCode;

// The first run; a network that takes longer is of no use for frames.
constexpr std::chrono::seconds kLongestFirstRun{30};

// Of one network; what it gives is looked at whole.
constexpr std::size_t kMostNumbers = std::size_t{1} << 24;

// Whether all are numbers: neither infinite nor none, which have every bit of the exponent set.
// Without a way out of the loop, so that the compiler takes several at once.
bool AllNumbers(std::span<const TensorView> outputs) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t strange = 0;
  for (const TensorView& output : outputs) {
    for (const float number : output.data) {
      strange |= (std::bit_cast<std::uint32_t>(number) & kExponent) == kExponent ? 1u : 0u;
    }
  }
  return strange == 0;
}

std::unexpected<base::Error> About(const std::filesystem::path& path, base::Error error) {
  error.message = path.string() + " " + error.message;
  return std::unexpected(std::move(error));
}

base::Result<std::unique_ptr<Session>> OpenSession(base::ByteView model, const OnnxFile& file,
                                                   RuntimeChoice runtime, const Places& places,
                                                   std::size_t most_bytes,
                                                   std::string& why_fell_back) {
  if (runtime == RuntimeChoice::kOpencv) return OpenOpencv(model, file, places);
  auto session = OpenOnnxRuntime(model, file, places, most_bytes);
  if (session || runtime == RuntimeChoice::kOnnxRuntime ||
      session.error().code != ErrorCode::kUnavailable) {
    return session;
  }
  why_fell_back = session.error().message;
  return OpenOpencv(model, file, places);
}

}  // namespace

base::Result<std::shared_ptr<Detector>> Detector::Open(const DetectorOptions& options,
                                                       const Places& places,
                                                       resources::MemoryBudget& budget) {
  const std::filesystem::path path = ModelPath(options, places);
  const auto reserve = [&](std::uint64_t bytes) -> base::Result<resources::Reservation> {
    auto memory = budget.TryReserve(static_cast<std::size_t>(bytes),
                                    "the network of detector." + options.name);
    if (memory) return memory;
    return base::Fail(ErrorCode::kConfig, path.string() +
                                              " does not fit: " + memory.error().message +
                                              "; raise resources.memory_limit");
  };
  // The file, and while it is opened two copies of its weights; then what the session holds.
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  auto reading = reserve(failed ? 0 : size);
  if (!reading) return std::unexpected(reading.error());
  auto bytes = ReadModel(options, places);
  if (!bytes) return std::unexpected(bytes.error());
  auto file = ReadOnnxFile(*bytes);
  if (!file) return About(path, file.error());
  auto opening = reserve(2 * file->weight_bytes);
  if (!opening) return std::unexpected(opening.error());
  std::string why_fell_back;
  auto session =
      OpenSession(*bytes, *file, options.runtime, places, budget.capacity(), why_fell_back);
  if (!session) {
    if (session.error().code == ErrorCode::kUnavailable) return std::unexpected(session.error());
    return About(path, session.error());
  }
  std::shared_ptr<Detector> detector(new Detector(options, std::move(*session)));
  detector->why_fell_back_ = std::move(why_fell_back);
  *bytes = {};
  opening->Release();
  reading->Release();
  auto memory = reserve(detector->session_->HeldBytes());
  if (!memory) return std::unexpected(memory.error());
  detector->memory_ = std::move(*memory);
  if (auto learned = detector->Learn(*file); !learned) return About(path, learned.error());
  return detector;
}

base::Result<void> Detector::Learn(const OnnxFile& file) {
  input_shape_ = {file.width, file.height, file.channels_last};
  auto labels = LoadLabels(options_);
  if (!labels) return std::unexpected(labels.error());
  const std::vector<float> gray(input_shape_.Numbers(), 0.5f);
  const base::Allowance allowance{base::Deadline(base::SystemClock(), kLongestFirstRun)};
  base::Result<void> sound;
  const base::MonoTime begun = base::SystemClock().Now();
  auto ran = session_->Run(gray, allowance, [&](std::span<const TensorView> outputs) {
    std::size_t numbers = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto shape = outputs[i].shape;
      outputs_.push_back({file.outputs[i], {shape.begin(), shape.end()}});
      numbers += outputs[i].data.size();
    }
    if (numbers > kMostNumbers) {
      sound =
          base::Fail(ErrorCode::kConfig, "gives " + std::to_string(numbers) +
                                             " numbers for a picture; a detector gives at most " +
                                             std::to_string(kMostNumbers));
    } else if (!AllNumbers(outputs)) {
      sound = base::Fail(ErrorCode::kConfig,
                         "gives values that are no numbers (NaN or infinite): its weights are "
                         "damaged");
    }
  });
  if (!ran) {
    ran.error().message = "cannot be run: " + ran.error().message;
    if (ran.error().code != ErrorCode::kOverloaded) ran.error().code = ErrorCode::kConfig;
    return ran;
  }
  if (!sound) return sound;
  first_run_ = base::SystemClock().Now() - begun;
  const bool named = options_.labels != DetectorOptions{}.labels;
  auto chosen = MakeLayout(options_.layout, {file.width, file.height, outputs_},
                           {static_cast<int>(labels->size()), named});
  if (!chosen) {
    chosen.error().message = "cannot be read: " + chosen.error().message + " (detector." +
                             options_.name + ".layout, detector." + options_.name + ".labels)";
    return std::unexpected(chosen.error());
  }
  layout_ = std::move(chosen->layout);
  layout_name_ = chosen->name;
  for (int i = 0; i < layout_->Classes(); ++i) {
    names_.push_back(!named && !layout_->OnlyClass().empty()
                         ? std::string(layout_->OnlyClass())
                         : ClassName(*labels, layout_->Classes(), i));
  }
  for (const std::string& wanted : options_.classes) {
    if (std::ranges::find(names_, wanted) == names_.end()) {
      return base::Fail(ErrorCode::kConfig,
                        "has no class \"" + wanted + "\" (detector." + options_.name + ".classes)");
    }
  }
  return {};
}

base::Result<std::vector<frame::Detection>> Detector::Find(const frame::Image& bgr,
                                                           const Query& query,
                                                           const base::Allowance& allowance,
                                                           Scratch& scratch) {
  const Placement placement = Place(bgr.width, bgr.height, input_shape_, layout_->Input().fit);
  scratch.input.resize(input_shape_.Numbers());
  scratch.maker.Fill(bgr, placement, input_shape_, layout_->Input(), scratch.input);
  scratch.candidates.clear();
  base::Result<void> sound;
  auto ran = session_->Run(scratch.input, allowance, [&](std::span<const TensorView> outputs) {
    const bool same = std::ranges::equal(outputs, outputs_, [](const auto& now, const auto& then) {
      return std::ranges::equal(now.shape, then.shape);
    });
    if (!same || !AllNumbers(outputs)) {
      sound = base::Fail(ErrorCode::kInternal,
                         "the network of detector." + options_.name +
                             (same ? " gave values that are no numbers" : " gave other shapes"));
      return;
    }
    layout_->Decode(outputs, static_cast<float>(query.threshold), scratch.candidates);
  });
  if (!ran) return std::unexpected(ran.error());
  if (!sound) return std::unexpected(sound.error());
  if (!query.classes.empty()) {
    std::erase_if(scratch.candidates, [&](const Candidate& candidate) {
      const std::string& name = names_[static_cast<std::size_t>(candidate.class_index)];
      return std::ranges::find(query.classes, name) == query.classes.end();
    });
  }
  KeepSurest(scratch.candidates, static_cast<float>(query.nms), layout_->Overlaps());
  std::vector<frame::Detection> found;
  ToDetections(scratch.candidates, placement, bgr, found);
  return found;
}

void Detector::ToDetections(const std::vector<Candidate>& candidates, const Placement& placement,
                            const frame::Image& bgr, std::vector<frame::Detection>& found) const {
  for (const Candidate& candidate : candidates) {
    const frame::Bbox box = ToPicture(candidate, placement, bgr.width, bgr.height);
    if (box.x1 >= box.x2 || box.y1 >= box.y2) continue;
    found.push_back({names_[static_cast<std::size_t>(candidate.class_index)],
                     std::min(1.0, static_cast<double>(candidate.score)), box, options_.name});
  }
}

std::uint64_t Detector::BytesFor(int picture_width) const {
  return session_->RunBytes() + input_shape_.Numbers() * sizeof(float) +
         InputMaker::ScratchBytes(picture_width, input_shape_);
}

std::string Detector::model_name() const {
  return std::filesystem::path(options_.model).filename().string();
}

std::string Detector::Describe() const {
  return model_name() + " (" + layout_name_ + ", " + std::to_string(input_shape_.width) + "x" +
         std::to_string(input_shape_.height) + ", " + std::to_string(names_.size()) +
         (names_.size() == 1 ? " label) by " : " labels) by ") + std::string(session_->Runtime());
}

std::string FirstRunTooSlow(const Detector& detector, std::chrono::milliseconds deadline) {
  using std::chrono::milliseconds;
  if (deadline == deadline.zero() || detector.first_run() <= deadline) return {};
  return "the first run of the network of detector." + detector.options().name + ", " +
         detector.Describe() + ", took " +
         std::to_string(std::chrono::ceil<milliseconds>(detector.first_run()).count()) +
         " ms, and a frame has " + std::to_string(deadline.count()) +
         " ms (process.deadline): raise that, or take a smaller network or ONNX Runtime";
}

std::string FellBack(const Detector& detector, const Places& places) {
  if (places.onnxruntime.empty() || detector.why_fell_back().empty()) return {};
  return "OpenCV runs the network of detector." + detector.options().name + ", because " +
         detector.why_fell_back();
}

std::string TooSlow(const Detector& detector, const RunTimes::Late& late,
                    std::chrono::milliseconds deadline) {
  using std::chrono::milliseconds;
  return "the last " + std::to_string(late.runs) + " runs of the network of detector." +
         detector.options().name + ", " + detector.Describe() +
         ", were not over before their frames' time was; each takes " +
         std::to_string(std::chrono::ceil<milliseconds>(late.least).count()) +
         " ms or more, and a frame has " + std::to_string(deadline.count()) +
         " ms (process.deadline): raise that, or take a smaller network or ONNX Runtime";
}

}  // namespace sampleproc::detect
