#include "files/frame_differences.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "files/box_words.h"
#include "files/name_text.h"
#include "files/task.h"
#include "files/url_input.h"

namespace sampleproc::files {
namespace {

using ChangeKind = Change::Kind;
using process::Mark;
using process::MarkedBox;

constexpr std::size_t kMostFacts = 50;
constexpr std::size_t kMostBoxes = 200;  // that are drawn

bool IsOfDetection(const Change& change) {
  return change.kind == ChangeKind::kGained || change.kind == ChangeKind::kLost ||
         change.kind == ChangeKind::kMoved;
}

const frame::Detection* Found(const frame::FrameResult& result, const Change& change) {
  const auto at = std::ranges::find_if(result.detections, [&change](const frame::Detection& each) {
    return each.class_name == change.class_name && each.bbox == change.after;
  });
  return at == result.detections.end() ? nullptr : &*at;
}

// The change of a detection in words.
std::string TextOf(const Change& change, const frame::Detection* found) {
  std::string text = change.class_name + " ";
  if (change.kind != ChangeKind::kGained) text += BoxText(change.before);
  if (change.kind == ChangeKind::kMoved) text += " \u2192 ";
  if (change.kind != ChangeKind::kLost) text += BoxText(change.after);
  if (change.kind == ChangeKind::kMoved) text += ", " + MoveText(change.before, change.after);
  if (found != nullptr) text += ", confidence " + ConfidenceText(found->confidence);
  return text;
}

std::string LabelOf(const frame::Detection& detection) {
  return detection.class_name + " " + ConfidenceText(detection.confidence);
}

std::vector<MarkedBox> BoxesOf(const frame::FrameResult& result,
                               const std::vector<Change>& changes) {
  std::vector<MarkedBox> boxes;
  std::vector<const frame::Detection*> changed;
  const bool has_before = IsOfDetection(changes.front());
  for (const Change& each : changes) {
    if (!IsOfDetection(each)) continue;
    if (each.kind != ChangeKind::kGained)
      boxes.push_back({each.before, Mark::kBefore, each.class_name});
    const frame::Detection* const found =
        each.kind == ChangeKind::kLost ? nullptr : Found(result, each);
    if (found == nullptr) continue;
    boxes.push_back({each.after, Mark::kNow, LabelOf(*found)});
    changed.push_back(found);
  }
  for (const frame::Detection& each : result.detections) {
    if (std::ranges::find(changed, &each) != changed.end()) continue;
    boxes.push_back({each.bbox, has_before ? Mark::kBoth : Mark::kNow, LabelOf(each)});
  }
  return boxes;
}

std::string CountsOf(const std::vector<MarkedBox>& boxes) {
  std::string text;
  constexpr std::pair<Mark, const char*> kWords[] = {{Mark::kBefore, " of the earlier run alone"},
                                                     {Mark::kNow, " of this run alone"},
                                                     {Mark::kBoth, " of both runs"}};
  for (const auto& [mark, words] : kWords) {
    const auto count = std::ranges::count(boxes, mark, &MarkedBox::mark);
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + words;
  }
  if (boxes.size() > kMostBoxes) text += "; " + std::to_string(kMostBoxes) + " of them are drawn";
  return text.empty() ? "no boxes" : "boxes: " + text;
}

void AddFacts(const std::vector<Change>& changes, const Record& record, Difference& difference) {
  std::size_t told = 0;
  for (const Change& each : changes) {
    if (!IsOfDetection(each)) continue;
    if (told == kMostFacts) {
      difference.facts.emplace_back("and", std::to_string(changes.size() - told) + " more changes");
      return;
    }
    ++told;
    const bool is_here = record.result && each.kind != ChangeKind::kLost;
    difference.facts.emplace_back(ChangeName(each.kind),
                                  TextOf(each, is_here ? Found(*record.result, each) : nullptr));
  }
}

Difference Begin(const std::vector<Change>& changes) {
  Difference difference;
  const Change& first = changes.front();
  difference.camera = first.camera_id.empty() ? "" : ShownName(first.camera_id);
  for (const Change& each : changes) difference.kinds.push_back(ChangeName(each.kind));
  difference.title = ShownName(first.source.source) + "#" + std::to_string(first.source.index);
  return difference;
}

}  // namespace

std::vector<std::string_view> FrameDifferences::Kinds() {
  std::vector<std::string_view> kinds;
  for (const ChangeKind kind :
       {ChangeKind::kGained, ChangeKind::kLost, ChangeKind::kMoved, ChangeKind::kAppeared,
        ChangeKind::kVanished, ChangeKind::kFailed, ChangeKind::kRecovered}) {
    kinds.push_back(ChangeName(kind));
  }
  return kinds;
}

bool FrameDifferences::Wants(const Task& task, const frame::FrameResult& result) const {
  return !is_full_ &&
         comparison_.Differs(NameAsText(task.source.source), task.source.index, result);
}

void FrameDifferences::Add(const Record& record, const std::vector<Change>& changes) {
  Difference difference = Begin(changes);
  if (record.source.pts) {
    difference.facts.emplace_back("time", SecondsText(*record.source.pts) + " s");
  }
  AddFacts(changes, record, difference);
  switch (changes.front().kind) {
    case ChangeKind::kAppeared:
      difference.facts.emplace_back("this frame", "is none of the earlier run's");
      break;
    case ChangeKind::kFailed:
      difference.facts.emplace_back("this frame", "had a result, and fails now");
      break;
    case ChangeKind::kRecovered:
      difference.facts.emplace_back("this frame", "failed, and has a result now");
      break;
    default:
      break;
  }
  if (!record.result) {
    difference.no_picture = "the frame failed: " + record.result.error().message;
  } else if (!report_.TakesPictures()) {
    difference.no_picture = report_.NoRoom();
  } else if (record.picture == nullptr) {
    difference.no_picture = "none was made of the frame";
  } else if (!record.picture->problem.empty()) {
    difference.no_picture = record.picture->problem;
  } else if (auto kept = store_.Keep(record.picture->jpeg); !kept) {
    difference.no_picture = kept.error().message;
  } else {
    ReportPicture picture{std::move(*kept),
                          record.result->width,
                          record.result->height,
                          BoxesOf(*record.result, changes),
                          {},
                          {}};
    picture.caption = difference.title + "; " + CountsOf(picture.boxes);
    if (picture.boxes.size() > kMostBoxes) picture.boxes.resize(kMostBoxes);
    picture.alt = "Frame " + picture.caption;
    for (const auto& [name, text] : difference.facts) {
      picture.alt += "; " + std::string(name) + " " + text;
    }
    difference.pictures.push_back(std::move(picture));
  }
  report_.Add(std::move(difference));
  is_full_ = !report_.TakesPictures();
}

void FrameDifferences::AddVanished(const Change& change) {
  Difference difference = Begin({change});
  difference.facts.emplace_back("this frame", "is one of the earlier run alone");
  difference.no_picture = "the frame is none of this run's inputs";
  report_.Add(std::move(difference));
}

}  // namespace sampleproc::files
