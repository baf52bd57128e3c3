"""Where results of frames go that requests bring: log, file, a real Redis, a webhook; hung, away, killed."""

import contextlib
import http.client
import json
import pathlib
import signal
import threading

import jsonschema

import cli
import pictures
from collector import Collector
from folder import WithDirectory
from schemas_test import read
from service import ANY_PORT, Service, as_json
from streams import RESULTS, RedisServer, wait_until
from webhook import Webhook

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class HttpResults(WithDirectory):
    def setUp(self):
        super().setUp()
        self.picture = pictures.sample("mask.png")
        self.file = pathlib.Path(self.path("results.ndjson"))

    def serve(self, sinks, *words, deliver="http_results"):
        return Service(self, *ANY_PORT, "--set", "process.pipeline=stats", "--set", f"consumer.sinks={sinks}",
                       "--set", f"consumer.deliver={deliver}", *cli.NO_HURRY, *words)  # fmt: skip

    def to_file(self):
        return ("--set", f"consumer.file.path={self.file}")

    def lines(self):
        if not self.file.exists():
            return []
        whole, _, _ = self.file.read_text("utf-8").rpartition("\n")
        lines = []
        for line in whole.splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # a kill may cut a line short
                lines.append(json.loads(line))
        return lines

    def ids(self):
        return [line["frame_id"] for line in self.lines()]

    def post(self, service, name, **more):
        answer = service.post_json(self.picture, frame_id=name, camera_id="door", timestamp="1700000000.5", **more)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def records(self, service, sink, outcome):
        return service.metric(f'sampleproc_sink_records_total{{sink="{sink}",outcome="{outcome}"}}')

    def test_results_of_every_request_go_to_every_sink_without_a_consumer(self):
        redis = RedisServer(self)
        webhook = Webhook(self)
        service = self.serve("log,file,redis,webhook", *self.to_file(), "--set",
                             f"consumer.redis.host={redis.path}", "--set",
                             f"consumer.webhook.url={webhook.url}/hook")  # fmt: skip
        answers = [self.post(service, "a")]
        batch = json.dumps({"frames": [json.loads(as_json(self.picture, {"frame_id": name})) for name in "bc"]
                            + [{"frame_data": "AAAA", "metadata": {"frame_id": "broken"}}]})  # fmt: skip
        answers += service.post(batch, "application/json", "/process-batch").json()["results"][:2]
        answers.append(service.post(as_json(self.picture, {"frame_id": "d"}), "application/json",
                                    "/process-with-tracking").json())  # fmt: skip
        picture = service.ask("POST", "/process?annotate=1&frame_id=e", self.picture,
                              {"Content-Type": "image/png", "Accept": "image/jpeg"})  # fmt: skip
        self.assertEqual(picture.headers["Content-Type"], "image/jpeg")
        names = ["a", "b", "c", "d", "e"]  # two of a batch in either order
        self.assertEqual([answer["frame_id"] for answer in answers], names[:4])
        wait_until(lambda: len(webhook.records) == 5 and len(self.lines()) == 5)
        client = redis.client()
        wait_until(lambda: client.xlen(RESULTS) == 5)
        entries = [fields for _, fields in client.xrange(RESULTS)]
        by_sink = [self.lines(), webhook.records, [json.loads(each[b"result"]) for each in entries]]
        for records in by_sink:
            self.assertEqual(sorted(each["frame_id"] for each in records), names)
            for record in records:
                jsonschema.validate(record, read("result"))
        first = self.lines()[0]
        self.assertEqual((first["camera_id"], first["timestamp"]), ("door", "1700000000.5"))
        self.assertEqual(first["sample_metadata"]["stats"], answers[0]["stats"])
        self.assertEqual(service.stop(), 0)
        logged = [json.loads(line["result"]) for line in service.log() if line["msg"] == "result"]
        self.assertEqual(sorted(each["frame_id"] for each in logged), names)

    def test_without_the_word_results_are_answers_and_no_more(self):
        service = self.serve("file", *self.to_file(), deliver="results,events")
        self.post(service, "a")
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.lines(), [])

    def test_a_result_belongs_to_its_requests_trace(self):
        redis = RedisServer(self)
        collector = Collector(self)
        for words in ((), ("--set", f"telemetry.otlp_endpoint={collector.url}", "--set",
                           "telemetry.span_delay=10ms")):  # fmt: skip
            with self.subTest(traced=bool(words)):
                webhook = Webhook(self)
                seen = []
                handle = webhook.handle

                def keep(handler, body, handle=handle, seen=seen):
                    seen.append(handler.headers["traceparent"])
                    handle(handler, body)

                webhook.handle = keep
                service = self.serve("log,webhook,redis", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                                     f"consumer.redis.host={redis.path}", *words)  # fmt: skip
                answer = service.ask("POST", "/process", as_json(self.picture, {"frame_id": "a"}),
                                     {"Content-Type": "application/json", "traceparent": TRACEPARENT,
                                      "tracestate": "v=1"})  # fmt: skip
                self.assertEqual(answer.status, 200, answer.body)
                wait_until(lambda webhook=webhook: len(webhook.records) == 1)
                client = redis.client()
                wait_until(lambda client=client: client.xlen(RESULTS) == 1)
                (_, fields), = client.xrange(RESULTS)
                client.delete(RESULTS)
                self.assertEqual(service.stop(), 0)
                (line,) = [line for line in service.log() if line["msg"] == "result"]
                self.assertEqual(line["trace_id"], TRACE)
                self.assertEqual(fields[b"traceparent"].split(b"-")[1].decode(), TRACE)
                self.assertEqual(fields[b"tracestate"], b"v=1")
                self.assertEqual(seen[0].split("-")[1], TRACE)

    def test_a_webhook_that_hangs_delays_no_answer_and_its_losses_are_told(self):
        webhook = Webhook(self)
        test_ends = threading.Event()
        self.addCleanup(test_ends.set)
        webhook.before = test_ends.wait
        service = self.serve("webhook,file", *self.to_file(), "--set", f"consumer.webhook.url={webhook.url}",
                             "--set", "consumer.sink_buffer=64KiB")  # fmt: skip
        names = [f"f {number}" for number in range(120)]
        for name in names:  # each has its answer while the webhook has none
            self.post(service, name)
        wait_until(lambda: self.ids() == names)
        lost = self.records(service, "webhook", "lost")
        held = service.metric('sampleproc_sink_held_records{sink="webhook"}')
        self.assertGreater(lost, 0)
        self.assertEqual(lost + held, 120)
        reason = wait_until(lambda: service.conditions().get(("sink", "webhook")))
        self.assertIn("lost", reason)
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        test_ends.set()
        wait_until(lambda: self.records(service, "webhook", "delivered") == held)
        self.assertEqual(service.stop(), 0)

    def test_a_stop_delivers_what_has_been_answered(self):
        webhook = Webhook(self)
        webhook.status = 503
        service = self.serve("webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                             "service.shutdown_timeout=10m")  # fmt: skip
        names = [f"f {number}" for number in range(5)]
        for name in names:
            self.post(service, name)
        service.child.send_signal(signal.SIGTERM)
        service.wait_for("shutdown 2/5")
        webhook.status = 200
        self.assertEqual(service.wait(), 0)
        self.assertEqual(webhook.ids(), names)

    def test_after_a_kill_sinks_go_on_with_whole_records(self):
        for round_number in range(3):
            service = self.serve("file", *self.to_file())
            ends = threading.Event()
            answered = []

            def send(service=service, ends=ends, answered=answered, round_number=round_number):
                while not ends.is_set():
                    name = f"{round_number}.{len(answered)}"
                    try:
                        service.post_json(self.picture, frame_id=name)
                    except (OSError, http.client.HTTPException):
                        return
                    answered.append(name)

            sender = threading.Thread(target=send)
            sender.start()
            wait_until(lambda answered=answered: len(answered) >= 20)
            service.stop(signal.SIGKILL)
            ends.set()
            sender.join()
            mine = [name for name in self.ids() if name.startswith(f"{round_number}.")]
            # In order and without a gap up to the kill; what was answered last may be missing.
            self.assertEqual(mine, [f"{round_number}.{number}" for number in range(len(mine))])
            self.assertGreater(len(mine), 0)
        service = self.serve("file", *self.to_file())
        self.post(service, "last")
        wait_until(lambda: self.ids()[-1:] == ["last"])
        self.assertEqual(service.stop(), 0)
        for record in self.lines():
            jsonschema.validate(record, read("result"))

    def test_configurations_that_deliver_nothing_are_warned_of(self):
        for words, said in (
            (["consumer.sinks=log"], 'add "http_results" to consumer.deliver'),
            (["consumer.deliver=http_results"], "no sink gets them"),
        ):
            with self.subTest(words=words):
                told = cli.run("validate-config", *(part for word in words for part in ("--set", word)))
                self.assertIn(said, told.err + told.out)


if __name__ == "__main__":
    cli.main()
