// What becomes of events.
#include <exception>
#include <vector>

#include "consumer/event_record.h"
#include "history/look.h"
#include "service/service_impl.h"
#include "service/upstreams.h"

namespace sampleproc::service {
namespace {

constexpr std::chrono::milliseconds kFirstBackoff{500};
constexpr std::chrono::milliseconds kLongestBackoff{5'000};

}  // namespace

base::Result<void> Service::Impl::OpenJournal() {
  resources::Reservation room;
  if (!config.events.path.empty()) {
    const auto seen = history::Look(config.events.path);
    // What may pass, as a full disk, keeps nobody from starting.
    if (!seen && seen.error().code == base::ErrorCode::kConfig) {
      return base::Fail(base::ErrorCode::kConfig, "events.history: " + seen.error().message);
    }
    auto reserved = budget.TryReserve(history::Journal::kMemory, "the history of events");
    if (!reserved) {
      return base::Fail(base::ErrorCode::kConfig,
                        "resources.memory_limit has no room for the 8 MiB of events.history: "
                        "raise it, or keep no history");
    }
    room = std::move(*reserved);
  }
  journal = std::make_unique<history::Journal>(
      config.events,
      history::JournalContext{clock, conditions, *log,
                              BackoffOf(kFirstBackoff, kLongestBackoff, ids),
                              [this](std::span<const frame::Event> events) { TellSinks(events); },
                              [this] { return ArrivalAtSinks(); }},
      std::move(room));
  return {};
}

base::Result<void> Service::Impl::OpenSnapshots() {
  const history::SnapshotOptions& options = config.snapshots;
  if (options.path.empty()) return {};
  auto room = budget.TryReserve(history::Snapshots::MemoryFor(options), "the pictures of events");
  if (!room) {
    return base::Fail(
        base::ErrorCode::kConfig,
        "resources.memory_limit has no room for what is known of as many files as "
        "events.snapshots_max_files allows, 192 bytes each: raise it, or allow fewer");
  }
  snapshots = std::make_unique<history::Snapshots>(
      options,
      history::SnapshotsContext{
          clock, budget, conditions, BackoffOf(kFirstBackoff, kLongestBackoff, ids),
          [this](const auto& snapshot, const auto& picture) { PublishPicture(snapshot, picture); },
          FindUnknown()},
      std::move(*room));
  return {};
}

base::Result<void> Service::Impl::OpenClips() {
  const history::ClipOptions& options = config.clips;
  if (options.path.empty()) return {};
  auto room = budget.TryReserve(history::Clips::MemoryFor(options), "the clips of events");
  if (!room) {
    return base::Fail(base::ErrorCode::kConfig,
                      "resources.memory_limit has no room for events.clip_memory and what is "
                      "known of as many files as events.clips_max_files allows, 192 bytes each: "
                      "raise it, or allow less");
  }
  clips = std::make_unique<history::Clips>(
      options,
      history::ClipsContext{clock, conditions, BackoffOf(kFirstBackoff, kLongestBackoff, ids),
                            [this](const std::string& id) { return directory.Has(id); },
                            FindUnknown(), log.get()},
      std::move(*room));
  return {};
}

void Service::Impl::TellSinks(std::span<const frame::Event> events) noexcept {
  for (const frame::Event& event : events) {
    if (publisher) publisher->Take(event);
    try {
      metrics.events.events.Of(frame::EventTypeName(event.type)).Add();
      sinks->set().Take(consumer::RecordOf(event), *log);
    } catch (const std::exception&) {  // no memory
      log->Error("there is no memory to tell of an event",
                 {{"event_id", std::string_view(event.event_id)}});
    }
  }
}

history::JournalContext::HasArrived Service::Impl::ArrivalAtSinks() const {
  const consumer::SinkSet& set = sinks->set();
  return [&set, mark = set.Taken()] { return set.Through(mark); };
}

history::LeftFiles::Find Service::Impl::FindUnknown() const {
  if (!journal->keeps()) return nullptr;
  return [this](std::vector<history::EventFile> files) {
    return journal->FindUnknown(std::move(files));
  };
}

void Service::Impl::TakeEvents(std::span<const frame::Event> events) noexcept {
  for (const frame::Event& event : events) {
    journal->Take(event);
    if (clips) clips->Tell(event);
  }
}

Service::Impl::LostEvents Service::Impl::EndEvents(const base::Deadline& end) {
  const std::uint64_t before = journal->counts().dropped;  // which has been told
  TakeEvents(cameras.ForgetAll(frame::Event::kShutdown));
  journal->BeginFinish(end);
  if (publisher) publisher->BeginFinish(end);
  const std::size_t waiting = journal->Finish(end);
  const std::uint64_t lost = waiting + journal->counts().dropped - before;
  if (lost > 0) {
    log->Error("shutdown: messages of events are not in the history",
               {{"messages", static_cast<std::int64_t>(lost)}});
  }
  const std::size_t pictures = snapshots ? snapshots->Finish(end) : 0;
  if (pictures > 0) {
    log->Error("shutdown: pictures of events are not kept",
               {{"pictures", static_cast<std::int64_t>(pictures)}});
  }
  const std::size_t cut = clips ? clips->Finish(end) : 0;
  if (cut > 0) {
    log->Error(
        "shutdown: clips of events are not whole; what is there of them is ended at the "
        "next start",
        {{"clips", static_cast<std::int64_t>(cut)}});
  }
  const std::size_t unpublished = publisher ? publisher->Finish(end) : 0;
  if (unpublished > 0) {
    log->Error("shutdown: the MQTT broker has not got messages of events",
               {{"messages", static_cast<std::int64_t>(unpublished)}});
  }
  return {.messages = lost, .pictures = pictures, .clips = cut, .unpublished = unpublished};
}

}  // namespace sampleproc::service
