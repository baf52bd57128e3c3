#include "loadtest/html_report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "base/html.h"
#include "loadtest/chart.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using base::EscapeHtml;

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --text: #1c2530; --soft: #5b6776;
  --edge: #dfe3e8; --a: #1f6feb; --b: #d1620a; --c: #7a3ec8; --d: #c22f3d; --e: #0a7f86; --f: #8a6d00;
  --g: #5b6776; --good: #1a7f4b;
  --bad: #c22f3d; --warn: #9a6300; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b212a; --text: #e4e9ef;
  --soft: #9aa7b5; --edge: #2e3742; --a: #6aa6ff; --b: #f2994a; --c: #b98cf5; --d: #ff7b86; --e: #4fd0d8;
  --f: #d9bd4a; --g: #9aa7b5;
  --good: #4cc38a; --bad: #ff7b86; --warn: #e0b04a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 22px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 8px; }
p { margin: 4px 0; color: var(--soft); }
header { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; }
.badge { font-weight: 700; padding: 4px 12px; border-radius: 999px; border: 2px solid; }
.pass { color: var(--good); } .fail { color: var(--bad); } .invalid { color: var(--warn); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px;
  margin: 20px 0; }
.tile, section { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }
.tile { padding: 12px 14px; } .tile b { display: block; font-size: 22px; }
.tile span { color: var(--soft); font-size: 13px; }
section { padding: 14px 16px; margin: 12px 0; }
.scroll { overflow-x: auto; } .scroll svg { display: block; min-width: 560px; width: 100%; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--edge); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
.legend span { margin-right: 16px; white-space: nowrap; }
.legend span::before { content: ""; display: inline-block; width: 18px; margin-right: 6px;
  vertical-align: middle; border-top: 3px solid; }
span.a::before { color: var(--a); } span.b::before { color: var(--b); }
span.c::before { color: var(--c); } span.d::before { color: var(--d); }
span.e::before { color: var(--e); } span.f::before { color: var(--f); }
span.g::before { color: var(--g); }
span.dashed::before { border-top-style: dashed; } span.dotted::before { border-top-style: dotted; }
svg text { fill: var(--soft); font-size: 13px; }
svg .grid { stroke: var(--edge); } svg .line { fill: none; stroke-width: 2; }
svg .a { stroke: var(--a); } svg .b { stroke: var(--b); }
svg .c { stroke: var(--c); } svg .d { stroke: var(--d); }
svg .dashed { stroke-dasharray: 8 5; } svg .dotted { stroke-dasharray: 2 4; }
svg .e { stroke: var(--e); } svg .f { stroke: var(--f); } svg .g { stroke: var(--g); }
)";

void AppendTile(std::string_view name, const std::string& value, std::string& out) {
  out += "<div class=\"tile\"><span>" + EscapeHtml(name) + "</span><b>" + EscapeHtml(value) +
         "</b></div>\n";
}

void AppendRow(const std::vector<std::string>& cells, std::string_view cell, std::string& out) {
  out += "<tr>";
  for (const std::string& text : cells) {
    out.append("<").append(cell).append(">").append(EscapeHtml(text));
    out.append("</").append(cell).append(">");
  }
  out += "</tr>\n";
}

void AppendTiles(const Report& report, std::string& out) {
  const Measurement& total = report.result.total;
  out += "<div class=\"tiles\">\n";
  AppendTile("achieved rate", FormatNumber(report.result.achieved_rate) + "/s", out);
  AppendTile("intended rate", FormatNumber(report.result.intended_rate) + "/s", out);
  for (const double percentile : {50.0, 99.0}) {
    AppendTile("p" + FormatNumber(percentile) + ", corrected",
               FormatLatency(total.PercentileOfAll(total.corrected, percentile), " ms"), out);
  }
  AppendTile("failed of " + std::to_string(total.Finished()), std::to_string(total.ErrorCount()),
             out);
  out += "</div>\n";
}

void AppendTexts(const std::vector<std::string>& texts, std::string_view style, std::string& out) {
  for (const std::string& text : texts) {
    out.append("<p class=\"").append(style).append("\">").append(EscapeHtml(text)).append("</p>\n");
  }
}

void AppendJudgements(const Report& report, std::string& out) {
  if (report.judgements.empty() && report.comparisons.empty() && InvalidReasons(report).empty() &&
      report.notes.empty())
    return;
  out += "<section><h2>Judgement</h2>\n";
  AppendTexts(InvalidReasons(report), "invalid", out);
  for (const Judgement& judgement : report.judgements) {
    AppendTexts({Describe(judgement)}, judgement.holds ? "pass" : "fail", out);
  }
  for (const Comparison& each : report.comparisons) {
    const bool is_slower = each.outcome == Comparison::Outcome::kSlower;
    AppendTexts({"Against the baseline: " + Describe(each)}, is_slower ? "fail" : "pass", out);
  }
  AppendTexts(report.notes, "note", out);
  out += "</section>\n";
}

