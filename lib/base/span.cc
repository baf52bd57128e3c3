#include "base/span.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include "base/mutex.h"

namespace sampleproc::base {
namespace {

// Of one trace that wait for its first span to end; a batch of 32 frames has some 250.
constexpr std::size_t kMaxSpans = 512;
constexpr std::size_t kMaxTextBytes = 256;
constexpr std::size_t kMaxLinks = 128;

// Whole characters of well-formed UTF-8.
std::string_view Cut(std::string_view text) {
  if (text.size() <= kMaxTextBytes) return text;
  std::size_t end = kMaxTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  return text.substr(0, end);
}

std::uint64_t IdOf(std::string_view digits) {
  std::uint64_t id = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
  return id;
}

}  // namespace

std::string SpanIdText(std::uint64_t id) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i > 0; id >>= 4u) text[--i] = "0123456789abcdef"[id & 15u];
  return text;
}

// The spans of one trace until its first one has ended.
class SpanParent::Recording {
 public:
  explicit Recording(TraceStart start)
      : clock_(start.clock),
        ids_(start.ids),
        sink_(start.sink),
        sampled_((start.context.flags & TraceContext::kSampled) != 0),
        keep_failures_(start.keep_failures),
        caller_(start.has_caller ? IdOf(start.context.span_id) : 0),
        first_(NewId()),
        wall_(clock_.Wall()),
        mono_(clock_.Now()),
        context_(std::move(start.context)) {}

  bool mute() const { return !sampled_ && !keep_failures_; }
  const Clock& clock() const { return clock_; }
  const TraceContext& context() const { return context_; }
  std::uint64_t caller() const { return caller_; }
  std::uint64_t first() const { return first_; }

  std::uint64_t NewId() {
    for (;;) {
      if (const std::uint64_t id = ids_.Next(); id != 0) return id;
    }
  }

  void Ended(SpanRecord record) {
    SpanBatch out;
    {
      const MutexLock lock(mutex_);
      failed_ |= record.failed;
      const bool is_first = record.id == first_;
      if (over_ && !sent_) return;
      if (ended_.size() < kMaxSpans || is_first) ended_.push_back(std::move(record));
      if (!over_ && !is_first) return;
      if (!over_) {
        over_ = true;
        sent_ = sampled_ || (failed_ && sink_.TakesFailure());
      }
      out.spans = std::exchange(ended_, {});
      if (!sent_) return;
    }
    out.trace = context_;
    out.remote_parent = caller_ != 0;
    out.first_span = first_;
    out.wall = wall_;
    out.mono = mono_;
    sink_.Take(std::move(out));
  }

 private:
  const Clock& clock_;
  IdSource& ids_;
  SpanSink& sink_;
  const bool sampled_;
  const bool keep_failures_;
  const std::uint64_t caller_;
  const std::uint64_t first_;
  const WallTime wall_;
  const MonoTime mono_;
  const TraceContext context_;

  Mutex mutex_;
  std::vector<SpanRecord> ended_ GUARDED_BY(mutex_);
  bool failed_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;  // the first span has ended
  bool sent_ GUARDED_BY(mutex_) = false;  // and what belongs to the trace goes out
};

Span SpanParent::Begin(std::string_view name, SpanKind kind,
                       std::optional<MonoTime> since) const noexcept {
  if (recording_ == nullptr) return {};
  if (recording_->mute()) return {nullptr, *this};
  try {
    auto record = std::make_unique<SpanRecord>();
    record->name = Cut(name);
    record->kind = kind;
    record->id = recording_->NewId();
    record->parent = span_;
    record->begun = since ? *since : recording_->clock().Now();
    SpanParent self(recording_, record->id);
    return {std::move(record), std::move(self)};
  } catch (const std::exception&) {  // no memory
    return {nullptr, *this};
  }
}

std::optional<TraceContext> SpanParent::Context() const {
  if (recording_ == nullptr) return std::nullopt;
  TraceContext context = recording_->context();
  context.span_id = SpanIdText(span_);
  return context;
}

std::string_view SpanParent::TraceId() const {
  return recording_ == nullptr ? std::string_view() : recording_->context().trace_id;
}

Span& Span::operator=(Span&& other) noexcept {
  if (this == &other) return *this;
  End();
  record_ = std::move(other.record_);
  self_ = std::move(other.self_);
  return *this;
}

void Span::Name(std::string_view name) noexcept {
  if (!record_) return;
  try {
    record_->name = Cut(name);
  } catch (const std::exception&) {  // no memory
  }
}

void Span::Put(std::string_view name,
               std::variant<std::string, std::int64_t, double, bool> value) noexcept {
  try {
    record_->attributes.push_back({name, std::move(value)});
  } catch (const std::exception&) {  // no memory
  }
}

void Span::Set(std::string_view name, std::string_view value) noexcept {
  if (!record_) return;
  try {
    Put(name, std::string(Cut(value)));
  } catch (const std::exception&) {  // no memory
  }
}

void Span::Set(std::string_view name, std::int64_t value) noexcept {
  if (record_) Put(name, value);
}

void Span::Set(std::string_view name, double value) noexcept {
  if (record_) Put(name, value);
}

void Span::Set(std::string_view name, bool value) noexcept {
  if (record_) Put(name, value);
}

void Span::Fail(std::string_view error_type, std::string_view message) noexcept {
  if (!record_) return;
  record_->failed = true;
  Set("error.type", error_type);
  try {
    record_->failure = Cut(message);
  } catch (const std::exception&) {  // no memory
  }
}

void Span::Link(const TraceContext& other) noexcept {
  if (!record_ || record_->links.size() >= kMaxLinks) return;
  try {
    record_->links.push_back(other);
  } catch (const std::exception&) {  // no memory
  }
}

void Span::End() noexcept {
  const std::unique_ptr<SpanRecord> record = std::move(record_);
  if (!record) return;
  try {
    record->ended = self_.recording_->clock().Now();
    self_.recording_->Ended(std::move(*record));
  } catch (const std::exception&) {  // no memory
  }
}

Span BeginTrace(TraceStart start, std::string_view name, SpanKind kind,
                std::optional<MonoTime> since) noexcept {
  try {
    auto recording = std::make_shared<SpanParent::Recording>(std::move(start));
    SpanParent self(recording, recording->first());
    if (recording->mute()) return {nullptr, std::move(self)};
    auto record = std::make_unique<SpanRecord>();
    record->name = Cut(name);
    record->kind = kind;
    record->id = recording->first();
    record->parent = recording->caller();
    record->begun = since ? *since : recording->clock().Now();
    return {std::move(record), std::move(self)};
  } catch (const std::exception&) {  // no memory
    return {};
  }
}

}  // namespace sampleproc::base
