#include "consumer/sources/entry_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/trace_context.h"
#include "consumer/sources/json_fields.h"
#include "frame/frame_text.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Problem;

// Every field that counts; where one stands in the entry and in its metadata the entry's is taken.
enum Name {
  kFrameId,
  kCameraId,
  kTimestamp,
  kFormat,
  kWidth,
  kHeight,
  kResolution,
  kSizeBytes,
  kTraceparent,
  kTracestate,
  kTraceContext,
  kTraceId,
  kSpanId,
  kTraceState,
  kMetadata,
  kFrameData,
  kFrameDataB64,
  kFrameBufferKey,
  kStoragePath,
  kFrameUrl,
  kReplays,
  kNames
};
constexpr std::array<std::string_view, kNames> kNameTexts = {
    "frame_id",      "camera_id",      "timestamp",        "format",       "width",
    "height",        "resolution",     "size_bytes",       "traceparent",  "tracestate",
    "trace_context", "trace_id",       "span_id",          "trace_state",  "metadata",
    "frame_data",    "frame_data_b64", "frame_buffer_key", "storage_path", "frame_url",
    "dlq_replays"};
constexpr std::size_t kMaxPathBytes = 4096;  // PATH_MAX of Linux
constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::size_t kMaxUrlBytes = 8192;

using Values = std::array<std::optional<std::string>, kNames>;

// How upstreams write that there is nothing.
bool IsAbsent(std::string_view value) {
  return value.empty() || value == "None" || value == "null";
}

void Keep(std::vector<EntryField>& fields, Values& values) {
  for (EntryField& field : fields) {
    if (IsAbsent(field.value)) continue;
    for (std::size_t name = 0; name < kNames; ++name) {
      if (field.name == kNameTexts[name]) values[name] = std::move(field.value);
    }
  }
}

// Of base64 and of what is taken for it: the URL-safe alphabet, a data: URL, percent-encoding.
bool IsBase64Like(char c) {
  return base::IsAlnum(c) || std::string_view("+/=-_%:;,.").find(c) != std::string_view::npos;
}

// Whether the first characters could be base64: those of JPEG, PNG and NPY could not, and need no
// longer look.
bool BeginsLikeBase64(std::string_view value) {
  return std::ranges::all_of(value.substr(0, 4), IsBase64Like);
}

// Whether it is text that was meant to be base64: no picture that is known is without one byte that
// no such text has.
bool IsMeantAsBase64(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    return IsBase64Like(c) || c == ' ' || c == '\t' || c == '\r' || c == '\n';
  });
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Sides {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

// "[640, 360]", as the capture service writes it.
std::optional<Sides> ParseResolution(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos || text.front() != '[' || text.back() != ']') return std::nullopt;
  const auto trimmed = [&](std::size_t from, std::size_t to) {
    while (from < to && text[from] == ' ') ++from;
    while (to > from && text[to - 1] == ' ') --to;
    return std::string_view(text).substr(from, to - from);
  };
  const auto width = ParseNumber<std::int64_t>(trimmed(1, comma));
  const auto height = ParseNumber<std::int64_t>(trimmed(comma + 1, text.size() - 1));
  if (!width || !height || *width < 1 || *height < 1) return std::nullopt;
  return Sides{*width, *height};
}

class Reader {
 public:
  Reader(EntryOrigin origin, const frame::Options& options) : origin_(origin), options_(options) {}

