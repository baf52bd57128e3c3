#include "mqtt/session.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "modules/module_loader.h"
#include "net/name_lookup.h"

namespace sampleproc::mqtt {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kLongestLookUp{10};
constexpr std::chrono::seconds kLongestConnect{3};  // until the broker's machine has answered
constexpr std::chrono::seconds kLongestLogin{10};   // and then the broker
// While the login is awaited the library may be ready at once and do nothing: it is not asked more
// often than this.
constexpr milliseconds kPace{5};
constexpr milliseconds kSlice{50};
constexpr std::string_view kTls = "TLS: ";
// The library looks after its connection's life when it is asked to.
constexpr milliseconds kLongestWait{1'000};

// Of "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" the end.
std::string ReasonOf(const ModuleReason& why) {
  std::string_view text = why.text;
  const std::size_t colons = text.rfind("::");
  const bool is_tls = text.starts_with("OpenSSL") && colons != std::string_view::npos;
  if (is_tls) text.remove_prefix(colons + 2);
  while (text.ends_with('.')) text.remove_suffix(1);
  std::string reason(text.empty() ? "unknown reason" : text);
  if (is_tls) reason = std::string(kTls) + reason;
  if (text == "certificate verify failed") {
    reason += "; mqtt.ca has to lead to the broker's certificate, and that to be for this host";
  }
  return reason;
}

// MQTT 3.1.1, table 3.1, and MQTT 5, section 3.2.2.2.
constexpr int kOtherVersion = 1;
constexpr int kOtherVersion5 = 0x84;

std::unexpected<base::Error> RefusedWith(int code, const Login& login) {
  const std::string by = "the broker refuses the login";
  switch (code) {
    case kOtherVersion:
    case kOtherVersion5:
      return Fail(ErrorCode::kUnavailable, by + ": it speaks neither MQTT 5 nor MQTT 3.1.1");
    case 2:
    case 0x85:
      return Fail(ErrorCode::kConfig,
                  by + ": it does not take the client id " + login.client_id + " (mqtt.client_id)");
    case 3:
    case 0x88:
    case 0x89:
      return Fail(ErrorCode::kUnavailable, by + ": it says that it is unavailable");
    case 4:
    case 5:
    case 0x86:
    case 0x87:
      return Fail(
          ErrorCode::kConfig,
          by + (code == 4 || code == 0x86 ? ": bad user name or password" : ": not authorised") +
              "; check mqtt.username and mqtt.password_file");
    default:
      return Fail(ErrorCode::kUnavailable, by + " with the code " + std::to_string(code));
  }
}

milliseconds Until(const base::Deadline& end, milliseconds most) {
  if (end.Never()) return most;
  const auto left = std::chrono::ceil<milliseconds>(end.At() - base::SystemClock().Now());
  return std::clamp(left, milliseconds(0), most);
}

}  // namespace

std::string ReasonName(int code) {
  switch (code) {
    case 0x87:
      return "not authorised";
    case 0x90:
      return "invalid topic";
    case 0x97:
      return "quota exceeded";
    default:
      return "reason code " + std::to_string(code);
  }
}

Result<std::shared_ptr<const Module>> LoadModule(const std::string& file) {
  return modules::LoadModule<Module>({.file = kModuleFile,
                                      .entry = kModuleEntry,
                                      .version = kModuleVersion,
                                      .failure = "no MQTT broker can be used",
                                      .packages = "libmosquitto1"},
                                     file);
}

std::string Broker::Name() const {
  const std::string name = host.contains(':') ? "[" + host + "]" : host;
  return (tls ? "mqtts://" : "mqtt://") + name + ":" + std::to_string(port);
}

Session::Session(std::shared_ptr<const Module> module, Listener& listener)
    : module_(std::move(module)),
      listener_(listener),
      host_{this, &Session::OnConnected, &Session::OnPublished, &Session::OnReceived} {}

Session::~Session() {
  if (client_ != nullptr) module_->close(client_);
}

void Session::OnConnected(void* self, int code) noexcept {
  static_cast<Session*>(self)->code_ = code;
}

void Session::OnPublished(void* self, int id, int code) noexcept {
  static_cast<Session*>(self)->listener_.OnPublished(id, code);
}

void Session::OnReceived(void* self, const ModuleMessage* message, bool retained) noexcept {
  static_cast<Session*>(self)->listener_.OnReceived(
      message->topic, std::string_view(message->payload, message->size), retained);
}

Result<std::unique_ptr<Session>> Session::Open(const std::shared_ptr<const Module>& module,
                                               const Login& login, Listener& listener,
                                               const base::Allowance& allowance) {
  // The library looks the name up itself and cannot be kept from waiting for it: once it is known
  // to be found that takes no time.
  const auto found = net::LookUp(login.broker.host, std::to_string(login.broker.port),
                                 allowance.Within(kLongestLookUp));
  if (!found) {
    return Fail(found.error().code, login.broker.host + ": " + found.error().message);
  }
  for (const bool mqtt5 : {true, false}) {
    std::unique_ptr<Session> session(new Session(module, listener));
    auto in = session->Enter(login, mqtt5, allowance);
    if (in) return session;
    // A broker that only speaks the older one says so, or nothing at all.
    const int code = session->code_.value_or(0);
    const bool is_older = session->is_closed_ || code == kOtherVersion || code == kOtherVersion5;
    if (!mqtt5 || !is_older) return std::unexpected(std::move(in.error()));
  }
  std::unreachable();
}

Result<void> Session::Enter(const Login& login, bool mqtt5, const base::Allowance& allowance) {
  if (auto begun = Begin(login, mqtt5); !begun) return begun;
  return AwaitLogin(login, allowance);
}

Result<void> Session::Begin(const Login& login, bool mqtt5) {
  if (login.broker.tls && !login.ca.empty() && ::access(login.ca.c_str(), R_OK) != 0) {
    return Fail(ErrorCode::kConfig,
                "mqtt.ca " + login.ca + " cannot be read: " + std::strerror(errno));
  }
  const ModuleRequest request{
      .host = login.broker.host.c_str(),
      .port = login.broker.port,
      .tls = login.broker.tls,
      .ca = login.ca.c_str(),
      .mqtt5 = mqtt5,
      .client_id = login.client_id.c_str(),
      .username = login.username.empty() ? nullptr : login.username.c_str(),
      .password = login.password ? login.password->c_str() : nullptr,
      .keepalive = login.keepalive,
      .will = {login.will_topic.empty() ? nullptr : login.will_topic.c_str(), login.will.data(),
               login.will.size(), true}};
  ModuleReason why{};
  client_ = module_->open(&host_, &request, &why);
  if (client_ == nullptr) return Fail(ErrorCode::kUnavailable, ReasonOf(why));
  return {};
}

// Whether the connection has not been refused; a failure that the library would only see once it
// writes.
Result<void> Session::Connected() const {
  int error = 0;
  socklen_t size = sizeof(error);
  const int fd = module_->socket(client_);
  if (fd < 0) return Fail(ErrorCode::kUnavailable, "the connection was closed");
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
    return Fail(ErrorCode::kUnavailable, std::strerror(error));
  }
  return {};
}

