// The books of a load that goes through a stream: what became of each frame.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "loadtest/answer_check.h"
#include "loadtest/measurement.h"
#include "loadtest/second_books.h"

namespace sampleproc::loadtest {

// A frame that was put on the stream, or could not be.
struct StreamFrame {
  base::MonoTime intended;
  base::MonoTime sent;
  std::uint32_t camera = 0;
  std::uint32_t picture = 0;  // which of the frames
  bool is_hostile = false;    // must end as a dead letter
  std::string entry_id;       // "" when it is not known whether it is there
};

// Frames have the ids PREFIX0, PREFIX1, ... in the order in which they were sent, and each counts
// once, as the first of these that is true:
//
//   good            an honest frame has a result that is right, after those of its camera that were
//                   sent before it, or a hostile one has a dead letter
//   dead_letter     an honest frame has a dead letter
//   hostile_result  a hostile frame has a result
//   out_of_order    a later frame of the same camera had its result before
//   and what AnswerCheck says of a result
//   timeout         nothing in time, and it is still on the stream
//   lost            nothing in time, and it is not there any more
//
// A second outcome of a frame counts once more, as duplicate. One that comes after the frame was
// given up counts as nothing more; so do results of others. Not thread-safe.
class StreamLedger {
 public:
  // `check` must outlive it.
  StreamLedger(std::string prefix, std::uint32_t cameras, AnswerCheck& check)
      : prefix_(std::move(prefix)), newest_(cameras, -1), check_(check) {}

  // When the schedule began, and its length; 0 when only its end will tell.
  void Begin(base::MonoTime start, std::chrono::nanoseconds length) {
    start_ = start;
    length_ = length;
    books_ = SecondBooks(start);
  }

  std::string FrameId(std::size_t number) const { return prefix_ + std::to_string(number); }
  static std::string CameraId(std::uint32_t camera);

  // Before the frame is put on the stream, so that its result finds it; its number.
  std::size_t Begin(StreamFrame frame);
  void SetEntry(std::size_t number, std::string entry_id);
  // It could not be put there.
  void Refuse(std::size_t number, std::string_view type, base::MonoTime now);

  // What came, and when. Destroys `json`.
  void AddResult(std::string_view frame_id, std::string& json, base::MonoTime now);
  void AddLetter(std::string_view frame_id, base::MonoTime now);

  // The oldest frames without an outcome that were due before `limit`, in their order.
  std::vector<std::size_t> Overdue(base::MonoTime limit, std::size_t most);
  const StreamFrame& frame(std::size_t number) const { return frames_[number].frame; }
  // Given up: it counts as `type`, timeout or lost, unless its outcome has come meanwhile.
  void GiveUp(std::size_t number, std::string_view type, base::MonoTime now);

  std::size_t open() const { return open_; }  // frames without an outcome
  // How old they are.
  void CountOpen(base::MonoTime now, Histogram& open) const;
  base::MonoTime last_outcome() const { return last_; }
  SecondBooks& books() { return books_; }

 private:
  enum class State : std::uint8_t { kOpen, kSettled, kGivenUp };
  struct Entry {
    StreamFrame frame;
    State state = State::kOpen;
    bool has_outcome = false;
  };

  // The frame of that id when this outcome is its first, and it is still waited for.
  Entry* Settle(std::string_view frame_id, base::MonoTime now);
  void Fail(std::string_view type, base::MonoTime now) { books_.At(now).Fail(type); }
  void Count(const Entry& entry, base::MonoTime now);
  void Close(Entry& entry, State state, base::MonoTime now);

  void AddLatency(const StreamFrame& frame, base::MonoTime now);

  const std::string prefix_;
  base::MonoTime start_{};
  std::chrono::nanoseconds length_{};
  std::vector<Entry> frames_;
  std::vector<std::int64_t> newest_;  // of each camera: the frame that had a result last
  AnswerCheck& check_;
  std::size_t oldest_ = 0;  // all before it have an outcome
  std::size_t open_ = 0;
  base::MonoTime last_{};
  SecondBooks books_;
};

}  // namespace sampleproc::loadtest
