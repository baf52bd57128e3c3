"""Every variable of the service that this one replaces: started with two values, one difference.

CONFIGURATION lists those whose feature is not in this version: the difference is in what
--print-effective says. The others are seen in what the service does.
"""

import re
import socket

import cli
import pictures
from service import Service
from streams import wait_until

# Name, two values, the key, and what stands there then.
CONFIGURATION = [
    ("BATCH_SIZE", "4", "8", "process.batch_size", "4", "8"),
    ("BACKOFF_MS", "1000", "2500", "consumer.backoff", '"1s"', '"2500ms"'),
    ("CONNECTION_POOL_SIZE", "10", "20", "net.pool_size", "10", "20"),
    ("CONNECTION_TIMEOUT", "30", "5", "net.connect_timeout", '"30s"', '"5s"'),
    ("CONSUMER_BATCH_SIZE", "10", "5", "consumer.batch_size", "10", "5"),
    ("FRAME_BUFFER_URL", "http://a:8002", "http://b:8002", "consumer.http.url",
     '"http://a:8002"', '"http://b:8002"'),
    ("HEALTH_CHECK_INTERVAL", "30", "5", "consumer.health_check_interval", '"30s"', '"5s"'),
    ("JAEGER_ENDPOINT", "http://a:14268/api/traces", "http://b:4317", "telemetry.otlp_endpoint",
     '"http://a:14268/api/traces"', '"http://b:4317"'),
    ("MAX_RETRIES", "3", "0", "consumer.max_retries", "3", "0"),
    ("ORCHESTRATOR_URL", "http://a:8002", "http://b:8002", "consumer.orchestrator_url",
     '"http://a:8002"', '"http://b:8002"'),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4317", "http://b:4318", "telemetry.otlp_endpoint",
     '"http://a:4317"', '"http://b:4318"'),
    ("POLL_INTERVAL_MS", "100", "1500", "consumer.poll_interval", '"100ms"', '"1500ms"'),
    ("PROCESSOR_ID", "a", "b", "consumer.processor_id", '"a"', '"b"'),
    ("READ_TIMEOUT", "60", "5", "net.read_timeout", '"1m"', '"5s"'),
    ("REDIS_HOST", "a", "b", "consumer.redis.host", '"a"', '"b"'),
    ("REDIS_PORT", "6379", "6380", "consumer.redis.port", "6379", "6380"),
]  # fmt: skip

# What the original's documents and compose files name, by its two columns.
READ = """PORT LOG_LEVEL RUN_DEMO DETECTION_THRESHOLD SIMULATE_GPU PROCESSING_DELAY_MS
ENABLE_FRAME_CONSUMER FRAME_BUFFER_URL CONSUMER_BATCH_SIZE POLL_INTERVAL_MS MAX_RETRIES BACKOFF_MS
CONNECTION_POOL_SIZE CONNECTION_TIMEOUT READ_TIMEOUT PROCESSOR_ID ORCHESTRATOR_URL REDIS_HOST
REDIS_PORT""".split()
DOCUMENTED = """SERVICE_NAME SERVICE_VERSION CPU_CORES MEMORY_LIMIT_MB ALLOWED_HOSTS CORS_ORIGINS
MAX_REQUESTS_PER_MINUTE ENABLE_METRICS ENABLE_TRACING
JAEGER_ENDPOINT GRACEFUL_SHUTDOWN_TIMEOUT HEALTH_CHECK_INTERVAL OTEL_SERVICE_NAME
OTEL_EXPORTER_OTLP_ENDPOINT PROCESSOR_NAME METRICS_ENABLED CONFIDENCE_THRESHOLD BATCH_SIZE
PREFER_GPU""".split()

