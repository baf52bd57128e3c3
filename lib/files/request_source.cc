#include <algorithm>
#include <utility>

#include "files/frame_source.h"
#include "files/line_reader.h"
#include "frame/frame_json.h"

namespace sampleproc::files {
namespace {

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

class RequestSource final : public FrameSource {
 public:
  RequestSource(LineReader lines, const SourceOptions& options)
      : lines_(std::move(lines)), options_(options) {}

  bool Next(bool passed_over, Task& task) override {
    for (;;) {
      auto line = lines_.Next();
      if (!line) {
        task.source.index = next_index_++;
        task.error = std::move(line.error());
        return true;
      }
      if (!*line) return false;
      if (!(*line)->too_long && IsBlank((*line)->text)) continue;
      next_index_ = (*line)->number;
      task.source.index = next_index_ - 1;
      if (!passed_over) Take(**line, task);
      return true;
    }
  }
  bool HasMany() const override { return true; }

 private:
  void Take(const Line& line, Task& task) {
    if (line.too_long) {
      task.error = base::Fail(base::ErrorCode::kTooLarge,
                              "line " + std::to_string(line.number) + " has more than " +
                                  std::to_string(options_.max_request_bytes) +
                                  " bytes (http.max_request_bytes)")
                       .error();
      return;
    }
    const std::size_t room = line.text.size() + frame::kJsonBodyRoom;
    auto reservation =
        options_.budget.Reserve(room, "a recorded request", options_.budget_patience, {});
    if (!reservation) {
      task.error = std::move(reservation.error());
      return;
    }
    task.reservation = std::move(*reservation);
    RecordedRequest request;
    request.body.reserve(room);
    const base::ByteView bytes = base::AsBytes(line.text);
    request.body.assign(bytes.begin(), bytes.end());
    task.payload = std::move(request);
  }

  LineReader lines_;
  const SourceOptions& options_;
  std::uint64_t next_index_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<FrameSource>> OpenRequests(const std::string& path,
                                                        const SourceOptions& options) {
  auto file = InputFile::Open(path, options.stop);
  if (!file) return std::unexpected(std::move(file.error()));
  return std::make_unique<RequestSource>(
      LineReader(std::move(*file), '\n', options.max_request_bytes), options);
}

}  // namespace sampleproc::files
