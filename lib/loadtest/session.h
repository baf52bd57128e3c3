// One connection of the load, and the request that is under way on it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "loadtest/connection.h"
#include "loadtest/request.h"
#include "loadtest/response_reader.h"

namespace sampleproc::loadtest {

// Never blocks; its owner calls it when epoll(7), edge-triggered, says that something happened.
// Nothing is sent twice: a request that fails is a failure, whatever the reason. Used by one
// thread.
class Session {
 public:
  // Longer answers are not read to their end, which may never come: they have failed.
  static constexpr std::uint64_t kMaxAnswer = 256UL * 1024 * 1024;

  enum class State {
    kClosed,
    kConnecting,  // with or without a request that waits for it
    kIdle,
    kSending,  // an answer may come before all is sent
    kReading,
  };
  enum class Outcome {
    kNothing,   // more events must come
    kReady,     // connected, with TLS also shaken hands, and without a request
    kAnswered,  // answer() is whole
    kFailed,    // see failure(); closed
    kLost,      // the peer has closed an idle connection
  };

  // Begins to connect and watches the socket with `epoll`, events marked with `tag`.
  Outcome Open(const Address& address, int epoll, std::uint64_t tag);

  // Whether an idle connection that has carried no request is still open: closes one that the peer
  // has ended, or on which it has said something that nobody asked for.
  bool IsStillOpen(std::span<char> room);

  // Sends request(), now when the connection is idle, else as soon as it is made.
  Outcome Begin(std::size_t kept_bytes);

  // `room` is scratch for what is read. What is more than a few times that is left for another
  // event, so that no peer keeps the thread from the others.
  Outcome OnEvents(std::uint32_t events, std::span<char> room);

  // Ends what is under way for lack of memory: kFailed with kTooLarge, and the memory given back.
  Outcome Refuse();

  // After kAnswered: makes it idle, or closes it when it can carry no other request.
  void Finish(bool keep_alive);

  // Ends the connection and what was under way.
  void Close();

  State state() const { return state_; }
  bool is_busy() const { return has_request_; }
  std::size_t held() const { return answer_.held(); }
  Request& request() { return request_; }
  ResponseReader& answer() { return answer_; }
  std::string_view failure() const { return failure_; }
  // The errno of that failure; 0 when it has none.
  int error() const { return error_; }
  std::uint64_t TakeReceived() { return std::exchange(received_, 0); }

  // The owner's notes about the request.
  Arrival arrival;
  base::MonoTime intended;
  base::MonoTime sent;
  std::chrono::nanoseconds read_lag{};  // so far
  std::size_t counted = 0;              // of held()
  std::uint64_t exchange = 0;           // counts up with each request

 private:
  Outcome Send();
  // `to_the_end`: the peer has closed, and no event will tell of what is there now.
  Outcome Receive(std::span<char> room, bool to_the_end);
  // Has an event come again for what is there.
  void AskForEvent();
  Outcome OnConnected();
  Outcome Fail(std::string_view type, int error = 0);

  Connection connection_;
  State state_ = State::kClosed;
  bool has_request_ = false;
  bool must_close_ = false;
  bool has_more_ = false;  // to be read, although no event may say so
  int epoll_ = -1;
  std::uint64_t tag_ = 0;
  std::size_t written_ = 0;
  std::size_t kept_bytes_ = 0;
  std::uint64_t received_ = 0;  // not yet taken
  std::uint64_t answered_ = 0;  // of this answer
  Request request_;
  ResponseReader answer_;
  std::string_view failure_;
  int error_ = 0;
};

}  // namespace sampleproc::loadtest
