#include "http/body_reader.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <string>
#include <utility>

#include "http/chunk_reader.h"
#include "json/reader.h"

namespace sampleproc::http {
namespace {

using base::ErrorCode;
using base::Result;
using boost::asio::awaitable;
using boost::system::error_code;

// Reserved for a chunked body at once, doubling: its size is not known beforehand.
constexpr std::size_t kFirstBodyRoom = 64 * 1024;

// Read of a body before other connections get their turn: what a fast sender has ready would keep
// them waiting for milliseconds, and a hundred such senders for a hundred times that.
constexpr std::size_t kTurnBytes = 32 * 1024;

// Read at once of a body that nobody wants.
constexpr std::size_t kDiscardRoom = 16 * 1024;

}  // namespace

awaitable<Result<void>> BodyReader::Read(Request& request) {
  const bool all_here =
      request.content_length && inbox_.received().size() - head_bytes_ >= *request.content_length;
  if (request.expects_continue && !all_here) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!co_await wire_.WriteAll(base::AsBytes(kContinue))) {
      co_return std::unexpected(Failure(request, 0));
    }
  }
  wire_.Arm(Wire::Wait::kBody, options_.body_timeout);
  Result<void> read;
  if (request.chunked) {
    read = co_await ReadChunked(request);
  } else {
    read = co_await ReadSized(request, static_cast<std::size_t>(*request.content_length));
  }
  wire_.Disarm();
  co_return read;
}

awaitable<Result<void>> BodyReader::ReadSized(Request& request, std::size_t length) {
  base::ByteBuffer& body = request.body;
  body.reserve(length + json::kParseRoom);  // so that a parser in place need not move it
  body.resize(length);
  const std::string_view here = inbox_.received().substr(head_bytes_);
  std::size_t have = std::min(length, here.size());
  std::memcpy(body.data(), here.data(), have);
  consumed_ = head_bytes_ + have;

  std::size_t turn = 0;
  while (have < length) {
    if (turn >= kTurnBytes) {
      turn = 0;
      if (!co_await LetOthers()) co_return std::unexpected(Failure(request, have));
    }
    const std::span<char> room(reinterpret_cast<char*>(body.data()) + have,
                               std::min(length - have, kTurnBytes - turn));
    error_code error;
    std::size_t got = wire_.ReadSome(room, error);
    if (WouldBlock(error)) {
      error = {};
      got = co_await wire_.Read(room, error);
    }
    if (error) co_return std::unexpected(Failure(request, have, error));
    have += got;
    turn += got;
    wire_.Progress(got);
  }
  co_return Result<void>();
}

awaitable<bool> BodyReader::LetOthers() {
  co_await boost::asio::post(boost::asio::use_awaitable);
  // What ends a wait finds none meanwhile.
  co_return !wire_.closed() && !wire_.timed_out() && !wire_.interrupted();
}

awaitable<Result<void>> BodyReader::ReadChunked(Request& request) {
  ChunkReader chunks(options_.max_request_bytes);
  base::ByteBuffer& body = request.body;
  std::size_t turn = 0;
  for (;;) {
    std::string_view input = inbox_.received().substr(head_bytes_);
    while (!input.empty()) {
      auto step = chunks.Next(input);
      if (!step) co_return std::unexpected(step.error());
      input.remove_prefix(step->consumed);
      if (auto grown = Grow(request, step->data.size()); !grown) co_return grown;
      const base::ByteView data = base::AsBytes(step->data);
      body.insert(body.end(), data.begin(), data.end());
      if (step->done) {
        consumed_ = inbox_.received().size() - input.size();
        co_return Result<void>();
      }
    }
    inbox_.TruncateTo(head_bytes_);
    if (turn >= kTurnBytes) {
      turn = 0;
      if (!co_await LetOthers()) co_return std::unexpected(Failure(request, body.size()));
    }
    const std::span<char> room = inbox_.Room(head_bytes_ + 1);
    error_code error;
    std::size_t got = wire_.ReadSome(room, error);
    if (WouldBlock(error)) {
      error = {};
      got = co_await wire_.Read(room, error);
    }
    if (error) co_return std::unexpected(Failure(request, body.size(), error));
    inbox_.Produce(got);
    turn += got;
    wire_.Progress(got);
  }
}

awaitable<Result<void>> BodyReader::Discard(const Request& request) {
  auto left = static_cast<std::size_t>(*request.content_length);
  const std::size_t here = std::min(left, inbox_.received().size() - head_bytes_);
  consumed_ = head_bytes_ + here;
  left -= here;
  if (left == 0) co_return Result<void>();
  wire_.Arm(Wire::Wait::kBody, options_.body_timeout);
  while (left > 0) {
    const std::span<char> room = inbox_.Room(consumed_ + kDiscardRoom);
    const std::span<char> wanted = room.first(std::min(room.size(), left));
    error_code error;
    std::size_t got = wire_.ReadSome(wanted, error);
    if (WouldBlock(error)) {
      error = {};
      got = co_await wire_.Read(wanted, error);
    }
    if (error) {
      co_return std::unexpected(Failure(request, *request.content_length - left, error));
    }
    left -= got;
    wire_.Progress(got);
  }
  wire_.Disarm();
  co_return Result<void>();
}

Result<void> BodyReader::Grow(Request& request, std::size_t more) {
  base::ByteBuffer& body = request.body;
  if (body.size() + more <= request.reservation.bytes()) return {};
  // Doubling: what was held and what is added must both fit while the bytes move.
  const std::size_t wanted = std::min(
      options_.max_request_bytes, std::max({kFirstBodyRoom, body.size() * 2, body.size() + more}));
  auto reserved = budget_.TryReserve(wanted, "the request body");
  if (!reserved) return std::unexpected(reserved.error());
  request.reservation = std::move(*reserved);
  body.reserve(wanted + json::kParseRoom);
  return {};
}

base::Error BodyReader::Failure(const Request& request, std::size_t have, const error_code& error) {
  if (wire_.interrupted()) {
    return {ErrorCode::kShuttingDown, "the service ends, before the body was there", {}, {}};
  }
  if (wire_.timed_out()) {
    return {ErrorCode::kRequestTimeout,
            "the request body came too slowly (http.body_timeout, http.body_min_rate)",
            {},
            {}};
  }
  if (error == boost::asio::error::eof) {
    const std::string length =
        request.content_length ? " of " + std::to_string(*request.content_length) : std::string();
    const char* rule = request.chunked ? ", before its last chunk" : " (Content-Length)";
    return {ErrorCode::kBadRequest,
            "the request body ends after " + std::to_string(have) + length + " bytes" + rule,
            {},
            {}};
  }
  wire_.Close();
  return {ErrorCode::kCancelled, "the client is gone", {}, {}};
}

}  // namespace sampleproc::http
