#include "loadtest/session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "loadtest/measurement.h"

namespace sampleproc::loadtest {
namespace {

using Outcome = Session::Outcome;

// A peer that does things between two looks of the session.
class Peer {
 public:
  Peer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)), epoll_(::epoll_create1(0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof local;
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&local), size) == 0);
    REQUIRE(::listen(listener_.get(), 4) == 0);
    REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&local), &size) == 0);
    std::memcpy(&address_.storage, &local, sizeof local);
    address_.size = sizeof local;
  }

  // A session whose request has arrived here.
  void Ask(Session& session) {
    session.request().head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE(session.Open(address_, epoll_.get(), 0) == Outcome::kNothing);
    session.Begin(1024);
    taken_ = base::Descriptor(::accept(listener_.get(), nullptr, nullptr));
    REQUIRE(taken_.get() >= 0);
    CHECK(Next(session) == Outcome::kNothing);
    std::array<char, 1024> room{};
    REQUIRE(::read(taken_.get(), room.data(), room.size()) > 0);
  }

  void Say(std::string_view text) {
    REQUIRE(::write(taken_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void Close() { taken_.reset(); }

  // What the session makes of the next event, all that the peer has done until now.
  Outcome Next(Session& session) {
    epoll_event event{};
    REQUIRE(::epoll_wait(epoll_.get(), &event, 1, 60'000) == 1);
    return session.OnEvents(event.events, room_);
  }

 private:
  base::Descriptor listener_;
  base::Descriptor epoll_;
  base::Descriptor taken_;
  Address address_;
  std::array<char, 512> room_{};
};

}  // namespace

TEST_CASE("session: half an answer and the end in one event are a failure at once") {
  Peer peer;
  Session session;
  peer.Ask(session);
  peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  peer.Close();
  CHECK(peer.Next(session) == Outcome::kFailed);
  CHECK(session.failure() == failure::kClosed);
}

TEST_CASE("session: an answer that the end completes may come in one event with it") {
  Peer peer;
  Session session;
  peer.Ask(session);
  peer.Say("HTTP/1.1 200 OK\r\n\r\nall of it");
  peer.Close();
  CHECK(peer.Next(session) == Outcome::kAnswered);
  CHECK(session.answer().body() == "all of it");
}

TEST_CASE("session: a connection that has ended with its answer is not used again") {
  Peer peer;
  Session session;
  peer.Ask(session);
  peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  peer.Close();
  CHECK(peer.Next(session) == Outcome::kAnswered);
  session.Finish(true);
  CHECK(session.state() == Session::State::kClosed);
}

TEST_CASE("session: two answers to one request are none") {
  Peer peer;
  Session session;
  peer.Ask(session);
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  peer.Say(one + one);
  CHECK(peer.Next(session) == Outcome::kFailed);
  CHECK(session.failure() == failure::kInvalid);
}

TEST_CASE("session: an answer that comes byte by byte is whole with its last one") {
  Peer peer;
  Session session;
  peer.Ask(session);
  const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  for (std::size_t i = 0; i + 1 < answer.size(); ++i) {
    peer.Say(answer.substr(i, 1));
    CHECK(peer.Next(session) == Outcome::kNothing);
  }
  peer.Say("k");
  CHECK(peer.Next(session) == Outcome::kAnswered);
  session.Finish(true);
  CHECK(session.state() == Session::State::kIdle);
}

TEST_CASE("session: a peer that does not stop leaves the others their turn") {
  Peer peer;
  Session session;
  peer.Ask(session);
  // More than is read at once, and little enough for the socket to hold.
  const std::string body(20'000, 'x');
  peer.Say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  int events = 1;
  while (peer.Next(session) != Outcome::kAnswered) ++events;
  CHECK(events > 1);
  CHECK(session.answer().head().starts_with("HTTP/1.1 200 OK"));
}

}  // namespace sampleproc::loadtest
