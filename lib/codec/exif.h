// The one thing that we want from EXIF data: which way up the picture is.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "frame/frame_result.h"

namespace sampleproc::codec {

//   byte order "II" (little endian) or "MM" (big endian) | 42 (2) | offset of IFD0 (4)
//   IFD0: n(2) { tag(2) type(2) count(4) value(4) } * n       offsets count from the byte order
//
// The orientation (tag 0x0112 in IFD0, one value, type SHORT or, as some write it, BYTE or LONG) of
// a TIFF structure, 1..8; 1 when it has none or `tiff` is empty. "Exif" 00 00 before the byte
// order, repeated or not, and up to 64 bytes of zeros are passed over. Nothing else in it is looked
// at and no offset but IFD0's is followed. Data that breaks these rules gives 1 and the warning
// "exif_invalid".
int OrientationFromExif(base::ByteView tiff, std::vector<frame::Warning>& warnings);

// For data that is known to be damaged: 1 and the same warning.
int OrientationOfDamagedExif(std::vector<frame::Warning>& warnings);

}  // namespace sampleproc::codec
