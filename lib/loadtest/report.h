// A run for its readers: text for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "loadtest/verdict.h"

namespace sampleproc::loadtest {

struct Report {
  std::string target;  // "http://127.0.0.1:8099/health"
  std::string load;    // "open loop, 500/s for 30s, at most 100 connections"
  bool closed = false;
  std::string started;  // RFC 3339
  RunResult result;
  std::vector<Judgement> judgements;
  std::vector<std::string> limits;  // of the generator
  Verdict verdict = Verdict::kPass;
  std::vector<std::string> notes;  // what the reader should know to understand the numbers
};

// Judges the run and adds what it says of itself as notes.
Report MakeReport(RunResult result, const std::vector<Criterion>& criteria, bool closed,
                  std::chrono::nanoseconds max_send_lag);

std::string TextReport(const Report& report);

// One object; config/loadtest.schema.json describes it.
std::string JsonReport(const Report& report);

}  // namespace sampleproc::loadtest
