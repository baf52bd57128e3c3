#include "files/frame_worker.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "codec/decoder.h"
#include "codec/foreign_format.h"
#include "codec/picture_name.h"
#include "files/annotated_picture.h"
#include "files/file_reader.h"
#include "frame/frame_json.h"
#include "video/container.h"

namespace sampleproc::files {
namespace {

namespace fs = std::filesystem;
using base::Result;

// The ending when it names a kind of picture: then it is the sender's word for the format.
std::optional<std::string> DeclaredFormat(const std::string& path) {
  const std::string ending = base::Lowercase(fs::path(path).extension().string());
  constexpr std::string_view kForeign[] = {".gif", ".bmp", ".tif", ".tiff"};
  if (!codec::IsPictureName(path) && std::ranges::find(kForeign, ending) == std::end(kForeign)) {
    return std::nullopt;
  }
  return ending;
}

// Of a file that has no size now as much as is read at the most.
Result<resources::Reservation> ReserveInput(const std::string& path, const WorkerContext& context) {
  std::error_code unknown;
  const std::uintmax_t size = fs::file_size(path, unknown);
  const std::size_t most = context.codec.max_frame_bytes;
  const std::size_t bytes = unknown
                                ? std::min(most, context.budget.capacity())
                                : static_cast<std::size_t>(std::min<std::uintmax_t>(size, most));
  return context.budget.Reserve(bytes, "reading this file", context.budget_patience, {});
}

// What a refused file might have been meant as, when it looks like no picture.
std::string OtherKinds(base::ByteView bytes) {
  if (codec::Sniff(bytes) != codec::Format::kUnknown ||
      codec::DescribeForeign(bytes).ends_with("picture")) {
    return "";
  }
  return "; videos are read from files (" + std::string(video::VideoEndings()) +
         "), requests as lines of JSON with --requests";
}

// What to do where the pictures behind the first one of a file are wanted, too.
void NameAsRow(frame::FrameResult& result) {
  for (frame::Warning& warning : result.warnings) {
    if (warning.type == codec::kFurtherPicture && result.format == "jpeg") {
      warning.msg += "; name the file *.mjpeg to process all JPEGs in it";
    }
  }
}

bool BeginsObject(base::ByteView line) {
  const std::string_view text = base::AsText(line);
  const std::size_t first = text.find_first_not_of(" \t\r");
  return first != text.npos && text[first] == '{';
}

// `reservation` is of the frame's bytes.
Result<frame::Frame> ReadPicture(const std::string& path, const WorkerContext& context,
                                 resources::Reservation& reservation) {
  auto reserved = ReserveInput(path, context);
  if (!reserved) return std::unexpected(reserved.error());
  auto bytes = ReadInput(path, context.codec.max_frame_bytes, context.stop);
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() != reserved->bytes()) {
    reserved->Release();
    reserved = context.budget.Reserve(bytes->size(), "this file", context.budget_patience, {});
    if (!reserved) return std::unexpected(reserved.error());
  }
  reservation = std::move(*reserved);
  frame::Frame frame;
  frame.storage = std::move(*bytes);
  frame.declared_format = DeclaredFormat(path);
  return frame;
}

}  // namespace

