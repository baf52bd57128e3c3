#include "net/redis_client.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "base/out_of_memory.h"
#include "net/redis_refusal.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using Kind = RedisReply::Kind;

// What the reply under construction may still take.
struct Allowed {
  std::size_t elements = 0;
  bool exceeded = false;
  std::size_t texts = 0;  // bytes that replies have taken
};

// hiredis asks these to make the parts of a reply, and hands each its task: where in its parent's
// array the part stands. A part that is refused ends the reading.
RedisReply& PartOf(const redisReadTask* task) {
  auto* parent = static_cast<RedisReply*>(task->parent->obj);
  return parent->elements[static_cast<std::size_t>(task->idx)];
}

// Without memory a part is refused too: no exception may pass through hiredis.
template <typename Make>
void* Made(const redisReadTask* task, Make make) noexcept {
  try {
    std::unique_ptr<RedisReply> outermost;
    if (task->parent == nullptr) outermost = std::make_unique<RedisReply>();
    RedisReply& reply = outermost ? *outermost : PartOf(task);
    make(reply);
    (void)outermost.release();
    return &reply;
  } catch (const std::exception&) {
    return nullptr;
  }
}

void* CreateString(const redisReadTask* task, char* text, std::size_t size) {
  return Made(task, [&](RedisReply& reply) {
    reply.kind = task->type == REDIS_REPLY_ERROR    ? Kind::kError
                 : task->type == REDIS_REPLY_STATUS ? Kind::kStatus
                                                    : Kind::kText;
    reply.text.assign(text, size);
    static_cast<Allowed*>(task->privdata)->texts += size;
  });
}

void* CreateArray(const redisReadTask* task, int elements) {
  auto* allowed = static_cast<Allowed*>(task->privdata);
  const auto count = static_cast<std::size_t>(std::max(elements, 0));
  if (count > allowed->elements) {
    allowed->exceeded = true;
    return nullptr;
  }
  allowed->elements -= count;
  allowed->texts += count * sizeof(RedisReply);
  return Made(task, [&](RedisReply& reply) {
    reply.kind = Kind::kArray;
    reply.elements.resize(count);
  });
}

void* CreateInteger(const redisReadTask* task, long long value) {
  return Made(task, [&](RedisReply& reply) {
    reply.kind = Kind::kInteger;
    reply.integer = value;
  });
}

void* CreateNil(const redisReadTask* task) {
  return Made(task, [](RedisReply& reply) { reply.kind = Kind::kNil; });
}

// Of the outermost part only: the others live in it.
void Free(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions Makers() {
  return {CreateString, CreateArray, CreateInteger, CreateNil, Free};
}

Result<std::string> Format(const RedisCommand& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = ::redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                            words.data(), sizes.data());
  if (size < 0) return Fail(ErrorCode::kInternal, "a command for Redis cannot be made");
  const std::unique_ptr<char, decltype(&::redisFreeCommand)> owner(formatted, &::redisFreeCommand);
  return std::string(formatted, static_cast<std::size_t>(size));
}

}  // namespace

bool RedisReply::IsError(std::string_view word) const {
  return kind == Kind::kError && text.starts_with(word) &&
         (text.size() == word.size() || text[word.size()] == ' ');
}

base::Error RedisReply::AsError() const {
  const bool hopeless = RefusalOf(text).hopeless;
  return Fail(hopeless ? ErrorCode::kConfig : ErrorCode::kUnavailable, RefusalSentence(text))
      .error();
}

// hiredis' reader, fed with what the connection brought.
class RedisClient::Reader {
 public:
  explicit Reader(const RedisLimits& limits)
      : limits_(limits), makers_(Makers()), reader_(::redisReaderCreateWithFunctions(&makers_)) {
    if (reader_ == nullptr) throw std::bad_alloc();
    reader_->privdata = &allowed_;
    Begin();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { ::redisReaderFree(reader_); }

  void BeginCall() {
    allowed_.texts = 0;
    announced_ = 0;
  }

  Result<void> Feed(std::string_view bytes, const ReplyRoom& room) {
    fed_ += bytes.size();
    if (fed_ > limits_.reply_bytes) return TooLarge();
    // A text stands in the buffer whole before the reply has its copy.
    const std::size_t buffered = reader_->len - reader_->pos + bytes.size();
    const std::size_t needed = allowed_.texts + 2 * buffered;
    if (room && needed > std::max(announced_, kSmall)) {
      announced_ = (needed / kStep + 1) * kStep;
      if (auto made = room(announced_); !made) return made;
    }
    if (::redisReaderFeed(reader_, bytes.data(), bytes.size()) == REDIS_OK) return {};
    return NotResp();
  }

  // The next reply, or null when more bytes are needed.
  Result<std::unique_ptr<RedisReply>> Next() {
    void* found = nullptr;
    if (::redisReaderGetReply(reader_, &found) != REDIS_OK) return NotResp();
    std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(found));
    if (reply != nullptr) Begin();
    return reply;
  }

 private:
  static constexpr std::size_t kSmall = 128 * 1024;
  static constexpr std::size_t kStep = 256 * 1024;

  void Begin() {
    fed_ = 0;
    allowed_.elements = limits_.reply_elements;
  }

