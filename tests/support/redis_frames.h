// A RedisSource on a real server, and what is looked at from outside.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "consumer/sources/redis_source.h"
#include "support/redis_server.h"

namespace sampleproc::consumer::testing {

using net::RedisReply;
using sampleproc::testing::RedisServer;
using std::chrono::milliseconds;

inline RedisOptions StreamOptions(milliseconds claim_idle = milliseconds(600'000)) {
  RedisOptions options;
  options.stream = "frames:ready:p";
  options.group = "frame-processors";
  options.claim_idle = claim_idle;
  options.results_stream = "sample:results";
  options.dlq_stream = "frames:dlq:p";
  return options;
}

// Of servers that answer: however long the machine keeps one from that, it is no failure.
inline constexpr net::RedisLimits kPatient{.connect = std::chrono::minutes(2),
                                           .answer = std::chrono::minutes(2)};

inline std::unique_ptr<RedisSource> MakeSource(const RedisServer& server,
                                               const std::string& consumer,
                                               const RedisOptions& options = StreamOptions(),
                                               const base::Clock& clock = base::SystemClock(),
                                               const net::RedisLimits& limits = kPatient) {
  return std::make_unique<RedisSource>(RedisSourceContext{.connect = server.Connect(),
                                                          .login = {},
                                                          .limits = limits,
                                                          .clock = clock,
                                                          .consumer = consumer,
                                                          .processor_id = "p"},
                                       options, frame::Options{});
}

inline void Add(RedisServer& server, const std::string& id) {
  REQUIRE(server
              .Ask({"XADD", "frames:ready:p", "*", "frame_id", id, "camera_id", "cam", "frame_data",
                    "\xFF\xD8 bytes"})
              .kind == RedisReply::Kind::kText);
}

// Pulls until so many frames are there.
inline std::vector<Delivery> PullSome(RedisSource& source, std::size_t count,
                                      std::size_t at_once = 10) {
  std::vector<Delivery> all;
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (all.size() < count) {
    REQUIRE_FALSE(deadline.Expired());
    auto pulled = source.Pull(std::min(at_once, count - all.size()));
    if (!pulled) continue;
    for (Delivery& each : *pulled) all.push_back(std::move(each));
  }
  return all;
}

// Settles and waits for the answer; whether it was ours.
inline bool Settle(RedisSource& source, const Delivery& delivery, Ending ending,
                   std::string_view reason = "", bool worked_on = false) {
  std::promise<bool> answer;
  source.Settle({.ticket = delivery.ticket,
                 .ending = ending,
                 .frame_id = delivery.entry.frame_id,
                 .record = ending == Ending::kDone ? R"({"frame_id":"x"})" : "",
                 .reason = reason,
                 .worked_on = worked_on},
                [&](bool ours) { answer.set_value(ours); });
  return answer.get_future().get();
}

inline std::map<std::string, std::string> FieldsOf(const RedisReply& entry) {
  std::map<std::string, std::string> fields;
  const auto& parts = entry.elements[1].elements;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) fields[parts[i].text] = parts[i + 1].text;
  return fields;
}

inline std::vector<std::map<std::string, std::string>> Stream(RedisServer& server,
                                                              const std::string& name) {
  std::vector<std::map<std::string, std::string>> entries;
  for (const RedisReply& entry : server.Ask({"XRANGE", name, "-", "+"}).elements) {
    entries.push_back(FieldsOf(entry));
  }
  return entries;
}

// A consumer takes all frames and is never heard of again.
inline void LetOneDieOver(RedisServer& server) {
  server.Ask({"XGROUP", "CREATE", "frames:ready:p", "frame-processors", "0"});
  REQUIRE_FALSE(server
                    .Ask({"XREADGROUP", "GROUP", "frame-processors", "dead", "STREAMS",
                          "frames:ready:p", ">"})
                    .IsNil());
}

// Frames "0" and so on, which `consumer` has had and has given back.
inline void GiveBack(RedisServer& server, const std::string& consumer, int count) {
  for (int i = 0; i < count; ++i) Add(server, std::to_string(i));
  LetOneDieOver(server);
  for (const RedisReply& each : server.Ask({"XRANGE", "frames:ready:p", "-", "+"}).elements) {
    server.Ask({"XCLAIM", "frames:ready:p", "frame-processors", consumer, "0",
                each.elements[0].text, "IDLE", "604800000", "RETRYCOUNT", "0", "JUSTID"});
  }
}

inline std::int64_t PendingCount(RedisServer& server) {
  return server.Ask({"XPENDING", "frames:ready:p", "frame-processors"}).elements[0].integer;
}

}  // namespace sampleproc::consumer::testing
