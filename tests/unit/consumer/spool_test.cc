#include "consumer/sources/spool.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "unit/consumer/spool_bench.h"

namespace sampleproc::consumer {
namespace {

namespace fs = std::filesystem;

TEST_CASE("an answer is on disk until each of its frames is done") {
  const testing::TempDir dir;
  Life life(dir);
  const auto tickets = life.Pull({"a", "b", "c"});
  CHECK(Files(dir) == Strings{"1.json", "lock"});
  CHECK(life.spool->bytes() > 0);
  life.End(tickets[1]);
  life.End(tickets[0], Ending::kDropped);
  CHECK(Files(dir) == Strings{"1.json", "1.log", "lock"});
  life.End(tickets[2], Ending::kDead);
  CHECK(Files(dir) == Strings{"lock"});
  CHECK(life.spool->bytes() == 0);
  life.End(12345);  // one that was never written down
}

TEST_CASE("what a crash has left comes back one at a time, without what was done") {
  const testing::TempDir dir;
  {
    Life life(dir);
    life.End(life.Pull({"a", "b", "c"})[1]);
    life.Pull({"d"});
  }
  Life life(dir);
  CHECK(life.Next() == "a 2");
  const auto a = life.last;
  CHECK(life.Next().empty());
  const auto fresh = life.Pull({"e"});
  life.End(a);
  CHECK(life.Next() == "c 2");
  life.End(life.last);
  CHECK(life.Next() == "d 2");
  CHECK(Files(dir) == Strings{"2.json", "2.log", "3.json", "lock"});
  life.End(life.last);
  life.End(fresh[0]);
  CHECK(Files(dir) == Strings{"lock"});
  CHECK(life.Next().empty());
}

TEST_CASE(
    "a frame that ends the process is broken after five tries in all, and costs no other one") {
  const testing::TempDir dir;
  {
    Life(dir).Pull({"poison", "good"});
  }
  for (int tries = 0; tries < SpoolKeeper::kMostTries; ++tries) {
    Life life(dir);
    CHECK(life.Next() == "poison " + std::to_string(tries + 2));
  }
  Life life(dir);
  CHECK(life.Next() == "poison 6!");
  life.End(life.last, Ending::kDead);
  CHECK(life.Next() == "good 2");
  life.End(life.last);
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("a stop is no try") {
  const testing::TempDir dir;
  {
    Life(dir).Pull({"a"});
  }
  for (int stops = 0; stops < 10; ++stops) {
    Life life(dir);
    REQUIRE(life.Next() == "a 2");
    life.End(life.last, Ending::kReturned);
  }
}

TEST_CASE("what holds no frames is set aside under a telling name, told, and never deleted") {
  const testing::TempDir dir;
  const std::string torn = "{\"frames\":[{\"frame_id\":\"pre";
  (void)dir.Write("spool/7.json", torn);
  (void)dir.Write("spool/7.log", "try 0\n");
  (void)dir.Write("spool/9.json", "{\"frames\":[" + Life::FrameJson("a") + "]}");
  (void)dir.Write("spool/notes.txt", "x");
  std::string seven;
  {
    Life life(dir);
    const std::uint64_t all = life.spool->bytes();
    CHECK(life.Next() == "a 2");
    CHECK(life.Problems() == Strings{"torn"});
    CHECK(life.conditions.List()[0].reason.find("spool/7.json.torn: ") != std::string::npos);
    life.End(life.last);
    CHECK(life.spool->bytes() == torn.size());  // it counts: what we keep is bounded
    CHECK(all > torn.size());
    CHECK(Files(dir) == Strings{"7.json.torn", "7.log.torn", "lock", "notes.txt"});
  }
  Life life(dir);
  CHECK(life.Problems() == Strings{"torn"});  // until somebody has looked
  CHECK(life.Next().empty());
  CHECK(life.Pull({"b"}).size() == 1);
  CHECK(Files(dir) == Strings{"7.json.torn", "7.log.torn", "8.json", "lock", "notes.txt"});
  fs::remove(dir.path() / "spool" / "7.json.torn");
  life.RetryIsDue();
  CHECK(life.Problems().empty());
}

TEST_CASE("a file that an earlier version had not renamed yet is taken when it is whole") {
  const testing::TempDir dir;
  (void)dir.Write("spool/3.tmp", "{\"frames\":[" + Life::FrameJson("whole") + "]}");
  (void)dir.Write("spool/4.tmp", "{\"frames\":[");
  (void)dir.Write("spool/5.tmp", "");
  Life life(dir);
  CHECK(life.Next() == "whole 2");
  life.End(life.last);
  CHECK(life.Next().empty());
  CHECK(Files(dir) == Strings{"4.json.torn", "lock"});
}

TEST_CASE("what cannot be read stays, is told, and is done when it can be read") {
  const testing::TempDir dir;
  fs::create_directories(dir.path() / "spool" / "1.json");  // reading it fails, for root too
  (void)dir.Write("spool/2.json", "{\"frames\":[" + Life::FrameJson("b") + "]}");
  (void)dir.Write("spool/3.json", "{\"frames\":[" + Life::FrameJson("c") + "]}");
  fs::create_directories(dir.path() / "spool" / "3.log");
  Life life(dir);
  CHECK(life.Next() == "b 2");
  life.End(life.last);
  CHECK(life.Next().empty());
  CHECK(life.Problems() == Strings{"read"});
  CHECK(life.conditions.List()[0].reason.find("spool/1.json: Is a directory, and 1 more") !=
        std::string::npos);
  CHECK(Files(dir) == Strings{"1.json", "3.json", "3.log", "lock"});
  fs::remove(dir.path() / "spool" / "3.log");
  fs::remove(dir.path() / "spool" / "1.json");
  (void)dir.Write("spool/1.json", "{\"frames\":[" + Life::FrameJson("a") + "]}");
  CHECK(life.Next().empty());  // it is not looked at all the time
  life.RetryIsDue();
  CHECK(life.Problems() == Strings{"read"});
  Strings next{life.Next()};
  life.End(life.last);
  next.push_back(life.Next());
  life.End(life.last);
  CHECK(next == Strings{"a 2", "c 2"});
  CHECK(life.Problems().empty());
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("what an upstream sends in place of frames is evidence and fills no spool") {
  const testing::TempDir dir;
  constexpr std::uint64_t kMost = 8'000;  // a share of 1000
  {
    Life life(dir, kMost);
    const auto keep = [&life](std::size_t bytes) {
      auto answer = life.keeper->Write(std::string(bytes, '<'));
      REQUIRE(answer);
      return life.keeper->KeepUnusable(*answer);
    };
    for (int i = 0; i < 20; ++i) CHECK(keep(200).ends_with(".json.unusable"));
    CHECK(Files(dir) == Strings{"17.json.unusable", "18.json.unusable", "19.json.unusable",
                                "20.json.unusable", "lock"});
    for (int i = 0; i < 3; ++i) CHECK(keep(20'000).ends_with(".json.unusable"));
    CHECK(Files(dir) == Strings{"23.json.unusable", "lock"});
    CHECK(fs::file_size(dir.path() / "spool" / "23.json.unusable") == 1'000);
    CHECK_FALSE(life.keeper->Full());
    CHECK(life.spool->bytes() == 0);
    CHECK(life.Problems().empty());
  }
  Life life(dir, kMost);
  CHECK(life.spool->bytes() == 0);
  CHECK(life.Next().empty());
  CHECK(life.Pull({"a"}).size() == 1);
  CHECK(Files(dir) == Strings{"23.json.unusable", "24.json", "lock"});
}

TEST_CASE("an answer that could not be looked at is handed out later") {
  const testing::TempDir dir;
  Life life(dir);
  REQUIRE(life.keeper->Write("{\"frames\":[" + Life::FrameJson("a") + "]}"));
  CHECK(life.Next() == "a 2");
  life.End(life.last);
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("an answer that cannot be written down is told until one can") {
  const testing::TempDir dir;
  Life life(dir);
  fs::create_directories(dir.path() / "spool" / "1.json");  // in its way
  CHECK_FALSE(life.keeper->Write("{}"));
  CHECK(life.keeper->failures() == 1);
  CHECK(life.Problems() == Strings{"write"});
  CHECK(life.keeper->Write("{}"));
  CHECK(life.Problems().empty());
}

TEST_CASE("that answers can be written down again is found out without one") {
  const testing::TempDir dir;
  Life life(dir);
  fs::create_directories(dir.path() / "spool" / "1.json");
  fs::create_directories(dir.path() / "spool" / "probe");
  CHECK_FALSE(life.keeper->Write("{}"));
  life.RetryIsDue();
  CHECK(life.Problems() == Strings{"write"});
  fs::remove(dir.path() / "spool" / "1.json");
  fs::remove(dir.path() / "spool" / "probe");
  CHECK(life.Problems() == Strings{"write"});  // it is not tried all the time
  life.RetryIsDue();
  CHECK(life.Problems().empty());
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("a done answer that cannot be deleted is told, and done only once") {
  const testing::TempDir dir;
  {
    Life life(dir);
    const auto tickets = life.Pull({"a"});
    fs::remove(dir.path() / "spool" / "1.json");
    fs::create_directories(dir.path() / "spool" / "1.json");  // unlink(2) does not take it
    life.End(tickets[0]);
    CHECK(life.Problems() == Strings{"remove"});
    CHECK(Files(dir) == Strings{"1.json", "1.log", "lock"});
    life.RetryIsDue();
    CHECK(life.Problems() == Strings{"remove"});
  }
  fs::remove(dir.path() / "spool" / "1.json");
  (void)dir.Write("spool/1.json", "{\"frames\":[" + Life::FrameJson("a") + "]}");
  Life life(dir);
  CHECK(life.Next().empty());
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("lines that cannot be written are told until one can") {
  const testing::TempDir dir;
  Life life(dir);
  const auto tickets = life.Pull({"a", "b", "c"});
  fs::create_directories(dir.path() / "spool" / "1.log");
  life.End(tickets[0]);
  CHECK(life.Problems() == Strings{"notes"});
  fs::remove(dir.path() / "spool" / "1.log");
  life.End(tickets[1]);
  CHECK(life.Problems().empty());
}

TEST_CASE("a line that could not be written is written when it can be") {
  const testing::TempDir dir;
  Life life(dir);
  const auto tickets = life.Pull({"a", "b"});
  fs::create_directories(dir.path() / "spool" / "1.log");
  life.End(tickets[0]);
  life.RetryIsDue();
  CHECK(life.Problems() == Strings{"notes"});
  fs::remove(dir.path() / "spool" / "1.log");
  life.RetryIsDue();
  CHECK(life.Problems().empty());
  life.keeper.reset();
  life.spool.reset();
  Life next(dir);
  CHECK(next.Next() == "b 2");
}

TEST_CASE("a spool says when it is full, and belongs to one process") {
  const testing::TempDir dir;
  Life life(dir, 10);
  CHECK_FALSE(life.keeper->Full());
  const auto tickets = life.Pull({"a"});
  CHECK(life.keeper->Full());
  life.End(tickets[0]);
  CHECK_FALSE(life.keeper->Full());
  const std::string folder = (dir.path() / "spool").string();
  CHECK(Spool::Open(folder, 10).error().message ==
        "consumer.http.spool_dir, " + folder + ": another process uses it: give each its own");
}

TEST_CASE("a folder that cannot be a spool is said") {
  const testing::TempDir dir;
  const std::string file = dir.Write("file", "").string();
  const auto failed = Spool::Open(file, 10);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == base::ErrorCode::kConfig);
  CHECK(failed.error().message == "consumer.http.spool_dir, " + file + ": Not a directory");
  const std::string below = file + "/x";
  CHECK(Spool::Open(below, 10).error().message ==
        "consumer.http.spool_dir, " + below + ": Not a directory");
}

}  // namespace
}  // namespace sampleproc::consumer
