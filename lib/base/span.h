// Spans as OpenTelemetry has them: what a piece of work was, how long it took, under which other
// work it was done. They are begun where the work is done; SpanSink says where they go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/id_source.h"
#include "base/trace_context.h"

namespace sampleproc::base {

// The numbers are those of OTLP.
enum class SpanKind : std::uint8_t {
  kInternal = 1,
  kServer = 2,
  kClient = 3,
  kProducer = 4,
  kConsumer = 5,
};

struct SpanAttribute {
  std::string_view name;  // of static lifetime
  std::variant<std::string, std::int64_t, double, bool> value;
};

// A span that has ended. Ids are shown as 16 hexadecimal digits.
struct SpanRecord {
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  std::uint64_t id = 0;      // never 0
  std::uint64_t parent = 0;  // 0: none
  MonoTime begun{};
  MonoTime ended{};
  std::vector<SpanAttribute> attributes;
  std::vector<TraceContext> links;
  bool failed = false;
  std::string failure;  // one sentence; of a span that failed
};

// Spans of one trace, together on their way out.
struct SpanBatch {
  TraceContext trace;            // its span_id is not used
  bool remote_parent = false;    // the parent of the first span is somebody else's
  std::uint64_t first_span = 0;  // the one that the trace began with here
  WallTime wall{};               // the same moment as `mono`: to tell the time of day of a span
  MonoTime mono{};
  std::vector<SpanRecord> spans;
};

std::string SpanIdText(std::uint64_t id);

// Where spans go. Thread-safe; Take never waits: what there is no room for is dropped and counted.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Take(SpanBatch batch) noexcept = 0;
  // Whether a trace that was not sampled is taken all the same, because something failed in it.
  virtual bool TakesFailure() noexcept = 0;
};

class Span;
struct TraceStart;

// Under which span a piece of work is done: part of the call context (base::Allowance). Cheap to
// copy. An empty one records nothing, and then spans cost nothing: they do not read the clock.
class SpanParent {
 public:
  SpanParent() = default;

  explicit operator bool() const { return recording_ != nullptr; }

  // `since` is when the work began, if that was not now. Without memory the span is not recorded.
  Span Begin(std::string_view name, SpanKind kind = SpanKind::kInternal,
             std::optional<MonoTime> since = std::nullopt) const noexcept;

  // What goes along with a request or message that is sent on behalf of this work; nothing when
  // it belongs to no trace.
  std::optional<TraceContext> Context() const;
  // For log lines; "" when there is none.
  std::string_view TraceId() const;

 private:
  friend class Span;
  friend Span BeginTrace(TraceStart start, std::string_view name, SpanKind kind,
                         std::optional<MonoTime> since) noexcept;
  class Recording;

  SpanParent(std::shared_ptr<Recording> recording, std::uint64_t span)
      : recording_(std::move(recording)), span_(span) {}

  std::shared_ptr<Recording> recording_;
  std::uint64_t span_ = 0;
};

// A span that has not ended; it ends with its scope. An empty one, or one of a trace that is not
// recorded, takes everything and keeps nothing. Nothing here throws: what there is no memory for is
// left out. Used by one thread at a time.
class Span {
 public:
  Span() = default;
  Span(Span&& other) noexcept = default;
  Span& operator=(Span&& other) noexcept;
  ~Span() { End(); }

  // Whether what is set is kept: to save the making of a value.
  bool recorded() const { return record_ != nullptr; }

  void Name(std::string_view name) noexcept;
  // Names are of static lifetime. No secrets, and no text without a bound.
  void Set(std::string_view name, std::string_view value) noexcept;
  void Set(std::string_view name, const char* value) noexcept {
    Set(name, std::string_view(value));
  }
  void Set(std::string_view name, std::int64_t value) noexcept;
  void Set(std::string_view name, double value) noexcept;
  void Set(std::string_view name, bool value) noexcept;
  // The work failed: the attribute error.type, and a sentence.
  void Fail(std::string_view error_type, std::string_view message) noexcept;
  void Fail(const Error& error) noexcept { Fail(ErrorCodeName(error.code), error.message); }
  // Another trace that this work has to do with.
  void Link(const TraceContext& other) noexcept;
  void End() noexcept;

  // For work that is part of this span's.
  const SpanParent& parent() const { return self_; }

 private:
  friend class SpanParent;
  friend Span BeginTrace(TraceStart start, std::string_view name, SpanKind kind,
                         std::optional<MonoTime> since) noexcept;

  Span(std::unique_ptr<SpanRecord> record, SpanParent self)
      : record_(std::move(record)), self_(std::move(self)) {}

  void Put(std::string_view name,
           std::variant<std::string, std::int64_t, double, bool> value) noexcept;

  std::unique_ptr<SpanRecord> record_;
  SpanParent self_;
};

// How a trace begins in this process.
struct TraceStart {
  const Clock& clock;  // these three must outlive all spans of the trace
  IdSource& ids;
  SpanSink& sink;
  // The caller's context, whose trace goes on; or a new trace, whose span_id is not used. `flags`
  // say what has been decided here.
  TraceContext context;
  bool has_caller = false;
  // Of a trace that is not sampled: kept until its first span has ended, in case something fails.
  bool keep_failures = false;
};

// The first span of a trace here. When it ends, the spans that have ended go out together; later
// ones one by one.
Span BeginTrace(TraceStart start, std::string_view name, SpanKind kind,
                std::optional<MonoTime> since = std::nullopt) noexcept;

}  // namespace sampleproc::base
