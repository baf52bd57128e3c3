"""validate-config --with and --diff: files that start the service, held against its configuration."""

import json
import pathlib
import re
import subprocess
import tempfile

import cli
import jsonschema
from deployments import WithDeployments

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "config/validate-config.schema.json").read_text("utf-8"))
KUSTOMIZATION = ROOT / "packaging/kubernetes/kustomization.yaml"
COMPOSE = ROOT / "packaging/compose/compose.yaml"
HOME = "/" + "home/user"

# As the production guide of the original service has it.
USERS_OWN = """resources:
  limits:
    memory: "1Gi"
    cpu: "2"
livenessProbe:
  httpGet:
    path: /health
    port: 8099
readinessProbe:
  httpGet:
    path: /health
    port: 8099
lifecycle:
  preStop:
    exec:
      command: ["/bin/sh", "-c", "sleep 15"]
"""
UNIT = """[Service]
Type=notify
ExecStart=/usr/bin/sampleproc serve
WatchdogSec=30s
TimeoutStopSec=40s
DynamicUser=yes
ProtectHome=yes
CapabilityBoundingSet=
"""
POD = """apiVersion: v1
kind: Pod
metadata:
  name: sampleproc
spec:
  terminationGracePeriodSeconds: 60
  containers:
    - name: sampleproc
      image: sampleproc
      ports:
        - containerPort: 8099
"""
COMPOSED = """services:
  sampleproc:
    image: sampleproc
    stop_grace_period: 60s
    ports: ["8099:8099"]
"""


