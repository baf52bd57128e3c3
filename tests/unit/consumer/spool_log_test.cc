#include "consumer/sources/spool_log.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "unit/consumer/spool_bench.h"

namespace sampleproc::consumer {
namespace {

namespace fs = std::filesystem;

std::uint64_t BytesOf(const testing::TempDir& dir) {
  std::uint64_t bytes = 0;
  for (const auto& each : fs::directory_iterator(dir.path() / "spool")) bytes += each.file_size();
  return bytes;
}

TEST_CASE("a log is read by its whole lines, and what is none means nothing") {
  const testing::TempDir dir;
  std::string text = "done 2\ntry 0\ntry 0\nback 1\ntry 1\nback 0\ndone 2\n";
  text += "done 1done 12\ndone -4\ndone\n\nundone 5\ndone 6 \ndone 99999999999999999999\n";
  text += std::string(100'000, '7') + "\ndone " + std::string(100, '0') + "8\ntry 3\ndone 1";
  const auto notes = ReadSpoolLog(dir.Write("log", text).string());
  REQUIRE(notes);
  CHECK(notes->done == std::set<std::size_t>{2});
  CHECK(notes->tries == std::map<std::size_t, int>{{0, 1}, {1, 1}, {3, 1}});
  CHECK(notes->Text() == "done 2\ntry 0\ntry 1\ntry 3\n");
  const auto none = ReadSpoolLog((dir.path() / "none").string());
  REQUIRE(none);
  CHECK(none->Text().empty());
  CHECK_FALSE(ReadSpoolLog(dir.path().string()));
}

TEST_CASE("the log of frames that come back for ever stays short, and counts") {
  const testing::TempDir dir;
  {
    Life life(dir);
    life.End(life.Pull({"a", "b", "c"})[1]);
  }
  for (int crashes = 0; crashes < 3; ++crashes) CHECK_FALSE(Life(dir).Next().empty());
  const fs::path log = dir.path() / "spool" / "1.log";
  Life life(dir);
  std::uint64_t longest = 0;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(life.Next() == "a 5");
    life.End(life.last, Ending::kReturned);
    REQUIRE(life.Next() == "c 2");
    life.End(life.last, Ending::kReturned);
    life.clock.Advance(SpoolKeeper::kRetry * 100);
    REQUIRE(life.Problems().empty());
    longest = std::max(longest, fs::file_size(log));
  }
  CHECK(longest > Spool::kShortLog / 2);
  CHECK(longest <= Spool::kShortLog + 100);
  CHECK(life.spool->bytes() == BytesOf(dir));
  life.keeper.reset();
  life.spool.reset();
  Life next(dir);
  CHECK(next.spool->bytes() == BytesOf(dir));
  CHECK(next.Next() == "a 5");  // no try is forgotten
  next.End(next.last);
  CHECK(next.Next() == "c 2");
  next.End(next.last);
  CHECK(next.spool->bytes() == 0);
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("many frames that are done make a long log, which is let alone") {
  const testing::TempDir dir;
  Strings ids;
  for (int i = 0; i < 2000; ++i) ids.push_back("f" + std::to_string(i));
  std::uint64_t bytes = 0;
  {
    Life life(dir);
    const auto tickets = life.Pull(ids);
    for (std::size_t i = 1; i < ids.size(); ++i) life.End(tickets[i]);
    bytes = fs::file_size(dir.path() / "spool" / "1.log");
    CHECK(bytes > 2 * Spool::kShortLog);
    CHECK(life.spool->bytes() == BytesOf(dir));
  }
  Life life(dir);
  CHECK(life.Next() == "f0 2");
  CHECK(life.Next().empty());
}

TEST_CASE("a log that has grown beyond all measure is read all the same, and made short") {
  const testing::TempDir dir;
  {
    Life(dir).Pull({"a", "b"});
  }
  const fs::path log = dir.path() / "spool" / "1.log";
  {
    std::ofstream lines(log);
    for (int i = 0; i < 10'000; ++i) lines << "try 1\nback 1\n";
    lines << "done 0\n";
  }
  fs::resize_file(log, std::uint64_t{300} << 20);  // a hole, which takes no room
  std::ofstream(log, std::ios::app) << "\ntry 1\n";
  Life life(dir);
  CHECK(life.keeper->Full());
  CHECK(life.Next() == "b 3");
  CHECK(life.Problems().empty());
  CHECK(fs::file_size(log) < 100);
  CHECK_FALSE(life.keeper->Full());
  life.End(life.last);
  CHECK(Files(dir) == Strings{"lock"});
}

// What is on the disk after each system call of writing a log anew.
TEST_CASE("a process that ends while it writes a log anew leaves it as it was") {
  const testing::TempDir dir;
  {
    Life(dir).Pull({"a", "b", "c"});
  }
  const std::string old = "try 1\nback 1\ndone 0\ntry 1\n";
  const std::string anew = "done 0\ntry 1\n";
  for (std::size_t written = 0; written <= anew.size(); ++written) {
    (void)dir.Write("spool/1.log", old);
    (void)dir.Write("spool/1.log.new", anew.substr(0, written));
    Life life(dir);
    REQUIRE(life.Next() == "b 3");
    REQUIRE(Files(dir) == Strings{"1.json", "1.log", "lock"});
    REQUIRE(life.spool->bytes() == BytesOf(dir));
  }
  (void)dir.Write("spool/1.log", anew);
  Life life(dir);
  CHECK(life.Next() == "b 3");
}

TEST_CASE("a log that cannot be written anew goes on as it is") {
  const testing::TempDir dir;
  {
    Life(dir).Pull({"a"});
  }
  fs::create_directories(dir.path() / "spool" / "1.log.new" / "in the way");
  const fs::path log = dir.path() / "spool" / "1.log";
  Life life(dir);
  const auto come_back = [&life] {
    for (int i = 0; i < 500; ++i) {
      REQUIRE(life.Next() == "a 2");
      life.End(life.last, Ending::kReturned);
      life.clock.Advance(SpoolKeeper::kRetry * 100);
      REQUIRE(life.Problems().empty());
    }
  };
  come_back();
  CHECK(fs::file_size(log) > Spool::kShortLog);
  fs::remove_all(dir.path() / "spool" / "1.log.new");
  come_back();
  CHECK(fs::file_size(log) <= Spool::kShortLog);
  CHECK(life.spool->bytes() == BytesOf(dir));
}

TEST_CASE("a log whose answer is gone is deleted, but not that of one that was set aside") {
  const testing::TempDir dir;
  for (const char* name : {"3.log", "4.log", "4.json.torn"}) {
    (void)dir.Write("spool/" + std::string(name), "done 0\n");
  }
  const Life life(dir);
  CHECK(Files(dir) == Strings{"4.json.torn", "4.log", "lock"});
}

}  // namespace
}  // namespace sampleproc::consumer