Result<frame::FrameResult> FrameWorker::Work(Task& task) {
  resources::Reservation reservation;  // of a file; goes after the frame
  Result<frame::Frame> frame;
  if (std::holds_alternative<PictureFile>(task.payload)) {
    frame = ReadPicture(task.source.source, context_, reservation);
  } else if (auto* picture = std::get_if<PictureBytes>(&task.payload)) {
    frame->storage = std::move(picture->bytes);
    frame->declared_format = DeclaredFormat(task.source.source);
  } else if (auto* raw = std::get_if<RawPixels>(&task.payload)) {
    frame->storage = std::move(raw->bytes);
    frame->raw = raw->description;
  } else if (auto* packet = std::get_if<VideoPacket>(&task.payload)) {
    frame->storage = std::move(packet->bytes);
  } else if (auto* request = std::get_if<RecordedRequest>(&task.payload)) {
    const bool is_object = BeginsObject(request->body);
    frame = frame::ParseFrameJson(std::move(request->body), context_.frame);
    if (!frame && !is_object) {
      frame.error().message +=
          "; a line holds a request's body, a JSON object such as {\"frame_data\":\"...\"}";
    }
    if (frame && !frame->frame_id.empty()) task.frame_id = frame->frame_id;
  }
  Result<frame::FrameResult> result;
  told_->events.clear();
  if (frame) {
    if (frame->encoded.empty()) frame->encoded = frame->storage;
    frame->frame_id = task.frame_id;
    frame->time = task.Time();
    frame->look = task.look;
    if (task.camera_id) frame->camera_id = task.camera_id;
    result = Process(task, *frame);
    if (!result && result.error().code == base::ErrorCode::kUnsupportedFormat &&
        (std::holds_alternative<PictureFile>(task.payload) ||
         std::holds_alternative<PictureBytes>(task.payload))) {
      result.error().message += OtherKinds(frame->encoded);
    }
    if (result && std::holds_alternative<PictureFile>(task.payload)) NameAsRow(*result);
    const auto* const packet = std::get_if<VideoPacket>(&task.payload);
    if (result && packet != nullptr) result->format = packet->codec;
  } else {
    result = std::unexpected(std::move(frame.error()));
  }
  if (!result) task.told = std::exchange(told_->events, {});
  if (!result && std::holds_alternative<RecordedRequest>(task.payload)) {
    result.error().message =
        "line " + std::to_string(task.source.index + 1) + ": " + result.error().message;
  }
  return result;
}

Result<frame::FrameResult> FrameWorker::Process(Task& task, const frame::Frame& frame) {
  process::Processor& processor = task.silent && replay_ ? *replay_ : processor_;
  const auto* const video = std::get_if<VideoPixels>(&task.payload);
  auto result = video != nullptr
                    ? processor.Process(frame,
                                        process::DecodedPicture{.luma = video->luma,
                                                                .bgr = video->bgr,
                                                                .format = video->codec,
                                                                .orientation = video->orientation},
                                        {}, std::move(task.turn))
                    : processor.Process(frame, {}, std::move(task.turn));
  if (!result || task.silent) return result;
  if (context_.pictures != nullptr && context_.pictures->Wants(task, *result)) {
    task.picture = Shrunk(task, frame);
  }
  if (context_.annotated == nullptr && !context_.draws) return result;
  if (auto drawn = Annotate(task, frame, *result); !drawn) {
    if (drawn.error().code != base::ErrorCode::kIo) return std::unexpected(drawn.error());
    task.output_failed = std::move(drawn.error());
  }
  return result;
}

// The record is none the worse when there is no picture.
std::shared_ptr<const FramePicture> FrameWorker::Shrunk(const Task& task,
                                                        const frame::Frame& frame) {
  auto picture = std::make_shared<FramePicture>();
  const auto* const video = std::get_if<VideoPixels>(&task.payload);
  auto jpeg = video != nullptr ? processor_.Shrunk(video->bgr.value_or(video->luma), {})
                               : processor_.Shrunk(frame, {});
  auto memory = jpeg ? context_.budget.Reserve(jpeg->size(), "a report's picture",
                                               context_.budget_patience, {})
                     : std::unexpected(jpeg.error());
  if (memory) {
    picture->jpeg = std::move(*jpeg);
    picture->memory = std::move(*memory);
  } else {
    picture->problem = memory.error().message;
  }
  return picture;
}

Result<void> FrameWorker::Annotate(Task& task, const frame::Frame& frame,
                                   const frame::FrameResult& result) {
  const auto* const video = std::get_if<VideoPixels>(&task.payload);
  auto picture = video != nullptr && video->bgr ? processor_.Annotate(*video->bgr, result, {})
                                                : processor_.Annotate(frame, result, {});
  if (!picture) return std::unexpected(picture.error());
  if (context_.draws) {
    auto memory = context_.budget.Reserve(picture->size(), "an annotated frame",
                                          context_.budget_patience, {});
    if (!memory) return std::unexpected(memory.error());
    task.drawn =
        std::make_shared<const DrawnFrame>(std::move(*picture), task.aspect, std::move(*memory));
    return {};
  }
  const auto path = context_.annotated->For(task);
  if (!path) return std::unexpected(path.error());
  return WriteAnnotatedPicture(*path, *picture);
}

}  // namespace sampleproc::files
