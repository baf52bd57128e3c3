#include "files/line_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace sampleproc::files {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Where a line that is too long is given up.
constexpr std::uint64_t Hopeless(std::size_t longest) {
  return 16 * static_cast<std::uint64_t>(longest) + (1U << 20);
}

}  // namespace

base::Result<std::optional<Line>> LineReader::Next() {
  bool too_long = false;
  for (;;) {
    const void* const found =
        searched_ < end_ ? std::memchr(held_.data() + searched_, delimiter_, end_ - searched_)
                         : nullptr;
    const bool complete = found != nullptr;
    std::size_t stop =
        complete ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - held_.data())
                 : end_;
    searched_ = stop;
    if (stop - begin_ > longest_) {
      too_long = true;
      forgotten_ += stop - begin_;
      begin_ = stop;  // forget its beginning; its end may still be to come
      if (forgotten_ > Hopeless(longest_)) return GiveUp();
    }
    if (!complete) {
      const auto more = Fill();
      if (!more) return std::unexpected(more.error());
      if (*more) continue;
      if (begin_ == end_ && !too_long) return std::nullopt;
      stop = end_;  // what is held may have been moved
    }
    forgotten_ = 0;
    Line line{++lines_, too_long, {}, complete};
    if (!too_long) line.text = base::AsText(base::ByteView(held_).subspan(begin_, stop - begin_));
    if (line.number == 1 && line.text.starts_with(kByteOrderMark)) {
      line.text.remove_prefix(kByteOrderMark.size());
    }
    begin_ = searched_ = std::min(stop + 1, end_);
    return line;
  }
}

std::unexpected<base::Error> LineReader::GiveUp() {
  ended_ = true;
  begin_ = searched_ = end_;
  return base::Fail(base::ErrorCode::kInvalidFrame,
                    "line " + std::to_string(lines_ + 1) + " is longer than " +
                        std::to_string(Hopeless(longest_)) + " bytes, where " +
                        std::to_string(longest_) + " are allowed; the rest is not read");
}

// Reads more; false at the end.
base::Result<bool> LineReader::Fill() {
  if (ended_) return false;
  if (begin_ > 0) {
    std::memmove(held_.data(), held_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ -= begin_;
    begin_ = 0;
  }
  if (held_.size() - end_ < kBlock) held_.resize(std::max(2 * held_.size(), end_ + kBlock));
  const auto got = file_.ReadSome(std::span(held_).subspan(end_));
  ended_ = !got || *got == 0;
  if (!got) {
    begin_ = searched_ = end_;
    return std::unexpected(got.error());
  }
  end_ += *got;
  return !ended_;
}

}  // namespace sampleproc::files
