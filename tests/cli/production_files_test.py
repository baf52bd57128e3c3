"""The files to start from in production: what they amount to, and that each of them is whole."""

import json
import pathlib
import re
import tempfile
import unittest

import cli
import environment_test
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "config/production.env.example"
TOML = ROOT / "config/production.toml"
KUBERNETES = ROOT / "packaging/kubernetes"


class ProductionFiles(cli.TestCase):
    def test_the_toml_passes_the_checklist(self):
        result = cli.run("validate-config", "--production", "--offline", "--format", "json", str(TOML))
        self.assertEqual(result.returncode, 0, result.err)
        items = json.loads(result.out)["configurations"][0]["production"]
        self.assertEqual([item["code"] for item in items if item["verdict"] == "failed"], [])
        self.assertEqual(len(items), 10)

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

    def test_the_kustomization_lists_files_that_exist(self):
        listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["resources"]
        kinds = [yaml.safe_load((KUBERNETES / name).read_text("utf-8"))["kind"] for name in listed]
        self.assertIn("Deployment", kinds)
        self.assertIn("PodDisruptionBudget", kinds)


if __name__ == "__main__":
    unittest.main()
