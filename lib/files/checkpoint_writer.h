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
// was written is put on disk and then the checkpoint. Used by one thread at a time.
class CheckpointWriter final : public RecordWriter {
 public:
  // Puts all that was written on disk and returns how far that is.
  using Sync = std::function<base::Result<OutputEnd>()>;

  // `start` is the checkpoint to go on from. The clock must outlive the writer.
  CheckpointWriter(std::unique_ptr<RecordWriter> records, Sync sync, std::string path,
                   const Checkpoint& start, const base::Clock& clock);

  // To be called first: a run that is killed at once can be resumed as any other. The checkpoint of
  // an earlier run stays as it is until there is a record.
  base::Result<void> Begin();
  base::Result<void> Write(const Record& record) override;
  // The run has come to its end.
  base::Result<void> Flush() override;

 private:
  base::Result<void> Save(bool ended);

  const std::unique_ptr<RecordWriter> records_;
  const Sync sync_;
  const std::string path_;
  const base::Clock& clock_;
  Checkpoint checkpoint_;
  base::MonoTime next_save_;
};

}  // namespace sampleproc::files
