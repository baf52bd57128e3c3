#include "api/frame_request.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "codec/decoder.h"
#include "codec/picture_name.h"
#include "frame/frame_json.h"
#include "frame/frame_names.h"
#include "frame/frame_text.h"
#include "frame/raw_description.h"
#include "http/multipart.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::string_view kFramePart = "frame";
constexpr std::string_view kMetadataPart = "metadata";
constexpr std::string_view kAnnotate = "annotate";

// The parameters of a query, `annotate` first: the others describe a picture.
constexpr std::string_view kParameters[] = {kAnnotate, "frame_id", "camera_id", "timestamp",
                                            "format",  "width",    "height"};

// "image/jpeg" of "image/jpeg; q=1".
std::string_view MediaType(std::string_view content_type) {
  return content_type.substr(0, content_type.find_first_of("; \t"));
}

bool IsImage(std::string_view media) {
  return media.size() > 6 && http::EqualsIgnoreCase(media.substr(0, 6), "image/");
}

bool StartsWithBrace(base::ByteView body) {
  for (const std::uint8_t byte : body) {
    if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') continue;
    return byte == '{';
  }
  return false;
}

// The format that a content type names; nothing when it says no more than "bytes".
std::optional<std::string> FormatOf(std::string_view content_type) {
  const std::string_view media = MediaType(content_type);
  if (http::EqualsIgnoreCase(media, "application/x-npy")) return "npy";
  if (IsImage(media)) return std::string(content_type);
  return std::nullopt;
}

// A query parameter under the same rules as the JSON member of that name.
template <typename Check>
Result<std::optional<std::string>> CheckedParameter(std::string_view query, const char* name,
                                                    const Check& check) {
  auto decoded = http::QueryParameter(query, name);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  std::optional<std::string>& value = *decoded;
  if (!value || value->empty()) return std::nullopt;
  if (std::optional<base::Problem> problem = check(*value)) {
    problem->loc = {"query", name};
    return base::Fail(ErrorCode::kInvalidFrame, {std::move(*problem)});
  }
  return value;
}

Result<std::optional<std::string>> TextParameter(std::string_view query, const char* name,
                                                 std::size_t longest) {
  return CheckedParameter(
      query, name, [longest](std::string_view text) { return frame::CheckText(text, longest); });
}

Result<std::optional<std::string>> CameraParameter(std::string_view query) {
  return CheckedParameter(query, "camera_id", frame::CheckCameraId);
}

// A side of raw pixels, 0 when it is not given.
Result<std::uint32_t> SideParameter(std::string_view query, std::string_view name) {
  const auto text = http::QueryParameter(query, name);
  if (!text) return std::unexpected(text.error());
  if (!*text || (*text)->empty()) return 0;
  const auto side = frame::ParseRawSide(**text);
  if (side) return *side;
  return base::Fail(
      ErrorCode::kInvalidFrame,
      {{"side_range", {"query", std::string(name)}, std::string(frame::kRawSideRule)}});
}

// What the query says of the format, and of pixels without a header their sides.
Result<void> DescribeFormat(std::string_view query, frame::Frame& frame) {
  auto format = TextParameter(query, "format", frame::kMaxFormatBytes);
  if (!format) return std::unexpected(format.error());
  if (!*format) return {};
  frame.declared_format = std::move(*format);
  const auto raw = frame::FindRawFormat(*frame.declared_format);
  if (!raw) {
    if (http::HasQueryParameter(query, "width") && http::HasQueryParameter(query, "height")) {
      frame.unknown_raw = *frame.declared_format;
    }
    return {};
  }
  const auto width = SideParameter(query, "width");
  if (!width) return std::unexpected(width.error());
  const auto height = SideParameter(query, "height");
  if (!height) return std::unexpected(height.error());
  frame.raw = {*raw, *width, *height};
  return {};
}

