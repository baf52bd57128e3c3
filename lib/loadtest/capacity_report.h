// A search for the highest rate, for its readers.
#pragma once

#include <string>
#include <vector>

#include "loadtest/report.h"

namespace sampleproc::loadtest {

struct CapacityReport {
  std::string target;
  std::string criteria;  // as they were written
  std::string started;
  double capacity = 0;  // requests a second; 0: no rate held
  Verdict verdict = Verdict::kPass;
  std::vector<std::string> limits;  // of the generator, which ended the search
  bool stopped = false;
  std::string problem = {};  // why no rate is its capacity, although some may have held; ""
  struct Step {
    double rate = 0;
    double achieved = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    std::uint64_t errors = 0;
    bool holds = false;
  };
  std::vector<Step> steps;  // in the order in which they were tried
};

std::string TextReport(const CapacityReport& report);
std::string JsonReport(const CapacityReport& report);

}  // namespace sampleproc::loadtest
