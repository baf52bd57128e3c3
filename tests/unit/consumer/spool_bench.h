// A spool on disk with its keeper, as tests use them.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumer/sources/spool.h"
#include "consumer/sources/spool_keeper.h"
#include "support/fake_clock.h"
#include "support/null_logger.h"
#include "support/temp_dir.h"

namespace sampleproc::consumer {

using Strings = std::vector<std::string>;

// A process's life with a spool: its sinks, its keeper, and the frames in its hands.
struct Life {
  explicit Life(const testing::TempDir& dir, std::uint64_t most = 1 << 20)
      : spool(*Spool::Open((dir.path() / "spool").string(), most)),
        keeper(std::in_place, *spool, sinks, frame::Options(), clock, conditions) {}

  // What is told of the disk at the moment: what fails, by name.
  Strings Problems() {
    keeper->Look();
    Strings names;
    for (const auto& each : conditions.List()) names.push_back(each.subject);
    return names;
  }
  void RetryIsDue() { clock.Advance(SpoolKeeper::kRetry); }

  // An answer with these frames is pulled.
  std::vector<std::uint64_t> Pull(const Strings& ids) {
    std::string text = R"({"frames":[)";
    for (const std::string& id : ids) text += (id == ids.front() ? "" : ",") + FrameJson(id);
    text += "]}";
    auto answer = keeper->Write(text);
    REQUIRE(answer);
    std::vector<Delivery> deliveries(ids.size());
    std::vector<std::uint64_t> tickets;
    for (Delivery& each : deliveries) tickets.push_back(each.ticket = next_ticket++);
    keeper->Keep(*answer, deliveries);
    return tickets;
  }
  // The next that was left: "id deliveries", with "!" when it is broken; "" when there is none now.
  std::string Next() {
    last = next_ticket++;
    const auto left = keeper->NextLeft(last);
    if (!left) return "";
    return left->entry.frame_id + ' ' + std::to_string(left->deliveries) +
           (left->broken ? "!" : "");
  }
  void End(std::uint64_t ticket, Ending ending = Ending::kDone) const {
    keeper->Settled(ticket, ending);
  }

  static std::string FrameJson(const std::string& id) {
    return R"({"frame_id":")" + id + R"(","camera_id":"c","frame_data":"aGVsbG8="})";
  }

  test::NullLogger log;
  testing::FakeClock clock;
  telemetry::Conditions conditions{clock, log};
  SinkSet sinks;
  std::unique_ptr<Spool> spool;
  mutable std::optional<SpoolKeeper> keeper;
  std::uint64_t next_ticket = 1;
  std::uint64_t last = 0;
};

inline Strings Files(const testing::TempDir& dir) {
  Strings names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path() / "spool")) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace sampleproc::consumer
