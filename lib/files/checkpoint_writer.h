// Writes records and, now and then, how far they have come.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "files/checkpoint.h"
#include "files/record_writer.h"

namespace sampleproc::files {

// Hands records to another writer; with the first one, at most once a second, and in Flush, what
// was written is put on disk and then the checkpoint. Before the first one the checkpoint says what
// it will be: an output without records has nothing else to be known by. Used by one thread at a
// time.
class CheckpointWriter final : public RecordWriter {
 public:
  // Puts all that was written on disk and returns how far that is.
  using Sync = std::function<base::Result<OutputEnd>()>;

  // The line that `records` makes of a record.
  using Line = std::function<std::string(const Record&)>;

  // `start` is the checkpoint to go on from. The clock must outlive the writer.
  CheckpointWriter(std::unique_ptr<RecordWriter> records, Line line, Sync sync, std::string path,
                   const Checkpoint& start, const base::Clock& clock);

  // To be called first: a run that is killed at once can be resumed as any other. The checkpoint of
  // an earlier run stays as it is until there is a record.
  base::Result<void> Begin();
  base::Result<void> Write(const Record& record) override;
  // The run has come to its end.
  base::Result<void> Flush() override;

 private:
  base::Result<void> Announce(const Record& first);
  base::Result<void> Save(bool ended);

  const std::unique_ptr<RecordWriter> records_;
  const Line line_;
  const Sync sync_;
  const std::string path_;
  const base::Clock& clock_;
  Checkpoint checkpoint_;
  base::MonoTime next_save_;
};

}  // namespace sampleproc::files
