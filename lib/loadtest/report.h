// A run for its readers: text for people, JSON for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadtest/baseline.h"
#include "loadtest/server_metrics.h"
#include "loadtest/verdict.h"

namespace sampleproc::loadtest {

struct Report {
  std::string target;  // "http://127.0.0.1:8099/health"
  std::string load;    // "open loop, 500/s for 30s, at most 100 connections"
  bool closed = false;
  std::string started;  // RFC 3339
  RunResult result;
  std::vector<Judgement> judgements;
  std::vector<Comparison> comparisons;  // with an earlier run
  std::vector<std::string> limits;      // of the generator
  std::string no_comparison;            // why there is none, though one was asked for
  Verdict verdict = Verdict::kPass;
  std::optional<ServerReport> server;  // what it says of itself, when it was asked
  std::vector<std::string> notes;      // what the reader should know to understand the numbers
};

struct ReportOptions {
  std::vector<Criterion> criteria;
  std::vector<Comparison> comparisons = {};  // with an earlier run
  std::string no_comparison = {};            // why it could not be compared, though it should
  // "GET /health", or nothing when it is no request that is sent; for a run without a good answer.
  std::string asked = {};
  bool has_frames = false;
  // What was to be done during the run and was not, a sentence for each.
  std::vector<std::string> undone = {};
  bool closed = false;
  std::chrono::nanoseconds max_send_lag{};
  std::vector<std::string> notes = {};  // of before the run
};

// Judges the run and adds what it says of itself as notes. Being slower than an earlier run is a
// failure, too, and so is one in which something was not done that was to be done, or in which
// nothing succeeded. One that is no failure but could not be compared, though it should be, is
// invalid.
Report MakeReport(RunResult result, ReportOptions options);

// Why the verdict is kInvalid, a sentence for each reason.
std::vector<std::string> InvalidReasons(const Report& report);

// "20 of 30 connections in 0.1 s before the first request", and how many of them were lost.
std::string OpenedAhead(const RunResult& result);

std::string TextReport(const Report& report);

// One line, an object as those of `seconds` in JsonReport.
std::string JsonSecond(const Second& second);

// One object; config/loadtest.schema.json describes it.
std::string JsonReport(const Report& report);

}  // namespace sampleproc::loadtest
