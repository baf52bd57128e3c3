// A guard before the MP4 demuxer: it takes memory for every sample that a track claims to have,
// and two tables can claim any number of them in a few bytes.
#pragma once

#include "base/error.h"
#include "video/source_file.h"

namespace sampleproc::video {

// Fails with kInvalidFrame when those tables claim more samples together than the file has bytes
// (and a million), or when what is not picture data is beyond any real recording; with
// kUnsupportedFormat when the tables are compressed, so that they cannot be looked at; with kIo.
//
//   stsz   version and flags(4) sample size(4) sample count(4): a size other than 0 is that of all
//   trun   version(1) flags(3) sample count(4): none of the flags 0xF00 set means that the samples
//          take no bytes of their own
//   cmov   a head compressed by zlib, which QuickTime wrote long ago
//
// The tables are looked for at every place outside of the top-level boxes "mdat", whatever the
// boxes around them: the demuxer finds them in odd places too.
base::Result<void> CheckMp4Tables(const SourceFile& file);

}  // namespace sampleproc::video
