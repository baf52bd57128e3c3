#include "frame/result_json.h"

#include <catch2/catch.hpp>
#include <limits>
#include <stdexcept>

#include "support/python.h"

namespace sampleproc::frame {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

FrameResult Sample() {
  FrameResult result;
  result.frame_id = "f\"1\xFF";
  result.camera_id = "cam";
  result.detections = {{"face", 0.12345678, {1, 2, 30, 40}, "dlib-frontal"}};
  result.width = 640;
  result.height = 480;
  result.format = "jpeg";
  result.orientation = 6;
  result.warnings = {{"eoi_missing", "the end is missing"}};
  result.stats = LumaStats{.mean = 1.0 / 3, .min = 1, .max = 250, .sharpness = 12.5};
  result.steps = {{"stats", "", microseconds(1500)}, {"faces", "no_motion", nanoseconds(0)}};
  result.times = {.queued = nanoseconds(1'234'567),
                  .decode = microseconds(10),
                  .total = microseconds(25'000),
                  .finished = base::WallTime{}};
  return result;
}

std::string Result(const FrameResult& result, const ResultJsonOptions& options = {}) {
  std::string out;
  AppendResultJson(result, options, out);
  return out;
}

TEST_CASE("a result has its members in their order") {
  std::string zeros = "0";
  for (int i = 1; i < kHistogramBins; ++i) zeros += ",0";
  CHECK(Result(Sample()) ==
        "{\"frame_id\":\"f\\\"1\xEF\xBF\xBD\",\"camera_id\":\"cam\",\"detections\":[{"
        "\"class\":\"face\",\"confidence\":0.123457,\"bbox\":[1,2,30,40],"
        "\"detector\":\"dlib-frontal\"}],\"total_objects\":1,\"processing_time_ms\":25,"
        "\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"width\":640,\"height\":480,"
        "\"format\":\"jpeg\",\"orientation\":6,\"warnings\":[{\"type\":\"eoi_missing\","
        "\"msg\":\"the end is missing\"}],\"stats\":{\"mean\":0.333333,\"stddev\":0,\"min\":1,"
        "\"max\":250,\"histogram\":[" +
            zeros +
            "],\"underexposed\":0,\"overexposed\":0,\"sharpness\":12.5},\"steps\":["
            "{\"name\":\"stats\",\"took_ms\":1.5},{\"name\":\"faces\",\"skipped\":\"no_motion\","
            "\"took_ms\":0}],\"times_ms\":{\"queued\":1.235,\"decode\":0.01,\"total\":25}}");
}

TEST_CASE("without clock fields a result does not depend on the clock") {
  FrameResult slow = Sample();
  slow.times.total *= 7;
  slow.times.queued = slow.times.decode = nanoseconds(9);
  slow.times.finished += std::chrono::hours(5);
  slow.steps[0].took *= 3;
  const ResultJsonOptions options{.clock_fields = false};
  CHECK(Result(slow, options) == Result(Sample(), options));
  CHECK(Result(slow, options).find("_ms") == std::string::npos);
  CHECK(Result(slow, options).find("timestamp") == std::string::npos);
}

TEST_CASE("what there is nothing to say of is left out") {
  FrameResult result;
  result.frame_id = "x";
  CHECK(Result(result, {.clock_fields = false}) ==
        R"({"frame_id":"x","detections":[],"total_objects":0,"width":0,"height":0,"format":"",)"
        R"("orientation":1,"warnings":[],"steps":[]})");
}

TEST_CASE("simulated_gpu is added at the end and changes nothing else") {
  const std::string plain = Result(Sample());
  const std::string gpu = Result(Sample(), {.clock_fields = true, .simulated_gpu = true});
  CHECK(gpu == plain.substr(0, plain.size() - 1) + ",\"simulated_gpu\":true}");
}

TEST_CASE("a record is the result with its source in front") {
  std::string out;
  AppendRecordJson({"a b.jpg", 3}, Sample(), {}, out);
  CHECK(out == "{\"source\":\"a b.jpg\",\"index\":3," + Result(Sample()).substr(1));
}

TEST_CASE("a failed frame's record carries its error and all its problems") {
  std::string out;
  AppendErrorRecordJson({"x.jpg", 0}, "x.jpg#0",
                        base::Fail(base::ErrorCode::kIo, "cannot open").error(), out);
  CHECK(out == R"({"source":"x.jpg","index":0,"frame_id":"x.jpg#0",)"
               R"("error":{"type":"io","message":"cannot open"}})");
  out.clear();
  AppendErrorRecordJson({"x", 0}, "x#0",
                        base::Fail(base::ErrorCode::kInvalidFrame,
                                   {{"empty", {"body", "frame_data"}, "must not be empty"}})
                            .error(),
                        out);
  CHECK(out == R"({"source":"x","index":0,"frame_id":"x#0","error":{"type":"invalid-frame",)"
               R"("message":"body.frame_data: must not be empty","problems":[{"type":"empty",)"
               R"("loc":["body","frame_data"],"msg":"must not be empty"}]}})");
}

TEST_CASE("a message has the original service's members, its own word for a class beside ours") {
  FrameResult result = Sample();
  result.frame_id = "f";
  result.stats.reset();
  result.times.finished += std::chrono::milliseconds(1'753'787'696'500);
  std::string out;
  AppendMessageJson({.processor_id = "p-1", .timestamp = "2025-07-29T11:14:56Z"}, result, {}, out);
  CHECK(out ==
        "{\"frame_id\":\"f\",\"camera_id\":\"cam\",\"timestamp\":\"2025-07-29T11:14:56Z\","
        "\"processed\":true,\"processing_time\":0.025,\"processor_id\":\"p-1\","
        "\"processor_timestamp\":1753787696.5,\"sample_metadata\":{\"width\":640,\"height\":480,"
        "\"format\":\"jpeg\",\"orientation\":6,\"warnings\":[{\"type\":\"eoi_missing\","
        "\"msg\":\"the end is missing\"}],\"steps\":[{\"name\":\"stats\",\"took_ms\":1.5},"
        "{\"name\":\"faces\",\"skipped\":\"no_motion\",\"took_ms\":0}]},"
        "\"detections\":[{\"type\":\"face\",\"class\":\"face\",\"confidence\":0.123457,"
        "\"bbox\":[1,2,30,40],\"detector\":\"dlib-frontal\"}],\"detection_count\":1}");
  FrameResult nameless;
  std::string text;
  AppendMessageJson({.processor_id = "p"}, nameless, {.simulated_gpu = true}, text);
  CHECK(text.find("\"camera_id\":null,\"timestamp\":null,") != std::string::npos);
  CHECK(text.find("\"steps\":[],\"simulated_gpu\":true},") != std::string::npos);
}

TEST_CASE("a confidence that is no number is a bug and is not written") {
  FrameResult result = Sample();
  result.detections[0].confidence = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(Result(result), std::invalid_argument);
}

TEST_CASE("Python reads a result as it was meant") {
  constexpr const char* kReference = R"(
import json, sys
lines = sys.stdin.buffer.read().decode('utf-8').splitlines()
assert len(lines) == 2
result, failed = map(json.loads, lines)
d = result['detections'][0]
assert (d['class'], d['confidence'], d['bbox']) == ('face', 0.123457, [1, 2, 30, 40])
assert result['frame_id'] == 'f"1\ufffd' and result['source'] == '\u20ac/\n.jpg'
assert len(result['stats']['histogram']) == 64 and result['total_objects'] == 1
assert failed['error'] == {'type': 'io', 'message': 'quote " and \u0001'}
print('ok')
)";
  std::string out;
  AppendRecordJson({"\xE2\x82\xAC/\n.jpg", 0}, Sample(), {}, out);
  out += '\n';
  AppendErrorRecordJson({"s", 0}, "s#0",
                        base::Fail(base::ErrorCode::kIo, "quote \" and \x01").error(), out);
  CHECK(testing::RunPython(kReference, out) == "ok\n");
}

}  // namespace
}  // namespace sampleproc::frame
