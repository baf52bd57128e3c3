#include "http/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/response_writer.h"
#include "http/session.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

// A twentieth of the shortest limit, between 5 and 250 ms.
milliseconds TickInterval(const Options& options) {
  const milliseconds shortest = std::min(
      {options.header_timeout, options.body_timeout, options.write_timeout, options.idle_timeout});
  return std::clamp(shortest / 20, milliseconds(5), milliseconds(250));
}

}  // namespace

Loop::Loop(const ServerContext& context, int listener, bool ipv6)
    : context_(context), tick_interval_(TickInterval(context.options)) {
  acceptor_.assign(ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), listener);
}

void Loop::Start() {
  Accept();
  thread_ = std::thread([this] {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& bug) {
        // Nothing of ours throws into the loop on purpose; whatever did must not stop the others.
        context_.log.Error("an I/O handler threw", {{"error", std::string_view(bug.what())}});
      }
    }
  });
}

void Loop::BeginDrain() {
  asio::post(io_, [this] {
    draining_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    for (Session* session : sessions_) session->OnDrain();
  });
}

void Loop::Stop() {
  asio::post(io_, [this] {
    draining_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (Session* session : sessions_) session->Abort();
    tick_.cancel();
    accept_pause_.cancel();
    // What has been aborted ends in the handlers queued now; then nothing is left to run.
    asio::post(io_, [this] { io_.stop(); });
  });
  if (thread_.joinable()) thread_.join();
}

void Loop::Accept() {
  acceptor_.async_accept([this](error_code error, asio::ip::tcp::socket socket) {
    if (draining_ || error == asio::error::operation_aborted) return;
    if (!error) {
      Session::Begin(*this, std::move(socket));
      Accept();
      return;
    }
    // Out of descriptors or memory: trying again at once would spin, since the connection stays in
    // the backlog.
    context_.log.Warning("cannot accept a connection",
                         {{"error", std::string_view(error.message())}});
    accept_pause_.expires_after(milliseconds(100));
    accept_pause_.async_wait([this](error_code cancelled) {
      if (!cancelled) Accept();
    });
  });
}

Loop::SessionList::iterator Loop::Add(Session* session) {
  connections_.fetch_add(1, std::memory_order_relaxed);
  sessions_.push_front(session);
  if (!ticking_) ScheduleTick();
  return sessions_.begin();
}

void Loop::Remove(SessionList::iterator place) {
  sessions_.erase(place);
  connections_.fetch_sub(1, std::memory_order_relaxed);
}

void Loop::ScheduleTick() {
  ticking_ = true;
  tick_.expires_after(tick_interval_);
  tick_.async_wait([this](error_code cancelled) {
    if (!cancelled) Tick();
  });
}

void Loop::Tick() {
  const base::MonoTime now = context_.clock.Now();
  for (Session* session : sessions_) session->OnTick(now);
  if (sessions_.empty()) {
    ticking_ = false;
  } else {
    ScheduleTick();
  }
}

std::string_view Loop::date() {
  const base::WallTime now = context_.clock.Wall();
  const base::WallTime second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != date_second_ || date_.empty()) {
    date_second_ = second;
    date_ = HttpDate(second);
  }
  return date_;
}

}  // namespace sampleproc::http
