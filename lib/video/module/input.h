// The bytes of the video as FFmpeg asks for them, from the program that opened the file.
#pragma once

#include <cstdint>

#include "video/module/handles.h"
#include "video/module_abi.h"

namespace sampleproc::video {

// Neither movable nor copyable: FFmpeg holds its address.
class Input {
 public:
  Input(const ModuleHost& host, std::uint64_t size);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  AVIOContext* context() { return context_.get(); }  // null when there was no memory
  bool stopped() const { return stopped_; }          // the host refused; nothing more will come

  // Asks the host, and remembers a refusal.
  bool MayGoOn();

 private:
  static int Read(void* self, std::uint8_t* place, int size);
  static std::int64_t Seek(void* self, std::int64_t offset, int whence);

  const ModuleHost& host_;
  const std::int64_t size_;
  std::int64_t position_ = 0;
  bool stopped_ = false;
  Handle<AVIOContext> context_;
};

}  // namespace sampleproc::video
