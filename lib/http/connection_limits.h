// How many connections there may be, in all and for each client.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "http/address.h"

namespace sampleproc::http {

// Shared by the loops of a server; all functions from any thread.
class ConnectionLimits {
 public:
  // `per_client` counts connections of one IPv4 address or one IPv6 /64; 0 = no such limit.
  ConnectionLimits(std::size_t most, std::size_t per_client)
      : most_(most), per_client_(per_client) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // A connection's place, given back when it is destroyed. The limits must outlive it.
  class Place {
   public:
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (limits_) limits_->Leave(*this);
    }
    // Within the limits; else there is only time to say so, or to answer a probe.
    bool admitted() const { return admitted_; }

   private:
    friend class ConnectionLimits;
    struct Disown {
      void operator()(ConnectionLimits*) const {}
    };
    Place(ConnectionLimits* limits, bool admitted, const Address& peer)
        : limits_(limits), admitted_(admitted), peer_(peer) {}

    std::unique_ptr<ConnectionLimits, Disown> limits_;  // moves leave nothing behind
    bool admitted_;
    Address peer_;
  };

  // Nothing when so many are over the limit already that even telling them would cost too much: the
  // caller then closes one of them and enters over the limit, or counts it as untold.
  std::optional<Place> Enter(const Address& peer);
  void CountUntold();

  // For a connection that another limit refuses; never admitted.
  Place EnterOver(const Address& peer);

  // Connections over a limit so far, told or not.
  std::uint64_t over() const;

 private:
  using Client = std::array<std::uint8_t, 16>;
  static Client ClientOf(const Address& peer);
  void Leave(const Place& place);

  const std::size_t most_;
  const std::size_t per_client_;
  mutable base::Mutex mutex_;
  std::size_t admitted_ GUARDED_BY(mutex_) = 0;
  std::size_t refused_ GUARDED_BY(mutex_) = 0;  // open now
  std::uint64_t over_ GUARDED_BY(mutex_) = 0;
  std::map<Client, std::size_t> each_ GUARDED_BY(mutex_);  // at most one entry a connection
};

}  // namespace sampleproc::http
