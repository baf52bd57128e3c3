#include "telemetry/otlp_exporter.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

namespace sampleproc::telemetry {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestPause{100};
constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{30'000};
constexpr std::size_t kAnswerBytes = 64 * 1024;  // read away, so that the connection stays

// Options::otlp_timeout bounds the whole of a request.
net::Options NetOptions(const Options& options) {
  return {.pool_size = 1,
          .connect_timeout = options.otlp_timeout,
          .read_timeout = options.otlp_timeout};
}

void Add(TextPairs& pairs, std::string name, std::string value) {
  if (std::ranges::find(pairs, name, &TextPairs::value_type::first) != pairs.end()) return;
  pairs.emplace_back(std::move(name), std::move(value));
}

// service.name of the options wins over OTEL_RESOURCE_ATTRIBUTES, as OTEL_SERVICE_NAME does.
TextPairs ResourceOf(const Options& options, const OtlpExporter::Context& context) {
  TextPairs resource;
  Add(resource, "service.name", context.service_name);
  for (auto& [name, value] : ParsePairs(options.resource_attributes)) {
    Add(resource, std::move(name), std::move(value));
  }
  Add(resource, "service.version", context.service_version);
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) Add(resource, "host.name", host.data());
  std::string instance = std::string(host.data()) + '-' + std::to_string(::getpid()) + '-';
  context.ids.AppendHex(instance);
  Add(resource, "service.instance.id", instance);
  Add(resource, "telemetry.sdk.name", "sampleproc");
  Add(resource, "telemetry.sdk.language", "cpp");
  Add(resource, "telemetry.sdk.version", context.service_version);
  return resource;
}

TextPairs FieldsOf(const Options& options) {
  TextPairs fields = HeaderFields(options.otlp_headers);
  fields.emplace_back("Content-Type", "application/json");
  fields.emplace_back("User-Agent", "sampleproc");
  return fields;
}

}  // namespace

OtlpExporter::OtlpExporter(const Options& options, const Context& context)
    : options_(options),
      context_(context),
      net_(NetOptions(options)),
      fields_(FieldsOf(options)),
      resource_(ResourceOf(options, context)),
      client_(net::ParseUrl(TargetOf(options).url).value_or(net::Url{}), net_, net::ResolveBySystem,
              context.clock, net::Caution::kNone,
              {options.otlp_ca_file, "", "telemetry.otlp_ca_file"}),
      collector_(client_.url().Authority() + client_.url().target),
      retry_(kFirstPause, kLongestPause, context.ids.Next()),
      thread_([this] { Run(); }) {}

OtlpExporter::~OtlpExporter() {
  {
    const base::MutexLock lock(mutex_);
    closing_ = true;
    changed_.NotifyAll();
  }
  cancel_.Cancel();
  thread_.join();
}

void OtlpExporter::Take(base::SpanBatch batch) noexcept {
  if (!Chosen(batch)) return;
  const std::size_t spans = batch.spans.size();
  const base::MutexLock lock(mutex_);
  const auto most = static_cast<std::size_t>(options_.span_queue);
  if (closing_ || queued_ + spans > most) return Drop(spans);
  try {
    queue_.push_back(std::move(batch));
  } catch (const std::exception&) {  // no memory
    return Drop(spans);
  }
  // The thread waits for the first one, and then for a batch of them.
  const auto batch_size = static_cast<std::size_t>(options_.span_batch);
  const bool first = queue_.size() == 1;
  const bool fills = queued_ < batch_size && queued_ + spans >= batch_size;
  queued_ += spans;
  if (first || fills) changed_.NotifyAll();
}

void OtlpExporter::Drop(std::size_t spans) {
  counts_.no_room += spans;
  dropped_ += spans;
  largest_ = std::max(largest_, spans);
  if (HasDropsToTell()) changed_.NotifyAll();
}

bool OtlpExporter::HasDropsToTell() const {
  return dropped_ > 0 &&
         (!dropped_told_ || base::SystemClock().Now() - *dropped_told_ >= kDroppedAgain);
}