void AppendLatencyTable(const Report& report, std::string& out) {
  out += "<section><h2>Latency (ms)</h2><div class=\"scroll\"><table><tbody>\n";
  AppendRow({"from the", "p50", "p90", "p99", "p99.9", "p99.99", "max", "mean"}, "th", out);
  const Measurement& total = report.result.total;
  constexpr double kColumns[] = {50, 90, 99, 99.9, 99.99, 100};
  const auto latency = [&](std::string name, const Histogram& of) {
    std::vector<std::string> cells{std::move(name)};
    for (const double each : kColumns)
      cells.push_back(FormatLatency(total.PercentileOfAll(of, each)));
    cells.push_back(FormatLatency(total.MeanOfAll(of)));
    AppendRow(cells, "td", out);
  };
  const auto lag = [&](std::string name, const Histogram& of) {
    std::vector<std::string> cells{std::move(name)};
    for (const double each : kColumns)
      cells.push_back(FormatNumber(Milliseconds(of.ValueAt(each))));
    cells.push_back(FormatNumber(of.Mean() / 1e6));
    AppendRow(cells, "td", out);
  };
  latency("intended time (corrected)", total.corrected);
  latency("sending (raw)", total.raw);
  lag("intended time to sending (generator)", total.send_lag);
  lag("answer to its reading (generator)", total.read_lag);
  out += "</tbody></table></div></section>\n";
}

void AppendErrorTable(const Report& report, std::string& out) {
  const Measurement& total = report.result.total;
  if (total.errors.empty()) return;
  out += "<section><h2>Failures</h2><div class=\"scroll\"><table><tbody>\n";
  AppendRow({"type", "requests", "share"}, "th", out);
  for (const auto& [type, count] : total.errors) {
    const double share = 100.0 * static_cast<double>(count) / static_cast<double>(total.Finished());
    AppendRow({type, std::to_string(count), FormatNumber(share) + " %"}, "td", out);
  }
  out += "</tbody></table></div></section>\n";
}

void AppendChart(const Chart& chart, std::string& out) {
  out += "<section><h2>" + EscapeHtml(chart.title) + "</h2>\n" + DrawLegend(chart) +
         "<div class=\"scroll\">" + DrawChart(chart) + "</div></section>\n";
}

Series OverTime(const std::vector<Second>& seconds, std::string name, std::string style,
                const std::function<double(const Second&)>& value) {
  Series series{std::move(name), std::move(style), {}};
  for (const Second& second : seconds) {
    series.points.push_back({static_cast<double>(second.second), value(second)});
  }
  return series;
}

// The same of latencies: a second without an answer has none, which is not a latency of 0, and one
// that is that of a failure has no place. Neither is drawn through.
Series LatencyOverTime(const std::vector<Second>& seconds, std::string name, std::string style,
                       double Second::* latency) {
  Series series{std::move(name), std::move(style), {}};
  for (const Second& second : seconds) {
    // Where nothing was due nothing is missing.
    if (!std::isfinite(second.*latency) && second.intended == 0) continue;
    series.points.push_back({static_cast<double>(second.second), second.*latency});
  }
  return series;
}

// The last second may be a part of one: its counts would look like a fall. That of a schedule of
// whole seconds that is answered in time is a whole one.
std::vector<Second> WholeSeconds(const Report& report) {
  std::vector<Second> whole = report.result.seconds;
  while (whole.size() > 1 &&
         static_cast<double>(whole.back().second + 1) > report.result.elapsed_s) {
    whole.pop_back();
  }
  return whole;
}

// By the share of slower requests, each half as many: 50 %, 90 %, 99 %, …
Series Distribution(const Histogram& latency, std::string name, std::string style) {
  Series series{std::move(name), std::move(style), {}};
  const auto count = static_cast<double>(latency.count());
  for (double nines = 0; count > 0 && nines <= std::log10(count) + 0.01; nines += 0.05) {
    const double percentile = 100 * (1 - std::pow(10, -nines));
    series.points.push_back({nines, Milliseconds(latency.ValueAt(percentile))});
  }
  return series;
}

