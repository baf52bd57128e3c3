#include "files/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "files/file_reader.h"
#include "files/resolved_path.h"
#include "files/sole_writer.h"
#include "files/url_input.h"
#include "json/reader.h"
#include "json/writer.h"

namespace sampleproc::files {
namespace {

constexpr std::uint64_t kFnvOffset = 0xCBF29CE484222325u;
constexpr std::uint64_t kFnvPrime = 0x00000100000001B3u;
constexpr std::size_t kMostBytes = kMostGiven + 2 * kBeginningBytes + 4096;
constexpr std::size_t kTail = 4096;  // of an output, by which it is known again
constexpr std::string_view kBeginning = "{\"sampleproc_checkpoint\":";

std::string Hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string HexOfBytes(std::string_view bytes) {
  std::string text;
  for (const char each : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(each) >> 4];
    text += kDigits[static_cast<unsigned char>(each) & 15];
  }
  return text;
}

// What HexOfBytes made of it; less where `text` is nothing of the kind.
std::string BytesOfHex(std::string_view text) {
  std::string bytes;
  for (; text.size() >= 2; text.remove_prefix(2)) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, value, 16);
    if (error != std::errc() || end != text.data() + 2) break;
    bytes += static_cast<char>(value);
  }
  return bytes;
}

class CheckpointReader final : public json::JsonHandler {
 public:
  Checkpoint checkpoint;

  bool IsWhole() const { return (seen_ & 0x3FF) == 0x3FF && checkpoint.output.digest != 0; }

  void StartObject() override { ++depth_; }
  void EndObject(std::size_t /*members*/) override { --depth_; }
  void Key(std::string_view key) override { key_ = key; }
  void String(std::span<char> text) override {
    const std::string_view value(text.data(), text.size());
    if (depth_ == 2) checkpoint.given.emplace(key_, value);
    if (depth_ != 1) return;
    if (key_ == "first_beginning") checkpoint.first_beginning = BytesOfHex(value);
    if (key_ == "settings") Take(0, value, 16, checkpoint.settings);
    if (key_ == "output") Take(8, value, 16, checkpoint.output.digest);
    if (key_ == "inputs") Take(1, value, 16, checkpoint.place.digest);
    if (key_ == "first") Take(10, value, 16, checkpoint.first.digest);
  }
  void Number(const json::JsonNumber& number) override {
    std::uint64_t version = 0;
    if (key_ == "records") Take(2, number.text, 10, checkpoint.records);
    if (key_ == "failed") Take(3, number.text, 10, checkpoint.failed);
    if (key_ == "output_bytes") Take(4, number.text, 10, checkpoint.output.bytes);
    if (key_ == "input") Take(5, number.text, 10, checkpoint.place.input);
    if (key_ == "frames") Take(6, number.text, 10, checkpoint.place.frames);
    if (key_ == "first_bytes") Take(10, number.text, 10, checkpoint.first.bytes);
    if (key_ == "sampleproc_checkpoint" && number.text == "3") Take(7, number.text, 10, version);
  }
  void Bool(bool value) override {
    if (key_ != "ended") return;
    checkpoint.ended = value;
    seen_ |= 1 << 9;
  }

 private:
  void Take(int bit, std::string_view text, int base, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error == std::errc() && end == text.data() + text.size()) seen_ |= 1 << bit;
  }

  std::string_view key_;
  int depth_ = 0;
  int seen_ = 0;
};

// Whether the open file is a checkpoint of which a crash has left as much as was written.
bool MayBeReplaced(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1) return false;
  std::array<char, kBeginning.size()> start{};
  const ssize_t got = ::pread(fd, start.data(), start.size(), 0);
  return got >= 0 && kBeginning.starts_with({start.data(), static_cast<std::size_t>(got)});
}

