// How many sets of Huffman tables a lossless WebP makes its decoder build.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"

namespace sampleproc::codec {

// Most sets that are let through. libwebp's encoder writes at most 2600.
constexpr std::uint32_t kMostHuffmanGroups = 4096;

struct Vp8lHeader {
  std::uint32_t huffman_groups = 1;
  std::uint32_t cache_bits = 0;  // log2 of the colour cache's size, 0 without one
};

// A file of 300 kB may ask for 65,536 sets, of which libwebp builds every one before the first
// pixel: 400 MB and seconds in a single call. So the stream is read up to where the sets begin:
//
//   2F | width-1(14 bits) height-1(14) alpha(1) version(3)
//   (1 transform)* 0 | [colour cache] | [image of set numbers] | sets | pixels
//
// Transforms and set numbers are images themselves, of five prefix codes and the pixels in them;
// "WebP Lossless Bitstream Specification" describes it all. Nothing is kept: of the set numbers the
// largest counts, and pixels that are copied cannot exceed those written out.
//
// `stream` is the payload of a VP8L chunk. Fails with kInvalidFrame when it is broken, cut short or
// over the limit, and as the allowance fails.
base::Result<Vp8lHeader> ReadVp8lHeader(base::ByteView stream, const base::Allowance& allowance);

}  // namespace sampleproc::codec
