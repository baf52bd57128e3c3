// A real redis-server for one test: on a socket in a folder of its own, with an append-only file.
#pragma once

#include <string>
#include <vector>

#include "net/redis_client.h"
#include "support/temp_dir.h"

namespace sampleproc::testing {

class RedisServer {
 public:
  // Starts it and waits until it answers; fails the test when redis-server is not there.
  explicit RedisServer(std::vector<std::string> options = {});
  // Ends it.
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void Stop();   // with kill -9
  void Start();  // again, with what its file has

  net::ConnectStream Connect() const;

  // What it answers to a command of the test; fails the test when it does not.
  net::RedisReply Ask(const net::RedisCommand& command);

 private:
  void AwaitReady();

  TempDir dir_;
  const std::vector<std::string> options_;
  int pid_ = -1;
  net::RedisClient client_;
};

}  // namespace sampleproc::testing
