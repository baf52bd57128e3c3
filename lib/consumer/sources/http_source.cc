#include "consumer/sources/http_source.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "consumer/sources/buffer_answer.h"
#include "consumer/sources/json_fields.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;
using std::chrono::milliseconds;

constexpr milliseconds kProbeTime{5'000};
constexpr std::size_t kProbeBytes = 64 * 1024;
// What a frame may have in an answer besides its pixels.
constexpr std::size_t kFrameOverhead = 128 * 1024;

// An answer's body, and the frames that are made of it.
constexpr std::size_t kCopies = 2;
constexpr std::size_t kSmallAnswer = 64 * 1024;  // is not counted
// How long a pull waits for room before it asks for anything.
constexpr milliseconds kRoomPatience{500};

// No answer without frames is as long.
constexpr std::size_t kLongAnswer = 4096;

std::size_t MostBytes(std::size_t count, const frame::Options& limits) {
  const std::size_t each = limits.max_frame_data_chars + limits.max_metadata_bytes + kFrameOverhead;
  return std::min(kMostAnswerBytes, (count + 1) * each);
}

// What an answer that is none means.
base::Error Refusal(const net::HttpAnswer& answer) {
  const std::string status = std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    return base::Fail(ErrorCode::kConfig, "the frame buffer answers with a redirect (" + status +
                                              "), which is not followed: set consumer.http.url to "
                                              "where it leads")
        .error();
  }
  if (answer.status == 404) {
    return base::Fail(ErrorCode::kConfig,
                      "there is no /frames/dequeue below consumer.http.url (404), which is the "
                      "address of a frame buffer without that path; an orchestrator hands out "
                      "frames through Redis (consumer.source)")
        .error();
  }
  if (answer.status == 401 || answer.status == 403) {
    return base::Fail(ErrorCode::kConfig,
                      "the frame buffer lets nobody in without the right "
                      "credentials (" +
                          status + ")")
        .error();
  }
  base::Error error =
      base::Fail(ErrorCode::kUnavailable, "the frame buffer answers with " + status).error();
  error.retry_after = answer.retry_after;
  return error;
}

}  // namespace

Result<net::HttpAnswer> HttpSource::Ask(PullGate& gate, const std::string& path,
                                        std::size_t most_bytes, milliseconds time, bool idempotent,
                                        const net::AnswerRoom& room) {
  const PullGate::Pass pass(gate);
  if (!pass.let_in()) return base::Fail(ErrorCode::kShuttingDown, "no more frames are pulled");
  return client_.Ask(
      {.target = net::Below(client_.url(), path),
       .fields = {{"User-Agent", "sampleproc"}, {"Accept", "application/json"}},
       .idempotent = idempotent},
      most_bytes, {.deadline = base::Deadline(base::SystemClock(), time), .cancel = gate.cancel()},
      room);
}

// How many frames may be asked for; 0 = none now.
std::size_t HttpSource::RoomFor(std::size_t count, PullMemory& memory) const {
  if (budget_ == nullptr || usual_ == 0) return count;
  const std::size_t fit = (budget_->capacity() - budget_->used()) / usual_;
  if (fit > 0) return std::min(count, fit);
  // One that is larger than all memory may have been the only one.
  if (usual_ > budget_->capacity()) return 1;
  return memory.Grow(usual_) ? 1 : 0;
}

Result<net::HttpAnswer> HttpSource::Dequeue(std::size_t count, PullMemory& memory) {
  // Asking twice would hand out twice as many.
  return Ask(gate_, "/frames/dequeue?count=" + std::to_string(count), MostBytes(count, limits_),
             patience_, false, [&](std::size_t bytes) -> Result<void> {
               if (bytes > kSmallAnswer) (void)memory.Grow(kCopies * bytes, patience_ / 2);
               return {};
             });
}

