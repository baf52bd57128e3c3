// The events that differ, for a report.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "files/difference_report.h"
#include "files/event_comparison.h"
#include "files/event_sink.h"
#include "files/frame_picture.h"
#include "files/picture_store.h"
#include "files/record.h"

namespace sampleproc::files {

// What differs is known when the run is over, and its frames are gone by then. So pictures are kept
// while it goes: of each event of this run its best frame so far (frame::Snapshot), and of each of
// the earlier run the frame of this run that is the one where it was largest, of those that its
// messages name. They are let go when
// an event ends that is the same in both runs. The store's size is the bound: what comes when it is
// full has no picture, so the first differences have theirs, whatever the number of threads.
//
// The frame of an earlier event is the one of the same camera and id; or, when the recording lies
// somewhere else now, the only one of the same camera, name without folders, and time.
//
// Used by one thread at a time, but Wants, which is PictureWants'. The references must outlive it.
class EventDifferences final : public PictureWants, public EventSink {
 public:
  // Of so many differences kept pictures may be; each has one or two.
  static constexpr std::size_t kMostKept = 600;

  EventDifferences(EventComparison& comparison, PictureStore& store, DifferenceReport& report);

  static std::vector<std::string_view> Kinds();

  bool Wants(const Task& task, const frame::FrameResult& result) const override;

  // The picture of a frame, before its events are taken.
  void TakePicture(const Record& record);

  // After the comparison has taken it.
  base::Result<void> Take(const frame::Event& event) override;
  base::Result<void> Flush() override { return {}; }

  void Add(const EventChange& change);

 private:
  // A frame whose picture is kept, or why it is not.
  struct Shot {
    PictureStore::KeptPtr picture;
    std::string problem;
    std::string frame_id;
    std::string time;  // " at 12.40 s", "" where it is not known
    int width = 0;
    int height = 0;
    std::map<std::uint64_t, frame::Detection> tracked;  // what was found in it, by track_id
  };
  using ShotPtr = std::shared_ptr<const Shot>;
  struct Seen {
    ShotPtr shot;
    frame::Detection detection;
  };

  // Of an earlier event, in this run.
  struct Before {
    ShotPtr shot;           // null: several frames have its name and time, and none its id
    bool is_exact = false;  // by its id
  };
  struct Match {
    const EventLife* life;
    bool is_exact;
  };

  std::vector<Match> EarlierIn(const frame::SourceRef& source,
                               const frame::FrameResult& result) const;
  ShotPtr Keep(const Record& record);
  void AddPictures(const EventChange& change, Difference& difference) const;

  EventComparison& comparison_;
  PictureStore& store_;
  DifferenceReport& report_;
  std::unordered_multimap<std::string, const EventLife*> wanted_;  // by the frame's keys
  std::map<std::string, Before, std::less<>> before_;              // by event_id
  std::map<std::string, Seen, std::less<>> now_;                   // likewise
};

}  // namespace sampleproc::files
