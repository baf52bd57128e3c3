#include "http/session.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <utility>

#include "http/error_response.h"
#include "http/head_parser.h"
#include "http/response_writer.h"
#include "json/reader.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using base::Result;
using boost::system::error_code;

// Read at once while a chunked body arrives.
constexpr std::size_t kChunkRoom = 16 * 1024;
// Reserved for a chunked body at once, doubling: its size is not known beforehand.
constexpr std::size_t kFirstBodyRoom = 64 * 1024;
// After a refusal: how much of what the client still sends is read away, and how long it may take
// to read the answer. Closing at once would reset the connection and lose the answer.
constexpr std::size_t kLingerBytes = 64 * 1024;
constexpr std::chrono::milliseconds kLingerTime{2000};

bool WouldBlock(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

asio::const_buffer Buffer(base::ByteView bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

void Session::Begin(Loop& loop, Socket socket) {
  auto session = std::make_shared<Session>(loop, std::move(socket));
  asio::co_spawn(
      loop.io(), [session]() { return session->Run(); },
      [session](const std::exception_ptr& thrown) {
        if (!thrown) return;
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& bug) {
          session->loop_.context().log.Error("a connection ended by an exception",
                                             {{"error", std::string_view(bug.what())}});
        }
      });
}

Session::Session(Loop& loop, Socket socket)
    : loop_(loop),
      socket_(std::move(socket)),
      place_(loop.Add(this)),
      guard_({loop.context().options.max_head_bytes, loop.context().options.max_fields,
              loop.context().options.max_target_bytes}),
      answer_timer_(loop.io()) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  sockaddr_storage end{};
  socklen_t size = sizeof end;
  if (::getpeername(socket_.native_handle(), reinterpret_cast<sockaddr*>(&end), &size) == 0) {
    request_.peer = ToAddress(end);
  }
  size = sizeof end;
  if (::getsockname(socket_.native_handle(), reinterpret_cast<sockaddr*>(&end), &size) == 0) {
    request_.local = ToAddress(end);
  }
}

Session::~Session() { loop_.Remove(place_); }

void Session::OnTick(base::MonoTime now) {
  if (wait_ == Wait::kNothing || wait_ == Wait::kWorker || now < wait_ends_) return;
  timed_out_ = true;
  wait_ = Wait::kNothing;
  error_code ignored;
  socket_.cancel(ignored);
}

void Session::OnDrain() {
  const bool nothing_asked = wait_ == Wait::kIdle || (wait_ == Wait::kHead && inbox_.empty());
  if (!nothing_asked) return;
  // A request that has arrived and is about to be read gets its answer.
  error_code ignored;
  if (socket_.available(ignored) == 0) Abort();
}

void Session::Abort() {
  closed_ = true;
  request_.allowance.cancel.Cancel();
  error_code ignored;
  socket_.close(ignored);
  answer_timer_.cancel();
}

void Session::Arm(Wait wait, std::chrono::milliseconds limit) {
  wait_ = wait;
  wait_ends_ = loop_.now() + limit;
}

Session::Awaitable<void> Session::Run() {
  while (!closed_ && co_await ServeOne()) {
    first_request_ = false;
    inbox_.Consume(std::exchange(request_bytes_, 0));
    inbox_.ShrinkIfEmpty();
    guard_.Reset();
  }
  error_code ignored;
  socket_.close(ignored);
}

