#include "loadtest/listener.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace sampleproc::loadtest {
namespace {

namespace fs = std::filesystem;

using Inodes = std::set<std::string>;

std::vector<std::string> Words(const std::string& line) {
  std::istringstream text(line);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(std::move(word));
  return words;
}

// "  0: 0100007F:1F90 00000000:0000 0A ... inode ...": those that listen at the port.
void AddTcp(const char* table, std::uint16_t port, Inodes& inodes) {
  constexpr std::size_t kAddress = 1;
  constexpr std::size_t kState = 3;
  constexpr std::size_t kInode = 9;
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = Words(line);
    if (words.size() <= kInode || words[kState] != "0A") continue;
    const std::string& address = words[kAddress];
    const std::size_t colon = address.rfind(':');
    std::uint16_t at = 0;
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), at, 16);
    if (at == port) inodes.insert(words[kInode]);
  }
}

// "0000: 00000002 00000000 00010000 0001 01 12345 /run/socket": those bound to the path.
void AddUnix(const std::string& path, Inodes& inodes) {
  constexpr std::size_t kInode = 6;
  std::ifstream file("/proc/net/unix");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = Words(line);
    if (words.size() > kInode + 1 && line.ends_with(" " + path)) inodes.insert(words[kInode]);
  }
}

Inodes Listeners(const Address& address) {
  Inodes inodes;
  // Reinterpretations that the interface of sockets asks for.
  const sockaddr_storage& storage = address.storage;
  if (storage.ss_family == AF_UNIX) {
    AddUnix(reinterpret_cast<const sockaddr_un&>(storage).sun_path, inodes);
    return inodes;
  }
  const std::uint16_t port = storage.ss_family == AF_INET
                                 ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                 : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port;
  AddTcp("/proc/net/tcp", ntohs(port), inodes);
  AddTcp("/proc/net/tcp6", ntohs(port), inodes);
  return inodes;
}

}  // namespace

base::Result<void> ListensAt(pid_t pid, const Address& address) {
  const std::string process = "process " + std::to_string(pid);
  const Inodes inodes = Listeners(address);
  const auto fail = [&process](const std::string& why) {
    return base::Fail(base::ErrorCode::kUnavailable, process + " was not touched: " + why);
  };
  if (inodes.empty()) return fail("nothing on this machine listens at the target's address");
  std::error_code error;
  fs::directory_iterator entries("/proc/" + std::to_string(pid) + "/fd", error);
  if (error) return fail("its sockets cannot be seen: " + error.message());
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string link = fs::read_symlink(entries->path(), error).string();
    constexpr std::string_view kSocket = "socket:[";
    if (!link.starts_with(kSocket)) continue;
    if (inodes.contains(link.substr(kSocket.size(), link.size() - kSocket.size() - 1))) return {};
  }
  return fail("it does not listen at the target's address");
}

}  // namespace sampleproc::loadtest
