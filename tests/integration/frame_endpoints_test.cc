// The endpoints that take frames, of a whole service.
#include <catch2/catch.hpp>
#include <regex>
#include <string>
#include <vector>

#include "support/base64_encode.h"
#include "support/samples.h"
#include "support/service_client.h"

namespace sampleproc::service {
namespace {

using test::Ask;
using test::PostRequest;
using test::RawResponse;
using test::StartService;

constexpr const char* kJson = "Content-Type: application/json\r\n";

std::string Picture() { return std::string(base::AsText(test::Sample("messi5.jpg"))); }

// The frame of a JSON request, with `metadata` as JSON.
std::string FrameJson(const std::string& metadata = "{}") {
  return R"({"frame_data":")" + test::EncodeBase64(test::Sample("messi5.jpg")) +
         R"(","metadata":)" + metadata + "}";
}

std::string BatchJson(const std::vector<std::string>& frames) {
  std::string text = R"({"frames":[)";
  for (const std::string& frame : frames) text += (text.back() == '[' ? "" : ",") + frame;
  return text + "]}";
}

// `text` without the numbers that a clock gave.
std::string WithoutTimes(const std::string& text) {
  static const std::regex kTimes(
      R"re("times_ms":\{[^}]*\}|"(took_ms|processing_time_ms)":[0-9.e+-]+|"timestamp":"[^"]*")re");
  return std::regex_replace(text, kTimes, "_");
}

std::string Part(const std::string& head, const std::string& content) {
  return "--xyz\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + content + "\r\n";
}

RawResponse PostForm(const Service& service, const std::string& body) {
  return Ask(service,
             PostRequest("/process", "Content-Type: multipart/form-data; boundary=xyz\r\n", body));
}

TEST_CASE("query parameters are read as forms write them") {
  const auto service = StartService();
  const auto id = [&](const std::string& written) {
    return Ask(*service, PostRequest("/process?frame_id=" + written, "Content-Type: image/jpeg\r\n",
                                     Picture()));
  };
  CHECK(id("door+cam+1").body.find(R"("frame_id":"door cam 1")") != std::string::npos);
  CHECK(id("door%2Bcam%201").body.find(R"("frame_id":"door+cam 1")") != std::string::npos);
  for (const char* broken : {"50%", "50%2", "%zz", "%"}) {
    INFO(broken);
    const RawResponse response = id(broken);
    CHECK(response.status == 422);
    CHECK(response.body.find(R"("loc":["query","frame_id"])") != std::string::npos);
    CHECK(response.body.find("%25") != std::string::npos);
  }
}

TEST_CASE("a compressed body is refused by the name of its coding") {
  const auto service = StartService();
  for (const char* coding : {"gzip", "br", "gzip, identity"}) {
    INFO(coding);
    const RawResponse response = Ask(
        *service,
        PostRequest("/process", std::string(kJson) + "Content-Encoding: " + coding + "\r\n", "x"));
    CHECK(response.status == 415);
    CHECK(response.Field("Accept-Encoding") == "identity");
    CHECK(response.body.find(coding) != std::string::npos);
  }
  const std::string both = "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n";
  CHECK(Ask(*service, PostRequest("/process", std::string(kJson) + both, "x")).status == 415);
  CHECK(Ask(*service, PostRequest("/process", std::string(kJson) + "Content-Encoding: identity\r\n",
                                  FrameJson()))
            .status == 200);
}

TEST_CASE("a request of HTTP/1.0 without Host is for the address that it came in on") {
  const auto service = StartService();
  CHECK(Ask(*service, "GET /livez HTTP/1.0\r\n\r\n").status == 200);
  CHECK(Ask(*service, "GET /livez HTTP/1.0\r\nHost: evil.example\r\n\r\n").status == 400);
  CHECK(Ask(*service, "GET /livez HTTP/1.1\r\n\r\n").status == 400);
}

TEST_CASE("a form's picture gives what the same picture gives as JSON") {
  const auto service = StartService();
  const std::string metadata = R"({"frame_id":"f1","camera_id":"gate","timestamp":12.5})";
  const RawResponse json = Ask(*service, PostRequest("/process", kJson, FrameJson(metadata)));
  REQUIRE(json.status == 200);
  const RawResponse form = PostForm(
      *service,
      Part("name=metadata\r\nContent-Type: application/json", metadata) +
          Part("name=\"frame\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg", Picture()) +
          "--xyz--\r\n");
  CHECK(form.status == 200);
  CHECK(WithoutTimes(form.body) == WithoutTimes(json.body));
}

TEST_CASE("a form says which part is wrong") {
  const auto service = StartService();
  const std::string frame = Part("name=frame", Picture());
  const std::string end = "--xyz--\r\n";
  const auto type_and_loc = [&](const std::string& body) {
    const RawResponse response = PostForm(*service, body);
    CHECK(response.status == 422);
    std::smatch found;
    static const std::regex kError(R"re("errors":\[\{"type":"([^"]*)","loc":\[([^\]]*)\])re");
    REQUIRE(std::regex_search(response.body, found, kError));
    return found[1].str() + " " + found[2].str();
  };
  CHECK(type_and_loc(Part("name=other", "x") + end) == R"(missing "body","frame")");
  CHECK(type_and_loc(frame + frame + end) == R"(duplicate_part "body","frame")");
  CHECK(type_and_loc(frame) == R"(multipart_invalid "body")");
  CHECK(type_and_loc("xyz") == R"(multipart_invalid "body")");
  CHECK(type_and_loc(Part("name=metadata", "[]") + frame + end) ==
        R"(object_type "body","metadata")");
  CHECK(type_and_loc(Part("name=metadata", R"({"frame_id":[]})") + frame + end) ==
        R"(string_type "body","metadata","frame_id")");
  CHECK(type_and_loc(Part("name=metadata", "{") + frame + end) ==
        R"(json_invalid "body","metadata")");
}

TEST_CASE("a batch answers each frame in its place, whatever became of its neighbours") {
  const auto service = StartService();
  const RawResponse alone = Ask(
      *service, PostRequest("/process", kJson, FrameJson(R"({"frame_id":"f","camera_id":"c"})")));
  REQUIRE(alone.status == 200);
  const RawResponse batch =
      Ask(*service, PostRequest("/process-batch", kJson,
                                BatchJson({FrameJson(R"({"frame_id":"f","camera_id":"c"})"),
                                           R"({"frame_data":"QUJD","metadata":{"frame_id":"g"}})",
                                           R"({"frame_data":"Q","metadata":{"format":7}})", "12",
                                           FrameJson(R"({"frame_id":"h","camera_id":"d"})")})));
  INFO(batch.body);
  REQUIRE(batch.status == 200);
  CHECK(batch.Field("Content-Type") == "application/json");
  const std::string text = WithoutTimes(batch.body);
  // What a picture alone gives, its background with nothing seen before included.
  const std::string result = WithoutTimes(alone.body);
  CHECK(text.starts_with(R"({"results":[)" + result +
                         R"(,{"index":1,"frame_id":"g","error":{"type":)"));
  CHECK(text.find(R"("status":415)") != std::string::npos);
  CHECK(text.find(R"({"index":2,"error":{"type":"urn:sampleproc:problem:invalid-frame",)") !=
        std::string::npos);
  CHECK(text.find(R"("loc":["body","frames","2","frame_data"])") != std::string::npos);
  CHECK(text.find(R"("loc":["body","frames","2","metadata","format"])") != std::string::npos);
  CHECK(text.find(R"("loc":["body","frames","3"])") != std::string::npos);
  CHECK(text.find(R"({"frame_id":"h","camera_id":"d",)") != std::string::npos);
  CHECK(text.ends_with(R"(],"total":5,"succeeded":2,"failed":3,_})"));
}

TEST_CASE("what is wrong with a batch as such is refused as a whole") {
  const auto service = StartService([](auto& config) { config.frame.max_batch_frames = 2; });
  const auto ask = [&](const std::string& body, const std::string& fields = kJson) {
    return Ask(*service, PostRequest("/process-batch", fields, body));
  };
  const auto says = [&](const std::string& body, const std::string& text) {
    const RawResponse response = ask(body);
    INFO(response.body);
    CHECK(response.status == 422);
    CHECK(response.body.find(text) != std::string::npos);
  };
  says("[]", R"("type":"object_type","loc":["body"])");
  says("{}", R"("type":"array_type","loc":["body","frames"])");
  says(R"({"frames":{}})", R"("type":"array_type","loc":["body","frames"])");
  says(R"({"frames":[]})", R"("type":"empty","loc":["body","frames"])");
  says(R"({"frames":[1,2,3]})",
       R"("loc":["body","frames"],"msg":"has 3 frames; at most 2 are allowed")");
  says(R"({"frames":[1,{"metadata":{"frame_id":1,"frame_id":2}}]})",
       R"("type":"duplicate_key","loc":["body","frames","1","metadata","frame_id"])");
  says(R"({"frames":[)", R"("type":"json_invalid")");
  CHECK(ask(Picture(), "Content-Type: image/jpeg\r\n").status == 415);
  CHECK(ask(BatchJson({FrameJson(), FrameJson()})).status == 200);
}

TEST_CASE("a batch costs its frames in the quota, all or none") {
  const auto service = StartService([](auto& config) { config.http.max_requests_per_minute = 5; });
  const std::string three = PostRequest("/process-batch", kJson, BatchJson({"1", "2", "3"}));
  const RawResponse first = Ask(*service, three);
  CHECK(first.status == 200);
  CHECK(first.Field("RateLimit").starts_with("\"default\";r=2;"));
  const RawResponse second = Ask(*service, three);
  CHECK(second.status == 429);
  CHECK_FALSE(second.Field("Retry-After").empty());
  // The request itself was one; its frames were not taken.
  CHECK(second.Field("RateLimit").starts_with("\"default\";r=1;"));
  CHECK(Ask(*service, PostRequest("/process-batch", kJson, BatchJson({"1"}))).status == 200);
}

TEST_CASE("a tracked frame belongs to the caller's trace or begins one") {
  const auto service = StartService();
  const auto ask = [&](const std::string& fields) {
    return Ask(*service, PostRequest("/process-with-tracking", kJson + fields, FrameJson()));
  };
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const RawResponse told =
      ask("traceparent: 00-" + trace +
          "-00f067aa0ba902b7-01\r\ntracestate: a=1, b=2\r\ntracestate: c=3\r\n");
  INFO(told.body);
  CHECK(told.status == 200);
  CHECK(told.body.starts_with(R"({"frame_tracking_enabled":true,"trace_id":")" + trace +
                              R"(","frame_id":)"));
  CHECK(std::regex_search(told.body,
                          std::regex(R"re(,"traceparent":"00-)re" + trace +
                                     R"re(-[0-9a-f]{16}-01","tracestate":"a=1,b=2,c=3"\}$)re")));
  CHECK(told.body.find("00f067aa0ba902b7") == std::string::npos);  // the span is our own
  for (const std::string& fields :
       {std::string(), std::string("traceparent: nonsense\r\ntracestate: a=1\r\n"),
        "traceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\ntraceparent: 00-" + trace +
            "-00f067aa0ba902b7-01\r\n"}) {
    const RawResponse made = ask(fields);
    CHECK(made.status == 200);
    CHECK(made.body.find(trace) == std::string::npos);
    CHECK(made.body.find("tracestate") == std::string::npos);
    CHECK(std::regex_search(
        made.body,
        std::regex(R"re(^\{"frame_tracking_enabled":true,"trace_id":"([0-9a-f]{32})".*)re"
                   R"re("traceparent":"00-\1-[0-9a-f]{16}-01"\}$)re")));
  }
  CHECK(ask("Accept: image/jpeg\r\n").status == 406);
}

}  // namespace
}  // namespace sampleproc::service