Result<void> Session::Do(bool readable, bool writable) {
  ModuleReason why{};
  if (module_->run(client_, readable, writable, &why) == ModuleStatus::kOk) return {};
  return Fail(ErrorCode::kUnavailable, ReasonOf(why));
}

Result<void> Session::AwaitLogin(const Login& login, const base::Allowance& allowance) {
  const base::Deadline connect(base::SystemClock(), kLongestConnect);
  const base::Deadline answer(base::SystemClock(), kLongestLogin);
  bool connected = false;
  while (!code_) {
    if (auto left = allowance.Check("the login at the MQTT broker"); !left) return left;
    if (!connected && connect.Expired()) {
      return Fail(ErrorCode::kUnavailable,
                  "no connection within " + std::to_string(kLongestConnect.count()) + " s");
    }
    if (answer.Expired()) {
      return Fail(ErrorCode::kUnavailable,
                  "no answer to the login within " + std::to_string(kLongestLogin.count()) + " s");
    }
    pollfd socket{module_->socket(client_), POLLIN, 0};
    if (!connected || module_->wants_write(client_)) socket.events |= POLLOUT;
    ::poll(&socket, 1, static_cast<int>(kSlice.count()));
    if (auto is = Connected(); !is) return is;
    if ((socket.revents & POLLOUT) != 0) connected = true;
    if (socket.revents == 0 || !connected) continue;
    const bool writable = (socket.revents & POLLOUT) != 0;
    if (auto done = Do(true, writable); !done) {
      if (code_ && *code_ != 0) return RefusedWith(*code_, login);
      is_closed_ = !code_ && !done.error().message.starts_with(kTls);
      return done;
    }
    if (!code_) std::this_thread::sleep_for(kPace);
  }
  if (*code_ != 0) return RefusedWith(*code_, login);
  return {};
}

Result<void> Session::Run(int wake, const base::Deadline& end) {
  std::array<pollfd, 2> places{{{module_->socket(client_), POLLIN, 0}, {wake, POLLIN, 0}}};
  if (places[0].fd < 0) return Fail(ErrorCode::kUnavailable, "the connection was closed");
  if (module_->wants_write(client_)) places[0].events |= POLLOUT;
  ::poll(places.data(), places.size(), static_cast<int>(Until(end, kLongestWait).count()));
  if ((places[1].revents & POLLIN) != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(wake, &count, sizeof(count));
  }
  const short seen = places[0].revents;
  return Do((seen & (POLLIN | POLLERR | POLLHUP)) != 0, (seen & POLLOUT) != 0);
}

Result<std::optional<int>> Session::Publish(const std::string& topic, std::string_view payload,
                                            bool retain) {
  const ModuleMessage message{topic.c_str(), payload.data(), payload.size(), retain};
  ModuleReason why{};
  int id = 0;
  switch (module_->publish(client_, &message, &id, &why)) {
    case ModuleStatus::kOk:
      return id;
    case ModuleStatus::kRefused:
      return std::nullopt;
    case ModuleStatus::kLost:
      break;
  }
  return Fail(ErrorCode::kUnavailable, ReasonOf(why));
}

Result<void> Session::Subscribe(const std::string& pattern) {
  if (module_->subscribe(client_, pattern.c_str()) == ModuleStatus::kOk) return {};
  return Fail(ErrorCode::kUnavailable, "it cannot be subscribed to " + pattern);
}

Result<void> Session::Unsubscribe(const std::string& pattern) {
  if (module_->unsubscribe(client_, pattern.c_str()) == ModuleStatus::kOk) return {};
  return Fail(ErrorCode::kUnavailable, "it cannot be unsubscribed from " + pattern);
}

void Session::Leave(const base::Deadline& end) {
  module_->leave(client_);
  while (module_->socket(client_) >= 0 && module_->wants_write(client_) && !end.Expired()) {
    if (!Run(-1, end)) return;
  }
}

}  // namespace sampleproc::mqtt
