// Where the pixels of an entry are when they are not in the entry itself.
#pragma once

#include "base/deadline.h"
#include "base/error.h"
#include "consumer/frame_entry.h"
#include "frame/frame.h"

namespace sampleproc::consumer {

// Thread-safe: workers call it.
class PixelLoader {
 public:
  virtual ~PixelLoader() = default;

  // The frame that the entry announces, its bytes taken out of the entry or fetched from where it
  // says they are. kNotFound: there are none, or no longer. kUnavailable, kRequestTimeout, kIo:
  // they cannot be reached now. Anything else is wrong with the entry and stays so.
  virtual base::Result<frame::Frame> Load(FrameEntry& entry, const base::Allowance& allowance) = 0;
};

}  // namespace sampleproc::consumer