std::unexpected<base::Error> QueryProblem(std::string type, std::string_view name,
                                          std::string msg) {
  std::vector<std::string> loc = {"query"};
  if (!name.empty()) loc.emplace_back(name);
  return base::Fail(ErrorCode::kInvalidFrame, {{std::move(type), std::move(loc), std::move(msg)}});
}

// What is wrong with a parameter `name`, which is none of `ours`; nothing when it means nothing to
// us.
Result<void> CheckUnknown(std::string_view name, std::span<const std::string_view> ours) {
  if (const std::string_view setting = frame::ConfiguredBy(name); !setting.empty()) {
    return QueryProblem("configured", {}, "has a parameter that " + frame::ConfiguredRule(setting));
  }
  const std::string_view meant = frame::MeantName(name);
  if (meant.empty()) return {};
  if (std::ranges::find(ours, meant) != ours.end()) {
    return QueryProblem("unknown_parameter", meant, "is the parameter's name, with this spelling");
  }
  return QueryProblem("misplaced_parameter", meant,
                      meant == kAnnotate
                          ? "is a parameter of POST /process only"
                          : "describes a picture that is sent by itself; here it belongs in "
                            "metadata, in the body");
}

// The beginning of a picture without its line breaks and zero bytes: PNG's signature has some of
// the former, the size that WebP begins with some of the latter.
bool BeginsAsText(base::ByteView body) {
  const std::string_view begin = base::AsText(body.first(std::min<std::size_t>(body.size(), 12)));
  return codec::Sniff(body) != codec::Format::kUnknown || begin.starts_with("\x89PNG\x1a") ||
         (begin.starts_with("RIFF") && begin.contains("WEBP"));
}

// What `curl -d @FILE` has made of a picture: it leaves out line breaks and zero bytes, which any
// picture has some of. It calls it a form, unless it is told what to call it.
bool IsSentAsText(base::ByteView body) {
  constexpr std::size_t kSmallest = 100;
  if (body.size() < kSmallest || !BeginsAsText(body)) return false;
  return std::ranges::none_of(body,
                              [](std::uint8_t c) { return c == 0 || c == '\n' || c == '\r'; });
}

Result<frame::Frame> ReadPicture(FrameRequest request) {
  frame::Frame frame;
  auto frame_id = TextParameter(request.query, "frame_id", frame::kMaxIdBytes);
  if (!frame_id) return std::unexpected(frame_id.error());
  auto camera_id = CameraParameter(request.query);
  if (!camera_id) return std::unexpected(camera_id.error());
  auto timestamp = TextParameter(request.query, "timestamp", frame::kMaxTimestampBytes);
  if (!timestamp) return std::unexpected(timestamp.error());
  frame.frame_id = std::move(*frame_id).value_or("");
  frame.camera_id = std::move(*camera_id);
  frame.timestamp = std::move(*timestamp);
  frame.declared_format = FormatOf(request.content_type);
  if (auto described = DescribeFormat(request.query, frame); !described) {
    return std::unexpected(described.error());
  }
  frame.storage = std::move(request.body);
  frame.encoded = frame.storage;
  return frame;
}

std::unexpected<base::Error> PartProblem(std::string_view part, std::string type, std::string msg) {
  return base::Fail(ErrorCode::kInvalidFrame,
                    {{std::move(type), {"body", std::string(part)}, std::move(msg)}});
}

// Whether the part frame is but the name of a file: `curl -F frame=photo.jpg` for frame=@photo.jpg.
bool IsNameOfPicture(const http::Part& part) {
  constexpr std::size_t kLongestName = 4096;
  return part.content_type.empty() && part.content.size() <= kLongestName &&
         codec::IsPictureName(base::AsText(part.content));
}

// What forms of other services call the picture.
std::string MissingPart(const std::vector<http::Part>& parts) {
  constexpr std::string_view kNames[] = {"file",  "files",  "image", "img",        "picture",
                                         "photo", "upload", "data",  "frame_data", "frames"};
  for (const std::string_view name : kNames) {
    if (std::ranges::find(parts, name, &http::Part::name) == parts.end()) continue;
    return "is required; that is the part's name, not \"" + std::string(name) + "\"";
  }
  return "is required: the part with the picture has this name";
}

