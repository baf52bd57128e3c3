// Pictures made by the libraries themselves, and read back by them without our code in between.
#pragma once

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h wants FILE and size_t declared before it.
#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "codec/decoder.h"

namespace sampleproc::test {

using Bytes = base::ByteBuffer;

// Smooth shapes with some noise: compresses like a picture and is different everywhere.
inline Bytes TestPixels(int width, int height, int channels) {
  std::mt19937 random(7);
  Bytes pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
               static_cast<std::size_t>(channels));
  std::size_t at = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const unsigned value = static_cast<unsigned>(x * (3 + c) + y * (5 - c)) + random() % 32;
        pixels[at++] = static_cast<std::uint8_t>(value);
      }
    }
  }
  return pixels;
}

// Where the first marker of `code` begins.
inline std::size_t FindMarker(const Bytes& jpeg, std::uint8_t code) {
  const Bytes marker = {0xff, code};
  const auto found = std::ranges::search(jpeg, marker);
  REQUIRE_FALSE(found.empty());
  return static_cast<std::size_t>(found.begin() - jpeg.begin());
}

struct JpegSpec {
  int width = 33;
  int height = 21;
  int channels = 3;  // 1 gray, 3 colour, 4 CMYK
  bool progressive = false;
  bool separate_scans = false;  // baseline, one scan a component
  bool rgb = false;             // stored as RGB instead of YCbCr
  bool arithmetic = false;
  bool ycck = false;           // of four channels, stored as YCCK instead of CMYK
  bool adobe = true;           // of four channels, with Adobe's segment
  std::vector<int> flat = {};  // a value for each channel, the same in every pixel
  unsigned restart_interval = 0;
  bool own_tables = false;   // Huffman tables made for the picture, as cameras and ffmpeg do
  int repeat_last_scan = 0;  // of a progressive one: so many more of the same
};

