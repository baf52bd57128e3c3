// What a broker should keep of the cameras: how many things each sees, its newest picture, and what
// Home Assistant is told of it.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "frame/camera_places.h"
#include "frame/event.h"
#include "mqtt/topics.h"

namespace sampleproc::mqtt {

// A picture; whoever holds it holds its memory.
using JpegPtr = std::shared_ptr<const std::string>;

// A camera that the configuration names.
struct KnownCamera {
  std::string id;
  std::vector<std::string> classes = {};  // that it reports; empty: any, which show as they come
};

// One thread at a time.
//
// Topics are kept for configured cameras always, and for others as long as they have a place
// (frame::CameraPlaces): whose place a newcomer takes has its topics cleared, and one that finds no
// place has none. A camera with open events keeps its place. So invented names can never make more
// than Settings::max_cameras cameras of topics, with kMostClasses classes each.
//
// Of each topic only the last message counts: what waits to be published is a set of topics, not of
// messages.
class Board {
 public:
  static constexpr std::size_t kMostClasses = 128;  // of a camera

  struct Settings {
    bool discovery = true;
    bool snapshots = true;
    std::size_t max_cameras = 64;  // without the configured ones
    std::chrono::milliseconds idle{60'000};
  };

  // What a message is about. In the order in which topics are published.
  struct Subject {
    enum class Kind { kNothing, kConfig, kCount, kPicture };
    Kind kind = Kind::kNothing;  // kNothing: `topic` is cleared
    std::string camera = {};
    std::string class_name = {};
    Topics::Entity entity = Topics::Entity::kCount;
    std::string topic = {};

    auto operator<=>(const Subject&) const = default;
  };

  struct Message {
    Subject subject;
    std::string topic;
    std::string text;        // or else
    JpegPtr jpeg = nullptr;  // this
    std::string_view payload() const { return jpeg ? std::string_view(*jpeg) : text; }
  };

  // `topics` must outlive it.
  Board(const Topics& topics, const Settings& settings)
      : topics_(topics),
        settings_(settings),
        places_(settings.max_cameras, settings.idle, frame::Newcomers::kAlike) {}

  // The configuration has these cameras from now on.
  void Configure(const std::vector<KnownCamera>& cameras, base::MonoTime now);

  // A message of an event. Returns whether its camera has a place.
  bool Take(const frame::Event& event, base::MonoTime now);

  // A picture of the event. Without one it is only noted that there is one, for PictureMissing.
  void TakePicture(const std::string& camera, const std::string& event_id, JpegPtr jpeg);

  // What was missing, unless there is a newer one by now.
  void Supply(const std::string& camera, const std::string& event_id, JpegPtr jpeg);
  // It was not published after all, and is not to be tried again.
  void DropPicture(const std::string& camera);

  // All is to be published again, for the broker may have forgotten it.
  void TellAll();
  // Home Assistant has started: what makes its entities known, and their states.
  void TellConfigs();

  // An event whose picture is the newest of a camera, and is to be published but is not here. It is
  // named once. "" where there is none.
  struct Missing {
    std::string camera;
    std::string event_id;
  };
  std::optional<Missing> PictureMissing();

  // The broker has kept this topic of Topics::AllConfigs or AllOfCameras from another time: what
  // belongs to a camera that may have it goes on, with a count of 0, all else is cleared. What can
  // be no count and no picture of ours is let be.
  void Found(std::string_view topic, std::string_view payload, base::MonoTime now);

  // What is to be published next, which then no longer waits. `pictures`: whether it may be one.
  std::optional<Message> Next(bool pictures);
  // It was not published after all.
  void Again(Subject subject) { waiting_.insert(std::move(subject)); }

  std::size_t PictureBytes() const;  // of those that wait
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t cameras() const { return places_.all().size(); }

 private:
  using Kind = Subject::Kind;

  struct Class {
    std::int64_t count = 0;
    bool told = false;  // the broker may keep its topics
  };

  struct Seen {
    std::string camera;
    std::vector<std::string> only = {};  // classes; empty: any
    std::map<std::string, Class, std::less<>> classes = {};
    std::map<std::string, std::string, std::less<>> open = {};  // events, and their classes
    std::string pictured = {};                                  // the event of the newest picture
    JpegPtr jpeg = nullptr;
    bool fetch = false;         // that picture is to be published, and is not here
    bool told = false;          // the broker may keep the topics of its entities
    bool picture_told = false;  // and of its picture
  };
  using Place = frame::CameraPlaces<Seen>::Place;

  Place* PlaceOf(const std::string& camera, bool configured, base::MonoTime now);
  Class* ClassOf(Seen& seen, const std::string& class_name);
  void TellCamera(const Seen& seen);
  void TellClass(const Seen& seen, const std::string& class_name);
  void Leave(Seen& seen);
  void LeaveClass(const Seen& seen, const std::string& class_name);
  void Clear(std::string topic) {
    waiting_.insert({.kind = Kind::kNothing, .topic = std::move(topic)});
  }
  void FoundState(std::string_view topic, std::string_view payload, base::MonoTime now);
  bool AdoptClass(Seen& seen, const std::string& class_name);
  bool Adopt(const Topics::ConfigName& name, const std::string& camera,
             const std::optional<std::string>& class_name, base::MonoTime now);
  std::optional<Message> Make(const Subject& subject);

  const Topics& topics_;
  const Settings settings_;
  frame::CameraPlaces<Seen> places_;
  std::set<Subject> waiting_;
};

}  // namespace sampleproc::mqtt
