// Reads what an ONNX file says of itself, so that no library sees one that contradicts itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "detect/tensor.h"

namespace sampleproc::detect {

// A model with one picture as its input.
struct OnnxFile {
  std::string input;  // its name
  Shape input_shape;  // [1, 3, height, width] or [1, height, width, 3]
  bool channels_last = false;
  int width = 0;
  int height = 0;
  std::vector<std::string> outputs;  // names
  std::uint64_t weight_bytes = 0;
  bool clip_with_inputs = false;  // OpenCV 4.6 knows no such Clip

  bool operator==(const OnnxFile&) const = default;
};

// Checks the file's structure: every length within its parent, every weight as long as its shape
// says, no weights in other files, attributes of plausible size, one float input of a fixed size of
// 16 to 4096 pixels a side. Fails with kConfig; the message names the layer and the rule, not the
// file.
base::Result<OnnxFile> ReadOnnxFile(base::ByteView bytes);

}  // namespace sampleproc::detect
