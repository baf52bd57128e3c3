// A small font for labels on annotated frames.
#pragma once

#include <array>
#include <cstdint>

namespace sampleproc::process {

constexpr int kGlyphWidth = 5;
constexpr int kGlyphHeight = 7;

// Rows from the top; bit 4 of a row is its leftmost pixel.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;

// The glyph of a-z, 0-9, space and . % - _ (capitals look like small letters); a box for anything
// else.
Glyph GlyphOf(char c);

}  // namespace sampleproc::process
