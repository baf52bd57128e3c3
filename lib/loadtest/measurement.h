// What was measured in a stretch of time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "loadtest/histogram.h"

namespace sampleproc::loadtest {

// Why a request failed: names that reports use (errors.by_type). An answer that was not the one
// expected has a name made of its status ("status_503") or of what was wrong ("wrong_frame_id").
namespace failure {
inline constexpr std::string_view kConnect = "connect";       // no connection could be made
inline constexpr std::string_view kNoSocket = "no_socket";    // this machine had none left to give
inline constexpr std::string_view kClosed = "closed";         // the peer closed before its answer
inline constexpr std::string_view kReset = "reset";           // the connection broke
inline constexpr std::string_view kTimeout = "timeout";       // no whole answer in time
inline constexpr std::string_view kInvalid = "invalid_http";  // what came is not HTTP/1.1
inline constexpr std::string_view kTooLarge = "too_large";    // more than is read or held; closed
inline constexpr std::string_view kTls = "tls";               // the handshake failed
}  // namespace failure

// What may become of a stream's frames that must not, whatever their number (stream_ledger.h).
namespace ledger {
inline constexpr std::string_view kLost = "lost";
inline constexpr std::string_view kDuplicate = "duplicate";
inline constexpr std::string_view kOutOfOrder = "out_of_order";
inline constexpr std::string_view kDeadLetter = "dead_letter";
inline constexpr std::string_view kHostileResult = "hostile_result";
inline constexpr std::string_view kAway = "redis_away";
inline constexpr std::string_view kRefused = "redis_refused";
inline constexpr std::string_view kViolations[] = {
    kLost, kDuplicate, kOutOfOrder, kDeadLetter, kHostileResult, kAway, kRefused};
}  // namespace ledger

// Where in its schedule a request was due: among the first, the last, or between.
enum class Place { kFirst, kBetween, kLast };

// How much of a schedule of that length its first and its last requests are of: a third, five
// seconds at most.
std::chrono::nanoseconds EdgeOf(std::chrono::nanoseconds length);
// kBetween when the length is 0: not known.
Place PlaceOf(std::chrono::nanoseconds at, std::chrono::nanoseconds length);

// Times are nanoseconds. Not thread-safe; each thread has its own, and they are merged.
struct Measurement {
  // From the intended time, and from the time of sending, to the end of the answer. Good answers,
  // and timeouts with the time that they waited; other failures are only counted.
  Histogram corrected;
  Histogram raw;
  // Of the corrected ones, those of the schedule's first requests and of its last: whether answers
  // fell behind.
  Histogram first;
  Histogram last;
  // From the intended time to the moment when the generator came to it: its own delay.
  Histogram send_lag;
  // How long answers waited to be read, and their reading took: its own delay, too. An upper bound:
  // that an answer was there is noticed only when the generator looks.
  Histogram read_lag;
  // How old the requests are that are unanswered when the stretch of time ends. It is of that
  // moment alone: who puts stretches one after the other clears it before each Merge.
  Histogram open;

  std::uint64_t intended = 0;   // requests that were due
  std::uint64_t good = 0;       // answered as they should be
  std::uint64_t waited = 0;     // were due when every connection was in use
  std::uint64_t abandoned = 0;  // unanswered when the run was ended early
  std::uint64_t unsent = 0;     // of these, those that still waited for a connection
  std::uint64_t bytes_received = 0;
  std::uint64_t connections = 0;  // opened
  std::map<std::string, std::uint64_t, std::less<>> errors;

  void Fail(std::string_view type);
  // A request that was answered, or timed out, took so long.
  void AddLatency(std::uint64_t from_intended, std::uint64_t from_sending, Place place);
  void Merge(const Measurement& other);
  void Clear();

  std::uint64_t ErrorCount() const;
  std::uint64_t Finished() const { return good + ErrorCount(); }
  // What criteria and reports call a percentile and a mean: of `latency` (corrected or raw), in
  // milliseconds, over all finished requests. A request that failed without a time counts as slower
  // than any other, so a percentile among them, and a mean over one, is infinite. NaN when nothing
  // was finished.
  double PercentileOfAll(const Histogram& latency, double percentile) const;
  double MeanOfAll(const Histogram& latency) const;
};

}  // namespace sampleproc::loadtest
