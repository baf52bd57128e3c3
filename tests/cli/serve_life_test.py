"""sampleproc serve: start, shutdown, signals and exit codes, by running the binary."""

import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import cli
import pictures
from service import ANY_PORT, Answer, Service, WithService, as_json
from streams import wait_until


class Start(WithService):
    def write(self, text):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "sampleproc.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def busy_port(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return str(listener.getsockname()[1])

    def test_one_line_says_what_was_started(self):
        service = self.serve("--set", "process.pipeline=stats,faces")
        line = service.wait_for("listening")
        self.assertEqual((line["level"], line["host"]), ("info", "127.0.0.1"))
        self.assertEqual(line["pipeline"], "stats,faces")
        self.assertEqual(line["max_request_bytes"], 10485760)
        self.assertEqual(service.log()[0]["msg"], "starting")
        self.assertEqual(service.stop(), 0)
        for line in service.log():
            self.assertEqual(list(line)[:4], ["ts", "level", "msg", "service"])

    def test_a_warning_about_the_configuration_is_a_line_of_the_log(self):
        path = self.write('[http]\nidle_timeout = "5s"\n')
        service = self.serve("--config", path)
        self.assertEqual(service.stop(), 0)
        line = service.wait_for("configuration")
        self.assertEqual((line["level"], line["code"]), ("warning", "SP1103"))
        self.assertEqual(line["where"], path + ":2:16")
        self.assertEqual(line["key"], "http.idle_timeout")
        self.assertTrue(line["problem"])
        self.assertEqual(len(service.log()), len(service.lines))

    def test_a_reload_says_only_what_is_new(self):
        old, new = '[http]\nidle_timeout = "5s"\n', "[process]\nprefer_gpu = true\n"
        path = self.write(old)
        service = self.serve("--config", path)

        def lines(message):
            return [line for line in service.log() if line["msg"] == message]

        for number, (text, codes) in enumerate((
                (old, ["SP1103"]), (old + new, ["SP1103", "SP1202"]), (new, ["SP1103", "SP1202"]),
                (old + new, ["SP1103", "SP1202", "SP1103"])), 1):  # fmt: skip
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            service.child.send_signal(signal.SIGHUP)
            wait_until(lambda number=number: len(lines("reloaded")) == number)
            self.assertEqual([line["code"] for line in lines("configuration")], codes)

    def test_nothing_is_written_to_standard_output(self):
        service = self.serve()
        self.assertEqual(service.stop(), 0)
        self.assertEqual(service.child.stdout.read(), b"")

    def test_a_port_in_use(self):
        port = self.busy_port()
        result = cli.run("serve", "--port", port)
        self.assertEqual((result.returncode, result.out), (69, ""))
        last = [json.loads(line) for line in result.err.splitlines()][-1]
        self.assertEqual((last["msg"], last["level"], last["exit_code"]),
                         ("cannot start", "error", 69))  # fmt: skip
        self.assertIn(port, last["error"])
        self.assertRegex(last["error"], "(?i)in use")

    def test_an_address_that_is_not_ours(self):
        result = cli.run("serve", "--host", "192.0.2.1", *ANY_PORT)
        self.assertEqual(result.returncode, 69)

    def test_a_broken_configuration_file(self):
        for text, place in (("[http]\nport = 70000\n", ":2:8: "), ("[http\n", ":1:6: ")):
            path = self.write(text)
            result = cli.run("serve", "--config", path)
            self.assertEqual((result.returncode, result.out), (78, ""))
            # Who reads the log reads each line alike.
            (line,) = [json.loads(line) for line in result.err.splitlines()]
            self.assertEqual((line["msg"], line["level"], line["exit_code"]),
                             ("cannot start", "error", 78))  # fmt: skip
            self.assertTrue(line["error"].startswith(path + place), result.err)
        self.assertEqual(cli.run("serve", env={"PORT": "x"}).returncode, 78)
        self.assertEqual(cli.run("serve", "--config", path + ".missing").returncode, 78)

    def test_bad_use(self):
        for words in (["--bogus"], ["--port", "x"], ["--port", "70000"], ["operand"]):
            result = cli.run("serve", *words)
            self.assertEqual((result.returncode, result.out), (2, ""), words)

    def test_the_environment(self):
        busy = self.busy_port()
        for env in (
            {"PORT": "0"},
            {"PORT": busy, "SAMPLEPROC_HTTP_PORT": "0"},
            {"SAMPLEPROC_CONFIG": self.write("http.port = 0\n")},
            {"SAMPLEPROC_CONFIG": self.write(f"http.port = {busy}\n"), "PORT": "0"},
        ):
            service = Service(self, env=env)
            self.assertEqual(service.get("/livez").status, 200)
            self.assertEqual(service.stop(), 0)
        env = {"PORT": busy, "SAMPLEPROC_HTTP_PORT": busy}
        self.assertEqual(Service(self, *ANY_PORT, env=env).stop(), 0)
        self.assertEqual(cli.run("serve", env={"PORT": busy}).returncode, 69)