class Deploy(WithDeployments):
    def found(self, name, text, *words):
        """The (code, line, key) of each diagnostic, and the whole of them."""
        path = self.write(name, text)
        result = cli.run("validate-config", "--offline", "--format", "json", "--with", path, *words)
        report = json.loads(result.out)
        jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)
        (configuration,) = report["configurations"]
        diagnostics = configuration["diagnostics"]
        self.assertEqual(result.returncode, 65 if configuration["errors"] else 0)
        for diagnostic in diagnostics:
            self.assertTrue(diagnostic["message"])
            if diagnostic["origin"]["kind"] == "file":
                self.assertTrue(diagnostic["source_line"], diagnostic)
        return [(d["code"], d["origin"].get("line"), d["key"]) for d in diagnostics], diagnostics

    def test_what_is_shipped_is_right(self):
        for path in (KUSTOMIZATION, COMPOSE):
            result = cli.run("validate-config", "--strict", "--offline", "--with", str(path))
            self.assertEqual((result.returncode, result.err), (0, ""), path)
        done = subprocess.run([ROOT / "packaging/systemd/make-units.sh", "/usr/bin", self.directory],
                              check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0)
        for name in ("sampleproc.service", "sampleproc@.service"):
            result = cli.run("validate-config", "--strict", "--offline", "--with",
                             str(self.directory / name), str(ROOT / "config/sampleproc.toml"))  # fmt: skip
            self.assertEqual((result.returncode, result.err), (0, ""), name)
        drop_in = ROOT / "packaging/systemd/redis-password.conf"
        result = cli.run("validate-config", "--strict", "--offline", "--with",
                         str(self.directory / "sampleproc.service"), "--with", str(drop_in))  # fmt: skip
        self.assertEqual((result.returncode, result.err), (0, ""))
        socket = ROOT / "packaging/systemd/sampleproc.socket"
        result = cli.run("validate-config", "--strict", "--offline", "--with", str(socket))
        self.assertEqual((result.returncode, result.err), (0, ""))

    def test_good_ones_have_nothing(self):
        for name, text in (("a.service", UNIT), ("pod.yaml", POD), ("compose.yaml", COMPOSED)):
            self.assertEqual(self.found(name, text)[0], [], name)

    def test_a_misspelt_variable_hides_nothing_else(self):
        env = "      env: [{name: SAMPLEPROC_HTTP_PROT, value: '1'}]\n"
        codes, _ = self.found("pod.yaml", POD.replace("8099", "9") + env)
        self.assertEqual([code for code, _, _ in codes], ["SP1008", "SP1503"])

    def test_the_users_own_fragment(self):
        codes, diagnostics = self.found("k.yaml", USERS_OWN)
        self.assertEqual(codes, [("SP1504", 7, ""), ("SP1505", 1, "service.shutdown_timeout")])
        self.assertIn("preStop takes 15s", diagnostics[1]["message"])
        self.assertIn("terminationGracePeriodSeconds: 60", diagnostics[1]["hint"])

    def test_units(self):
        def changed(old, new):
            self.assertIn(old, UNIT)
            return UNIT.replace(old, new)

        cases = [
            (changed("TimeoutStopSec=40s", "TimeoutStopSec=20s"), ("SP1505", 5)),
            (changed("Type=notify", "Type=simple"), ("SP1502", 2)),
            (changed("sampleproc serve", "sampleproc health"), ("SP1502", 3)),
            (changed("sampleproc serve", "sampleproc serve --port 443"), ("SP1503", 3)),
            (changed("sampleproc serve", "sampleproc serve --set http.prot=1"), ("SP1003", None)),
            (UNIT + "MemoryMax=512M\nEnvironment=MEMORY_LIMIT_MB=1024\n", ("SP1506", 9)),
            (UNIT + "Environment=SAMPLEPROC_HTTP_PORT=70000\n", ("SP1004", 9)),
            (UNIT + 'Environment="SAMPLEPROC_CONSUMER_REDIS_PASSWORD_FILE=%d/redis"\n',
             ("SP1507", 3)),
            (UNIT + f"Environment=SAMPLEPROC_HTTP_TLS_CERT={HOME}/c SAMPLEPROC_HTTP_TLS_KEY={HOME}/k\n",
             ("SP1507", 3)),
            (UNIT + "EnvironmentFile=/nonexistent/env\n", ("SP1501", 9)),
        ]  # fmt: skip
        for text, expected in cases:
            with self.subTest(text[len(UNIT):] or text):
                codes, _ = self.found("a.service", text)
                self.assertIn(expected, [(code, line) for code, line, _ in codes])

    def test_a_credential_that_is_loaded_is_there(self):
        text = UNIT + ("LoadCredential=redis:/etc/x\n"
                       "Environment=SAMPLEPROC_CONSUMER_REDIS_PASSWORD_FILE=%d/redis\n")  # fmt: skip
        self.assertEqual(self.found("a.service", text)[0], [])

    def test_a_socket_on_another_port_is_not_where_health_asks(self):
        codes, _ = self.found("a.socket", "[Socket]\nListenStream=127.0.0.1:9000\n")
        self.assertEqual(codes, [("SP1503", 2, "http.port")])

    def test_a_socket_beside_its_service(self):
        path = self.write("a.socket", "[Socket]\nListenStream=9000\n")
        codes, _ = self.found("a.service", UNIT.replace("40s", "20s"), "--with", path)
        self.assertEqual([code for code, _, _ in codes], ["SP1503", "SP1505"])

    def test_manifests(self):
        end = "          "
        env = "      env:\n        - name: {}\n          value: {}\n"
        probe = "      {}:\n        httpGet:\n          path: {}\n          port: {}\n"
        cases = [
            (POD.replace("containerPort: 8099", "containerPort: 8080"), ("SP1503", 11)),
            (POD + env.format("PORT", '"9000"'), ("SP1503", 11)),
            (POD + env.format("PORT", "8099"), ("SP1501", 14)),
            (POD + env.format("PORT", '"90000"'), ("SP1004", 14)),
            (POD + env.format("SAMPLEPROC_HTTP_HOST", "127.0.0.1"), ("SP1503", 8)),
            (POD + env.format("SAMPLEPROC_SERVICE_DRAIN_DELAY", "0s"), ("SP1505", 8)),
            (POD + env.format("MEMORY_LIMIT_MB", '"2048"')
             + "      resources: {limits: {memory: 1Gi}}\n", ("SP1506", 15)),
            (POD + "      resources: {limits: {memory: 128Mi}}\n", ("SP1506", 12)),
            (POD + "      resources: {limits: {memory: lots}}\n", ("SP1506", 12)),
            (POD.replace("Seconds: 60", "Seconds: 4"), ("SP1505", 6)),
            (POD.replace("Seconds: 60", "Seconds: 30"), ("SP1505", 6)),
            (POD + probe.format("livenessProbe", "/health", 8099), ("SP1504", 14)),
            (POD + probe.format("livenessProbe", "/alive", 8099), ("SP1504", 14)),
            (POD + probe.format("readinessProbe", "/livez", 8099), ("SP1504", 14)),
            (POD + probe.format("readinessProbe", "/readyz", 8080), ("SP1503", 15)),
            (POD + probe.format("readinessProbe", "/readyz", "web"), ("SP1503", 15)),
            (POD + probe.format("readinessProbe", "/readyz", 8099) + end + "scheme: HTTPS\n",
             ("SP1504", 14)),
            (POD + "      volumeMounts: [{name: tls, mountPath: /tls}]\n", ("SP1507", 12)),
            (POD + env.format("SAMPLEPROC_HTTP_AUTH_TOKENS_FILE", "/tls/tokens"), ("SP1507", 8)),
            (POD + '      args: ["validate-config"]\n', ("SP1502", 12)),
            (POD + '      args: ["serve", "--port", "9000"]\n', ("SP1503", 11)),
            (POD + '      args: ["serve", "-c", "/nonexistent.toml"]\n', ("SP1501", 12)),
            (POD + "      envFrom: [{configMapRef: {name: gone}}]\n", ("SP1501", 12)),
            (POD + "---\nkind: Service\nspec: {selector: {app: sampleproc}, ports: [{port: 80, targetPort: 8080}]}\n",
             ("SP1503", 14)),
            (POD.replace("sampleproc", "nginx") + "    - name: other\n", ("SP1501", 1)),
            (POD + "   bad: [\n", ("SP1501", 12)),
        ]  # fmt: skip
        for text, expected in cases:
            with self.subTest(text[len(POD) - 30:]):
                codes, _ = self.found("pod.yaml", text)
                self.assertIn(expected, [(code, line) for code, line, _ in codes])

    def test_a_config_map_beside_it_counts(self):
        text = POD + ("      envFrom: [{configMapRef: {name: c}}]\n---\nkind: ConfigMap\n"
                      "metadata: {name: c}\ndata:\n  PORT: \"9000\"\n")  # fmt: skip
        codes, _ = self.found("pod.yaml", text)
        self.assertEqual(codes, [("SP1503", 11, "http.port")])

    def test_a_mounted_secret_is_there(self):
        text = POD + ("      env: [{name: SAMPLEPROC_HTTP_AUTH_TOKENS_FILE, value: /tls/tokens}]\n"
                      "      volumeMounts: [{name: tls, mountPath: /tls}]\n"
                      "  volumes: [{name: tls, secret: {secretName: tls}}]\n")  # fmt: skip
        self.assertEqual(self.found("pod.yaml", text)[0], [])

    def test_compose_files(self):
        cases = [
            (COMPOSED.replace("8099:8099", "8099:80"), ("SP1503", 5)),
            (COMPOSED.replace("8099:8099", "8000-8009:80-89"), ("SP1503", 5)),
            (COMPOSED.replace("8099:8099", "8099:eight"), ("SP1503", 5)),
            (COMPOSED.replace("8099:8099", "8099:8100-8099"), ("SP1503", 5)),
            (COMPOSED.replace("60s", "4s"), ("SP1505", 4)),
            (COMPOSED.replace("    stop_grace_period: 60s\n", ""), ("SP1505", 2)),
            (COMPOSED + "    environment: {PORT: 9000}\n", ("SP1503", 5)),
            (COMPOSED + '    environment: ["PORT=x"]\n', ("SP1007", 6)),
            (COMPOSED + "    mem_limit: 512m\n    environment: {MEMORY_LIMIT_MB: 1024}\n",
             ("SP1506", 6)),
            (COMPOSED + '    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:8099"]}\n',
             ("SP1504", 6)),
            (COMPOSED + "    healthcheck: {test: curl -f http://localhost:8099/health}\n",
             ("SP1504", 6)),
            (COMPOSED + "    secrets: [redis]\n", ("SP1507", 6)),
            (COMPOSED + "    environment: {SAMPLEPROC_CONSUMER_REDIS_PASSWORD_FILE: /x}\n",
             ("SP1507", 2)),
            (COMPOSED + "    env_file: gone.env\n", ("SP1501", 6)),
            (COMPOSED + "    command: health\n", ("SP1502", 6)),
        ]  # fmt: skip
        for text, expected in cases:
            with self.subTest(text[len(COMPOSED) - 20:]):
                codes, _ = self.found("compose.yaml", text)
                self.assertIn(expected, [(code, line) for code, line, _ in codes])

    def test_a_range_of_ports_is_right_when_the_service_is_in_it(self):
        for ports in ("8000-8009:8090-8099", "127.0.0.1:9099:8099-8099/tcp", "8099-8108"):
            codes, _ = self.found("compose.yaml", COMPOSED.replace("8099:8099", ports))
            self.assertEqual(codes, [], ports)

    def test_several_compose_files_are_for_compose_to_put_together(self):
        names = [self.write("a.yaml", COMPOSED), self.write("b.yaml", COMPOSED)]
        result = cli.run("validate-config", "--with", names[0], "--with", names[1])
        self.assertEqual(result.returncode, 65, result.err)
        self.assertIn("docker compose -f FILE -f FILE config | sampleproc", result.err)

    def test_the_environment_file_of_a_compose_file_counts(self):
        self.write("my.env", "# where\nPORT=9000\n")
        codes, _ = self.found("compose.yaml", COMPOSED + "    env_file: [my.env]\n")
        self.assertEqual(codes, [("SP1503", 5, "http.port")])
        self.write("my.env", "# where\nPORT=90000\n")
        codes, diagnostics = self.found("compose.yaml", COMPOSED + "    env_file: [my.env]\n")
        self.assertEqual(codes, [("SP1004", 2, "http.port")])
        self.assertTrue(diagnostics[0]["origin"]["name"].endswith("my.env"))

    def test_the_variables_of_this_shell_do_not_count(self):
        path = self.write("a.service", UNIT)
        result = cli.run("validate-config", "--offline", "--with", path, env={"PORT": "nine"})
        self.assertEqual((result.returncode, result.err), (0, ""))

    def test_a_configuration_is_held_against_it(self):
        path = self.write("pod.yaml", POD)
        toml = self.write("c.toml", "[http]\nport = 9000\n")
        result = cli.run("validate-config", "--offline", "--with", path, toml)
        self.assertEqual(result.returncode, 65)
        self.assertEqual(result.err,
                         f"{path}:11:26: error: http.port: containerPort is 8099, while the service "
                         "listens on 9000 [SP1503]\n   11 |         - containerPort: 8099\n"
                         "      |                          ^~~~\n  hint: make them the same\n")  # fmt: skip

    def test_files_that_are_none_of_it(self):
        for text in ("", "- a\n", "just words\n", "[Unit]\nDescription=x\n"):
            with self.subTest(text):
                path = self.write("x", text)
                result = cli.run("validate-config", "--offline", "--with", path)
                self.assertEqual(result.returncode, 65)
                self.assertIn("[SP1501]", result.err)
        for text, told in (("- kind: Pod\n- kind: Service\n", "x:1:1: error: is neither a unit nor a manifest: it is a list"),
                           ("---\n# a\n---\njust words\n", "x:4:1: error: is neither a unit nor a manifest: it is a mere value"),
                           ("# nothing\n---\n", "it is empty")):  # fmt: skip
            result = cli.run("validate-config", "--offline", "--with", self.write("x", text))
            self.assertIn(told, result.err)
        result = cli.run("validate-config", "--with", "/nonexistent")
        self.assertEqual(result.returncode, 65)
        self.assertIn("/nonexistent: error: cannot be read: No such file", result.err)

    def test_the_variables_of_the_image_are_those_of_its_file(self):
        image = dict(re.findall(r"(SAMPLEPROC_\w+)=(\S+)",
                                (ROOT / "packaging/container/Containerfile").read_text("utf-8")))  # fmt: skip
        code = (ROOT / "lib/deploy/deployment.h").read_text("utf-8")
        self.assertEqual(dict(re.findall(r'\{"(SAMPLEPROC_\w+)", "([^"]*)"\}', code)), image)