  EntryRead Read(std::vector<EntryField> fields) {
    Keep(fields, own_);
    ReadMetadata();
    entry_.frame_id = Text(kFrameId, frame::kMaxIdBytes).value_or("");
    entry_.camera_id = CameraId();
    entry_.timestamp = Text(kTimestamp, frame::kMaxTimestampBytes);
    entry_.format = Text(kFormat, frame::kMaxFormatBytes);
    ReadSides();
    if (const auto text = Take(kSizeBytes)) entry_.size_bytes = ParseNumber<std::uint64_t>(*text);
    entry_.is_replay = Take(kReplays).has_value();
    ReadTrace();
    ReadPixels();
    entry_.frame_buffer_key = Text(kFrameBufferKey, kMaxKeyBytes).value_or("");
    entry_.storage_path = Text(kStoragePath, kMaxPathBytes).value_or("");
    entry_.frame_url = Text(kFrameUrl, kMaxUrlBytes).value_or("");
    if (problems_.empty()) return {std::move(entry_), std::nullopt};
    FrameEntry named;  // so that the sender finds the frame, and its camera counts it
    named.frame_id = std::move(entry_.frame_id);
    named.camera_id = std::move(entry_.camera_id);
    named.timestamp = std::move(entry_.timestamp);
    named.traceparent = std::move(entry_.traceparent);
    named.tracestate = std::move(entry_.tracestate);
    return {std::move(named), base::Fail(ErrorCode::kInvalidFrame, std::move(problems_)).error()};
  }

 private:
  void Add(Name name, std::string type, std::string msg) {
    problems_.push_back(
        {std::move(type), {"entry", std::string(kNameTexts[name])}, std::move(msg)});
  }

  std::optional<std::string> Take(Name name) {
    auto& value = own_[name] ? own_[name] : metadata_[name];
    return std::exchange(value, std::nullopt);
  }

  std::optional<std::string> Text(Name name, std::size_t max_bytes) {
    auto text = Take(name);
    if (!text) return text;
    return Checked(name, frame::CheckText(*text, max_bytes)) ? text : std::nullopt;
  }

  std::optional<std::string> CameraId() {
    auto id = Take(kCameraId);
    if (!id) return id;
    return Checked(kCameraId, frame::CheckCameraId(*id)) ? id : std::nullopt;
  }

  bool Checked(Name name, std::optional<base::Problem> problem) {
    if (!problem) return true;
    problem->loc = {"entry", std::string(kNameTexts[name])};
    problems_.push_back(std::move(*problem));
    return false;
  }

  void ReadMetadata() {
    auto text = std::exchange(own_[kMetadata], std::nullopt);
    if (!text) return;
    // Pixels may come in it: an orchestrator lets nothing else through. They have their own limit.
    const std::size_t size = text->size();
    if (size > options_.max_metadata_bytes + options_.max_frame_data_chars) {
      return MetadataTooLarge(size);
    }
    auto fields = ReadJsonFields(std::move(*text), options_);
    if (!fields) return Add(kMetadata, "json_invalid", std::move(fields.error().message));
    std::size_t pixels = 0;
    for (const EntryField& field : *fields) {
      const bool is_pixels =
          field.name == kNameTexts[kFrameData] || field.name == kNameTexts[kFrameDataB64];
      if (is_pixels) pixels += field.value.size();
    }
    if (size - std::min(size, pixels) > options_.max_metadata_bytes) {
      return MetadataTooLarge(size - pixels);
    }
    Keep(*fields, metadata_);
  }

  void MetadataTooLarge(std::size_t bytes) {
    Add(kMetadata, "metadata_too_large",
        "has " + std::to_string(bytes) + " bytes besides pixels; at most " +
            std::to_string(options_.max_metadata_bytes) + " are allowed (http.max_metadata_bytes)");
  }

  // What the metadata says of the resolution comes from the camera; the entry's own sides may be
  // the orchestrator's guess.
  void ReadSides() {
    for (Values* values : {&metadata_, &own_}) {
      if (const auto& text = (*values)[kResolution]) {
        if (const auto sides = ParseResolution(*text)) return SetSides(*sides);
      }
      const auto& width_text = (*values)[kWidth];
      const auto& height_text = (*values)[kHeight];
      if (!width_text || !height_text) continue;
      const auto width = ParseNumber<std::int64_t>(*width_text);
      const auto height = ParseNumber<std::int64_t>(*height_text);
      if (width && height && *width > 0 && *height > 0) return SetSides({*width, *height});
    }
  }