class Shutdown(WithService):
    PHASES = (
        "not ready, refusing new work",
        "stop the consumer and the cameras",
        "wait for requests in work",
        "release the processors",
        "deliver results, close sessions",
    )

    def check_phases(self, service):
        """Each phase begins after the one before has ended, and says how long it took."""
        lines = [line for line in service.log() if line["msg"].startswith("shutdown ")]
        expected = []
        for number, name in enumerate(self.PHASES, 1):
            expected += [f"shutdown {number}/5: {name}", f"shutdown {number}/5: {name} done"]
        self.assertEqual([line["msg"] for line in lines], expected)
        for line in lines[1::2]:
            self.assertGreaterEqual(line["took_ms"], 0)

    def check(self, number):
        service = self.serve("--set", "process.delay=2s", "--set", "process.workers=1", *cli.NO_HURRY)
        answers = []
        body = as_json(pictures.sample("mask.png"), {})
        client = threading.Thread(
            target=lambda: answers.append(service.post(body, "application/json"))
        )
        client.start()
        self.addCleanup(client.join)
        while client.is_alive():
            if service.get("/health").json()["details"]["metrics"]["active_frames"] == 1:
                break
        code = service.stop(number)
        client.join(timeout=cli.PATIENCE)
        self.assertEqual([answer.status for answer in answers], [200])
        self.assertEqual(code, 0)
        self.check_phases(service)
        self.assertIs(service.log()[-1]["clean"], True)

    def test_sigterm_answers_what_is_in_work(self):
        self.check(signal.SIGTERM)

    def test_sigint_answers_what_is_in_work(self):
        self.check(signal.SIGINT)

    def test_what_takes_longer_than_the_timeout_is_cut_off_and_the_exit_code_says_so(self):
        service = self.serve("--set", "process.delay=1m", "--set", "service.shutdown_timeout=1s",
                             *cli.NO_HURRY)  # fmt: skip
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            picture = pictures.sample("mask.png")
            client.sendall(
                b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
                % len(picture)
                + picture
            )
            wait_until(
                lambda: service.get("/health").json()["details"]["metrics"]["active_frames"] == 1)
            self.assertEqual(service.stop(), 1)
        self.assertIs(service.log()[-1]["clean"], False)

    def test_idle_connections_do_not_hold_it_up(self):
        service = self.serve(
            "--set", "http.header_timeout=60s", "--set", "service.shutdown_timeout=20s"
        )
        connection = service.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/livez")
        Answer(connection.getresponse())
        silent = socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE)
        self.addCleanup(silent.close)
        self.assertEqual(service.get("/livez").status, 200)  # accepted after the silent one
        self.assertEqual(service.stop(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        service = self.serve("--set", "process.delay=60s", "--set", "process.deadline=10m",
                             "--set", "service.shutdown_timeout=1h")  # fmt: skip
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            picture = pictures.sample("mask.png")
            client.sendall(
                b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
                % len(picture)
                + picture
            )
            while service.get("/health").json()["details"]["metrics"]["active_frames"] != 1:
                pass
            service.child.send_signal(signal.SIGTERM)
            service.wait_for("shutdown 3/5")
            # Within the first second signals are taken for one; sooner or later it is over.
            while service.child.poll() is None:
                service.child.send_signal(signal.SIGTERM)
                time.sleep(0.1)
        self.assertEqual(service.wait(), 143)
        service.wait_for("shutdown: a second signal, ending at once")

    def test_an_idle_watchdog_and_systemd_hear_of_each_change(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(path)
            systemd.settimeout(cli.PATIENCE)
            # One each second: its socket holds ten or so, and what finds no room is not sent again.
            env = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"}
            service = Service(self, *ANY_PORT, env=env)

            def until(wanted):
                while True:
                    state = systemd.recv(4096).decode()
                    if not state.startswith("WATCHDOG=1") or wanted == "WATCHDOG=1":
                        self.assertTrue(state.startswith(wanted), state)
                        return state

            until("READY=1")
            until("WATCHDOG=1")
            service.child.send_signal(signal.SIGHUP)
            self.assertRegex(until("RELOADING=1"), r"\nMONOTONIC_USEC=[0-9]+\n")
            self.assertEqual(until("READY=1"), "READY=1\nSTATUS=serving")
            service.child.send_signal(signal.SIGTERM)
            until("STOPPING=1")
            self.assertEqual(service.wait(), 0)

    def test_systemd_hears_of_a_reload_with_a_bad_file(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path, config = (os.path.join(folder.name, name) for name in ("notify", "sampleproc.toml"))
        with open(config, "w", encoding="utf-8") as file:
            file.write("[http]\n")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(path)
            systemd.settimeout(cli.PATIENCE)
            service = Service(self, *ANY_PORT, "--config", config, env={"NOTIFY_SOCKET": path})
            said = [systemd.recv(4096).decode()]
            for text in ("[http]\nport = 70000\n", "no toml", "[http]\n"):
                with open(config, "w", encoding="utf-8") as file:
                    file.write(text)
                service.child.send_signal(signal.SIGHUP)
                reloading, ready = systemd.recv(4096).decode(), systemd.recv(4096).decode()
                self.assertRegex(reloading, r"^RELOADING=1\nMONOTONIC_USEC=[0-9]+\n")
                said.append(ready)
            serving = "READY=1\nSTATUS=serving"
            failed = serving + "; the last reload failed, the log says why"
            self.assertEqual(said, [serving, failed, failed, serving])
            self.assertEqual(service.stop(), 0)

    def test_sigusr1_toggles_debug_lines_and_ends_nothing(self):
        service = self.serve()

        def is_logged(path):  # a probe's line is one of debug
            service.get(path)
            return any(line["level"] == "debug" and path in str(line) for line in service.log())

        self.assertFalse(is_logged("/livez"))
        service.child.send_signal(signal.SIGUSR1)
        service.wait_for("log level changed by SIGUSR1", log_level="debug")
        wait_until(lambda: is_logged("/livez"))
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        wait_until(lambda: is_logged("/readyz"))
        service.child.send_signal(signal.SIGUSR1)
        service.wait_for("log level changed by SIGUSR1", log_level="info")
        self.assertFalse(is_logged("/startupz"))
        self.assertEqual(service.stop(), 0)

    def test_sigusr1_turns_off_debug_lines_that_are_configured(self):
        service = self.serve("--set", "telemetry.log_level=debug")

        def lines(path):
            return sum(line.get("path") == path for line in service.log())

        def is_logged():
            before = lines("/livez"), lines("/")
            service.get("/livez")
            service.get("/")  # whose line comes behind the other, and at either level
            wait_until(lambda: lines("/") > before[1])
            return lines("/livez") > before[0]

        self.assertTrue(is_logged())
        service.child.send_signal(signal.SIGUSR1)
        service.wait_for("log level changed by SIGUSR1", log_level="info")
        wait_until(lambda: not is_logged())
        service.child.send_signal(signal.SIGUSR1)
        service.wait_for("log level changed by SIGUSR1", log_level="debug")
        wait_until(is_logged)
        self.assertEqual(service.stop(), 0)

    def test_signals_without_a_meaning_are_logged_and_end_nothing(self):
        service = self.serve()
        for number in (signal.SIGUSR2, signal.SIGALRM):
            service.child.send_signal(number)
            service.wait_for("a signal without a meaning here, the service goes on",
                             signal=number.name)  # fmt: skip
        self.assertEqual(service.get("/livez").status, 200)
        self.assertEqual(service.stop(), 0)

    def test_a_socket_that_was_passed_in(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            # systemd names the process; only the process itself knows its number in time.
            script = 'export LISTEN_PID=$$; exec "$@"'
            child = subprocess.Popen(
                ["/bin/sh", "-c", f'exec 3<&{listener.fileno()}; {script}', "sh", cli.BINARY, "serve"],
                env={"LISTEN_FDS": "1"}, pass_fds=[listener.fileno()],
                stderr=subprocess.PIPE)  # fmt: skip
            self.addCleanup(child.stderr.close)
            self.addCleanup(child.kill)
            port = listener.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port), cli.PATIENCE) as client:
                client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 200"))
            child.terminate()
            self.assertEqual(child.wait(cli.PATIENCE), 0)

    def begin_at(self, listener, log):
        """A service at this socket, which stays the test's."""
        words = [cli.BINARY, "serve", "--set", "http.max_requests_per_minute=0", *cli.NO_HURRY,
                 "--set", "service.shutdown_timeout=60s"]  # fmt: skip
        script = f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$; exec "$@"'
        child = subprocess.Popen(["/bin/sh", "-c", script, "sh", *words], env={"LISTEN_FDS": "1"},
                                 pass_fds=[listener.fileno()], stderr=log)  # fmt: skip
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def test_a_restart_at_a_socket_that_was_passed_in_loses_nothing(self):
        picture = pictures.sample("mask.png")
        head = (b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n" % len(picture))  # fmt: skip
        with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener, \
                tempfile.NamedTemporaryFile() as log:  # fmt: skip
            address, statuses, ended = listener.getsockname(), [], threading.Event()

            def ask(request=head + b"\r\n" + picture):
                with socket.create_connection(address, cli.PATIENCE) as client:
                    client.sendall(request)
                    statuses.append(client.recv(4096)[:12])

            def load():
                while not ended.is_set():
                    ask()

            def refuses():
                with open(log.name, "rb") as file:
                    return b"refusing new work done" in file.read()

            child = self.begin_at(listener, log)
            ask()
            asking = [threading.Thread(target=load) for _ in range(4)]
            for thread in asking:
                thread.start()
            self.addCleanup(ended.set)
            for _ in range(2):
                # An upload that takes its time holds up the stop; whoever comes meanwhile waits.
                with socket.create_connection(address, cli.PATIENCE) as slow:
                    slow.sendall(head + b"Expect: 100-continue\r\n\r\n")
                    self.assertTrue(slow.recv(4096).startswith(b"HTTP/1.1 100"))
                    log.truncate(0)
                    child.terminate()
                    wait_until(refuses)
                    late = [threading.Thread(target=ask) for _ in range(10)]
                    for thread in late:
                        thread.start()
                    slow.sendall(picture)
                    self.assertTrue(slow.recv(4096).startswith(b"HTTP/1.1 200"))
                self.assertEqual(child.wait(cli.PATIENCE), 0)
                child = self.begin_at(listener, log)
                for thread in late:
                    thread.join()
            ended.set()
            for thread in asking:
                thread.join()
            child.terminate()
            self.assertEqual(child.wait(cli.PATIENCE), 0)
            self.assertEqual(set(statuses), {b"HTTP/1.1 200"})
            self.assertGreater(len(statuses), 24)

    def test_a_unix_socket(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "http")
        service = self.serve("--set", f"http.unix_socket={path}")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(cli.PATIENCE)
            client.connect(path)
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 200"))
        self.assertEqual(service.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_a_unix_socket_has_the_permissions_that_are_set(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "http")
        service = self.serve("--set", f"http.unix_socket={path}", "--set",
                             "http.unix_socket_mode=620")  # fmt: skip
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o620)
        self.assertEqual(service.stop(), 0)
        refused = cli.run("serve", "--port", "0", "--set", f"http.unix_socket={path}", "--set",
                          "http.unix_socket_mode=rw")  # fmt: skip
        self.assertEqual(refused.returncode, 2, refused.err)
        self.assertIn("http.unix_socket_mode", refused.err)


class Reload(WithService):
    def configured(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "sampleproc.toml")
        self.write(text)
        return self.serve("--config", self.path)

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def refused(self, service):
        return service.post(b"x" * 2000, "image/png").status == 413

    def test_what_can_be_applied_is_and_the_rest_is_named(self):
        service = self.configured("[http]\nmax_request_bytes = 4000\n")
        self.assertFalse(self.refused(service))
        self.write("[http]\nmax_request_bytes = 1024\n[process]\nworkers = 3\n")
        service.child.send_signal(signal.SIGHUP)
        line = service.wait_for("reloaded")
        self.assertEqual(line["waiting_for_restart"], "process.workers")
        self.assertTrue(self.refused(service))
        self.assertEqual(service.stop(), 0)

    def test_a_bad_file_keeps_the_old_one_and_says_why(self):
        service = self.configured("[http]\nmax_request_bytes = 4000\n")
        self.write("[http]\nmax_request_bytes = 1024\nport = 70000\n")
        service.child.send_signal(signal.SIGHUP)
        line = service.wait_for("reload:")
        self.assertEqual(line["level"], "error")
        self.assertIn("http.port", line["problems"])
        self.assertFalse(self.refused(service))
        refused = 'sampleproc_config_reloads_total{outcome="refused"}'
        wait_until(lambda: service.metric(refused) == 1)
        self.assertEqual(service.metric("sampleproc_config_last_reload_successful"), 0)
        self.write("[http]\nmax_request_bytes = 4000\n")
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        wait_until(lambda: service.metric("sampleproc_config_last_reload_successful") == 1)
        self.assertEqual(service.metric(refused), 1)
        self.assertEqual(service.stop(), 0)

    def test_a_password_file_that_cannot_be_used_refuses_the_reload(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        password = os.path.join(folder.name, "password")
        self.password_is(password, "geheim")
        sections = {"consumer.redis": "", "mqtt": 'url = "mqtt://127.0.0.1:1"\nusername = "u"\n',
                    "camera.door": 'url = "http://u@127.0.0.1:1/x.jpg"\n'}  # fmt: skip
        for section, rest in sections.items():
            with self.subTest(section):
                service = self.configured("")
                text = f'[{section}]\n{rest}password_file = "{password}"\n'
                self.write(text)
                for count, make in enumerate((
                    lambda _: None, os.mkdir, lambda path: self.password_is(path, "\n")), 1):  # fmt: skip
                    self.remove(password)
                    make(password)
                    service.child.send_signal(signal.SIGHUP)
                    wait_until(lambda count=count: len(self.refusals(service)) == count)
                    problem = self.refusals(service)[-1]["problem"]
                    self.assertIn(f"{section}.password_file {password}: the file ", problem)
                    self.assertEqual(service.metric("sampleproc_config_last_reload_successful"), 0)
                self.password_is(password, "geheim")
                service.child.send_signal(signal.SIGHUP)
                service.wait_for("reloaded")
                self.assertEqual(len(self.refusals(service)), 3)
                self.assertEqual(service.stop(), 0)

    def remove(self, path):
        if os.path.lexists(path):
            (os.rmdir if os.path.isdir(path) else os.remove)(path)

    def password_is(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    def refusals(self, service):
        return [line for line in service.log() if line["msg"].startswith("reload:")]

    def test_a_reload_that_comes_while_the_service_starts_does_not_end_it(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "pipe.toml")
        os.mkfifo(path)
        child = cli.start(self, "serve", "--config", path, "--port", "0", life=cli.PATIENCE)
        with open(path, "wb") as config:  # once it has been opened at the other end
            child.send_signal(signal.SIGHUP)
            config.write(b"[http]\nmax_request_bytes = 4000\n")
        lines = iter(child.stderr.readline, b"")
        self.assertTrue(any(b"listening" in line for line in lines))
        self.assertTrue(any(b"reload" in line for line in lines))
        child.send_signal(signal.SIGTERM)
        child.stderr.read()
        self.assertEqual(child.wait(cli.PATIENCE), 0)

    def test_a_reload_waits_for_nobody(self):
        service = self.configured("[http]\nmax_request_bytes = 4000\n")

        def refused():
            return [line for line in service.log() if line["msg"].startswith("reload:")]

        for number, (make, what) in enumerate((
            (os.mkdir, "is a directory"), (lambda path: os.symlink("/dev/zero", path), "regular"),
            (os.mkfifo, "regular"))):  # fmt: skip
            os.rename(self.path, f"{self.path}.{number}")
            make(self.path)
            service.child.send_signal(signal.SIGHUP)
            wait_until(lambda number=number: len(refused()) == number + 1)
            self.assertIn(what, refused()[-1]["problems"])
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
