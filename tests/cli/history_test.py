"""The history of events: what GET /events answers, and streams of events."""

import hashlib
import http.client
import json
import signal
import socket
import sqlite3
import ssl

import jsonschema

import cli
from certificate import make_certificate
from crossing import COMES, FOLLOWING, types
from event_history import ROOT, Stream, WithHistory
from service import UnixConnection
from streams import wait_until

MOST_STREAMS = 64
MOST_OF_ADDRESS = 16
# A stop that waits for somebody takes longer than cli.PATIENCE, which is the most that it may take.
NO_STOP_WAITS = ("--set", "service.shutdown_timeout=10m")


class History(WithHistory):
    def test_events_are_listed_newest_first_by_filters_and_pages(self):
        service = self.serve_history()
        self.assertEqual(service.get("/events").json()["events"], [])
        self.cross(service)
        self.cross(service, "gate")
        self.await_events(service, ["new", "end"] * 2)
        everything = self.events(service)
        self.check(everything)
        answer = service.get("/events")
        self.check_headers(answer)
        document = json.loads((ROOT / "config/openapi.json").read_text("utf-8"))
        whole = {"$ref": "#/components/schemas/Events", "components": document["components"]}
        jsonschema.validate(answer.json(), whole, jsonschema.Draft202012Validator)
        self.assertEqual(self.events(service, "limit=1"), everything)
        self.assertEqual(self.events(service, "limit=2&"), everything)

        gate = [event for event in everything if event["camera_id"] == "gate"]
        self.assertEqual(self.events(service, "camera=gate"), gate)
        self.assertEqual(self.events(service, "camera=gate&limit=1"), gate)
        for kind in ("new", "end"):
            self.assertEqual(self.events(service, f"type={kind}"),
                             [event for event in everything if event["type"] == kind])  # fmt: skip
        self.assertEqual(self.events(service, "class=motion"), everything)
        self.assertEqual(self.events(service, "class=person"), [])
        porch = [event for event in everything
                 if "porch" in event["zones"] + event["entered"] + event["left"]]  # fmt: skip
        self.assertTrue(porch)
        self.assertEqual(self.events(service, "zone=porch"), porch)
        self.assertEqual(self.events(service, "zone=porch&limit=1"), porch)
        time = everything[1]["time"]
        self.assertEqual(self.events(service, f"since={time}"),
                         [event for event in everything if event["time"] >= time])  # fmt: skip
        self.assertEqual(self.events(service, f"until={time}"),
                         [event for event in everything if event["time"] <= time])  # fmt: skip
        self.assertEqual(self.events(service, "since=2025-07-29T11:14:56Z"), everything)
        # A plus that is not written as %2B comes as a blank.
        for plus in ("%2B", "+", "%20"):
            self.assertEqual(self.events(service, f"until=2025-07-29T11:14:56{plus}02:00"), [])
            self.assertEqual(self.events(service, f"since=2025-07-29+11:14:56{plus}0200"), everything)

        latest = gate[0]
        answer = service.get(f"/events/{latest['event_id']}")
        self.assertEqual(answer.json(), {"event": latest, "events": gate[::-1]})
        self.check_problem(service.get("/events/nobody"), 404, "/events/nobody")
        head = service.ask("HEAD", "/events")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(service.metric('sampleproc_history_messages_total{outcome="stored"}'),
                         len(everything))  # fmt: skip
        self.assertGreater(service.metric("sampleproc_history_bytes"), 4096)

    def test_wrong_parameters_are_named(self):
        service = self.serve_history()
        for query, place in (
            ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=ten", "limit"), ("limit=", "limit"),
            ("type=gone", "type"), ("since=yesterday", "since"), ("until=-1", "until"),
            ("cursor=abc", "cursor"), ("cursor=-1", "cursor"), ("camera=%zz", "camera"),
            ("camera=a&camera=b", "camera"), ("cursor=99999999999999999999", "cursor"),
        ):  # fmt: skip
            problem = self.check_problem(service.get(f"/events?{query}"), 400, "/events")
            self.assertEqual([error["loc"] for error in problem["errors"]], [["query", place]], query)
        problem = self.check_problem(service.get("/events?camera_id=a&limit=x"), 400, "/events")
        self.assertEqual(self.kinds(problem), ["unknown_parameter", "range"])
        problem = self.check_problem(
            service.get("/events?since=2026-01-02T00:00:00Z&until=2026-01-01T23:59:59Z"), 400, "/events")
        self.assertEqual(problem["errors"][0]["loc"], ["query", "since"])
        self.assertIn("must not be later than until", problem["errors"][0]["msg"])
        self.assertEqual(service.get("/events?since=1767312000&until=2026-01-02T00:00:00Z").status, 200)
        self.check_problem(service.get("/events/stream?zone=a"), 400, "/events/stream")
        self.check_problem(service.ask("POST", "/events"), 405, "/events")

    def test_without_a_history_events_are_told_as_they_come_and_without_tracks_there_are_none(self):
        service = self.serve_history(history=False)
        for path in ("/events", "/events/some"):
            problem = self.check_problem(service.get(path), 404, path)
            self.assertIn("events.history", problem["detail"])
        stream = Stream(self, service)
        self.cross(service)
        first, last = stream.messages(2)
        self.assertEqual((first[1], last[1]), ("new", "end"))
        self.assertEqual(Stream(self, service, last=first[0]).message(), last)
        self.assertEqual(Stream(self, service, f"?last_event_id={first[0]}").message(), last)
        service = self.serve("--set", "process.pipeline=stats")
        for path in ("/events", "/events/some", "/events/stream"):
            problem = self.check_problem(service.get(path), 404, path)
            self.assertIn('no pipeline has the step "track"', problem["detail"])

    def test_a_stream_tells_events_as_they_come_and_goes_on_where_it_stopped(self):
        service = self.serve_history()
        stream = Stream(self, service)
        self.assertEqual(stream.answer.status, 200)
        self.assertEqual(stream.answer.headers["Content-Type"], "text/event-stream")
        self.assertEqual(stream.answer.headers["Cache-Control"], "no-store")
        other = Stream(self, service, "?camera=gate&class=motion")
        self.cross(service)
        first, last = stream.messages(2)
        for number, kind, event in (first, last):
            self.assertEqual(event["type"], kind)
            self.assertGreater(number, 0)
        self.assertEqual([last[2], first[2]], self.events(service))
        self.cross(service, "gate")
        self.assertEqual(other.message()[2]["camera_id"], "gate")
        self.await_events(service, ["new", "end"] * 2)
        self.assertEqual(service.stop(), 0)
        while stream.message():
            pass
        self.assertTrue(stream.answer.isclosed())

        service = self.serve_history()
        everything = self.events(service)[::-1]
        again = Stream(self, service, last=first[0])
        told = again.messages(len(everything) - 1)
        self.assertEqual([event for _, _, event in told], everything[1:])
        self.cross(service)
        self.assertGreater(again.message()[0], told[-1][0])
        latest = service.get("/events?limit=1").json()["latest"]
        quiet = Stream(self, service, f"?last_event_id={latest}&camera=nobody")
        quiet.await_comment()
        self.assertEqual(Stream(self, service, last="nonsense").answer.status, 200)
        head = service.ask("HEAD", "/events/stream")
        self.assertEqual((head.status, head.body), (200, b""))

    def read_until(self, client, end):
        received = b""
        while end not in received:
            piece = client.recv(65536)
            self.assertTrue(piece, received)
            received += piece
        return received

    def serve_tls(self):
        """A service, and what makes a client of it; requests of the test's own go another way."""
        certificate, key, path = (str(self.folder / name) for name in ("cert", "key", "socket"))
        make_certificate(certificate, key, "DNS:localhost")
        service = self.serve_history("--set", f"http.tls_cert={certificate}", "--set",
                                     f"http.tls_key={key}", "--set", f"http.unix_socket={path}")  # fmt: skip
        service.connect = lambda: UnixConnection(path)
        return service, ssl.create_default_context(cafile=certificate)

    def listen(self, service, context=None, version="1.1", more=b""):
        """A client with a stream, and what it was sent at first."""
        client = socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE)
        self.addCleanup(client.close)
        if context is not None:
            client = context.wrap_socket(client, server_hostname="localhost")
            self.addCleanup(client.close)
        client.sendall(f"GET /events/stream HTTP/{version}\r\nHost: localhost\r\n\r\n".encode() + more)
        return client, self.read_until(client, b"retry: 2000\n\n")

    def check_listeners_that_send(self, service, context=None):
        # Whose end nothing that is sent to them brings out: they stay open and take it.
        with_request, _ = self.listen(service, context, more=b"X")
        later, _ = self.listen(service, context)
        later.sendall(b"Y")
        self.assertEqual(service.metric("sampleproc_event_streams"), 2)
        with_request.shutdown(socket.SHUT_WR)
        wait_until(lambda: service.metric("sampleproc_event_streams") == 1)
        later.sendall(b"Z")
        later.shutdown(socket.SHUT_WR)
        wait_until(lambda: service.metric("sampleproc_event_streams") == 0)
        # One that does nothing but send is not read for ever.
        client, _ = self.listen(service, context)
        with self.assertRaises((ConnectionError, ssl.SSLEOFError)):
            while True:
                client.sendall(bytes(16384))
        wait_until(lambda: service.metric("sampleproc_event_streams") == 0)

    def test_a_listener_that_sends_something_and_goes_is_seen_to_go(self):
        self.check_listeners_that_send(self.serve_history())

    def test_so_is_one_over_tls(self):
        self.check_listeners_that_send(*self.serve_tls())

    def test_streams_over_tls_and_to_old_clients(self):
        service, context = self.serve_tls()
        clients = [self.listen(service, context, version) for version in ("1.1", "1.0", "1.1")]
        self.assertIn(b"Transfer-Encoding: chunked\r\n", clients[0][1])
        self.assertNotIn(b"Transfer-Encoding", clients[1][1])
        for _, head in clients:
            self.assertNotIn(b"Content-Length", head)
            self.assertIn(b"Connection: close\r\n", head)
        self.cross(service)
        for client, _ in clients:
            self.assertIn(b"event: new\n", self.read_until(client, b'"reason":"lost"'))
        self.assertEqual(service.metric("sampleproc_event_streams"), 3)
        clients.pop()[0].close()
        wait_until(lambda: service.metric("sampleproc_event_streams") == 2)
        self.assertEqual(service.stop(), 0)
        for client, _ in clients:  # an end without close_notify would raise
            while client.recv(65536):
                pass

    def test_what_is_known_of_events_is_behind_the_token(self):
        tokens = self.folder / "tokens"
        tokens.write_text(hashlib.sha256(b"let-me-in").hexdigest() + "\n", encoding="utf-8")
        tokens.chmod(0o600)
        service = self.serve_history("--set", f"http.auth_tokens_file={tokens}")
        for path in ("/events", "/events/some", "/events/stream"):
            self.check_problem(service.get(path), 401, path)
        shown = {"Authorization": "Bearer let-me-in"}
        self.assertEqual(service.ask("GET", "/events", headers=shown).status, 200)
        stream = Stream(self, service, headers=shown)
        self.assertEqual(stream.answer.status, 200)
        # A token that is taken away listens no more.
        tokens.write_text(hashlib.sha256(b"let-others-in").hexdigest() + "\n", encoding="utf-8")
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        self.assertIsNone(stream.message())
        self.assertTrue(stream.answer.isclosed())
        self.check_problem(service.ask("GET", "/events/stream", headers=shown), 401, "/events/stream")
        others = {"Authorization": "Bearer let-others-in"}
        self.assertEqual(Stream(self, service, headers=others).answer.status, 200)

    def test_a_stop_ends_streams_at_once_and_what_is_open(self):
        service = self.serve_history(*NO_STOP_WAITS)
        streams = [Stream(self, service) for _ in range(5)]
        self.cross(service, scenes=COMES)
        for stream in streams:
            self.assertEqual(stream.message()[1], "new")
        self.assertEqual(service.metric("sampleproc_event_streams"), 5)
        self.assertEqual(service.stop(), 0)
        for stream in streams:
            self.assertIsNone(stream.message())
        self.assertTrue(service.wait_for("shutdown: done")["clean"])
        service = self.serve_history()
        events = self.events(service)
        self.assertEqual(types(events), ["end", "new"])
        self.assertEqual(events[0]["reason"], "shutdown")

    def test_readers_that_do_not_read_harm_nobody(self):
        service = self.serve_history()
        self.cross(service)
        self.await_events(service, ["new", "end"])
        self.assertEqual(service.stop(), 0)
        # More than any socket holds.
        database = sqlite3.connect(self.file)
        with database:
            database.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
                " INSERT INTO record(event_id, camera, class, type, at, told, json)"
                " SELECT event_id || '-' || i, camera, class, type, at, told, json FROM record, n"
                " WHERE type = 2")  # fmt: skip
        database.close()
        # They stay for as long as the test takes, and a stop that waited for them would be seen.
        service = self.serve_history(*NO_STOP_WAITS, "--set", "http.write_timeout=5m", "--set",
                                     "http.write_min_rate=off")  # fmt: skip
        before = service.memory("VmRSS")
        stuck = []
        for i in range(MOST_STREAMS - 1):
            connection = self.connect_from(service, f"127.0.0.{2 + i % 8}")
            self.addCleanup(connection.close)
            connection.request("GET", "/events/stream?last_event_id=1")
            stuck.append(connection)
        stream = Stream(self, service)
        wait_until(lambda: service.metric("sampleproc_event_streams") == MOST_STREAMS)
        refused = service.get("/events/stream")
        self.check_problem(refused, 503, "/events/stream")
        self.assertTrue(refused.headers["Retry-After"])
        self.cross(service)
        self.assertEqual([kind for _, kind, _ in stream.messages(2)], ["new", "end"])
        self.assertEqual(service.get("/health").json()["status"], "healthy")
        self.assertLess(service.memory("VmRSS") - before, 64 * 1024 * 1024)
        # A place that is given up is free at once.
        stuck.pop().close()
        wait_until(lambda: service.metric("sampleproc_event_streams") == MOST_STREAMS - 1)
        self.assertEqual(Stream(self, service).answer.status, 200)
        self.assertEqual(service.stop(), 0)

    def connect_from(self, service, address):
        return http.client.HTTPConnection("127.0.0.1", service.port, timeout=cli.PATIENCE,
                                          source_address=(address, 0))  # fmt: skip

    def test_nobody_has_all_streams(self):
        path = str(self.folder / "socket")
        service = self.serve_history("--set", f"http.unix_socket={path}",
                                     "--set", "http.trusted_proxies=unix")  # fmt: skip
        streams = [Stream(self, service) for _ in range(MOST_OF_ADDRESS)]
        refused = service.get("/events/stream")
        problem = self.check_problem(refused, 503, "/events/stream")
        self.assertIn("address", problem["detail"])
        self.assertTrue(refused.headers["Retry-After"])
        service.connect = lambda: self.connect_from(service, "127.0.0.2")
        streams.append(Stream(self, service))
        # Behind a proxy it is whom that talks to; those of the socket itself have no address.
        service.connect = lambda: UnixConnection(path)
        via = service.ask("GET", "/events/stream", headers={"X-Forwarded-For": "127.0.0.1"})
        self.check_problem(via, 503, "/events/stream")
        streams += [Stream(self, service) for _ in range(MOST_OF_ADDRESS + 1)]
        self.assertEqual({stream.answer.status for stream in streams}, {200})
        self.assertEqual(service.metric("sampleproc_event_streams"), len(streams))
        streams.pop(0).answer.close()
        wait_until(lambda: service.metric("sampleproc_event_streams") == len(streams))
        via = Stream(self, service, headers={"X-Forwarded-For": "127.0.0.1"})
        self.assertEqual(via.answer.status, 200)

    def test_the_history_is_bounded(self):
        service = self.serve_history("--set", "events.history_age=1m")
        self.cross(service)
        self.await_events(service, ["new", "end"])
        self.assertEqual(service.stop(), 0)
        database = sqlite3.connect(self.file)
        with database:
            database.execute("UPDATE record SET told = told - 3600 * 1000000")
        database.close()
        service = self.serve_history("--set", "events.history_age=1m")
        self.assertEqual(self.events(service), [])
        result = cli.run("validate-config", "--set", "events.history_bytes=1MiB")
        self.assertIn("events.history_bytes", result.err)
        result = cli.run("validate-config", "--set", f"events.history={self.file}")
        self.assertIn("SP1123", result.out + result.err)

    def test_what_is_found_goes_to_the_history_where_no_sink_gets_it(self):
        kept = ("--set", f"events.history={self.file}")
        made = FOLLOWING
        camera = ("--set", "camera.door.url=http://127.0.0.1:9/video")
        env = {"FRAME_BUFFER_URL": "http://127.0.0.1:9"}
        for words, more in ((camera, {}), ((), {"env": env})):
            self.assertNotIn("SP1117", cli.run("validate-config", *words, *made, *kept, **more).err)
            for less in (made, kept):
                told = cli.run("validate-config", *words, *less, **more).err
                self.assertIn("only counted", told)
                self.assertIn("SP1117", told)
        told = cli.run("validate-config", *made, *kept, "--set", "consumer.deliver=events").err
        self.assertIn("no sink gets them", told)

    def check_online(self, *words, code=0):
        before = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns)
                        for file in self.folder.iterdir())  # fmt: skip
        result = cli.run("validate-config", "--online", "--set", f"events.history={self.file}",
                         *FOLLOWING, *words)  # fmt: skip
        self.assertEqual(result.returncode, code, result.err)
        after = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns)
                       for file in self.folder.iterdir())  # fmt: skip
        self.assertEqual(before, after)  # nothing is changed
        return result.out + result.err

    def test_validate_config_looks_at_the_history(self):
        self.assertRegex(self.check_online(),
                         rf"events\.history: {self.file} is not there yet and can be made, \S+ free")
        service = self.serve_history()
        self.cross(service)
        self.await_events(service, ["new", "end"])
        self.assertIn("another process uses it at the moment", self.check_online())
        self.assertEqual(service.stop(), 0)
        self.assertRegex(self.check_online(),
                         rf"events\.history: {self.file} can be written, layout 3, \S+, \S+ free\n")
        database = sqlite3.connect(self.file)
        database.executescript("PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        self.assertIn("layout 1, which the service upgrades", self.check_online())
        database = sqlite3.connect(self.file)
        database.executescript("PRAGMA user_version = 9; PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        told = self.check_online(code=65)
        self.assertIn("another version", told)
        self.assertIn("events.history", told)
        self.assertIn("SP1301", told)
        with open(self.file, "r+b") as file:
            file.write(bytes(100))
        self.assertIn("damaged, the service would set it aside", self.check_online())
        (self.folder / "events.db.lock").unlink()
        self.assertIn("not a database", self.check_online(code=65))
        self.file.unlink()
        self.file.mkdir()
        self.assertIn("Is a directory", self.check_online(code=65))
        self.file = self.folder / "sampleproc.toml" / "events.db"
        self.assertIn("Not a directory", self.check_online(code=65))


if __name__ == "__main__":
    cli.main()
