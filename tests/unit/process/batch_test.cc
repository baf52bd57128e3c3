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
  std::vector<StartFrame> frames;
  frames.push_back([&](BatchPart part) { parts.push_back(std::move(part)); });
  frames.push_back([](BatchPart) { throw std::runtime_error("no"); });
  frames.push_back([](BatchPart) {});
  frames.push_back([&](BatchPart part) { parts.push_back(std::move(part)); });
  StartBatch(std::move(frames), log, [&](const BatchReport& report) { reports.push_back(report); });
  CHECK(reports.empty());
  for (BatchPart& part : parts) part.Succeeded();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].frames == 4);
  CHECK(reports[0].succeeded == 2);
}

TEST_CASE("a report that throws is the caller's own affair, and there may be none") {
  test::NullLogger log;
  int reports = 0;
  std::vector<StartFrame> frames;
  for (int i = 0; i < 2; ++i) frames.push_back([](BatchPart part) { part.Succeeded(); });
  StartBatch(std::move(frames), log, [&](const BatchReport& report) {
    ++reports;
    CHECK(report.succeeded == 2);
    throw std::runtime_error("no");
  });
  CHECK(reports == 1);
  StartBatch({}, log, [&](const BatchReport& report) {
    ++reports;
    CHECK(report.frames == 0);
  });
  CHECK(reports == 2);
  StartBatch({}, log, {});
}

}  // namespace
}  // namespace sampleproc::process
