#include "files/picture_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "files/new_file.h"
#include "files/url_input.h"

namespace sampleproc::files {
namespace {

// Not every file system has files without a name.
base::Descriptor OpenForStore(const std::string& folder) {
  base::Descriptor file = OpenNameless(folder, 0600);
  if (file.get() >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string name = folder + "/.sampleproc-XXXXXX";
  base::Descriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.get() >= 0) ::unlink(name.c_str());
  return named;
}

off_t PlaceOf(std::size_t slot) { return static_cast<off_t>(slot * PictureStore::kMaxBytes); }

}  // namespace

base::Result<std::string> PictureStore::Kept::Read() const {
  std::string jpeg(bytes_, '\0');
  for (std::size_t done = 0; done < bytes_;) {
    const ssize_t got = ::pread(store_.file_.get(), jpeg.data() + done, bytes_ - done,
                                PlaceOf(slot_) + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return base::FailWithErrno("cannot read a picture back from " + store_.folder_);
    done += static_cast<std::size_t>(got);
  }
  return jpeg;
}

PictureStore::PictureStore(base::Descriptor file, std::string folder, std::size_t most)
    : file_(std::move(file)), folder_(std::move(folder)) {
  free_.reserve(most);
  for (std::size_t slot = most; slot-- > 0;) free_.push_back(slot);
}

base::Result<std::unique_ptr<PictureStore>> PictureStore::Make(const std::string& folder,
                                                               std::size_t most) {
  base::Descriptor file = OpenForStore(folder);
  if (file.get() < 0) {
    return base::FailWithErrno("cannot keep the report's pictures in " + ShownName(folder) +
                               " until the run is over");
  }
  return std::unique_ptr<PictureStore>(new PictureStore(std::move(file), ShownName(folder), most));
}

base::Result<PictureStore::KeptPtr> PictureStore::Keep(std::string_view jpeg) {
  if (jpeg.size() > kMaxBytes) {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      "the picture has over " + std::to_string(kMaxBytes) + " bytes");
  }
  if (free_.empty()) {
    return base::Fail(base::ErrorCode::kOverloaded, "there is no room for more pictures");
  }
  const std::size_t slot = free_.back();
  if (!base::WriteAt(file_.get(), static_cast<std::uint64_t>(PlaceOf(slot)), jpeg)) {
    return base::FailWithErrno("cannot keep the picture in " + folder_);
  }
  auto kept = std::make_shared<const Kept>(*this, slot, jpeg.size());
  free_.pop_back();
  return kept;
}

}  // namespace sampleproc::files
