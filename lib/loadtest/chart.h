// Line charts as SVG.
#pragma once

#include <string>
#include <vector>

namespace sampleproc::loadtest {

struct Point {
  double x = 0;
  double y = 0;
};

struct Series {
  std::string name;
  std::string style;          // the class that gives it its colour: "a" to "g"
  std::vector<Point> points;  // in order of x; where y is not finite the line has a gap
};

struct Tick {
  double at = 0;
  std::string label;
};

struct Chart {
  std::string title;
  std::string unit;  // of y: "ms"
  std::string x_title;
  std::vector<Series> series;
  std::vector<Tick> x_ticks;  // empty: round numbers
  bool logarithmic = false;   // y; for what spans more than two powers of ten
};

// An <svg> element whose colours come from the page's classes; its text says what it shows to those
// who cannot see it. Long series are thinned to what can be seen, keeping the highest points.
std::string DrawChart(const Chart& chart);

// A <p> that names the series in their colours; "" for a single one.
std::string DrawLegend(const Chart& chart);

}  // namespace sampleproc::loadtest