Session::Awaitable<bool> Session::ServeOne() {
  const Options& options = loop_.context().options;
  // A new object only where somebody may still hold the old one's flag.
  if (generation_ != 0 || request_.allowance.cancel.Cancelled()) request_.allowance = {};
  request_.Clear();
  answer_.reset();
  timed_out_ = false;
  if (inbox_.empty()) {
    if (loop_.draining()) co_return false;
    Arm(first_request_ ? Wait::kHead : Wait::kIdle,
        first_request_ ? options.header_timeout : options.idle_timeout);
  } else {
    Arm(Wait::kHead, options.header_timeout);
  }

  for (;;) {
    auto checked = guard_.Check(inbox_.received());
    if (!checked) {
      wait_ = Wait::kNothing;
      Response refusal = ErrorResponse(checked.error(), "", "");
      refusal.close = true;
      if (co_await Write(std::move(refusal))) co_await Linger();
      co_return false;
    }
    if (checked->has_value()) {
      const Framing& framing = **checked;
      head_bytes_ = request_bytes_ = framing.head_bytes;
      if (framing.chunked) inbox_.Room(head_bytes_ + kChunkRoom);
      const std::string_view head =
          inbox_.received().substr(framing.skipped, framing.head_bytes - framing.skipped);
      if (auto parsed = ParseHead(head, framing, request_); !parsed) {
        Response refusal = ErrorResponse(parsed.error(), "", "");
        refusal.close = true;
        if (co_await Write(std::move(refusal))) co_await Linger();
        co_return false;
      }
      break;
    }
    const std::span<char> room = inbox_.Room();
    error_code error;
    const std::size_t got = co_await socket_.async_read_some(
        asio::buffer(room.data(), room.size()), asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      if (!timed_out_ || inbox_.empty()) co_return false;
      Response late = ErrorResponse(ReadFailure("the request head"), "", "");
      late.close = true;
      if (co_await Write(std::move(late))) co_await Linger();
      co_return false;
    }
    if (wait_ == Wait::kIdle) Arm(Wait::kHead, options.header_timeout);
    inbox_.Produce(got);
  }
  wait_ = Wait::kNothing;

  bool keep = request_.keep_alive;
  std::optional<Response> response = Refuse();
  if (response) {
    if (BodyUnread()) {
      response->close = true;
      if (co_await Write(std::move(*response))) co_await Linger();
      co_return false;
    }
  } else {
    if (BodyUnread()) {
      if (auto read = co_await ReadBody(); !read) {
        if (closed_) co_return false;
        response = ErrorResponse(read.error(), request_.path, request_.request_id);
        response->close = true;
        if (co_await Write(std::move(*response))) co_await Linger();
        co_return false;
      }
    }
    Handle();
    if (!answer_) co_await AwaitAnswer();
    if (closed_ || !answer_) co_return false;
    response = std::move(answer_);
    answer_.reset();
  }
  request_.body = {};
  request_.reservation.Release();
  if (!keep || loop_.draining()) response->close = true;
  keep = !response->close;
  // Nearly always the socket takes a whole answer at once; a coroutine more would cost as much as
  // everything else here.
  if (!WriteNow(*response)) {
    if (closed_ || !co_await WriteAll(unsent_head_) || !co_await WriteAll(unsent_body_)) {
      co_return false;
    }
  }
  if (outbox_.capacity() > ReceiveBuffer::kSmall) outbox_ = std::string();
  co_return keep;
}

bool Session::BodyUnread() const {
  return request_.chunked || request_.content_length.value_or(0) > 0;
}

std::optional<Response> Session::Refuse() {
  request_.begun = loop_.now();
  request_.route = loop_.context().router.Find(request_.method, request_.path);
  if (auto response = loop_.context().chain.OnHead(request_)) return response;
  if (request_.route != nullptr) return std::nullopt;
  return loop_.context().router.Refuse(request_);
}

Session::Awaitable<Result<void>> Session::ReadBody() {
  const bool all_here =
      request_.content_length && inbox_.received().size() - head_bytes_ >= *request_.content_length;
  if (request_.expects_continue && !all_here) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!co_await WriteAll(base::AsBytes(kContinue))) {
      co_return base::Fail(ErrorCode::kCancelled, "the client is gone");
    }
  }
  Arm(Wait::kBody, loop_.context().options.body_timeout);
  Result<void> read;
  if (request_.chunked) {
    read = co_await ReadChunkedBody();
  } else {
    read = co_await ReadSizedBody(static_cast<std::size_t>(*request_.content_length));
  }
  wait_ = Wait::kNothing;
  co_return read;
}

Session::Awaitable<Result<void>> Session::ReadSizedBody(std::size_t length) {
  base::ByteBuffer& body = request_.body;
  body.reserve(length + json::kParseRoom);  // so that a parser in place need not move it
  body.resize(length);
  const std::string_view here = inbox_.received().substr(head_bytes_);
  std::size_t have = std::min(length, here.size());
  std::memcpy(body.data(), here.data(), have);
  request_bytes_ = head_bytes_ + have;

  while (have < length) {
    const auto room = asio::buffer(body.data() + have, length - have);
    error_code error;
    std::size_t got = socket_.read_some(room, error);
    if (WouldBlock(error)) {
      got =
          co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      if (!timed_out_) closed_ = true;
      co_return std::unexpected(ReadFailure("the request body"));
    }
    have += got;
    wait_ends_ = loop_.now() + loop_.context().options.body_timeout;
  }
  co_return Result<void>();
}

