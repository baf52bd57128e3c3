// How far a run of process-file has come, so that another can go on after it was killed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "files/task.h"

namespace sampleproc::files {

// Everything counts from the beginning of the first run. Kept as one line of JSON:
//
//   {"sampleproc_checkpoint":2,"settings":"<hex>","records":n,"failed":n,"output_bytes":n,
//    "input":n,"frames":n,"inputs":"<hex>"}
struct Checkpoint {
  std::uint64_t settings = 0;      // digest of all that decides what a record looks like
  std::uint64_t records = 0;       // that are whole in the output
  std::uint64_t failed = 0;        // of these
  std::uint64_t output_bytes = 0;  // that these records take
  Place place;                     // of the last record

  bool operator==(const Checkpoint&) const = default;
};

// FNV-1a of 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv) over `text` and a separator, from where
// `digest` stands. It tells lists apart that differ by mistake, not by intent.
std::uint64_t ExtendDigest(std::uint64_t digest, std::string_view text);

// The checkpoint in `path`, or nothing when there is no such file. Fails with kIo, and with
// kInvalidFrame for a file that is not a checkpoint.
base::Result<std::optional<Checkpoint>> LoadCheckpoint(const std::string& path);

// Replaces the file in one step: whenever the process or the machine stops, the old one or the new
// one is there. The output's bytes must be on disk before. Fails with kIo, also when another
// process is writing it.
base::Result<void> SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint);

}  // namespace sampleproc::files
