"""sampleproc serve registering with an orchestrator, as the original's client does on the wire."""

import json
import threading
import time

import cli
import pictures
import stand_in
from service import Service, WithService
from streams import (PROCESSOR, RESULTS, STREAM, RedisServer, add_frames, entry, free_port, result_ids,
                     wait_until, words)  # fmt: skip

BASE = "/api/v1/processors/"
OWN_ADDRESS = "127.77.0.1"  # of the loopback


class Orchestrator(stand_in.StandIn):
    """frame-buffer-v2's registry: one registration, and every request as it came."""

    def __init__(self, test):
        super().__init__(test)
        self.registered = None
        self.requests = []
        self.failing = False
        self.silent = None  # a method that is not answered
        self.test_ends = threading.Event()
        test.addCleanup(self.test_ends.set)

    def handle(self, handler, body):
        method, value = handler.command, json.loads(body) if body else None
        self.requests.append((method, handler.path, value))
        if method == self.silent:
            self.test_ends.wait()
        handler.answer(self.answer(method, handler.path, value))

    def answer(self, method, path, value):
        if self.failing:
            return 500
        if (method, path) == ("POST", BASE + "register"):
            if self.registered is not None:
                return 409
            self.registered = value
            return 201
        if (method, path) == ("POST", BASE + "heartbeat"):
            return 200 if self.registered is not None else 404
        if path != BASE + PROCESSOR or self.registered is None:
            return 404
        self.registered = value if method == "PUT" else None
        return 200 if method == "PUT" else 204

    def calls(self):
        return [(method, path[len(BASE):]) for method, path, _ in self.requests]


class Registration(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.orchestrator = Orchestrator(self)

    def start(self, *more):
        return Service(self, "--port", "0", *words(self.server), *more, "--set",
                       "consumer.health_check_interval=1s", "--set", "consumer.backoff=50ms",
                       env={"ORCHESTRATOR_URL": self.orchestrator.url,
                            "MAX_REQUESTS_PER_MINUTE": "0"})  # fmt: skip

    def test_the_wire_is_the_originals(self):
        service = self.start()
        wait_until(lambda: ("POST", "heartbeat") in self.orchestrator.calls())
        self.assertEqual(self.orchestrator.registered, {
            "id": PROCESSOR, "capabilities": ["sample_processing", "object_detection"],
            "capacity": 10, "queue": STREAM})  # fmt: skip
        heartbeat = next(value for _, path, value in self.orchestrator.requests
                         if path == BASE + "heartbeat")  # fmt: skip
        self.assertEqual(sorted(heartbeat), ["processor_id", "status", "timestamp"])
        self.assertEqual((heartbeat["processor_id"], heartbeat["status"]), (PROCESSOR, "healthy"))
        self.assertAlmostEqual(heartbeat["timestamp"], time.time(), delta=cli.PATIENCE)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.orchestrator.calls()[-1], ("DELETE", PROCESSOR))
        self.assertIsNone(self.orchestrator.registered)
        self.assertEqual(service.wait_for("consumer: registered")["queue"], STREAM)

    def test_the_originals_compose_environment_is_enough(self):
        port = free_port(OWN_ADDRESS)
        server = RedisServer(self, "--port", str(port), "--bind", OWN_ADDRESS)
        # All that its production compose file sets, with the names of hosts that are here.
        service = self.serve(env={
            "ORCHESTRATOR_URL": self.orchestrator.url, "PROCESSOR_ID": "sample-processor-1",
            "REDIS_HOST": OWN_ADDRESS, "REDIS_PORT": str(port), "LOG_LEVEL": "INFO",
            "METRICS_ENABLED": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"})  # fmt: skip
        client = server.client()
        client.xadd("frames:ready:sample-processor-1", entry("f-1", pictures.sample("mask.png")))
        wait_until(lambda: result_ids(client) == ["f-1"])
        # A thread of its own registers, and the first frame is there before the pull is known as one.
        registered = wait_until(lambda: self.orchestrator.registered)
        self.assertEqual(registered["id"], "sample-processor-1")
        wait_until(lambda: service.get("/health").json()["status"] == "healthy")
        health = service.get("/health").json()
        self.assertIs(health["components"]["consumer"]["connected"], True)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.orchestrator.calls()[-1], ("DELETE", "sample-processor-1"))

    def test_an_id_that_is_taken_is_taken_over(self):
        self.orchestrator.registered = {"id": PROCESSOR, "capacity": 1}
        service = self.start()
        wait_until(lambda: self.orchestrator.registered.get("queue") == STREAM)
        self.assertEqual(
            self.orchestrator.calls()[:2], [("POST", "register"), ("PUT", PROCESSOR)])
        self.assertEqual(service.stop(), 0)

    def test_who_was_forgotten_registers_again(self):
        service = self.start()
        wait_until(lambda: self.orchestrator.registered)
        self.orchestrator.registered = None
        wait_until(lambda: self.orchestrator.registered)
        self.assertEqual(service.stop(), 0)

    def test_an_orchestrator_that_fails_is_said_once_and_stops_nothing(self):
        self.orchestrator.failing = True
        service = self.start()
        client = self.server.client()
        self.addCleanup(client.close)
        add_frames(client, 5)
        wait_until(lambda: client.xlen(RESULTS) == 5)
        wait_until(lambda: len(self.orchestrator.requests) >= 3)
        self.orchestrator.failing = False
        wait_until(lambda: self.orchestrator.registered)
        service.wait_for("consumer: registered")
        service.wait_for_condition("orchestrator", "condition ends")
        self.assertEqual(service.told("orchestrator"), (1, 1))
        reason = service.wait_for_condition("orchestrator")["reason"]
        self.assertIn('it does not take the registration: the orchestrator answers to "register" '
                      'with 500', reason)  # fmt: skip
        self.assertEqual(service.stop(), 0)

    def test_one_that_hangs_after_a_while_is_told(self):
        service = self.start()
        service.wait_for("consumer: registered")
        self.orchestrator.silent = "POST"
        line = service.wait_for_condition("orchestrator")
        self.assertIn("it takes no heartbeat", line["reason"])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.orchestrator.silent = None
        self.orchestrator.test_ends.set()
        service.wait_for_condition("orchestrator", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_a_goodbye_that_is_not_answered_takes_nothing_from_the_stop(self):
        self.orchestrator.silent = "DELETE"
        service = self.start("--set", "service.shutdown_timeout=3s")
        service.wait_for("consumer: registered")
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.orchestrator.calls()[-1], ("DELETE", PROCESSOR))
        service.wait_for("consumer: could not deregister")
        self.assertIs(service.log()[-1]["clean"], True)

    def test_the_last_of_two_replicas_deregisters(self):
        replicas = [self.start(), self.start()]
        for replica in replicas:
            replica.wait_for("consumer: registered")
            wait_until(lambda replica=replica: replica.get("/health").json()["components"]
                       ["consumer"]["connected"])  # fmt: skip
        self.assertEqual(replicas[0].stop(), 0)
        self.assertIsNotNone(self.orchestrator.registered)
        self.assertEqual(replicas[1].stop(), 0)
        self.assertIsNone(self.orchestrator.registered)


if __name__ == "__main__":
    cli.main()
