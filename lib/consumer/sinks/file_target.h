// Results and events as lines of a file.
#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "consumer/options.h"
#include "consumer/sinks/sink_queue.h"

namespace sampleproc::consumer {

// NDJSON, appended. Before a line would take the file over max_bytes the file becomes "<path>.1",
// that one "<path>.2" and so on; what was "<path>.<keep>" is deleted. A file that somebody else has
// moved away or deleted is made anew. Lines are whole: one that could not be written to its end is
// taken back, one that a crash has left is ended. They are as safe as a log's: a power failure can
// take the last seconds of them.
//
// One process writes to a file at a time (flock(2)); another is told so and waits.
class FileTarget final : public SinkTarget {
 public:
  explicit FileTarget(const FileSinkOptions& options) : options_(options) {}

  // Fails with kConfig when `path` is something that never becomes a file of results: a folder, a
  // pipe, an open descriptor, a file of something else (a photo). What is not there yet, or cannot
  // be looked at, is none of these.
  static base::Result<void> Check(const std::string& path);

  std::string_view name() const override { return "file"; }
  // Fails with kIo and the system's reason.
  base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                const base::Allowance& allowance) override;

 private:
  static base::Result<void> CheckKind(const std::string& path);
  base::Result<void> Prepare();
  base::Result<void> Open();
  base::Result<void> EndTornLine();
  base::Result<void> Rotate();
  base::Result<void> Append(const std::string& lines);
  std::unexpected<base::Error> Failed(int error) const;

  const FileSinkOptions options_;
  base::Descriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace sampleproc::consumer
