// Where the pixels of an entry are when they are not in the entry itself, and how they are had.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "consumer/frame_entry.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// One place where a frame's pixels may be.
struct PixelPlace {
  enum class Kind { kRedisKey, kFile, kUrl };

  Kind kind = Kind::kUrl;
  std::string name;  // the key, path or URL: the sender's, untrusted, never told
  // Who hands them out: "redis:6379", "files", "cameras.lan:8080". Fetches from one host are
  // bounded, paused and told together. Never holds credentials. Empty: the place is refused without
  // asking anybody, by Fetch.
  std::string host;
  // The host itself, when one of its cameras is asked for apart (CameraPaths); else empty.
  std::string behind = {};
};

struct FetchedPixels {
  std::string bytes;
  resources::Reservation reservation;  // of `bytes`, made before they arrived
};

// Thread-safe.
class PixelLoader {
 public:
  virtual ~PixelLoader() = default;

  // The places that the entry names, in the order in which they are tried; none when it has its
  // pixels itself or names no place. Never waits.
  virtual std::vector<PixelPlace> PlacesOf(const FrameEntry& entry) const = 0;

  // Waits until the pixels are here; ends with the allowance. Their length is reserved before they
  // are read. Fails with kNotFound (none there, or no longer: the next place is tried), kOverloaded
  // (no memory for them now), kUnavailable, kRequestTimeout, kDeadline, kIo, kConfig (the host
  // cannot be reached or does not answer as agreed now), kCancelled. Anything else is wrong with
  // the entry and stays so. Messages name neither the place nor its host.
  virtual base::Result<FetchedPixels> Fetch(const PixelPlace& place,
                                            const base::Allowance& allowance) = 0;
};

// Why a frame came without pixels, once none of its `places` had any: what was looked at in vain,
// and what its entry names that the configuration lets nobody look at. Names no place.
std::string WhyNoPixels(const FrameEntry& entry, const std::vector<PixelPlace>& places);

}  // namespace sampleproc::consumer
