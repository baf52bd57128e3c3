#include "consumer/sources/registrar.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/ascii.h"
#include "json/writer.h"
#include "net/url.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;
using std::chrono::milliseconds;

constexpr std::size_t kMostAnswerBytes = 1U << 20;
constexpr const char* kBase = "/api/v1/processors/";

// kConfig for what is refused for good.
base::Error Refusal(std::string_view what, int status) {
  const bool passes = status < 400 || status >= 500 || status == 408 || status == 429;
  std::string message =
      "the orchestrator answers to \"" + std::string(what) + "\" with " + std::to_string(status);
  if (!passes) message += ": see consumer.orchestrator_url, .processor_id and .capabilities";
  return base::Fail(passes ? ErrorCode::kUnavailable : ErrorCode::kConfig, std::move(message))
      .error();
}

}  // namespace

Registrar::Registrar(net::HttpClient& client, Registration registration, milliseconds interval,
                     resilience::Backoff backoff, const base::Clock& clock,
                     telemetry::Conditions& conditions, base::Logger& log)
    : client_(client),
      registration_(std::move(registration)),
      interval_(interval),
      backoff_(std::move(backoff)),
      clock_(clock),
      conditions_(conditions),
      log_(log),
      thread_([this] { Run(); }) {}

Registrar::~Registrar() { End(); }

void Registrar::End() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  cancel_.Cancel();
  if (thread_.joinable()) thread_.join();
}

void Registrar::Stop(bool deregister, const base::Deadline& end) {
  End();
  if (!deregister || !registered_) return;
  const auto status =
      Send("DELETE", kBase + base::PercentEncoded(registration_.id), "", {.deadline = end});
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
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    lock.Unlock();
    const base::Deadline next(base::SystemClock(), NextCall());
    lock.Lock();
    while (!stopping_ && !next.Expired()) wake_.WaitUntil(mutex_, next);
  }
}

// There may be no memory for telling it.
milliseconds Registrar::NextCall() {
  try {
    return Note(CallOnce());
  } catch (const std::exception&) {
    return interval_;
  }
}

Result<void> Registrar::CallOnce() {
  try {
    return registered_ ? BeatOnce() : Register();
  } catch (const std::exception& error) {
    return base::Fail(ErrorCode::kInternal, error.what());
  }
}

milliseconds Registrar::Note(const Result<void>& done) {
  if (done) {
    failures_ = 0;
    conditions_.Clear(telemetry::condition::kOrchestrator);
    if (!std::exchange(registered_, true)) {
      log_.Info("consumer: registered with the orchestrator",
                {{"queue", std::string_view(registration_.queue)}});
    }
    return interval_;
  }
  const base::Error& error = done.error();
  if (error.code == ErrorCode::kCancelled) return interval_;
  if (error.code == ErrorCode::kNotFound && registered_) {  // forgotten
    registered_ = false;
    return milliseconds(0);
  }
  ++failures_;
  conditions_.Raise(
      telemetry::condition::kOrchestrator, {},
      (registered_ ? "it takes no heartbeat: " : "it does not take the registration: ") +
          error.message + " (" + client_.url().Authority() + ")");
  return error.code == ErrorCode::kConfig ? interval_ : std::min(interval_, backoff_(failures_));
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

base::Allowance Registrar::OneCall() const {
  return {.deadline = base::Deadline(base::SystemClock(), kCallTime), .cancel = cancel_};
}

Result<void> Registrar::Register() {
  const base::Allowance allowance = OneCall();
  auto status = Send("POST", std::string(kBase) + "register", RegistrationJson(), allowance);
  if (!status) return std::unexpected(std::move(status.error()));
  if (*status == 200 || *status == 201) return {};
  if (*status != 409) return std::unexpected(Refusal("register", *status));
  status =
      Send("PUT", kBase + base::PercentEncoded(registration_.id), RegistrationJson(), allowance);
  if (!status) return std::unexpected(std::move(status.error()));
  if (*status == 200) return {};
  if (*status == 404) {
    return base::Fail(ErrorCode::kUnavailable, "the other registration of this id has just gone");
  }
  return std::unexpected(Refusal("register again", *status));
}

Result<void> Registrar::BeatOnce() {
  auto status = Send("POST", std::string(kBase) + "heartbeat", HeartbeatJson(), OneCall());
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
