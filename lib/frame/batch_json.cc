#include "frame/batch_json.h"

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "frame/frame_names.h"
#include "frame/frame_reader.h"

namespace sampleproc::frame {
namespace {

using base::Problem;

constexpr std::string_view kFrames = "frames";

// Listens to a batch and lets a FrameReader listen to each frame in it.
class BatchReader final : public json::JsonHandler {
 public:
  BatchReader(const Options& options, std::size_t max_frames)
      : options_(options), max_frames_(max_frames) {}

  void Null() override {
    Take(0, [](auto& frame) { frame.Null(); });
  }
  void Bool(bool value) override {
    Take(0, [=](auto& frame) { frame.Bool(value); });
  }
  void Number(const json::JsonNumber& value) override {
    Take(0, [&](auto& frame) { frame.Number(value); });
  }
  void String(std::span<char> value) override {
    Take(0, [=](auto& frame) { frame.String(value); });
  }
  void StartObject() override {
    is_object_ = is_object_ || depth_ == 0;
    Take(1, [](auto& frame) { frame.StartObject(); });
  }
  void StartArray() override {
    if (depth_ == 1 && at_frames_) {
      in_frames_ = true;
      is_array_ = true;
    }
    Take(1, [](auto& frame) { frame.StartArray(); });
  }
  void EndObject(std::size_t members) override {
    Take(-1, [=](auto& frame) { frame.EndObject(members); });
  }
  void EndArray(std::size_t elements) override {
    Take(-1, [=](auto& frame) { frame.EndArray(elements); });
  }
  void Key(std::string_view key) override {
    if (depth_ == 1) {
      at_frames_ = key == kFrames;
      if (!at_frames_) NoteUnknown(key);
    }
    if (in_frames_ && depth_ > kFrameDepth && count_ <= max_frames_) frames_.back().Key(key);
  }

  // What is wrong with the batch as such, after a sound parse.
  std::optional<Problem> Wrong() const {
    const std::vector<std::string> loc = {"body", std::string(kFrames)};
    if (!is_object_) return Problem{"object_type", {"body"}, "must be an object"};
    if (!is_array_) return Problem{"array_type", loc, "must be an array of frames"};
    if (count_ == 0) return Problem{"empty", loc, "must not be empty"};
    if (count_ > max_frames_)
      return Problem{"too_many", loc, Excess(count_, "frames", max_frames_)};
    return astray_;
  }

  // Of members beside `frames` that were passed over.
  std::optional<Warning> Ignored() const {
    if (unknown_ == 0) return std::nullopt;
    return Warning{"unknown_member",
                   "members beside frames were ignored: " + std::to_string(unknown_)};
  }

  // In the order of the text; a deque, because readers do not move.
  std::deque<FrameReader>& frames() { return frames_; }

  static std::vector<std::string> LocOf(const json::JsonError& error) {
    std::vector<std::string> loc = {"body"};
    const std::span<const json::JsonPathStep> path = error.path;
    if (path.empty() || path[0].key != kFrames) return loc;
    loc.emplace_back(kFrames);
    if (path.size() < 2 || path[1].is_key) return loc;
    loc.push_back(std::to_string(path[1].index));
    AppendOurSteps(path.subspan(2), false, loc);
    return loc;
  }

 private:
  // Objects and arrays that are open around a frame: the body and the array.
  static constexpr int kFrameDepth = 2;

  void NoteUnknown(std::string_view key) {
    const std::string_view meant = key == kMetadata ? key : MeantName(key);
    if (const std::string_view setting = ConfiguredBy(key); !setting.empty()) {
      astray_ = {"configured", {"body"}, "has a member that " + ConfiguredRule(setting)};
    } else if (!meant.empty()) {
      const char* const where = key == kMetadata ? "belongs in each of frames"
                                                 : "belongs in the metadata of each of frames";
      astray_ = {"misplaced_member", {"body", std::string(meant)}, where};
    } else {
      ++unknown_;
    }
  }

  // An event that opens (1), closes (-1) or is a value by itself (0).
  void Take(int change, const auto& event) {
    if (change < 0) --depth_;
    if (in_frames_ && depth_ >= kFrameDepth) {
      const bool outermost = depth_ == kFrameDepth;
      if (outermost && change >= 0 && ++count_ <= max_frames_) {
        frames_.emplace_back(options_, std::vector<std::string>{"body", std::string(kFrames),
                                                                std::to_string(count_ - 1)});
      }
      if (count_ <= max_frames_) event(frames_.back());
      if (outermost && change <= 0 && count_ <= max_frames_) frames_.back().Finish();
    }
    if (change > 0) ++depth_;
    if (change < 0 && depth_ < kFrameDepth) in_frames_ = false;
  }

  const Options& options_;
  const std::size_t max_frames_;
  std::deque<FrameReader> frames_;
  std::size_t count_ = 0;  // frames begun, those beyond the limit included
  int depth_ = 0;          // objects and arrays open now
  bool is_object_ = false;
  bool is_array_ = false;
  bool at_frames_ = false;  // the member's value comes next or is open
  bool in_frames_ = false;
  std::optional<Problem> astray_;  // a member that belongs elsewhere
  std::size_t unknown_ = 0;        // members beside `frames` of no known name
};

}  // namespace

base::Result<BatchFrames> ParseBatchJson(base::ByteBuffer body, const Options& options) {
  BatchReader reader(options, options.max_batch_frames);
  const auto parsed =
      json::ParseInPlace(WithRoom(body), {options.max_json_depth, options.max_json_nodes}, reader);
  if (!parsed) {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      {{std::string(TypeOf(parsed.error().kind)),
                        BatchReader::LocOf(parsed.error()), parsed.error().message}});
  }
  if (auto wrong = reader.Wrong()) {
    return base::Fail(base::ErrorCode::kInvalidFrame, {std::move(*wrong)});
  }
  BatchFrames batch;
  batch.frames.reserve(reader.frames().size());
  for (FrameReader& frame : reader.frames()) {
    if (frame.problems().empty()) {
      Frame taken = TakeFrame(frame);
      if (const auto ignored = reader.Ignored()) taken.warnings.push_back(*ignored);
      batch.frames.emplace_back(std::move(taken));
    } else {
      if (auto& camera = frame.member(kCameraId)) {
        batch.cameras_of_failed.emplace(batch.frames.size(), std::move(*camera));
      }
      batch.frames.emplace_back(
          base::Fail(base::ErrorCode::kInvalidFrame, std::move(frame.problems())));
    }
  }
  batch.storage = std::move(body);
  return batch;
}

}  // namespace sampleproc::frame
