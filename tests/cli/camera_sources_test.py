"""Cameras that the service takes pictures from itself: files, JPEG and MJPEG over HTTP."""

import base64
import collections
import hashlib
import json
import os
import re
import signal
import socketserver
import subprocess
import time

import cli
import pictures
import streams
from camera_service import PASSWORD, CameraServer, WithCameras
from frame_buffer import Buffer, frame
from process_file_events_test import HEIGHT, WIDTH, passing
from service import ANY_PORT, Service

BOUNDARY = b"--frame"


def part(picture, with_length=True):
    head = BOUNDARY + b"\r\nContent-Type: image/jpeg\r\n"
    if with_length:
        head += b"Content-Length: %d\r\n" % len(picture)
    return head + b"\r\n" + picture + b"\r\n"


STREAM = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Camera(CameraServer):
    """An HTTP server whose answer is up to a function of the test's: told the connection, the head of
    the request and how many there were before."""

    def __init__(self, test, answer, port=0):
        self.heads = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                head = b""
                while b"\r\n\r\n" not in head:
                    more = self.request.recv(4096)
                    if not more:
                        return
                    head += more
                outer.heads.append(head.decode())
                try:
                    answer(self.request, head.decode(), len(outer.heads) - 1)
                except OSError:
                    pass  # the service has gone

        self.listen(test, Handler, port)

    def url(self, user=""):
        return f"http://{user}127.0.0.1:{self.port}/video"

    def stream(self, picture, with_length=True):
        """A picture twenty times a second, for as long as the test and the service want."""

        def answer(connection, _head, _before):
            connection.sendall(STREAM)
            while not self.stopped.wait(0.05):
                connection.sendall(part(picture, with_length))

        return answer


def what_happens(events):
    """Of one camera's events all but its name and names made of its frames, its times since the first."""
    begin = events[0]["start"]
    told = []
    for event in events:
        shown = {key: value for key, value in event.items()
                 if key not in ("event_id", "camera_id", "frame_id")}  # fmt: skip
        for key in ("start", "time", "end"):
            if key in shown:
                shown[key] = round(shown[key] - begin, 5)
        told.append(shown)
    return told


class ARecording(WithCameras):
    TRACKED = ["--set", "process.pipeline=motion,track", "--set", "process.track.classes=motion",
               "--set", "process.track.lost_after=1s"]  # fmt: skip

    def recording(self):
        path = self.path("passing.avi")
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-f", "rawvideo", "-pixel_format", "gray", "-video_size",
             f"{WIDTH}x{HEIGHT}", "-framerate", "10", "-i", self.write("passing.raw", passing()),
             "-c:v", "mjpeg", "-q:v", "2", path], check=True)  # fmt: skip
        return path

    def live(self, path, names):
        """The events of cameras that play it; nothing when the machine was too busy for a frame of it."""
        events = self.path("events.ndjson")
        if os.path.exists(events):
            os.unlink(events)
        service = Service(
            self, *ANY_PORT, *self.TRACKED, "--set", "consumer.sinks=file", "--set",
            "consumer.deliver=events", "--set", f"consumer.file.path={events}", "--config",
            self.configure({name: {"url": path} for name in names}))  # fmt: skip
        for name in names:
            service.wait_for("camera: its file has ended", camera=name)
        states = [self.state(service, name) for name in names]
        self.assertEqual(service.stop(), 0)
        if any(state["looked_at"] < state["frames"] for state in states):
            return None
        with open(events, encoding="utf-8") as file:
            told = [json.loads(line) for line in file]
        return [[event for event in told if event["camera_id"] == name] for name in names]

    def test_live_and_as_a_file_the_same_happens(self):
        path = self.recording()
        done = cli.run("process-file", "-q", *self.TRACKED, "--events", self.path("file"), path)
        self.assertEqual(done.returncode, 0, done.err)
        with open(self.path("file"), encoding="utf-8") as file:
            expected = what_happens([json.loads(line) for line in file])
        self.assertEqual(collections.Counter(event["type"] for event in expected)["end"], 1)
        for _ in range(5):
            if lives := self.live(path, ["a", "b", "c"]):
                break
        else:
            self.skipTest("the machine was too busy to look at each frame of a recording as it came")
        for life in lives:
            self.assertEqual(what_happens(life), expected)


