#include "mqtt/board.h"

#include <algorithm>
#include <utility>

#include "mqtt/names.h"

namespace sampleproc::mqtt {

using Entity = Topics::Entity;

Board::Place* Board::PlaceOf(const std::string& camera, bool configured, base::MonoTime now) {
  if (Place* const known = places_.Find(camera)) return known;
  for (auto& [id, place] : places_.all()) {
    if (!place.value.open.empty()) place.last = now;
  }
  Seen gone;
  Place* const place = places_.Take(camera, now, [configured] { return configured; }, gone);
  if (!gone.camera.empty()) Leave(gone);
  if (place == nullptr) return nullptr;
  place->value.camera = camera;
  place->last = now;
  TellCamera(place->value);
  return place;
}

Board::Class* Board::ClassOf(Seen& seen, const std::string& class_name) {
  const auto known = seen.classes.find(class_name);
  if (known != seen.classes.end()) return &known->second;
  if (class_name.empty() || seen.classes.size() >= kMostClasses) return nullptr;
  Class& made = seen.classes[class_name];
  TellClass(seen, class_name);
  return &made;
}

void Board::TellCamera(const Seen& seen) {
  if (!settings_.discovery) return;
  waiting_.insert({.kind = Kind::kConfig, .camera = seen.camera, .entity = Entity::kEvent});
  if (!settings_.snapshots) return;
  waiting_.insert({.kind = Kind::kConfig, .camera = seen.camera, .entity = Entity::kImage});
}

void Board::TellClass(const Seen& seen, const std::string& class_name) {
  waiting_.insert({.kind = Kind::kCount, .camera = seen.camera, .class_name = class_name});
  if (!settings_.discovery) return;
  for (const Entity entity : {Entity::kCount, Entity::kOccupancy}) {
    waiting_.insert(
        {.kind = Kind::kConfig, .camera = seen.camera, .class_name = class_name, .entity = entity});
  }
}

void Board::LeaveClass(const Seen& seen, const std::string& class_name) {
  if (settings_.discovery) {
    Clear(topics_.ConfigTopic(Entity::kCount, seen.camera, class_name));
    Clear(topics_.ConfigTopic(Entity::kOccupancy, seen.camera, class_name));
  }
  Clear(topics_.Count(seen.camera, class_name));
}

// Only what the broker may have is cleared: while it is away, cameras that come and go leave
// nothing to be done.
void Board::Leave(Seen& seen) {
  std::erase_if(waiting_, [&](const Subject& each) { return each.camera == seen.camera; });
  for (const auto& [class_name, state] : seen.classes) {
    if (state.told) LeaveClass(seen, class_name);
  }
  if (seen.told) {
    Clear(topics_.ConfigTopic(Entity::kEvent, seen.camera, {}));
    if (settings_.snapshots) Clear(topics_.ConfigTopic(Entity::kImage, seen.camera, {}));
  }
  if (seen.picture_told) Clear(topics_.Snapshot(seen.camera));
}

void Board::Configure(const std::vector<KnownCamera>& cameras, base::MonoTime now) {
  const auto find = [&](const std::string& id) {
    return std::ranges::find(cameras, id, &KnownCamera::id);
  };
  for (auto& [id, place] : places_.all()) {
    if (place.reserved && find(id) == cameras.end()) Leave(place.value);
  }
  places_.Reserve([&](const std::string& id) { return find(id) != cameras.end(); });
  for (const KnownCamera& camera : cameras) {
    Seen& seen = PlaceOf(camera.id, true, now)->value;
    seen.only = camera.classes;
    std::erase_if(seen.classes, [&](const auto& each) {
      const bool stays = seen.only.empty() || each.second.count > 0 ||
                         std::ranges::find(seen.only, each.first) != seen.only.end();
      if (!stays && each.second.told) LeaveClass(seen, each.first);
      return !stays;
    });
    for (const std::string& class_name : camera.classes) ClassOf(seen, class_name);
  }
}

bool Board::Take(const frame::Event& event, base::MonoTime now) {
  if (event.camera_id.empty()) return false;
  Place* place = places_.Find(event.camera_id);
  const bool is_end = event.type == frame::Event::Type::kEnd;
  if (place == nullptr) place = PlaceOf(event.camera_id, false, now);
  if (place == nullptr) return false;
  ++place->frames;
  place->last = now;
  Seen& seen = place->value;
  Class* const of = ClassOf(seen, event.class_name);
  const auto open = seen.open.find(event.event_id);
  if ((open == seen.open.end()) == is_end) return true;  // the end of what never began here
  if (is_end) {
    seen.open.erase(open);
  } else if (open == seen.open.end()) {
    seen.open.emplace(event.event_id, event.class_name);
  } else {
    return true;
  }
  if (of == nullptr) return true;
  of->count += is_end ? -1 : 1;
  waiting_.insert({.kind = Kind::kCount, .camera = seen.camera, .class_name = event.class_name});
  return true;
}

void Board::TakePicture(const std::string& camera, const std::string& event_id, JpegPtr jpeg) {
  if (!settings_.snapshots) return;
  Place* const place = places_.Find(camera);
  if (place == nullptr) return;
  Seen& seen = place->value;
  if (jpeg != nullptr && jpeg == seen.jpeg) return;  // one picture of several events
  seen.pictured = event_id;
  seen.fetch = jpeg == nullptr;
  seen.jpeg = std::move(jpeg);
  if (seen.jpeg) waiting_.insert({.kind = Kind::kPicture, .camera = camera});
}

void Board::Supply(const std::string& camera, const std::string& event_id, JpegPtr jpeg) {
  Place* const place = places_.Find(camera);
  if (place == nullptr || place->value.pictured != event_id || place->value.jpeg != nullptr) return;
  place->value.jpeg = std::move(jpeg);
  waiting_.insert({.kind = Kind::kPicture, .camera = camera});
}

void Board::DropPicture(const std::string& camera) {
  if (Place* const place = places_.Find(camera)) place->value.pictured.clear();
}

std::size_t Board::PictureBytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, place] : places_.all()) {
    if (place.value.jpeg) bytes += place.value.jpeg->size();
  }
  return bytes;
}

