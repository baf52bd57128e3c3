// The pixels of an entry from each place where they may be.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumer/pixels/disk_threads.h"
#include "consumer/pixels/pixels.h"
#include "frame/frame.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// Told how many bytes there are to come before they are read; again with more when that was not all
// of them. A failure is that of the fetch.
using MakeRoom = std::function<base::Result<void>(std::size_t bytes)>;

// Fetches the bytes that a name stands for; fails as PixelLoader::Fetch. Thread-safe.
using FetchPixels = std::function<base::Result<std::string>(
    const std::string& name, const MakeRoom& make_room, const base::Allowance&)>;

// Where pixels may be looked for besides the entry. An empty function: nowhere.
struct PixelPlaces {
  FetchPixels redis_key;   // frame_buffer_key, else "frame:<frame_id>"
  std::string redis_host;  // as PixelPlace::host
  FetchPixels file;        // storage_path; asked on threads of its own, since a disk may hang
  FetchPixels url;         // frame_url
  // PixelPlace::host of a URL; empty for one that is refused.
  std::function<std::string(const std::string& url)> url_host;
  std::size_t files = 4;  // that are read at a time, at most
};

// In the order of frame_entry.h: the first place that the entry names and that has them. A place
// that cannot be reached is not passed over, since what comes after it might be older.
class EntryPixels final : public PixelLoader {
 public:
  // `budget` must outlive the loader and what it has fetched.
  EntryPixels(PixelPlaces places, resources::MemoryBudget& budget)
      : places_(std::move(places)), budget_(budget), disk_(places_.files) {}

  std::vector<PixelPlace> PlacesOf(const FrameEntry& entry) const override;
  base::Result<FetchedPixels> Fetch(const PixelPlace& place,
                                    const base::Allowance& allowance) override;

  // No file is read from now on. Whether those that are being read end until `end`, which a disk
  // that hangs keeps them from. If not, nor does the destructor.
  bool AwaitEnd(const base::Deadline& end) { return disk_.AwaitEnd(end); }

 private:
  base::Result<FetchedPixels> FetchBy(const FetchPixels& fetch, const std::string& name,
                                      const base::Allowance& allowance);

  const PixelPlaces places_;
  resources::MemoryBudget& budget_;
  DiskThreads disk_;  // ends before what it uses
};

// The frame that an entry announces. Its pixels are taken out of the entry; when there are none
// there they are `fetched`, which must stay where it is as long as the frame is looked at.
frame::Frame FrameOf(FrameEntry& entry, std::string_view fetched);

// Reads files below `root` and nowhere else: no "..", no absolute path, no link out of it
// (RESOLVE_BENEATH, openat2(2)), regular files only, at most `max_bytes`. Fails with kInvalidFrame
// for a path that leads out, kTooLarge, kNotFound, kIo. Waits for the disk, whatever its allowance
// says: EntryPixels does not.
FetchPixels FilesBelow(std::string root, std::size_t max_bytes);

}  // namespace sampleproc::consumer
