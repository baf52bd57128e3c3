"""Traces: requests and frames followed through all their spans, in a collector of the test's own."""

import json
import socket
import ssl
import struct
import tempfile
import threading

import cli
from certificate import make_certificate
from collector import Collector
from frame_buffer import Buffer, frame
from streams import RESULTS, STREAM, RedisServer, entry, wait_until, words
from tracing import CALLER, TRACE, WithTraces, traceparent
from webhook import Webhook

CANARY = "canary-5c1d"


class Traces(WithTraces):
    def check_work(self, collector, parent):
        """What every frame goes through, whichever door it came by."""
        work = self.one(collector, "frame", sampleproc__frame__id="f-1")
        self.assertEqual(work.parent, parent.id)
        self.assertEqual(work.trace, parent.trace)
        self.assertEqual(work.attributes["sampleproc.camera.id"], "c-1")
        self.assertEqual(work.attributes["sampleproc.detections"], 0)
        parts = [span for span in collector.of(parent.trace) if span.parent == work.id]
        for name in ("queue", "decode", "step stats", "encode"):
            (part,) = [span for span in parts if span.name == name]
            self.assertEqual(part.kind, "internal")
            self.assertFalse(part.failed)
            self.assertLessEqual(work.begun, part.begun)
        (decode,) = [span for span in parts if span.name == "decode"]
        self.assertEqual(decode.attributes["sampleproc.image.format"], "png")
        return work, parts

    def test_a_request_is_followed_through_all_its_spans(self):
        collector = Collector(self)
        service = self.trace(collector, "--set", f"telemetry.otlp_headers=x-key={CANARY}%21", env={
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20b,service.name=no",
            "OTEL_SERVICE_NAME": "cams"})  # fmt: skip
        answer = self.post(service, traceparent=traceparent(), tracestate="a=1,,b=2",
                           X_Request_ID="r-1")  # fmt: skip
        self.assertEqual(answer.status, 200)
        server = self.one(collector, "POST /process")
        self.assertEqual((server.trace, server.parent, server.kind), (TRACE, CALLER, "server"))
        self.assertEqual(server.state, "a=1,b=2")
        self.assertEqual(server.attributes | {
            "http.request.method": "POST", "http.route": "/process", "url.path": "/process",
            "url.scheme": "http", "http.response.status_code": 200,
            "network.protocol.version": "1.1", "server.address": "127.0.0.1",
            "client.address": "127.0.0.1", "sampleproc.request_id": "r-1",
            "http.request.body.size": len(self.picture)}, server.attributes)  # fmt: skip
        self.assertEqual(server.resource["service.name"], "cams")
        self.assertEqual(server.resource["deployment.environment.name"], "a b")
        self.check_work(collector, server)
        line = service.wait_for("request", request_id="r-1")
        self.assertEqual(line["trace_id"], TRACE)

        told = json.loads(service.ask("POST", "/process-with-tracking", self.picture,
                                      {"Content-Type": "image/png"}).body)  # fmt: skip
        tracked = self.one(collector, "POST /process-with-tracking")
        self.assertEqual(told["traceparent"], f"00-{tracked.trace}-{tracked.id}-01")

        self.assertEqual(service.get("/health").status, 200)
        bad = service.ask("POST", "/process", b"\x89PNG\r\n\x1a\n", {"Content-Type": "image/png"})
        self.assertEqual(bad.status, 422)
        decode = wait_until(lambda: [span for span in collector.named("decode") if span.failed])[0]
        self.assertEqual(decode.attributes["error.type"], "invalid-frame")
        self.assertFalse(collector.named("GET /health"))
        self.assertEqual(collector.paths, {"/v1/traces"})
        self.assertEqual(collector.headers[0]["x-key"], CANARY + "!")
        self.assertEqual(service.stop(), 0)
        self.assertNotIn(CANARY, "".join(service.lines))
        self.assertFalse([body for body in collector.bodies if CANARY.encode() in body])

    def test_bad_headers_begin_a_trace_of_their_own(self):
        collector = Collector(self)
        service = self.trace(collector)
        bad = [traceparent(version="ff"), traceparent(trace="0" * 32), traceparent(span="0" * 16),
               traceparent().upper(), traceparent() + "-more", traceparent()[:-1], "nonsense"]  # fmt: skip
        for number, header in enumerate(bad):
            self.post(service, traceparent=header, tracestate="a=1", X_Request_ID=f"r-{number}")
        for number, header in enumerate(bad):
            span = self.one(collector, "POST /process", sampleproc__request_id=f"r-{number}")
            self.assertEqual((span.parent, span.state), ("", ""), header)
            self.assertNotEqual(span.trace, TRACE, header)
        self.post(service, traceparent=traceparent(version="01") + "-new", X_Request_ID="r-x")
        span = self.one(collector, "POST /process", sampleproc__request_id="r-x")
        self.assertEqual(span.trace, TRACE)

    def test_the_callers_decision_counts_and_failures_are_kept(self):
        collector = Collector(self)
        service = self.trace(collector)
        self.post(service, traceparent=traceparent(flags="00"), X_Request_ID="quiet")
        bad = service.ask("POST", "/process", b"\x89PNG\r\n\x1a\n", {
            "Content-Type": "image/png", "X-Request-ID": "bad",
            "traceparent": traceparent(flags="00")})  # fmt: skip
        self.assertEqual(bad.status, 422)
        self.one(collector, "POST /process", sampleproc__request_id="bad")
        self.assertFalse(collector.named("POST /process", sampleproc__request_id="quiet"))

        service = self.trace(collector, env={"OTEL_TRACES_SAMPLER": "always_off"})
        self.post(service, traceparent=traceparent(), X_Request_ID="off")
        self.assertEqual(service.stop(), 0)
        self.assertFalse(collector.named("POST /process", sampleproc__request_id="off"))

    def test_a_frame_of_a_stream_is_followed_through_all_its_spans(self):
        collector = Collector(self)
        server = RedisServer(self)
        redis = server.client()
        key = "frame:f-1"
        redis.set(key, self.picture)
        message = redis.xadd(STREAM, entry("f-1", camera="c-1", traceparent=traceparent()))
        service = self.trace(collector, *words(server))
        process = self.one(collector, f"process {STREAM}")
        receive = self.one(collector, f"receive {STREAM}")
        self.assertEqual((process.trace, process.parent, process.kind),
                         (TRACE, CALLER, "consumer"))  # fmt: skip
        self.assertEqual(receive.kind, "client")
        self.assertEqual(receive.links, [(TRACE, CALLER)])
        self.assertEqual(process.links, [(receive.trace, receive.id)])
        common = {"messaging.system": "redis", "messaging.destination.name": STREAM,
                  "messaging.consumer.group.name": "frame-processors",
                  "server.address": server.path}  # fmt: skip
        self.assertNotIn("server.port", process.attributes)
        for span, operation in ((receive, "receive"), (process, "process")):
            expected = common | {"messaging.operation.type": operation}
            self.assertEqual(span.attributes | expected, span.attributes)
        self.assertEqual(receive.attributes["messaging.batch.message_count"], 1)
        self.assertEqual(process.attributes["messaging.message.id"], message.decode())
        self.assertEqual(process.attributes["sampleproc.outcome"], "done")
        _, parts = self.check_queued_twice(collector, process)
        (fetch,) = [span for span in parts if span.name == "fetch"]
        self.assertEqual((fetch.kind, fetch.failed), ("client", False))
        self.assertEqual(fetch.attributes["db.operation.name"], "GET")
        settle = self.one(collector, f"settle {STREAM}")
        self.assertEqual((settle.trace, settle.parent, settle.kind), (TRACE, process.id, "client"))
        self.assertEqual(settle.attributes["messaging.operation.type"], "settle")
        for stage in ("fetch", "queue", "decode", "stats", "total", "encode", "settle"):
            count = f'sampleproc_stage_duration_seconds_count{{stage="{stage}"}}'
            # The spans may arrive before the frame is counted.
            wait_until(lambda count=count: service.metric(count) > 0)
            self.assertEqual(service.metric(count), 1, stage)
        result = redis.xrange(RESULTS)[0][1]
        self.assertEqual(result[b"traceparent"].decode(), f"00-{TRACE}-{process.id}-01")

    def check_queued_twice(self, collector, process):
        """As check_work, of a frame that waits for its fetch and again for a worker."""
        work = self.one(collector, "frame", sampleproc__frame__id="f-1")
        self.assertEqual((work.parent, work.trace), (process.id, process.trace))
        parts = [span for span in collector.of(process.trace) if span.parent == work.id]
        self.assertEqual(sorted(span.name for span in parts),
                         ["decode", "encode", "fetch", "queue", "queue", "step stats"])  # fmt: skip
        return work, parts

    def test_a_frame_of_a_buffer_goes_on_to_the_webhook(self):
        collector = Collector(self)
        buffer = Buffer(self)
        webhook = Webhook(self)
        headers = []
        handle = webhook.handle
        webhook.handle = lambda handler, body: (
            headers.append(handler.headers["traceparent"]), handle(handler, body))  # fmt: skip
        service = self.trace(
            collector, "--set", f"consumer.http.url={buffer.url}", "--set",
            "consumer.poll_interval=10ms", "--set", "consumer.sinks=webhook", "--set",
            f"consumer.webhook.url={webhook.url}/hook?token={CANARY}")  # fmt: skip
        buffer.add(frame("f-1", self.picture, camera="c-1"))
        process = self.one(collector, "process frames")
        self.assertEqual((process.parent, process.kind), ("", "consumer"))
        self.assertEqual(process.attributes["messaging.system"], "frame_buffer")
        receive = self.one(collector, "receive frames")
        self.assertEqual(process.links, [(receive.trace, receive.id)])
        self.check_work(collector, process)
        self.assertEqual(self.one(collector, "settle frames").parent, process.id)
        deliver = self.one(collector, "deliver webhook")
        self.assertEqual((deliver.trace, deliver.parent), (process.trace, process.id))
        client = self.one(collector, "POST")
        self.assertEqual((client.parent, client.kind), (deliver.id, "client"))
        self.assertEqual(client.attributes["http.response.status_code"], 204)
        self.assertEqual(headers, [f"00-{process.trace}-{client.id}-01"])
        everything = service.get("/health").body + service.get("/metrics").body
        self.assertEqual(service.stop(), 0)
        for text in (*collector.bodies, everything, "".join(service.lines).encode()):
            self.assertNotIn(CANARY.encode(), text)

    def dropped(self, service, reason):
        return service.metric(f'sampleproc_spans_dropped_total{{reason="{reason}"}}')

    def test_a_collector_that_fails_costs_requests_nothing(self):
        collector = Collector(self)
        held = threading.Event()
        self.addCleanup(held.set)

        def hang(_):
            held.wait(cli.PATIENCE)

        def garbage(handler):
            handler.raw(b"\x00\xff no HTTP at all\r\n\r\n")
            handler.close_connection = True

        def refuse(handler):
            handler.answer(429, Retry_After="0")

        for fault in (hang, garbage, refuse):
            with self.subTest(fault.__name__):
                collector.fault = fault
                service = self.trace(collector, "--set", "telemetry.span_queue=20", "--set",
                                     "telemetry.span_batch=10")  # fmt: skip
                for _ in range(10):
                    self.assertEqual(self.post(service).status, 200)
                wait_until(lambda s=service: self.dropped(s, "no_room") > 0)
                self.assertEqual(service.get("/health").json()["status"], "healthy")
                if fault is not hang:
                    service.wait_for("traces: the collector does not take spans")
                    told = service.wait_for("traces: spans are dropped: telemetry.span_queue is full")
                    self.assertGreater(told["dropped"], 0)
                self.assertEqual(service.stop(), 0)
                service.wait_for("shutdown: spans are lost")

    def test_what_a_slow_collector_leaves_no_room_for_is_told(self):
        collector = Collector(self)
        slow = threading.Event()
        self.addCleanup(slow.set)
        collector.fault = lambda handler: (slow.wait(cli.PATIENCE), handler.answer(200, b"{}"))
        service = self.trace(collector, "--set", "telemetry.span_queue=32", "--set",
                             "telemetry.span_batch=1")  # fmt: skip
        wait_until(lambda: self.post(service).status == 200 and self.dropped(service, "no_room") > 0)
        slow.set()
        service.wait_for("traces: spans are dropped: telemetry.span_queue is full")
        self.assertFalse([line for line in service.lines if "does not take spans" in line])

    def test_a_queue_that_no_trace_fits_into_is_told_before_and_when_it_drops_one(self):
        collector = Collector(self)
        service = self.trace(collector, env={"OTEL_BSP_MAX_QUEUE_SIZE": "5"})
        service.wait_for("configuration", code="SP1135")
        self.assertEqual(self.post(service).status, 200)
        told = service.wait_for("traces: spans are dropped: one trace has more of them")
        self.assertGreater(told["together"], told["span_queue"])
        self.assertEqual(self.dropped(service, "no_room"), told["together"])

    def test_a_collector_that_says_when_is_asked_no_sooner_nor_at_a_stop(self):
        collector = Collector(self)
        asked = []
        collector.fault = lambda handler: (asked.append(handler.path),
                                           handler.answer(503, Retry_After="120"))  # fmt: skip
        service = self.trace(collector, "--set", "telemetry.span_batch=1")
        for _ in range(5):
            self.assertEqual(self.post(service).status, 200)
        service.wait_for("traces: the collector does not take spans", error="it answers with 503")
        self.assertEqual(service.stop(), 0)
        self.assertEqual(len(asked), 1)
        service.wait_for("shutdown: spans are lost")

    def test_a_collector_over_https_is_checked_by_the_authority_that_is_named(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pem, key = folder.name + "/pem", folder.name + "/key"
        make_certificate(pem, key, "DNS:localhost")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem, key)
        collector = Collector(self, tls)
        service = self.trace(collector, env={"OTEL_EXPORTER_OTLP_CERTIFICATE": pem})
        self.assertEqual(self.post(service).status, 200)
        self.one(collector, "POST /process")
        self.assertEqual(service.stop(), 0)

        service = self.trace(collector)
        self.assertEqual(self.post(service).status, 200)
        service.wait_for("traces: the collector does not take spans")

    def test_what_a_collector_refuses_is_counted_and_one_that_is_away_too(self):
        collector = Collector(self)
        collector.status = 400
        service = self.trace(collector)
        self.assertEqual(self.post(service).status, 200)
        wait_until(lambda: self.dropped(service, "rejected") > 0)
        collector.status = 200
        wait_until(lambda: self.post(service).status == 200
                   and service.metric("sampleproc_spans_exported_total") > 0)  # fmt: skip
        service.wait_for("traces: the collector takes spans again")

        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            service = self.trace(f"http://127.0.0.1:{nobody.getsockname()[1]}")
            self.assertEqual(self.post(service).status, 200)
            service.wait_for("traces: the collector does not take spans")
            self.assertEqual(service.stop(), 0)

    def test_each_reason_is_told_once_until_spans_arrive(self):
        collector = Collector(self)
        collector.status = 503
        service = self.trace(collector)
        self.assertEqual(self.post(service).status, 200)
        service.wait_for("traces: ", error="it answers with 503")
        collector.status = 401
        wait_until(lambda: self.post(service).status == 200
                   and self.dropped(service, "rejected") > 1)  # fmt: skip
        service.wait_for("traces: ", error="it answers with 401")
        self.assertEqual(service.stop(), 0)
        told = [line for line in service.lines if "does not take spans" in line]
        self.assertEqual(len(told), 2, told)

    def test_a_collector_that_fails_now_and_then_is_told_of_once(self):
        collector = Collector(self)
        asked = []
        collector.fault = lambda handler: (asked.append(0), handler.answer(503 if len(asked) % 2 else 200))
        service = self.trace(collector)
        while len(asked) < 12:
            self.assertEqual(self.post(service).status, 200)
        collector.fault = None
        self.assertEqual(self.post(service).status, 200)
        again = service.wait_for("traces: the collector takes spans again")
        self.assertGreaterEqual(again["refusals"], 6)
        self.assertEqual(len([line for line in service.lines if "does not take spans" in line]), 1)

    def test_spans_that_an_answer_of_200_refuses_are_counted_and_told(self):
        collector = Collector(self)
        collector.fault = lambda handler: handler.answer(
            200, b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}',
            Content_Type="application/json")  # fmt: skip
        service = self.trace(collector)
        for rejected in (0, 1):  # the second time it is no news
            self.assertEqual(self.post(service).status, 200)
            wait_until(lambda before=rejected: self.dropped(service, "rejected") > before)
        self.assertGreater(service.metric("sampleproc_spans_exported_total"), 0)
        self.assertEqual(service.stop(), 0)
        told = [line for line in service.lines if "has not taken all spans" in line]
        self.assertEqual(len(told), 1, told)
        self.assertIn("too old", told[0])

    def test_a_request_whose_client_goes_away_has_a_status(self):
        collector = Collector(self)
        service = self.trace(collector)
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(b"POST /process HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: gone\r\n"
                           b"Content-Type: image/png\r\nContent-Length: 100\r\n"
                           b"Expect: 100-continue\r\n\r\n")  # fmt: skip
            # It has read the head: a reset that comes before that ends a connection and no request.
            self.assertIn(b" 100 ", client.recv(1000))
            client.sendall(b"\x89PNG")
            # With a reset: one that only stops sending is answered 400.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        span = self.one(collector, "POST /process", sampleproc__request_id="gone")
        self.assertTrue(span.failed)
        self.assertEqual(span.attributes["error.type"], "cancelled")
        self.assertNotIn("http.response.status_code", span.attributes)

    def test_what_was_done_last_arrives_before_the_end(self):
        collector = Collector(self)
        service = self.trace(collector, "--set", "telemetry.span_delay=1m")
        self.assertEqual(self.post(service, X_Request_ID="last").status, 200)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(len(collector.named("POST /process", sampleproc__request_id="last")), 1)

    def test_without_a_collector_there_are_no_spans(self):
        service = self.serve("--set", "process.pipeline=stats")
        self.assertEqual(self.post(service, traceparent=traceparent()).status, 200)
        self.assertFalse([name for name in service.metrics() if "spans" in name])


if __name__ == "__main__":
    cli.main()
