#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/assembly.h"
#include "config/suggest.h"
#include "config/toml_reader.h"

namespace sampleproc::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;  // a configuration; anything longer is a mix-up

struct ReadFailure {
  int error_number = 0;
  std::string message;
};

class FileHandle {
 public:
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<ReadFailure> FromErrno() {
  return std::unexpected(ReadFailure{errno, std::strerror(errno)});
}

std::expected<std::string, ReadFailure> ReadWhole(const std::string& path) {
  const FileHandle file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return FromErrno();
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return FromErrno();
  if (S_ISDIR(info.st_mode)) return std::unexpected(ReadFailure{EISDIR, "it is a directory"});
  std::string text;
  std::string block(64 * 1024, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno();
    if (got == 0) return text;
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > kMaxFileBytes) {
      return std::unexpected(ReadFailure{EFBIG, "it is longer than 1MiB"});
    }
  }
}

std::string_view LineOf(std::string_view text, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Walks the tables of one file beside the schema.
class FileWalk {
 public:
  FileWalk(std::string display, std::string_view text, Assembly& assembly)
      : display_(std::move(display)), text_(text), assembly_(assembly) {}

  void Walk(const Table& table, const std::string& prefix) {
    for (const Entry& entry : table) {
      if (entry.key.find('.') != std::string::npos) {
        Report(code::kUnknownKey, entry.key_place, prefix + Shown(entry.key),
               "no such key: quotes make the dots part of one name", "leave the quotes out");
        continue;
      }
      Visit(entry, prefix + entry.key);
    }
  }

  void Report(std::string_view which, const Place& place, std::string key, std::string message,
              std::string hint) {
    assembly_.Report({Severity::kError, which, At(place), std::move(key), std::move(message),
                      std::move(hint), std::string(LineOf(text_, place.line))});
  }

 private:
  Origin At(const Place& place) const { return {Origin::Kind::kFile, display_, place}; }

  void Visit(const Entry& entry, const std::string& path) {
    const Table* table = std::get_if<Table>(&entry.value.data);
    if (const Key* key = FindKey(assembly_.schema, path)) {
      // A table's own place is its header, where the reader should look.
      const Place place = table == nullptr ? entry.value.place : entry.key_place;
      assembly_.Take(*key, ConvertValue(*key, entry.value), At(place), LineOf(text_, place.line));
    } else if (!IsSection(assembly_.schema, path)) {
      VisitUnknown(entry, path);
    } else if (table == nullptr) {
      Report(code::kType, entry.value.place, path,
             "is a section, found " + std::string(DescribeType(entry.value)),
             "write [" + path + "] and its keys below it");
    } else {
      Walk(*table, path + ".");
    }
  }

  void VisitUnknown(const Entry& entry, const std::string& path) {
    const std::string shown = Shown(path);
    const Table* table = std::get_if<Table>(&entry.value.data);
    if (table == nullptr) {
      Report(code::kUnknownKey, entry.key_place, shown, "no such key",
             SuggestKey(assembly_.schema, path));
      return;
    }
    const std::string section = NearestSection(path);
    Report(code::kUnknownKey, entry.key_place, shown, "no such section",
           section.empty() ? "" : "did you mean [" + section + "]?");
    // What stands below a misspelt header is checked as what was meant: all problems in one run.
    if (!section.empty()) Walk(*table, section + ".");
  }

  std::string NearestSection(std::string_view path) const {
    std::vector<std::string_view> sections;
    for (const Key& key : assembly_.schema) {
      for (std::size_t dot = key.path.find('.'); dot != std::string_view::npos;
           dot = key.path.find('.', dot + 1)) {
        sections.push_back(key.path.substr(0, dot));
      }
    }
    return std::string(Suggest(path, sections));
  }

  std::string display_;
  std::string_view text_;
  Assembly& assembly_;
};

}  // namespace

void ApplyFile(const std::string& path, const std::string& display, bool may_be_missing,
               Assembly& assembly) {
  const std::expected<std::string, ReadFailure> text = ReadWhole(path);
  if (!text) {
    if (may_be_missing && text.error().error_number == ENOENT) return;
    assembly.Report({Severity::kError,
                     code::kUnreadable,
                     {Origin::Kind::kFile, display, {}},
                     "",
                     "cannot be read: " + text.error().message,
                     "",
                     ""});
    return;
  }
  assembly.result.files.push_back(display);
  FileWalk walk(display, *text, assembly);
  const std::expected<Table, SyntaxError> table = ReadToml(*text);
  if (!table) {
    walk.Report(code::kSyntax, table.error().place, "", table.error().message, "");
    return;
  }
  walk.Walk(*table, "");
}

}  // namespace sampleproc::config
