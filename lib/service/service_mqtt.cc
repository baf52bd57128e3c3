// What goes to an MQTT broker.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/publisher.h"
#include "service/service_impl.h"
#include "service/upstreams.h"

namespace sampleproc::service {
namespace {

// A broker that is back has everything within a few seconds.
constexpr std::chrono::milliseconds kFirstReconnect{250};
constexpr std::chrono::milliseconds kLongestReconnect{2'500};
// An answer of the folder of pictures that takes longer is not waited for.
constexpr std::chrono::seconds kPicturePatience{10};

mqtt::JpegPtr JpegOf(std::shared_ptr<const void> owner, const std::string& jpeg) {
  return {std::move(owner), &jpeg};
}

}  // namespace

std::vector<mqtt::KnownCamera> Service::Impl::KnownCameras(const config::Config& from) {
  std::vector<mqtt::KnownCamera> known;
  const std::vector<std::string>& tracked = from.process.track.classes;
  for (const auto& [id, camera] : from.cameras) {
    mqtt::KnownCamera& made = known.emplace_back(id, camera.classes);
    if (made.classes.empty()) {
      made.classes = tracked;
    } else if (!tracked.empty()) {
      std::erase_if(made.classes, [&](const std::string& each) {
        return std::ranges::find(tracked, each) == tracked.end();
      });
    } else {
      std::erase(made.classes, "motion");  // is followed only where it is named
    }
  }
  return known;
}

base::Result<void> Service::Impl::OpenMqtt() {
  if (config.mqtt.url.empty()) return {};
  auto room = budget.TryReserve(mqtt::Publisher::kMemory, "MQTT");
  if (!room) {
    return base::Fail(base::ErrorCode::kConfig,
                      "resources.memory_limit has no room for the 8 MiB of mqtt.url: raise it, or "
                      "leave the broker out");
  }
  mqtt::PublisherContext context{.clock = clock,
                                 .budget = budget,
                                 .conditions = conditions,
                                 .backoff = BackoffOf(kFirstReconnect, kLongestReconnect, ids),
                                 .version = config.service.version,
                                 .client_id = "sampleproc-"};
  ids.AppendHex(context.client_id);
  const bool pictures = config.mqtt.snapshots && !config.snapshots.path.empty();
  if (pictures) {
    context.fetch = [this](const std::string& event_id, const auto& answer) {
      if (!snapshots) return answer(nullptr);
      const base::Allowance allowance;
      snapshots->Get(
          event_id, allowance.Within(kPicturePatience), [](const auto&) { return true; },
          [answer](base::Result<history::KeptSnapshot> kept) {
            if (!kept) return answer(nullptr);
            auto held = std::make_shared<const history::KeptSnapshot>(*std::move(kept));
            const std::string& jpeg = held->content.jpeg;
            answer(JpegOf(std::move(held), jpeg));
          });
    };
  }
  auto made = mqtt::Publisher::Make(
      config.mqtt,
      {.discovery = config.mqtt.discovery,
       .snapshots = pictures,
       .max_cameras = static_cast<std::size_t>(std::max(config.process.motion.max_cameras, 0)),
       .idle = config.process.motion.camera_idle},
      std::move(context), *std::move(room));
  if (!made) return std::unexpected(std::move(made.error()));
  publisher = *std::move(made);
  publisher->Configure(KnownCameras(config));
  return {};
}

void Service::Impl::PublishPicture(const frame::Snapshot& snapshot,
                                   const history::SnapshotPicturePtr& picture) const noexcept {
  if (publisher) {
    publisher->TakePicture(picture->camera_id, snapshot.event_id, JpegOf(picture, picture->jpeg));
  }
}

}  // namespace sampleproc::service
