// Where results go besides the upstream that the frames came from.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sampleproc::consumer {

// Thread-safe.
class ResultSink {
 public:
  virtual ~ResultSink() = default;

  virtual std::string_view name() const = 0;  // "log", "file", "redis", "webhook": a metric's label

  // Takes a record, one line of JSON without the newline. Never waits: a sink that is down keeps
  // records up to its bound, in order, and delivers them when it is back. False when the bound is
  // reached and the record is lost to this sink; the caller counts it.
  virtual bool Take(const std::string& record) = 0;

  // Delivers what it holds, for at most `patience`; how many records are left undelivered.
  virtual std::size_t Flush(std::chrono::milliseconds patience) = 0;
};

}  // namespace sampleproc::consumer
