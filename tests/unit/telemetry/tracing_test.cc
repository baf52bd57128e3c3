#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/fake_clock.h"
#include "support/null_logger.h"
#include "telemetry/otlp.h"
#include "telemetry/otlp_exporter.h"
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
  CHECK(url("http://c:9999", OtlpProtocol::kGrpc).url == "http://c:9999/v1/traces");
  CHECK(url("http://c:9999", OtlpProtocol::kGrpc).note.find("gRPC") != std::string::npos);
  CHECK(url("http://c:4318/in?key=1").url == "http://c:4318/in/v1/traces");
  CHECK(url("http://c:4318/in?key=1").drops_query);
  CHECK(url("http://jaeger:4317?key=1").drops_query);
  CHECK_FALSE(url("http://c:4318/in").drops_query);

  Options options;
  options.otlp_endpoint = "http://other:4318";
  options.otlp_traces_endpoint = "http://c:9/spans";
  CHECK(TargetOf(options).url == "http://c:9/spans");
  options.otlp_traces_endpoint = "http://c:9/spans?key=1";
  CHECK(TargetOf(options).url == "http://c:9/spans?key=1");
  CHECK_FALSE(TargetOf(options).drops_query);
}

TEST_CASE("pairs are read as the standard's variables have them") {
  const TextPairs pairs = ParsePairs("a=1, b-c = x%20y ,nothing,=empty,d=%0d%0aX: y,e=%zz,f=g=h");
  CHECK(pairs == TextPairs{{"a", "1"}, {"b-c", "x y"}, {"f", "g=h"}});
  CHECK(ParsePairs("").empty());
}

TEST_CASE("what a header field for the collector cannot be is told by its number, not its text") {
  const std::string text =
      "Authorization=Bearer%20x, ,nothing,=v,Host=evil,content-length=0,X%0d%0aHost=evil,b=%zz,"
      "api-key=k";
  CHECK(HeaderFields(text) == TextPairs{{"Authorization", "Bearer x"}, {"api-key", "k"}});
  std::vector<std::pair<std::size_t, bool>> faults;
  for (const HeaderFault& fault : HeaderFaults(text)) {
    faults.emplace_back(fault.entry, fault.is_refused);
    CHECK(fault.why.find("evil") == std::string::npos);
  }
  CHECK(faults == std::vector<std::pair<std::size_t, bool>>{
                      {2, false}, {3, false}, {4, true}, {5, true}, {6, true}, {7, false}});
  CHECK(HeaderFaults("a=1,b=2,").empty());
}

TEST_CASE("what a collector has not taken is read from its answer") {
  const auto read = [](std::string_view answer) {
    const PartialSuccess partial = ReadAnswer(answer);
    return std::pair(partial.rejected_spans, partial.why);
  };
  using Read = std::pair<std::uint64_t, std::string>;
  CHECK(read(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})") ==
        Read(3, "too old"));
  CHECK(read(R"({"partial_success":{"rejected_spans":2}})") == Read(2, ""));
  CHECK(read(R"({"rejectedSpans":3,"partialSuccess":{"x":{"rejectedSpans":3}}})") == Read(0, ""));
  for (const char* nothing : {"", "{}", "[]", "\x0a\x02", R"({"partialSuccess":{}})",
                              R"({"partialSuccess":{"rejectedSpans":"-1"}})"}) {
    CHECK(read(nothing) == Read(0, ""));
  }
  const std::string longest =
      read(R"({"partialSuccess":{"errorMessage":")" + std::string(199, 'x') + "\u00e4\u00e4\"}}")
          .second;
  CHECK(longest == std::string(199, 'x'));
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
        R"("spanId":"00f067aa0ba902b7","traceState":"v=1"}],"status":{"code":2,"message":"why"}}],)"
        R"("schemaUrl":)"
        R"("https://opentelemetry.io/schemas/1.30.0"}],"schemaUrl":)"
        R"("https://opentelemetry.io/schemas/1.30.0"}]})");
}

TEST_CASE("traces that are kept for their failure: what strangers cause leaves room for ours") {
  testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  base::IdSource ids(7);
  Options options;
  options.otlp_endpoint = "http://127.0.0.1:1";
  options.span_delay = std::chrono::hours(1);  // nothing is sent
  OtlpExporter exporter(options, {clock, ids, log, "cam", "1"});
  const auto take = [&](bool first_failed, const char* error_type) {
    base::SpanBatch batch;
    batch.first_span = 1;
    batch.spans.resize(1);
    batch.spans[0].id = 1;
    batch.spans[0].failed = first_failed;
    batch.spans[0].attributes.push_back({"error.type", std::string(error_type)});
    const std::uint64_t before = exporter.counts().waiting;
    for (int i = 0; i < 100; ++i) exporter.Take(batch);
    return exporter.counts().waiting - before;
  };
  CHECK(take(false, "422") == OtlpExporter::kCallersPerSecond);
  CHECK(take(true, "cancelled") == 0);
  CHECK(take(true, "500") == OtlpExporter::kFailuresPerSecond);
  clock.Advance(std::chrono::seconds(1));
  CHECK(take(true, "cancelled") == OtlpExporter::kCallersPerSecond);
}

}  // namespace
}  // namespace sampleproc::telemetry