// The service's own split beside what the client saw, by the same seconds.
void AppendServer(const ServerReport& server, const std::vector<Second>& seconds,
                  std::string& out) {
  if (server.seconds.empty()) {
    out += "<section><h2>Time within the server</h2>\n<p>Nothing is known of it: " +
           EscapeHtml(server.problem) + "</p></section>\n";
    return;
  }
  constexpr std::string_view kColours[] = {"b", "c", "d", "e", "f"};
  constexpr std::string_view kDashes[] = {"", " dashed", " dotted"};
  Chart chart{.title = "Time within the server, mean of its own /metrics",
              .unit = "ms",
              .x_title = "second of the run",
              .series = {LatencyOverTime(seconds, "client, p50 corrected", "a", &Second::p50_ms)},
              .x_ticks = {},
              .logarithmic = true};
  std::vector<std::string> cells;
  std::vector<std::string> names;
  std::size_t style = 0;
  for (const std::string& stage : StagesOf(server.total)) {
    names.push_back(stage);
    cells.push_back(FormatNumber(server.total.stage_ms.at(stage)));
    // Few colours can be told apart, so that many stages have dashes, too.
    Series series{stage, "g", {}};
    if (stage != "total") {
      series.style = kColours[style % std::size(kColours)];
      series.style += kDashes[std::min(style / std::size(kColours), std::size(kDashes) - 1)];
      ++style;
    }
    const double last = seconds.empty() ? 0 : static_cast<double>(seconds.back().second);
    for (const ServerSecond& second : server.seconds) {
      const auto at = second.stage_ms.find(stage);
      // A sample at the end of a second is of that second; the axis is the other charts'.
      const double x = std::max(std::round(second.second) - 1, 0.0);
      if (at != second.stage_ms.end() && x <= last) series.points.push_back({x, at->second});
    }
    chart.series.push_back(std::move(series));
  }
  AppendChart(chart, out);
  out += "<section><h2>Time within the server (ms, means of those of " +
         FormatNumber(server.total.frames) +
         " frames that went through each)</h2><div class=\"scroll\"><table><tbody>\n";
  AppendRow(names, "th", out);
  AppendRow(cells, "td", out);
  out += "</tbody></table></div>";
  if (!server.problem.empty()) out += "<p>Not all of it: " + EscapeHtml(server.problem) + "</p>";
  out += "</section>\n";
}

void AppendCharts(const Report& report, std::string& out) {
  const std::vector<Second> seconds = WholeSeconds(report);
  const Measurement& total = report.result.total;
  AppendChart({.title = "Latency over time, corrected",
               .unit = "ms",
               .x_title = "second of the run, by the time of the answer",
               .series = {LatencyOverTime(seconds, "max", "c", &Second::max_ms),
                          LatencyOverTime(seconds, "p99", "b", &Second::p99_ms),
                          LatencyOverTime(seconds, "p50", "a", &Second::p50_ms)},
               .x_ticks = {},
               .logarithmic = true},
              out);
  AppendChart({.title = "Latency by percentile",
               .unit = "ms",
               .x_title = "percentile of the requests",
               .series = {Distribution(total.raw, "raw", "b"),
                          Distribution(total.corrected, "corrected", "a")},
               .x_ticks = {{0, "0 %"},
                           {std::log10(2), "50 %"},
                           {1, "90 %"},
                           {2, "99 %"},
                           {3, "99.9 %"},
                           {4, "99.99 %"}},
               .logarithmic = true},
              out);
  AppendChart({.title = "Requests and answers",
               .unit = "per second",
               .x_title = "second of the run",
               .series = {OverTime(seconds, "due", "b",
                                   [](const Second& s) { return static_cast<double>(s.intended); }),
                          OverTime(seconds, "good answers", "a",
                                   [](const Second& s) { return static_cast<double>(s.good); }),
                          OverTime(seconds, "failed", "d",
                                   [](const Second& s) { return static_cast<double>(s.errors); })},
               .x_ticks = {}},
              out);
  if (report.server) AppendServer(*report.server, seconds, out);
  AppendChart({.title = "Delay of the generator itself",
               .unit = "ms",
               .x_title = "second of the run",
               .series = {OverTime(seconds, "send lag p99", "a",
                                   [](const Second& s) { return s.send_lag_p99_ms; })},
               .x_ticks = {},
               .logarithmic = true},
              out);
}

}  // namespace

std::string HtmlReport(const Report& report) {
  const std::string verdict(VerdictName(report.verdict));
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += "<title>loadtest of " + EscapeHtml(report.target) + ": " + verdict + "</title>\n<style>";
  out.append(kStyle).append("</style>\n</head>\n<body>\n<main>\n<header>\n");
  out += "<span class=\"badge " + verdict + "\">" + verdict + "</span>\n";
  out += "<h1>" + EscapeHtml(report.target) + "</h1>\n</header>\n";
  out += "<p>" + EscapeHtml(report.load) + "</p>\n<p>" + EscapeHtml(report.started) + ", " +
         FormatNumber(report.result.elapsed_s) + " s" +
         (report.result.stopped ? ", ended early" : "") + ", generator " +
         FormatNumber(100 * report.result.generator.cpu) + " % of a core" +
         (report.result.held > 0 ? ", " + OpenedAhead(report.result) : "") + "</p>\n";
  AppendTiles(report, out);
  AppendJudgements(report, out);
  AppendLatencyTable(report, out);
  AppendErrorTable(report, out);
  AppendCharts(report, out);
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace sampleproc::loadtest
