#include "process/batch.h"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/null_logger.h"

namespace sampleproc::process {
namespace {

TEST_CASE("a frame that fails, is refused or throws leaves its batch's others alone") {
  test::NullLogger log;
  std::vector<BatchPart> parts;
  std::vector<BatchReport> reports;
  const StartFrame start = [&](std::size_t index, BatchPart part) {
    if (index == 1) throw std::runtime_error("no");
    if (index != 2) parts.push_back(std::move(part));
  };
  StartBatch(4, start, log, [&](const BatchReport& report) { reports.push_back(report); });
  CHECK(reports.empty());
  for (BatchPart& part : parts) part.Succeeded();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].frames == 4);
  CHECK(reports[0].succeeded == 2);
}

TEST_CASE("a report that throws is the caller's own affair, and there may be none") {
  test::NullLogger log;
  int reports = 0;
  const StartFrame start = [](std::size_t, BatchPart part) { part.Succeeded(); };
  StartBatch(2, start, log, [&](const BatchReport& report) {
    ++reports;
    CHECK(report.succeeded == 2);
    throw std::runtime_error("no");
  });
  CHECK(reports == 1);
  StartBatch(0, start, log, [&](const BatchReport& report) {
    ++reports;
    CHECK(report.frames == 0);
  });
  CHECK(reports == 2);
  StartBatch(0, start, log, {});
}

}  // namespace
}  // namespace sampleproc::process
