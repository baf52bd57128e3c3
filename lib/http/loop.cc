#include "http/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "http/acceptor.h"
#include "http/response_writer.h"
#include "http/session.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

// Failures to accept come in floods; one line says enough.
constexpr std::chrono::seconds kFailureNotes{10};

constexpr milliseconds kNoMemoryPause{10};

// A twentieth of the shortest limit, between 5 and 250 ms.
milliseconds TickInterval(const Options& options) {
  const milliseconds shortest =
      std::min({options.header_timeout, options.body_timeout, options.body_rate_grace,
                options.write_timeout, options.idle_timeout, options.tls_handshake_timeout});
  return std::clamp(shortest / 20, milliseconds(5), milliseconds(250));
}

}  // namespace

Loop::Loop(const ServerContext& context, SharedState& shared, std::vector<ListenSocket> sockets)
    : context_(context), shared_(shared), listening_(static_cast<int>(sockets.size())) {
  for (ListenSocket& socket : sockets) {
    acceptors_.push_back(std::make_unique<Acceptor>(*this, std::move(socket)));
  }
}

Loop::~Loop() = default;

void Loop::Start() {
  for (const auto& acceptor : acceptors_) acceptor->Start();
  thread_ = std::thread([this] { Run(); });
}

void Loop::Run() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& bug) {
      // Nothing of ours throws into the loop on purpose; whatever did must not stop the others.
      context_.log.Error("an I/O handler threw", {{"error", std::string_view(bug.what())}});
    }
    Revive();
  }
}

// What threw may have been on its way to wait once more: without new connections and ticks the loop
// would be at its end.
void Loop::Revive() noexcept {
  for (;;) {
    try {
      for (const auto& acceptor : acceptors_) acceptor->Revive();
      if (!ticking_ && !sessions_.empty()) ScheduleTick();
      return;
    } catch (const std::exception&) {
      std::this_thread::sleep_for(kNoMemoryPause);
    }
  }
}

void Loop::BeginDrain() {
  asio::post(io_, [this] {
    draining_ = true;
    NoteLeft();  // of what left before it was noted
    // A session may end meanwhile, which takes it out of the list.
    for (auto next = sessions_.begin(); next != sessions_.end();) (*next++)->OnDrain();
  });
}

void Loop::StopAccepting() {
  asio::post(io_, [this] {
    for (const auto& acceptor : acceptors_) acceptor->Finish();
  });
}

void Loop::LeaveInherited() {
  asio::post(io_, [this] {
    for (const auto& acceptor : acceptors_) acceptor->Leave();
  });
}

void Loop::SetSite(std::shared_ptr<const Site> site) {
  asio::post(io_, [this, site = std::move(site)]() mutable {
    context_.site = std::move(site);
    // A session may end meanwhile, which takes it out of the list.
    for (auto next = sessions_.begin(); next != sessions_.end();) (*next++)->OnSite();
  });
}

void Loop::Stop() {
  asio::post(io_, [this] {
    draining_ = true;
    for (const auto& acceptor : acceptors_) acceptor->Close();
    for (auto next = sessions_.begin(); next != sessions_.end();) (*next++)->OnStop();
    tick_.cancel();
    // What has been stopped says so in the handlers queued now, what then still lasts is closed,
    // and ends in the handlers queued then.
    asio::post(io_, [this] {
      for (auto next = sessions_.begin(); next != sessions_.end();) (*next++)->Abort();
      asio::post(io_, [this] { io_.stop(); });
    });
  });
  if (thread_.joinable()) thread_.join();
}

void Loop::NoteAcceptFailure(int error) {
  shared_.accept_failures.fetch_add(1, std::memory_order_relaxed);
  if (now() < next_failure_note_) return;
  next_failure_note_ = now() + kFailureNotes;
  context_.log.Warning("cannot accept connections; trying again",
                       {{"error", std::string_view(std::strerror(error))}});
}

void Loop::NoteFailedHandshake() {
  shared_.failed_handshakes.fetch_add(1, std::memory_order_relaxed);
}

Loop::SessionList::iterator Loop::Add(Session* session) {
  if (!ticking_) ScheduleTick();
  sessions_.push_front(session);
  connections_.fetch_add(1, std::memory_order_relaxed);
  return sessions_.begin();
}

void Loop::Remove(SessionList::iterator place) {
  sessions_.erase(place);
  connections_.fetch_sub(1, std::memory_order_relaxed);
  NoteLeft();
}

bool Loop::CloseOneOver() {
  const auto yields = [](const Session* session) { return session->Yields(); };
  const auto oldest = std::find_if(over_.rbegin(), over_.rend(), yields);
  if (oldest == over_.rend()) return false;
  (*oldest)->Abort();
  return true;
}

void Loop::ScheduleTick() {
  if (!ticking_) tick_time_ = context_.clock.Now();
  ticking_ = false;
  tick_.expires_after(TickInterval(site()->options));
  tick_.async_wait([this](error_code cancelled) {
    if (!cancelled) Tick();
  });
  ticking_ = true;
}

void Loop::Tick() {
  tick_time_ = context_.clock.Now();
  ticking_ = false;
  // A session may end meanwhile, which takes it out of the list.
  for (auto next = sessions_.begin(); next != sessions_.end();) (*next++)->OnTick(tick_time_);
  if (!sessions_.empty()) ScheduleTick();
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
