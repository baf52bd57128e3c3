"""Traces of frames: what goes on of their senders' contexts, which are kept as failures, and those
of pictures that the service takes from cameras."""

import json

import cli
import pictures
from camera_service import WithCameras
from collector import Collector
from frame_buffer import Buffer, frame
from pixel_host import PixelHost
from service import ANY_PORT, Service
from streams import RESULTS, STREAM, RedisServer, entry, wait_until, words
from tracing import CALLER, TRACE, WithTraces, traceparent
from webhook import Webhook

CONTEXT = {"trace_id": TRACE, "span_id": CALLER, "trace_flags": "01", "trace_state": "z=9"}
HOSTS = ("--set", "consumer.frame_url_hosts=127.0.0.1")


class FrameTraces(WithTraces):
    def results(self, redis, count):
        wait_until(lambda: redis.xlen(RESULTS) >= count)
        return [fields for _, fields in redis.xrange(RESULTS)]

    def webhook(self):
        """One that also keeps the header fields that it is sent."""
        webhook = Webhook(self)
        webhook.fields = []
        handle = webhook.handle
        webhook.handle = lambda handler, body: (
            webhook.fields.append(dict(handler.headers.items())), handle(handler, body))  # fmt: skip
        return webhook, ("--set", "consumer.sinks=webhook", "--set",
                         f"consumer.webhook.url={webhook.url}/hook")  # fmt: skip

    def check_state(self, collector, redis, webhook, frames):
        """`frames` has the tracestate of each, which is that of its spans and of what is sent on."""
        results = {fields[b"frame_id"].decode(): fields for fields in self.results(redis, len(frames))}
        wait_until(lambda: len(webhook.fields) == len(frames))
        for frame_id, state in frames.items():
            work = self.one(collector, "frame", sampleproc__frame__id=frame_id)
            self.assertEqual((work.trace, work.state), (TRACE, state), frame_id)
            self.assertEqual(results[frame_id].get(b"tracestate", b"").decode(), state)
        self.assertEqual(sorted(fields.get("tracestate", "") for fields in webhook.fields),
                         sorted(frames.values()))  # fmt: skip

    def test_a_tracestate_of_a_stream_goes_on_with_its_trace(self):
        collector = Collector(self)
        server = RedisServer(self)
        redis = server.client()
        webhook, sinks = self.webhook()
        redis.xadd(STREAM, entry("field", self.picture, traceparent=traceparent(), tracestate="v=1, w=2"))
        redis.xadd(STREAM, entry("context", self.picture, trace_context=json.dumps(CONTEXT)))
        redis.xadd(STREAM, entry("broken", self.picture, traceparent=traceparent(), tracestate="v@@=1"))
        self.trace(collector, *words(server), *sinks)
        self.check_state(collector, redis, webhook, {"field": "v=1,w=2", "context": "z=9", "broken": ""})
        deliver = self.one(collector, "deliver webhook", sampleproc__frame__id="context")
        self.assertEqual(deliver.state, "z=9")

    def test_a_tracestate_goes_on_where_nothing_is_traced(self):
        server = RedisServer(self)
        redis = server.client()
        webhook, sinks = self.webhook()
        redis.xadd(STREAM, entry("f-1", self.picture, traceparent=traceparent(), tracestate="v=1"))
        self.serve("--set", "process.pipeline=stats", *words(server), *sinks)
        (result,) = self.results(redis, 1)
        self.assertEqual((result[b"traceparent"].decode(), result[b"tracestate"]), (traceparent(), b"v=1"))
        (fields,) = wait_until(lambda: webhook.fields)
        self.assertEqual((fields["traceparent"], fields["tracestate"]), (traceparent(), "v=1"))

    def test_a_tracestate_of_a_buffer_goes_on_to_the_webhook(self):
        collector = Collector(self)
        buffer = Buffer(self)
        webhook, sinks = self.webhook()
        made = frame("f-1", self.picture)
        buffer.add(made | {"trace_id": TRACE, "span_id": CALLER, "trace_state": "q=1"})
        self.trace(collector, "--set", f"consumer.http.url={buffer.url}", "--set",
                   "consumer.poll_interval=10ms", *sinks)  # fmt: skip
        self.assertEqual(self.one(collector, "process frames").state, "q=1")
        self.assertEqual(wait_until(lambda: webhook.fields)[0]["tracestate"], "q=1")

    def test_a_frame_that_succeeds_is_not_kept_as_a_failure(self):
        """Its pixels are looked for in Redis first, where there are none."""
        collector = Collector(self)
        server = RedisServer(self)
        redis = server.client()
        host = PixelHost(self, self.picture)
        for number in range(5):
            redis.xadd(STREAM, entry(f"good-{number}", frame_url=host.at(number)))
        redis.xadd(STREAM, entry("nowhere"))
        self.trace(collector, *words(server), *HOSTS, env={
            "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"})  # fmt: skip
        self.assertEqual(len(self.results(redis, 5)), 5)
        lost = self.one(collector, f"process {STREAM}", sampleproc__reason="no_pixels")
        (fetch,) = [span for span in collector.of(lost.trace) if span.name == "fetch"]
        self.assertTrue(fetch.failed)
        # All that came before has ended; what of it is exported is in this batch or an earlier one.
        self.assertEqual(collector.named(f"process {STREAM}", sampleproc__outcome="done"), [])

    def test_a_place_without_pixels_is_told_when_another_has_them(self):
        collector = Collector(self)
        server = RedisServer(self)
        host = PixelHost(self, self.picture)
        server.client().xadd(STREAM, entry("f-1", frame_url=f"{host.url}/{'k' * 30}1?key=canary-77"))
        self.trace(collector, *words(server), *HOSTS)
        process = self.one(collector, f"process {STREAM}")
        miss, hit = [span for span in collector.of(process.trace) if span.name == "fetch"]
        self.assertEqual((miss.failed, miss.attributes["sampleproc.outcome"]), (False, "not-found"))
        self.assertEqual((hit.failed, hit.attributes.get("sampleproc.outcome")), (False, None))
        address, port = host.address
        server_of = {"server.address": address, "server.port": port}
        self.assertEqual(hit.attributes | server_of, hit.attributes)
        (get,) = [span for span in collector.of(process.trace) if span.name == "GET"]
        self.assertEqual(get.attributes["url.full"], f"{host.url}/***?key=***")
        self.assertNotIn(b"canary-77", b"".join(collector.bodies))


    def test_a_login_in_an_id_is_in_no_span(self):
        collector = Collector(self)
        server = RedisServer(self)
        camera = "rtsp://u:canary-77@h/s"
        server.client().xadd(STREAM, entry("f@canary:" + camera, self.picture, camera=camera))
        self.trace(collector, *words(server))
        self.one(collector, f"process {STREAM}")
        self.one(collector, "frame", sampleproc__camera__id="rtsp://***@h/s")
        self.assertNotIn(b"canary-77", b"".join(collector.bodies))


