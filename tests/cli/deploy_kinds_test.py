"""validate-config --with: what is looked at in a file, what is not, and files that are hostile."""

import json

import cli
from deployments import WithDeployments

HOME = "/" + "home/user"
UNIT = """[Service]
Type=notify
ExecStart=/usr/bin/sampleproc serve
TimeoutStopSec=40s
"""
COMPOSED = """services:
  sampleproc:
    image: sampleproc
    stop_grace_period: 60s
"""


def pods(name="sampleproc", port=8099, containers="", labels="{app: frames}", image="sampleproc"):
    return (f"kind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n"
            f"    metadata: {{labels: {labels}}}\n    spec:\n"
            f"      terminationGracePeriodSeconds: 60\n      containers:\n{containers}"
            f"        - {{name: {name}, image: {image}, ports: [{{name: http, containerPort: {port}}}]}}\n")  # fmt: skip


def service(selector, *ports):
    return (f"---\nkind: Service\nmetadata: {{name: s}}\nspec:\n  selector: {selector}\n"
            f"  ports:\n" + "".join(f"    - {port}\n" for port in ports))  # fmt: skip


class Kinds(WithDeployments):
    def found(self, name, text):
        """(code, severity, line) of what is said of the file, over all that it starts."""
        result = cli.run("validate-config", "--offline", "--format", "json",
                         "--with", self.write(name, text))  # fmt: skip
        report = json.loads(result.out)
        found = [d for c in report["configurations"] for d in c["diagnostics"]]
        self.messages = " | ".join(d["message"] for d in found)
        self.hints = " | ".join(d.get("hint", "") for d in found)
        self.assertEqual(result.returncode, 65 if report["errors"] else 0)
        return [(d["code"], d["severity"], d["origin"].get("line")) for d in found]

    def errors(self, name, text):
        return [(code, line) for code, severity, line in self.found(name, text) if severity == "error"]

    # Manifests

    def test_a_service_of_something_else_is_not_held_against_us(self):
        self.assertEqual(self.found("k.yaml", pods() + service("{app: redis}", "{port: 6379}")), [])
        self.assertEqual(self.found("k.yaml", pods() + service("{}", "{port: 6379}")), [])

    def test_every_port_of_a_service_that_selects_us_is_looked_at(self):
        text = pods() + service("{app: frames}", "{port: 80, targetPort: http}",
                                "{port: 81, targetPort: 1234}", "{port: 82, targetPort: gone}")  # fmt: skip
        self.assertEqual(sorted(self.errors("k.yaml", text)), [("SP1503", 17), ("SP1503", 18)])

    def test_a_pod_without_labels_goes_by_its_name(self):
        text = pods(labels="{}").replace("    metadata: {labels: {}}\n", "")
        text += service("{app.kubernetes.io/name: sampleproc}", "{port: 80, targetPort: 1}",
                        "{port: 81, targetPort: 2}")  # fmt: skip
        self.assertEqual(len(self.errors("k.yaml", text)), 2)

    def test_a_port_of_a_container_beside_us_is_not_ours(self):
        beside = "        - {name: proxy, image: nginx, ports: [{name: tls, containerPort: 443}]}\n"
        text = pods(containers=beside) + service("{app: frames}", "{port: 443, targetPort: tls}",
                                                 "{port: 444, targetPort: 443}")  # fmt: skip
        self.assertEqual(self.found("k.yaml", text), [])

    def test_every_container_of_ours_is_looked_at(self):
        text = pods() + "---\n" + pods("sampleproc-door", 9999)
        self.assertEqual(self.errors("k.yaml", text), [("SP1503", 19)])
        result = cli.run("validate-config", "--offline", "--with", str(self.directory / "k.yaml"))
        self.assertIn("(Deployment sampleproc, container sampleproc): ok", result.out)
        self.assertIn("(Deployment sampleproc-door, container sampleproc-door): invalid", result.out)

    def test_a_container_that_is_only_called_like_ours_is_not_ours(self):
        beside = "        - {name: sampleproc-logs, image: fluentbit, ports: [{containerPort: 2020}]}\n"
        self.assertEqual(self.found("k.yaml", pods(containers=beside)), [])
        self.assertEqual(self.found("k.yaml", pods(containers=beside, image="host/frames:1")), [])

    def test_a_job_of_ours_beside_the_service_is_not_the_service(self):
        job = ("---\nkind: Job\nspec: {template: {spec: {containers: [{name: a, image: sampleproc, "
               "args: [validate-config]}]}}}\n")  # fmt: skip
        self.assertEqual(self.found("k.yaml", pods() + job), [])

    def test_a_list_is_opened(self):
        items = "".join("    " + line + "\n" for line in pods(port=9999).splitlines())
        self.assertEqual(self.errors("k.yaml", "kind: List\nitems:\n  -\n" + items), [("SP1503", 12)])

    def test_a_file_without_ours_says_so(self):
        self.assertEqual(self.errors("k.yaml", pods("web", image="nginx")), [("SP1501", 1)])
        self.assertIn("no container of sampleproc", self.messages)

    def test_the_grace_is_a_number_of_seconds(self):
        text = pods().replace("Seconds: 60", "Seconds: 60s")
        self.assertEqual(self.errors("k.yaml", text), [("SP1505", 7)])

    def test_a_shell_with_a_plain_line_is_looked_into(self):
        for shell in ("/bin/sh", "bash"):
            for line, expected in (("exec sampleproc serve --port 9000", [("SP1503", "error")]),
                                   ("PORT=9000 exec sampleproc serve", [("SP1503", "error")]),
                                   ("nginx", [("SP1502", "error")]),
                                   ("sleep 1; sampleproc serve", [("SP1502", "warning")])):  # fmt: skip
                text = pods().replace("image: sampleproc",
                                      f'image: sampleproc, command: [{shell}, -c, "{line}"]')  # fmt: skip
                found = [(code, severity) for code, severity, _ in self.found("k.yaml", text)]
                self.assertEqual(found, expected, (shell, line))

    def test_a_variable_of_the_manifest_is_put_into_the_command(self):
        text = pods().replace("image: sampleproc",
                              'image: sampleproc, args: [serve, --port, $(P)], env: [{name: P, value: "9"}]')  # fmt: skip
        self.assertIn(("SP1503", 9), self.errors("k.yaml", text))
        found = self.found("k.yaml", text.replace("name: P,", "name: Q,"))
        self.assertEqual([(code, severity) for code, severity, _ in found], [("SP1502", "warning")])

    def test_the_hint_for_a_probe_with_curl_is_in_the_words_of_kubernetes(self):
        for name, probe, path in (("livenessProbe", "live", "/livez"),
                                  ("readinessProbe", "ready", "/readyz"),
                                  ("startupProbe", "startup", "/startupz")):  # fmt: skip
            text = pods().replace("image: sampleproc", "image: sampleproc, "
                                  f"{name}: {{exec: {{command: [curl, -f, localhost]}}}}")  # fmt: skip
            self.assertEqual(self.errors("k.yaml", text), [("SP1504", 9)])
            self.assertNotIn("CMD", self.hints)
            self.assertIn(f"httpGet: {{path: {path}, port: 8099}}", self.hints)
            self.assertIn(f'exec: {{command: ["sampleproc", "health", "--probe", "{probe}"]}}', self.hints)
        text = pods().replace("image: sampleproc", "image: sampleproc, livenessProbe: {exec: [curl, x]}")
        self.assertEqual(self.errors("k.yaml", text), [("SP1504", 9), ("SP1504", 9)])
        self.assertIn("exec has no command", self.messages)

    def test_one_run_tells_all_that_is_wrong(self):
        text = pods(port=8080).replace("Seconds: 60", "Seconds: 4").replace(
            "image: sampleproc", "image: sampleproc, livenessProbe: {httpGet: {path: /alive, port: 8099}}, env: [%s]")  # fmt: skip
        others = [("SP1503", 9), ("SP1504", 9), ("SP1505", 7)]
        for env, expected in (("{name: PORT, value: 8099}", [("SP1501", 9), *others]),
                              ("{name: PORT, value: x}", [("SP1007", 9), *others[1:]]),
                              ('{name: SAMPLEPROC_HTTP_PORT, value: "70000"}', [("SP1004", 9), *others[1:]]),
                              ('{name: SAMPLEPROC_PROCESS_PIPELINE, value: no}', [("SP1006", 9), *others])):  # fmt: skip
            self.assertEqual(sorted(self.errors("k.yaml", text % env)), sorted(expected), (env, self.messages))
        unit = UNIT.replace("40s", "3s") + "Environment=oops SAMPLEPROC_SERVICE_DRAIN_DELAY=3s\nMemoryMax=lots\n"
        self.assertEqual(self.errors("a.service", unit), [("SP1501", 5), ("SP1501", 6), ("SP1505", 4)])

    # Kustomizations

    def test_a_kustomization_that_lists_itself_is_read_once(self):
        self.write("d.yaml", pods(port=9999))
        text = "kind: Kustomization\nresources:\n" + "  - kustomization.yaml\n" * 60 + "  - d.yaml\n"
        self.assertEqual(self.errors("kustomization.yaml", text), [("SP1503", 9)])

    def test_kustomizations_that_never_end_are_an_error(self):
        for at in range(20):
            self.write(f"k{at}/kustomization.yaml", f"resources: [../k{at + 1}]\n")
        self.assertEqual(self.errors("kustomization.yaml", "resources: [k0]\n"), [("SP1501", 1)])
        self.assertIn("8 deep", self.messages)

    def test_patches_are_told(self):
        self.write("base/d.yaml", pods())
        self.write("base/kustomization.yaml", "resources: [d.yaml]\n")
        text = "resources: [../base]\npatches:\n  - path: p.yaml\n"
        self.assertEqual(self.found("over/kustomization.yaml", text), [("SP1501", "warning", 3)])
        self.assertIn("not applied", self.messages)

    def test_what_an_overlay_adds_to_a_config_map_counts(self):
        self.write("base/d.yaml", pods().replace(
            "image: sampleproc", "image: sampleproc, envFrom: [{configMapRef: {name: c}}]"))  # fmt: skip
        self.write("base/kustomization.yaml", "resources: [d.yaml]\nconfigMapGenerator:\n"
                   "  - {name: c, literals: [PORT=8099]}\n")  # fmt: skip
        self.write("over/my.env", "PORT=9000\n")
        text = ("resources: [../base]\nconfigMapGenerator:\n"
                "  - {name: c, behavior: merge, envs: [my.env]}\n")  # fmt: skip
        self.assertEqual(self.errors("over/kustomization.yaml", text), [("SP1503", 9)])

    def test_what_stands_elsewhere_is_told(self):
        text = "resources: [https://example.com/a?ref=b]\n"
        self.assertEqual(self.errors("kustomization.yaml", text), [("SP1501", 1)])
        self.assertIn("another machine", self.messages)

    def test_few_lines_do_not_become_gigabytes(self):
        text = "a: &a " + "x" * 700_000 + "\nb: [" + "*a, " * 8_000 + "]\n"
        self.assertEqual(self.errors("k.yaml", text), [("SP1501", 2)])
        self.assertIn("aliases", self.messages)

    # Units

    def test_times_and_words_as_systemd_reads_them(self):
        home = f"Environment=SAMPLEPROC_HTTP_TLS_CERT={HOME}/c SAMPLEPROC_HTTP_TLS_KEY={HOME}/k\n"
        cases = [
            ("TimeoutStopSec=20seconds\n", [("SP1505", 5)]),
            ("TimeoutStopSec=1min 30s\n", []),
            ("TimeoutStopSec=infinity\n", []),
            ("TimeoutStopSec=0\n", []),
            ("TimeoutStopSec=20seconds\nTimeoutStopSec=\n", []),
            ("TimeoutStopSec=abc\n", [("SP1501", 5)]),
            ("WatchdogSec=often\n", [("SP1501", 5)]),
            ("MemoryMax=lots\n", [("SP1501", 5)]),
            ("MemoryMax=80%\n", []),
            ("DynamicUser=perhaps\n", [("SP1501", 5)]),
            ("ProtectHome=some\n", [("SP1501", 5)]),
            (home + "ProtectHome=read-only\n", []),
            (home + "ProtectHome=tmpfs\n", [("SP1507", 3), ("SP1507", 3)]),
            (home + "ProtectHome=yes\n", [("SP1507", 3), ("SP1507", 3)]),
            (home + "ProtectHome=no\n", []),
        ]
        for lines, expected in cases:
            with self.subTest(lines):
                found = self.found("a.service", UNIT + lines)
                told = [(code, line) for code, _, line in found]
                self.assertEqual(told, expected, self.messages)

    def test_types_that_never_start(self):
        for name in ("forking", "oneshot", "dbus"):
            text = UNIT.replace("Type=notify", f"Type={name}") + "WatchdogSec=30s\n"
            self.assertEqual(self.errors("a.service", text), [("SP1502", 2)], name)
        self.assertEqual(self.errors("a.service", UNIT.replace("=notify", "=notfy")), [("SP1501", 2)])
        for name in ("simple", "exec", "notify-reload", "idle", ""):
            self.assertEqual(self.found("a.service", UNIT.replace("=notify", "=" + name)), [], name)

    def test_signals_that_do_not_stop_it(self):
        pod = pods().replace("image: sampleproc", "image: sampleproc, lifecycle: {stopSignal: %s}")
        for name, text, line in (("a.service", UNIT + "KillSignal=%s\n", 5),
                                 ("compose.yaml", COMPOSED + "    stop_signal: %s\n", 5),
                                 ("k.yaml", pod, 9)):  # fmt: skip
            for signal, word in (("SIGHUP", "reload"), ("SIGKILL", "at once"), ("9", "at once"),
                                 ("SIGQUIT", "drain")):  # fmt: skip
                self.assertEqual(self.errors(name, text % signal), [("SP1505", line)], (name, signal))
                self.assertIn(word, self.messages)
            for signal in ("SIGTERM", "TERM", "15", "SIGINT", "sigint"):
                self.assertEqual(self.found(name, text % signal), [], (name, signal))
        self.assertEqual(self.found("a.service", UNIT + "KillSignal=SIGHUP\nKillSignal=\n"), [])

    def test_the_time_for_a_stop_has_to_exceed_what_a_stop_may_take(self):
        stop = "Environment=SAMPLEPROC_SERVICE_SHUTDOWN_TIMEOUT=40s\n"
        self.assertEqual(self.found("a.service", UNIT + stop), [("SP1505", "warning", 4)])
        self.assertEqual(self.found("a.service", UNIT.replace("40s", "41s") + stop), [])

    def test_a_unit_that_starts_nothing_is_told(self):
        self.assertEqual(self.errors("a.service", "[Unit]\n[Service]\n"), [("SP1502", 2)])
        self.assertEqual(self.errors("a.service", UNIT + "ExecStart=\n"), [("SP1502", 1)])
        self.assertEqual(self.found("a.conf", "[Service]\nTimeoutStopSec=40s\n"), [])

    def test_options_that_serve_does_not_have_are_told(self):
        for words, errors in (("--bogus x --prot 9", 2), ("extra", 1), ("--port", 1), ("--help", 0),
                              ("--port=8099 -c /x", 0), ("$OPTIONS", 0)):  # fmt: skip
            text = UNIT.replace("serve\n", f"serve {words}\n")
            found = self.errors("a.service", text)
            self.assertEqual(found, [("SP1502", 3)] * errors, (words, self.messages))

    def test_a_shell_or_env_of_a_unit_is_looked_through(self):
        for start in ('/bin/sh -c "exec sampleproc serve --bogus"', "/bin/bash -ec 'sampleproc serve -x'",
                      "/usr/bin/env A=1 sampleproc serve --bogus"):  # fmt: skip
            text = UNIT.replace("/usr/bin/sampleproc serve", start)
            self.assertEqual(self.errors("a.service", text), [("SP1502", 3)], start)

    # Compose files

    def test_variables_of_a_compose_file_have_their_defaults(self):
        def with_command(text):
            return COMPOSED + (f"    command: serve --port {text}\n    ports: ['8099']\n"
                               "    healthcheck: {disable: true}\n")  # fmt: skip

        warned = [("SP1501", "warning")]
        for text, expected in (("${PORT:-8099}", []), ("${PORT-8099}", []), ("${A:-80}99", []),
                               ("${PORT:-9000}", [("SP1503", "error")]),
                               ("${PORT}", warned), ("$PORT", warned), ("${PORT:?why}", warned)):  # fmt: skip
            found = [(c, s) for c, s, _ in self.found("compose.yaml", with_command(text))
                     if c != "SP1502"]  # fmt: skip
            self.assertEqual(found, expected, text)
        self.write(".env", "PORT=9000\n")
        self.assertEqual(self.errors("compose.yaml", with_command("$PORT")), [("SP1503", 6)])
        self.assertEqual(self.errors("compose.yaml", COMPOSED + "    environment: {X: $$PORT}\n"), [])

    def test_a_compose_file_without_ours_says_so(self):
        self.assertEqual(self.errors("c.yaml", "services: {web: {image: nginx, ports: ['80:80']}}\n"),
                         [("SP1501", 1)])  # fmt: skip
        self.assertIn("no service of sampleproc", self.messages)

    def test_every_service_of_ours_is_looked_at(self):
        text = COMPOSED + ("  second: {image: sampleproc, stop_grace_period: 60s, ports: ['9000']}\n"
                           "  sampleproc-logs: {image: fluentbit, ports: ['2020']}\n")  # fmt: skip
        self.assertEqual(self.errors("compose.yaml", text), [("SP1503", 5)])

    def test_health_asks_the_port_of_the_configuration_and_not_of_the_command_line(self):
        serve = COMPOSED + '    command: [serve, --port, "9000"]\n'
        health = "    healthcheck: {test: %s}\n"
        own = health % '["CMD", "sampleproc", "health"%s]'
        error = [("SP1504", 6)]
        for text, expected in (
            (serve, [("SP1504", 5)]),  # the image's own
            (serve.replace("--port, ", "--set, ").replace('"9000"', "http.port=9000"), [("SP1504", 5)]),
            (serve + "    healthcheck: {interval: 5s}\n", [("SP1504", 5)]),
            (serve + own % "", error),
            (serve + health % "sampleproc health || exit 1", error),
            (serve + own % ', "--port=8099"', error),
            (serve + own % ', "--port", "9000"', []),
            (serve + own % ', "--set", "http.port=9000"', []),
            (serve + "    healthcheck: {disable: true}\n", []),
            (serve + health % '["NONE"]', []),
            (serve + own % "" + "    environment: {PORT: 9000}\n", []),
            (serve.replace("9000", "8099") + own % "", []),
            (COMPOSED + own % ', "--port", "9000"', [("SP1504", 5)]),
        ):  # fmt: skip
            self.assertEqual(self.errors("compose.yaml", text), expected, (text, self.messages))
        self.found("compose.yaml", serve + own % "")
        self.assertIn("health on port 8099, while the service listens on 9000", self.messages)
        pod = pods(port=9000).replace("image: sampleproc", "image: sampleproc, args: [serve, --port=9000], "
                                      "livenessProbe: {exec: {command: [sampleproc, health]}}")  # fmt: skip
        self.assertEqual(self.errors("k.yaml", pod), [("SP1504", 9)])
        self.assertEqual(self.errors("k.yaml", pod.replace("health]", 'health, --port, "9000"]')), [])

    def test_a_socket_is_held_against_the_port_that_health_asks(self):
        socket = self.write("a.socket", "[Socket]\nListenStream=9000\n")
        unit = self.write("a.service", UNIT.replace("serve", "serve --port 9000"))
        result = cli.run("validate-config", "--offline", "--with", unit, "--with", socket)
        self.assertEqual(result.returncode, 0)
        self.assertIn("[SP1503]", result.err)
        self.assertIn("http.port, 8099", result.err)

    def test_a_grace_that_is_no_time_is_told(self):
        text = COMPOSED.replace("60s", "soon")
        self.assertEqual(self.errors("compose.yaml", text), [("SP1505", 4)])


if __name__ == "__main__":
    cli.main()
