// Pictures on disk until a report is written: a number of them, however long the run is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"

namespace sampleproc::files {

// Pictures are in a file without a name, which takes no room once the store is gone, whatever ends
// the program. Used by one thread at a time.
class PictureStore {
 public:
  // The largest picture; most of a report's size come to a tenth of it.
  static constexpr std::size_t kMaxBytes = std::size_t{512} << 10;

  // Whoever holds it keeps the picture. The store must outlive it.
  class Kept {
   public:
    Kept(PictureStore& store, std::size_t slot, std::size_t bytes)
        : store_(store), slot_(slot), bytes_(bytes) {}
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { store_.free_.push_back(slot_); }

    // Fails with kIo.
    base::Result<std::string> Read() const;

   private:
    PictureStore& store_;
    const std::size_t slot_;
    const std::size_t bytes_;
  };
  using KeptPtr = std::shared_ptr<const Kept>;

  // A file in `folder`, which has to be one that can be written, for `most` pictures at a time.
  // Fails with kIo.
  static base::Result<std::unique_ptr<PictureStore>> Make(const std::string& folder,
                                                          std::size_t most);

  // Fails with kOverloaded when there are `most` pictures, kInvalidFrame when this one is too
  // large, kIo when the disk takes no more; the store stays as it was.
  base::Result<KeptPtr> Keep(std::string_view jpeg);

 private:
  PictureStore(base::Descriptor file, std::string folder, std::size_t most);

  const base::Descriptor file_;
  const std::string folder_;       // for messages
  std::vector<std::size_t> free_;  // slots; slot i begins at i * kMaxBytes, with holes between
};

}  // namespace sampleproc::files
