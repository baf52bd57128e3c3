// A frame's entry: on a stream (the first byte is even), or in a frame buffer's answer. Whatever
// arrives, there is an entry whose texts are UTF-8 and within their limits, or it is said what is
// wrong.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "consumer/sources/entry_fields.h"
#include "consumer/sources/json_fields.h"
#include "frame/frame_text.h"
#include "json/utf8.h"

namespace {

namespace consumer = sampleproc::consumer;
namespace frame = sampleproc::frame;

void Check(std::vector<consumer::EntryField> fields, consumer::EntryOrigin origin) {
  const auto [entry, broken] = consumer::ReadEntry(std::move(fields), origin, {});
  if (broken && (broken->problems.empty() || broken->message.empty())) std::abort();
  if (frame::CheckText(entry.frame_id, frame::kMaxIdBytes)) std::abort();
  if (entry.camera_id && frame::CheckCameraId(*entry.camera_id)) std::abort();
  for (const std::string& text :
       {entry.timestamp.value_or(""), entry.format.value_or(""), entry.traceparent,
        entry.frame_buffer_key, entry.storage_path, entry.frame_url}) {
    if (sampleproc::json::FindInvalidUtf8(text) != std::string_view::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 != 0) {
    auto frames = consumer::ReadJsonFieldsOfEach(std::move(text), "frames", 10, {});
    if (!frames) return 0;
    if (frames->size() > 10) std::abort();
    for (auto& fields : *frames) {
      if (fields) Check(std::move(*fields), consumer::EntryOrigin::kJson);
    }
    return 0;
  }
  // Names and values in turn, each ended by a zero byte.
  std::vector<consumer::EntryField> fields;
  std::size_t at = 0;
  while (at < text.size()) {
    consumer::EntryField field;
    for (std::string* part : {&field.name, &field.value}) {
      const std::size_t end = std::min(text.find('\0', at), text.size());
      *part = text.substr(at, end - at);
      at = std::min(end + 1, text.size());
    }
    fields.push_back(std::move(field));
  }
  Check(std::move(fields), consumer::EntryOrigin::kStream);
  return 0;
}
