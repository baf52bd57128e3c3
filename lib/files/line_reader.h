// Lines of a file or a pipe, one at a time, in memory that depends on the longest one allowed and
// not on the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "files/input_file.h"

namespace sampleproc::files {

struct Line {
  std::uint64_t number = 0;  // from 1
  bool too_long = false;     // then `text` is empty
  std::string_view text;     // without its delimiter; valid until the next call
  bool has_end = true;       // false for the last one when no delimiter is behind it
};

// Reads as far as it must, so what it reads may be endless and may be made while it is read. Used
// by one thread at a time.
class LineReader {
 public:
  // A line has at most `longest` bytes without its delimiter.
  LineReader(InputFile file, char delimiter, std::size_t longest)
      : file_(std::move(file)),
        delimiter_(static_cast<std::uint8_t>(delimiter)),
        longest_(longest) {}

  // The next line, or nothing at the end; the last one need not end with the delimiter. A line that
  // is too long is passed over and says so. A byte order mark, as editors of other systems begin
  // files with, is no part of the first one. Fails once, after that there is nothing more: with
  // kIo, or with kInvalidFrame where a line goes on without an end beyond all measure, as in
  // /dev/zero.
  base::Result<std::optional<Line>> Next();

 private:
  base::Result<bool> Fill();
  std::unexpected<base::Error> GiveUp();

  InputFile file_;
  const std::uint8_t delimiter_;
  const std::size_t longest_;
  base::ByteBuffer held_;  // [begin_, end_) of it was read and not handed out
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // no delimiter before this place
  std::uint64_t lines_ = 0;
  std::uint64_t forgotten_ = 0;  // bytes of a line that is too long
  bool ended_ = false;
};

}  // namespace sampleproc::files
