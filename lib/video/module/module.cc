// The module's door: the table of functions that the program asks for by name.
//
// FFmpeg has two settings for the whole process, which the module sets once, before its first use
// of the libraries; nothing else in the program uses them. Log lines are not
// printed, because they would go to standard error past our own log; what matters of them becomes
// an error. No single
// allocation may exceed kLargestAllocation: a few bytes in a file's head can ask for tables of
// gigabytes.
extern "C" {
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

#include <memory>
#include <new>

#include "video/module/encoder.h"
#include "video/module/stream.h"
#include "video/module_abi.h"

namespace sampleproc::video {

struct ModuleStream : Stream {
  using Stream::Stream;
};

struct ModuleVideo : Encoder {
  using Encoder::Encoder;
};

namespace {

// A plane of 16-bit samples of the largest colour frame that the default options allow, or the
// table of a day of video.
constexpr std::size_t kLargestAllocation = 72u << 20;

void SetUpOnce() {
  static const bool done = [] {
    av_log_set_callback(&Stream::OnLog);
    av_max_alloc(kLargestAllocation);
    return true;
  }();
  static_cast<void>(done);
}

// No exception of ours crosses to the program.
template <typename Work>
ModuleStatus Guarded(const char** what, Work work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    *what = "no memory";
  } catch (...) {
    *what = "an unexpected exception";
  }
  return ModuleStatus::kInternal;
}

ModuleStatus Open(const ModuleHost* host, const ModuleRequest* request, ModuleStream** stream,
                  const char** what) noexcept {
  return Guarded(what, [&] {
    SetUpOnce();
    auto opened = std::make_unique<ModuleStream>(*host, *request);
    const ModuleStatus status = opened->Open(request->demuxer, what);
    if (status == ModuleStatus::kOk) *stream = opened.release();
    return status;
  });
}

ModuleStatus OpenLive(const ModuleHost* host, const ModuleLiveRequest* request,
                      ModuleStream** stream, const char** what) noexcept {
  return Guarded(what, [&] {
    SetUpOnce();
    auto opened = std::make_unique<ModuleStream>(*host, *request);
    const ModuleStatus status = opened->OpenLive(*request, what);
    if (status == ModuleStatus::kOk) *stream = opened.release();
    return status;
  });
}

ModuleStatus Next(ModuleStream* stream, int channels, ModulePicture* picture,
                  const char** what) noexcept {
  return Guarded(what, [&] { return stream->Next(channels, picture, what); });
}

ModuleStatus Again(ModuleStream* stream, int channels, ModulePicture* picture,
                   const char** what) noexcept {
  return Guarded(what, [&] { return stream->Again(channels, picture, what); });
}

void Close(ModuleStream* stream) noexcept { delete stream; }

ModuleStatus Create(const ModuleSink* sink, const ModuleVideoRequest* request, ModuleVideo** video,
                    const char** what) noexcept {
  return Guarded(what, [&] {
    SetUpOnce();
    auto begun = std::make_unique<ModuleVideo>(*sink);
    const ModuleStatus status = begun->Begin(*request, what);
    if (status == ModuleStatus::kOk) *video = begun.release();
    return status;
  });
}

ModuleStatus Add(ModuleVideo* video, const ModulePixels* pixels, std::int64_t ticks,
                 const char** what) noexcept {
  return Guarded(what, [&] { return video->Add(*pixels, ticks, what); });
}

ModuleStatus Finish(ModuleVideo* video, const char** what) noexcept {
  return Guarded(what, [&] { return video->Finish(what); });
}

void Drop(ModuleVideo* video) noexcept { delete video; }

constexpr Module kModule = {kModuleVersion, &Open,   &OpenLive, &Next,   &Again,
                            &Close,         &Create, &Add,      &Finish, &Drop};

}  // namespace
}  // namespace sampleproc::video

extern "C" __attribute__((visibility("default"))) const sampleproc::video::Module*
sampleproc_video_module() {
  return &sampleproc::video::kModule;
}
