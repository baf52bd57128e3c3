#include "frame/frame_json.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frame/frame_reader.h"

namespace sampleproc::frame {
namespace {

// One frame's text, or the text of its metadata.
base::Result<void> Read(std::span<char> text_with_room, const Options& options, bool metadata,
                        FrameReader& reader) {
  if (metadata) reader.EnterMetadata();
  const auto parsed =
      json::ParseInPlace(text_with_room, {options.max_json_depth, options.max_json_nodes}, reader);
  if (parsed || parsed.error().kind == json::JsonError::Kind::kDuplicateKey) reader.Finish();
  if (!parsed) {
    std::vector<std::string> loc = {"body"};
    if (metadata) loc.emplace_back(kMetadata);
    AppendOurSteps(parsed.error().path, metadata, loc);
    reader.AddTextError(parsed.error(), std::move(loc));
  }
  if (reader.problems().empty()) return {};
  return base::Fail(base::ErrorCode::kInvalidFrame, std::move(reader.problems()));
}

}  // namespace

base::Result<Frame> ParseFrameJson(base::ByteBuffer body, const Options& options,
                                   std::optional<std::string>* camera) {
  FrameReader reader(options, {"body"});
  if (auto read = Read(WithRoom(body), options, false, reader); !read) {
    if (camera != nullptr) *camera = std::move(reader.member(kCameraId));
    return std::unexpected(std::move(read.error()));
  }
  Frame frame = TakeFrame(reader);
  frame.storage = std::move(body);
  return frame;
}

base::Result<void> ParseMetadataJson(std::string_view metadata, const Options& options,
                                     Frame& frame) {
  if (metadata.size() > options.max_metadata_bytes) {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      {{"metadata_too_large",
                        {"body", std::string(kMetadata)},
                        Excess(metadata.size(), "bytes", options.max_metadata_bytes)}});
  }
  std::string text(metadata);
  text.resize(text.size() + json::kParseRoom);
  FrameReader reader(options, {"body"});
  if (auto read = Read(text, options, true, reader); !read) {
    frame.camera_id = std::move(reader.member(kCameraId));
    return read;
  }
  TakeMetadata(reader, frame);
  return {};
}

}  // namespace sampleproc::frame
