#include "consumer/pixels/disk_threads.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>
#include <string>

#include "consumer/pixels/entry_pixels.h"
#include "support/fake_clock.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;
using sampleproc::testing::FakeClock;
using std::chrono::milliseconds;

// A disk that answers nothing until it is mended.
struct Disk {
  std::promise<void> mend;
  std::shared_future<void> mended = mend.get_future();
  std::atomic<int> begun = 0;

  DiskThreads::Job Read(std::string bytes) {
    return [this, mended = mended, bytes = std::move(bytes)]() -> Result<FetchedPixels> {
      ++begun;
      mended.wait();
      return FetchedPixels{.bytes = bytes, .reservation = {}};
    };
  }
};

DiskThreads::Job Reads(std::string bytes) {
  return [bytes = std::move(bytes)]() -> Result<FetchedPixels> {
    return FetchedPixels{.bytes = bytes, .reservation = {}};
  };
}

TEST_CASE("a read brings what it brings") {
  DiskThreads disk(2);
  CHECK(disk.Run(Reads("pixels"), {})->bytes == "pixels");
  const DiskThreads::Job fails = [] { return base::Fail(ErrorCode::kNotFound, "not there"); };
  CHECK(disk.Run(fails, {}).error().code == ErrorCode::kNotFound);
  CHECK_THROWS_AS(
      disk.Run([]() -> Result<FetchedPixels> { throw std::runtime_error("a bug"); }, {}),
      std::runtime_error);
  CHECK(disk.AwaitEnd({}));
  CHECK(disk.Run(Reads("late"), {}).error().code == ErrorCode::kShuttingDown);
}

TEST_CASE("a disk that hangs keeps its threads and nobody else") {
  FakeClock clock;
  Disk hung;
  DiskThreads disk(2);
  for (int i = 0; i < 2; ++i) {
    const base::CancelFlag cancel;
    auto asked = std::async(std::launch::async, [&] {
      return disk.Run(hung.Read("x"), {.deadline = {}, .cancel = cancel});
    });
    while (hung.begun <= i) {
    }
    cancel.Cancel();
    CHECK(asked.get().error().code == ErrorCode::kCancelled);
  }
  // Both hang: what comes now waits for one, until its own end.
  const base::Allowance brief{.deadline = base::Deadline(clock, milliseconds(1))};
  auto asked = std::async(std::launch::async, [&] { return disk.Run(Reads("y"), brief); });
  clock.Advance(milliseconds(1));
  const auto late = asked.get();
  CHECK(late.error().code == ErrorCode::kRequestTimeout);
  CHECK(late.error().message.find("consumer.storage_root") != std::string::npos);
  CHECK(hung.begun == 2);
  hung.mend.set_value();
  CHECK(disk.Run(Reads("z"), {})->bytes == "z");
  CHECK(disk.AwaitEnd({}));
}

TEST_CASE("a stop does not wait for a disk that hangs") {
  FakeClock clock;
  Disk hung;
  DiskThreads disk(1);
  auto asked = std::async(std::launch::async, [&] { return disk.Run(hung.Read("x"), {}); });
  while (hung.begun == 0) {
  }
  CHECK_FALSE(disk.AwaitEnd(base::Deadline(clock, milliseconds(0))));
  CHECK(asked.get().error().code == ErrorCode::kShuttingDown);
  hung.mend.set_value();
  CHECK(disk.AwaitEnd({}));
}

TEST_CASE("memory for pixels that come too late stays reserved until they are thrown away") {
  Disk hung;
  resources::MemoryBudget budget(1000);
  PixelPlaces places;
  places.file = [&](const std::string&, const MakeRoom& make_room,
                    const base::Allowance&) -> Result<std::string> {
    if (auto room = make_room(10); !room) return std::unexpected(room.error());
    ++hung.begun;
    hung.mended.wait();
    return std::string(10, 'x');
  };
  EntryPixels loader(places, budget);
  const PixelPlace place{PixelPlace::Kind::kFile, "p", "files"};
  const base::CancelFlag cancel;
  auto asked =
      std::async(std::launch::async, [&] { return loader.Fetch(place, {.cancel = cancel}); });
  while (hung.begun == 0) {
  }
  cancel.Cancel();
  CHECK(asked.get().error().code == ErrorCode::kCancelled);
  CHECK(budget.used() == 10);
  hung.mend.set_value();
  CHECK(loader.AwaitEnd({}));
  CHECK(budget.used() == 0);
}

}  // namespace
}  // namespace sampleproc::consumer