inline Bytes MakeJpeg(const JpegSpec& spec) {
  Bytes pixels = TestPixels(spec.width, spec.height, spec.channels);
  for (std::size_t i = 0; i < pixels.size() && !spec.flat.empty(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(spec.flat[i % spec.flat.size()]);
  }
  jpeg_compress_struct cinfo;
  jpeg_error_mgr errors;
  cinfo.err = jpeg_std_error(&errors);
  jpeg_create_compress(&cinfo);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&cinfo, &out, &size);
  cinfo.image_width = static_cast<JDIMENSION>(spec.width);
  cinfo.image_height = static_cast<JDIMENSION>(spec.height);
  cinfo.input_components = spec.channels;
  cinfo.in_color_space =
      spec.channels == 1 ? JCS_GRAYSCALE : (spec.channels == 3 ? JCS_RGB : JCS_CMYK);
  jpeg_set_defaults(&cinfo);
  if (spec.rgb) jpeg_set_colorspace(&cinfo, JCS_RGB);
  if (spec.ycck) jpeg_set_colorspace(&cinfo, JCS_YCCK);
  if (!spec.adobe) cinfo.write_Adobe_marker = FALSE;
  jpeg_set_quality(&cinfo, 80, TRUE);
  cinfo.restart_interval = spec.restart_interval;
  cinfo.optimize_coding = spec.own_tables ? TRUE : FALSE;
  cinfo.arith_code = spec.arithmetic ? TRUE : FALSE;
  if (spec.progressive) jpeg_simple_progression(&cinfo);
  const std::vector<jpeg_scan_info> separate = {
      {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (spec.separate_scans) {
    cinfo.scan_info = separate.data();
    cinfo.num_scans = spec.channels;
  }
  jpeg_start_compress(&cinfo, TRUE);
  while (cinfo.next_scanline < cinfo.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels.data()) +
                   cinfo.next_scanline * static_cast<unsigned>(spec.width * spec.channels);
    jpeg_write_scanlines(&cinfo, &row, 1);
  }
  jpeg_finish_compress(&cinfo);
  jpeg_destroy_compress(&cinfo);
  Bytes bytes(out, out + size);
  std::free(out);
  return bytes;
}

struct PngSpec {
  int width = 33;
  int height = 21;
  int colour = PNG_COLOR_TYPE_RGB;
  int depth = 8;
  bool interlaced = false;
  bool transparency = false;  // tRNS
  bool text = false;          // a long zTXt and an iCCP
  int palette_size = 0;       // 0: as many as the depth allows
};

inline int PngChannels(int colour) {
  switch (colour) {
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return 2;
    case PNG_COLOR_TYPE_RGB:
      return 3;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return 4;
    default:
      return 1;
  }
}

inline Bytes MakePng(const PngSpec& spec) {
  Bytes out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep data, std::size_t n) {
        Bytes& to = *static_cast<Bytes*>(png_get_io_ptr(p));
        to.insert(to.end(), data, data + n);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<unsigned>(spec.width), static_cast<unsigned>(spec.height),
               spec.depth, spec.colour, spec.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const bool palette = spec.colour == PNG_COLOR_TYPE_PALETTE;
  const int colours = spec.palette_size > 0 ? spec.palette_size : 1 << spec.depth;
  if (palette) {
    std::vector<png_color> table(static_cast<std::size_t>(colours));
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = {static_cast<png_byte>(i * 37), static_cast<png_byte>(255 - i * 11),
                  static_cast<png_byte>(i * i)};
    }
    png_set_PLTE(png, info, table.data(), colours);
  }
  if (spec.transparency) {
    const std::vector<png_byte> alpha(palette ? static_cast<std::size_t>(colours) : 1, 100);
    png_color_16 key{};
    key.gray = key.red = key.green = key.blue = 1;
    png_set_tRNS(png, info, alpha.data(), palette ? colours : 1, &key);
  }
  std::string words(100'000, 'w');
  if (spec.text) {
    png_text text{};
    text.compression = PNG_TEXT_COMPRESSION_zTXt;
    char key[] = "Comment";
    text.key = key;
    text.text = words.data();
    text.text_length = words.size();
    png_set_text(png, info, &text, 1);
    png_set_gAMA(png, info, 0.25);
  }
  png_write_info(png, info);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  Bytes pixels = TestPixels(static_cast<int>(row_bytes), spec.height, 1);
  if (palette && spec.palette_size > 0) {
    for (auto& p : pixels) p = static_cast<std::uint8_t>(p % spec.palette_size);
  }
  std::vector<png_bytep> rows;
  for (int y = 0; y < spec.height; ++y) {
    rows.push_back(pixels.data() + static_cast<std::size_t>(y) * row_bytes);
  }
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return out;
}

// A plain read by libpng: 8 bits, RGB in that order, alpha stripped.
inline Bytes PlainPngRgb(const Bytes& encoded) {
  struct Source {
    const Bytes& bytes;
    std::size_t at = 0;
  } source{encoded};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_read_fn(png, &source, [](png_structp p, png_bytep data, std::size_t n) {
    Source& from = *static_cast<Source*>(png_get_io_ptr(p));
    if (n > from.bytes.size() - from.at) png_error(p, "end");
    std::memcpy(data, from.bytes.data() + from.at, n);
    from.at += n;
  });
  png_read_png(png, info,
               PNG_TRANSFORM_SCALE_16 | PNG_TRANSFORM_EXPAND | PNG_TRANSFORM_STRIP_ALPHA |
                   PNG_TRANSFORM_GRAY_TO_RGB,
               nullptr);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  Bytes pixels;
  png_bytepp rows = png_get_rows(png, info);
  for (unsigned y = 0; y < png_get_image_height(png, info); ++y) {
    pixels.insert(pixels.end(), rows[y], rows[y] + row_bytes);
  }
  png_destroy_read_struct(&png, &info, nullptr);
  return pixels;
}

// The arguments of Decode with a budget of their own.
struct Door {
  resources::MemoryBudget budget{std::size_t{1} << 30};
  codec::Scratch scratch;
  codec::Options options;
  base::Allowance allowance;

  base::Result<codec::Decoded> Decode(base::ByteView encoded,
                                      codec::Wanted wanted = frame::PixelFormat::kGray8) {
    return codec::Decode({encoded}, wanted, options, allowance, budget, scratch,
                         std::chrono::milliseconds(0));
  }
};

// Runs out after it has been asked a number of times: a deadline in the middle of a decode.
class CountedClock : public base::Clock {
 public:
  explicit CountedClock(int calls) : left_(calls) {}
  base::MonoTime Now() const override {
    return base::MonoTime() + (left_-- > 0 ? std::chrono::seconds(0) : std::chrono::hours(1));
  }
  base::WallTime Wall() const override { return {}; }

 private:
  mutable int left_;
};

inline Bytes PixelsOf(const codec::Decoded& decoded) {
  const frame::Image& image = decoded.image;
  Bytes pixels;
  const std::size_t row = static_cast<std::size_t>(image.width) *
                          static_cast<std::size_t>(frame::Channels(image.format));
  for (int y = 0; y < image.height; ++y) {
    pixels.insert(pixels.end(), image.Row(y), image.Row(y) + row);
  }
  return pixels;
}

}  // namespace sampleproc::test
