#include "http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/text_file.h"
#include "http/listen_socket.h"
#include "http/loop.h"

namespace sampleproc::http {
namespace {

using base::Result;
using std::chrono::milliseconds;

// What a connection has, once the server drains, to say what it wants, and a bit.
constexpr milliseconds kToAsk{1500};

// Descriptors for everything that is not a connection: logs, decoders, listening sockets.
constexpr std::size_t kOtherFiles = 64;

int IoThreads(const Options& options) {
  if (options.io_threads > 0) return options.io_threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

// What a connection takes beside its head: coroutines, parsed fields, the kernel's part.
constexpr std::size_t kConnectionBytes = 8 * 1024;
// And over TLS: OpenSSL's state and buffers, and a hello of the largest size.
constexpr std::size_t kTlsBytes = 48 * 1024;

// Heads are not reserved one by one. All there can be fit in what MemoryCapacity
// (resources/cpu_limits.h) leaves beside the budget, a third of it, if each connection sends the
// largest.
std::size_t ByMemory(const Options& options, std::size_t budget) {
  const std::size_t each =
      options.max_head_bytes + kConnectionBytes + (options.tls_cert.empty() ? 0 : kTlsBytes);
  return std::max<std::size_t>(budget / 3 / each, 16);
}

std::size_t ByFiles() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
  const auto most = static_cast<std::size_t>(files.rlim_cur);
  return most > 2 * kOtherFiles ? most - kOtherFiles : std::max<std::size_t>(most / 2, 1);
}

std::size_t MostConnections(const Options& options, std::size_t budget) {
  if (options.max_connections != 0) return options.max_connections;
  return std::min(ByFiles(), ByMemory(options, budget));
}

Result<std::shared_ptr<const TlsContext>> LoadTls(const Options& options, base::Reading reading) {
  if (options.tls_cert.empty()) return nullptr;
  return TlsContext::Load(options.tls_cert,
                          options.tls_key.empty() ? options.tls_cert : options.tls_key, reading);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const Options& options, std::size_t budget)
      : shared(MostConnections(options, budget), options.max_connections_per_client) {}

  SharedState shared;
  std::vector<std::unique_ptr<Loop>> loops;
  std::uint16_t port = 0;
  bool has_inherited = false;
  bool stopped = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::Listen(const ServerContext& context,
                                               const std::vector<int>& inherited) {
  const Options& options = context.site->options;
  auto listening = http::Listen(options, inherited, IoThreads(options));
  if (!listening) return std::unexpected(listening.error());
  auto tls = LoadTls(options, base::Reading::kFirst);
  if (!tls) return std::unexpected(tls.error());
  auto impl = std::make_unique<Impl>(options, context.budget.capacity());
  impl->shared.SetTls(std::move(*tls));
  impl->port = listening->port;
  impl->has_inherited = !inherited.empty();
  for (auto& sockets : listening->of_loops) {
    impl->loops.push_back(std::make_unique<Loop>(context, impl->shared, std::move(sockets)));
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { Stop(); }

std::uint16_t Server::port() const { return impl_->port; }

void Server::Start() {
  for (const auto& loop : impl_->loops) loop->Start();
}

Result<void> Server::Reload(const std::shared_ptr<const Site>& site) {
  for (const std::string& path : {site->options.tls_cert, site->options.tls_key}) {
    if (path.empty() || base::CanBeReread(path)) continue;
    return base::Fail(base::ErrorCode::kConfig,
                      "http.tls_cert, http.tls_key: " + path +
                          " is no regular file and can be read only once; to reload, use files");
  }
  auto tls = LoadTls(site->options, base::Reading::kAgain);
  if (!tls) return std::unexpected(tls.error());
  impl_->shared.SetTls(std::move(*tls));
  for (const auto& loop : impl_->loops) loop->SetSite(site);
  return {};
}

void Server::BeginDrain() {
  for (const auto& loop : impl_->loops) loop->BeginDrain();
}

void Server::LeaveInherited() {
  if (!impl_->has_inherited) return;
  for (const auto& loop : impl_->loops) loop->LeaveInherited();
}

void Server::StopAccepting() {
  for (const auto& loop : impl_->loops) loop->StopAccepting();
}

int Server::sockets() const {
  // Listening first: a connection is counted before the socket that it came from is not.
  int sum = 0;
  for (const auto& loop : impl_->loops) sum += loop->listening();
  return sum + connections();
}

int Server::connections() const {
  int sum = 0;
  for (const auto& loop : impl_->loops) sum += loop->connections();
  return sum;
}

int Server::requests() const {
  int sum = 0;
  for (const auto& loop : impl_->loops) sum += loop->requests();
  return sum;
}

int Server::AwaitRequests(const base::Deadline& end) {
  const base::Clock& clock = impl_->loops.front()->context().clock;
  const milliseconds chance = impl_->has_inherited ? kToAsk : milliseconds(0);
  const base::Deadline asked = base::Deadline::Earlier(base::Deadline(clock, chance), end);
  const base::MutexLock lock(impl_->shared.mutex);
  while (connections() > 0 && !asked.Expired()) {
    impl_->shared.left.WaitUntil(impl_->shared.mutex, asked);
  }
  while (requests() > 0 && !end.Expired()) impl_->shared.left.WaitUntil(impl_->shared.mutex, end);
  return requests();
}

int Server::AwaitSockets(const base::Deadline& end) {
  // Stop has closed them; nobody is left to count them down.
  if (impl_->stopped) return 0;
  const base::MutexLock lock(impl_->shared.mutex);
  while (sockets() > 0 && !end.Expired()) impl_->shared.left.WaitUntil(impl_->shared.mutex, end);
  return sockets();
}

std::uint64_t Server::refused_connections() const { return impl_->shared.limits.over(); }

std::uint64_t Server::accept_failures() const {
  return impl_->shared.accept_failures.load(std::memory_order_relaxed);
}

std::uint64_t Server::failed_handshakes() const {
  return impl_->shared.failed_handshakes.load(std::memory_order_relaxed);
}

std::optional<base::WallTime> Server::certificate_end() const {
  const std::shared_ptr<const TlsContext> tls = impl_->shared.Tls();
  if (!tls) return std::nullopt;
  return tls->valid_until();
}

void Server::Stop() {
  if (std::exchange(impl_->stopped, true)) return;
  for (const auto& loop : impl_->loops) loop->Stop();
}

}  // namespace sampleproc::http
