// Whole files into memory, never more than the limit.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "files/input_file.h"
#include "files/stop_descriptor.h"

namespace sampleproc::files {

// Reads a regular file, or a FIFO as InputFile does. Fails with kNotFound or kIo when it cannot be
// opened or read, kUnsupportedFormat when it is neither, kTooLarge when it has more than
// `max_bytes` (before memory is taken), kIo when its size changes while it is read: half a picture
// is none. The path "-" reads standard input, as ReadDescriptor; `stop` is that of InputFile.
// Thread-safe.
base::Result<base::ByteBuffer> ReadInput(const std::string& path, std::size_t max_bytes,
                                         const StopDescriptor* stop = nullptr);

// kTooLarge: `what`, "x.jpg has 12", bytes, and how many are allowed.
base::Error TooLarge(const std::string& what, std::size_t max_bytes);

// Reads a descriptor of any kind to its end, waiting as long as it takes; for what was opened by
// whoever started us. `name` is for messages. Fails with kIo, or kTooLarge above `max_bytes`.
base::Result<base::ByteBuffer> ReadDescriptor(int descriptor, const std::string& name,
                                              std::size_t max_bytes);

// The same of `file` behind its first bytes, `begun`, which were read already.
base::Result<base::ByteBuffer> ReadRest(InputFile& file, base::ByteBuffer begun,
                                        std::size_t max_bytes);

}  // namespace sampleproc::files