void Board::TellConfigs() {
  for (const auto& [id, place] : places_.all()) {
    TellCamera(place.value);
    for (const auto& [class_name, state] : place.value.classes) TellClass(place.value, class_name);
  }
}

void Board::TellAll() {
  TellConfigs();
  for (auto& [id, place] : places_.all()) {
    place.value.fetch = place.value.jpeg == nullptr && !place.value.pictured.empty();
  }
}

std::optional<Board::Missing> Board::PictureMissing() {
  for (auto& [id, place] : places_.all()) {
    if (std::exchange(place.value.fetch, false)) return Missing{id, place.value.pictured};
  }
  return std::nullopt;
}

bool Board::Adopt(const Topics::ConfigName& name, const std::string& camera,
                  const std::optional<std::string>& class_name, base::MonoTime now) {
  const bool of_class = name.component == "sensor" || name.component == "binary_sensor";
  const bool of_camera =
      name.component == "event" || (name.component == "image" && settings_.snapshots);
  if (class_name ? !of_class : !of_camera) return false;
  Place* const place = PlaceOf(camera, false, now);
  if (place == nullptr) return false;
  Seen& seen = place->value;
  seen.told = true;
  if (name.component == "image") seen.picture_told = true;
  return !class_name || AdoptClass(seen, *class_name);
}

bool Board::AdoptClass(Seen& seen, const std::string& class_name) {
  if (!seen.only.empty() && std::ranges::find(seen.only, class_name) == seen.only.end() &&
      !seen.classes.contains(class_name)) {
    return false;
  }
  Class* const of = ClassOf(seen, class_name);
  if (of != nullptr) of->told = true;
  return of != nullptr;
}

void Board::FoundState(std::string_view topic, std::string_view payload, base::MonoTime now) {
  const auto name = topics_.ReadStateTopic(topic);
  if (!name) return;
  const bool is_picture = name->class_name.empty();
  const bool is_ours = is_picture ? payload.starts_with("\xFF\xD8")
                                  : payload.find_first_not_of("0123456789") == payload.npos;
  if (!is_ours) return;
  Place* const place =
      is_picture && !settings_.snapshots ? nullptr : PlaceOf(name->camera, false, now);
  if (place != nullptr && is_picture) place->value.picture_told = true;
  if (place != nullptr && (is_picture || AdoptClass(place->value, name->class_name))) return;
  Clear(std::string(topic));
}

void Board::Found(std::string_view topic, std::string_view payload, base::MonoTime now) {
  const Topics::ConfigName name = topics_.ReadConfigTopic(topic);
  if (name.component.empty()) return FoundState(topic, payload, now);
  const auto of = ReadIds(name.id);
  if (of && Adopt(name, of->camera, of->class_name, now)) return;
  Clear(std::string(topic));
  if (!of) return;
  if (of->class_name) Clear(topics_.Count(of->camera, *of->class_name));
  if (name.component == "image") Clear(topics_.Snapshot(of->camera));
}

std::optional<Board::Message> Board::Make(const Subject& subject) {
  if (subject.kind == Kind::kNothing) return Message{subject, subject.topic, ""};
  Place* const place = places_.Find(subject.camera);
  if (place == nullptr) return std::nullopt;
  Seen& seen = place->value;
  if (subject.kind == Kind::kPicture) {
    if (seen.jpeg == nullptr) return std::nullopt;
    seen.picture_told = true;
    return Message{subject, topics_.Snapshot(subject.camera), "",
                   std::exchange(seen.jpeg, nullptr)};
  }
  if (subject.kind == Kind::kConfig && !Topics::HasClass(subject.entity)) {
    seen.told = true;
  } else {
    const auto of = seen.classes.find(subject.class_name);
    if (of == seen.classes.end()) return std::nullopt;
    of->second.told = true;
    if (subject.kind == Kind::kCount) {
      return Message{subject, topics_.Count(subject.camera, subject.class_name),
                     std::to_string(of->second.count)};
    }
  }
  return Message{subject, topics_.ConfigTopic(subject.entity, subject.camera, subject.class_name),
                 topics_.Config(subject.entity, subject.camera, subject.class_name)};
}

std::optional<Board::Message> Board::Next(bool pictures) {
  while (!waiting_.empty()) {
    const auto first = waiting_.begin();
    if (first->kind == Kind::kPicture && !pictures) return std::nullopt;
    auto message = Make(*first);
    waiting_.erase(first);
    if (message) return message;
  }
  return std::nullopt;
}

}  // namespace sampleproc::mqtt
