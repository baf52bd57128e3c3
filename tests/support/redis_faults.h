// A RedisSource whose way to Redis fails as a test says.
#pragma once

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "consumer/sources/redis_source.h"
#include "support/redis_frames.h"

namespace sampleproc::consumer::testing {

// What goes wrong on the way to Redis.
struct Faults {
  std::atomic<bool> away = false;     // no further connection is made
  std::atomic<int> refused = 0;       // connections that were not made
  std::atomic<int> losses = 0;        // answers that are to be lost, to what has the mark
  std::string mark = "EVAL";          // set while nobody asks
  std::atomic<std::size_t> kept = 0;  // bytes of a lost answer that arrive
  // Signs of life, from whoever pulls, which is the test, and from whoever settles.
  std::atomic<int> signs = 0;
  std::atomic<int> shown = 0;
  const std::thread::id puller = std::this_thread::get_id();
};

// A connection that ends when the answer to what has the mark has come, of which nothing or the
// first bytes are seen.
class Losing final : public net::Stream {
 public:
  Losing(std::unique_ptr<net::Stream> stream, Faults& faults)
      : stream_(std::move(stream)), faults_(faults) {}
  base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    if (ended_) return Ended();
    // What is asked for behind all that there can be.
    if (bytes.find("18446744073709551615-") != bytes.npos) {
      ++(std::this_thread::get_id() == faults_.puller ? faults_.signs : faults_.shown);
    }
    if (faults_.losses > 0 && bytes.find(faults_.mark) != bytes.npos) {
      --faults_.losses;
      loses_ = true;
    }
    return stream_->Write(bytes, allowance);
  }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    if (ended_) return Ended();
    auto got = stream_->Read(room, allowance);
    if (!got || !loses_) return got;
    ended_ = true;
    if (faults_.kept == 0) return Ended();
    return std::min<std::size_t>(*got, faults_.kept);
  }

 private:
  static std::unexpected<base::Error> Ended() {
    return base::Fail(base::ErrorCode::kIo, "the connection was closed");
  }

  const std::unique_ptr<net::Stream> stream_;
  Faults& faults_;
  bool loses_ = false;
  bool ended_ = false;
};

inline std::unique_ptr<RedisSource> MakeLosing(const RedisServer& server, Faults& faults,
                                               const base::Clock& clock = base::SystemClock(),
                                               telemetry::Conditions* conditions = nullptr) {
  return std::make_unique<RedisSource>(
      RedisSourceContext{
          .connect = [connect = server.Connect(), &faults](const base::Allowance& allowance)
              -> base::Result<std::unique_ptr<net::Stream>> {
            if (faults.away) {
              ++faults.refused;
              return base::Fail(base::ErrorCode::kUnavailable, "nobody listens");
            }
            auto stream = connect(allowance);
            if (!stream) return stream;
            return std::make_unique<Losing>(std::move(*stream), faults);
          },
          .login = {},
          .clock = clock,
          .consumer = "c1",
          .processor_id = "p",
          .conditions = conditions},
      StreamOptions(), frame::Options{});
}

inline void Await(const std::function<bool()>& what) {
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (!what()) {
    REQUIRE_FALSE(deadline.Expired());
    std::this_thread::sleep_for(milliseconds(1));
  }
}

}  // namespace sampleproc::consumer::testing
