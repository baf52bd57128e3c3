// The detections of frames that differ, for a report.
#pragma once

#include <atomic>
#include <vector>

#include "files/comparison.h"
#include "files/difference_report.h"
#include "files/frame_picture.h"
#include "files/picture_store.h"
#include "files/record.h"

namespace sampleproc::files {

// Each frame that differs is a difference, with one picture. Used by one thread at a time, but
// Wants, which is PictureWants'. The references must outlive it.
class FrameDifferences final : public PictureWants {
 public:
  FrameDifferences(const Comparison& comparison, PictureStore& store, DifferenceReport& report)
      : comparison_(comparison), store_(store), report_(report) {}

  static std::vector<std::string_view> Kinds();

  bool Wants(const Task& task, const frame::FrameResult& result) const override;

  // What differs in the frame of this record.
  void Add(const Record& record, const std::vector<Change>& changes);

  // A frame of the earlier run alone.
  void AddVanished(const Change& change);

 private:
  const Comparison& comparison_;
  PictureStore& store_;
  DifferenceReport& report_;
  std::atomic<bool> is_full_ = false;
};

}  // namespace sampleproc::files
