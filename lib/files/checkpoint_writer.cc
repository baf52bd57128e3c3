#include "files/checkpoint_writer.h"

#include <utility>

namespace sampleproc::files {
namespace {

constexpr std::chrono::seconds kBetweenSaves{1};

}  // namespace

CheckpointWriter::CheckpointWriter(std::unique_ptr<RecordWriter> records, Line line, Sync sync,
                                   std::string path, const Checkpoint& start,
                                   const base::Clock& clock)
    : records_(std::move(records)),
      line_(std::move(line)),
      sync_(std::move(sync)),
      path_(std::move(path)),
      clock_(clock),
      checkpoint_(start),
      next_save_(clock.Now() + kBetweenSaves) {}

base::Result<void> CheckpointWriter::Begin() {
  return checkpoint_.output.digest == 0 ? Save(false) : base::Result<void>();
}

base::Result<void> CheckpointWriter::Write(const Record& record) {
  // What comes behind the end of a run that had ended is ours from here on.
  if (checkpoint_.ended) {
    if (auto saved = Save(false); !saved) return saved;
  }
  if (checkpoint_.records == 0) {
    if (auto announced = Announce(record); !announced) return announced;
  }
  if (auto written = records_->Write(record); !written) return written;
  checkpoint_.place = record.place;
  ++checkpoint_.records;
  if (!record.result) ++checkpoint_.failed;
  if (checkpoint_.records > 1 && clock_.Now() < next_save_) return {};
  return Save(false);
}

base::Result<void> CheckpointWriter::Flush() { return Save(true); }

base::Result<void> CheckpointWriter::Announce(const Record& first) {
  const std::string line = line_(first);
  checkpoint_.first = EndOfText(line);
  checkpoint_.first_beginning = line.substr(0, kBeginningBytes);
  return SaveCheckpoint(path_, checkpoint_);
}

base::Result<void> CheckpointWriter::Save(bool ended) {
  if (auto flushed = records_->Flush(); !flushed) return flushed;
  const auto written = sync_();
  if (!written) return std::unexpected(written.error());
  checkpoint_.output = *written;
  checkpoint_.ended = ended;
  checkpoint_.first = {};
  checkpoint_.first_beginning.clear();
  next_save_ = clock_.Now() + kBetweenSaves;
  return SaveCheckpoint(path_, checkpoint_);
}

}  // namespace sampleproc::files
