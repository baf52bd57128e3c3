// What has changed between the records of an earlier run and those of this one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "files/record.h"

namespace sampleproc::files {

// One difference. A frame that is on one side only, or failed on one side only, is one difference,
// whatever was in it.
struct Change {
  enum class Kind {
    kGained,     // a detection that was not there
    kLost,       // one that is gone
    kMoved,      // the same class, another place, overlapping the old one
    kAppeared,   // a frame the earlier run did not have
    kVanished,   // a frame only the earlier run had
    kFailed,     // a result became an error
    kRecovered,  // an error became a result
  };
  Kind kind;
  frame::SourceRef source;
  std::string class_name;      // of detections
  frame::Bbox before;          // lost, moved
  frame::Bbox after;           // gained, moved
  std::string camera_id = {};  // of the frame, "" for none; not written
};

std::string_view ChangeName(Change::Kind kind);

// Appends {"change", "source", "index", "class"?, "before"?, "after"?} without a newline.
void AppendChangeJson(const Change& change, std::string& out);

// Appends "moved  photo.jpg#0  face [1,2,3,4] -> [2,2,4,4]" without a newline.
void AppendChangeText(const Change& change, std::string& out);

// Detections are paired by class: first those in the same place, then those that overlap most
// (intersection over union of at least 0.5), which have moved; what has no partner is lost or
// gained. Confidence is not compared.
//
// Memory grows with the detections of the earlier run. Used by one thread at a time.
class Comparison {
 public:
  // Of the NDJSON records of an earlier run; `path` is where `text` comes from. Fails with
  // kInvalidFrame, naming the line, for what is not a record of process-file.
  static base::Result<Comparison> Parse(std::string_view text, const std::string& path);

  // The differences of one frame of this run.
  std::vector<Change> Compare(const Record& record);

  // Whether Compare would find some in that frame. Called by any thread, also beside Compare.
  bool Differs(const std::string& source, std::uint64_t index,
               const frame::FrameResult& result) const;

  // One kVanished for each frame of the earlier run that Compare has not met, in byte order.
  std::vector<Change> Rest() const;

  // Where both runs have frames and no name of an input in common: the first name of the earlier
  // one and of this one, which may be two spellings of the same file.
  std::optional<std::pair<std::string, std::string>> Strangers() const;

 private:
  using Detections = std::vector<std::pair<std::string, frame::Bbox>>;
  struct Entry {
    bool failed = false;
    bool met = false;
    Detections detections;
    const std::string* camera_id = nullptr;  // one of cameras_
  };
  static std::vector<Change> Differences(const Entry& old, const frame::SourceRef& source,
                                         const frame::FrameResult* result);

  std::map<std::pair<std::string, std::uint64_t>, Entry> frames_;  // by source and index
  std::set<std::string> cameras_;
  bool has_common_source_ = false;
  std::optional<std::string> first_source_;  // of this run
};

}  // namespace sampleproc::files