ORIGINAL_FILE = """\
# Sample processor
PORT=8099
LOG_LEVEL=info
RUN_DEMO=false
DETECTION_THRESHOLD=0.5
SIMULATE_GPU=false
PROCESSING_DELAY_MS=10

ENABLE_FRAME_CONSUMER=true
FRAME_BUFFER_URL=http://frame-buffer:8002
CONSUMER_BATCH_SIZE=10
POLL_INTERVAL_MS=100
MAX_RETRIES=3
BACKOFF_MS=1000
CONNECTION_POOL_SIZE=10
CONNECTION_TIMEOUT=30
READ_TIMEOUT=60
PROCESSOR_ID=sample-processor-1
ORCHESTRATOR_URL=http://frame-buffer-v2:8002
REDIS_HOST=redis
REDIS_PORT=6379

export SERVICE_NAME="sample-processor"
export SERVICE_VERSION='1.0.0'
ALLOWED_HOSTS=frames.example.com,*.internal.example.com
CORS_ORIGINS=https://app.example.com
MAX_REQUESTS_PER_MINUTE=60
CPU_CORES=2
MEMORY_LIMIT_MB=1024
ENABLE_METRICS=true
ENABLE_TRACING=true
JAEGER_ENDPOINT=http://jaeger:14268/api/traces
GRACEFUL_SHUTDOWN_TIMEOUT=30
HEALTH_CHECK_INTERVAL=30
OTEL_SERVICE_NAME=sample-processor
OTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger:4317
PROCESSOR_NAME=sample-processor
METRICS_ENABLED=true
CONFIDENCE_THRESHOLD=0.7
BATCH_SIZE=4
PREFER_GPU=false
"""


def effective(text):
    """Key to value of what --print-effective wrote."""
    values, section = {}, ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif line:
            key, rest = line.lstrip("#").split(" = ", 1)  # what nobody set is a comment
            values[f"{section}.{key}"] = rest.rsplit("  # ", 1)[0]
    return values