// What is wrong with a part beside the two that are read.
Result<void> CheckOtherPart(std::string_view name) {
  if (frame::IsSpellingOf(name, kMetadataPart)) {
    return PartProblem(kMetadataPart, "unknown_part", "is the part's name, with this spelling");
  }
  if (const std::string_view setting = frame::ConfiguredBy(name); !setting.empty()) {
    return base::Fail(
        ErrorCode::kInvalidFrame,
        {{"configured", {"body"}, "has a part that " + frame::ConfiguredRule(setting)}});
  }
  if (const std::string_view meant = frame::MeantName(name); !meant.empty()) {
    return PartProblem(meant, "misplaced_part",
                       meant == kAnnotate ? "belongs in the query: /process?annotate=1"
                                          : "belongs in the part metadata, a JSON object");
  }
  return {};
}

Result<frame::Frame> ReadForm(FrameRequest request, const frame::Options& options,
                              std::optional<std::string>& camera) {
  const auto parts = http::ReadMultipart(request.content_type, request.body);
  if (!parts) return base::Fail(ErrorCode::kInvalidFrame, {parts.error()});
  const http::Part* picture = nullptr;
  const http::Part* metadata = nullptr;
  std::vector<std::string_view> others;
  for (const http::Part& part : *parts) {
    const http::Part** place = part.name == kFramePart      ? &picture
                               : part.name == kMetadataPart ? &metadata
                                                            : nullptr;
    if (place == nullptr) {
      others.push_back(part.name);
      continue;
    }
    if (*place != nullptr) {
      return PartProblem(part.name, "duplicate_part", "is there more than once");
    }
    *place = &part;
  }
  if (picture == nullptr) return PartProblem(kFramePart, "missing", MissingPart(*parts));
  if (IsNameOfPicture(*picture)) {
    return PartProblem(kFramePart, "name_of_file",
                       "is the name of a file, not what is in it; with curl: -F frame=@FILE");
  }
  for (const std::string_view name : others) {
    if (auto known = CheckOtherPart(name); !known) return std::unexpected(known.error());
  }

  frame::Frame frame;
  if (metadata != nullptr && !metadata->content.empty()) {
    const auto read = frame::ParseMetadataJson(base::AsText(metadata->content), options, frame);
    if (!read) {
      camera = std::move(frame.camera_id);
      return std::unexpected(read.error());
    }
  }
  if (!others.empty()) {
    frame.warnings.push_back({"unknown_part", "parts beside frame and metadata were ignored: " +
                                                  std::to_string(others.size())});
  }
  if (!frame.declared_format) frame.declared_format = FormatOf(picture->content_type);
  frame.encoded = picture->content;
  frame.storage = std::move(request.body);  // its bytes stay where they are
  return frame;
}

}  // namespace

BodyKind KindOf(std::string_view content_type, base::ByteView body) {
  const std::string_view media = MediaType(content_type);
  const auto is = [media](std::string_view name) { return http::EqualsIgnoreCase(media, name); };
  if (media.empty() || is("application/x-www-form-urlencoded")) {
    return StartsWithBrace(body) ? BodyKind::kJson : BodyKind::kPicture;
  }
  if (is("application/json")) return BodyKind::kJson;
  if (is("multipart/form-data")) return BodyKind::kForm;
  const bool bytes = is("application/octet-stream") || is("application/x-npy") || IsImage(media);
  return bytes ? BodyKind::kPicture : BodyKind::kUnsupported;
}

std::unexpected<base::Error> UnsupportedBody() {
  return base::Fail(ErrorCode::kUnsupportedFormat,
                    "the content type is not one of application/json, image/*, application/x-npy, "
                    "application/octet-stream and multipart/form-data");
}

