// What FFmpeg's objects and a picture's first bytes say, as far as a stream has to know it.
#pragma once

#include <cstdint>
#include <string_view>

#include "video/module/handles.h"

namespace sampleproc::video {

// FFmpeg's names of the decoders that may run. Each one more is code that hostile files reach.
inline constexpr char kDecoders[] =
    "cinepak,ffv1,h263,h264,hevc,libdav1d,mjpeg,mpeg1video,mpeg2video,mpeg4,msmpeg4,msmpeg4v1,"
    "msmpeg4v2,rawvideo,vp8,vp9,wmv1,wmv2";

// The demuxer's packets and tables, the decoder's tables: measured, not exact.
inline constexpr std::uint64_t kBesideFrames = 8u << 20;

bool IsListed(std::string_view decoder);

// How many frames a decoder may hold at once: its references, what waits for reordering, the one it
// works on and the one handed out.
std::uint64_t FramesHeld(const AVCodecContext& decoder);

// Of a codec whose pictures all stand alone, a packet without a picture is a broken one.
bool GivesOnePictureEach(AVCodecID codec);

// The end marker is what tells a whole JPEG from one whose last rows are missing.
bool HasJpegEnd(const AVPacket& packet);

// EXIF's number for the matrix that a container puts beside its pictures: x' = ax + cy, y' = bx +
// dy, in parts of 65536. 1 for what is none of the eight.
int OrientationOf(const AVStream& stream);

// How many packets the stream has by the head and by the index of its container; 0 where that is
// not known for sure. Recorders that fill in only one of the two, or guess, are many.
std::uint64_t PacketsAnnounced(const AVStream& stream, std::string_view container);

// One of two fields that make a picture together, as old capture cards wrote them: the APP0 segment
// "AVI1" says which.
bool IsJpegField(std::string_view jpeg);

}  // namespace sampleproc::video
