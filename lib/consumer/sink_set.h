// All the sinks of a consumer.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "consumer/result_sink.h"

namespace sampleproc::consumer {

// What sinks are handed.
struct Delivered {
  bool results = true;
  bool http_results = false;
  bool events = false;
};

// Thread-safe. It may be empty.
class SinkSet {
 public:
  SinkSet() = default;
  explicit SinkSet(std::vector<std::unique_ptr<ResultSink>> sinks, Delivered delivered = {})
      : sinks_(std::move(sinks)), delivered_(delivered) {}

  // Whether anybody is handed results of frames that came by HTTP, or in another way.
  bool TakesResults(bool by_http) const {
    return !sinks_.empty() && (by_http ? delivered_.http_results : delivered_.results);
  }

  // Hands the record to each, if it is of a kind that is delivered. Never waits. A sink that throws
  // costs the others nothing; that is said in `log`.
  void Take(const ResultRecord& record, base::Logger& log) const noexcept;

  struct Left {
    std::string_view sink;
    std::uint64_t lost = 0;
    std::uint64_t made_again = 0;  // at the next start
  };
  // Those of ResultSink. Flush closes the sinks, so that none delivers what is counted as lost, and
  // returns which of them still hold records, and what becomes of those.
  void Hurry() const;
  std::vector<Left> Flush(const base::Deadline& end) const;
  // Once flushed: the first sink whose delivery does not end until `end`; "" when all have ended.
  std::string_view AwaitEnd(const base::Deadline& end) const;
  void Look() const;

  const std::vector<std::unique_ptr<ResultSink>>& sinks() const { return sinks_; }

  // Of all together, those that were lost as soon as they were handed over.
  std::uint64_t Lost() const;
  bool Losing() const;

  // How many records each has taken and not lost at once.
  using Mark = std::vector<std::uint64_t>;
  Mark Taken() const;
  // The same into a mark that was made before; takes no memory.
  void NoteTaken(Mark& mark) const noexcept;
  // Whether all that had been taken at `mark` has been delivered, or refused or lost for good.
  bool Through(const Mark& mark) const;

 private:
  std::vector<std::unique_ptr<ResultSink>> sinks_;
  Delivered delivered_;
};

}  // namespace sampleproc::consumer
