// Where results and events go besides the upstream that the frames came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "consumer/spooled_answer.h"

namespace sampleproc::consumer {

// A result, or a message of an event.
struct ResultRecord {
  std::string frame_id;
  // One line without the newline, as frame::AppendMessageJson or AppendEventJson writes it.
  std::string json;
  std::string traceparent = {};  // of the trace that the frame belongs to; "" for none
  std::string tracestate = {};   // that goes with it
  std::string event_key = {};    // of an event's message, which has it alone; "" for a result
  std::string camera_id = {};    // for the log; "" for none
  bool by_http = false;          // a request brought the result's frame, and has its answer
  // Of a result, where its frame is written down; null when it is not.
  std::shared_ptr<const SpooledAnswer> spooled = {};

  bool is_event() const { return !event_key.empty(); }
  // Whether it is made again if it is not delivered. Asks the disk.
  bool IsMadeAgain() const { return spooled != nullptr && spooled->IsThere(); }
};

// What became of the records that a sink was handed; `taken` is the sum of the others and of what
// it still holds.
struct SinkCounts {
  std::uint64_t taken = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;        // there was no room for them
  std::uint64_t put_off = 0;     // of the lost, those that are made again
  std::uint64_t lost_later = 0;  // of the lost, those that it held first; for good
  std::uint64_t refused = 0;     // the other side does not want them, now or later
  bool losing = false;           // lately
  bool failing = false;          // some or all of them are not delivered at the moment

  // Of those that it did not lose at once.
  std::uint64_t ended() const { return delivered + refused + lost_later; }
  std::uint64_t settled() const { return delivered + lost + refused; }
  std::uint64_t held() const { return taken - settled(); }
};

// Thread-safe.
class ResultSink {
 public:
  virtual ~ResultSink() = default;

  virtual std::string_view name() const = 0;  // "log", "file", "redis", "webhook": a metric's label

  // Never waits: a sink that is down keeps records up to its bound, in order, and delivers them
  // when it is back. What is beyond the bound is lost to this sink, and counted: it asks the disk
  // whether that is made again.
  virtual void Take(const ResultRecord& record) = 0;

  // A stop is near: what failed is tried again soon from now on.
  virtual void Hurry() {}
  // Delivers what it holds, as far as it gets until `end`.
  virtual void Flush(const base::Deadline& end) = 0;

  // Delivers nothing from now on: what it holds stays. Whether what it was at has ended until
  // `end`, which a disk that hangs keeps it from. If not, nor does the destructor.
  virtual bool Close(const base::Deadline& /*end*/) { return true; }

  // Tells what only the passing of time shows. Every second or so.
  virtual void Look() {}

  virtual SinkCounts counts() const = 0;

  // How many of those that it holds are made again at the next start. Asks the disk.
  virtual std::uint64_t HeldForAgain() const { return 0; }
};

}  // namespace sampleproc::consumer
