#include "loadtest/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "json/writer.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using json::JsonWriter;
using ErrorsOf = decltype(Measurement::errors);

struct Percentile {
  std::string_view title;
  std::string_view member;
  double percent;
};
constexpr Percentile kPercentiles[] = {{"p50", "p50_ms", 50},
                                       {"p90", "p90_ms", 90},
                                       {"p99", "p99_ms", 99},
                                       {"p99.9", "p999_ms", 99.9}};

void AppendLatencies(std::string_view name, const Measurement& total, const Histogram& latency,
                     std::string& out) {
  out += "  " + std::string(name) + std::string(11 - name.size(), ' ');
  for (const Percentile& each : kPercentiles) {
    out += PadLeft(FormatLatency(total.PercentileOfAll(latency, each.percent)), 10);
  }
  out += PadLeft(FormatLatency(total.PercentileOfAll(latency, 100)), 10) + "\n";
}

void AddNotes(const RunResult& result, bool closed, std::vector<std::string>& notes) {
  const Measurement& total = result.total;
  if (total.errors.contains("status_429")) {
    notes.emplace_back(
        "The target limits requests per client (429). On staging lift the limit with "
        "http.max_requests_per_minute=0 (MAX_REQUESTS_PER_MINUTE=0).");
  }
  if (total.errors.contains("status_503")) {
    notes.emplace_back(
        "The target refused requests (503): it is overloaded, starting or shutting down. They were "
        "not sent again, whatever Retry-After says.");
  }
  if (total.Finished() > total.corrected.count() && total.good > 0) {
    notes.emplace_back(
        "Requests that failed count as slower than any other in every percentile, in max and in "
        "mean, which are called failed where they meet one.");
  }
  if (closed) {
    notes.emplace_back(
        "A closed loop sends nothing while it waits, so a stall delays requests that are never "
        "counted; use --rate to see what users would.");
  } else if (total.waited > 0) {
    notes.push_back(std::to_string(total.waited) +
                    (result.sends_in_turn
                         ? " frames were due while Redis had not answered those before"
                         : " requests were due while every connection was in use") +
                    "; their wait is part of the corrected latency.");
  }
  if (total.abandoned > 0) {
    notes.push_back(std::to_string(total.abandoned) +
                    " requests were unanswered when the run was ended, the oldest after " +
                    FormatNumber(Milliseconds(total.open.Max()) / 1000) +
                    " s. In the latency that --fail judges each counts with the time that it had "
                    "waited; elsewhere they are not counted.");
  }
}

// What becomes of most requests of a run without a good answer, and what may help.
std::string NothingGood(const Measurement& total, const ReportOptions& options) {
  const std::string text = "No request was answered as it should be, which is a failure";
  const auto most = std::ranges::max_element(total.errors, {}, &ErrorsOf::value_type::second);
  if (most == total.errors.end() || options.asked.empty()) return text + ".";
  constexpr std::string_view kStatus = "status_";
  const auto& [type, count] = *most;
  const std::string of_all = std::to_string(count) + " of " + std::to_string(total.Finished());
  if (!type.starts_with(kStatus)) {
    return text + ": " + options.asked + " ended as " + type + " in " + of_all + ".";
  }
  const std::string status = type.substr(kStatus.size());
  std::string advice;
  if (status == "404") advice = " --path says which path is asked for.";
  if (status == "401" || status == "403") advice = " --token-file sends a token.";
  if (status == "405") advice = " --path and --method say what is asked for";
  if (status == "405" && !options.has_frames) {
    advice += "; a path that takes frames, such as /process, needs --frames";
  }
  if (status == "405") advice += ".";
  return text + ": " + options.asked + " was answered with status " + status + " in " + of_all +
         "." + advice;
}

double Rounded(double value) { return json::RoundTo(value, 6); }

// Null when it is no number: too many requests failed, or nothing was finished.
void WriteMember(std::string_view name, double value, JsonWriter& json) {
  json.Key(name);
  if (std::isfinite(value)) {
    json.Double(Rounded(value));
  } else {
    json.Null();
  }
}

