// Events and files for the tests of the history.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "history/store.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace sampleproc::history {

using Type = frame::Event::Type;

inline frame::Event EventOf(std::string id, Type type, std::string camera = "door",
                            std::chrono::seconds at = std::chrono::seconds(1)) {
  frame::Event event;
  event.event_id = std::move(id);
  event.type = type;
  event.camera_id = std::move(camera);
  event.class_name = "person";
  event.start = std::chrono::seconds(1);
  event.time = at;
  event.frame_id = "f";
  event.track_id = 1;
  if (type == Type::kEnd) event.end = at;
  return event;
}

// A history's file and what opens it.
struct Place {
  testing::TempDir dir;
  testing::FakeClock clock;
  Options options{.path = dir.path() / "events.db"};

  std::unique_ptr<Store> Open() {
    auto opened = Store::Open(options, clock);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  std::string Refusal() {
    const auto opened = Store::Open(options, clock);
    return opened ? "" : opened.error().message;
  }
  std::vector<std::int64_t> Append(Store& store, const std::vector<frame::Event>& events) {
    std::vector<RecordPtr> records;
    for (const auto& event : events) records.push_back(MakeRecord(event, clock.Wall()));
    auto ids = store.Append(records);
    if (!ids) throw std::runtime_error(ids.error().message);
    return *ids;
  }
};

inline std::vector<std::int64_t> Ids(const Page& page) {
  std::vector<std::int64_t> ids;
  for (const Row& row : page.rows) ids.push_back(row.id);
  return ids;
}

}  // namespace sampleproc::history