// What comes behind a trace's first span goes where that went, or is alone: there is little of it.
bool OtlpExporter::Chosen(const base::SpanBatch& batch) noexcept {
  if ((batch.trace.flags & base::TraceContext::kSampled) != 0) return true;
  const auto first = std::ranges::find(batch.spans, batch.first_span, &base::SpanRecord::id);
  if (first == batch.spans.end()) return true;
  const bool client_went = std::ranges::any_of(first->attributes, [](const auto& each) {
    const auto* const text = std::get_if<std::string>(&each.value);
    return each.name == "error.type" && text != nullptr && *text == "cancelled";
  });
  using std::chrono::seconds;
  const auto now =
      std::chrono::duration_cast<seconds>(context_.clock.Now().time_since_epoch()).count();
  if (second_.exchange(now) != now) failures_ = of_callers_ = 0;
  if (first->failed && !client_went) return failures_.fetch_add(1) < kFailuresPerSecond;
  return of_callers_.fetch_add(1) < kCallersPerSecond;
}

void OtlpExporter::Flush(const base::Deadline& end) {
  const base::MutexLock lock(mutex_);
  hurry_ = true;
  changed_.NotifyAll();
  while (queued_ > 0 && !end.Expired()) changed_.WaitUntil(mutex_, end);
}

SpanCounts OtlpExporter::counts() const {
  const base::MutexLock lock(mutex_);
  SpanCounts counts = counts_;
  counts.waiting = queued_;
  return counts;
}

bool OtlpExporter::hurrying() const {
  const base::MutexLock lock(mutex_);
  return hurry_ || closing_;
}

bool OtlpExporter::closing() const {
  const base::MutexLock lock(mutex_);
  return closing_;
}

