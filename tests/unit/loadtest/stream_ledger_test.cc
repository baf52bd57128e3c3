#include "loadtest/stream_ledger.h"

#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

using base::MonoTime;
using std::chrono::milliseconds;

const std::vector<StoredFrame> kFrames(1);
const Golden kGolden;

MonoTime At(int ms) { return MonoTime(milliseconds(ms)); }

// Frames of two cameras in turn, each sent a millisecond after it was due.
struct Books {
  explicit Books(int frames, int hostile = 0) {
    for (int i = 0; i < frames; ++i) {
      ledger.Begin({.intended = At(10 * i),
                    .sent = At(10 * i + 1),
                    .camera = static_cast<std::uint32_t>(i % 2),
                    .is_hostile = i < hostile,
                    .entry_id = ""});
    }
  }

  void Result(std::size_t number, int at, const std::string& wrong_camera = "") {
    const std::string id = ledger.FrameId(number);
    const std::string camera =
        wrong_camera.empty() ? StreamLedger::CameraId(number % 2) : wrong_camera;
    std::string json = R"({"frame_id":")" + id + R"(","camera_id":")" + camera +
                       R"(","detections":[],"total_objects":0,"width":1,"height":1})";
    ledger.AddResult(id, json, At(at));
  }
  void Letter(std::size_t number, int at) { ledger.AddLetter(ledger.FrameId(number), At(at)); }
  std::uint64_t Errors(std::string_view type) {
    const Measurement& all = Measured();
    const auto at = all.errors.find(type);
    return at == all.errors.end() ? 0 : at->second;
  }
  // All seconds together.
  const Measurement& Measured() {
    while (!ledger.books().empty()) total.Merge(*ledger.books().Take());
    return total;
  }

  AnswerCheck check{kFrames, kGolden, true};
  StreamLedger ledger{"run-", 2, check};
  Measurement total;
};

}  // namespace

TEST_CASE("stream ledger: a right result is good, with the time from due and from sending") {
  Books books(2);
  books.Result(0, 30);
  books.Result(1, 30);
  CHECK(books.Measured().good == 2);
  CHECK(books.Measured().ErrorCount() == 0);
  CHECK(books.Measured().corrected.Max() / 1'000'000 == 30);
  CHECK(books.Measured().raw.Max() / 1'000'000 == 29);
  CHECK(books.ledger.open() == 0);
  CHECK(books.ledger.last_outcome() == At(30));
}

TEST_CASE("stream ledger: a result of a later frame of the same camera may not come first") {
  Books books(4);
  books.Result(3, 50);
  books.Result(0, 51);  // the other camera's
  books.Result(1, 52);
  books.Result(2, 53);
  CHECK(books.Measured().good == 3);
  CHECK(books.Errors("out_of_order") == 1);
}

TEST_CASE("stream ledger: a second outcome of any kind is a duplicate") {
  Books books(2);
  books.Result(0, 20);
  books.Result(0, 21);
  books.Letter(0, 22);
  books.Letter(1, 23);
  books.Result(1, 24);
  CHECK(books.Measured().good == 1);
  CHECK(books.Errors("dead_letter") == 1);
  CHECK(books.Errors("duplicate") == 3);
}

TEST_CASE("stream ledger: a hostile frame is right in the dead letters only") {
  Books books(2, 2);
  books.Letter(0, 20);
  books.Result(1, 20);
  CHECK(books.Measured().good == 1);
  CHECK(books.Errors("hostile_result") == 1);
}

TEST_CASE("stream ledger: what is wrong with a result is told") {
  Books books(2);
  books.Result(0, 20, "another");
  std::string json = "no JSON";
  books.ledger.AddResult(books.ledger.FrameId(1), json, At(20));
  CHECK(books.Errors("wrong_camera_id") == 1);
  CHECK(books.Errors("invalid_json") == 1);
  CHECK(books.ledger.open() == 0);
}

TEST_CASE("stream ledger: results of others are not ours") {
  Books books(1);
  for (const std::string id : {"run-1", "run-", "run-0x", "run--1", "other-0", ""}) {
    std::string json = "{}";
    books.ledger.AddResult(id, json, At(20));
    books.ledger.AddLetter(id, At(20));
  }
  CHECK(books.ledger.open() == 1);
  CHECK(books.Measured().Finished() == 0);
}

TEST_CASE("stream ledger: a frame without an outcome is given up in its turn, and once") {
  Books books(3);
  books.Result(0, 5);
  using Numbers = std::vector<std::size_t>;
  CHECK(books.ledger.Overdue(At(9), 10).empty());
  CHECK(books.ledger.Overdue(At(10), 10) == Numbers{1});
  CHECK(books.ledger.Overdue(At(20), 10) == Numbers{1, 2});
  CHECK(books.ledger.Overdue(At(20), 1) == Numbers{1});
  books.ledger.GiveUp(1, failure::kTimeout, At(1010));
  CHECK(books.ledger.Overdue(At(20), 10) == Numbers{2});
  books.Result(2, 1011);
  books.ledger.GiveUp(2, "lost", At(1012));  // its result came meanwhile
  CHECK(books.ledger.Overdue(At(9999), 10).empty());
  books.Result(1, 1013);  // late: it has failed already
  CHECK(books.Errors("timeout") == 1);
  CHECK(books.Errors("lost") == 0);
  CHECK(books.Errors("duplicate") == 0);
  CHECK(books.Measured().good == 2);
  CHECK(books.Measured().corrected.Max() / 1'000'000 == 1000);
}

TEST_CASE("stream ledger: frames without an outcome are as old as they are") {
  Books books(3);
  books.ledger.Begin(At(0), milliseconds(30));
  books.Result(1, 40);
  Histogram open;
  books.ledger.CountOpen(At(100), open);
  CHECK(open.count() == 2);
  CHECK(open.Max() / 1'000'000 == 100);
  CHECK(open.ValueAtRank(1) / 1'000'000 == 80);
}

TEST_CASE("stream ledger: a frame that was refused has failed, unless it was there all the same") {
  Books books(2);
  books.ledger.Refuse(0, "redis_away", At(20));
  books.Result(1, 20);
  books.ledger.Refuse(1, "redis_away", At(20));
  CHECK(books.Errors("redis_away") == 1);
  CHECK(books.Measured().good == 1);
  CHECK(books.ledger.open() == 0);
}

}  // namespace sampleproc::loadtest
