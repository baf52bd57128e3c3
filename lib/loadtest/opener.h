// Opens the connections of a load before its first second begins.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "loadtest/session.h"

namespace sampleproc::loadtest {

// What became of the connections that were to be opened.
struct Opening {
  std::vector<std::size_t> open;     // sessions in the order in which they were opened
  std::vector<std::size_t> missing;  // could not be opened
  std::vector<std::size_t> lost;     // opened, and closed again by the peer
  // Of the connection that failed last: its type (loadtest/measurement.h) and errno. "" and 0 when
  // none failed; then time was over.
  std::string_view failure;
  int error = 0;

  // How many were opened, those that the peer has closed since among them.
  std::size_t count() const { return open.size() + lost.size(); }
};

// Opens all `sessions` on `address`, TLS handshakes included, and watches them with `epoll`, events
// marked with their index. At most `at_once` are under way at a time, which the target's listener
// must have room for. Gives up when this machine has no file or port left, when the first one is
// refused, when for 5 s not one more was opened, and after 60 s. Returns at once when `stop` is
// cancelled. A connection that the peer closes again is not opened a second time: a target that
// does not keep idle connections would never let it end. `opened` counts up meanwhile, for other
// threads to read; `room` is scratch.
Opening OpenAhead(std::deque<Session>& sessions, const Address& address, int epoll,
                  std::size_t at_once, std::span<char> room, const base::CancelFlag& stop,
                  std::atomic<std::size_t>& opened);

// Why `opened` of `wanted` connections were all, with what is the limit and how to raise it.
std::string DescribeShortage(std::size_t opened, std::size_t wanted, const Opening& why);

// Whether this machine, not the target, has no more to give.
bool IsOwnShortage(const Opening& why);

}  // namespace sampleproc::loadtest
