// Files of ours in a folder that others may write to, too. Internal to history/.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"

namespace sampleproc::history {

inline constexpr mode_t kFileMode = 0640;

std::int64_t NanosOf(base::WallTime time);  // since 1970
std::int64_t NanosOf(const struct stat& file);
base::WallTime TimeOf(std::int64_t nanos);

// Opens the folder or makes it, and keeps other processes out of it for as long as the descriptor
// lives (flock). Fails with kIo, without its path.
base::Result<base::Descriptor> OpenOwnFolder(const std::string& path);

// Whether its path names another folder than the one that is open, or none.
bool HasMoved(const std::string& path, int folder);

// The names of what is in it, until `take` says no. Fails with kIo.
base::Result<void> ListFolder(int folder, const std::function<bool(const std::string&)>& take);

// To read it. None where it cannot be opened or is no file, with errno: EINVAL for the latter.
// Whoever has put something else there is not waited for.
base::Descriptor OpenRegular(int folder, const std::string& name, struct stat& facts);

// `what` completes "a ... cannot be read": "picture". What fails is kIo.
base::Result<std::string> ReadBytes(int file, std::uint64_t at, std::size_t most,
                                    std::string_view what);
base::Result<void> WriteBytes(int file, std::uint64_t at, std::string_view bytes,
                              std::string_view what);

// The time by which a file is old.
bool SetTime(int file, std::int64_t nanos);

// What tells our files from others'.
struct Signature {
  std::size_t bytes = 0;
  bool (*begins)(std::string_view bytes) = nullptr;
  std::string_view what = {};  // "picture"
};

// Deletes a file if it is ours by what it begins with. What is not there, or is not ours, is let
// be.
base::Result<void> DeleteOurs(int folder, const std::string& name, const Signature& signature);

}  // namespace sampleproc::history
