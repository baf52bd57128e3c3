// Strict decoding of the chunked transfer coding (RFC 9112 section 7.1):
//
//   chunk      1*16HEXDIG [";" extension] CRLF  size bytes  CRLF
//   last       "0" [";" extension] CRLF  *(trailer field CRLF)  CRLF
//
// Extensions are bounded and ignored; trailers are checked, bounded and dropped, so that nothing
// arriving after the body can pretend to have been in the head. A body that comes in absurdly small
// chunks is refused: its framing would cost more than its contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace sampleproc::http {

// One object a body; the verdict does not depend on how the bytes are cut.
class ChunkReader {
 public:
  explicit ChunkReader(std::uint64_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  struct Step {
    std::size_t consumed = 0;  // of `input`: framing, and the data below
    std::string_view data;     // body bytes inside the consumed part, maybe none
    bool done = false;         // the message has ended
  };

  // Consumes framing up to the end of the next run of body bytes, or of `input`. Call until it
  // consumes nothing or is done. Fails with kBadRequest (the framing is wrong) or kTooLarge (the
  // body grows past the limit; known from a chunk's size, before its bytes).
  base::Result<Step> Next(std::string_view input);

 private:
  enum class State { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kDone };

  base::Result<void> Framing(char c);
  base::Result<void> StartChunk();
  base::Result<void> TrailerByte(char c);

  const std::uint64_t max_body_bytes_;
  State state_ = State::kSize;
  std::uint64_t size_ = 0;        // of the current chunk, then what is left of it
  std::uint64_t body_bytes_ = 0;  // announced so far
  std::uint64_t chunks_ = 0;
  int digits_ = 0;
  std::size_t line_bytes_ = 0;       // of the current size line
  std::size_t extension_bytes_ = 0;  // of all size lines
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_line_ = 0;  // bytes of the current trailer line, without its CRLF
  bool trailer_name_ = true;      // still before the colon
  bool trailer_cr_ = false;
};

}  // namespace sampleproc::http
