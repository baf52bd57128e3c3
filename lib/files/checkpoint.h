// How far a run of process-file has come, so that another can go on after it was killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "files/task.h"

namespace sampleproc::files {

// How much of an output is whole, and a digest by which it is known again: its length alone would
// take any longer file for it.
struct OutputEnd {
  std::uint64_t bytes = 0;
  std::uint64_t digest = 0;  // of the last 4 KiB of these; never 0 in a checkpoint that was saved

  bool operator==(const OutputEnd&) const = default;
};

// Of the first `bytes` bytes of the file behind `fd`, which can read it. Fails with kIo.
base::Result<OutputEnd> EndOfOutput(int fd, std::uint64_t bytes);

// That of an output that holds just this.
OutputEnd EndOfText(std::string_view text);

// Everything counts from the beginning of the first run. Kept as one line of JSON:
//
//   {"sampleproc_checkpoint":3,"settings":"<hex>","records":n,"failed":n,"output_bytes":n,
//    "output":"<hex>","input":n,"frames":n,"inputs":"<hex>","ended":bool}
//
// and before the first record "first_bytes":n,"first":"<hex>","first_beginning":"<hex>", and
// "given":{"<name>":"<value>",...} unless that is long.
struct Checkpoint {
  std::uint64_t settings = 0;  // digest of all that decides what a record looks like
  // What of it is not the default, without secrets, to name what another run has differently. Not
  // saved, so empty afterwards, where it takes more than kMostGiven bytes.
  std::map<std::string, std::string> given = {};
  std::uint64_t records = 0;  // that are whole in the output
  std::uint64_t failed = 0;   // of these
  OutputEnd output;           // with these records
  Place place;                // of the last record
  // Whether nothing of the run's stands behind `output`: it came to its end, or was let come to it.
  bool ended = false;
  // What an output without records is about to get: a run that is killed then has left it there or
  // not. Its digest is 0 when there is no such thing.
  OutputEnd first = {};
  std::string first_beginning = {};  // its first bytes: a power cut may leave a part of it

  bool operator==(const Checkpoint&) const = default;
};

constexpr std::size_t kMostGiven = 16 * 1024;  // bytes of JSON
constexpr std::size_t kBeginningBytes = 4096;

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
