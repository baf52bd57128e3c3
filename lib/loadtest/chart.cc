#include "loadtest/chart.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/html.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using base::EscapeHtml;

constexpr double kWidth = 760;
constexpr double kHeight = 280;
constexpr double kLeft = 64;
constexpr double kRight = 36;
constexpr double kTop = 30;
constexpr double kBottom = 44;
constexpr std::size_t kMaxPoints = 600;

std::string Number(double value) { return FormatFixed(value, 1); }

// A step of 1, 2 or 5 times a power of ten that divides `span` into about `parts`.
double RoundStep(double span, int parts) {
  const double rough = span / parts;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

// Where values are drawn.
struct Scale {
  double low = 0;
  double high = 1;
  double from = 0;  // where `low` is drawn
  double to = 1;
  bool logarithmic = false;

  double Place(double value) const {
    const double share = logarithmic ? (std::log10(std::max(value, low)) - std::log10(low)) /
                                           (std::log10(high) - std::log10(low))
                                     : (value - low) / (high - low);
    return from + std::clamp(share, 0.0, 1.0) * (to - from);
  }
};

// What can be drawn: a failure's latency cannot.
bool IsDrawn(const Point& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

Scale ScaleOfX(const Chart& chart) {
  Scale scale{.low = 0, .high = 0, .from = kLeft, .to = kWidth - kRight};
  for (const Series& series : chart.series) {
    if (!series.points.empty()) scale.high = std::max(scale.high, series.points.back().x);
  }
  for (const Tick& tick : chart.x_ticks) scale.high = std::max(scale.high, tick.at);
  if (scale.high == 0) scale.high = 1;
  return scale;
}

Scale ScaleOfY(const Chart& chart) {
  double least = 0;
  double most = 0;
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      if (!IsDrawn(point)) continue;
      if (point.y > 0 && (least == 0 || point.y < least)) least = point.y;
      most = std::max(most, point.y);
    }
  }
  Scale scale{.from = kHeight - kBottom, .to = kTop};
  scale.logarithmic = chart.logarithmic && most > 100 * least && least > 0;
  if (scale.logarithmic) {
    scale.low = std::pow(10, std::floor(std::log10(least)));
    scale.high = std::pow(10, std::ceil(std::log10(most)));
  } else {
    const double step = most > 0 ? RoundStep(most, 4) : 0.25;
    scale.high = std::max(std::ceil(most / step) * step, step);
  }
  return scale;
}

std::vector<Tick> TicksOf(const Scale& scale, int parts) {
  std::vector<Tick> ticks;
  if (scale.logarithmic) {
    const auto decades = static_cast<int>(std::lround(std::log10(scale.high / scale.low)));
    for (int i = 0; i <= decades; ++i) {
      const double at = scale.low * std::pow(10, i);
      ticks.push_back({at, FormatNumber(at)});
    }
    return ticks;
  }
  const double step = RoundStep(scale.high, parts);
  for (int i = 0; i * step <= scale.high * 1.001; ++i) {
    ticks.push_back({i * step, FormatNumber(i * step)});
  }
  return ticks;
}

// Of each stretch the highest point: a peak is never thinned away.
std::vector<Point> Thinned(const std::vector<Point>& points) {
  if (points.size() <= kMaxPoints) return points;
  std::vector<Point> kept;
  const std::size_t stretch = (points.size() + kMaxPoints - 1) / kMaxPoints;
  for (std::size_t i = 0; i < points.size(); i += stretch) {
    const std::size_t end = std::min(i + stretch, points.size());
    const std::span<const Point> part = std::span(points).subspan(i, end - i);
    const auto height = [](const Point& point) { return IsDrawn(point) ? point.y : -1; };
    kept.push_back(*std::ranges::max_element(part, {}, height));
  }
  return kept;
}

void AppendText(double x, double y, std::string_view anchor, std::string_view text,
                std::string& out) {
  out += "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" text-anchor=\"";
  out.append(anchor).append("\">").append(EscapeHtml(text)).append("</text>\n");
}

void AppendLine(double x1, double y1, double x2, double y2, std::string_view style,
                std::string& out) {
  out += "<line x1=\"" + Number(x1) + "\" y1=\"" + Number(y1) + "\" x2=\"" + Number(x2) +
         "\" y2=\"" + Number(y2) + "\" class=\"";
  out.append(style).append("\"/>\n");
}

// A stretch of a line without a gap.
void AppendStretch(std::span<const Point> points, const Series& series, const Scale& x,
                   const Scale& y, std::string& out) {
  if (points.size() == 1) {
    out += "<circle cx=\"" + Number(x.Place(points[0].x)) + "\" cy=\"" +
           Number(y.Place(points[0].y)) + "\" r=\"3\" class=\"dot " + series.style + "\"/>\n";
    return;
  }
  out += "<polyline class=\"line " + series.style + "\" points=\"";
  for (const Point& point : points) {
    out += Number(x.Place(point.x)) + "," + Number(y.Place(point.y)) + " ";
  }
  out += "\"/>\n";
}

void AppendSeries(const Series& series, const Scale& x, const Scale& y, std::string& out) {
  const std::vector<Point> points = Thinned(series.points);
  for (auto at = points.begin(); at != points.end();) {
    const auto begin = std::find_if(at, points.end(), &IsDrawn);
    at = std::find_if_not(begin, points.end(), &IsDrawn);
    if (begin != at) AppendStretch({begin, at}, series, x, y, out);
  }
}

}  // namespace

std::string DrawLegend(const Chart& chart) {
  if (chart.series.size() < 2) return "";
  std::string out = "<p class=\"legend\">";
  for (const Series& series : chart.series) {
    out += "<span class=\"" + series.style + "\">" + EscapeHtml(series.name) + "</span> ";
  }
  return out + "</p>\n";
}

std::string DrawChart(const Chart& chart) {
  const Scale x = ScaleOfX(chart);
  const Scale y = ScaleOfY(chart);
  std::string out = "<svg viewBox=\"0 0 " + FormatNumber(kWidth) + " " + FormatNumber(kHeight) +
                    "\" role=\"img\" aria-label=\"" + EscapeHtml(chart.title) + "\">\n";
  AppendText(4, 18, "start", chart.unit, out);
  for (const Tick& tick : TicksOf(y, 4)) {
    AppendLine(kLeft, y.Place(tick.at), kWidth - kRight, y.Place(tick.at), "grid", out);
    AppendText(kLeft - 8, y.Place(tick.at) + 4, "end", tick.label, out);
  }
  const std::vector<Tick> ticks = chart.x_ticks.empty() ? TicksOf(x, 8) : chart.x_ticks;
  for (const Tick& tick : ticks) {
    AppendLine(x.Place(tick.at), kHeight - kBottom, x.Place(tick.at), kHeight - kBottom + 4, "grid",
               out);
    AppendText(x.Place(tick.at), kHeight - kBottom + 18, "middle", tick.label, out);
  }
  AppendText((kLeft + kWidth - kRight) / 2, kHeight - 6, "middle", chart.x_title, out);
  for (const Series& series : chart.series) {
    AppendSeries(series, x, y, out);
  }
  return out + "</svg>\n";
}

}  // namespace sampleproc::loadtest
