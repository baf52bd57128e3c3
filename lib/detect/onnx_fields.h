// Numbers of fields, as onnx.proto of the ONNX project has them.
#pragma once

#include <cstdint>

namespace sampleproc::detect::onnx {

namespace model {
inline constexpr std::uint32_t kIrVersion = 1, kGraph = 7, kTraining = 20, kFunctions = 25;
}
namespace graph {
inline constexpr std::uint32_t kNode = 1, kInitializer = 5, kInput = 11, kOutput = 12,
                               kSparseInitializer = 15;
}
namespace node {
inline constexpr std::uint32_t kInput = 1, kOutput = 2, kName = 3, kOpType = 4, kAttribute = 5;
}
namespace attribute {
inline constexpr std::uint32_t kName = 1, kInt = 3, kTensor = 5, kGraph = 6, kInts = 8,
                               kTensors = 10, kGraphs = 11, kSparse = 22, kSparses = 23;
}
namespace tensor {
inline constexpr std::uint32_t kDims = 1, kType = 2, kSegment = 3, kFloats = 4, kInts = 5,
                               kStrings = 6, kLongs = 7, kName = 8, kRaw = 9, kDoubles = 10,
                               kUnsigned = 11, kExternal = 13, kLocation = 14;
}

}  // namespace sampleproc::detect::onnx
