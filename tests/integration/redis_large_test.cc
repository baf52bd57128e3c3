// Entries of every shape, and answers that do not arrive: none stops another, none counts falsely.
#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

void AddFields(RedisServer& server, const std::vector<std::string>& fields) {
  net::RedisCommand command = {"XADD", "frames:ready:p", "*"};
  command.insert(command.end(), fields.begin(), fields.end());
  REQUIRE(server.Ask(command).kind == RedisReply::Kind::kText);
}

std::vector<std::string> Many(const std::string& id, int pairs) {
  std::vector<std::string> fields = {"frame_id", id};
  for (int i = 0; i < pairs; ++i) fields.insert(fields.end(), {"k" + std::to_string(i), "v"});
  fields.insert(fields.end(), {"frame_data", "\xFF\xD8 bytes"});
  return fields;
}

TEST_CASE("an entry of any shape ends in the dead letters, cut down if it must be") {
  RedisServer server;
  AddFields(server, Many("few", 3'000));
  AddFields(server, Many("many", 4'100));
  AddFields(server, Many("masses", 100'000));
  AddFields(server, {std::string("\0\xFF\r\n", 4), std::string("\xFF\0", 2)});
  AddFields(server, {"", ""});
  AddFields(server, {"dlq_reason", "forged", "dlq_replays", "2", "frame_id", "again"});
  const auto source = MakeSource(server, "c1");
  std::set<std::string> seen;
  for (const Delivery& each : PullSome(*source, 6)) {
    seen.insert(each.entry.frame_id);
    CHECK(Settle(*source, each, Ending::kDead, "invalid-frame"));
  }
  CHECK(seen.size() == 6);
  CHECK(seen.contains("masses"));
  CHECK(PendingCount(server) == 0);
  CHECK(server.Ask({"XLEN", "frames:ready:p"}).integer == 0);
  std::map<std::string, std::map<std::string, std::string>> letters;
  std::size_t nameless = 0;
  for (const auto& letter : Stream(server, "frames:dlq:p")) {
    CHECK(letter.at("dlq_reason") == "invalid-frame");
    if (letter.contains("frame_id")) letters[letter.at("frame_id")] = letter;
    if (!letter.contains("frame_id")) ++nameless;
  }
  CHECK(nameless == 2);
  CHECK(letters.at("few").size() == 3'002 + 5);
  CHECK_FALSE(letters.at("few").contains("dlq_truncated"));
  // Of a frame with too many fields, what counts is kept.
  CHECK(letters.at("many").at("frame_data") == "\xFF\xD8 bytes");
  CHECK(letters.at("many").at("dlq_truncated") == "202");
  CHECK(letters.at("masses").at("frame_data") == "\xFF\xD8 bytes");
  CHECK(letters.at("masses").contains("dlq_truncated"));
  CHECK(letters.at("again").at("dlq_replays") == "2");
}

TEST_CASE("dead letters take no more memory than they may") {
  RedisServer server;
  RedisOptions options = StreamOptions();
  options.dlq_max_bytes = 4 << 20;
  const auto source = MakeSource(server, "c1", options);
  const auto die = [&](std::size_t bytes) {
    AddFields(server, {"frame_id", std::to_string(bytes), "frame_data", std::string(bytes, 'x')});
    CHECK(Settle(*source, PullSome(*source, 1)[0], Ending::kDead, "invalid-frame"));
    CHECK(server.Ask({"MEMORY", "USAGE", "frames:dlq:p", "SAMPLES", "0"}).integer <
          5 << 20);  // what the allocator rounds up to
  };
  for (int i = 0; i < 40; ++i) die(300'000);
  CHECK(server.Ask({"XLEN", "frames:dlq:p"}).integer > 5);
  die(8 << 20);  // no letter takes more than a quarter
  const auto letters = Stream(server, "frames:dlq:p");
  CHECK(letters.back().at("frame_id") == std::to_string(8 << 20));
  CHECK(letters.back().at("dlq_truncated") == "1");
  for (int i = 0; i < 300; ++i) die(1'000);
  CHECK(PendingCount(server) == 0);
}

TEST_CASE("an entry that is too large to be pulled stops none of its neighbours") {
  RedisServer server;
  net::RedisLimits limits = kPatient;
  limits.reply_bytes = 100'000;
  limits.reply_elements = 1'000;
  const auto source = MakeSource(server, "c1", StreamOptions(), base::SystemClock(), limits);
  std::set<std::string> good;
  for (int i = 0; i < 5; ++i) {
    Add(server, "good-" + std::to_string(i));
    good.insert("good-" + std::to_string(i));
    AddFields(server, Many("wide-" + std::to_string(i), 2'000));
    AddFields(server, {"frame_id", "long-" + std::to_string(i), "x", std::string(200'000, 'x')});
  }
  std::set<std::string> done;
  for (const Delivery& each : PullSome(*source, 15)) {
    CHECK(each.deliveries == 1);
    if (each.broken) {
      CHECK(each.broken->code == base::ErrorCode::kTooLarge);
      CHECK(Settle(*source, each, Ending::kDead, "too-large"));
    } else {
      done.insert(each.entry.frame_id);
      CHECK(Settle(*source, each, Ending::kDone));
    }
  }
  CHECK(done == good);
  CHECK(PendingCount(server) == 0);
  std::set<std::string> dead;
  for (const auto& letter : Stream(server, "frames:dlq:p")) dead.insert(letter.at("frame_id"));
  CHECK(dead.size() == 10);
  // Reads of batches again.
  for (int i = 0; i < 10; ++i) Add(server, "more");
  std::size_t pulls = 0;
  for (std::size_t got = 0; got < 10; ++pulls) {
    const auto frames = source->Pull(10).value();
    for (const Delivery& each : frames) CHECK(Settle(*source, each, Ending::kDone));
    got += frames.size();
  }
  CHECK(pulls < 6);
}

// A connection that ends instead of answering when a command of this name was sent.
class Cut final : public net::Stream {
 public:
  Cut(std::unique_ptr<net::Stream> inner, std::atomic<int>& cuts, std::string word)
      : inner_(std::move(inner)), cuts_(cuts), word_(std::move(word)) {}
  base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    cut_ = bytes.find(word_) != std::string_view::npos && cuts_.fetch_sub(1) > 0;
    return inner_->Write(bytes, allowance);
  }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    auto got = inner_->Read(room, allowance);
    if (cut_) return base::Fail(base::ErrorCode::kUnavailable, "cut");
    return got;
  }

 private:
  const std::unique_ptr<net::Stream> inner_;
  std::atomic<int>& cuts_;
  const std::string word_;
  bool cut_ = false;
};

net::ConnectStream Cutting(const RedisServer& server, std::atomic<int>& cuts, std::string word) {
  return [connect = server.Connect(), &cuts, word = std::move(word)](
             const base::Allowance& allowance) -> base::Result<std::unique_ptr<net::Stream>> {
    auto stream = connect(allowance);
    if (!stream) return stream;
    return std::make_unique<Cut>(std::move(*stream), cuts, word);
  };
}

TEST_CASE("a hand-out whose answer is lost comes again at once, and is no attempt") {
  RedisServer server;
  std::atomic<int> cuts = 0;
  RedisSource source({.connect = Cutting(server, cuts, "XREADGROUP"),
                      .login = {},
                      .clock = base::SystemClock(),
                      .consumer = "c1",
                      .processor_id = "p"},
                     StreamOptions(), frame::Options{});
  REQUIRE(source.Pull(1).value().empty());
  Add(server, "a");
  for (int i = 0; i < 8; ++i) {
    cuts = 1;
    CHECK_FALSE(source.Pull(10));
    const auto frames = PullSome(source, 1);
    CHECK(frames[0].entry.frame_id == "a");
    CHECK(frames[0].deliveries == 1);
    CHECK(Settle(source, frames[0], Ending::kDone));
    Add(server, "a");
  }
}

TEST_CASE("claims whose answers are lost are no attempts, those that arrive are") {
  RedisServer server;
  Add(server, "a");
  LetOneDieOver(server);
  const RedisOptions options = StreamOptions(milliseconds(20));
  int expected = 2;
  for (const char* word : {"'XINFO'", "RETRYCOUNT', ARGV[4]"}) {  // kTakeScript, kTouchScript
    std::atomic<int> cuts = 4;  // more, and each try comes later than the one before
    {
      RedisSource source({.connect = Cutting(server, cuts, word),
                          .login = {},
                          .clock = base::SystemClock(),
                          .consumer = std::string("c") + std::to_string(expected),
                          .processor_id = "p"},
                         options, frame::Options{});
      const auto frames = PullSome(source, 1);
      CHECK(frames[0].deliveries == expected++);
      CHECK_FALSE(frames[0].broken);
    }  // which dies over it
  }
}

}  // namespace
}  // namespace sampleproc::consumer