# For cameras that are to be connected to once: no busy machine makes them silent for so long.
NEVER_STALLS = {"stall_after": "10m"}


class Sources(WithCameras):
    def setUp(self):
        super().setUp()
        self.photo = pictures.sample("messi5.jpg")

    def camera(self, answer, port=0):
        """`answer` is given the camera, then what Camera's function is given."""
        made = Camera(self, lambda *what: answer(made, *what), port)
        return made

    def streaming(self, with_length=True):
        return self.camera(lambda made, *what: made.stream(self.photo, with_length)(*what))

    def test_the_list_of_cameras_tells_of_each_source_and_shows_its_picture(self):
        service = self.serve({
            "door": {"url": self.streaming().url(), "fps": 5.0, **NEVER_STALLS},
            "yard": {"url": f"http://user@127.0.0.1:{streams.free_port('127.0.0.1')}/"},
        })  # fmt: skip

        def camera(name):
            return service.get(f"/cameras/{name}").json()

        streams.wait_until(lambda: camera("door")["frames_looked_at"] >= 2)
        streams.wait_until(lambda: camera("door")["dropped"].get("fps", 0) >= 2)
        streams.wait_until(lambda: camera("yard")["source"]["error"])
        door, yard = camera("door"), camera("yard")
        self.assertEqual((door["configured"], door["door"]), (True, "camera"))
        self.assertEqual((door["width"], door["height"]), (548, 342))
        self.assertEqual((door["source"]["connected"], door["source"]["error"]), (True, None))
        self.assertEqual((yard["frames_in"], yard["source"]["connected"]), (0, False))
        self.assertNotIn("user", json.dumps(yard))
        path = "/cameras/door/latest.jpg?annotate=1"
        streams.wait_until(lambda: service.get(path).status == 200)
        self.assertEqual(service.get(path).body[:3], b"\xff\xd8\xff")
        self.assertEqual(service.get("/cameras/yard/latest.jpg").status, 404)

    def test_files_folders_and_http_are_cameras_side_by_side(self):
        for name in ("messi5.jpg", "left.jpg", "box.png"):
            self.copy(name, "album/" + name)

        def one(_made, connection, _head, _before):
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: "
                               b"%d\r\n\r\n" % len(self.photo) + self.photo)  # fmt: skip

        def secret(made, connection, head, before):
            word = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
            if f"Authorization: Basic {word}\r\n" not in head:
                connection.sendall(b"HTTP/1.0 401 Unauthorized\r\n\r\n")
                return
            made.stream(self.photo)(connection, head, before)

        basics = []

        def digest(made, connection, head, before):
            said = dict(re.findall(r'(\w+)="?([^",\r]*)', head.partition("Authorization: Digest ")[2]))
            if "Authorization: Basic" in head:
                basics.append(head)
            if not said:
                connection.sendall(
                    b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\n'
                    b'WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256\r\n'
                    b"\r\n")
                return
            secret_part = sha256(f"me:cam:{PASSWORD}")
            expected = sha256(f"{secret_part}:n1:{said['nc']}:{said['cnonce']}:auth:{sha256('GET:/video')}")
            if said["response"] != expected:
                connection.sendall(b"HTTP/1.0 401 Unauthorized\r\n\r\n")
                return
            made.stream(self.photo)(connection, head, before)

        cameras = {
            "video": {"url": pictures.sample_path("vtest.avi"), "fps": 5, "loop": True},
            "album": {"url": self.path("album"), "fps": 20, "loop": True},
            "stream": {"url": self.streaming().url(), **NEVER_STALLS},
            "bare": {"url": self.streaming(with_length=False).url(), **NEVER_STALLS},
            "single": {"url": self.camera(one).url(), "fps": 20, **NEVER_STALLS},
            "secret": {"url": self.camera(secret).url("me@"), "password_file": self.password(),
                       **NEVER_STALLS},
            "digest": {"url": self.camera(digest).url("me@"), "password_file": self.password(),
                       **NEVER_STALLS},
        }  # fmt: skip
        service = self.serve(cameras)
        self.wait_for_results(cameras)
        sizes = {}
        for record in self.records():
            metadata = record["sample_metadata"]
            sizes.setdefault(record["camera_id"], set()).add((metadata["width"], metadata["height"]))
            self.assertIn("stats", metadata)
        for camera in ("stream", "bare", "single", "secret", "digest"):
            self.assertEqual(sizes[camera], {(548, 342)}, camera)
        self.assertEqual(basics, [])  # which would have told the password to everybody on the way
        self.assertEqual(sizes["video"], {(768, 576)})
        for camera in cameras:
            self.wait_for_state(service, camera, lambda state: state["connected"])
        health = service.get("/health")
        self.assertEqual(set(health.json()["cameras"]), set(cameras))
        for camera, state in health.json()["cameras"].items():
            self.assertTrue(state["connected"], camera)
            self.assertGreaterEqual(state["frames"], state["looked_at"])
        metrics = service.metrics()
        self.assertEqual(metrics['sampleproc_camera_connected{camera="video"}'], 1)
        self.assertEqual(metrics['sampleproc_camera_width_pixels{camera="stream"}'], 548)
        said = health.body.decode() + service.get("/metrics").body.decode() + "".join(service.lines)
        shown = cli.run("validate-config", "--print-effective", self.path("cameras.toml"))
        self.assertNotIn(PASSWORD, said + shown.out + shown.err)
        service.child.send_signal(signal.SIGTERM)
        self.assertEqual(service.child.wait(cli.PATIENCE), 0)

    def test_a_slow_camera_has_its_picture_with_boxes_and_without(self):
        self.copy("messi5.jpg", "album/messi5.jpg")
        service = self.serve({"slow": {"url": self.path("album"), "fps": 0.3, "loop": True}})
        path = "/cameras/slow/latest.jpg"
        streams.wait_until(lambda: service.get(path).status == 200)
        other = service.get(path + "?annotate=1")
        self.assertEqual((other.status, other.body[:3]), (200, b"\xff\xd8\xff"))

    def test_a_password_is_the_only_line_of_its_file(self):
        url = self.streaming().url("me@")
        files = {
            "lines": self.write("lines.pw", f"{PASSWORD}\nmore\n".encode()),
            "nul": self.write("nul.pw", f"{PASSWORD}\0more\n".encode()),
        }
        service = self.serve({name: {"url": url, "password_file": path}
                              for name, path in files.items()})  # fmt: skip
        for name, rule in {"lines": "more than one line", "nul": "NUL byte"}.items():
            streams.wait_until(lambda name=name: ("camera", name) in service.conditions())
            reason = service.conditions()["camera", name]
            self.assertIn(files[name], reason)
            self.assertIn(rule, reason)
        self.assertNotIn(PASSWORD, self.said(service))

    def test_a_refused_login_is_left_alone_until_there_is_another(self):
        logins = []

        def picky(made, connection, head, before):
            told = re.search("Authorization: Basic (\\S+)", head)
            if told:
                logins.append(base64.b64decode(told[1]).decode())
            if logins[-1:] != [f"me:{PASSWORD}"]:
                connection.sendall(b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n')
                return
            made.stream(self.photo)(connection, head, before)

        def forbid(_made, connection, _head, _before):
            connection.sendall(b"HTTP/1.0 403 Forbidden\r\n\r\n")

        def miss(_made, connection, _head, _before):
            connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

        file = self.password("not yet " + PASSWORD)
        forbids, query = self.camera(forbid), self.camera(forbid)
        service = self.serve({
            "picky": {"url": self.camera(picky).url("me@"), "password_file": file, **NEVER_STALLS},
            "forbids": {"url": forbids.url("me@"), "password_file": file, **NEVER_STALLS},
            "query": {"url": query.url() + f"?user=me&pwd={PASSWORD}", **NEVER_STALLS},
            "missing": {"url": self.camera(miss).url(), **NEVER_STALLS},
        })  # fmt: skip
        self.wait_for_state(service, "missing", lambda state: state["reconnects"] >= 7)
        self.assertEqual(logins, [f"me:not yet {PASSWORD}"])
        self.assertEqual((len(forbids.heads), len(query.heads)), (1, 1))
        reasons = service.conditions()
        for camera, status in {"picky": "401", "forbids": "403", "query": "403"}.items():
            self.assertIn(f"({status})", reasons["camera", camera])
            self.assertRegex(reasons["camera", camera], "not tried again before 20[0-9T:.-]+Z, ")
        self.assertIn("tried again until it is back", reasons["camera", "missing"])
        page = service.metrics()
        for camera, refuses in {"picky": 1, "forbids": 1, "query": 1, "missing": 0}.items():
            self.assertEqual(page[f'sampleproc_camera_login_refused{{camera="{camera}"}}'], refuses, camera)
        with open(file, "w", encoding="ascii") as changed:
            changed.write(PASSWORD)
        self.wait_for_results(["picky"])
        streams.wait_until(lambda: ("camera", "picky") not in service.conditions())
        self.assertEqual(service.metrics()['sampleproc_camera_login_refused{camera="picky"}'], 0)
        self.assertEqual(logins[:2], [f"me:not yet {PASSWORD}", f"me:{PASSWORD}"])
        self.assertNotIn(PASSWORD, self.said(service))

    def test_cameras_of_one_host_try_a_login_once_for_all(self):
        logins = []

        def recorder(made, connection, head, before):
            told = re.search("Authorization: Basic (\\S+)", head)
            if told:
                logins.append(base64.b64decode(told[1]).decode())
            if told and logins[-1] == f"me:{PASSWORD}":
                made.stream(self.photo)(connection, head, before)
            else:
                connection.sendall(b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n')

        file = self.password("not yet " + PASSWORD)
        url = self.camera(recorder).url("me@")
        names = [f"ch{i}" for i in range(8)]
        service = self.serve({name: {"url": f"{url}/{name}", "password_file": file, **NEVER_STALLS}
                              for name in names})  # fmt: skip
        tried = []
        for password in ("not yet " + PASSWORD, "nor this", PASSWORD):
            # While it is written anew a file is empty for a moment, which is no password: nobody tells it.
            os.truncate(file, 0)
            time.sleep(2.5)  # the file is looked at each second
            # Nobody is to read half a password either, which would be another one.
            written = self.write("written-beside", password.encode())
            os.chmod(written, 0o600)
            os.replace(written, file)
            if password == PASSWORD:
                self.wait_for_results(names)
                break
            tried.append(f"me:{password}")
            streams.wait_until(lambda: logins == tried, cli.PATIENCE)
            for name in names:
                self.wait_for_state(service, name, lambda state: "(401)" in state.get("error", ""))
                reason = service.conditions()["camera", name]
                self.assertRegex(reason, "not tried again before 20[0-9T:.-]+Z, ")
            self.assertEqual(logins, tried)
        self.assertEqual(logins[:2], tried)
        self.assertNotIn(PASSWORD, self.said(service))

    def test_a_camera_that_starts_may_refuse_a_login_for_a_moment(self):
        def starts(made, connection, head, before):
            if "Authorization: " not in head or before in (3, 5):
                connection.sendall(b"HTTP/1.0 401 Unauthorized\r\n\r\n")
            elif before == 1:
                connection.sendall(STREAM + 2 * part(self.photo) + BOUNDARY)
            else:
                made.stream(self.photo)(connection, head, before)

        made = self.camera(starts)
        service = self.serve({"starts": {"url": made.url("me@"), "password_file": self.password(),
                                         **NEVER_STALLS}})  # fmt: skip
        self.wait_for_results(["starts"], least=5, seconds=50)  # a long pause is a minute
        self.assertGreaterEqual(len(made.heads), 8)
        streams.wait_until(lambda: service.told("camera") == (1, 1))

    def test_a_challenge_that_cannot_be_answered_is_told_with_what_is_wrong(self):
        fields = {
            "nonce": ('Digest realm="x", qop="auth"', "has no nonce"),
            "int": ('Digest realm="x", nonce="n", qop="auth-int"', "auth-int alone"),
            "sha": ('Digest realm="x", nonce="n", algorithm=SHA-3', "other than MD5"),
            "other": ("Negotiate", "set the camera to Digest or Basic"),
        }  # fmt: skip

        def camera(field):
            answer = f"HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: {field}\r\n\r\n".encode()
            return self.camera(lambda _made, connection, *_: connection.sendall(answer))

        service = self.serve({name: {"url": camera(field).url("me@"), "password_file": self.password(),
                                     **NEVER_STALLS}
                              for name, (field, _) in fields.items()})  # fmt: skip
        for name, (_, words) in fields.items():
            reason = streams.wait_until(lambda name=name: service.conditions().get(("camera", name)))
            self.assertIn(words, reason)
            self.assertIn("(401, ", reason)
            self.assertEqual("to Digest" in reason, name == "other")

    def test_a_camera_that_goes_away_is_told_and_comes_back(self):
        def brief(made, connection, head, before):
            if before % 2 == 1:
                connection.sendall(STREAM + part(self.photo))
                made.stay()  # silence
                return
            connection.sendall(STREAM + 2 * part(self.photo) + BOUNDARY)

        cameras = {"brief": {"url": self.camera(brief).url(), "stall_after": "300ms"},
                   "good": {"url": self.streaming().url(), **NEVER_STALLS}}  # fmt: skip
        service = self.serve(cameras)
        self.wait_for_state(service, "brief", lambda state: state["reconnects"] >= 3)
        begins = service.wait_for_condition("camera")
        self.assertEqual(begins["subject"], "brief")
        service.wait_for_condition("camera", "condition ends")
        streams.wait_until(lambda: ("camera", "brief") in service.conditions())
        state = self.wait_for_state(service, "brief", lambda state: "error" in state)
        self.assertIn("127.0.0.1", state["error"])
        self.assertNotIn(("camera", "good"), service.conditions())
        before = self.state(service, "good")
        self.assertEqual(before["reconnects"], 0)
        self.wait_for_state(service, "good", lambda state: state["frames"] > before["frames"])

    def test_a_camera_that_comes_and_goes_is_a_condition_until_it_stays(self):
        def short(made, connection, head, before):
            if before < 6:
                connection.sendall(STREAM + 3 * part(self.photo) + BOUNDARY)
            else:
                made.stream(self.photo)(connection, head, before)

        made = self.camera(short)
        service = self.serve({"short": {"url": made.url(), **NEVER_STALLS}})
        streams.wait_until(lambda: len(made.heads) == 7)
        reason = streams.wait_until(lambda: service.conditions().get(("camera", "short")))
        self.assertIn("the connection was closed", reason)
        streams.wait_until(lambda: "it works again" in service.conditions().get(("camera", "short"), ""))
        self.assertEqual(self.state(service, "short")["connected"], True)
        self.assertEqual(service.told("camera"), (2, 1))
        streams.wait_until(lambda: service.told("camera") == (2, 2))
        self.assertNotIn(("camera", "short"), service.conditions())

    def test_the_condition_of_a_camera_ends_when_it_is_back_or_gone(self):
        port = streams.free_port("127.0.0.1")
        away = {"url": f"http://127.0.0.1:{port}/video", **NEVER_STALLS}
        service = self.serve({"late": away, "never": {"url": self.path("missing.mp4")}})
        wanted = {("camera", "late"), ("camera", "never")}
        streams.wait_until(lambda: wanted <= set(service.conditions()))
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        late = self.camera(lambda made, *what: made.stream(self.photo)(*what), port)
        self.assertEqual(late.port, port)
        streams.wait_until(lambda: set(service.conditions()) == {("camera", "never")})
        self.configure({"late": away})
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        streams.wait_until(lambda: service.get("/health").json()["status"] == "healthy")
        # The log tells it a moment after /health.
        streams.wait_until(lambda: service.told("camera") >= (2, 2))
        self.assertEqual(service.told("camera"), (2, 2))

    def test_a_hostile_camera_ends_its_own_connection_and_nothing_else(self):
        def endless(connection, text):
            while True:
                connection.sendall(text)

        answers = {
            "head": lambda _m, c, *_: endless(c, b"HTTP/1.0 200 OK\r\nX: " + b"x" * 65536),
            "part": lambda _m, c, *_: (c.sendall(STREAM + BOUNDARY), endless(c, b"x" * 65536)),
            "length": lambda _m, c, *_: c.sendall(
                STREAM + BOUNDARY + b"\r\nContent-Length: 99999999999\r\n\r\nx"),
            "other": lambda _m, c, *_: c.sendall(b"RTSP/1.0 200 OK\r\n\r\n"),
            "refused": lambda _m, c, *_: c.sendall(b"HTTP/1.0 401 Unauthorized\r\n\r\n"),
            "missing": lambda _m, c, *_: c.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n"),
            "nothing": lambda _m, c, *_: None,
            "silent": lambda m, *_: m.stay(),
        }  # fmt: skip
        cameras = {name: {"url": self.camera(answer).url(), "stall_after": "300ms"}
                   for name, answer in answers.items()}  # fmt: skip
        cameras["nobody"] = {"url": f"http://127.0.0.1:{streams.free_port('127.0.0.1')}/"}
        cameras["gone"] = {"url": self.path("no-such-file.mp4")}
        cameras["good"] = {"url": self.streaming().url()}
        service = self.serve(cameras)
        for name in set(cameras) - {"good"}:
            state = self.wait_for_state(service, name, lambda state: "error" in state)
            self.assertFalse(state["connected"], name)
        # Connected to again and again, on a busy machine also without an answer in time.
        for name, status in {"refused": "401", "missing": "404"}.items():
            self.wait_for_state(service, name, lambda state, status=status: status in state.get("error", ""))

        # Pictures that are none are counted, and the stream goes on.
        before = self.state(service, "good")
        self.wait_for_state(service, "good",
                            lambda state: state["looked_at"] > before["looked_at"] + 3)  # fmt: skip
        self.assertEqual(service.get("/livez").status, 200)

    def test_a_damaged_picture_is_counted_and_the_next_one_is_looked_at(self):
        def mixed(made, connection, _head, _before):
            connection.sendall(STREAM)
            while not made.stopped.wait(0.05):
                connection.sendall(part(b"\xff\xd8\xffno picture"))
                made.stopped.wait(0.05)
                connection.sendall(part(self.photo))

        service = self.serve({"mixed": {"url": self.camera(mixed).url(), **NEVER_STALLS}})
        state = self.wait_for_state(
            service, "mixed", lambda state: state["decoder_errors"] > 1 and state["looked_at"] > 1
        )
        self.assertEqual(state["reconnects"], 0)
        self.assertGreater(state["dropped"]["failed"], 1)

    def test_a_reload_connects_what_is_new_and_leaves_what_is_the_same(self):
        made, new = self.streaming(), self.streaming()
        good = {"url": made.url(), **NEVER_STALLS}
        service = self.serve({"good": good, "old": {"url": self.streaming().url()}})
        self.wait_for_results(["good", "old"])
        self.configure({"good": good, "new": {"url": new.url()}})
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        self.wait_for_results(["new"])
        self.assertEqual(set(service.get("/health").json()["cameras"]), {"good", "new"})
        self.assertEqual(len(made.heads), 1)

    def test_cameras_are_taken_beside_what_is_pulled(self):
        """From Redis and from a frame buffer, into the same sinks; a stop delivers all of it."""
        server = streams.RedisServer(self)
        buffer = Buffer(self)
        from_buffer = ("--set", f"consumer.http.url={buffer.url}", "--set", "consumer.source=http")
        for way, pulled in ((streams.words(server), ["cam-0", "cam-5"]), (from_buffer, ["cam"])):
            with self.subTest(way[-1]):
                path = self.configure({"a": {"url": self.streaming().url()},
                                       "b": {"url": self.path("album"), "loop": True, "fps": 50}})
                self.copy("left.jpg", "album/left.jpg")
                service = Service(self, *ANY_PORT, "--config", path, *way,
                                  "--set", "consumer.enabled=true")  # fmt: skip
                streams.add_frames(server.client(), 20, self.photo)
                buffer.add(*(frame(f"f-{number}", self.photo) for number in range(20)))
                self.wait_for_results(["a", "b", *pulled])
                streams.wait_until(lambda: service.get("/health").json()["status"] == "healthy")
                service.child.send_signal(signal.SIGTERM)
                self.assertEqual(service.child.wait(cli.PATIENCE), 0)
                self.assertEqual(service.wait_for("shutdown: done")["results_lost"], 0)
                os.remove(self.results)

    def test_what_cannot_be_a_source_is_refused_with_its_reason(self):
        for keys, words in (
            ({"url": "ftp://10.0.0.5/"}, "camera.door.url: is neither a URL of rtsp, rtsps, http or "),
            ({"url": "http://h/", "loop": True}, "camera.door.loop: is of no use"),
            ({"url": "http://"}, "camera.door.url: is not a URL"),
            ({"url": "http://h/", "password_file": "/dev/null"}, "the camera's url names no user"),
        ):
            result = cli.run("validate-config", self.configure({"door": keys}))
            self.assertEqual(result.returncode, 65, keys)
            self.assertIn(words, result.err + result.out)


if __name__ == "__main__":
    cli.main()
