// The pixels of an entry from each place where they may be.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "consumer/pixels.h"

namespace sampleproc::consumer {

// Fetches the bytes that a name stands for; kNotFound when there are none. Thread-safe.
using FetchPixels =
    std::function<base::Result<base::ByteBuffer>(const std::string& name, const base::Allowance&)>;

// Where pixels may be looked for besides the entry. An empty function: nowhere.
struct PixelPlaces {
  FetchPixels redis_key;  // frame_buffer_key, else "frame:<frame_id>"
  FetchPixels file;       // storage_path
  FetchPixels url;        // frame_url
};

// In the order of frame_entry.h: the first place that the entry names and that has them. A place
// that cannot be reached is not passed over, since what comes after it might be older.
class EntryPixels final : public PixelLoader {
 public:
  explicit EntryPixels(PixelPlaces places) : places_(std::move(places)) {}

  base::Result<frame::Frame> Load(FrameEntry& entry, const base::Allowance& allowance) override;

 private:
  base::Result<base::ByteBuffer> Find(FrameEntry& entry, const base::Allowance& allowance) const;

  const PixelPlaces places_;
};

// Reads files below `root` and nowhere else: no "..", no absolute path, no link out of it
// (RESOLVE_BENEATH, openat2(2)), regular files only, at most `max_bytes`. Fails with kInvalidFrame
// for a path that leads out, kTooLarge, kNotFound, kIo.
FetchPixels FilesBelow(std::string root, std::size_t max_bytes);

}  // namespace sampleproc::consumer
