// What pictures are called.
#pragma once

#include <string_view>

namespace sampleproc::codec {

// Whether the name ends as those of pictures that decoders of this folder read do: .jpg .jpeg .jpe
// .jfif .png .webp .npy, in either case. A name that is but an ending is none.
bool IsPictureName(std::string_view path);

}  // namespace sampleproc::codec
