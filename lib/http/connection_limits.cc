#include "http/connection_limits.h"

namespace sampleproc::http {
namespace {

// Refusals that may be on their way at once: each holds a descriptor while its client reads it.
constexpr std::size_t kMostRefused = 32;

}  // namespace

ConnectionLimits::Client ConnectionLimits::ClientOf(const Address& peer) {
  return peer.Customer().bytes;
}

std::optional<ConnectionLimits::Place> ConnectionLimits::Enter(const Address& peer) {
  const base::MutexLock lock(mutex_);
  bool room = admitted_ < most_;
  if (room && per_client_ != 0 && peer.known) {
    const auto of_client = each_.find(ClientOf(peer));
    room = of_client == each_.end() || of_client->second < per_client_;
    if (room) ++each_[ClientOf(peer)];
  }
  if (!room && refused_ >= kMostRefused) return std::nullopt;
  if (!room) ++over_;
  ++(room ? admitted_ : refused_);
  return Place(this, room, peer);
}

ConnectionLimits::Place ConnectionLimits::EnterOver(const Address& peer) {
  const base::MutexLock lock(mutex_);
  ++over_;
  ++refused_;
  return Place(this, false, peer);
}

void ConnectionLimits::CountUntold() {
  const base::MutexLock lock(mutex_);
  ++over_;
}

std::uint64_t ConnectionLimits::over() const {
  const base::MutexLock lock(mutex_);
  return over_;
}

void ConnectionLimits::Leave(const Place& place) {
  const base::MutexLock lock(mutex_);
  --(place.admitted_ ? admitted_ : refused_);
  if (!place.admitted_ || per_client_ == 0 || !place.peer_.known) return;
  const auto of_client = each_.find(ClientOf(place.peer_));
  if (of_client != each_.end() && --of_client->second == 0) each_.erase(of_client);
}

}  // namespace sampleproc::http
