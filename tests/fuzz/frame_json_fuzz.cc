// A frame's JSON message, a batch's and a form's metadata: whatever arrives, the parser answers
// with frames whose bytes lie within the storage, or with problems that have a place.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "frame/batch_json.h"
#include "frame/frame_json.h"
#include "frame/options.h"

namespace {

namespace base = sampleproc::base;
namespace frame = sampleproc::frame;

void CheckError(const base::Error& error) {
  if (error.message.empty() || error.problems.empty()) std::abort();
  for (const base::Problem& problem : error.problems) {
    if (problem.type.empty() || problem.loc.empty() || problem.loc.front() != "body") std::abort();
  }
}

void CheckFrame(const base::Result<frame::Frame>& parsed, const base::ByteBuffer& storage,
                const frame::Options& options) {
  if (!parsed) return CheckError(parsed.error());
  const base::ByteView encoded = parsed->encoded;
  if (encoded.empty() || encoded.size() > options.max_frame_data_chars) std::abort();
  if (encoded.data() < storage.data() ||
      encoded.data() + encoded.size() > storage.data() + storage.size()) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  frame::Options options;
  options.max_frame_data_chars = 4096;  // small, so that the limits themselves are reached
  options.max_metadata_bytes = 512;
  options.max_json_nodes = 64;
  options.max_batch_frames = 3;

  const auto single = frame::ParseFrameJson(base::ByteBuffer(data, data + size), options);
  const base::ByteBuffer none;
  CheckFrame(single, single ? single->storage : none, options);  // itself, not a copy

  const auto batch = frame::ParseBatchJson(base::ByteBuffer(data, data + size), options);
  if (!batch) {
    CheckError(batch.error());
  } else {
    if (batch->frames.empty() || batch->frames.size() > options.max_batch_frames) std::abort();
    for (const auto& parsed : batch->frames) CheckFrame(parsed, batch->storage, options);
  }

  frame::Frame described;
  const auto metadata = frame::ParseMetadataJson(base::AsText({data, size}), options, described);
  if (!metadata) CheckError(metadata.error());
  return 0;
}