class Environment(cli.TestCase):
    tried = set()

    def values(self, env):
        self.tried.update(env)
        result = cli.run("validate-config", "--print-effective", "--offline", env=env)
        self.assertEqual(result.returncode, 0, result.err)
        return effective(result.out)

    def serve(self, env, *words):
        self.tried.update(env)
        words = words if "PORT" in env else ("--port", "0", *words)
        return Service(self, *cli.NO_HURRY, *words, env=env)

    def start_in_vain(self, env):
        """The log of a start that ends at an address that is taken."""
        self.tried.update(env)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            words = ("--port", str(taken.getsockname()[1]))
            result = cli.run("serve", *words, env=env)
        self.assertEqual(result.returncode, 69, result.err)
        return result.err

    def test_those_that_only_the_configuration_shows_so_far(self):
        for name, first, second, key, shown_first, shown_second in CONFIGURATION:
            with self.subTest(name):
                self.assertEqual(self.values({name: first})[key], shown_first)
                self.assertEqual(self.values({name: second})[key], shown_second)

    def test_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            result = cli.run("serve", env={"PORT": str(taken.getsockname()[1])})
        self.assertEqual(result.returncode, 69)
        self.assertGreater(self.serve({"PORT": "0"}).port, 0)

    def test_allowed_hosts(self):
        for value, status in (("frames.example.com", 200), ("example.com", 400)):
            answer = self.serve({"ALLOWED_HOSTS": value}).ask(
                "GET", "/", headers={"Host": "frames.example.com"})  # fmt: skip
            self.assertEqual(answer.status, status, value)

    def test_cors_origins(self):
        origin = "https://app.example.com"
        for value, allowed in ((origin, origin), ("https://example.com", None)):
            answer = self.serve({"CORS_ORIGINS": value}).ask("GET", "/", headers={"Origin": origin})
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], allowed)

    def test_max_requests_per_minute(self):
        for value, last in (("2", 429), ("3", 422)):
            service = self.serve({"MAX_REQUESTS_PER_MINUTE": value})
            statuses = [service.post(b"{}", "application/json").status for _ in range(3)]
            self.assertEqual(statuses, [422, 422, last])

    def test_metrics(self):
        for name in ("ENABLE_METRICS", "METRICS_ENABLED"):
            for value, status in (("true", 200), ("false", 404)):
                answer = self.serve({name: value}).get("/metrics")
                self.assertEqual(answer.status, status, name + "=" + value)

    def test_log_level(self):
        self.assertIn('"msg":"starting"', self.start_in_vain({"LOG_LEVEL": "info"}))
        self.assertNotIn('"msg":"starting"', self.start_in_vain({"LOG_LEVEL": "error"}))

    def test_service_names_and_version(self):
        for name in ("SERVICE_NAME", "OTEL_SERVICE_NAME", "PROCESSOR_NAME"):
            for value in ("here", "there"):
                with self.subTest(name, value=value):
                    health = self.serve({name: value}).get("/health").json()
                    self.assertEqual(health["service"], value)
        for value in ("1.10", "2"):
            health = self.serve({"SERVICE_VERSION": value}).get("/health").json()
            self.assertEqual(health["version"], value)

    def test_sizes(self):
        for value in ("1", "2"):
            line = self.serve({"CPU_CORES": value}).wait_for("listening")
            self.assertEqual(line["workers"], int(value))
        for value in ("256", "512"):
            line = self.serve({"MEMORY_LIMIT_MB": value}).wait_for("listening")
            self.assertEqual(line["memory_limit"], int(value) << 20)

    def test_thresholds(self):
        picture = pictures.sample("messi5.jpg")
        for name in ("DETECTION_THRESHOLD", "CONFIDENCE_THRESHOLD"):
            found = []
            for value in ("0.5", "0.999"):
                service = self.serve({name: value}, "--set", "process.pipeline=faces")
                found.append(service.post(picture, "image/jpeg").json()["total_objects"])
            self.assertEqual(found, [1, 0], name)

    def test_simulate_gpu(self):
        picture = pictures.sample("templ.png")
        for value in ("true", "false"):
            answer = self.serve({"SIMULATE_GPU": value}).post(picture, "image/png").json()
            self.assertEqual(answer.get("simulated_gpu", False), value == "true")

    def test_processing_delay(self):
        picture = pictures.sample("templ.png")
        answer = self.serve({"PROCESSING_DELAY_MS": "700"}).post(picture, "image/png").json()
        self.assertGreaterEqual(answer["processing_time_ms"], 700)
        self.assertEqual(self.values({"PROCESSING_DELAY_MS": "0"})["process.delay"], '"0s"')

    def test_graceful_shutdown_timeout(self):
        """What it does to requests in work is seen in serve_life_test."""
        for value, shown in (("1", '"1s"'), ("30", '"30s"')):
            values = self.values({"GRACEFUL_SHUTDOWN_TIMEOUT": value})
            self.assertEqual(values["service.shutdown_timeout"], shown)

    def test_what_this_version_cannot_do_is_said_once_and_survived(self):
        for name, code in (("ENABLE_TRACING", "SP1204"), ("PREFER_GPU", "SP1202")):
            with self.subTest(name):
                self.assertEqual(self.start_in_vain({name: "true"}).count(code), 1)
                self.assertEqual(self.start_in_vain({name: "false"}).count(code), 0)

    def test_run_demo_is_ignored_with_one_warning(self):
        for value in ("true", "false"):
            self.assertEqual(self.start_in_vain({"RUN_DEMO": value}).count("SP1010"), 1)

    def test_health_follows_the_configuration(self):
        for value in ("true", "false"):
            service = self.serve({"ENABLE_FRAME_CONSUMER": value})
            # Nobody is where frames would come from, which the first pull finds out.
            wished = "degraded" if value == "true" else "healthy"
            wait_until(lambda: service.get("/health").json()["status"] == wished)  # pylint: disable=W0640
            health = service.get("/health").json()
            self.assertEqual(health["details"]["consumer_enabled"], value == "true")
            self.assertIs(health["details"]["consumer_running"], value == "true")
            component = health["components"]["consumer"]
            self.assertEqual(component["status"], health["status"])
            self.assertIs(component["enabled"], value == "true")
            self.assertIs(component["connected"], False)
        for value in ("true", "false"):
            health = self.serve({"PREFER_GPU": value}).get("/health").json()
            self.assertEqual(health["components"]["gpu"]["preferred"], value == "true")
            self.assertEqual(health["status"], "healthy")
        health = self.serve({"ENABLE_FRAME_CONSUMER": "false", "REDIS_HOST": "r"}).get("/health")
        self.assertEqual(health.json()["components"]["consumer"]["status"], "degraded")

    def test_blanks_alone_are_not_a_value(self):
        """As "PORT: ' '" in a compose file has them: the variable counts as unset."""
        untouched = self.values({})
        for name in READ + DOCUMENTED + ["REDIS_URL", "REDIS_PASSWORD_FILE", "REDIS_DB", "HOST",
                                         "SAMPLEPROC_CONFIG", "SAMPLEPROC_HTTP_PORT"]:  # fmt: skip
            for blanks in (" ", "\t", "   "):
                with self.subTest(name, blanks=blanks):
                    result = cli.run("validate-config", "--print-effective", "--offline", env={name: blanks})
                    self.assertEqual((result.returncode, result.err), (0, ""))
                    self.assertEqual(effective(result.out), untouched)

    def test_blanks_around_a_number_do_not_count(self):
        for name, value, key, shown in (("PORT", " 9000", "http.port", "9000"),
                                        ("PORT", "9000\t", "http.port", "9000"),
                                        ("LOG_LEVEL", " debug ", "telemetry.log_level", '"debug"'),
                                        ("BACKOFF_MS", " 1000", "consumer.backoff", '"1s"'),
                                        ("ENABLE_METRICS", "false ", "telemetry.metrics", "false"),
                                        ("DETECTION_THRESHOLD", " 0.7", "process.detection_threshold",
                                         "0.7")):  # fmt: skip
            self.assertEqual(self.values({name: value})[key], shown, name)

    def test_zz_each_name_has_been_tried(self):
        self.assertEqual(set(READ + DOCUMENTED) - self.tried, set())


