#!/usr/bin/env python3
"""Alert rules, dashboard and catalogue of metrics: they name what a running service has, alerts fire when
they should, and each has its paragraph in the manual. Usage: observability_test.py BINARY."""

import functools
import json
import pathlib
import re
import signal
import sys
import tempfile
import time
import unittest

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cli"))
import pictures  # noqa: E402
import prometheus  # noqa: E402
from collector import Collector  # noqa: E402
from frame_buffer import Buffer, frame  # noqa: E402
from service import WithService  # noqa: E402
from streams import wait_until  # noqa: E402

SHIPPED = prometheus.SHIPPED
MANUAL = ROOT / "packaging/OPERATIONS.md"
METRICS = ROOT / "packaging/METRICS.md"
COMPOSE = ROOT / "packaging/compose"
NAME = re.compile(r"\b((?:sampleproc|http|process)_\w+|up)\b")
SELECTOR = re.compile(r"\b(\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# What Prometheus itself adds to every series.
OF_THE_SCRAPE = {"job", "instance"}
# What takes a Redis, or one that refuses, or a certificate, or pictures in which something moves.
RARE = {
    "sampleproc_dead_letters",
    "sampleproc_dead_letters_bytes",
    "sampleproc_dead_letters_limit_bytes",
    "sampleproc_consumer_fetch_retries_total",
    "sampleproc_consumer_settlements_refused_total",
    "sampleproc_events_total",
    "sampleproc_tls_certificate_expiry_timestamp_seconds",
    "sampleproc_tls_handshake_failures_total",
}
# Appear with their first event too; the service under test has none.
RARE_VALUES = {"max_age", "newer_frame", "turn", "lane", "memory"}
needs_promtool = unittest.skipUnless(prometheus.program("promtool"), prometheus.MISSING)


@functools.cache
def alerts():
    groups = yaml.safe_load((SHIPPED / "alerts.yml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


@functools.cache
def dashboard():
    return json.loads((SHIPPED / "dashboard.json").read_text("utf-8"))


def queries():
    """(where it stands, the query) of every alert and panel, with the dashboard's variables filled in."""
    for name, rule in alerts().items():
        yield name, rule["expr"]
    of_panels = [(panel["title"], target["expr"])
                 for panel in dashboard()["panels"] for target in panel.get("targets", [])]  # fmt: skip
    of_starts = [(each["name"], each["expr"]) for each in dashboard()["annotations"]["list"]]
    for title, query in of_panels + of_starts:
        yield title, query.replace("$__rate_interval", "5m")


def without_texts(query):
    return re.sub(r'"[^"]*"', '""', query)


def catalogue(text):
    """{metric: {label: values}} of a text of /metrics; histograms by their series."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name = re.match(r"\w+", line)[0]
            labels = found.setdefault(name, {})
            for label, value in re.findall(r'(\w+)="([^"]*)"', line):
                labels.setdefault(label, set()).add(value)
    return found


def families(text):
    """{metric: (type, labels, help)} of a text of /metrics."""
    helps = dict(re.findall(r"^# HELP (\w+) (.*)$", text, re.M))
    found = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M):
        own = re.findall(rf"^{name}(?:_bucket|_sum|_count)?\{{(.*)\}} ", text, re.M)
        labels = {label for each in own for label in re.findall(r'(\w+)="', each)}
        found[name] = (kind, labels - {"le"}, helps[name])
    return found


def documented():
    """The same, of the tables of the catalogue."""
    rows = re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \| (.*?) ?\| (.*) \|$",
                      METRICS.read_text("utf-8"), re.M)  # fmt: skip
    return {name: (kind, set(re.findall(r"\w+", labels)), meaning)
            for name, kind, labels, meaning in rows}  # fmt: skip


class Files(unittest.TestCase):
    def test_each_label_is_explained(self):
        explained = METRICS.read_text("utf-8").partition("## Labels")[2]
        rows = re.findall(r"^\| (`.*?`) (?:of .*?)?\|", explained, re.M)
        told = {label for row in rows for label in re.findall(r"`(\w+)`", row)}
        self.assertEqual(told, set().union(*(labels for _, labels, _ in documented().values())))

    def test_each_alert_says_who_how_bad_and_where_to_read_on(self):
        self.assertGreater(len(alerts()), 20)
        for name, rule in alerts().items():
            with self.subTest(name):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                notes = rule["annotations"]
                # A camera is watched over all instances of a job.
                whom = "$labels.job" if name == "SampleprocCameraSilent" else "$labels.instance"
                self.assertIn(whom, notes["summary"])
                self.assertIn(whom, notes["description"])
                self.assertEqual(notes["runbook_url"], f"OPERATIONS.md#{name.lower()}")

    def test_each_alert_has_a_paragraph_and_each_paragraph_an_alert(self):
        text = MANUAL.read_text("utf-8")
        paragraphs = re.findall(r"^#### (Sampleproc\w+)\n\n(\S.*?)\n\n", text + "\n", re.M | re.S)
        self.assertEqual([name for name, _ in paragraphs], list(dict(paragraphs)))
        self.assertEqual(set(dict(paragraphs)), set(alerts()))
        for name in re.findall(r"Sampleproc[A-Z]\w+", text + (SHIPPED / "dashboard.json").read_text("utf-8")):
            self.assertIn(name, alerts())

    def test_each_condition_is_in_the_manual(self):
        header = (ROOT / "lib/telemetry/conditions.h").read_text("utf-8")
        names = re.findall(r'string_view k\w+ = "(\w+)"', header)
        self.assertIn("source_silent", names)
        runbook = MANUAL.read_text("utf-8").partition("## Alerts")[2]
        for name in names:
            self.assertIn(f"`{name}`", runbook)

    def test_each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(self):
        tests = yaml.safe_load((SHIPPED / "alerts_test.yml").read_text("utf-8"))["tests"]
        fires = {(case["alertname"], bool(case["exp_alerts"]))
                 for test in tests for case in test["alert_rule_test"]}  # fmt: skip
        self.assertEqual(fires, {(name, said) for name in alerts() for said in (True, False)})

    def test_panels_are_whole_and_beside_each_other(self):
        panels = dashboard()["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells
            if panel["type"] == "row":
                continue
            self.assertTrue(panel["description"], panel["title"])
            self.assertEqual(panel["datasource"]["uid"], "${datasource}")
            for target in panel["targets"]:
                selectors = SELECTOR.findall(target["expr"])
                self.assertEqual([name for name, _ in selectors], NAME.findall(without_texts(target["expr"])))
                for _, matchers in selectors:
                    self.assertIn('job="$job", instance=~"$instance"', matchers)
        variables = [each["name"] for each in dashboard()["templating"]["list"]]
        self.assertEqual(variables, ["datasource", "job", "instance"])


class AgainstAService(WithService):
    def scraped(self):
        """The metrics of a service to which everything has happened that costs no time."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        buffer = Buffer(self)
        picture = pictures.sample("mask.png")
        for name in ("camera", "snapshots", "clips"):
            (pathlib.Path(folder.name) / name).mkdir()
        for name, data in (("1.png", picture), ("2.png", b"no picture")):
            (pathlib.Path(folder.name) / "camera" / name).write_bytes(data)
        service = self.serve(
            "--set", f"camera.gate.url={folder.name}/camera", "--set", "camera.gate.loop=true", "--set",
            f"events.history={folder.name}/events.db", "--set", f"events.snapshots={folder.name}/snapshots",
            "--set", f"events.clips={folder.name}/clips",
            "--set", f"consumer.http.url={buffer.url}", "--set", "consumer.source=http", "--set",
            "consumer.enabled=true", "--set", "consumer.sinks=file", "--set",
            f"consumer.file.path={folder.name}/results", "--set", "consumer.http.spool=disk", "--set",
            f"consumer.http.spool_dir={folder.name}/spool", "--set", "process.pipeline=stats",
            "--set", "telemetry.otlp_endpoint=http://127.0.0.1:9", "--set", "mqtt.url=mqtt://127.0.0.1:9")  # fmt: skip
        service.post(picture, "image/png")
        buffer.add(frame("good", picture), frame("bad", b"no picture"), {"frame_id": "none"})

        def settled():
            now = service.metrics()
            return (now.get("sampleproc_consumer_frames_offered_total") == 3
                    and now["sampleproc_consumer_held_frames"] == 0)  # fmt: skip

        wait_until(settled)
        lost = 'sampleproc_camera_frames_dropped_total{camera="gate",reason="failed"}'
        wait_until(lambda: service.metric(lost) > 0)
        buffer.fault = buffer.fail
        wait_until(lambda: service.metric("sampleproc_consumer_connected") == 0)
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        return service.get("/metrics").body.decode()

    def test_queries_ask_for_what_there_is(self):
        text = self.scraped()
        known = catalogue(text)
        listed = documented()
        self.check_catalogue(text, listed)
        for name in RARE:
            known[name] = {label: set() for label in listed[name][1]}
        known["up"] = {}
        some_label = set().union(OF_THE_SCRAPE, *known.values())
        for where, query in queries():
            with self.subTest(where, query=query):
                bare = re.sub(r"\{[^}]*\}", "", without_texts(query))
                names = NAME.findall(bare)
                self.assertTrue(names)
                for name in names:
                    self.assertIn(name, known)
                for listed in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", bare):
                    self.assertLessEqual(set(re.findall(r"\w+", listed)), some_label)
                for name, matchers in SELECTOR.findall(query):
                    self.check_matchers(matchers, known[name])
        if prometheus.program("promtool"):
            self.assertEqual(prometheus.promtool("check", "metrics", stdin=text), (0, ""))

    def check_catalogue(self, text, listed):
        exposed = families(text)
        for name, family in exposed.items():
            self.assertEqual(listed.get(name), family, f"{name} in {METRICS.name}")
        self.assertEqual(listed.keys() - exposed.keys(), RARE)

    def check_matchers(self, matchers, labels):
        for label, operator, value in MATCHER.findall(matchers):
            if label in OF_THE_SCRAPE:
                continue
            self.assertIn(label, labels)
            # A value that is misspelt matches nothing, or everything.
            values = value.split("|") if operator in ("=~", "!~") else [value]
            for each in values:
                if re.fullmatch(r"[\w-]+", each) and each != "_other" and each not in RARE_VALUES:
                    self.assertIn(each, labels[label])


class OpenMetrics(WithService):
    TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
    ACCEPT = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}

    def setUp(self):
        collector = Collector(self)
        self.service = self.serve("--set", "process.pipeline=stats", "--set",
                                  f"telemetry.otlp_endpoint={collector.url}")  # fmt: skip
        sampled = {"Content-Type": "image/png", "traceparent": f"00-{self.TRACE}-00f067aa0ba902b7-01"}
        quiet = sampled | {"traceparent": f"00-{'1' * 32}-00f067aa0ba902b7-00"}
        for headers in (sampled, quiet):
            answer = self.service.ask("POST", "/process", pictures.sample("mask.png"), headers)
            self.assertEqual(answer.status, 200)
        # Both are counted just after the answer went out.
        answers = ('http_server_request_duration_seconds_count{method="POST",route="/process",'
                   'scheme="http",status="200"}')  # fmt: skip
        for count in ('sampleproc_frames_total{outcome="completed",source="http"}', answers):
            wait_until(lambda count=count: self.service.metric(count) == 2)

    def test_the_parser_of_prometheus_own_client_reads_what_the_text_says(self):
        text = self.service.get("/metrics").body.decode()
        opened = self.service.ask("GET", "/metrics", headers=self.ACCEPT).body.decode()
        samples = [sample for family in text_string_to_metric_families(opened)
                   for sample in family.samples]  # fmt: skip
        # The one has been asked for by a request that the other has not counted.
        self.assertLessEqual(set(catalogue(text)), {sample.name for sample in samples})
        counts = {sample.labels["outcome"]: sample.value for sample in samples
                  if sample.name == "sampleproc_frames_total"}  # fmt: skip
        self.assertEqual(counts, {"completed": 2})
        examples = [(sample, sample.exemplar) for sample in samples if sample.exemplar]
        ((sample, example),) = examples
        self.assertEqual((sample.name, sample.labels["route"], example.labels),
                         ("http_server_request_duration_seconds_bucket", "/process",
                          {"trace_id": self.TRACE}))  # fmt: skip
        self.assertLessEqual(example.value, float(sample.labels["le"]))
        self.assertLess(abs(float(example.timestamp) - time.time()), 600)

    @unittest.skipUnless(prometheus.program("prometheus"), prometheus.MISSING)
    def test_a_prometheus_takes_it_with_the_exemplar(self):
        monitor = prometheus.Prometheus(self, self.service.port)
        wait_until(lambda: monitor.traces("http_server_request_duration_seconds_bucket") == {self.TRACE})
        self.assertTrue(monitor.query('sampleproc_frames_total{outcome="completed",source="http"} == 2'))


@needs_promtool
class ByPromtool(unittest.TestCase):
    def passes(self, *words, **options):
        status, said = prometheus.promtool(*words, **options)
        self.assertEqual(status, 0, said)

    def test_the_alerts_fire_when_they_should(self):
        self.passes("check", "rules", "alerts.yml")
        self.passes("test", "rules", "alerts_test.yml")

    def test_the_configuration_is_valid(self):
        self.passes("check", "config", "prometheus.yml")

    def test_the_compose_files_prometheus_finds_its_rules(self):
        services = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))["services"]
        with tempfile.TemporaryDirectory() as folder:
            for mount in services["prometheus"]["volumes"]:
                source, target, _ = mount.split(":")
                text = (COMPOSE / source).read_text("utf-8")
                (pathlib.Path(folder) / pathlib.Path(target).name).write_text(text, "utf-8")
            status, said = prometheus.promtool("check", "config", "prometheus.yml", folder=folder)
            self.assertEqual(status, 0, said)
            self.assertIn(f"{len(alerts())} rules found", said)

    def test_each_query_of_the_dashboard_parses(self):
        rules = [{"record": f"query:{number}", "expr": query}
                 for number, (_, query) in enumerate(queries())]  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "queries.yml"
            path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}), "utf-8")
            self.passes("check", "rules", str(path))


if __name__ == "__main__":
    unittest.main()
