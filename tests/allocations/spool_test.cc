// What a frame buffer has handed out and is written down gets done, whichever allocation fails.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <new>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "allocations/fail_nth.h"
#include "consumer/sources/http_source.h"
#include "support/http_upstream.h"
#include "unit/consumer/spool_bench.h"

namespace sampleproc::consumer {
namespace {

const std::set<std::string> kIds = {"a", "b", "c"};

std::string AnswerOf(std::size_t pixels) {
  std::string body = R"({"frames":[)";
  for (const std::string& id : kIds) {
    if (id != "a") body += ",";
    body += R"({"frame_id":")" + id + R"(","camera_id":"c","frame_data":")" +
            std::string(pixels, 'A') + R"("})";
  }
  return body + "]}";
}

// A frame buffer that says `first` to its first request, and has no frames for the others.
struct Bench {
  explicit Bench(std::string first)
      : upstream([first = std::move(first)](int request) {
          return test::Ok(request == 0 ? first : R"({"frames":[]})");
        }),
        client(
            *net::ParseUrl("http://127.0.0.1:" + std::to_string(upstream.port())), options,
            [](const std::string& host, const base::Allowance&) {
              return base::Result<std::vector<std::string>>({host});
            },
            base::SystemClock()),
        source(client, std::chrono::seconds(20), frame::Options{}, &*life.keeper, nullptr) {}

  // All that come now; suspects, each of which comes alone, end at once.
  std::vector<Delivery> PullAll(Ending of_suspects = Ending::kDone) {
    std::vector<Delivery> all;
    for (;;) {
      auto pulled = source.Pull(10);
      if (!pulled || pulled->empty()) return all;
      for (Delivery& each : *pulled) all.push_back(std::move(each));
      if (all.back().deliveries > 1) Settle(all.back().ticket, of_suspects);
    }
  }
  void Settle(std::uint64_t ticket, Ending ending) {
    source.Settle({.ticket = ticket, .ending = ending, .frame_id = {}, .record = {}}, [](bool) {});
  }
  void RetryIsDue() {
    life.RetryIsDue();
    problems = life.Problems();
  }
  // All frames that are to come, each of which is done; they may be the `first` ones.
  std::set<std::string> DoAll(std::vector<Delivery> first = {}) {
    std::set<std::string> ids;
    for (int round = 0; round < 8; ++round) {
      for (const Delivery& each : first) {
        ids.insert(each.entry.frame_id);
        Settle(each.ticket, Ending::kDone);
      }
      RetryIsDue();
      first = PullAll();
    }
    return ids;
  }
  bool HasAnswer() const {
    const Strings files = Files(dir);
    return std::ranges::any_of(files, [](const auto& name) { return name.ends_with(".json"); });
  }

  testing::TempDir dir;
  Life life{dir};
  Strings problems;
  test::Upstream upstream;
  net::Options options;
  net::HttpClient client;
  HttpSource source;
};

// The n-th allocation of `work` fails; whether there was one. What it throws is of no account.
template <typename Work>
bool Fail(int nth, Work work) {
  test::FailAllocation(nth);
  try {
    work();
  } catch (const std::bad_alloc&) {
    return test::AllocationFailed();
  }
  return test::AllocationFailed();
}

void FailEachOfPull(std::size_t pixels) {
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    INFO("allocation " << nth);
    Bench bench(AnswerOf(pixels));
    std::vector<Delivery> came;
    failed = Fail(nth, [&] {
      auto pulled = bench.source.Pull(3);
      if (pulled) came = std::move(*pulled);
    });
    const bool is_written = bench.HasAnswer();
    if (!is_written && came.empty()) continue;  // the buffer has handed it out to nobody
    REQUIRE(is_written);
    // They come back from whoever has them by now, and are done when they come again.
    if (came.empty()) {
      bench.RetryIsDue();
      came = bench.PullAll(Ending::kReturned);
    }
    for (const Delivery& each : came) bench.Settle(each.ticket, Ending::kReturned);
    bench.RetryIsDue();
    CHECK(bench.DoAll(bench.PullAll()) == kIds);
    CHECK(Files(bench.dir) == Strings{"lock"});
    CHECK(bench.problems.empty());
  }
}

TEST_CASE("an allocation of a pull that fails leaves no frame in nobody's hands") {
  SECTION("a short answer is written down when its frames are known") { FailEachOfPull(40); }
  SECTION("a long one before anything else") { FailEachOfPull(4'000); }
}

TEST_CASE("an allocation that fails over what is no answer leaves no answer") {
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    INFO("allocation " << nth);
    Bench bench("<html>" + std::string(5'000, ' ') + "</html>");
    failed = Fail(nth, [&] { (void)bench.source.Pull(3); });
    for (int i = 0; i < 3; ++i) {
      CHECK(bench.PullAll().empty());
      bench.RetryIsDue();
    }
    CHECK_FALSE(bench.HasAnswer());
    // A later look may have found out that it is none.
    if (!bench.problems.empty()) CHECK(bench.problems == Strings{"torn"});
  }
}

TEST_CASE("an allocation of a settlement that fails loses no frame") {
  for (const Ending ending : {Ending::kDone, Ending::kReturned}) {
    for (const std::size_t which : {0U, 2U}) {
      bool failed = true;
      for (int nth = 1; failed; ++nth) {
        INFO("allocation " << nth << " of " << static_cast<int>(ending) << " of " << which);
        Bench bench(AnswerOf(40));
        const auto frames = bench.source.Pull(3);
        REQUIRE(frames);
        REQUIRE(frames->size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
          if (i != which) bench.Settle((*frames)[i].ticket, Ending::kDone);
        }
        const std::uint64_t ticket = (*frames)[which].ticket;
        failed = Fail(nth, [&] { bench.Settle(ticket, ending); });
        const auto again = bench.DoAll();
        const std::set<std::string> returned = {(*frames)[which].entry.frame_id};
        CHECK(again == (ending == Ending::kReturned ? returned : std::set<std::string>()));
        CHECK(Files(bench.dir) == Strings{"lock"});
        CHECK(bench.problems.empty());
      }
    }
  }
}

TEST_CASE("an allocation that fails over what an earlier process has left loses none of it") {
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    INFO("allocation " << nth);
    const testing::TempDir dir;
    Life(dir).Pull({"a", "b"});
    Life life(dir);
    std::optional<Delivery> left;
    failed = Fail(nth, [&] { left = life.keeper->NextLeft(1); });
    if (left) life.End(1);
    Strings came;
    if (left) came.push_back(left->entry.frame_id + " 2");
    life.next_ticket = 2;
    for (std::string next = life.Next(); !next.empty(); next = life.Next()) {
      came.push_back(next);
      life.End(life.last);
    }
    CHECK(came == Strings{"a 2", "b 2"});
    CHECK(life.Problems().empty());
    CHECK(Files(dir) == Strings{"lock"});
  }
}

TEST_CASE("an allocation that fails over a torn answer leaves it to be set aside") {
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    INFO("allocation " << nth);
    const testing::TempDir dir;
    {
      const Life life(dir);
    }
    (void)dir.Write("spool/1.json", R"({"frames":[{"frame_id")");
    Life life(dir);
    failed = Fail(nth, [&] { (void)life.keeper->NextLeft(1); });
    CHECK(life.Next().empty());
    life.RetryIsDue();
    CHECK(life.Problems() == Strings{"torn"});
    CHECK(Files(dir) == Strings{"1.json.torn", "lock"});
  }
}

}  // namespace
}  // namespace sampleproc::consumer