Result<std::vector<Delivery>> HttpSource::Take(std::string body) {
  if (spool_ == nullptr) {
    auto deliveries = Numbered(ReadBufferAnswer(std::move(body), limits_));
    if (!deliveries) {
      deliveries.error().message +=
          "; frames that it had are lost (consumer.http.spool = \"disk\" keeps such answers)";
    }
    return deliveries;
  }
  // A long answer has frames, which are written down before anything else; a short one mostly says
  // that there are none.
  const bool is_long = body.size() >= kLongAnswer;
  const std::string text = is_long ? std::string() : body;
  // Without memory for what follows, what is written down is for later.
  auto written = is_long ? spool_->Write(body) : std::nullopt;
  auto deliveries = Numbered(ReadBufferAnswer(std::move(body), limits_));
  if (!is_long && deliveries && !deliveries->empty()) {
    auto after = spool_->Write(text);
    if (after) written.emplace(std::move(*after));
  }
  if (!written) return deliveries;
  if (deliveries) {
    spool_->Keep(*written, *deliveries);
  } else {
    const std::string path = spool_->KeepUnusable(*written);
    if (!path.empty()) deliveries.error().message += "; its beginning is kept as " + path;
  }
  return deliveries;
}

Result<std::vector<Delivery>> HttpSource::Numbered(Result<std::vector<Delivery>> deliveries) {
  if (!deliveries) return deliveries;
  for (Delivery& delivery : *deliveries) delivery.ticket = next_ticket_++;
  return deliveries;
}

Result<std::vector<Delivery>> HttpSource::Pull(std::size_t count) {
  if (spool_ != nullptr) {
    spool_->Sweep();
    std::vector<Delivery> left;
    left.reserve(count);  // what is handed out must arrive
    try {
      while (left.size() < count) {
        auto next = spool_->NextLeft(next_ticket_);
        if (!next) break;
        ++next_ticket_;
        left.push_back(std::move(*next));
      }
    } catch (const std::exception&) {  // no memory for a further one
      if (left.empty()) throw;
    }
    if (!left.empty()) return left;
    if (spool_->Full()) {
      return base::Fail(
          ErrorCode::kUnavailable,
          "consumer.http.spool_dir holds consumer.http.spool_max_bytes of frames that "
          "are not done, or whose results no sink has delivered, or of files that were set aside "
          "(.torn)");
    }
  }
  const base::Allowance allowance{.cancel = gate_.cancel()};
  PullMemory memory(budget_, kRoomPatience, allowance);
  const std::size_t most = RoomFor(careful_ > 0 ? 1 : count, memory);
  if (most == 0) return std::vector<Delivery>();
  for (int errors = 1;; ++errors) {
    auto answer = Dequeue(careful_ > 0 ? 1 : most, memory);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (answer->status == 200) {
      careful_ = std::max(careful_ - 1, 0);
      const std::size_t bytes = answer->body.size();
      auto taken = Take(std::move(answer->body));
      if (!taken || taken->empty()) return taken;
      usual_ = std::max(kCopies * bytes / taken->size(), usual_ - usual_ / 8);
      for (Delivery& each : *taken) each.memory = memory.Part(each.entry.frame_data.size());
      return taken;
    }
    if (answer->status != 500) return std::unexpected(Refusal(*answer));
    ++errors_;
    careful_ = kCarefulPulls;
    client_.Reset();
    if (errors == kMostErrors) return std::unexpected(Refusal(*answer));
  }
}

void HttpSource::Settle(Settlement settlement, OnSettled done) {
  if (spool_ == nullptr) return done(true);
  const std::uint64_t lost = spool_->Lost();
  done(true);
  // A result that a sink had no room for is made again. Others may be lost at the same time: what
  // is made twice is delivered twice.
  const bool is_lost = settlement.ending == Ending::kDone && spool_->Lost() > lost;
  try {
    spool_->Settled(settlement.ticket, is_lost ? Ending::kReturned : settlement.ending);
  } catch (const std::exception&) {  // no memory: the next Sweep makes up for it
  }
}

void HttpSource::Interrupt(const base::Deadline& end) {
  probe_gate_.Interrupt(milliseconds(0));
  gate_.Interrupt(kLastAnswer, end);
}

Result<void> HttpSource::Probe() {
  auto answer = Ask(probe_gate_, "/health", kProbeBytes, kProbeTime, true);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status != 200) {
    return base::Fail(ErrorCode::kUnavailable,
                      "the frame buffer's /health answers with " + std::to_string(answer->status));
  }
  const auto fields = ReadJsonFields(std::move(answer->body), limits_);
  if (!fields) return {};
  const auto status = std::ranges::find(*fields, "status", &EntryField::name);
  if (status == fields->end() || status->value != "unhealthy") return {};
  return base::Fail(ErrorCode::kUnavailable, "the frame buffer says that it is unhealthy");
}

}  // namespace sampleproc::consumer
