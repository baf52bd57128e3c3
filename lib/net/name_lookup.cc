#include "net/name_lookup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/mutex.h"
#include "net/stream.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

// Shared by who asks and the thread that looks up; the last of them cleans up.
struct Question {
  const std::string host;
  const std::string port;
  const SystemLookup lookup;
  const base::Descriptor answered;  // an eventfd(2): readable once the answer is there
  base::Mutex mutex = {};
  int status GUARDED_BY(mutex) = 0;
  Addresses addresses GUARDED_BY(mutex) = {};
};

// Answers as getaddrinfo(3), also when something throws: it may be all that a thread does.
int Ask(const SystemLookup& lookup, const std::string& host, const std::string& port, int flags,
        Addresses& addresses) noexcept {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int status = lookup(host.c_str(), port.empty() ? nullptr : port.c_str(), &hints, &found);
  if (status != 0) return status;
  try {
    addresses = Addresses(found, &::freeaddrinfo);
  } catch (const std::exception&) {
    return EAI_MEMORY;
  }
  return 0;
}

}  // namespace

Result<Addresses> LookUp(const std::string& host, const std::string& port,
                         const base::Allowance& allowance, const SystemLookup& lookup) {
  Addresses numeric;
  if (Ask(::getaddrinfo, host, port, AI_NUMERICHOST, numeric) == 0) return numeric;

  const std::shared_ptr<Question> question(
      new Question{.host = host,
                   .port = port,
                   .lookup = lookup,
                   .answered = base::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))});
  if (question->answered.get() < 0) return Fail(ErrorCode::kUnavailable, std::strerror(errno));
  try {
    std::thread([question] {
      Addresses addresses;
      const int status = Ask(question->lookup, question->host, question->port, 0, addresses);
      const base::MutexLock lock(question->mutex);
      question->status = status;
      question->addresses = std::move(addresses);
      (void)::eventfd_write(question->answered.get(), 1);
    }).detach();
  } catch (const std::system_error& error) {
    return Fail(ErrorCode::kOverloaded,
                std::string("there is no thread to look up a name: ") + error.what());
  }
  if (auto answered = WaitFor(question->answered.get(), POLLIN, allowance); !answered) {
    return std::unexpected(std::move(answered.error()));
  }
  const base::MutexLock lock(question->mutex);
  if (question->status != 0) {
    return Fail(ErrorCode::kUnavailable, ::gai_strerror(question->status));
  }
  return std::move(question->addresses);
}

}  // namespace sampleproc::net
