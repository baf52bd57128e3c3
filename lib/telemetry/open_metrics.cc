#include "telemetry/open_metrics.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace sampleproc::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof(digits), value).ptr};
}

// As the format has them: 1.0 and 0.0005, not 1 and 5e-04.
std::string Bound(double value) {
  if (!std::isfinite(value)) return Number(value);
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::fixed);
  std::string text(digits, end.ptr);
  if (!text.contains('.')) text += ".0";
  return text;
}

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void AppendLabel(std::string_view name, std::string_view value, std::string& out) {
  out += out.back() == '{' ? "" : ",";
  out += name;
  out += "=\"";
  AppendEscaped(value, out);
  out += '"';
}

// `name` and `suffix` are of one word; `bound` is a bucket's, "" for other samples.
void AppendSample(std::string_view name, std::string_view suffix, const ClientMetric& metric,
                  const std::string& bound, const std::string& value, std::string& out) {
  out += name;
  out += suffix;
  if (!metric.label.empty() || !bound.empty()) {
    out += '{';
    for (const ClientMetric::Label& label : metric.label) {
      AppendLabel(label.name, label.value, out);
    }
    if (!bound.empty()) AppendLabel("le", bound, out);
    out += '}';
  }
  out += ' ';
  out += value;
}

void AppendExemplar(const Exemplar& exemplar, std::string& out) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(exemplar.when.time_since_epoch());
  out += " # {trace_id=\"" + exemplar.trace_id + "\"} " + Number(exemplar.value) + ' ' +
         Number(static_cast<double>(milliseconds.count()) / 1000);
}

void AppendHistogram(std::string_view name, const ClientMetric& metric, const Exemplars& exemplars,
                     std::string& out) {
  const auto& buckets = metric.histogram.bucket;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    AppendSample(name, "_bucket", metric, Bound(buckets[i].upper_bound),
                 std::to_string(buckets[i].cumulative_count), out);
    if (i < exemplars.size() && !exemplars[i].trace_id.empty()) AppendExemplar(exemplars[i], out);
    out += '\n';
  }
  AppendSample(name, "_sum", metric, "", Number(metric.histogram.sample_sum), out);
  out += '\n';
  AppendSample(name, "_count", metric, "", std::to_string(metric.histogram.sample_count), out);
  out += '\n';
}

void AppendFamily(const ToldFamily& told, std::string& out) {
  const MetricFamily& family = told.family;
  std::string_view name = family.name;
  const bool is_counter = family.type == MetricType::Counter;
  const bool is_histogram = family.type == MetricType::Histogram;
  if (is_counter && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  const std::string start(name);
  out += "# TYPE " + start +
         (is_counter     ? " counter\n"
          : is_histogram ? " histogram\n"
                         : " gauge\n");
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with("_" + std::string(unit))) {
      out += "# UNIT " + start + ' ' + std::string(unit) + '\n';
    }
  }
  out += "# HELP " + start + ' ';
  AppendEscaped(family.help, out);
  out += '\n';
  for (std::size_t i = 0; i < family.metric.size(); ++i) {
    const ClientMetric& metric = family.metric[i];
    if (is_histogram) {
      AppendHistogram(name, metric, told.exemplars[i], out);
    } else {
      AppendSample(name, is_counter ? kTotal : "", metric, "",
                   Number(is_counter ? metric.counter.value : metric.gauge.value), out);
      out += '\n';
    }
  }
}

}  // namespace

std::string OpenMetricsText(const std::vector<ToldFamily>& families) {
  std::string out;
  for (const ToldFamily& family : families) AppendFamily(family, out);
  return out + "# EOF\n";
}

}  // namespace sampleproc::telemetry
