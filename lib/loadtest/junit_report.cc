#include "loadtest/junit_report.h"

#include <algorithm>

#include "base/html.h"
#include "loadtest/chart.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using base::EscapeHtml;

struct TestCase {
  std::string name;
  std::string element;  // "failure" "error" "skipped", or "" when it passed
  std::string message;
};

// XML 1.0 has no way to write control characters (section 2.2).
std::string Escaped(std::string_view text) { return EscapeHtml(Printable(text)); }

std::string Join(const std::vector<std::string>& sentences) {
  std::string all;
  for (const std::string& each : sentences) all += (all.empty() ? "" : " ") + each;
  return all;
}

std::string Suite(const std::string& target, double seconds, const std::string& started,
                  const std::vector<TestCase>& cases) {
  const auto count = [&cases](std::string_view element) {
    return std::to_string(std::ranges::count(cases, element, &TestCase::element));
  };
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"" +
                    Escaped("loadtest of " + target) + "\" tests=\"" +
                    std::to_string(cases.size()) + "\" failures=\"" + count("failure") +
                    "\" errors=\"" + count("error") + "\" skipped=\"" + count("skipped") +
                    "\" time=\"" + FormatFixed(seconds, 3) + "\"";
  if (!started.empty()) out += " timestamp=\"" + Escaped(started) + "\"";
  out += ">\n";
  for (const TestCase& each : cases) {
    out += "<testcase classname=\"loadtest\" name=\"" + Escaped(each.name) + "\"";
    out += each.element.empty()
               ? "/>\n"
               : "><" + each.element + " message=\"" + Escaped(each.message) + "\"/></testcase>\n";
  }
  return out + "</testsuite>\n</testsuites>\n";
}

}  // namespace

std::string JunitReport(const Report& report) {
  std::vector<TestCase> cases;
  const auto add = [&cases](std::string name, bool passes, std::string_view element,
                            std::string message) {
    cases.push_back({std::move(name), passes ? "" : std::string(element), std::move(message)});
  };
  for (const Judgement& each : report.judgements) {
    add(each.criterion.text, each.holds, "failure", Describe(each));
  }
  for (const Comparison& each : report.comparisons) {
    add("baseline " + each.metric, each.outcome != Comparison::Outcome::kSlower, "failure",
        Describe(each));
  }
  if (!report.no_comparison.empty()) add("baseline", false, "error", report.no_comparison);
  const bool told = std::ranges::any_of(
      cases, [](const TestCase& each) { return each.element == std::string_view("failure"); });
  add("run", told || report.verdict != Verdict::kFail, "failure", Join(report.notes));
  add("generator", report.limits.empty(), "error", Join(report.limits));
  return Suite(report.target, report.result.elapsed_s, report.started, cases);
}

std::string JunitAudit(const AuditReport& report) {
  std::vector<TestCase> cases;
  for (const AuditItem& item : report.items) {
    using Status = AuditItem::Status;
    const std::string element = item.unseen                             ? "error"
                                : item.status == Status::kFail          ? "failure"
                                : item.status == Status::kNotApplicable ? "skipped"
                                                                        : "";
    cases.push_back({item.name, element,
                     item.evidence + (item.advice.empty() ? "" : "; to do: " + item.advice)});
  }
  if (!report.complete) cases.push_back({"run", "error", "The audit ended early."});
  return Suite(report.target, 0, "", cases);
}

}  // namespace sampleproc::loadtest
