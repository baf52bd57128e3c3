// What a server of Redis, or something in its place, says: whatever arrives, there are replies or
// an error, and a connection that failed is closed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "net/redis_client.h"

namespace {

namespace net = sampleproc::net;
using sampleproc::base::Allowance;
using sampleproc::base::Result;

// Takes whatever is written and has the input for an answer, a few bytes at a time.
class Answers final : public net::Stream {
 public:
  explicit Answers(std::string_view left) : left_(left) {}
  Result<void> Write(std::string_view, const Allowance&) override { return {}; }
  Result<std::size_t> Read(std::span<char> room, const Allowance&) override {
    const std::size_t size = std::min({room.size(), left_.size(), left_.size() % 7 + 1});
    std::copy_n(left_.data(), size, room.data());
    left_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view left_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  net::RedisLimits limits;
  limits.reply_bytes = 4096;
  limits.reply_elements = 64;
  net::RedisClient client(
      [text](const Allowance&) -> Result<std::unique_ptr<net::Stream>> {
        return std::make_unique<Answers>(text);
      },
      {}, limits);
  const net::RedisCommand commands[] = {{"PING"}, {"PING"}};
  const auto replies = client.Ask(commands);
  if (replies && replies->size() != 2) std::abort();
  if (!replies && client.connected()) std::abort();
  if (!replies && replies.error().message.empty()) std::abort();
  return 0;
}
