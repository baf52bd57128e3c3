// A connection to a Redis server, in RESP 2 (redis.io/docs/reference/protocol-spec).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/stream.h"

namespace sampleproc::net {

struct RedisReply {
  enum class Kind { kNil, kInteger, kStatus, kText, kError, kArray };

  Kind kind = Kind::kNil;
  std::int64_t integer = 0;
  std::string text;  // of kStatus, kText and kError; any bytes
  std::vector<RedisReply> elements;

  bool IsNil() const { return kind == Kind::kNil; }
  // Whether it is an error that begins with this word: "NOGROUP", "LOADING"...
  bool IsError(std::string_view word) const;
  // What an error means: kConfig when waiting does not help (a wrong password, a key of another
  // type), else kUnavailable; redis_refusal.h says it in words.
  base::Error AsError() const;
};

// The name and its arguments, any bytes.
using RedisCommand = std::vector<std::string>;

struct RedisLogin {
  std::string username;  // "": the default user
  std::string password;  // "": no AUTH is sent, unless there is a username
  int database = 0;      // SELECT
  // When there is one, it is asked for the password at each login, so that a changed one is used by
  // the next connection; from any thread.
  std::function<base::Result<std::string>()> read_password = {};
};

struct RedisLimits {
  std::chrono::milliseconds connect{5'000};  // until the connection stands, login included
  std::chrono::milliseconds answer{5'000};   // until the answers to one call are there
  // Of one reply: what is over it is not read.
  std::size_t reply_bytes = 256U << 20;
  std::size_t reply_elements = 100'000;
};

// Told how many bytes the replies to one call will take at most so far, before they are taken; not
// while they are small. A failure ends the call with it.
using ReplyRoom = std::function<base::Result<void>(std::size_t bytes)>;

// Used by one thread at a time. Connects when it is first asked, and again after a failure. The
// password is in no error.
class RedisClient {
 public:
  RedisClient(ConnectStream connect, RedisLogin login, const RedisLimits& limits);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Sends the commands in one piece and reads a reply for each, in order; errors of the server are
  // replies. `wait` is added to the limit of an answer: for commands that block. Fails with
  // kUnavailable (no connection, the server went away), kRequestTimeout, kCancelled, kIo (what came
  // is no RESP), kTooLarge (a reply over a limit), kConfig (the login was refused, the password
  // cannot be read), kOverloaded (no memory, which it may throw as well). After a failure or an
  // exception the connection is closed; what was sent may have been done or not. Without commands
  // it connects, if need be, and sends nothing but the login.
  base::Result<std::vector<RedisReply>> Ask(std::span<const RedisCommand> commands,
                                            const base::Allowance& allowance = {},
                                            std::chrono::milliseconds wait = {},
                                            const ReplyRoom& room = {});
  base::Result<RedisReply> Ask(const RedisCommand& command, const base::Allowance& allowance = {},
                               std::chrono::milliseconds wait = {}, const ReplyRoom& room = {});

  void Disconnect();
  bool connected() const { return stream_ != nullptr; }

 private:
  class Reader;

  base::Result<void> Connect(const base::Allowance& allowance);
  base::Result<void> LogIn(const base::Allowance& allowance);
  base::Result<std::vector<RedisReply>> Exchange(std::span<const RedisCommand> commands,
                                                 const base::Allowance& allowance,
                                                 const ReplyRoom& room = {});
  base::Result<RedisReply> ReadReply(const base::Allowance& allowance, const ReplyRoom& room);

  const ConnectStream connect_;
  const RedisLogin login_;
  const RedisLimits limits_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace sampleproc::net
