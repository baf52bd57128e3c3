#include "history/record.h"

#include <algorithm>

namespace sampleproc::history {

std::size_t Record::bytes() const {
  constexpr std::size_t kBlocks = 64;  // what an allocator and a container take for one more
  std::size_t sum = sizeof(Record) + kBlocks + event_id.size() + camera_id.size() +
                    class_name.size() + json.size();
  for (const std::string& zone : zones) sum += sizeof(std::string) + zone.size();
  return sum;
}

RecordPtr MakeRecord(const frame::Event& event, base::WallTime told) {
  auto record = std::make_shared<Record>(Record{.event_id = event.event_id,
                                                .type = event.type,
                                                .camera_id = event.camera_id,
                                                .class_name = event.class_name,
                                                .time = event.time,
                                                .told = told,
                                                .zones = event.zones,
                                                .json = {}});
  for (const auto* names : {&event.entered, &event.left}) {
    for (const std::string& name : *names) {
      if (std::ranges::find(record->zones, name) == record->zones.end()) {
        record->zones.push_back(name);
      }
    }
  }
  frame::AppendEventJson(event, record->json);
  return record;
}

bool Filter::Fits(const Record& record) const {
  if (camera_id && *camera_id != record.camera_id) return false;
  if (class_name && *class_name != record.class_name) return false;
  if (type && *type != record.type) return false;
  if (since && record.time < *since) return false;
  if (until && record.time > *until) return false;
  return !zone || std::ranges::find(record.zones, *zone) != record.zones.end();
}

}  // namespace sampleproc::history
