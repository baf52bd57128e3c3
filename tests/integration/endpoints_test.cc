// The endpoints that look at a service, of a whole one.
#include <catch2/catch.hpp>
#include <ctime>
#include <regex>
#include <string>

#include "support/samples.h"
#include "support/service_client.h"

namespace sampleproc::service {
namespace {

using test::Ask;
using test::PostRequest;
using test::RawResponse;
using test::StartService;

RawResponse Get(const Service& service, const std::string& path, const std::string& fields = "") {
  return Ask(service, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
}

RawResponse Post(const Service& service, const std::string& target, const std::string& fields) {
  return Ask(service,
             PostRequest(target, fields, std::string(base::AsText(test::Sample("messi5.jpg")))));
}

TEST_CASE("probes say yes while all is well, and why when asked") {
  const auto service = StartService();
  CHECK(Get(*service, "/livez").body == R"({"status":"alive"})");
  CHECK(Get(*service, "/readyz").body == R"({"status":"ready"})");
  CHECK(Get(*service, "/startupz").body == R"({"status":"started"})");
  const RawResponse verbose = Get(*service, "/readyz?verbose");
  CHECK(verbose.status == 200);
  CHECK(verbose.body.find(R"("checks":{"started":true,"draining":false,"workers":)") !=
        std::string::npos);
}

TEST_CASE("metrics count requests by route and frames by outcome") {
  const auto service = StartService();
  CHECK(Post(*service, "/process?camera_id=gate", "Content-Type: image/jpeg\r\n").status == 200);
  CHECK(Ask(*service, PostRequest("/process", "Content-Type: image/png\r\n", "x")).status == 415);
  for (int i = 0; i < 50; ++i) Get(*service, "/made-up-" + std::to_string(i));
  const RawResponse response = Get(*service, "/metrics");
  CHECK(response.status == 200);
  CHECK(response.Field("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  INFO(response.body);
  for (const char* line :
       {"sampleproc_frames_total{outcome=\"completed\",source=\"http\"} 1\n",
        "sampleproc_frames_total{outcome=\"unsupported-format\",source=\"http\"} 1\n",
        "sampleproc_camera_frames_total{camera=\"gate\"} 1\n",
        "sampleproc_stage_duration_seconds_count{stage=\"decode\"} 2\n",
        "http_server_request_duration_seconds_count{method=\"POST\",route=\"/process\","
        "scheme=\"http\",status=\"200\"} 1\n",
        "http_server_request_duration_seconds_count{method=\"GET\",route=\"\",scheme=\"http\","
        "status=\"404\"} 50\n",
        "sampleproc_build_info{version=", "process_resident_memory_bytes ", "sampleproc_workers ",
        "sampleproc_config_last_reload_successful 1\n"}) {
    INFO(line);
    CHECK(response.body.find(line) != std::string::npos);
  }
  CHECK(response.body.find("made-up") == std::string::npos);
}

TEST_CASE("metrics tell how old frames are when their results are there") {
  const auto service = StartService();
  const double now = static_cast<double>(std::time(nullptr));
  for (const double age : {40.0, 7200.0, -3600.0}) {
    const std::string time = std::to_string(now - age);
    CHECK(Post(*service, "/process?timestamp=" + time, "Content-Type: image/jpeg\r\n").status ==
          200);
  }
  CHECK(Post(*service, "/process?timestamp=yesterday", "Content-Type: image/jpeg\r\n").status ==
        200);
  const std::string text = Get(*service, "/metrics").body;
  INFO(text);
  for (const char* line :
       {"_bucket{source=\"http\",le=\"30\"} 0\n", "_bucket{source=\"http\",le=\"60\"} 1\n",
        "_bucket{source=\"http\",le=\"3600\"} 1\n", "_count{source=\"http\"} 2\n"}) {
    INFO(line);
    CHECK(text.contains("sampleproc_frame_age_seconds" + std::string(line)));
  }
}

TEST_CASE("a frame that fails keeps the times of the stages that it has seen") {
  const auto service = StartService();
  const std::string damaged = "\x89PNG\r\n\x1a\n";
  CHECK(Ask(*service, PostRequest("/process", "Content-Type: image/png\r\n", damaged)).status ==
        422);
  const std::string text = Get(*service, "/metrics").body;
  INFO(text);
  const auto has = [&](const std::string& stage) {
    return text.contains("sampleproc_stage_duration_seconds_count{stage=\"" + stage + "\"} 1\n");
  };
  for (const char* stage : {"queue", "decode", "total"}) CHECK(has(stage));
  for (const char* stage : {"stats", "encode"}) CHECK_FALSE(has(stage));
}

TEST_CASE("metrics are OpenMetrics for who prefers that, and text for who takes anything") {
  const auto service = StartService();
  CHECK(Post(*service, "/process", "Content-Type: image/jpeg\r\n").status == 200);
  // As Prometheus asks.
  const RawResponse open =
      Get(*service, "/metrics",
          "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
          "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n");
  CHECK(open.Field("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  INFO(open.body);
  for (const char* part :
       {"# TYPE sampleproc_frames counter\n",
        "sampleproc_frames_total{outcome=\"completed\",source=\"http\"} 1\n",
        "# TYPE sampleproc_workers gauge\n", "# TYPE sampleproc_stage_duration_seconds histogram\n",
        "# UNIT sampleproc_stage_duration_seconds seconds\n", ",le=\"0.0005\"} ", ",le=\"1.0\"} ",
        ",le=\"+Inf\"} 1\n"}) {
    INFO(part);
    CHECK(open.body.contains(part));
  }
  CHECK(open.body.ends_with("\n# EOF\n"));
  for (const char* accept : {"", "Accept: */*\r\n", "Accept: text/plain, */*\r\n"}) {
    CHECK(Get(*service, "/metrics", accept).Field("Content-Type") ==
          "text/plain; version=0.0.4; charset=utf-8");
  }
}

TEST_CASE("the original's metrics are there for who accepts JSON only") {
  const auto service = StartService();
  CHECK(Post(*service, "/process", "Content-Type: image/jpeg\r\n").status == 200);
  const RawResponse response = Get(*service, "/metrics", "Accept: application/json\r\n");
  CHECK(response.Field("Content-Type") == "application/json");
  const std::regex shape(
      R"(\{"processor_metrics":\{"frames_processed":1,"errors_total":0,)"
      R"("processing_time_avg":[0-9.e-]+,"processing_time_min":[0-9.e-]+,)"
      R"("processing_time_max":[0-9.e-]+,"error_types":\{\}\},)"
      R"("state_statistics":\{"total_frames":1,"state_counts":\{"RECEIVED":\d+,"VALIDATED":\d+,)"
      R"("QUEUED":\d+,"PROCESSING":\d+,"COMPLETED":1,"FAILED":0,"RETRY":\d+,"ARCHIVED":1\},)"
      R"("retry_stats":\{"total_retries":0,"max_retry_count":0,"frames_with_retries":0\}\},)"
      R"("resource_statistics":\{"active_allocations":\d+,"allocated_cpus":\d+,)"
      R"("allocated_memory_mb":[0-9.]+,"allocated_gpu_memory_mb":\{\},"available_cpus":\d+,)"
      R"("available_memory_mb":[0-9.]+\},"timestamp":"[^"]+Z"\})");
  INFO(response.body);
  CHECK(std::regex_match(response.body, shape));
  CHECK(Get(*service, "/metrics", "Accept: image/png\r\n").status == 406);
}

TEST_CASE("a frame comes back with its boxes drawn when that is asked for and acceptable") {
  const auto service = StartService();
  const std::string jpeg = "Content-Type: image/jpeg\r\n";
  const RawResponse drawn = Post(*service, "/process?annotate=1", jpeg + "Accept: image/jpeg\r\n");
  CHECK(drawn.status == 200);
  CHECK(drawn.Field("Content-Type") == "image/jpeg");
  CHECK(drawn.body.starts_with("\xFF\xD8\xFF"));
  CHECK(Post(*service, "/process?annotate=1", jpeg + "Accept: application/json\r\n")
            .Field("Content-Type") == "application/json");
  CHECK(Post(*service, "/process", jpeg + "Accept: image/jpeg\r\n").status == 406);
  CHECK(Post(*service, "/process", jpeg + "Accept: */*\r\n").status == 200);
}

}  // namespace
}  // namespace sampleproc::service
