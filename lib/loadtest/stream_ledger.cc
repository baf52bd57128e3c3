#include "loadtest/stream_ledger.h"

#include <algorithm>
#include <charconv>

namespace sampleproc::loadtest {
namespace {

std::uint64_t Between(base::MonoTime from, base::MonoTime to) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::nanoseconds(to - from).count(), 0));
}

}  // namespace

std::string StreamLedger::CameraId(std::uint32_t camera) {
  return "loadtest-camera-" + std::to_string(camera);
}

std::size_t StreamLedger::Begin(StreamFrame frame) {
  frames_.push_back({.frame = std::move(frame)});
  ++open_;
  return frames_.size() - 1;
}

void StreamLedger::SetEntry(std::size_t number, std::string entry_id) {
  frames_[number].frame.entry_id = std::move(entry_id);
}

void StreamLedger::Refuse(std::size_t number, std::string_view type, base::MonoTime now) {
  Entry& entry = frames_[number];
  if (entry.state != State::kOpen) return;  // it was there all the same
  Fail(type, now);
  Close(entry, State::kGivenUp, last_);
}

StreamLedger::Entry* StreamLedger::Settle(std::string_view frame_id, base::MonoTime now) {
  if (!frame_id.starts_with(prefix_)) return nullptr;
  frame_id.remove_prefix(prefix_.size());
  std::size_t number = 0;
  const char* const end = frame_id.data() + frame_id.size();
  const auto [stop, error] = std::from_chars(frame_id.data(), end, number);
  if (error != std::errc() || stop != end || number >= frames_.size()) return nullptr;
  Entry& entry = frames_[number];
  if (entry.has_outcome) {
    Fail(ledger::kDuplicate, now);
    last_ = now;
    return nullptr;
  }
  entry.has_outcome = true;
  if (entry.state == State::kGivenUp) return nullptr;
  Close(entry, State::kSettled, now);
  return &entry;
}

void StreamLedger::Close(Entry& entry, State state, base::MonoTime now) {
  entry.state = state;
  last_ = now;
  --open_;
}

void StreamLedger::Count(const Entry& entry, base::MonoTime now) {
  ++books_.At(now).good;
  AddLatency(entry.frame, now);
}

void StreamLedger::AddLatency(const StreamFrame& frame, base::MonoTime now) {
  books_.At(now).AddLatency(Between(frame.intended, now), Between(frame.sent, now),
                            PlaceOf(frame.intended - start_, length_));
}

void StreamLedger::CountOpen(base::MonoTime now, Histogram& open) const {
  for (std::size_t i = oldest_; i < frames_.size(); ++i) {
    if (frames_[i].state != State::kOpen) continue;
    open.Record(Between(frames_[i].frame.intended, now));
  }
}

void StreamLedger::AddResult(std::string_view frame_id, std::string& json, base::MonoTime now) {
  const Entry* const entry = Settle(frame_id, now);
  if (entry == nullptr) return;
  if (entry->frame.is_hostile) return Fail(ledger::kHostileResult, now);
  const bool has_camera = !newest_.empty();
  const std::string camera = has_camera ? CameraId(entry->frame.camera) : "";
  const std::string problem = check_.Check({frame_id, camera, entry->frame.picture}, json);
  if (!problem.empty()) return Fail(problem, now);
  if (has_camera) {
    std::int64_t& newest = newest_[entry->frame.camera % newest_.size()];
    const std::int64_t number = entry - frames_.data();
    if (number < newest) return Fail(ledger::kOutOfOrder, now);
    newest = number;
  }
  Count(*entry, now);
}

void StreamLedger::AddLetter(std::string_view frame_id, base::MonoTime now) {
  const Entry* const entry = Settle(frame_id, now);
  if (entry == nullptr) return;
  if (entry->frame.is_hostile) return Count(*entry, now);
  Fail(ledger::kDeadLetter, now);
}

std::vector<std::size_t> StreamLedger::Overdue(base::MonoTime limit, std::size_t most) {
  while (oldest_ < frames_.size() && frames_[oldest_].state != State::kOpen) ++oldest_;
  std::vector<std::size_t> overdue;
  for (std::size_t i = oldest_; i < frames_.size() && overdue.size() < most; ++i) {
    if (frames_[i].frame.intended > limit) break;
    if (frames_[i].state == State::kOpen) overdue.push_back(i);
  }
  return overdue;
}

void StreamLedger::GiveUp(std::size_t number, std::string_view type, base::MonoTime now) {
  Entry& entry = frames_[number];
  if (entry.state != State::kOpen) return;
  Fail(type, now);
  if (type == failure::kTimeout) AddLatency(entry.frame, now);
  Close(entry, State::kGivenUp, now);
}

}  // namespace sampleproc::loadtest
