#include "http/chunk_reader.h"

#include <algorithm>
#include <string>

namespace sampleproc::http {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr int kMaxSizeDigits = 16;
constexpr std::size_t kMaxSizeLine = 256;
constexpr std::size_t kMaxExtensions = 4096;
constexpr std::size_t kMaxTrailers = 4096;

// From this many chunks on, their mean size must be at least kMinMeanChunk bytes.
constexpr std::uint64_t kManyChunks = 4096;
constexpr std::uint64_t kMinMeanChunk = 16;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

bool IsNameByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F &&
         std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}

std::unexpected<base::Error> Bad(const char* what) { return Fail(ErrorCode::kBadRequest, what); }

}  // namespace

Result<ChunkReader::Step> ChunkReader::Next(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t run =
          static_cast<std::size_t>(std::min<std::uint64_t>(size_, input.size() - step.consumed));
      step.data = input.substr(step.consumed, run);
      step.consumed += run;
      size_ -= run;
      if (size_ == 0) state_ = State::kDataCr;
      return step;
    }
    if (auto fine = Framing(input[step.consumed]); !fine) return std::unexpected(fine.error());
    ++step.consumed;
  }
  step.done = state_ == State::kDone;
  return step;
}

Result<void> ChunkReader::Framing(char c) {
  switch (state_) {
    case State::kSize:
      if (++line_bytes_ > kMaxSizeLine) return Bad("a chunk's size line is too long");
      if (const int digit = HexValue(c); digit >= 0) {
        if (++digits_ > kMaxSizeDigits) return Bad("a chunk size has more than 16 digits");
        size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
        return {};
      }
      if (digits_ == 0) return Bad("a chunk does not start with its size in hexadecimal");
      if (c == ';') {
        state_ = State::kExtension;
        return {};
      }
      if (c == '\r') {
        state_ = State::kSizeLf;
        return {};
      }
      return Bad("a chunk size is followed by something other than ';' or CRLF");
    case State::kExtension:
      if (++line_bytes_ > kMaxSizeLine) return Bad("a chunk's size line is too long");
      if (++extension_bytes_ > kMaxExtensions) return Bad("the chunk extensions are too long");
      if (c == '\r') {
        state_ = State::kSizeLf;
        return {};
      }
      if (IsControl(c)) return Bad("a chunk extension has a control character in it");
      return {};
    case State::kSizeLf:
      if (c != '\n') return Bad("a chunk's size line does not end in CRLF");
      return StartChunk();
    case State::kDataCr:
      if (c != '\r') return Bad("a chunk is longer than its size says");
      state_ = State::kDataLf;
      return {};
    case State::kDataLf:
      if (c != '\n') return Bad("a chunk does not end in CRLF");
      state_ = State::kSize;
      return {};
    case State::kTrailer:
      return TrailerByte(c);
    case State::kData:
    case State::kDone:
      break;
  }
  return Bad("bytes behind the end of the message");
}

Result<void> ChunkReader::StartChunk() {
  digits_ = 0;
  line_bytes_ = 0;
  if (size_ == 0) {
    state_ = State::kTrailer;
    return {};
  }
  if (size_ > max_body_bytes_ || body_bytes_ > max_body_bytes_ - size_) {
    return Fail(ErrorCode::kTooLarge, "the request body is larger than " +
                                          std::to_string(max_body_bytes_) +
                                          " bytes (http.max_request_bytes)");
  }
  body_bytes_ += size_;
  ++chunks_;
  if (chunks_ > kManyChunks && body_bytes_ < chunks_ * kMinMeanChunk) {
    return Bad("the body comes in too many too small chunks");
  }
  state_ = State::kData;
  return {};
}

Result<void> ChunkReader::TrailerByte(char c) {
  if (++trailer_bytes_ > kMaxTrailers) return Bad("the trailers are too long");
  if (trailer_cr_) {
    if (c != '\n') return Bad("a trailer line does not end in CRLF");
    trailer_cr_ = false;
    if (trailer_line_ == 0) {
      state_ = State::kDone;
      return {};
    }
    if (trailer_name_) return Bad("a trailer line has no colon");
    trailer_line_ = 0;
    trailer_name_ = true;
    return {};
  }
  if (c == '\r') {
    trailer_cr_ = true;
    return {};
  }
  if (IsControl(c)) return Bad("a trailer has a control character in it");
  if (trailer_name_) {
    if (c == ':' && trailer_line_ > 0) {
      trailer_name_ = false;
    } else if (!IsNameByte(c)) {
      return Bad("a trailer's name is not a token");
    }
  }
  ++trailer_line_;
  return {};
}

}  // namespace sampleproc::http
