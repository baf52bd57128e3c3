#include "consumer/registrar.h"

#include <utility>

#include "json/writer.h"
#include "net/url.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;
using std::chrono::milliseconds;

constexpr std::size_t kMostAnswerBytes = 1U << 20;
constexpr const char* kBase = "/api/v1/processors/";

base::Error Refusal(std::string_view what, int status) {
  return base::Fail(ErrorCode::kUnavailable, "the orchestrator answers to " + std::string(what) +
                                                 " with " + std::to_string(status))
      .error();
}

}  // namespace

Registrar::Registrar(net::HttpClient& client, Registration registration, milliseconds interval,
                     Backoff backoff, const base::Clock& clock, base::Logger& log)
    : client_(client),
      registration_(std::move(registration)),
      interval_(interval),
      backoff_(std::move(backoff)),
      clock_(clock),
      log_(log),
      thread_([this] { Run(); }) {}

Registrar::~Registrar() { End(); }

void Registrar::End() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  cancel_.Cancel();
  if (thread_.joinable()) thread_.join();
}

void Registrar::Stop(bool deregister, const base::Deadline& end) {
  End();
  if (!deregister || !registered_) return;
  const auto status =
      Send("DELETE", kBase + net::PercentEncoded(registration_.id), "", {.deadline = end});
  if (status && (*status == 204 || *status == 404)) {
    log_.Info("consumer: deregistered from the orchestrator");
    return;
  }
  const std::string problem =
      status ? Refusal("deregister", *status).message : status.error().message;
  log_.Warning("consumer: could not deregister from the orchestrator",
               {{"error", std::string_view(problem)}});
}

void Registrar::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    Result<void> done = registered_ ? BeatOnce() : Register();
    if (done && !std::exchange(registered_, true)) {
      log_.Info("consumer: registered with the orchestrator",
                {{"queue", std::string_view(registration_.queue)}});
    }
    Note(done);
    const milliseconds pause = done || registered_ ? interval_ : backoff_(failures_);
    lock.lock();
    // Forgotten: at once.
    if (!done && !registered_ && failures_ == 0) continue;
    wake_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

void Registrar::Note(const Result<void>& done) {
  if (done) {
    failures_ = 0;
    said_ = false;
    return;
  }
  if (done.error().code == ErrorCode::kNotFound) {  // forgotten
    registered_ = false;
    failures_ = 0;
    return;
  }
  if (done.error().code == ErrorCode::kCancelled) return;
  ++failures_;
  if (std::exchange(said_, true)) return;
  log_.Warning(registered_ ? "consumer: the orchestrator does not take a heartbeat"
                           : "consumer: the orchestrator does not take the registration",
               {{"error_type", base::ErrorCodeName(done.error().code)},
                {"error", std::string_view(done.error().message)}});
}

Result<int> Registrar::Send(const std::string& method, const std::string& path, std::string body,
                            const base::Allowance& allowance) {
  const bool has_body = !body.empty();
  net::HttpRequest request{.method = method,
                           .target = net::Below(client_.url(), path),
                           .fields = {{"User-Agent", "sampleproc"}},
                           .body = std::move(body)};
  if (has_body) request.fields.emplace_back("Content-Type", "application/json");
  auto answer = client_.Ask(request, kMostAnswerBytes, allowance);
  if (!answer) return std::unexpected(std::move(answer.error()));
  return answer->status;
}

Result<void> Registrar::Register() {
  const base::Allowance allowance{.deadline = base::Deadline(base::SystemClock(), interval_),
                                  .cancel = cancel_};
  auto status = Send("POST", std::string(kBase) + "register", RegistrationJson(), allowance);
  if (!status) return std::unexpected(std::move(status.error()));
  if (*status == 200 || *status == 201) return {};
  if (*status != 409) return std::unexpected(Refusal("register", *status));
  status =
      Send("PUT", kBase + net::PercentEncoded(registration_.id), RegistrationJson(), allowance);
  if (!status) return std::unexpected(std::move(status.error()));
  if (*status == 200) return {};
  return std::unexpected(Refusal("register again", *status));
}

Result<void> Registrar::BeatOnce() {
  auto status =
      Send("POST", std::string(kBase) + "heartbeat", HeartbeatJson(),
           {.deadline = base::Deadline(base::SystemClock(), interval_), .cancel = cancel_});
  if (!status) return std::unexpected(std::move(status.error()));
  if (*status == 200) return {};
  if (*status == 404) return base::Fail(ErrorCode::kNotFound, "the orchestrator has forgotten us");
  return std::unexpected(Refusal("heartbeat", *status));
}

std::string Registrar::RegistrationJson() const {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("id", registration_.id);
  json.Key("capabilities");
  json.BeginArray();
  for (const std::string& capability : registration_.capabilities) json.String(capability);
  json.EndArray();
  json.Member("capacity", registration_.capacity);
  json.Member("queue", registration_.queue);
  json.EndObject();
  return text;
}

std::string Registrar::HeartbeatJson() const {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("processor_id", registration_.id);
  json.Member("status", "healthy");
  json.Member("timestamp", std::chrono::duration<double>(clock_.Wall().time_since_epoch()).count());
  json.EndObject();
  return text;
}

}  // namespace sampleproc::consumer
