// CPU time of the kernels that one POST /process with the `stats` step cannot do without, as JSON
// on one line:
//
//   {"receive_ns": .., "gray_decode_ns": .., "luma_stats_ns": .., "base64_decode_ns": ..,
//    "json_parse_ns": ..}
//
//   kernels FRAME.jpg [REPEATS]
//
// Each number is the median of the repeats. json_parse is ParseFrameJson less the base64 decode
// that it contains, so that they can be added up. receive is recv(2) of the body over loopback, and
// send(2) of 300 bytes as an answer.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/deadline.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "frame/frame_json.h"
#include "frame/options.h"
#include "process/steps/luma_stats.h"
#include "resources/memory_budget.h"
#include "support/base64_encode.h"

namespace {

using namespace sampleproc;  // NOLINT(google-build-using-namespace): a program of one file

double CpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// `prepare` is not counted; `work` is.
double Median(int repeats, const std::function<void()>& prepare,
              const std::function<void()>& work) {
  std::vector<double> taken;
  for (int i = 0; i < repeats; ++i) {
    prepare();
    const double start = CpuNanoseconds();
    work();
    taken.push_back(CpuNanoseconds() - start);
  }
  std::sort(taken.begin(), taken.end());
  return taken[taken.size() / 2];
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "kernels: %s\n", why.c_str());
  std::exit(1);
}

void Refill(base::ByteBuffer& buffer, std::string_view text) {
  const base::ByteView bytes = base::AsBytes(text);
  buffer.reserve(bytes.size() + frame::kJsonBodyRoom);  // as the service receives it
  buffer.assign(bytes.begin(), bytes.end());
}

// A TCP connection over loopback: one end sends the body each time an answer has come.
class Loopback {
 public:
  explicit Loopback(std::size_t body_bytes) : body_(body_bytes, 'b') {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, generic, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, generic, &size) != 0) {
      Die("cannot listen on loopback");
    }
    peer_ = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer_, generic, size) != 0) Die("cannot connect on loopback");
    own_ = accept(listener, nullptr, nullptr);
    const int on = 1;
    setsockopt(own_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
    sender_ = std::jthread([this] { SendBodies(); });
  }
  ~Loopback() {
    shutdown(own_, SHUT_RDWR);
    sender_.join();
    close(own_);
    close(peer_);
  }

  void Receive(base::ByteBuffer& buffer) const {
    std::size_t got = 0;
    while (got < body_.size()) {
      const ssize_t more = recv(own_, buffer.data() + got, body_.size() - got, 0);
      if (more <= 0) Die("the loopback connection broke");
      got += static_cast<std::size_t>(more);
    }
    const std::array<char, 300> answer{};
    if (send(own_, answer.data(), answer.size(), 0) < 0) Die("the loopback connection broke");
  }

 private:
  void SendBodies() const {
    std::array<char, 300> answer{};
    do {
      for (std::size_t sent = 0; sent < body_.size();) {
        const ssize_t more = send(peer_, body_.data() + sent, body_.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) return;
        sent += static_cast<std::size_t>(more);
      }
    } while (recv(peer_, answer.data(), answer.size(), MSG_WAITALL) > 0);
  }

  const std::string body_;
  int own_ = -1;
  int peer_ = -1;
  std::jthread sender_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) Die("usage: kernels FRAME.jpg [REPEATS]");
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 300;  // NOLINT(cert-err34-c)
  std::ifstream file(argv[1], std::ios::binary);
  const std::string jpeg{std::istreambuf_iterator<char>(file), {}};
  if (jpeg.empty()) Die("cannot read the frame");

  resources::MemoryBudget budget(1u << 30);
  codec::Scratch scratch;
  const base::Allowance allowance;
  frame::Image luma;
  const auto nothing = [] {};
  const double decode = Median(repeats, nothing, [&] {
    auto decoded = codec::Decode({base::AsBytes(jpeg)}, frame::PixelFormat::kGray8,
                                 codec::Options{}, allowance, budget, scratch);
    if (!decoded) Die(decoded.error().message);
    luma = decoded->image;
  });
  double sink = 0;
  const double stats =
      Median(repeats, nothing, [&] { sink += process::ComputeLumaStats(luma).mean; });

  const std::string text = test::EncodeBase64(base::AsBytes(jpeg));
  base::ByteBuffer buffer;
  const double base64 = Median(
      repeats, [&] { Refill(buffer, text); },
      [&] {
        if (!base::DecodeBase64InPlace(buffer)) Die("base64 was refused");
      });
  const std::string body =
      R"({"metadata":{"frame_id":"bench","camera_id":"bench"},"frame_data":")" + text + "\"}";
  const double parse = Median(
      repeats, [&] { Refill(buffer, body); },
      [&] {
        if (!frame::ParseFrameJson(std::move(buffer), frame::Options{})) Die("JSON was refused");
      });

  buffer.resize(body.size());
  const Loopback loopback(body.size());
  const double receive = Median(repeats, nothing, [&] { loopback.Receive(buffer); });

  std::printf(
      "{\"receive_ns\": %.0f, \"gray_decode_ns\": %.0f, \"luma_stats_ns\": %.0f, "
      "\"base64_decode_ns\": %.0f, "
      "\"json_parse_ns\": %.0f, \"width\": %d, \"height\": %d, \"jpeg_bytes\": %zu}\n",
      receive, decode, stats, base64, std::max(0.0, parse - base64), luma.width, luma.height,
      jpeg.size());
  return sink >= 0 ? 0 : 1;
}
