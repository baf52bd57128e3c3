#include "files/event_differences.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "base/descriptor.h"
#include "codec/jpeg_encoder.h"
#include "files/task.h"
#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

using std::chrono::seconds;

// The life of one thing, from frame `first` to the one that is four later, of one frame a second.
std::vector<frame::Event> LifeOf(int first, std::uint64_t track,
                                 const std::string& file = "a.mp4") {
  frame::Event begin;
  begin.event_id = file + "#" + std::to_string(first) + "-" + std::to_string(track);
  begin.camera_id = "gate";
  begin.class_name = "person";
  begin.confidence = 0.5;
  begin.start = begin.time = seconds(first);
  begin.frame_id = file + "#" + std::to_string(first);
  begin.track_id = track;
  begin.bbox = {8, 8, 40, 40};
  frame::Event end = begin;
  end.type = frame::Event::Type::kEnd;
  end.time = seconds(first + 9);
  end.end = seconds(first + 4);
  end.frame_id = file + "#" + std::to_string(first + 4);
  end.bbox = {30, 8, 40, 18};
  end.reason = frame::Event::kLost;
  return {begin, end};
}

std::string LinesOf(const std::vector<std::vector<frame::Event>>& lives) {
  std::string lines;
  for (const auto& life : lives) {
    for (const frame::Event& each : life) {
      frame::AppendEventJson(each, lines);
      lines += '\n';
    }
  }
  return lines;
}

struct Run {
  testing::TempDir folder;
  std::unique_ptr<PictureStore> store;
  EventComparison comparison;
  DifferenceReport report{{"old", "events", EventDifferences::Kinds()}};
  EventDifferences differences;
  std::string jpeg;

  Run(const std::string& earlier, std::size_t room)
      : store(PictureStore::Make(folder.path().string(), room).value()),
        comparison(EventComparison::Parse(earlier, "old").value()),
        differences(comparison, *store, report) {
    const std::vector<std::uint8_t> gray(std::size_t{64} * 48, 90);
    const auto made =
        codec::EncodeJpeg({gray.data(), 64, 48, 64, frame::PixelFormat::kGray8}, 85).value();
    jpeg = base::AsText(made);
  }

  // Frame `index` of the video, in which `best` is seen best so far.
  bool See(int index, const std::vector<frame::Event>& best, const std::string& file = "a.mp4") {
    Task task;
    task.source = {file, static_cast<std::uint64_t>(index), static_cast<double>(index)};
    frame::FrameResult result;
    result.frame_id = file + "#" + std::to_string(index);
    result.camera_id = "gate";
    result.width = 64;
    result.height = 48;
    for (const frame::Event& each : best) {
      result.snapshots.push_back({each.event_id, {"person", 0.7, {9, 9, 41, 41}, "", 1}});
      result.detections.push_back({"person", 0.7, {9, 9, 41, 41}, "", each.track_id});
    }
    if (!differences.Wants(task, result)) return false;
    Record record{task.source, result.frame_id, std::move(result)};
    auto picture = std::make_shared<FramePicture>();
    picture->jpeg = jpeg;
    record.picture = std::move(picture);
    differences.TakePicture(record);
    return true;
  }

  void Take(const std::vector<frame::Event>& life) {
    for (const frame::Event& each : life) {
      REQUIRE(comparison.Take(each));
      REQUIRE(differences.Take(each));
    }
  }

  std::size_t Room() {
    std::vector<PictureStore::KeptPtr> kept;
    while (auto more = store->Keep("x")) kept.push_back(std::move(*more));
    return kept.size();
  }

  std::string Page() {
    for (const EventChange& change : comparison.Changes()) differences.Add(change);
    const std::string path = (folder.path() / "page.html").string();
    const base::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    LineSink sink(file.get(), "page");
    resources::MemoryBudget budget{std::size_t{64} << 20};
    REQUIRE(report.Write(100, 0, {}, budget, sink));
    std::ifstream page(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(page), {}};
  }
};

std::size_t Count(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_CASE("frames are wanted of the earlier run's events where these were largest") {
  Run run(LinesOf({LifeOf(10, 1)}), 9);
  CHECK(run.See(10, {}));
  CHECK_FALSE(run.See(11, {}));
  CHECK_FALSE(run.See(14, {}));                // where its box was small
  CHECK(run.See(10, {}, "/elsewhere/a.mp4"));  // the name and the time are those
  CHECK_FALSE(run.See(11, {}, "/elsewhere/a.mp4"));
  CHECK_FALSE(run.See(10, {}, "/elsewhere/b.mp4"));
  CHECK(run.Room() == 8);  // the first of the two is kept
  const std::string page = run.Page();
  CHECK(Count(page, "<img ") == 1);
  CHECK(page.find("alt=\"Frame a.mp4#10 at 10.00 s; before: person at [8,8,40,40]\"") != page.npos);
}

TEST_CASE("pictures of events that are the same are let go when these end") {
  const auto same = LifeOf(10, 1);
  Run run(LinesOf({same, LifeOf(30, 2)}), 9);
  CHECK(run.See(10, {same.front()}));
  CHECK(run.See(12, {same.front()}));  // better, instead of the first
  CHECK(run.Room() == 7);
  run.Take(same);
  CHECK(run.Room() == 9);
  const std::string page = run.Page();
  CHECK(page.find("<h1>1 difference from the earlier run</h1>") != page.npos);
  CHECK(page.find("a.mp4#30 is none that this run had a result for") != page.npos);
}

TEST_CASE("both boxes are on the earlier event's frame where this run has found it there") {
  auto longer = LifeOf(10, 1);
  longer.back().end = seconds(18);
  Run run(LinesOf({LifeOf(10, 1)}), 9);
  CHECK(run.See(10, {longer.front()}));
  run.Take(longer);
  const std::string page = run.Page();
  CHECK(Count(page, "<img ") == 1);
  CHECK(page.find("before: person at [8,8,40,40]; now: person 0.70 at [9,9,41,41]") != page.npos);
  CHECK(page.find("10.00\u201314.00 s \u2192 10.00\u201318.00 s") != page.npos);
}

TEST_CASE("where there is no room for a picture the event is told without") {
  Run run("", 2);
  std::vector<std::vector<frame::Event>> lives;
  for (int i = 0; i < 4; ++i) {
    lives.push_back(LifeOf(20 * i, static_cast<std::uint64_t>(i + 1)));
    CHECK(run.See(20 * i, {lives.back().front()}));
    run.Take(lives.back());
  }
  CHECK(run.Room() == 0);
  const std::string page = run.Page();
  CHECK(Count(page, "<img ") == 2);
  CHECK(Count(page, "there is no room for more pictures") == 2);
}

}  // namespace
}  // namespace sampleproc::files
