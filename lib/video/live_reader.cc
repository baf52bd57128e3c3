#include "video/live_reader.h"

#include <chrono>
#include <optional>
#include <utility>

#include "video/host_side.h"
#include "video/module_loader.h"

namespace sampleproc::video {
namespace {

constexpr std::chrono::milliseconds kGoodbye{300};

}  // namespace

class LiveReader::Session : private HostSide {
 public:
  Session(const Options& options, resources::MemoryBudget& budget,
          std::shared_ptr<const Module> module)
      : HostSide(options, budget),
        options_(options),
        module_(std::move(module)),
        host_{static_cast<HostSide*>(this), nullptr, &Session::MayGoOn, &Session::MayHold,
              &Session::MayDecode,          nullptr} {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (stream_ == nullptr) return;
    const Turn turn(*this, base::Allowance().Within(kGoodbye), "closing a live stream");
    module_->close(stream_);
  }

  base::Result<void> Open(const LiveRequest& request, const base::Allowance& allowance) {
    const Turn turn(*this, allowance, "opening a live stream");
    const ModuleLiveRequest wanted{request.url.c_str(), request.udp, request.key_frames,
                                   options_.max_frame_bytes, options_.jpeg_packets};
    const char* what = "";
    const ModuleStatus status = module_->open_live(&host_, &wanted, &stream_, &what);
    if (status == ModuleStatus::kOk) return {};
    return std::unexpected(ErrorOf(status, what));
  }

  bool CanGoOn() const { return !failed_; }

  base::Result<LiveFrame> Next(const base::Allowance& allowance) {
    if (failed_) return std::unexpected(*failed_);
    const Turn turn(*this, allowance, "decoding a live stream");
    ModulePicture picture{};
    const char* what = "";
    const ModuleStatus status = module_->next(stream_, 0, &picture, &what);
    if (status != ModuleStatus::kOk) return Failed(status, what);
    LiveFrame frame;
    frame.codec = picture.codec;
    if (picture.encoded != nullptr) frame.encoded = {picture.encoded, picture.encoded_size};
    frame.image.width = picture.width;
    frame.image.height = picture.height;
    return frame;
  }

  base::Result<frame::Image> Pixels(frame::PixelFormat wanted, const base::Allowance& allowance) {
    if (failed_) return std::unexpected(*failed_);
    const Turn turn(*this, allowance, "decoding a live stream");
    ModulePicture picture{};
    const char* what = "";
    const ModuleStatus status = module_->again(stream_, frame::Channels(wanted), &picture, &what);
    if (status != ModuleStatus::kOk) return Failed(status, what);
    return frame::Image{picture.data, picture.width, picture.height, picture.stride, wanted};
  }

 private:
  std::unexpected<base::Error> Failed(ModuleStatus status, const char* what) {
    base::Error error = ErrorOf(status, what);
    if (status != ModuleStatus::kDamaged) failed_ = error;
    return std::unexpected(std::move(error));
  }

  const Options options_;
  const std::shared_ptr<const Module> module_;
  const ModuleHost host_;
  ModuleStream* stream_ = nullptr;
  std::optional<base::Error> failed_;
};

LiveReader::LiveReader(std::unique_ptr<Session> session) : session_(std::move(session)) {}
LiveReader::~LiveReader() = default;

base::Result<std::unique_ptr<LiveReader>> LiveReader::Open(const LiveRequest& request,
                                                           const Options& options,
                                                           const base::Allowance& allowance,
                                                           resources::MemoryBudget& budget) {
  auto module = LoadModule(options.module);
  if (!module) return std::unexpected(std::move(module.error()));
  auto session = std::make_unique<Session>(options, budget, std::move(*module));
  if (auto opened = session->Open(request, allowance); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return std::unique_ptr<LiveReader>(new LiveReader(std::move(session)));
}

base::Result<LiveFrame> LiveReader::Next(const base::Allowance& allowance) {
  return session_->Next(allowance);
}

base::Result<frame::Image> LiveReader::Pixels(frame::PixelFormat wanted,
                                              const base::Allowance& allowance) {
  return session_->Pixels(wanted, allowance);
}

bool LiveReader::CanGoOn() const { return session_->CanGoOn(); }

}  // namespace sampleproc::video
