#include "support/redis_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

extern char** environ;

namespace sampleproc::testing {

RedisServer::RedisServer(std::vector<std::string> options)
    : options_(std::move(options)),
      client_(Connect(), {},
              {.connect = std::chrono::minutes(2), .answer = std::chrono::minutes(2)}) {
  Start();
}

RedisServer::~RedisServer() { Stop(); }

void RedisServer::Start() {
  std::vector<std::string> words = {"redis-server",
                                    "--port",
                                    "0",
                                    "--unixsocket",
                                    (dir_.path() / "s").string(),
                                    "--dir",
                                    dir_.path().string(),
                                    "--appendonly",
                                    "yes",
                                    "--appendfsync",
                                    "always",  // else a write may be late, and lost with kill -9
                                    "--save",
                                    "",
                                    "--logfile",
                                    (dir_.path() / "log").string()};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  INFO("redis-server cannot be started; packaging/install-deps.sh installs it");
  // Nothing of ours: whoever reads what a test says would wait for a server that it left behind.
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  for (int each = 0; each < 3; ++each) {
    ::posix_spawn_file_actions_addopen(&files, each, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&files, 3);
  const int failed =
      ::posix_spawnp(&pid_, "redis-server", &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  REQUIRE(failed == 0);
  AwaitReady();
}

void RedisServer::Stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  client_.Disconnect();
}

void RedisServer::AwaitReady() {
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(120));
  while (true) {
    const auto reply = client_.Ask(net::RedisCommand{"PING"});
    // One that wants a password is ready too.
    if (reply && !reply->IsError("LOADING")) return;
    REQUIRE_FALSE(deadline.Expired());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

net::ConnectStream RedisServer::Connect() const {
  return [path = (dir_.path() / "s").string()](const base::Allowance& allowance) {
    return net::Connect(net::Endpoint{.host = "", .unix_socket = path}, allowance);
  };
}

net::RedisReply RedisServer::Ask(const net::RedisCommand& command) {
  auto reply = client_.Ask(command);
  REQUIRE(reply);
  return std::move(*reply);
}

}  // namespace sampleproc::testing