  void SetSides(const Sides& sides) {
    entry_.width = sides.width;
    entry_.height = sides.height;
  }

  // A trace is worth nothing when it is malformed; the frame is worth the same without it.
  void ReadTrace() {
    auto state = Take(kTracestate);
    if (auto text = Take(kTraceparent)) {
      if (base::ParseTraceparent(*text)) {
        entry_.traceparent = std::move(*text);
        if (state) entry_.tracestate = base::CleanTracestate(*state);
        return;
      }
      state.reset();  // it is of that
    }
    Values parts;
    if (auto text = Take(kTraceContext)) {
      if (auto fields = ReadJsonFields(std::move(*text), options_)) Keep(*fields, parts);
    }
    const auto id = parts[kTraceId] ? parts[kTraceId] : Take(kTraceId);
    const auto span = parts[kSpanId] ? parts[kSpanId] : Take(kSpanId);
    if (!id || !span) return;
    std::string text = "00-" + *id + '-' + *span + "-01";
    if (!base::ParseTraceparent(text)) return;
    entry_.traceparent = std::move(text);
    if (auto named = parts[kTraceState] ? parts[kTraceState] : Take(kTraceState)) state = named;
    if (state) entry_.tracestate = base::CleanTracestate(*state);
  }

  void ReadPixels() {
    if (const auto bytes = Take(kFrameData)) {
      SetPixels(kFrameData, *bytes, origin_ == EntryOrigin::kJson);
    } else if (const auto text = Take(kFrameDataB64)) {
      SetPixels(kFrameDataB64, *text, true);
    }
  }

  // Bytes that may be the picture or its base64 are base64 if they can be read as such: no picture
  // format begins with four characters of its alphabet and goes on so, and raw pixels hardly do.
  void SetPixels(Name name, const std::string& value, bool must_be_base64) {
    if (value.size() > options_.max_frame_data_chars) return TooManyPixels(name, value.size());
    const auto begin = reinterpret_cast<const std::uint8_t*>(value.data());
    entry_.frame_data.assign(begin, begin + value.size());
    if (!must_be_base64 && !BeginsLikeBase64(value)) return;
    const auto decoded = base::DecodeBase64InPlace(entry_.frame_data);
    if (decoded) {
      entry_.frame_data.resize(*decoded);
    } else if (must_be_base64 || (!MayBeRaw(value.size()) && IsMeantAsBase64(value))) {
      Add(name, "base64", base::DescribeBase64Error(decoded.error(), value));
    } else {
      entry_.frame_data.assign(begin, begin + value.size());
    }
  }

  // Raw pixels are any bytes: a whole number of them for each pixel, or three for two (NV12).
  bool MayBeRaw(std::size_t bytes) const {
    if (!entry_.width || !entry_.height) return false;
    const auto width = static_cast<std::size_t>(*entry_.width);
    const auto height = static_cast<std::size_t>(*entry_.height);
    if (width > bytes || height > bytes / width) return false;  // no room for one byte each
    return bytes * 2 % (width * height) == 0;
  }

  void TooManyPixels(Name name, std::size_t size) {
    Add(name, "too_long",
        "has " + std::to_string(size) + " bytes; at most " +
            std::to_string(options_.max_frame_data_chars) +
            " are allowed (4/3 of consumer.max_pixel_bytes)");
  }

  const EntryOrigin origin_;
  const frame::Options& options_;
  Values own_;
  Values metadata_;
  FrameEntry entry_;
  std::vector<Problem> problems_;
};

}  // namespace

EntryRead ReadEntry(std::vector<EntryField> fields, EntryOrigin origin,
                    const frame::Options& options) {
  return Reader(origin, options).Read(std::move(fields));
}

frame::Options PulledLimits(const frame::Options& limits, std::size_t max_pixel_bytes) {
  frame::Options pulled = limits;
  pulled.max_frame_data_chars = (max_pixel_bytes + 2) / 3 * 4;
  return pulled;
}

}  // namespace sampleproc::consumer
