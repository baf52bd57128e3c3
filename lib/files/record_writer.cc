#include "files/record_writer.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "files/line_sink.h"
#include "json/utf8.h"

namespace sampleproc::files {
namespace {

void AppendNdjson(const Record& record, const frame::ResultJsonOptions& options,
                  std::string& line) {
  if (record.result) {
    frame::AppendRecordJson(record.source, *record.result, options, line);
  } else {
    frame::AppendErrorRecordJson(record.source, record.frame_id, record.result.error(), line);
  }
}

class NdjsonWriter final : public RecordWriter {
 public:
  NdjsonWriter(int descriptor, std::string name, const frame::ResultJsonOptions& options,
               const StopDescriptor* stop)
      : sink_(descriptor, std::move(name), stop), options_(options) {}

  base::Result<void> Write(const Record& record) override {
    line_.clear();
    AppendNdjson(record, options_, line_);
    return sink_.WriteLine(line_);
  }
  base::Result<void> Flush() override { return sink_.Flush(); }

 private:
  LineSink sink_;
  const frame::ResultJsonOptions options_;
  std::string line_;
};

// Safe on a terminal: no control characters, only well-formed UTF-8. One entry a character.
std::vector<std::string> Printable(std::string_view text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(json::Utf8SequenceLength(text), 1);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool invalid = first >= 0x80 && length == 1;
    const bool control = first < 0x20 || first == 0x7F ||
                         (first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    characters.emplace_back(invalid || control ? "?" : text.substr(0, length));
    text.remove_prefix(length);
  }
  return characters;
}

std::string Join(const std::vector<std::string>& characters, std::size_t from = 0) {
  std::string text;
  for (std::size_t i = from; i < characters.size(); ++i) text += characters[i];
  return text;
}

constexpr std::size_t kSourceWidth = 40;
constexpr std::size_t kSizeWidth = 11;
constexpr std::size_t kFormatWidth = 6;
constexpr std::size_t kFoundWidth = 5;

std::string Cell(std::string_view text, std::size_t width) {
  const std::vector<std::string> characters = Printable(text);
  if (characters.size() > width) return "..." + Join(characters, characters.size() - width + 3);
  return Join(characters) + std::string(width - characters.size(), ' ');
}

std::string RightCell(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string Line(std::string_view source, const std::string& size, const std::string& format,
                 const std::string& found, std::string_view rest) {
  std::string line = Cell(source, kSourceWidth) + "  " + Cell(size, kSizeWidth) + "  " +
                     Cell(format, kFormatWidth) + "  " + RightCell(found, kFoundWidth) + "  " +
                     Join(Printable(rest));
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Classes(const std::vector<frame::Detection>& detections) {
  std::map<std::string, int> counts;
  for (const frame::Detection& detection : detections) ++counts[detection.class_name];
  std::string text;
  for (const auto& [name, count] : counts) {
    if (!text.empty()) text += ", ";
    text += name + " " + std::to_string(count);
  }
  return text;
}

class TableWriter final : public RecordWriter {
 public:
  TableWriter(int descriptor, std::string name, const StopDescriptor* stop)
      : sink_(descriptor, std::move(name), stop) {}

  base::Result<void> Write(const Record& record) override {
    if (!std::exchange(has_header_, true)) {
      auto written = sink_.WriteLine(Line("SOURCE", "SIZE", "FORMAT", "FOUND", "WHAT"));
      if (!written) return written;
    }
    std::string source = record.source.source;
    if (record.of_many) source += "#" + std::to_string(record.source.index);
    if (!record.result) {
      return sink_.WriteLine(
          Line(source, "-", "-", "-", "error: " + record.result.error().message));
    }
    const frame::FrameResult& result = *record.result;
    return sink_.WriteLine(
        Line(source, std::to_string(result.width) + "x" + std::to_string(result.height),
             result.format, std::to_string(result.detections.size()), Classes(result.detections)));
  }
  base::Result<void> Flush() override { return sink_.Flush(); }

 private:
  LineSink sink_;
  bool has_header_ = false;
};

}  // namespace

std::unique_ptr<RecordWriter> MakeNdjsonWriter(int descriptor, std::string name,
                                               const frame::ResultJsonOptions& options,
                                               const StopDescriptor* stop) {
  return std::make_unique<NdjsonWriter>(descriptor, std::move(name), options, stop);
}

std::string NdjsonLine(const Record& record, const frame::ResultJsonOptions& options) {
  std::string line;
  AppendNdjson(record, options, line);
  return line + '\n';
}

std::unique_ptr<RecordWriter> MakeTableWriter(int descriptor, std::string name,
                                              const StopDescriptor* stop) {
  return std::make_unique<TableWriter>(descriptor, std::move(name), stop);
}

}  // namespace sampleproc::files
