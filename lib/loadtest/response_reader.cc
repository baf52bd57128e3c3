#include "loadtest/response_reader.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "http/message.h"

namespace sampleproc::loadtest {
namespace {

using http::EqualsIgnoreCase;

constexpr std::size_t kMaxHead = 64 * 1024;
constexpr int kMostInterim = 64;
constexpr std::size_t kMaxLine = 8 * 1024;  // of chunk framing

// Whether a list such as "keep-alive, Upgrade" names `word`.
bool Lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (EqualsIgnoreCase(base::TrimBlanks(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

template <typename T>
bool ReadNumber(std::string_view text, T& value, int base) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  return error == std::errc() && stop == end;
}

// Whether a line within `text`, which follows `before`, ends in LF alone.
bool HasBareLineFeed(std::string_view before, std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at > 0 ? text[at - 1] != '\r' : !before.ends_with('\r')) return true;
  }
  return false;
}

// Whether `head`, as far as it has come, is or may become one that begins "HTTP/1.1 200".
bool MayBeHead(std::string_view head) {
  constexpr std::string_view kPattern = "HTTP/1.0 000";  // 0: a digit
  for (std::size_t i = 0; i < std::min(head.size(), kPattern.size()); ++i) {
    const bool fits =
        kPattern[i] == '0' ? head[i] >= '0' && head[i] <= '9' : head[i] == kPattern[i];
    if (!fits) return false;
  }
  return true;
}

// Where, in `text`, the head ends that began with `before`: behind its empty line. npos: not there.
std::size_t EndOfHead(std::string_view before, std::string_view text) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  // Its first bytes may have come before.
  for (std::size_t had = kEnd.size() - 1; had > 0; --had) {
    if (before.ends_with(kEnd.substr(0, had)) && text.starts_with(kEnd.substr(had))) {
      return kEnd.size() - had;
    }
  }
  const std::size_t at = text.find(kEnd);
  return at == std::string_view::npos ? at : at + kEnd.size();
}

// The next line of `text`, which is left without it.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

}  // namespace

void ResponseReader::Begin(bool is_head, std::size_t kept_bytes) {
  state_ = State::kHead;
  is_head_ = is_head;
  kept_bytes_ = kept_bytes;
  status_ = 0;
  interim_ = 0;
  head_.clear();
  line_.clear();
  body_.clear();
}

void ResponseReader::Release() {
  head_ = {};
  line_ = {};
  body_ = {};
}

std::size_t ResponseReader::Feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && (state_ == State::kHead || state_ == State::kBody)) {
    const std::string_view rest = bytes.substr(taken);
    taken += state_ == State::kHead ? FeedHead(rest) : FeedBody(rest);
  }
  return taken;
}

void ResponseReader::FeedEnd() {
  if (state_ == State::kDone) return;
  const bool ends_body = state_ == State::kBody && framing_ == Framing::kUntilEnd;
  state_ = ends_body ? State::kDone : State::kBroken;
}

std::size_t ResponseReader::FeedHead(std::string_view bytes) {
  // No more is taken than is this head's, or may be: others may follow it in the same piece.
  const std::string_view own = bytes.substr(0, kMaxHead + 1 - head_.size());
  const std::size_t end = EndOfHead(head_, own);
  const std::string_view piece = own.substr(0, end);
  const bool is_wrong = head_.size() + piece.size() > kMaxHead || HasBareLineFeed(head_, piece);
  head_.append(piece);
  // Another protocol's greeting may be all that ever comes.
  if (is_wrong || !MayBeHead(head_)) {
    state_ = State::kBroken;
  } else if (end != std::string_view::npos) {
    head_.resize(head_.size() - 2);
    ReadHead();
    PassOverInterim();
  }
  return piece.size();
}

void ResponseReader::PassOverInterim() {
  if (state_ == State::kBroken || status_ >= 200) return;
  state_ = status_ == 101 || ++interim_ > kMostInterim ? State::kBroken : State::kHead;
  head_.clear();
}

