// A message of an event, as the history keeps it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "frame/event.h"

namespace sampleproc::history {

struct Record {
  std::string event_id;
  frame::Event::Type type = frame::Event::Type::kNew;
  std::string camera_id;
  std::string class_name;
  std::chrono::microseconds time{};  // of the message's frame, by the frames' clock
  base::WallTime told{};             // when it came here
  std::vector<std::string> zones;    // that it is in, has entered or has left; each once
  std::string json;                  // one line, as frame::AppendEventJson writes it

  // What it takes in memory, about.
  std::size_t bytes() const;
};

// Records do not change once they are made, so that threads may share them.
using RecordPtr = std::shared_ptr<const Record>;

RecordPtr MakeRecord(const frame::Event& event, base::WallTime told);

// A record with its number in the history: each is greater than all before it, across restarts and
// files. 0: it is not in the history, or not yet.
struct Message {
  std::int64_t id = 0;
  RecordPtr record;
};

// Which messages are wanted; what is not given is any.
struct Filter {
  std::optional<std::string> camera_id = {};
  std::optional<std::string> class_name = {};
  std::optional<frame::Event::Type> type = {};
  std::optional<std::string> zone = {};
  std::optional<std::chrono::microseconds> since = {};  // Record::time, both ends included
  std::optional<std::chrono::microseconds> until = {};

  bool Fits(const Record& record) const;
};

}  // namespace sampleproc::history