class OriginalFile(cli.TestCase):
    def test_it_is_understood_whole(self):
        result = cli.run("validate-config", "--from-env", "-", stdin=ORIGINAL_FILE.encode())
        self.assertEqual(result.returncode, 0, result.err)
        codes = re.findall(r"\[(SP\d+)\]", result.err)
        # CONFIDENCE_THRESHOLD and the OTLP endpoint differ from the names before them, and of two
        # upstreams one is not used; RUN_DEMO;
        # the port of Jaeger's own protocol.
        self.assertEqual(sorted(codes), ["SP1009"] * 3 + ["SP1010", "SP1203"], result.err)
        for line in result.out.splitlines():
            self.assertRegex(line, r'^(\[[\w.]+\]|[a-z_]+ = .+  # <stdin>:\d+:\d+|)$')
        # Every line of it is in the result, but for the names that lost.
        lines = set(map(int, re.findall(r"<stdin>:(\d+):", result.out)))
        lost = {"RUN_DEMO", "CONFIDENCE_THRESHOLD", "OTEL_EXPORTER_OTLP_ENDPOINT",
                "OTEL_SERVICE_NAME", "PROCESSOR_NAME", "METRICS_ENABLED"}  # fmt: skip
        for number, line in enumerate(ORIGINAL_FILE.splitlines(), 1):
            name = re.match(r"(?:export )?(\w+)=", line)
            if name and name[1] not in lost:
                self.assertIn(number, lines, line)
        again = cli.run("validate-config", "--print-effective", "-", stdin=result.stdout)
        self.assertEqual(again.returncode, 0, again.err)
        values = effective(again.out)
        for key, value in effective(result.out).items():
            self.assertEqual(values[key], value, key)


if __name__ == "__main__":
    cli.main()
