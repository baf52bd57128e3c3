// The frames that are sent, in memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "frame/raw_description.h"

namespace sampleproc::loadtest {

struct StoredFrame {
  std::string name;  // of its file, without folders
  std::string bytes;
  std::string base64;  // of the bytes, when JSON is sent
  std::string_view content_type;
  // Of pixels without a header: what is said of them beside the bytes.
  std::optional<frame::RawDescription> raw = {};
  double weight = 1;  // how often it is sent, beside the others' weights
};

// A folder of frames and how much of the load they are together.
struct FrameFolder {
  std::string path;
  double share = 1;
};

// "DIR" or "DIR=SHARE". Nothing wrong can be written: what follows no '=' is a path.
FrameFolder ParseFrameFolder(const std::string& text);

// The pictures (JPEG, PNG, WebP) and NumPy arrays in each folder, by name, and when `raw` says what
// they are, files named *.raw; folders within are not looked into. A folder's share is divided
// equally among its frames. Fails with kIo when a folder or a file cannot be read, with kUsage when
// a folder has no frame or a raw one is of another size.
base::Result<std::vector<StoredFrame>> LoadFrames(const std::vector<FrameFolder>& folders,
                                                  const std::optional<frame::RawDescription>& raw,
                                                  bool with_base64);

}  // namespace sampleproc::loadtest
