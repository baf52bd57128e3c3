// Which files are videos: by name, and by their first bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sampleproc::video {

// The containers we read. What is not listed is never handed to a demuxer.
enum class Container {
  kUnknown,
  kAvi,         // RIFF .... "AVI "
  kMp4,         // ISO base media and QuickTime: a box of a known type at the start
  kMatroska,    // EBML 1A 45 DF A3; WebM is one
  kMpegTs,      // sync bytes 47 every 188 (or 192) bytes
  kMpegPs,      // pack header 00 00 01 BA
  kMpegVideo,   // bare MPEG-1 or -2: sequence header 00 00 01 B3, after any number of zeros
  kJpegFrames,  // JPEG pictures one after the other: FF D8 FF
  kH264,        // bare H.264: zeros, a start code, then parameters, a delimiter or SEI
  kHevc,        // bare H.265, likewise
};

// So many bytes of the start are enough for Sniff to tell.
inline constexpr std::size_t kSniffBytes = 1024;

// By the first bytes alone. A single JPEG picture is kJpegFrames too: only its name tells the two
// apart, which is why IsVideoName decides what is opened as a video.
Container Sniff(base::ByteView start);

// The bare stream that the name's ending says, if NAL units or JPEG pictures of it begin anywhere
// in `start`: one that was cut out of a longer recording begins in the middle of one, and what a
// camera's server sent has a head before each picture. Else kUnknown.
Container SniffBareStream(std::string_view path, base::ByteView start);

inline constexpr std::size_t kTransportPacket = 188;
inline constexpr std::uint8_t kTransportSync = 0x47;  // with which each begins

// Where the packets of a transport stream are: the first begins at `first`, they are `distance`
// bytes apart.
struct TransportSync {
  std::size_t first = 0;
  std::size_t distance = 0;
};
std::optional<TransportSync> FindTransportSync(base::ByteView start);

// True for names with one of the endings of VideoEndings(), in either case.
bool IsVideoName(std::string_view path);

// "avi m2ts m4v mjpeg ...": for messages that say what is supported.
std::string_view VideoEndings();

}  // namespace sampleproc::video
