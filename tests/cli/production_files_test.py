"""The files to start from in production: what they amount to, and that each of them is whole."""

import json
import pathlib
import re
import tempfile
import tomllib
import unittest

import cli
import environment_test
import jsonschema
import yaml
from service import ANY_PORT, Service

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "config/production.env.example"
TOML = ROOT / "config/production.toml"
JSON_SCHEMA = ROOT / "config/sampleproc.schema.json"
KUBERNETES = ROOT / "packaging/kubernetes"


class ProductionFiles(cli.TestCase):
    def test_the_toml_passes_the_checklist(self):
        result = cli.run("validate-config", "--production", "--offline", "--format", "json", str(TOML))
        self.assertEqual(result.returncode, 0, result.err)
        items = json.loads(result.out)["configurations"][0]["production"]
        self.assertEqual([item["code"] for item in items if item["verdict"] == "failed"], [])
        self.assertEqual(len(items), 10)

    def test_each_item_names_the_key_that_keeps_it(self):
        items = self.checklist(TOML.read_text("utf-8"), 0)
        keys = {code: item["key"] for code, item in items.items()}
        # Headers cannot be turned off, and updates are no setting.
        self.assertEqual({code for code, key in keys.items() if not key}, {"SP1407", "SP1410"})
        known = cli.run("validate-config", "--print-effective", "--offline").out
        for key in filter(None, keys.values()):
            self.assertIn(f"\n{key.split('.')[-1]} = ", known)

    def checklist(self, text, exit_code):
        result = cli.run("validate-config", "--production", "--offline", "--format", "json", "-",
                         stdin=text.encode())  # fmt: skip
        self.assertEqual(result.returncode, exit_code, result.out)
        (configuration,) = json.loads(result.out)["configurations"]
        return {item["code"]: item for item in configuration["production"]}

    def test_each_broken_setting_fails_its_own_item_and_is_named(self):
        for code, key, value in (
            ("SP1401", "http.cors_origins", '["*"]'),
            ("SP1401", "http.cors_origins", '["null"]'),
            ("SP1402", "http.allowed_hosts", '["*"]'),
            ("SP1402", "http.allowed_hosts", "[]"),
            ("SP1403", "http.max_requests_per_minute", "0"),
            ("SP1403", "http.trusted_proxies", '["10.0.0.0/8", "0.0.0.0/0"]'),
            ("SP1403", "http.trusted_proxies", '["0.0.0.0/1", "128.0.0.0/1"]'),
            ("SP1403", "http.trusted_proxies", '["10.0.0.0/8", "::ffff:0.0.0.0/96"]'),
            ("SP1404", "http.tls_cert", '""'),
            ("SP1405", "http.header_timeout", '"5m"'),
            ("SP1405", "http.body_min_rate", "0"),
            ("SP1406", "resources.memory_limit", '"auto"'),
            ("SP1408", "http.max_request_bytes", '"20MiB"'),
            ("SP1409", "telemetry.metrics", "false"),
        ):
            with self.subTest(key=key, value=value):
                section, name = key.rsplit(".", 1)
                text = re.sub(rf"(?m)^{name} = .*\n", "", TOML.read_text("utf-8"))
                if name == "tls_cert":
                    text = re.sub(r"(?m)^tls_key = .*\n", "", text)
                text = text.replace(f"[{section}]\n", f"[{section}]\n{name} = {value}\n")
                items = self.checklist(text, 1)
                failed = {c: item["key"] for c, item in items.items() if item["verdict"] == "failed"}
                self.assertEqual(failed, {code: key})
                self.assertEqual(items[code]["origin"]["name"], "<stdin>")
                self.assertTrue(items[code]["hint"])

    def test_the_json_schema_passes_what_is_right_and_marks_what_is_not(self):
        schema = json.loads(JSON_SCHEMA.read_text("utf-8"))
        jsonschema.Draft7Validator.check_schema(schema)
        checker = jsonschema.Draft7Validator(schema)
        sample = (ROOT / "config/sampleproc.toml").read_text("utf-8")
        every_key = re.sub(r"(?m)^#(?=[a-z_]+ = )", "", sample)
        self.assertGreater(len(every_key.splitlines()), 100)
        detectors = ('[process]\npipeline = ["motion", "plates"]\n[detector.plates]\nlabels = "coco"\n'
                     '[detector.objects]\nlabels = ["a", "b"]\nwhen = "2s"')  # fmt: skip
        for text in (TOML.read_text("utf-8"), sample, every_key, detectors):
            self.assertEqual(list(checker.iter_errors(tomllib.loads(text))), [])
        for text in ('telemetry.log_level = "INFO"', 'telemetry.log_format = "Json"',
                     'process.pipeline = ["Stats"]'):  # fmt: skip
            self.assertEqual(list(checker.iter_errors(tomllib.loads(text))), [], text)
            result = cli.run("validate-config", "--offline", "-", stdin=text.encode())
            self.assertEqual(result.returncode, 0, text)
        for text in ("http.prot = 1", "htp.port = 1", "http.port = 70000", 'http.port = "8099"',
                     'http.header_timeout = "10 weeks"', 'http.max_request_bytes = "10M"',
                     'telemetry.log_level = "loud"', 'process.pipeline = ["people", "Cars"]',
                     "detector.plates.nsm = 0.5", "detector.Plates.nms = 0.5", "detector.plates = 1",
                     "detector.motion.nms = 0.5", "detector.plates.nms = 2", "detector.plates.labels = 1",
                     "telemetry.metrics = 1", "process = 3"):  # fmt: skip
            self.assertNotEqual(list(checker.iter_errors(tomllib.loads(text))), [], text)

    def test_the_environment_names_every_variable_of_the_original(self):
        named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", ENVIRONMENT.read_text("utf-8"), re.M))
        self.assertEqual(set(environment_test.READ + environment_test.DOCUMENTED) - named, set())

    def test_the_environment_is_valid(self):
        result = cli.run("validate-config", "--from-env", str(ENVIRONMENT), "--offline")
        self.assertEqual((result.returncode, result.err), (0, ""))

    def test_each_variable_that_is_commented_out_is_known(self):
        for line in re.findall(r"^#([A-Z][A-Z_]+=.*)$", ENVIRONMENT.read_text("utf-8"), re.M):
            with self.subTest(line), tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "env"
                file.write_text(line + "\n", "utf-8")
                result = cli.run("validate-config", "--from-env", str(file), "--offline")
                self.assertNotIn("no such setting", result.err + result.out)

    def test_the_pod_has_time_for_its_drain(self):
        deployment = yaml.safe_load((KUBERNETES / "deployment.yaml").read_text("utf-8"))
        pod = deployment["spec"]["template"]["spec"]
        container = pod["containers"][0]
        variables = {each["name"]: each["value"] for each in container["env"]}
        stop = int(variables["SAMPLEPROC_SERVICE_SHUTDOWN_TIMEOUT"].removesuffix("s"))
        self.assertGreater(pod["terminationGracePeriodSeconds"], stop)
        self.assertFalse(pod["enableServiceLinks"])
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe, path in (("startupProbe", "/startupz"), ("livenessProbe", "/livez"),
                            ("readinessProbe", "/readyz")):  # fmt: skip
            self.assertEqual(container[probe]["httpGet"]["path"], path)
            self.assertIn(container[probe]["httpGet"]["port"], ports)
        result = cli.run("validate-config", "--offline", env=variables)
        self.assertEqual((result.returncode, result.err), (0, ""))

    def test_the_service_answers_under_its_names_in_the_cluster(self):
        text = (KUBERNETES / "kustomization.yaml").read_text("utf-8")
        literals = yaml.safe_load(text)["configMapGenerator"][0]["literals"]
        variables = dict(literal.split("=", 1) for literal in literals)
        service = Service(self, *ANY_PORT, env=variables)
        for host, status in (("sampleproc", 200), ("sampleproc.default.svc", 200),
                             ("sampleproc.default.svc.cluster.local:8099", 200),
                             ("frames.example.com", 200), ("example.com", 400)):  # fmt: skip
            connection = service.connect()
            self.addCleanup(connection.close)
            connection.request("GET", "/", headers={"Host": host})
            self.assertEqual(connection.getresponse().status, status, host)

    def test_the_network_policy_lets_in_whoever_asks_and_measures(self):
        policy = yaml.safe_load((KUBERNETES / "network-policy.yaml").read_text("utf-8"))
        (rule,) = policy["spec"]["ingress"]
        self.assertIn({"podSelector": {}}, rule["from"])
        label = "kubernetes.io/metadata.name"
        namespaces = [each["namespaceSelector"]["matchLabels"][label]
                      for each in rule["from"] if "namespaceSelector" in each]  # fmt: skip
        self.assertEqual(namespaces, ["ingress-nginx", "monitoring"])

    def test_the_kustomization_lists_files_that_exist(self):
        listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["resources"]
        kinds = [yaml.safe_load((KUBERNETES / name).read_text("utf-8"))["kind"] for name in listed]
        self.assertIn("Deployment", kinds)
        self.assertIn("PodDisruptionBudget", kinds)


if __name__ == "__main__":
    unittest.main()
