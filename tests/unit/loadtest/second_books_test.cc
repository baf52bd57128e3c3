#include "loadtest/second_books.h"

#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

using base::MonoTime;
using std::chrono::milliseconds;

const MonoTime kStart{std::chrono::hours(1)};

MonoTime DueAt(int ms) { return kStart + milliseconds(ms); }
std::optional<Arrival> Due(int ms) { return Arrival{milliseconds(ms), 0}; }

}  // namespace

TEST_CASE("second books: what happens at the end of a second belongs to the next one") {
  SecondBooks books(kStart);
  ++books.At(DueAt(0)).intended;
  ++books.At(DueAt(999)).intended;
  ++books.At(DueAt(1000)).intended;
  CHECK(books.first() == 0);
  CHECK(books.End() == DueAt(1000));
  CHECK(books.Take()->intended == 2);
  CHECK(books.first() == 1);
  CHECK(books.Take()->intended == 1);
  CHECK(books.empty());
}

TEST_CASE("second books: a second is complete when it is over and nothing more is due in it") {
  const SecondBooks books(kStart);
  CHECK_FALSE(books.IsComplete(DueAt(999), Due(1000)));
  CHECK(books.IsComplete(DueAt(1000), Due(1000)));
  CHECK(books.IsComplete(DueAt(1000), std::nullopt));
  // The generator is late: what was due before is still to be counted there.
  CHECK_FALSE(books.IsComplete(DueAt(2500), Due(990)));
}

TEST_CASE("second books: what is written down late is in its own second") {
  SecondBooks books(kStart);
  ++books.At(DueAt(2500)).good;  // of a request that was due in the second before
  ++books.At(DueAt(1999)).intended;
  CHECK(books.Take()->Finished() == 0);
  const auto second = books.Take();
  CHECK(second->intended == 1);
  CHECK(second->good == 0);
  const auto third = books.Take();
  CHECK(third->intended == 0);
  CHECK(third->good == 1);
}

TEST_CASE("second books: what comes for a second that was taken is not lost") {
  SecondBooks books(kStart);
  (void)books.Take();
  ++books.At(DueAt(10)).good;
  CHECK(books.Take()->good == 1);
}

}  // namespace sampleproc::loadtest
