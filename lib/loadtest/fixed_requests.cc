#include "loadtest/fixed_requests.h"

namespace sampleproc::loadtest {
namespace {

class FixedRequests : public RequestMaker {
 public:
  FixedRequests(const HeadOptions& options, std::string_view body)
      : body_(body), is_head_(options.method == "HEAD") {
    head_ = options.method + " " + options.path + " HTTP/1.1\r\n" + FixedFields(options);
    const bool carries = options.method == "POST" || options.method == "PUT" || !body.empty();
    if (carries) head_ += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    head_ += "\r\n";
  }

  void Make(const Arrival& /*arrival*/, Request& request) override {
    if (request.head.size() == head_.size()) return;  // it is this one already
    request.head = head_;
    request.body = body_;
    request.is_head = is_head_;
  }

  std::size_t KeptBytes() const override { return 0; }

  std::string Check(const Request& /*request*/, ResponseReader& answer) override {
    const int status = answer.status();
    return status >= 200 && status < 300 ? "" : StatusError(status);
  }

 private:
  std::string head_;
  const std::string_view body_;
  const bool is_head_;
};

}  // namespace

std::string StatusError(int status) { return "status_" + std::to_string(status); }

std::unique_ptr<RequestMaker> MakeFixedRequests(const HeadOptions& options, std::string_view body) {
  return std::make_unique<FixedRequests>(options, body);
}

}  // namespace sampleproc::loadtest