void WriteLatency(std::string_view name, const Measurement& total, const Histogram& latency,
                  JsonWriter& json) {
  json.Key(name);
  json.BeginObject();
  for (const Percentile& each : kPercentiles) {
    WriteMember(each.member, total.PercentileOfAll(latency, each.percent), json);
  }
  WriteMember("max_ms", total.PercentileOfAll(latency, 100), json);
  WriteMember("mean_ms", total.MeanOfAll(latency), json);
  json.Member("count", latency.count());
  json.EndObject();
}

void WriteErrors(const Measurement& total, JsonWriter& json) {
  json.Key("errors");
  json.BeginObject();
  json.Member("total", total.ErrorCount());
  json.Key("by_type");
  json.BeginObject();
  for (const auto& [type, count] : total.errors) json.Member(type, count);
  json.EndObject();
  json.EndObject();
}

void WriteTexts(std::string_view name, const std::vector<std::string>& texts, JsonWriter& json) {
  json.Key(name);
  json.BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteJudgements(const std::vector<Judgement>& judgements, JsonWriter& json) {
  json.Key("criteria");
  json.BeginArray();
  for (const Judgement& judgement : judgements) {
    json.BeginObject();
    json.Member("criterion", judgement.criterion.text);
    WriteMember("measured", judgement.measured, json);
    json.Member("holds", judgement.holds);
    json.EndObject();
  }
  json.EndArray();
}

void WriteComparisons(const std::vector<Comparison>& comparisons, JsonWriter& json) {
  json.Key("baseline");
  json.BeginArray();
  for (const Comparison& each : comparisons) {
    json.BeginObject();
    json.Member("metric", each.metric);
    const bool is_time = each.metric != "rate" && each.metric != "errors";
    WriteMember(is_time ? "old_ms" : "old", each.old_value, json);
    WriteMember(is_time ? "new_ms" : "new", each.new_value, json);
    WriteMember("chance", each.chance.value_or(std::numeric_limits<double>::quiet_NaN()), json);
    json.Member("outcome", OutcomeName(each));
    json.EndObject();
  }
  json.EndArray();
}

void WriteGenerator(const RunResult& result, JsonWriter& json) {
  json.Key("generator");
  json.BeginObject();
  json.Member("send_lag_p99_ms", Rounded(Milliseconds(result.total.send_lag.ValueAt(99))));
  json.Member("send_lag_max_ms", Rounded(Milliseconds(result.total.send_lag.Max())));
  json.Member("read_lag_p99_ms", Rounded(Milliseconds(result.total.read_lag.ValueAt(99))));
  json.Member("cpu", Rounded(result.generator.cpu));
  json.Member("cpu_wanted", Rounded(result.generator.wanted));
  json.Member("cpu_seconds", Rounded(result.generator.cpu_s));
  json.Member("connections_opened", result.total.connections);
  json.Member("connections_ahead", result.opened_ahead);
  json.Member("connections_lost", result.lost_ahead);
  json.Member("opening_seconds", Rounded(result.opening_s));
  json.EndObject();
}

void WriteSecond(const Second& second, JsonWriter& json) {
  json.BeginObject();
  json.Member("second", second.second);
  json.Member("intended", second.intended);
  json.Member("good", second.good);
  json.Member("errors", second.errors);
  WriteMember("p50_ms", second.p50_ms, json);
  WriteMember("p99_ms", second.p99_ms, json);
  WriteMember("max_ms", second.max_ms, json);
  WriteMember("raw_p99_ms", second.raw_p99_ms, json);
  json.Member("send_lag_p99_ms", Rounded(second.send_lag_p99_ms));
  json.EndObject();
}

void WriteSeconds(const std::vector<Second>& seconds, JsonWriter& json) {
  json.Key("seconds");
  json.BeginArray();
  for (const Second& each : seconds) WriteSecond(each, json);
  json.EndArray();
}

void WriteServerSecond(const ServerSecond& second, JsonWriter& json) {
  json.Member("frames", Rounded(second.frames));
  json.Key("mean_ms");
  json.BeginObject();
  for (const std::string& stage : StagesOf(second)) {
    json.Member(stage, Rounded(second.stage_ms.at(stage)));
  }
  json.EndObject();
}

void WriteServer(const std::optional<ServerReport>& server, JsonWriter& json) {
  json.Key("server");
  if (!server) {
    json.Null();
    return;
  }
  json.BeginObject();
  json.Member("problem", server->problem);
  WriteServerSecond(server->total, json);
  json.Key("seconds");
  json.BeginArray();
  for (const ServerSecond& each : server->seconds) {
    json.BeginObject();
    json.Member("second", Rounded(each.second));
    json.Member("queued", Rounded(each.queued));
    WriteServerSecond(each, json);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

std::string ServerLine(const ServerReport& server) {
  std::string out = "server     ";
  if (server.seconds.empty()) return out + "says nothing: " + Printable(server.problem) + "\n";
  std::string_view comma;
  for (const std::string& stage : StagesOf(server.total)) {
    out.append(comma).append(stage).append(" ");
    out += FormatNumber(server.total.stage_ms.at(stage)) + " ms";
    comma = ", ";
  }
  return out + (comma.empty() ? "" : "; ") + "means of those of " +
         FormatNumber(server.total.frames) +
         " frames that went through each, by its own /metrics\n";
}

}  // namespace

Report MakeReport(RunResult result, ReportOptions options) {
  Report report;
  report.closed = options.closed;
  report.result = std::move(result);
  report.judgements = Judge(options.criteria, report.result.total, report.result.achieved_rate);
  report.comparisons = std::move(options.comparisons);
  report.limits = GeneratorLimits(report.result, options.closed, options.max_send_lag);
  report.verdict = Decide(report.limits, report.judgements);
  report.notes = std::move(options.notes);
  if (!options.undone.empty() && report.verdict == Verdict::kPass) report.verdict = Verdict::kFail;
  std::ranges::move(options.undone, std::back_inserter(report.notes));
  if (const std::string problem = LedgerProblem(report.result.total); !problem.empty()) {
    if (report.verdict == Verdict::kPass) report.verdict = Verdict::kFail;
    report.notes.push_back("The books of the stream do not close: " + problem +
                           ". Each frame must come back once, as what it should, and those of a "
                           "camera in their order.");
  }
  if (report.result.total.good == 0) {
    if (report.verdict == Verdict::kPass) report.verdict = Verdict::kFail;
    report.notes.push_back(NothingGood(report.result.total, options));
  } else if (options.criteria.empty() && report.result.total.ErrorCount() > 0 &&
             report.verdict == Verdict::kPass) {
    report.notes.emplace_back(
        "Without --fail only a run in which nothing succeeds fails; --fail "
        "'errors<0.1%' would have judged these failures.");
  }
  const bool is_slower = std::ranges::any_of(report.comparisons, [](const Comparison& each) {
    return each.outcome == Comparison::Outcome::kSlower;
  });
  if (report.verdict == Verdict::kPass && is_slower) report.verdict = Verdict::kFail;
  if (!options.no_comparison.empty()) {
    report.no_comparison = std::move(options.no_comparison);
    if (report.verdict == Verdict::kPass) report.verdict = Verdict::kInvalid;
    if (report.verdict == Verdict::kFail) {
      report.notes.push_back("There is no comparison with the baseline: " + report.no_comparison);
    }
  }
  AddNotes(report.result, options.closed, report.notes);
  if (std::string note = GeneratorNote(report.result, options.closed);
      report.limits.empty() && !note.empty()) {
    report.notes.push_back(std::move(note));
  }
  return report;
}

std::vector<std::string> InvalidReasons(const Report& report) {
  std::vector<std::string> reasons = report.limits;
  if (report.verdict == Verdict::kInvalid && !report.no_comparison.empty()) {
    reasons.push_back("baseline: there is no comparison: " + report.no_comparison);
  }
  return reasons;
}

std::string OpenedAhead(const RunResult& result) {
  const std::string opened = std::to_string(result.opened_ahead);
  std::string text =
      (result.opened_ahead < result.held ? opened + " of " + std::to_string(result.held) : opened) +
      " connections in " + FormatNumber(result.opening_s) + " s before the first request";
  if (result.lost_ahead > 0) {
    text += "; the target closed " + std::to_string(result.lost_ahead) +
            " of them before they were used";
  }
  return text;
}

std::string TextReport(const Report& report) {
  const RunResult& result = report.result;
  const Measurement& total = result.total;
  std::string out = report.target + ": " + report.load + "\n";
  out += "requests   " + std::to_string(total.intended) + " due, " + std::to_string(total.good) +
         " good, " + std::to_string(total.ErrorCount()) + " failed\n";
  for (const auto& [type, count] : total.errors) {
    out += "             " + type + " " + std::to_string(count) + "\n";
  }
  out += "rate       " + FormatNumber(result.intended_rate) + "/s intended, " +
         FormatNumber(result.achieved_rate) + "/s achieved, in " + FormatNumber(result.elapsed_s) +
         " s\n";
  out += "latency (ms)";
  for (const Percentile& each : kPercentiles)
    out += PadLeft(each.title, each.percent == 50 ? 11 : 10);
  out += PadLeft("max", 10) + "\n";
  AppendLatencies("corrected", total, total.corrected, out);
  AppendLatencies("raw", total, total.raw, out);
  out += "generator  send lag p99 " + FormatNumber(Milliseconds(total.send_lag.ValueAt(99))) +
         " ms, read lag p99 " + FormatNumber(Milliseconds(total.read_lag.ValueAt(99))) +
         " ms, CPU " + FormatNumber(100 * result.generator.cpu) + " % of a core\n";
  if (result.held > 0) out += "opened     " + OpenedAhead(result) + "\n";
  if (report.server) out += ServerLine(*report.server);
  for (const Judgement& judgement : report.judgements)
    out += "criterion  " + Describe(judgement) + "\n";
  for (const Comparison& each : report.comparisons) {
    out += "baseline   " + Describe(each) + "\n";
  }
  for (const std::string& note : report.notes) out += "note       " + Printable(note) + "\n";
  for (const std::string& reason : InvalidReasons(report)) out += "INVALID    " + reason + "\n";
  out += "verdict    " + std::string(VerdictName(report.verdict)) +
         (result.stopped ? " (ended early)" : "") + "\n";
  return out;
}

std::string JsonSecond(const Second& second) {
  std::string text;
  JsonWriter json(text);
  WriteSecond(second, json);
  return text;
}

std::string JsonReport(const Report& report) {
  const RunResult& result = report.result;
  std::string text;
  JsonWriter json(text);
  json.BeginObject();
  json.Member("target", report.target);
  json.Member("load", report.load);
  json.Member("loop", report.closed ? "closed" : "open");
  json.Member("started", report.started);
  json.Member("elapsed_s", Rounded(result.elapsed_s));
  json.Member("ended_early", result.stopped);
  json.Key("requests");
  json.BeginObject();
  json.Member("intended", result.total.intended);
  json.Member("good", result.total.good);
  json.Member("waited", result.total.waited);
  json.Member("abandoned", result.total.abandoned);
  json.EndObject();
  json.Key("latency");
  json.BeginObject();
  WriteLatency("corrected", result.total, result.total.corrected, json);
  WriteLatency("raw", result.total, result.total.raw, json);
  json.EndObject();
  json.Key("rate");
  json.BeginObject();
  json.Member("intended", Rounded(result.intended_rate));
  json.Member("achieved", Rounded(result.achieved_rate));
  json.EndObject();
  WriteErrors(result.total, json);
  WriteJudgements(report.judgements, json);
  WriteComparisons(report.comparisons, json);
  json.Member("verdict", VerdictName(report.verdict));
  WriteTexts("invalid_because", InvalidReasons(report), json);
  WriteTexts("notes", report.notes, json);
  WriteGenerator(result, json);
  WriteServer(report.server, json);
  WriteSeconds(result.seconds, json);
  json.EndObject();
  return text + "\n";
}

}  // namespace sampleproc::loadtest
