// Reads HTTP/1.1 answers as their bytes arrive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sampleproc::loadtest {

// One answer at a time:
//
//   HTTP/1.1 SP status SP reason CRLF *( name ":" value CRLF ) CRLF body
//
// framed by Content-Length, by chunks, or by the end of the connection (RFC 9112 section 6.3).
// Interim answers (1xx) are passed over, but no more than a few dozen of them, and never 101:
// nobody has asked for another protocol. A head of over 64 KiB, or with a line that ends in LF
// alone, is no answer, however it is cut into pieces; what does not begin as a status line is known
// to be none before its head ends. Not thread-safe.
class ResponseReader {
 public:
  enum class State { kHead, kBody, kDone, kBroken };

  // For the next answer. `is_head`: it has no body whatever its fields say. A body longer than
  // `kept_bytes` is read all the same, and the rest of it forgotten.
  void Begin(bool is_head, std::size_t kept_bytes);

  // Takes bytes and returns how many: all of them, unless the answer is complete before.
  std::size_t Feed(std::string_view bytes);
  // The peer has closed: completes an answer that only that ends.
  void FeedEnd();

  State state() const { return state_; }
  // Bytes of memory in use, also of what was forgotten since.
  std::size_t held() const { return head_.capacity() + line_.capacity() + body_.capacity(); }
  // Gives memory back; what was read is lost.
  void Release();
  bool empty() const { return state_ == State::kHead && head_.empty(); }
  int status() const { return status_; }
  // The connection is of no use after this answer.
  bool closes() const { return closes_; }
  const std::string& head() const {
    return head_;
  }  // status line and fields, without the last CRLF
  std::string& body() { return body_; }
  const std::string& body() const { return body_; }
  // The value of the first field of that name, or "".
  std::string_view Field(std::string_view name) const;

 private:
  enum class Framing { kLength, kChunkSize, kChunkData, kChunkEnd, kTrailer, kUntilEnd };

  std::size_t FeedHead(std::string_view bytes);
  std::size_t FeedBody(std::string_view bytes);
  std::size_t FeedLine(std::string_view bytes);
  void ReadHead();
  void PassOverInterim();
  bool ReadField(std::string_view line);
  void EndLine();
  void Keep(std::string_view bytes);

  State state_ = State::kHead;
  Framing framing_ = Framing::kLength;
  bool is_head_ = false;
  bool closes_ = false;
  bool has_length_ = false;
  int status_ = 0;
  int interim_ = 0;         // answers passed over
  std::uint64_t left_ = 0;  // bytes of the body or of the chunk
  std::size_t kept_bytes_ = 0;
  std::string head_;
  std::string line_;  // of chunk framing, as far as it has come
  std::string body_;
};

}  // namespace sampleproc::loadtest
