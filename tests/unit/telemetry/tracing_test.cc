#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/fake_clock.h"
#include "telemetry/otlp.h"
#include "telemetry/tracer.h"

namespace sampleproc::telemetry {
namespace {

base::TraceContext Trace(const std::string& last, bool sampled) {
  base::TraceContext trace;
  trace.trace_id = "4bf92f3577b34da6" + last;
  trace.flags = sampled ? base::TraceContext::kSampled : 0;
  return trace;
}

TEST_CASE("the sampler decides as the standard's do") {
  const base::TraceContext low = Trace("0000000000000001", false);
  const base::TraceContext high = Trace("fffffffffffffffe", true);
  for (const bool has_caller : {false, true}) {
    CHECK(IsSampled(Sampler::kAlwaysOn, 0, low, has_caller));
    CHECK_FALSE(IsSampled(Sampler::kAlwaysOff, 1, high, has_caller));
    CHECK(IsSampled(Sampler::kRatio, 0.5, low, has_caller));
    CHECK_FALSE(IsSampled(Sampler::kRatio, 0.5, high, has_caller));
    CHECK(IsSampled(Sampler::kRatio, 1, high, has_caller));
    CHECK_FALSE(IsSampled(Sampler::kRatio, 0, low, has_caller));
  }
  CHECK(IsSampled(Sampler::kParentAlwaysOn, 0, low, false));
  CHECK_FALSE(IsSampled(Sampler::kParentAlwaysOn, 0, low, true));
  CHECK_FALSE(IsSampled(Sampler::kParentAlwaysOff, 0, high, false));
  CHECK(IsSampled(Sampler::kParentAlwaysOff, 0, high, true));
  CHECK(IsSampled(Sampler::kParentRatio, 0.5, low, false));
  CHECK_FALSE(IsSampled(Sampler::kParentRatio, 0.5, low, true));
  CHECK(IsSampled(Sampler::kParentRatio, 0.5, high, true));
}

TEST_CASE("the ratio takes its share of traces") {
  base::IdSource ids(7);
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    taken += IsSampled(Sampler::kRatio, 0.1, base::ContinueTrace(std::nullopt, ids), false) ? 1 : 0;
  }
  CHECK(taken > 850);
  CHECK(taken < 1150);
}

TEST_CASE("the collector's address is made as the specification says") {
  const auto url = [](const std::string& endpoint, OtlpProtocol protocol = OtlpProtocol::kAuto) {
    Options options;
    options.otlp_endpoint = endpoint;
    options.otlp_protocol = protocol;
    return TargetOf(options);
  };
  CHECK(url("").url.empty());
  CHECK(url("http://c:4318").url == "http://c:4318/v1/traces");
  CHECK(url("http://c:4318/").url == "http://c:4318/v1/traces");
  CHECK(url("https://u:p@c/otlp/").url == "https://u:p@c/otlp/v1/traces");
  CHECK(url("http://c:4318").note.empty());
  CHECK(url("http://jaeger:14268/api/traces").url == "http://jaeger:4318/v1/traces");
  CHECK(url("http://u:secret@jaeger:4317").url == "http://u:secret@jaeger:4318/v1/traces");
  CHECK(url("http://u:secret@jaeger:4317").note.find("secret") == std::string::npos);
  CHECK(url("http://[::1]:4317").url == "http://[::1]:4318/v1/traces");
  CHECK_FALSE(url("http://jaeger:4317", OtlpProtocol::kGrpc).note.empty());
  CHECK(url("http://c:4317", OtlpProtocol::kJson).url == "http://c:4317/v1/traces");
  CHECK(url("http://c:4317", OtlpProtocol::kProtobuf).note.empty());

  Options options;
  options.otlp_endpoint = "http://other:4318";
  options.otlp_traces_endpoint = "http://c:9/spans";
  CHECK(TargetOf(options).url == "http://c:9/spans");
}

TEST_CASE("pairs are read as the standard's variables have them") {
  const TextPairs pairs = ParsePairs("a=1, b-c = x%20y ,nothing,=empty,d=%0d%0aX: y,e=%zz,f=g=h");
  CHECK(pairs == TextPairs{{"a", "1"}, {"b-c", "x y"}, {"f", "g=h"}});
  CHECK(ParsePairs("").empty());
}

TEST_CASE("spans are written as OTLP's JSON has them") {
  testing::FakeClock clock;
  base::SpanBatch batch;
  batch.trace = Trace("a3ce929d0e0e4736", true);
  batch.trace.state = "v=1";
  batch.remote_parent = true;
  batch.first_span = 0x0a;
  batch.wall = base::WallTime(std::chrono::seconds(1));
  batch.mono = clock.Now();
  base::SpanRecord span;
  span.name = "a \"name\"";
  span.kind = base::SpanKind::kServer;
  span.id = 0x0a;
  span.parent = 0x0b;
  span.begun = batch.mono;
  span.ended = batch.mono + std::chrono::nanoseconds(5);
  span.attributes = {{"s", std::string("x")}, {"i", std::int64_t{3}}, {"d", 0.5}, {"b", true}};
  span.links.push_back(batch.trace);
  span.links[0].span_id = "00f067aa0ba902b7";
  span.failed = true;
  span.failure = "why";
  batch.spans = {span};
  const std::string json = OtlpJson({{"service.name", "cam"}}, "1.2.3", std::vector{batch});
  CHECK(json ==
        R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":)"
        R"({"stringValue":"cam"}}]},"scopeSpans":[{"scope":{"name":"sampleproc","version":)"
        R"("1.2.3"},"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":)"
        R"("000000000000000a","parentSpanId":"000000000000000b","traceState":"v=1","flags":769,)"
        R"("name":"a \"name\"","kind":2,"startTimeUnixNano":"1000000000","endTimeUnixNano":)"
        R"("1000000005","attributes":[{"key":"s","value":{"stringValue":"x"}},{"key":"i",)"
        R"("value":{"intValue":"3"}},{"key":"d","value":{"doubleValue":0.5}},{"key":"b",)"
        R"("value":{"boolValue":true}}],"links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736",)"
        R"("spanId":"00f067aa0ba902b7"}],"status":{"code":2,"message":"why"}}],"schemaUrl":)"
        R"("https://opentelemetry.io/schemas/1.30.0"}],"schemaUrl":)"
        R"("https://opentelemetry.io/schemas/1.30.0"}]})");
}

}  // namespace
}  // namespace sampleproc::telemetry
