#include "files/frame_feed.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "files/checkpoint.h"
#include "files/name_text.h"

namespace sampleproc::files {
namespace {

std::unexpected<base::Error> OtherInputs() {
  return base::Fail(base::ErrorCode::kUsage,
                    "the inputs are not those of the run to be resumed, or not in the same order, "
                    "or one of them is another file now; remove the checkpoint to start again");
}

// What a file is known by: a recording that goes on growing, or is copied, is still the same one.
// Empty for what can be read once only.
std::string BeginningOf(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return {};
  std::string beginning(kBeginningBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(file.gcount()));
  return beginning;
}

}  // namespace

FrameFeed::FrameFeed(InputList inputs, const SourceOptions& source, FeedOptions options,
                     process::CameraTurns& turns, process::CameraStates& cameras)
    : inputs_(std::move(inputs)),
      source_options_(source),
      options_(std::move(options)),
      turns_(turns),
      cameras_(cameras) {}

base::Result<std::optional<Task>> FrameFeed::Next() {
  for (;;) {
    if (source_ == nullptr) {
      const auto opened = Open();
      if (!opened) return std::unexpected(opened.error());
      if (!*opened) return std::nullopt;
    }
    Task task;
    const bool passed_over = IsPassedOver(place_.frames);
    if (!source_->Next(passed_over, task)) {
      Close();
      continue;
    }
    task.silent = IsDone(place_.frames);
    ++place_.frames;
    task.camera_id = options_.camera;
    if (!task.camera_id && source_->IsCamera()) task.camera_id = NameAsText(input_.path);
    // Asked of those that are passed over, too: those after them are picked by them.
    task.look = IsLookedAt(task);
    if (passed_over) continue;
    task.place = place_;
    task.source.source = input_.path;
    task.frame_id = NameAsText(input_.path) + "#" + std::to_string(task.source.index);
    task.argument = input_.argument;
    task.of_many = source_->HasMany();
    task.turn = turns_.Begin();
    // Of a recorded request nobody knows the camera before it is read.
    if (!input_.recorded_requests) task.turn.Declare(task.camera_id);
    return task;
  }
}

// Opens the next input that has to be looked at; false when there is none. What is done and leaves
// nothing behind is not even opened.
base::Result<bool> FrameFeed::Open() {
  const Place& done = options_.done;
  const bool resumed = done.frames > 0;
  for (;;) {
    auto input = inputs_.Next();
    if (!input) {
      if (resumed && opened_ <= done.input) return OtherInputs();
      return false;
    }
    input_ = std::move(*input);
    if (options_.admit) {
      if (auto admitted = options_.admit(input_); !admitted) {
        return std::unexpected(admitted.error());
      }
    }
    place_ = {opened_++, ExtendDigest(place_.digest, input_.path), 0};
    if (options_.knows_again) {
      place_.digest = ExtendDigest(place_.digest, BeginningOf(input_.path));
    }
    if (resumed && place_.input == done.input && place_.digest != done.digest) return OtherInputs();
    const bool is_remembered = options_.has_memory && (options_.camera || input_.recorded_requests);
    if (place_.input >= done.input || is_remembered) break;
  }
  source_ = OpenSource(input_, source_options_);
  pacer_.reset();
  time_ = {};
  return true;
}

// A video's camera ends with it, so that the next one finds room and the same file, given twice,
// the same beginning. What is still in work of it goes first.
void FrameFeed::Close() {
  if (options_.has_memory && source_->IsCamera() && !options_.camera) {
    process::CameraTurns::Turn turn = turns_.Begin();
    turn.Declare(NameAsText(input_.path));
    turn.AwaitAll();
    if (turn.Wait({})) {
      auto events = cameras_.Forget(NameAsText(input_.path));
      if (options_.on_camera_end) options_.on_camera_end(place_.input, std::move(events));
    }
  }
  left_out_ += source_->LeftOut();
  source_ = nullptr;
}

// By the video's own time: what is found in a file does not depend on how fast it is read. Damage
// is told whenever it comes, and the frame after it is looked at in its place.
bool FrameFeed::IsLookedAt(const Task& task) {
  if (options_.directory == nullptr || !task.camera_id || task.error) return true;
  const auto said = task.Time();
  if (!said && !pacer_) return true;
  if (!pacer_) pacer_.emplace(options_.directory->Find(task.camera_id)->settings().fps);
  return pacer_->IsDue(time_.Take(said, std::nullopt));
}

bool FrameFeed::IsDone(std::uint64_t frame) const {
  return place_.input < options_.done.input ||
         (place_.input == options_.done.input && frame < options_.done.frames);
}

bool FrameFeed::IsPassedOver(std::uint64_t frame) const {
  if (!IsDone(frame)) return false;
  if (!options_.has_memory) return true;
  return !options_.camera && !input_.recorded_requests && !source_->IsCamera();
}

}  // namespace sampleproc::files