Result<void> CheckBody(BodyKind kind, base::ByteView body, bool has_length) {
  if (body.empty() && !has_length) {
    return base::Fail(ErrorCode::kInvalidFrame,
                      "the request has neither Content-Length nor Transfer-Encoding, so that no "
                      "body belongs to it (RFC 9112, section 6.3); send one of them");
  }
  if (kind != BodyKind::kJson && kind != BodyKind::kPicture) return {};
  if (IsSentAsText(body)) {
    return base::Fail(ErrorCode::kInvalidFrame,
                      "the picture has come without its line breaks and zero bytes, as curl -d "
                      "sends a file; send it with curl --data-binary @FILE");
  }
  const codec::Format format = codec::Sniff(body);
  if (kind == BodyKind::kPicture || format == codec::Format::kUnknown) return {};
  const std::string name(codec::FormatName(format));
  return base::Fail(
      ErrorCode::kInvalidFrame,
      "the body is a picture (" + name +
          "), and its content type says that it is JSON; send it with Content-Type: " +
          (format == codec::Format::kNpy ? "application/x-" : "image/") + name);
}

FrameRequest TakeFrameRequest(http::Request& request) {
  FrameRequest taken;
  taken.content_type = request.Find("Content-Type").value_or("");
  taken.kind = KindOf(taken.content_type, request.body);
  taken.query = request.query;
  taken.has_length = request.HasLength();
  taken.body = std::move(request.body);
  return taken;
}

std::optional<std::optional<std::string>> CameraOf(const FrameRequest& request) {
  if (request.kind != BodyKind::kPicture) return std::nullopt;
  auto camera = CameraParameter(request.query);
  if (!camera) return std::nullopt;  // ReadFrame says what is wrong with it
  return std::move(*camera);
}

std::string FrameIdOf(const FrameRequest& request) {
  if (request.kind != BodyKind::kPicture) return {};
  auto frame_id = TextParameter(request.query, "frame_id", frame::kMaxIdBytes);
  return frame_id ? std::move(*frame_id).value_or("") : std::string();
}

Result<std::vector<frame::Warning>> CheckQuery(std::string_view query, BodyKind kind,
                                               bool may_annotate) {
  std::span<const std::string_view> ours = kParameters;
  if (kind != BodyKind::kPicture) ours = ours.first(1);
  if (!may_annotate) ours = ours.subspan(1);
  std::vector<std::string> seen;
  std::size_t unknown = 0;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string name = http::ParameterName(query.substr(0, std::min(query.find('='), end)));
    query.remove_prefix(std::min(end + 1, query.size()));
    if (end == 0) continue;
    if (std::ranges::find(ours, name) == ours.end()) {
      if (auto known = CheckUnknown(name, ours); !known) return std::unexpected(known.error());
      ++unknown;
    } else if (std::ranges::find(seen, name) == seen.end()) {
      seen.push_back(name);
    } else {
      return QueryProblem("duplicate_parameter", name, "is there more than once");
    }
  }
  std::vector<frame::Warning> warnings;
  if (unknown > 0) {
    warnings.push_back({"unknown_parameter",
                        "parameters of the query that mean nothing here were "
                        "ignored: " +
                            std::to_string(unknown)});
  }
  return warnings;
}

Result<frame::Frame> ReadFrame(FrameRequest request, const frame::Options& options,
                               std::optional<std::string>& camera) {
  if (request.kind == BodyKind::kUnsupported) return UnsupportedBody();
  if (auto checked = CheckBody(request.kind, request.body, request.has_length); !checked) {
    return std::unexpected(checked.error());
  }
  auto warnings = CheckQuery(request.query, request.kind, request.may_annotate);
  if (!warnings) return std::unexpected(std::move(warnings.error()));
  Result<frame::Frame> frame =
      request.kind == BodyKind::kJson
          ? frame::ParseFrameJson(std::move(request.body), options, &camera)
      : request.kind == BodyKind::kForm ? ReadForm(std::move(request), options, camera)
                                        : ReadPicture(std::move(request));
  if (frame) std::ranges::move(*warnings, std::back_inserter(frame->warnings));
  return frame;
}

}  // namespace sampleproc::api