Session::Awaitable<Result<void>> Session::ReadChunkedBody() {
  ChunkReader chunks(loop_.context().options.max_request_bytes);
  base::ByteBuffer& body = request_.body;
  for (;;) {
    std::string_view input = inbox_.received().substr(head_bytes_);
    while (!input.empty()) {
      auto step = chunks.Next(input);
      if (!step) co_return std::unexpected(step.error());
      input.remove_prefix(step->consumed);
      if (body.size() + step->data.size() > request_.reservation.bytes()) {
        // Doubling: what was held and what is added must both fit while the bytes move.
        const std::size_t wanted =
            std::min(loop_.context().options.max_request_bytes,
                     std::max({kFirstBodyRoom, body.size() * 2, body.size() + step->data.size()}));
        auto reserved = loop_.context().budget.TryReserve(wanted, "the request body");
        if (!reserved) co_return std::unexpected(reserved.error());
        request_.reservation = std::move(*reserved);
        body.reserve(wanted + json::kParseRoom);
      }
      const base::ByteView data = base::AsBytes(step->data);
      body.insert(body.end(), data.begin(), data.end());
      if (step->done) {
        request_bytes_ = inbox_.received().size() - input.size();
        co_return Result<void>();
      }
    }
    inbox_.TruncateTo(head_bytes_);
    const std::span<char> room = inbox_.Room(head_bytes_ + 1);
    error_code error;
    std::size_t got = socket_.read_some(asio::buffer(room.data(), room.size()), error);
    if (WouldBlock(error)) {
      got = co_await socket_.async_read_some(asio::buffer(room.data(), room.size()),
                                             asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      if (!timed_out_) closed_ = true;
      co_return std::unexpected(ReadFailure("the request body"));
    }
    inbox_.Produce(got);
    wait_ends_ = loop_.now() + loop_.context().options.body_timeout;
  }
}

base::Error Session::ReadFailure(const char* where) const {
  if (timed_out_) {
    return {ErrorCode::kRequestTimeout, std::string("too long without a byte of ") + where, {}, {}};
  }
  return {ErrorCode::kCancelled, "the client is gone", {}, {}};
}

void Session::Handle() {
  ++generation_;
  request_.allowance.deadline =
      base::Deadline(loop_.context().clock, loop_.context().options.request_deadline);
  auto deliver = [self = shared_from_this(), generation = generation_](Response response) mutable {
    Session& session = *self;
    asio::dispatch(session.socket_.get_executor(),
                   [self = std::move(self), generation, response = std::move(response)]() mutable {
                     self->Deliver(generation, std::move(response));
                   });
  };
  Responder responder(std::move(deliver));
  try {
    request_.route->handler(request_, std::move(responder));
  } catch (const std::bad_alloc&) {
    // The responder has answered 500 on its way out; say what it was instead.
    answer_ = ErrorResponse({ErrorCode::kOverloaded, "out of memory", {}, {}}, request_.path,
                            request_.request_id);
  }
}

void Session::Deliver(std::uint64_t generation, Response response) {
  if (generation != generation_ || answer_) return;
  answer_ = std::move(response);
  if (wait_ == Wait::kWorker) answer_timer_.cancel();
}

Session::Awaitable<void> Session::AwaitAnswer() {
  wait_ = Wait::kWorker;
  answer_timer_.expires_after(loop_.context().options.request_deadline);
  error_code ignored;
  co_await answer_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  wait_ = Wait::kNothing;
  if (answer_ || closed_) co_return;
  request_.allowance.cancel.Cancel();
  ++generation_;
  answer_ = ErrorResponse(
      {ErrorCode::kDeadline,
       "no answer within " + std::to_string(loop_.context().options.request_deadline.count()) +
           " ms (http.request_deadline)",
       {},
       {}},
      request_.path, request_.request_id);
}

bool Session::WriteNow(Response& response) {
  loop_.context().chain.OnResponse(request_, response);
  outbox_.clear();
  unsent_body_ = AppendResponse(response, loop_.date(), request_.method == Method::kHead, outbox_);
  error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(outbox_), error);
  if (error && !WouldBlock(error)) closed_ = true;
  unsent_head_ = base::AsBytes(outbox_).subspan(error ? 0 : sent);
  return unsent_head_.empty() && unsent_body_.empty();
}

Session::Awaitable<bool> Session::Write(Response response) {
  bool written = WriteNow(response);
  if (!written && !closed_) {
    written = co_await WriteAll(unsent_head_) && co_await WriteAll(unsent_body_);
  }
  if (outbox_.capacity() > ReceiveBuffer::kSmall) outbox_ = std::string();
  co_return written;
}

Session::Awaitable<bool> Session::WriteAll(base::ByteView bytes) {
  while (!bytes.empty()) {
    error_code error;
    std::size_t sent = socket_.write_some(Buffer(bytes), error);
    if (WouldBlock(error)) {
      Arm(Wait::kWrite, loop_.context().options.write_timeout);
      sent = co_await socket_.async_write_some(Buffer(bytes),
                                               asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      closed_ = true;
      co_return false;
    }
    bytes = bytes.subspan(sent);
  }
  wait_ = Wait::kNothing;
  co_return true;
}

Session::Awaitable<void> Session::Linger() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  timed_out_ = false;
  Arm(Wait::kLinger, kLingerTime);
  char waste[4096];
  for (std::size_t read = 0; !error && !timed_out_;) {
    if (read >= kLingerBytes) {
      // Enough is read: what is left stays with the kernel until the client or the clock ends it.
      co_await socket_.async_wait(Socket::wait_error,
                                  asio::redirect_error(asio::use_awaitable, error));
      break;
    }
    read += co_await socket_.async_read_some(asio::buffer(waste),
                                             asio::redirect_error(asio::use_awaitable, error));
  }
  wait_ = Wait::kNothing;
}

}  // namespace sampleproc::http
