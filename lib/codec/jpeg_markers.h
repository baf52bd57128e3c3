// A walk over the markers of a JPEG before the library sees it: what the header promises, and
// whether the file is of the kind that we decode, without decoding anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::codec {

struct JpegComponent {
  std::uint8_t id = 0;
  std::uint8_t h = 1;  // sampling factors, 1..4
  std::uint8_t v = 1;
  bool has_scan = false;
};

struct JpegHeader {
  std::uint32_t width = 0;  // 1..65535
  std::uint32_t height = 0;
  bool progressive = false;
  bool arithmetic = false;
  bool several_scans = false;  // the library keeps all coefficients until the last scan
  bool has_eoi = false;
  int scans = 0;
  int component_count = 0;  // 1, 3 or 4
  std::array<JpegComponent, 4> components;
  // Where the picture ends: after its end marker, or where that is missing, before what cannot be
  // part of the picture (a maker's trailer, the next picture).
  std::size_t end = 0;
  base::ByteView exif;  // the TIFF structure of the first Exif segment before any scan, or empty
};

//   FF D8 | (FF marker [length(2, big endian, counts itself) payload])* | FF D9
//   SOFn payload: precision(1) height(2) width(2) n(1) { id(1) H:V(4+4 bits) table(1) } * n
//   SOS payload:  n(1) { id(1) tables(1) } * n  Ss(1) Se(1) Ah:Al(1), then entropy-coded bytes in
//                 which FF is followed by 00 or a restart marker D0..D7
//
// `encoded` starts with FF D8. Fails with kUnsupportedFormat for what the standard allows and we do
// not read (12 bits, lossless, hierarchical, height given by DNL) and with kInvalidFrame for what
// is broken: no frame header, a segment cut short before any scan, a component without a scan, more
// than `max_scans` scans, an arithmetic-coded picture without its end marker (its decoder cannot
// tell missing data from zeros). Whether a picture without an end marker has all its data is the
// decoder's to find out.
base::Result<JpegHeader> WalkJpegMarkers(base::ByteView encoded, int max_scans);

}  // namespace sampleproc::codec
