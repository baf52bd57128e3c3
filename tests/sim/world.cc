#include "sim/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sampleproc::sim {

World::World(const Plan& the_plan, bool verbose)
    : plan(the_plan), random(the_plan.seed ^ 0x5eed), verbose_(verbose) {
  frames.resize(plan.frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i].plan = &plan.frames[i];
    frames[i].number = static_cast<int>(i);
  }
}

void World::Sleep(Time time) const {
  const int nobody = 0;
  Scheduler::Current()->Wait(&nobody, now() + time);
}

std::optional<Time> World::Now(FaultKind kind, int subject) const {
  const Time moment = now();
  std::optional<Time> end;
  for (const Fault& fault : plan.faults) {
    if (fault.kind != kind || fault.subject != subject) continue;
    if (fault.from <= moment && moment < fault.to) end = std::max(end.value_or(0), fault.to);
  }
  return end;
}

bool World::Lately(FaultKind kind, int subject, Time before) const {
  const Time moment = now();
  return std::ranges::any_of(plan.faults, [&](const Fault& fault) {
    return fault.kind == kind && fault.subject == subject && fault.from <= moment &&
           moment < fault.to + before;
  });
}

void World::Say(const std::string& line) {
  for (const char c : line) digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  if (!verbose_) return;
  const Scheduler* const scheduler = Scheduler::Current();
  const double seconds = scheduler == nullptr
                             ? 0
                             : static_cast<double>(scheduler->now()) / static_cast<double>(kSecond);
  std::printf("[%10.3f] %s\n", seconds, line.c_str());
}

void World::Fail(const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(plan.seed), what.c_str());
  std::_Exit(1);
}

int World::NumberOf(std::string_view id) {
  return std::atoi(std::string(id.substr(id.find_first_of("0123456789"))).c_str());
}

void World::End(SimFrame& frame, int SimFrame::* how, std::string_view reason) {
  ++(frame.*how);
  frame.reason = reason;
  frame.ended = now();
}

void WorldLog::Write(base::LogLevel level, std::string_view message, base::LogFields fields) {
  const Scheduler::Exempt exempt;
  std::string line = level >= base::LogLevel::kWarning ? "log: ! " : "log: ";
  line += message;
  for (const base::LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) line += *text;
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      line += std::to_string(*number);
    }
    if (const auto* number = std::get_if<double>(&field.value)) line += std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&field.value)) line += *flag ? "true" : "false";
  }
  if (const std::size_t at = line.find(world_.hidden); !world_.hidden.empty() && at < line.size()) {
    line.replace(at, world_.hidden.size(), "DISK");
  }
  world_.Say(line);
}

}  // namespace sampleproc::sim
