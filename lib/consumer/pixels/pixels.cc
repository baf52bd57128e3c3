#include "consumer/pixels/pixels.h"

#include <algorithm>
#include <string_view>

namespace sampleproc::consumer {
namespace {

struct Named {
  PixelPlace::Kind kind;
  std::string_view field;
  bool given;
  std::string_view setting;  // without which nobody looks there
  std::string_view nothing;  // when somebody has looked
};

}  // namespace

std::string WhyNoPixels(const FrameEntry& entry, const std::vector<PixelPlace>& places) {
  using Kind = PixelPlace::Kind;
  const Named all[] = {
      {Kind::kRedisKey, "frame_buffer_key", !entry.frame_buffer_key.empty(), "consumer.redis.host",
       entry.frame_buffer_key.empty() ? "Redis has nothing under frame:<frame_id>"
                                      : "Redis has nothing under frame_buffer_key, or no longer"},
      {Kind::kFile, "storage_path", !entry.storage_path.empty(), "consumer.storage_root",
       "no file is at storage_path"},
      {Kind::kUrl, "frame_url", !entry.frame_url.empty(), "consumer.frame_url_hosts",
       "nothing is at frame_url"},
  };
  std::string why;
  const auto add = [&why](std::string_view clause) {
    if (!why.empty()) why += "; ";
    why += clause;
  };
  bool named = false;
  for (const Named& each : all) {
    named |= each.given;
    if (std::ranges::find(places, each.kind, &PixelPlace::kind) != places.end()) {
      add(each.nothing);
    } else if (each.given) {
      add(std::string(each.field) + " is not looked at without " + std::string(each.setting));
    }
  }
  if (!named)
    add("the entry has neither frame_data nor frame_buffer_key, storage_path or frame_url");
  return why;
}

}  // namespace sampleproc::consumer
