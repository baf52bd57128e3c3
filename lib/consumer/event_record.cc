#include "consumer/event_record.h"

#include <string>

namespace sampleproc::consumer {

ResultRecord RecordOf(const frame::Event& event) {
  ResultRecord record{.frame_id = event.frame_id, .json = {}};
  frame::AppendEventJson(event, record.json);
  record.camera_id = event.camera_id;
  record.event_key = event.camera_id + '/' + event.event_id + '/';
  record.event_key += frame::EventTypeName(event.type);
  record.event_key += '/' + std::to_string(event.time.count());
  return record;
}

}  // namespace sampleproc::consumer