// Spans wait for company for span_delay, or until there is a batch of them.
OtlpExporter::Batches OtlpExporter::Next() {
  const auto most = static_cast<std::size_t>(options_.span_batch);
  const base::MutexLock lock(mutex_);
  const base::Deadline steady =
      arrive_since_ ? base::Deadline(base::SystemClock(),
                                     *arrive_since_ + kSteady - base::SystemClock().Now())
                    : base::Deadline();
  while (!closing_ && queue_.empty() && !HasDropsToTell() && !steady.Expired()) {
    changed_.WaitUntil(mutex_, steady);
  }
  if (queue_.empty()) return {};
  const base::Deadline company(base::SystemClock(), options_.span_delay);
  while (!closing_ && !hurry_ && queued_ < most && !company.Expired()) {
    changed_.WaitUntil(mutex_, company);
  }
  Batches next;
  if (closing_) return next;
  sending_ = 0;
  while (!queue_.empty() && (next.empty() || sending_ + queue_.front().spans.size() <= most)) {
    sending_ += queue_.front().spans.size();
    next.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return next;
}

void OtlpExporter::Count(std::uint64_t SpanCounts::* what, std::size_t spans,
                         std::size_t rejected) {
  const base::MutexLock lock(mutex_);
  counts_.*what += spans - rejected;
  counts_.rejected += rejected;
  queued_ -= sending_;
  sending_ = 0;
  if (queued_ == 0) changed_.NotifyAll();
}

void OtlpExporter::Run() noexcept {
  for (;;) {
    try {
      TellDropped();
      TellSteady();
      const Batches batches = Next();
      if (!batches.empty()) {
        Deliver(batches);
      } else if (closing()) {
        return;
      }
    } catch (const std::exception&) {  // no memory: what was taken out is lost
      std::size_t lost = 0;
      {
        const base::MutexLock lock(mutex_);
        lost = sending_;
      }
      Count(&SpanCounts::undelivered, lost);
    }
  }
}

void OtlpExporter::Deliver(const Batches& batches) {
  std::size_t spans = 0;
  for (const base::SpanBatch& batch : batches) spans += batch.spans.size();
  const std::string body = OtlpJson(resource_, context_.service_version, batches);
  const base::Deadline patience(base::SystemClock(), options_.span_timeout);
  for (int failures = 1;; ++failures) {
    if (gives_up_ || !AwaitPermission()) return Count(&SpanCounts::undelivered, spans);
    PartialSuccess partial;
    switch (Post(body, partial)) {
      case Outcome::kSent:
        TellPartial(partial);
        return Count(
            &SpanCounts::exported, spans,
            static_cast<std::size_t>(std::min<std::uint64_t>(partial.rejected_spans, spans)));
      case Outcome::kRejected:
        return Count(&SpanCounts::rejected, spans);
      case Outcome::kAgain:
        break;
    }
    gives_up_ = hurrying();
    if (patience.Expired()) return Count(&SpanCounts::undelivered, spans);
    if (!gives_up_) Pause(std::max(retry_.Pause(failures), kShortestPause));
  }
}

// Waits until the collector wants something sent. False: a stop has come first.
bool OtlpExporter::AwaitPermission() {
  const auto rest = std::chrono::ceil<milliseconds>(not_before_ - base::SystemClock().Now());
  if (rest <= milliseconds(0) || Pause(rest)) return true;
  gives_up_ = true;
  return false;
}

// False: a stop ends it.
bool OtlpExporter::Pause(milliseconds time) {
  const base::Deadline end(base::SystemClock(), time);
  for (;;) {
    TellDropped();
    const base::MutexLock lock(mutex_);
    while (!hurry_ && !closing_ && !end.Expired() && !HasDropsToTell()) {
      changed_.WaitUntil(mutex_, end);
    }
    if (hurry_ || closing_) return false;
    if (end.Expired()) return true;
  }
}

OtlpExporter::Outcome OtlpExporter::Post(const std::string& body, PartialSuccess& partial) {
  const base::Allowance allowance{.cancel = cancel_};
  const auto answer = client_.Ask({.method = "POST",
                                   .target = client_.url().target,
                                   .fields = fields_,
                                   .body = body,
                                   .idempotent = true,
                                   .status_only = true},
                                  kAnswerBytes, allowance.Within(options_.otlp_timeout));
  if (!answer) {
    TellFailing(answer.error().message, Outcome::kAgain);
    return Outcome::kAgain;
  }
  const int status = answer->status;
  if (status >= 200 && status < 300) {
    Arrived();
    if (answer->content_type == "application/json") partial = ReadAnswer(answer->body);
    return Outcome::kSent;
  }
  const bool passing = status == 429 || status == 502 || status == 503 || status == 504;
  const Outcome outcome = passing ? Outcome::kAgain : Outcome::kRejected;
  TellFailing("it answers with " + std::to_string(status), outcome);
  if (passing && answer->retry_after) {
    not_before_ = base::SystemClock().Now() +
                  std::min<std::chrono::seconds>(*answer->retry_after, kLongestAsked);
  }
  return outcome;
}

void OtlpExporter::TellDropped() {
  std::size_t dropped = 0;
  std::size_t largest = 0;
  {
    const base::MutexLock lock(mutex_);
    if (!HasDropsToTell()) return;
    dropped_told_ = base::SystemClock().Now();
    dropped = std::exchange(dropped_, 0);
    largest = std::exchange(largest_, 0);
  }
  const bool never_fits = largest > static_cast<std::size_t>(options_.span_queue);
  context_.log.Warning(
      never_fits ? "traces: spans are dropped: one trace has more of them than "
                   "telemetry.span_queue has room for"
                 : "traces: spans are dropped: telemetry.span_queue is full, they come faster than "
                   "the collector takes them",
      {{"collector", std::string_view(collector_)},
       {"dropped", static_cast<std::int64_t>(dropped)},
       {"together", static_cast<std::int64_t>(largest)},
       {"span_queue", std::int64_t{options_.span_queue}}});
}

void OtlpExporter::TellFailing(std::string_view why, Outcome outcome) {
  ++refusals_;
  arrive_since_.reset();
  if (reasons_.size() >= kMostReasons || std::ranges::find(reasons_, why) != reasons_.end()) return;
  if (hurrying() && cancel_.Cancelled()) return;
  reasons_.emplace_back(why);
  context_.log.Warning(outcome == Outcome::kRejected
                           ? "traces: the collector does not take spans; what it refuses is dropped"
                           : "traces: the collector does not take spans; they are sent again, and "
                             "those that find no room in telemetry.span_queue are dropped",
                       {{"collector", std::string_view(collector_)}, {"error", why}});
}

// One that fails now and then is told once, not each time.
void OtlpExporter::Arrived() {
  if (!reasons_.empty() && !arrive_since_) arrive_since_ = base::SystemClock().Now();
}

void OtlpExporter::TellSteady() {
  if (!arrive_since_ || base::SystemClock().Now() - *arrive_since_ < kSteady) return;
  arrive_since_.reset();
  reasons_.clear();
  context_.log.Info(
      "traces: the collector takes spans again",
      {{"collector", std::string_view(collector_)}, {"refusals", std::exchange(refusals_, 0)}});
}

void OtlpExporter::TellPartial(const PartialSuccess& partial) {
  if (partial.rejected_spans == 0 && partial.why.empty()) return partly_.clear();
  const std::string why = partial.why.empty() ? "it gives no reason" : partial.why;
  if (std::exchange(partly_, why) == why) return;
  context_.log.Warning("traces: the collector has not taken all spans",
                       {{"collector", std::string_view(collector_)},
                        {"rejected_spans", static_cast<std::int64_t>(partial.rejected_spans)},
                        {"error", std::string_view(why)}});
}

}  // namespace sampleproc::telemetry