class CameraTraces(WithCameras):
    def watch(self, collector, cameras):
        return Service(self, *ANY_PORT, "--config", self.configure(cameras), "--set",
                       "consumer.sinks=log", "--set", f"telemetry.otlp_endpoint={collector.url}",
                       "--set", "telemetry.span_delay=10ms")  # fmt: skip

    def check(self, collector, service):
        """A picture of camera `yard` that was looked at: its trace, and the spans of it."""
        watch = wait_until(lambda: collector.named("watch", sampleproc__outcome="done"))[0]
        self.assertEqual((watch.kind, watch.parent), ("internal", ""))
        self.assertEqual(watch.attributes["sampleproc.camera.id"], "yard")
        spans = {span.name: span for span in collector.of(watch.trace)}
        self.assertEqual(spans["frame"].parent, watch.id)
        self.assertEqual(spans["frame"].attributes["sampleproc.camera.id"], "yard")
        for name in ("queue", "step stats"):
            self.assertEqual(spans[name].parent, spans["frame"].id)
        line = service.wait_for("result", trace_id=watch.trace)
        self.assertEqual(line["camera"], "yard")
        wait_until(lambda: service.metric('sampleproc_stage_duration_seconds_count{stage="decode"}') > 0)
        return watch, spans

    def test_pictures_of_a_video_are_traces(self):
        collector = Collector(self)
        service = self.watch(collector, {
            "yard": {"url": pictures.sample_path("vtest.avi"), "fps": 5, "loop": True}})  # fmt: skip
        watch, spans = self.check(collector, service)
        self.assertEqual(spans["decode"].parent, watch.id)
        self.assertEqual(spans["decode"].attributes["sampleproc.image.width"], 768)
        self.assertLessEqual(watch.begun, spans["decode"].begun)
        self.assertNotIn("server.address", watch.attributes)

    def test_pictures_over_http_are_traces_that_name_the_camera_and_its_host(self):
        collector = Collector(self)
        host = PixelHost(self, pictures.sample("messi5.jpg"))
        service = self.watch(collector, {"yard": {"url": host.at("now.jpg"), "fps": 20}})
        watch, spans = self.check(collector, service)
        self.assertEqual(spans["decode"].parent, spans["frame"].id)
        address, port = host.address
        self.assertEqual((watch.attributes["server.address"], watch.attributes["server.port"]),
                         (address, port))  # fmt: skip


if __name__ == "__main__":
    cli.main()