class Diff(cli.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.old = directory.name + "/old.toml"
        self.new = directory.name + "/new.toml"

    def diff(self, old, new, *words, **options):
        pathlib.Path(self.old).write_text(old, "utf-8")
        pathlib.Path(self.new).write_text(new, "utf-8")
        return cli.run("validate-config", "--offline", *words, "--diff", self.old, self.new, **options)

    def test_nothing(self):
        result = self.diff("http.port = 8099\n", "")
        self.assertEqual((result.returncode, result.out, result.err),
                         (0, f"{self.old} -> {self.new}: no key differs\n", ""))  # fmt: skip

    def test_what_a_reload_applies(self):
        result = self.diff("", 'telemetry.log_level = "debug"\n')
        self.assertEqual((result.returncode, result.out),
                         (0, f"{self.old} -> {self.new}: 1 key differs, a reload applies it\n"
                             '  reload   telemetry.log_level: "info" -> "debug" '
                             f"({self.new}:1:23)\n"))  # fmt: skip

    def test_what_needs_a_restart(self):
        result = self.diff("", "http.port = 1\n", "--format", "json")
        self.assertEqual((result.returncode, result.err), (1, ""))
        report = json.loads(result.out)
        jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)
        self.assertEqual([(c["key"], c["before"], c["after"], c["applied_by"])
                          for c in report["changes"]],
                         [("http.port", "8099", "1", "restart")])  # fmt: skip

    def test_a_key_that_the_environment_sets_does_not_differ(self):
        result = self.diff("", "http.port = 1\n", env={"PORT": "5"})
        self.assertEqual(result.returncode, 0)

    def test_errors_are_told_in_its_place(self):
        result = self.diff("", "http.port = -1\n")
        self.assertEqual(result.returncode, 65)
        self.assertIn("[SP1004]", result.err)

    def test_it_takes_two_files_and_nothing_beside(self):
        for words in (["--diff"], ["--diff", "a"], ["--diff", "a", "b", "c"],
                      ["--diff", "a", "b", "--production"], ["--with", "x", "a", "b"]):  # fmt: skip
            result = cli.run("validate-config", *words)
            self.assertEqual((result.returncode, result.out), (2, ""), words)


if __name__ == "__main__":
    cli.main()
