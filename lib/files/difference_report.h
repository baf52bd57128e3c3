// What differs between two runs as one page with pictures, which needs nothing else: no script, no
// network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codec/options.h"
#include "files/line_sink.h"
#include "files/picture_store.h"
#include "process/box_marks.h"
#include "resources/memory_budget.h"

namespace sampleproc::files {

struct ReportPicture {
  PictureStore::KeptPtr picture;
  int width = 0;  // of the frame: what the boxes are in
  int height = 0;
  std::vector<process::MarkedBox> boxes;
  std::string caption;
  std::string alt;  // what it shows, for those who cannot see it
};

// Texts are as they come; the report makes them fit for a page.
struct Difference {
  std::string camera;                                           // "": of none
  std::vector<std::string_view> kinds;                          // one for each change
  std::string title;                                            // what it is about
  std::vector<std::pair<std::string_view, std::string>> facts;  // by their names
  std::vector<ReportPicture> pictures;
  std::string no_picture;  // why there is none, where there is none
};

// Memory and the page's size do not depend on how much differs: so many differences have their
// pictures on the page, so many more are lines of tables, and the others are counted. Used by one
// thread at a time.
class DifferenceReport {
 public:
  struct Limits {
    std::size_t pictured = 200;  // differences with pictures
    std::size_t listed = 2000;   // without
    std::size_t cameras = 500;   // counted each for itself
  };
  struct Facts {
    std::string earlier;                  // the file of the earlier run, as it may be shown
    std::string_view of;                  // what differs: "events", "detections"
    std::vector<std::string_view> kinds;  // all there are, in the order of the columns
  };

  explicit DifferenceReport(Facts facts) : DifferenceReport(std::move(facts), Limits()) {}
  DifferenceReport(Facts facts, const Limits& limits) : facts_(std::move(facts)), limits_(limits) {}

  // Whether a difference with a picture would keep it.
  bool TakesPictures() const { return pictured_ < limits_.pictured; }

  // Why a difference has no picture then.
  std::string NoRoom() const;

  void Add(Difference difference);

  // The page, when all has been added: the run has looked at `frames`, `failed` of which failed. A
  // picture that cannot be read back or drawn on is told in its place. Fails as the sink does.
  base::Result<void> Write(std::uint64_t frames, std::uint64_t failed,
                           const codec::Options& options, resources::MemoryBudget& budget,
                           LineSink& sink) const;

 private:
  struct Section {
    std::vector<Difference> pictured;
    std::vector<Difference> listed;
  };
  using Counts = std::map<std::string_view, std::uint64_t>;  // by kind

  std::string_view Things() const { return facts_.of == "events" ? "events" : "frames"; }
  std::string Title() const;
  std::string RoomText() const;
  std::string CountsSection() const;
  std::string CameraLinks() const;

  const Facts facts_;
  const Limits limits_;
  std::map<std::string, Section> sections_;  // by camera
  std::map<std::string, Counts> counts_;     // likewise, limits_.cameras of them
  Counts other_counts_;                      // of the other cameras
  std::uint64_t differences_ = 0;
  std::uint64_t changes_ = 0;
  std::size_t pictured_ = 0;
  std::size_t listed_ = 0;
};

}  // namespace sampleproc::files
