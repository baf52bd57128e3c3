"""sampleproc validate-config: verdicts, diagnostics, exit codes."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import tomllib

import cli
import jsonschema
from certificate import make_expired_certificate

# Passes every item of the production checklist.
FIT_FOR_PRODUCTION = """http.allowed_hosts = ["frames.example.com"]
resources.memory_limit = "512MiB"
service.shutdown_timeout = "35s"
"""
SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "config/validate-config.schema.json"


class ValidateConfig(cli.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def check(self, *words, **options):
        return cli.run("validate-config", *words, **options)

    def test_a_good_file(self):
        path = self.write("good.toml", "[http]\nport = 9000\n")
        result = self.check(path)
        self.assertEqual((result.returncode, result.out, result.err), (0, path + ": ok\n", ""))

    def test_a_module_that_is_not_installed(self):
        alone = shutil.copy(cli.BINARY, os.path.join(self.directory, "sampleproc"))
        for words, key, package in (
            ([], "process.pipeline", "sampleproc-opencv"),
            (["process.pipeline=stats", "mqtt.url=mqtt://127.0.0.1"], "mqtt.url", "sampleproc-mqtt"),
            (["process.pipeline=stats", "camera.a.url=rtsp://127.0.0.1/a"], "camera.a.url", "sampleproc-video"),
        ):  # fmt: skip
            words = [word for setting in words for word in ("--set", setting)]
            checked = subprocess.run([alone, "validate-config", *words], env={}, capture_output=True, text=True)
            self.assertEqual(checked.returncode, 65, checked.stderr)
            self.assertIn(f"error: {key}: needs ", checked.stderr)
            self.assertIn(f"the package {package} has it", checked.stderr)
            offline = subprocess.run([alone, "validate-config", "--offline", *words], env={}, capture_output=True)
            self.assertEqual(offline.returncode, 0, offline.stderr)
            if key == "process.pipeline":
                start = subprocess.run([alone, "serve", "--port", "0"], env={}, capture_output=True, text=True)
                self.assertEqual(start.returncode, 69)
                self.assertIn(f"the package {package} has it", start.stderr)

    def test_a_certificate_that_has_expired(self):
        files = [os.path.join(self.directory, name) for name in ("cert", "key")]
        make_expired_certificate(*files)
        result = self.check("--set", f"http.tls_cert={files[0]}", "--set", f"http.tls_key={files[1]}")
        self.assertEqual(result.returncode, 65)
        self.assertIn("error: http.tls_cert: the certificate has expired at 20", result.err)

    def test_folders_that_are_not_there(self):
        """One rule for all that is written: only the last part of a name is ever made."""
        for key, words in (("consumer.file.path", ["--set", "consumer.sinks=file"]),
                           ("events.history", []), ("events.snapshots", []),
                           ("events.clips", [])):  # fmt: skip
            with self.subTest(key):
                missing = os.path.join(self.directory, "missing", "x")
                words = [*words, "--set", "process.pipeline=motion,track", "--set"]
                result = self.check(*words, f"{key}={missing}")
                self.assertEqual(result.returncode, 0, result.err)
                self.assertIn(f"warning: {key}: the folder {os.path.dirname(missing)} is not there", result.err)
                self.assertEqual(os.listdir(self.directory), [])
                there = os.path.join(self.directory, "x")
                self.assertNotIn("is not there", self.check(*words, f"{key}={there}").err)

    def test_camera_urls_that_are_paths_of_nothing(self):
        there = self.write("x.mp4", "")
        for url, words, offline in (
            ("0", "webcams are not read", True), ("/dev/video0", "-i /dev/video0 ", True),
            ("~/x.mp4", '"~" is not expanded', True), ("~me/x.mp4", '"~" is not expanded', True),
            ("/nope/x.mp4", "/nope/x.mp4 cannot be read: No such file or directory", False),
            ("10.0.0.5/stream1", 'write "rtsp://10.0.0.5/stream1"', False),
            (there, "", False), (self.directory, "", False), ("rtsp://h/0", "", False),
        ):  # fmt: skip
            path = self.write("c.toml", f'[camera.a]\nurl = "{url}"\n[consumer]\nsinks = ["log"]\n')
            for option in ([], ["--online"], ["--offline"]):
                with self.subTest(url, option=option):
                    result = self.check(*option, path)
                    self.assertEqual(result.returncode, 0, result.err)
                    if not words or (option == ["--offline"] and not offline):
                        self.assertEqual(result.err, "")
                    else:
                        self.assertIn(f"{path}:2:7: warning: camera.a.url: ", result.err)
                        self.assertIn(words, result.err)
                        self.assertIn(": ok (1 warning)\n", result.out)

    def test_a_home_directory_is_not_expanded(self):
        for key in ("events.history", "http.tls_cert"):
            result = self.check("--set", f"{key}=~/x", "--set", "process.pipeline=motion,people,track")
            self.assertIn('hint: "~" is not expanded: write the whole path', result.err)

    def test_what_follows_from_an_error_is_not_told(self):
        """Rules across keys hold their tongue about keys whose own error is told."""
        zone = "[camera.a.zone.z]\npolygon = [[0, 0], [1, 0], [1, 1]]\n"
        pulled = "[consumer]\nenabled = true\n"
        for text, errors in (
            ('[consumer]\nsinks = ["log"]\n[camera.a]\nurl = "RTSP://x/y"\n', ["camera.a.url"]),
            ('[consumer]\nsinks = ["log"]\n[camera.a]\nulr = "rtsp://x/y"\n', ["camera.a.ulr"]),
            ('[consumer]\nsinks = ["log"]\n[camera.a]\nurl = rtsp://x/y\n', [""]),
            ('[consumer]\nsinks = ["log"]\n[camera.front door]\nurl = "rtsp://x/y"\n', [""]),
            ('[consumer]\nsinks = ["log"]\n[camera.a.b]\nurl = "rtsp://x/y"\n', ["camera.a.b"]),
            (pulled + 'sinks = ["webhook"]\nwebhook.url = "example.com/x"\n', ["consumer.webhook.url"]),
            (pulled + 'sinks = ["logg"]\n', ["consumer.sinks"]),
            ('[camera.a]\nurl = "RTSP://x/y"\ntransport = "udp"\n', ["camera.a.url"]),
            (f'process.pipeline = ["motion", "people", "trak"]\n{zone}', ["process.pipeline"]),
            ('process.pipeline = ["motion", "people", "trak"]\nevents.history = "x"\n',
             ["process.pipeline"]),
            ('[camera.a]\npipeline = ["motion", "people", "trak"]\n' + zone, ["camera.a.pipeline"]),
            ('[service]\ndrain_delay = "40s"\nshutdown_timeout = "60"x\n', [""]),
            ('[service]\ndrain_delay = "40s"\nshutdown_timeout = "60 secs"\n', ["service.shutdown_timeout"]),
            ('[http]\ntls_key = "/x"\ntls_crt = "/y"\n', ["http.tls_crt"]),
        ):  # fmt: skip
            with self.subTest(text):
                report = json.loads(self.check("--offline", "--format", "json", "-", stdin=text.encode()).out)
                found = report["configurations"][0]["diagnostics"]
                self.assertEqual([each["key"] for each in found], errors, found)

    def test_what_has_nothing_to_do_with_an_error_is_told(self):
        text = ('[http]\nport = 99999\nmax_target_bytes = "1MiB"\n[service]\ndrain_delay = "50s"\n'
                '[camera.a]\nurl = "RTSP://x"\n[camera.b]\nca_file = "/x"\nurl = "http://x/"\n'
                '[consumer]\nsinks = ["webhook"]\n')  # fmt: skip
        report = json.loads(self.check("--offline", "--format", "json", "-", stdin=text.encode()).out)
        keys = [each["key"] for each in report["configurations"][0]["diagnostics"]]
        self.assertEqual(keys, ["http.port", "camera.a.url", "service.drain_delay",
                                "http.max_target_bytes", "camera.b.ca_file", "consumer.sinks"])  # fmt: skip

    def test_a_list_of_one_element_may_be_a_string(self):
        path = self.write(
            "c.toml",
            '[http]\nallowed_hosts = "frames.example.com"\n[process]\npipeline = "stats"\n'
            '[consumer]\nenabled = true\nsinks = "log"\n[camera.a]\nclasses = "traffic light"\n',
        )
        result = self.check("--print-effective", path)
        self.assertEqual(result.returncode, 0, result.err)
        values = tomllib.loads(result.out)
        self.assertEqual(values["http"]["allowed_hosts"], ["frames.example.com"])
        self.assertEqual(values["process"]["pipeline"], ["stats"])
        self.assertEqual(values["consumer"]["sinks"], ["log"])
        self.assertEqual(values["camera"]["a"]["classes"], ["traffic light"])

    def test_a_bad_file(self):
        path = self.write("bad.toml", "[process]\nworkers = 9000\n[http]\nprot = 1\n")
        result = self.check(path)
        self.assertEqual((result.returncode, result.out), (65, path + ": invalid (2 errors)\n"))
        self.assertEqual(
            result.err,
            f"{path}:2:11: error: process.workers: 9000 is out of range; allowed is 0 to 512 "
            'threads, or "auto" [SP1004]\n'
            "    2 | workers = 9000\n"
            "      |           ^~~~\n"
            f"{path}:4:1: error: http.prot: no such key [SP1003]\n"
            "    4 | prot = 1\n"
            "      | ^~~~\n"
            "  hint: did you mean http.port?\n",
        )

    def test_each_wrong_entry_of_a_list_at_its_place(self):
        path = self.write(
            "lists.toml",
            '[consumer]\nsinks = ["logg", "file", "fil"]\ndeliver = [\n  "x",\n  "y"]\n'
            '[process]\npipeline = ["stats", 7, "stats", "Stats"]\n'
            '[http]\nallowed_hosts = [2, "ok", 1.5]\n',
        )
        result = self.check(path)
        self.assertEqual((result.returncode, result.out), (65, path + ": invalid (9 errors)\n"))
        said = [line.removeprefix(path) for line in result.err.splitlines() if ": error: " in line]
        for place, word in (
            (":2:10: error: consumer.sinks: ", '"logg" is not known'),
            (":2:26: error: consumer.sinks: ", '"fil" is not known'),
            (":4:3: error: consumer.deliver: ", '"x" is not known'),
            (":5:3: error: consumer.deliver: ", '"y" is not known'),
            (":7:22: error: process.pipeline: ", "found a list with an integer in it"),
            (":7:25: error: process.pipeline: ", '"stats" stands there twice'),
            (":7:34: error: process.pipeline: ", '"stats" stands there twice'),
            (":9:18: error: http.allowed_hosts: ", "found a list with an integer in it"),
            (":9:27: error: http.allowed_hosts: ", "found a list with a number with a fraction"),
        ):
            found = [line for line in said if line.startswith(place)]
            self.assertEqual(len(found), 1, (place, result.err))
            self.assertIn(word, found[0])
        result = self.check("--set", "consumer.sinks=logg,fil", self.write("empty.toml", ""))
        self.assertEqual(result.returncode, 65)
        for word in ("logg", "fil"):
            self.assertIn(f'"{word}" is not known', result.err)

    def test_warnings_count_under_strict_only(self):
        path = self.write("warn.toml", 'http.idle_timeout = "5s"\n')
        self.assertEqual(self.check(path).returncode, 0)
        self.assertEqual(self.check(path).out, path + ": ok (1 warning)\n")
        self.assertEqual(self.check("--strict", path).returncode, 1)

    def test_each_file_stands_alone_and_the_worst_counts(self):
        good = self.write("good.toml", "")
        bad = self.write("bad.toml", "http.port = 70000\n")
        result = self.check(bad, good)
        self.assertEqual(result.returncode, 65)
        self.assertEqual(result.out, f"{bad}: invalid (1 error)\n{good}: ok\n")

    def test_standard_input(self):
        result = self.check("-", stdin=b"http.port = 'x'\n")
        self.assertEqual((result.returncode, result.out), (65, "<stdin>: invalid (1 error)\n"))
        self.assertTrue(result.err.startswith("<stdin>:1:13: error: http.port: "))

    def test_a_file_whose_name_starts_with_a_dash(self):
        self.write("-odd.toml", "")
        result = self.check("--", "-odd.toml", cwd=self.directory)
        self.assertEqual((result.returncode, result.out), (0, "-odd.toml: ok\n"))

    def test_a_missing_file(self):
        result = self.check(self.directory + "/gone.toml")
        self.assertEqual(result.returncode, 65)
        self.assertIn("cannot be read: No such file or directory [SP1001]", result.err)

    def test_without_a_file_what_serve_would_use(self):
        path = self.write("c.toml", "http.port = 1\n")
        result = self.check(env={"SAMPLEPROC_CONFIG": path, "PORT": "9000"})
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.out, path + ", 1 environment variable: ok\n")
        result = self.check(env={"SAMPLEPROC_CONFIG": path, "PORT": "nine"})
        self.assertEqual(result.returncode, 65)
        self.assertIn('environment PORT: error: http.port: "nine" is not', result.err)

    def test_set_is_checked_too(self):
        path = self.write("good.toml", "")
        result = self.check("--set", "process.workers=-1", "--set", "http.port=1", path)
        self.assertEqual(result.returncode, 65)
        self.assertTrue(result.err.startswith("--set process.workers: error: process.workers: -1"))

    def test_a_mistyped_variable_is_an_error(self):
        path = self.write("good.toml", "")
        result = self.check(path, env={"SAMPLEPROC_HTTP_PROT": "1"})
        self.assertEqual(result.returncode, 65)
        self.assertIn("did you mean SAMPLEPROC_HTTP_PORT?", result.err)

    def test_the_variables_of_a_cluster_are_no_error(self):
        path = self.write("good.toml", "")
        result = self.check(
            path,
            env={
                "SAMPLEPROC_PORT": "tcp://10.0.0.7:8099",
                "SAMPLEPROC_SERVICE_HOST": "10.0.0.7",
                "SAMPLEPROC_PORT_8099_TCP_ADDR": "10.0.0.7",
            },
        )
        self.assertEqual((result.returncode, result.err), (0, ""))

    def test_json_is_one_line_that_its_schema_describes(self):
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        good = self.write("good.toml", "")
        bad = self.write("bad.toml", "[http]\nport = 70000\nidle_timeout = 1\nx\n")
        result = self.check("--format", "json", bad, good, "/nonexistent", env={"PORT": "x"})
        self.assertEqual((result.returncode, result.err), (65, ""))
        self.assertEqual(result.out.count("\n"), 1)
        report = json.loads(result.out)
        jsonschema.validate(report, schema, jsonschema.Draft202012Validator)
        self.assertEqual([each["subject"] for each in report["configurations"]],
                         [bad, good, "/nonexistent"])  # fmt: skip
        kinds = {d["origin"]["kind"] for c in report["configurations"] for d in c["diagnostics"]}
        self.assertEqual(kinds, {"file", "environment"})
        self.assertFalse(report["valid"])

    def test_annotations_end_with_the_verdict(self):
        path = self.write("bad.toml", "http.port = 70000\n")
        result = self.check("--format", "github", path)
        self.assertEqual((result.returncode, result.err), (65, ""))
        self.assertEqual(
            result.out,
            f"::error file={path},line=1,col=13,endColumn=18,title=SP1004 value out of range::"
            f"http.port: 70000 is out of range; allowed is 0 to 65535\n{path}: invalid (1 error)\n",
        )

    def test_explain(self):
        result = self.check("--explain", "sp1003")
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertTrue(result.out.startswith("SP1003: no such key\n\n"))
        result = self.check("--explain", "SP9999")
        self.assertEqual((result.returncode, result.out), (2, ""))
        self.assertIn("'SP9999' is no code", result.err)

    def test_the_effective_configuration_round_trips(self):
        path = self.write("c.toml", '[process]\nworkers = 3\n[consumer.http]\n'
                          'url = "http://me:canary@b:1"\n')  # fmt: skip
        first = self.check("--print-effective", "--set", "http.port=1", path,
                           env={"LOG_LEVEL": "debug"})  # fmt: skip
        self.assertEqual(first.returncode, 0)
        self.assertNotIn("canary", first.out + first.err)
        values = tomllib.loads(first.out)
        self.assertEqual((values["process"]["workers"], values["http"]["port"],
                          values["telemetry"]["log_level"]), (3, 1, "debug"))  # fmt: skip
        self.assertIn(f"workers = 3  # {path}:2:11\n", first.out)
        self.assertIn("port = 1  # --set http.port\n", first.out)
        self.assertIn('log_level = "debug"  # environment LOG_LEVEL\n', first.out)
        second = self.check("--print-effective", "-", stdin=first.stdout)
        self.assertEqual(second.returncode, 0)
        again = tomllib.loads(second.out)
        again["consumer"]["http"].pop("url")  # was masked
        self.assertEqual(again, values)

    def test_what_nobody_set_is_derived_again(self):
        """A file to start from does not freeze what variables and files decide."""
        first = self.check("--print-effective")
        for line in ("#enabled = false  # default\n", '#source = "http"  # default\n',
                     '#pipeline = ["stats", "motion", "people"]  # default\n',
                     '#tracing = false  # default\n'):  # fmt: skip
            self.assertIn("\n" + line, first.out)
        new = self.write("new.toml", first.out)
        again = self.check("--print-effective", new)
        self.assertEqual(again.err, "")

        def bare(text):
            return [line.split("  # ")[0] for line in text.splitlines()]

        self.assertEqual(bare(again.out), bare(first.out))
        self.assertEqual(bare(self.check("--print-effective", "-", stdin=again.stdout).out), bare(first.out))
        collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
        for env, section, values in (
            ({"REDIS_HOST": "127.0.0.1"}, "consumer", {"enabled": True, "source": "redis"}),
            ({"FRAME_BUFFER_URL": "http://b:1"}, "consumer", {"enabled": True, "source": "http"}),
            (collector, "telemetry", {"tracing": True}),
        ):  # fmt: skip
            result = self.check("--print-effective", new, env=env)
            found = tomllib.loads(result.out)[section]
            self.assertEqual(values, {key: found[key] for key in values}, result.out)
            self.assertNotIn("SP1108", result.err)
            # What was set by a variable is in the file then, with what follows from it.
            kept = self.check("--print-effective", "-", stdin=result.stdout)
            self.assertEqual(tomllib.loads(kept.out), tomllib.loads(result.out))

    def test_the_network_of_a_folder_is_found_again(self):
        self.write("yolox_nano.onnx", "")
        here = self.check("--print-effective", "--offline", "--set", f"process.model_dir={self.directory}")
        self.assertIn('\n#pipeline = ["stats", "motion", "objects"]  # default\n', here.out)
        self.assertIn('\n#model = "yolox_nano.onnx"  # --set process.model_dir\n', here.out)
        again = self.check("--print-effective", "--offline", "-", stdin=here.stdout)
        for line in ('#pipeline = ["stats", "motion", "objects"]', '#model = "yolox_nano.onnx"'):
            self.assertIn("\n" + line, again.out)
        elsewhere = self.check("--print-effective", "--offline", "-", stdin=here.stdout,
                               env={"SAMPLEPROC_PROCESS_MODEL_DIR": "/nope"})  # fmt: skip
        self.assertIn('\n#pipeline = ["stats", "motion", "people"]', elsewhere.out)

    def test_nothing_is_printed_of_a_configuration_with_errors(self):
        path = self.write("bad.toml", "http.port = 70000\n")
        for words in (["--print-effective", path], ["--from-env", path]):
            result = self.check(*words)
            self.assertEqual((result.returncode, result.out), (65, ""), words)
            self.assertTrue(result.err)

    def test_options_that_contradict_each_other(self):
        for words in (["--format", "xml"], ["--format", "json", "--print-effective"],
                      ["--print-effective", "a", "b"], ["--from-env", "a", "b"],
                      ["--from-env", "a", "--print-effective"],
                      ["--production", "--print-effective"], ["--production", "--from-env", "a"],
                      ["--from-env", "a", "--set", "http.port=1"], ["--explain"]):  # fmt: skip
            result = self.check(*words)
            self.assertEqual((result.returncode, result.out), (2, ""), words)
            self.assertIn("Try 'sampleproc validate-config --help'", result.err)

    def test_offline_reads_only_what_is_named(self):
        named = self.write("c.toml", "http.port = 1\n")
        result = self.check("--offline", env={"SAMPLEPROC_CONFIG": named})
        self.assertEqual((result.returncode, result.out), (0, named + ": ok\n"))
        result = self.check("--offline")
        self.assertEqual((result.returncode, result.out), (0, "built-in defaults: ok\n"))

    def items(self, text, *words, exit_code=0):
        """The production checklist of a configuration: the item of each code."""
        path = self.write("p.toml", text)
        result = self.check("--production", "--offline", "--format", "json", *words, path)
        self.assertEqual((result.returncode, result.err), (exit_code, ""))
        report = json.loads(result.out)
        jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")),
                            jsonschema.Draft202012Validator)  # fmt: skip
        return {item["code"]: item for item in report["configurations"][0]["production"]}

    def test_the_production_checklist_is_the_documents(self):
        titles = [item["title"] for item in self.items(FIT_FOR_PRODUCTION).values()]
        self.assertEqual(titles, [
            "Configure CORS origins (not wildcard)", "Set allowed hosts", "Enable rate limiting",
            "Use HTTPS only", "Configure proper timeouts", "Set resource limits",
            "Enable security headers", "Validate all inputs", "Monitor error rates",
            "Regular security updates"])  # fmt: skip

    def test_what_is_fit_for_production_passes_all_that_can_be_seen(self):
        verdicts = {code: item["verdict"] for code, item in self.items(FIT_FOR_PRODUCTION).items()}
        self.assertEqual(verdicts.pop("SP1410"), "by hand")
        self.assertEqual(set(verdicts.values()), {"passed"}, verdicts)

    def test_a_failed_item_of_the_checklist(self):
        items = self.items(FIT_FOR_PRODUCTION, "--set", "http.cors_origins=*", exit_code=1)
        failed = {code: item for code, item in items.items() if item["verdict"] == "failed"}
        self.assertEqual(list(failed), ["SP1401"])
        self.assertEqual(failed["SP1401"]["origin"]["name"], "--set http.cors_origins")
        self.assertTrue(failed["SP1401"]["hint"])

    def test_the_checklist_for_people_and_for_workflows(self):
        path = self.write("p.toml", FIT_FOR_PRODUCTION + 'http.cors_origins = ["*"]\n')
        result = self.check("--production", "--offline", path)
        self.assertEqual((result.returncode, result.err), (1, ""))
        line = FIT_FOR_PRODUCTION.count("\n") + 1
        self.assertIn(
            f"{path}: ok\nproduction checklist: 8 passed, 1 failed, 1 to see to by hand\n"
            "  failed  SP1401 Configure CORS origins (not wildcard): http.cors_origins "
            f'({path}:{line}:21): "*" lets', result.out)  # fmt: skip
        self.assertIn("\n  by hand SP1410 Regular security updates: ", result.out)
        result = self.check("--production", "--offline", "--format", "github", path)
        self.assertEqual(result.returncode, 1)
        self.assertTrue(result.out.startswith(f"::warning file={path},line={line},col=21,"))
        self.assertIn("title=SP1401 Configure CORS origins (not wildcard)::", result.out)

    def test_no_checklist_of_a_configuration_with_errors(self):
        path = self.write("bad.toml", "http.port = 70000\n")
        result = self.check("--production", path)
        self.assertEqual((result.returncode, result.out), (65, path + ": invalid (1 error)\n"))

    def test_no_colour_where_nobody_looks(self):
        path = self.write("bad.toml", "x = 1\n")
        self.assertNotIn("\x1b", self.check(path).err)


if __name__ == "__main__":
    cli.main()
