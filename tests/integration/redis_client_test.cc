#include "net/redis_client.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "support/redis_server.h"

namespace sampleproc::net {
namespace {

using testing::RedisServer;
using Kind = RedisReply::Kind;

// Bytes that a server sends once, whatever it is asked.
class Canned final : public Stream {
 public:
  explicit Canned(std::string bytes) : bytes_(std::move(bytes)) {}
  base::Result<void> Write(std::string_view, const base::Allowance&) override { return {}; }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance&) override {
    const std::size_t size = std::min({room.size(), bytes_.size(), std::size_t{7}});
    bytes_.copy(room.data(), size);
    bytes_.erase(0, size);
    return size;
  }

 private:
  std::string bytes_;
};

base::Result<RedisReply> Answered(const std::string& bytes, const RedisLimits& limits = {}) {
  RedisClient client(
      [&](const base::Allowance&) -> base::Result<std::unique_ptr<Stream>> {
        return std::make_unique<Canned>(bytes);
      },
      {}, limits);
  return client.Ask(RedisCommand{"PING"});
}

TEST_CASE("a real server's replies of every kind are read") {
  RedisServer server;
  CHECK(server.Ask({"PING"}).text == "PONG");
  CHECK(server.Ask({"GET", "nothing"}).IsNil());
  const std::string bytes("a\0b\r\n\xFF", 6);
  CHECK(server.Ask({"SET", "key", bytes}).kind == Kind::kStatus);
  CHECK(server.Ask({"GET", "key"}).text == bytes);
  CHECK(server.Ask({"INCR", "number"}).integer == 1);
  CHECK(server.Ask({"INCR", "key"}).IsError("ERR"));
  const RedisReply nested = server.Ask({"EVAL", "return {1, {'two', {}}, false}", "0"});
  REQUIRE(nested.elements.size() == 3);
  CHECK(nested.elements[0].integer == 1);
  CHECK(nested.elements[1].elements[0].text == "two");
  CHECK(nested.elements[1].elements[1].kind == Kind::kArray);
  CHECK(nested.elements[2].IsNil());
}

TEST_CASE("commands sent together are answered in order") {
  RedisServer server;
  RedisClient client(server.Connect(), {}, {});
  const std::vector<RedisCommand> commands = {
      {"SET", "a", std::string(1 << 20, 'x')}, {"STRLEN", "a"}, {"NONSENSE"}, {"ECHO", "end"}};
  const auto replies = client.Ask(commands);
  REQUIRE(replies);
  CHECK((*replies)[1].integer == 1 << 20);
  CHECK((*replies)[2].kind == Kind::kError);
  CHECK((*replies)[3].text == "end");
}

TEST_CASE("the login is checked at the connection and the password is in no error") {
  RedisServer server({"--requirepass", "s3cret"});
  RedisClient right(server.Connect(), {.username = "default", .password = "s3cret"}, {});
  CHECK(right.Ask(RedisCommand{"PING"}).value().text == "PONG");
  RedisClient wrong(server.Connect(), {.username = {}, .password = "hunter2"}, {});
  const auto refused = wrong.Ask(RedisCommand{"PING"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kConfig);
  CHECK(refused.error().message.find("hunter2") == std::string::npos);
  RedisClient without(server.Connect(), {}, {});
  CHECK(without.Ask(RedisCommand{"PING"}).value().IsError("NOAUTH"));
}

TEST_CASE("a user that needs no password is logged in all the same") {
  RedisServer server;
  server.Ask({"ACL", "SETUSER", "reader", "on", "nopass", "~*", "+@all"});
  RedisClient client(server.Connect(), {.username = "reader", .password = {}}, {});
  CHECK(client.Ask(RedisCommand{"ACL", "WHOAMI"}).value().text == "reader");
  RedisClient unknown(server.Connect(), {.username = "nobody", .password = {}}, {});
  const auto refused = unknown.Ask(RedisCommand{"PING"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kConfig);
}

TEST_CASE("each connection reads the password again, and works in its database") {
  RedisServer server({"--requirepass", "first"});
  std::string password = "first";
  RedisLogin login;
  login.database = 3;
  login.read_password = [&]() -> base::Result<std::string> {
    if (password.empty()) return base::Fail(base::ErrorCode::kConfig, "there is no password");
    return password;
  };
  RedisClient client(server.Connect(), login, {});
  REQUIRE(client.Ask(RedisCommand{"SET", "key", "in 3"}));
  REQUIRE(client.Ask(RedisCommand{"CONFIG", "SET", "requirepass", "second"}));
  password = "second";
  client.Disconnect();
  CHECK(client.Ask(RedisCommand{"GET", "key"}).value().text == "in 3");
  password.clear();
  client.Disconnect();
  CHECK(client.Ask(RedisCommand{"GET", "key"}).error().message == "there is no password");
  RedisClient first(server.Connect(), {.username = {}, .password = "second"}, {});
  CHECK(first.Ask(RedisCommand{"GET", "key"}).value().IsNil());
  RedisClient none(server.Connect(), {.username = {}, .password = "second", .database = 99}, {});
  const auto refused = none.Ask(RedisCommand{"PING"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kConfig);
  CHECK(refused.error().message.find("consumer.redis.db") != std::string::npos);
}

TEST_CASE("an error says what ends it, and repeats nothing of what was sent") {
  const auto meaning = [](const std::string& text) {
    return Answered('-' + text + "\r\n")->AsError();
  };
  const auto moved = meaning("MOVED 3999 10.0.0.7:6381");
  CHECK(moved.code == base::ErrorCode::kConfig);
  CHECK(moved.message.find("cluster") != std::string::npos);
  CHECK(moved.message.ends_with("(10.0.0.7:6381)"));
  CHECK(meaning("MOVED 3999 \"secret\"").message.find("secret") == std::string::npos);
  CHECK(meaning("CROSSSLOT Keys in request don't hash to the same slot").message.find("hash tag") !=
        std::string::npos);
  CHECK(meaning("ERR unknown command 'XREADGROUP', with args beginning with: 'secret'")
            .message.find("Sentinel") != std::string::npos);
  CHECK(meaning("ERR value is not an integer, 'secret'").message.find("secret") ==
        std::string::npos);
  CHECK(meaning("READONLY You can't write against a read only replica.").code ==
        base::ErrorCode::kUnavailable);
  // As Redis 6 tells of an error within a script.
  CHECK(
      meaning("ERR Error running script (call to f_0): @user_script:3: WRONGTYPE Operation").code ==
      base::ErrorCode::kConfig);
}

TEST_CASE("a client survives its server") {
  RedisServer server;
  RedisClient client(server.Connect(), {}, {});
  REQUIRE(client.Ask(RedisCommand{"SET", "key", "kept"}));
  server.Stop();
  CHECK(client.Ask(RedisCommand{"PING"}).error().code == base::ErrorCode::kUnavailable);
  CHECK(client.Ask(RedisCommand{"PING"}).error().code == base::ErrorCode::kUnavailable);
  server.Start();
  CHECK(client.Ask(RedisCommand{"GET", "key"}).value().text == "kept");
}

TEST_CASE("who waits for a reply can be told to stop, or does not wait long") {
  RedisServer server;
  RedisClient client(server.Connect(), {}, {});
  const RedisCommand never = {"BLPOP", "nothing", "0"};
  const base::Allowance allowance;
  const std::jthread cancelling([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    allowance.cancel.Cancel();
  });
  const auto cancelled = client.Ask(never, allowance, std::chrono::hours(1));
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == base::ErrorCode::kCancelled);
  CHECK_FALSE(client.connected());
  const auto late = client.Ask(never, base::Allowance().Within(std::chrono::milliseconds(20)));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == base::ErrorCode::kRequestTimeout);
}

TEST_CASE("what is no reply, or over a limit, ends the connection and takes no memory") {
  using base::ErrorCode;
  CHECK(Answered("+PONG\r\n").value().text == "PONG");
  CHECK(Answered("*2\r\n:1\r\n$-1\r\n").value().elements[1].IsNil());
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n", "*2\r\n:1\r\nx\r\n", "$x\r\n"}) {
    CAPTURE(bytes);
    CHECK(Answered(bytes).error().code == ErrorCode::kIo);
  }
  for (const char* bytes : {"*1000000000\r\n", "*100001\r\n"}) {
    CAPTURE(bytes);
    CHECK(Answered(bytes).error().code == ErrorCode::kTooLarge);
  }
  CHECK(Answered("").error().code == ErrorCode::kUnavailable);
  CHECK(Answered("*2\r\n:1\r\n").error().code == ErrorCode::kUnavailable);
  CHECK(Answered("$99\r\nshort").error().code == ErrorCode::kUnavailable);
  const RedisLimits small{.reply_bytes = 50, .reply_elements = 3};
  CHECK(Answered("$40\r\n" + std::string(40, 'x') + "\r\n", small));
  CHECK(Answered("$60\r\n" + std::string(60, 'x') + "\r\n", small).error().code ==
        ErrorCode::kTooLarge);
  CHECK(Answered("*2\r\n*1\r\n:1\r\n:2\r\n", small));
  CHECK(Answered("*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n", small).error().code == ErrorCode::kTooLarge);
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "*1\r\n";
  CHECK(Answered(deep).error().code == ErrorCode::kIo);
}

}  // namespace
}  // namespace sampleproc::net