void ResponseReader::ReadHead() {
  std::string_view rest = head_;
  const std::string_view line = TakeLine(rest);
  // "HTTP/1.1 200 OK"; the reason and the space before it may be missing.
  const bool is_status_line = line.size() >= 12 && ReadNumber(line.substr(9, 3), status_, 10) &&
                              status_ >= 100 && (line.size() == 12 || line[12] == ' ');
  state_ = State::kBroken;
  if (!is_status_line) return;
  closes_ = line[7] == '0';
  has_length_ = false;
  framing_ = Framing::kUntilEnd;
  left_ = 0;
  while (!rest.empty()) {
    if (!ReadField(TakeLine(rest))) return;
  }
  state_ = State::kBody;
  if (is_head_ || status_ == 204 || status_ == 304 || status_ < 200) {
    state_ = State::kDone;
  } else if (framing_ == Framing::kUntilEnd && has_length_) {
    framing_ = Framing::kLength;
    if (left_ == 0) state_ = State::kDone;
  } else if (framing_ == Framing::kUntilEnd) {
    closes_ = true;
  }
}

bool ResponseReader::ReadField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = base::TrimBlanks(line.substr(colon + 1));
  if (EqualsIgnoreCase(name, "content-length")) {
    has_length_ = true;
    return ReadNumber(value, left_, 10);
  }
  if (EqualsIgnoreCase(name, "transfer-encoding")) {
    if (!EqualsIgnoreCase(value, "chunked")) return false;
    framing_ = Framing::kChunkSize;
  } else if (EqualsIgnoreCase(name, "connection")) {
    if (Lists(value, "close")) closes_ = true;
    if (Lists(value, "keep-alive")) closes_ = false;
  }
  return true;
}

void ResponseReader::Keep(std::string_view bytes) {
  body_.append(bytes.substr(0, kept_bytes_ - std::min(kept_bytes_, body_.size())));
}

std::size_t ResponseReader::FeedBody(std::string_view bytes) {
  switch (framing_) {
    case Framing::kUntilEnd:
      Keep(bytes);
      return bytes.size();
    case Framing::kLength:
    case Framing::kChunkData: {
      const std::size_t size = std::min<std::uint64_t>(left_, bytes.size());
      Keep(bytes.substr(0, size));
      left_ -= size;
      if (left_ == 0) {
        if (framing_ == Framing::kLength) state_ = State::kDone;
        framing_ = Framing::kChunkEnd;
      }
      return size;
    }
    default:
      return FeedLine(bytes);
  }
}

std::size_t ResponseReader::FeedLine(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t size = end == std::string_view::npos ? bytes.size() : end + 1;
  line_.append(bytes.substr(0, size));
  if (line_.size() > kMaxLine) state_ = State::kBroken;
  if (end == std::string_view::npos) return size;
  if (!line_.ends_with("\r\n")) {
    state_ = State::kBroken;
    return size;
  }
  line_.resize(line_.size() - 2);
  EndLine();
  line_.clear();
  return size;
}

void ResponseReader::EndLine() {
  if (framing_ == Framing::kChunkSize) {
    const std::string_view line = line_;
    const std::string_view digits = base::TrimBlanks(line.substr(0, line.find(';')));
    if (!ReadNumber(digits, left_, 16)) {
      state_ = State::kBroken;
      return;
    }
    framing_ = left_ == 0 ? Framing::kTrailer : Framing::kChunkData;
  } else if (framing_ == Framing::kChunkEnd) {
    if (!line_.empty()) state_ = State::kBroken;
    framing_ = Framing::kChunkSize;
  } else if (line_.empty()) {
    state_ = State::kDone;  // the trailer's end
  }
}

std::string_view ResponseReader::Field(std::string_view name) const {
  std::string_view rest = head_;
  TakeLine(rest);
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && EqualsIgnoreCase(line.substr(0, colon), name)) {
      return base::TrimBlanks(line.substr(colon + 1));
    }
  }
  return "";
}

}  // namespace sampleproc::loadtest