  std::unexpected<base::Error> NotResp() const {
    if (allowed_.exceeded) return TooLarge();
    if (reader_->err == REDIS_ERR_OOM) return base::OutOfMemory();
    return Fail(ErrorCode::kIo, "what came is no reply of a Redis server");
  }

  std::unexpected<base::Error> TooLarge() const {
    return Fail(ErrorCode::kTooLarge, "a reply of Redis has more than " +
                                          std::to_string(limits_.reply_elements) + " parts or " +
                                          std::to_string(limits_.reply_bytes) + " bytes");
  }

  const RedisLimits limits_;
  redisReplyObjectFunctions makers_;
  Allowed allowed_;
  std::size_t fed_ = 0;        // since the last whole reply
  std::size_t announced_ = 0;  // of this call, what there is room for
  redisReader* const reader_;
};

RedisClient::RedisClient(ConnectStream connect, RedisLogin login, const RedisLimits& limits)
    : connect_(std::move(connect)), login_(std::move(login)), limits_(limits) {}

RedisClient::~RedisClient() = default;

void RedisClient::Disconnect() {
  stream_.reset();
  reader_.reset();
}

Result<void> RedisClient::Connect(const base::Allowance& allowance) {
  auto stream = connect_(allowance);
  if (!stream) return std::unexpected(std::move(stream.error()));
  stream_ = std::move(*stream);
  reader_ = std::make_unique<Reader>(limits_);
  return LogIn(allowance);
}

Result<void> RedisClient::LogIn(const base::Allowance& allowance) {
  std::string password = login_.password;
  if (login_.read_password) {
    auto read = login_.read_password();
    if (!read) return std::unexpected(std::move(read.error()));
    password = std::move(*read);
  }
  std::vector<RedisCommand> commands;
  // A user may need no password ("nopass"); without AUTH the connection would be the default
  // user's.
  if (!password.empty() || !login_.username.empty()) {
    RedisCommand& command = commands.emplace_back(RedisCommand{"AUTH"});
    if (!login_.username.empty()) command.push_back(login_.username);
    command.push_back(std::move(password));
  }
  if (login_.database != 0) commands.push_back({"SELECT", std::to_string(login_.database)});
  if (commands.empty()) return {};
  auto replies = Exchange(commands, allowance);
  if (!replies) return std::unexpected(std::move(replies.error()));
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const RedisReply& reply = (*replies)[i];
    if (reply.kind != Kind::kError) continue;
    // A server that is loading its data refuses a login too, and takes it later.
    if (commands[i].front() != "AUTH" || reply.IsError("LOADING")) {
      return std::unexpected(reply.AsError());
    }
    return Fail(
        ErrorCode::kConfig,
        "Redis refused the login: user or password (consumer.redis.password_file) is wrong");
  }
  return {};
}

Result<RedisReply> RedisClient::ReadReply(const base::Allowance& allowance, const ReplyRoom& room) {
  std::array<char, 64 * 1024> piece;  // as much as Redis writes at once
  while (true) {
    auto reply = reader_->Next();
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (*reply != nullptr) return std::move(**reply);
    auto got = stream_->Read(piece, allowance);
    if (!got) return std::unexpected(std::move(got.error()));
    if (*got == 0) return Fail(ErrorCode::kUnavailable, "Redis closed the connection");
    if (auto fed = reader_->Feed({piece.data(), *got}, room); !fed) {
      return std::unexpected(std::move(fed.error()));
    }
  }
}

Result<std::vector<RedisReply>> RedisClient::Exchange(std::span<const RedisCommand> commands,
                                                      const base::Allowance& allowance,
                                                      const ReplyRoom& room) {
  std::string bytes;
  for (const RedisCommand& command : commands) {
    auto formatted = Format(command);
    if (!formatted) return std::unexpected(std::move(formatted.error()));
    bytes += *formatted;
  }
  if (auto written = stream_->Write(bytes, allowance); !written) {
    return std::unexpected(std::move(written.error()));
  }
  reader_->BeginCall();
  std::vector<RedisReply> replies;
  while (replies.size() < commands.size()) {
    auto reply = ReadReply(allowance, room);
    if (!reply) return std::unexpected(std::move(reply.error()));
    replies.push_back(std::move(*reply));
  }
  return replies;
}

Result<std::vector<RedisReply>> RedisClient::Ask(std::span<const RedisCommand> commands,
                                                 const base::Allowance& allowance,
                                                 std::chrono::milliseconds wait,
                                                 const ReplyRoom& room) {
  Result<std::vector<RedisReply>> replies;
  try {
    Result<void> done;
    if (!connected()) done = Connect(allowance.Within(limits_.connect));
    if (done && !commands.empty()) {
      replies = Exchange(commands, allowance.Within(limits_.answer + wait), room);
    } else if (!done) {
      replies = std::unexpected(std::move(done.error()));
    }
  } catch (...) {
    Disconnect();  // else the next one would read the answer to this one
    throw;
  }
  if (!replies) Disconnect();
  return replies;
}

Result<RedisReply> RedisClient::Ask(const RedisCommand& command, const base::Allowance& allowance,
                                    std::chrono::milliseconds wait, const ReplyRoom& room) {
  auto replies = Ask(std::span(&command, 1), allowance, wait, room);
  if (!replies) return std::unexpected(std::move(replies.error()));
  return std::move(replies->front());
}

}  // namespace sampleproc::net