// Writes `text` as the file `fresh`, on disk and whole, and gives it the name `path`.
base::Result<void> Replace(const std::string& path, const std::string& fresh,
                           std::string_view text) {
  const std::string what = "cannot write the checkpoint " + ShownName(path);
  // Neither a link's target is emptied nor a pipe's reader waited for.
  const base::Descriptor file(
      ::open(fresh.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
  const int fd = file.get();
  const bool is_odd = fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR);
  if (is_odd || (fd >= 0 && !MayBeReplaced(fd))) {
    return base::Fail(base::ErrorCode::kIo, what + ": " + ShownName(fresh) +
                                                ", as which it is written first, is something "
                                                "else; remove it");
  }
  if (fd < 0) return std::unexpected(base::SystemError(what, errno));
  if (!BecomeSoleWriter(fd, fresh)) {
    return base::Fail(base::ErrorCode::kIo,
                      what + ": another process writes it, and every run needs its own");
  }
  if (::ftruncate(fd, 0) != 0 ||
      ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(fd) != 0) {
    const int error = errno;
    ::unlink(fresh.c_str());
    return std::unexpected(base::SystemError(what, error));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return std::unexpected(base::SystemError(what, errno));
  return {};
}

}  // namespace

std::uint64_t ExtendDigest(std::uint64_t digest, std::string_view text) {
  if (digest == 0) digest = kFnvOffset;
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return (digest ^ 0xFFu) * kFnvPrime;  // a byte that ends the text: no UTF-8 has it
}

base::Result<OutputEnd> EndOfOutput(int fd, std::uint64_t bytes) {
  std::array<char, kTail> end;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end.size()));
  std::size_t filled = 0;
  while (filled < length) {
    const ssize_t got = ::pread(fd, end.data() + filled, length - filled,
                                static_cast<off_t>(bytes - length + filled));
    if (got == 0) errno = EIO;
    if (got == 0 || (got < 0 && errno != EINTR)) return base::FailWithErrno("cannot read it back");
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return OutputEnd{bytes, ExtendDigest(0, {end.data(), length})};
}

OutputEnd EndOfText(std::string_view text) {
  return {text.size(), ExtendDigest(0, text.substr(text.size() - std::min(text.size(), kTail)))};
}

base::Result<std::optional<Checkpoint>> LoadCheckpoint(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
  auto bytes = ReadInput(path, kMostBytes);
  const auto no_checkpoint = [&path] {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      ShownName(path) +
                          ", given to --resume, is not a checkpoint of this version "
                          "of process-file; name a new file");
  };
  if (!bytes && bytes.error().code == base::ErrorCode::kTooLarge) return no_checkpoint();
  if (!bytes) return std::unexpected(bytes.error());
  std::vector<char> text(bytes->begin(), bytes->end());
  text.resize(text.size() + json::kParseRoom);
  CheckpointReader reader;
  if (!json::ParseInPlace(text, {}, reader) || !reader.IsWhole()) {
    return no_checkpoint();
  }
  return reader.checkpoint;
}

base::Result<void> SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("sampleproc_checkpoint", 3);
  json.Member("settings", Hex(checkpoint.settings));
  json.Member("records", checkpoint.records);
  json.Member("failed", checkpoint.failed);
  json.Member("output_bytes", checkpoint.output.bytes);
  json.Member("output", Hex(checkpoint.output.digest));
  json.Member("input", checkpoint.place.input);
  json.Member("frames", checkpoint.place.frames);
  json.Member("inputs", Hex(checkpoint.place.digest));
  json.Member("ended", checkpoint.ended);
  if (checkpoint.first.digest != 0) {
    json.Member("first_bytes", checkpoint.first.bytes);
    json.Member("first", Hex(checkpoint.first.digest));
    json.Member("first_beginning", HexOfBytes(checkpoint.first_beginning));
  }
  const std::size_t without = text.size();
  json.Key("given");
  json.BeginObject();
  for (const auto& [name, value] : checkpoint.given) json.Member(name, value);
  json.EndObject();
  if (text.size() - without > kMostGiven) text.resize(without);
  json.EndObject();
  text += '\n';
  // Of a link the file that it leads to, so that the link stays.
  const std::string file = ResolvedPath(path);
  return Replace(file, file + ".new", text);
}

}  // namespace sampleproc::files
