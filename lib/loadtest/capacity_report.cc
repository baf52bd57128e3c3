#include "loadtest/capacity_report.h"

#include <cmath>

#include "json/writer.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {

std::string TextReport(const CapacityReport& report) {
  std::string out = report.target + ": highest rate with " + report.criteria + "\n";
  out += "      rate/s  achieved/s     p50 ms     p99 ms    failed\n";
  for (const CapacityReport::Step& step : report.steps) {
    out += PadLeft(FormatNumber(step.rate), 12) + PadLeft(FormatNumber(step.achieved), 12) +
           PadLeft(FormatLatency(step.p50_ms), 11) + PadLeft(FormatLatency(step.p99_ms), 11) +
           PadLeft(std::to_string(step.errors), 10) + (step.holds ? "  held\n" : "  missed\n");
  }
  if (!report.problem.empty()) out += "problem    " + report.problem + "\n";
  for (const std::string& limit : report.limits) out += "INVALID    " + limit + "\n";
  out += "capacity   " + (report.capacity > 0 ? FormatNumber(report.capacity) + "/s" : "none") +
         (report.stopped ? " (ended early)" : "") + "\n";
  out += "verdict    " + std::string(VerdictName(report.verdict)) + "\n";
  return out;
}

std::string JsonReport(const CapacityReport& report) {
  std::string text;
  json::JsonWriter json(text);
  const auto number = [&json](std::string_view key, double value) {
    json.Key(key);
    if (std::isfinite(value)) {
      json.Double(json::RoundTo(value, 6));
    } else {
      json.Null();
    }
  };
  json.BeginObject();
  json.Member("target", report.target);
  json.Member("criteria", report.criteria);
  json.Member("started", report.started);
  json.Member("ended_early", report.stopped);
  number("capacity", report.capacity);
  json.Member("verdict", VerdictName(report.verdict));
  json.Member("problem", report.problem);
  json.Key("invalid_because");
  json.BeginArray();
  for (const std::string& limit : report.limits) json.String(limit);
  json.EndArray();
  json.Key("search");
  json.BeginArray();
  for (const CapacityReport::Step& step : report.steps) {
    json.BeginObject();
    number("rate", step.rate);
    number("achieved", step.achieved);
    number("p50_ms", step.p50_ms);
    number("p99_ms", step.p99_ms);
    json.Member("errors", step.errors);
    json.Member("holds", step.holds);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return text + "\n";
}

}  // namespace sampleproc::loadtest
