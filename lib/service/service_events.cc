// What becomes of events.
#include <exception>
#include <vector>

#include "consumer/event_record.h"
#include "service/service_impl.h"

namespace sampleproc::service {

void Service::Impl::TakeEvents(std::span<const frame::Event> events) noexcept {
  for (const frame::Event& event : events) {
    try {
      metrics.EventTold(frame::EventTypeName(event.type));
      sinks->set().Take(consumer::RecordOf(event), *log);
    } catch (const std::exception&) {  // no memory
      log->Error("there is no memory to tell of an event",
                 {{"event_id", std::string_view(event.event_id)}});
    }
  }
}

void Service::Impl::EndEvents() { TakeEvents(cameras.ForgetAll(frame::Event::kShutdown)); }

}  // namespace sampleproc::service
