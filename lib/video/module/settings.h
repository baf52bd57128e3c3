// Options as FFmpeg takes them.
#pragma once

extern "C" {
#include <libavutil/dict.h>
}

#include <cstdint>

namespace sampleproc::video {

class Settings {
 public:
  Settings() = default;
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() { av_dict_free(&entries_); }
  void Set(const char* key, const char* value) { av_dict_set(&entries_, key, value, 0); }
  void Set(const char* key, std::int64_t value) { av_dict_set_int(&entries_, key, value, 0); }
  AVDictionary** get() { return &entries_; }
  AVDictionary* copy() const {
    AVDictionary* copied = nullptr;
    av_dict_copy(&copied, entries_, 0);
    return copied;
  }

 private:
  AVDictionary* entries_ = nullptr;
};

}  // namespace sampleproc::video
