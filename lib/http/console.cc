#include "http/console.h"

#include "http/ip_network.h"

namespace sampleproc::http {

bool IsOnThisMachine(std::string_view host) {
  const auto address = ParseAddress(host);
  return host == "localhost" || (address && IsLoopback(*address));
}

bool IsPrivateToMachine(const Options& options) {
  return IsOnThisMachine(options.host) && options.trusted_proxies.empty();
}

bool ServesConsole(const Options& options, bool handed_sockets) {
  if (options.console != Console::kAuto) return options.console == Console::kOn;
  if (!options.auth_tokens_file.empty()) return true;
  return !handed_sockets && IsPrivateToMachine(options);
}

}  // namespace sampleproc::http
