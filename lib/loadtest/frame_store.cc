#include "loadtest/frame_store.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "loadtest/base64_text.h"

namespace sampleproc::loadtest {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

// By the first bytes; "" for what is not sent.
std::string_view ContentTypeOf(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return "image/webp";
  if (bytes.starts_with("\x93NUMPY")) return "application/x-npy";
  return "";
}

Result<std::vector<std::filesystem::path>> FilesIn(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code unreadable;
    if (at->is_regular_file(unreadable)) files.push_back(at->path());
  }
  if (error) {
    return Fail(ErrorCode::kIo, "cannot read the folder " + folder + ": " + error.message());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

FrameFolder ParseFrameFolder(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) return {text, 1};
  double share = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + equals + 1, end, share);
  if (error != std::errc() || stop != end || !(share > 0 && share < 1e9)) return {text, 1};
  return {text.substr(0, equals), share};
}

Result<std::vector<StoredFrame>> LoadFrames(const std::vector<FrameFolder>& folders,
                                            const std::optional<frame::RawDescription>& raw,
                                            bool with_base64) {
  std::vector<StoredFrame> frames;
  for (const FrameFolder& folder : folders) {
    const auto files = FilesIn(folder.path);
    if (!files) return std::unexpected(files.error());
    const std::size_t before = frames.size();
    for (const std::filesystem::path& path : *files) {
      std::ifstream file(path, std::ios::binary);
      StoredFrame frame;
      frame.bytes.assign(std::istreambuf_iterator<char>(file), {});
      if (!file) return Fail(ErrorCode::kIo, "cannot read " + path.string());
      frame.content_type = ContentTypeOf(frame.bytes);
      if (raw && path.extension() == ".raw") {
        frame.content_type = "application/octet-stream";
        frame.raw = raw;
        if (frame.bytes.size() != frame::RawBytes(*raw)) {
          return Fail(ErrorCode::kUsage, path.string() + " has " +
                                             std::to_string(frame.bytes.size()) +
                                             " bytes; pixels as --raw says have " +
                                             std::to_string(frame::RawBytes(*raw).value_or(0)));
        }
      }
      if (frame.content_type.empty()) continue;
      frame.name = path.filename().string();
      if (with_base64) frame.base64 = Base64Text(frame.bytes);
      frames.push_back(std::move(frame));
    }
    const std::size_t count = frames.size() - before;
    if (count == 0) {
      return Fail(ErrorCode::kUsage,
                  "no frame in " + folder.path +
                      "; JPEG, PNG, WebP and .npy files are sent, and *.raw with --raw");
    }
    for (std::size_t i = before; i < frames.size(); ++i) {
      frames[i].weight = folder.share / static_cast<double>(count);
    }
  }
  return frames;
}

}  // namespace sampleproc::loadtest
