"""Cameras over RTSP: a server of GStreamer's, and hostile ones of the test's own."""

import base64
import itertools
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import unittest

import cli
import pictures
import rtsp_camera
import streams
from camera_service import PASSWORD, WithCameras
from certificate import make_certificate
from rtsp_camera import RtspCamera, respond
from service import ANY_PORT, Service

GST_SERVER = os.path.join(os.path.dirname(__file__), "gst_rtsp_server.py")
USER = "viewer-5922"
BALL = (336, 240)  # the size of its pictures


def missing_gstreamer():
    """Why there is no server of GStreamer's; "" when there is one."""
    look = ("import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0');"
            "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
            "missing = [e for e in ('x264enc', 'rtph264pay', 'videotestsrc', 'rtpbin')"
            " if Gst.ElementFactory.find(e) is None]; assert not missing, missing")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", look], stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


MISSING = missing_gstreamer()


class GstServer:
    """gst_rtsp_server.py, running; ends with the test at the latest."""

    def __init__(self, test, auth="none", port=0):
        words = [sys.executable, GST_SERVER, str(port), auth, USER, PASSWORD]
        self.child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.kill)
        line = self.child.stdout.readline()
        test.assertTrue(line.strip().isdigit(), "the server of GStreamer's did not start")
        self.port = int(line)

    def url(self, user=""):
        return f"rtsp://{user}127.0.0.1:{self.port}/ball"

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


class Rtsp(WithCameras):
    def setUp(self):
        super().setUp()
        self.good = {"url": pictures.sample_path("vtest.avi"), "fps": 5, "loop": True}

    def check_secret(self, service):
        said = self.said(service)
        self.assertNotIn(PASSWORD, said)
        self.assertNotIn(USER, said)
        for name in os.listdir(self.directory):
            if name.endswith(".ndjson"):
                with open(self.path(name), encoding="utf-8") as file:
                    self.assertNotIn(PASSWORD, file.read())

    def check_undisturbed(self, service, camera="good"):
        before = self.state(service, camera)
        state = self.wait_for_state(
            service, camera, lambda state: state["looked_at"] >= before["looked_at"] + 3
        )
        self.assertEqual((state["connected"], state["reconnects"]), (True, 0))

    def wait_for_error(self, service, camera, *words):
        def is_told():
            reason = service.conditions().get(("camera", camera), "")
            return reason and all(word in reason for word in words) and reason

        try:
            return streams.wait_until(is_told)
        except AssertionError:
            self.fail(f"{camera}: {words} are not in {service.conditions().get(('camera', camera))}")

    @unittest.skipIf(MISSING, f"no server of GStreamer's: {MISSING}")
    def test_pictures_come_over_tcp_and_udp_to_whoever_may_have_them(self):
        free, basic, digest = (GstServer(self, auth) for auth in ("none", "basic", "digest"))
        user = {"password_file": self.password()}
        cameras = {
            "tcp": {"url": free.url(), "transport": "tcp"},
            "udp": {"url": free.url(), "transport": "udp"},
            "keys": {"url": free.url(), "decode": "keyframes"},
            "slow": {"url": free.url(), "fps": 2.0},
            "basic": {"url": basic.url(USER + "@"), **user},
            "digest": {"url": digest.url(USER + "@"), **user},
            "inline": {"url": digest.url(f"{USER}:{PASSWORD}@")},
            "wrong": {"url": basic.url(USER + "@"), "password_file": self.password("not " + PASSWORD)},
            "false": {"url": digest.url(USER + "@"), "password_file": self.password("no " + PASSWORD)},
            "nobody": {"url": basic.url()},
            "path": {"url": free.url().replace("/ball", "/other")},
            "good": self.good,
        }
        service = self.serve(cameras)
        right = ("tcp", "udp", "keys", "slow", "basic", "digest", "inline")
        self.wait_for_results(right, least=4)
        for camera in right:
            self.assertEqual(self.sizes(camera), {BALL}, camera)
        for camera in ("wrong", "false", "nobody"):
            self.wait_for_error(service, camera, "127.0.0.1", "refuses the user name and password")
        self.wait_for_error(service, "path", "127.0.0.1", "404")
        state = self.wait_for_state(service, "slow", lambda state: state["dropped"].get("fps", 0) > 9)
        self.assertTrue(state["connected"])

        def are_fewer():  # one key frame in ten pictures, whichever of the two was connected first
            state = service.get("/health").json()["cameras"]
            return state["keys"]["frames"] * 4 < state["tcp"]["frames"]

        streams.wait_until(are_fewer)
        self.check_undisturbed(service)
        self.check_secret(service)
        service.child.send_signal(signal.SIGTERM)
        self.assertEqual(service.child.wait(cli.PATIENCE), 0)

    @unittest.skipIf(MISSING, f"no server of GStreamer's: {MISSING}")
    def test_a_server_that_comes_back_is_connected_to_again(self):
        for transport in ("tcp", "udp"):
            with self.subTest(transport):
                # A port that nobody is given while no server has it.
                server = GstServer(self, port=streams.free_port("127.0.0.1"))
                service = self.serve({
                    "back": {"url": server.url(), "transport": transport, "stall_after": "2s"},
                    "good": self.good,
                })  # fmt: skip
                self.wait_for_state(service, "back", lambda state: state.get("looked_at", 0) > 2)
                server.kill()
                streams.wait_until(lambda: ("camera", "back") in service.conditions())
                state = self.wait_for_state(service, "back", lambda state: not state["connected"])
                again = GstServer(self, port=server.port)
                streams.wait_until(lambda: ("camera", "back") not in service.conditions())
                self.wait_for_state(
                    service, "back", lambda now, then=state: now["looked_at"] > then["looked_at"] + 2
                )
                self.check_undisturbed(service)
                again.kill()
                self.assertEqual(service.stop(), 0)

    def test_a_refused_login_is_left_alone_until_there_is_another(self):
        def refuse(status, more=""):
            def answer(connection, number, _head):
                respond(connection, number, status, more)
                return True

            return RtspCamera(self, {"DESCRIBE": answer})

        made = {"basic": refuse("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n'),
                "digest": refuse("401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="y"\r\n'),
                "forbids": refuse("403 Forbidden"),
                "error": refuse("500 Internal Server Error")}  # fmt: skip
        file = self.password("not " + PASSWORD)
        service = self.serve({name: {"url": camera.url(USER + "@"), "password_file": file}
                              for name, camera in made.items()})  # fmt: skip
        self.wait_for_state(service, "error", lambda state: state["reconnects"] >= 7)
        for name in ("basic", "digest", "forbids"):
            described = [head for head in made[name].heads if head.startswith("DESCRIBE")]
            self.assertLessEqual(len(described), 2, name)  # the second one tells the login
            reason = service.conditions()["camera", name]
            self.assertRegex(reason, "not tried again before 20[0-9T:.-]+Z, ")
        before = len(made["digest"].heads)
        with open(file, "w", encoding="ascii") as changed:
            changed.write(PASSWORD)
        streams.wait_until(lambda: len(made["digest"].heads) > before)
        self.check_secret(service)
        self.assertEqual(service.stop(), 0)

    def test_a_hostile_server_ends_its_own_session_and_nothing_else(self):
        def endless(text):
            def answer(connection, *_):
                while True:
                    connection.sendall(text)

            return answer

        def refuse(scheme):
            def answer(connection, number, _head):
                respond(connection, number, "401 Unauthorized", f"WWW-Authenticate: {scheme}\r\n")
                return True

            return {"DESCRIBE": answer}

        def say(*words, more="", body=""):
            def answer(connection, number, _head):
                respond(connection, number, *words, more, body)
                return True

            return {"DESCRIBE": answer}

        picture = rtsp_camera.h264(160, 120)

        def sudden_end(connection):
            rtsp_camera.send(connection, camera["sudden"].stopped, picture[:12], pause=0.01)
            connection.sendall(b"$\0\x05\xdc" + b"x" * 100)

        def silence(connection):
            rtsp_camera.send(connection, camera["silent"].stopped, picture[:12], pause=0.01)
            camera["silent"].stay()

        def huge(connection):
            stopped = camera["huge"].stopped
            rtsp_camera.send(connection, stopped, rtsp_camera.forever(rtsp_camera.huge_parameters()))

        def endless_picture(connection):
            """Parts of one picture whose last one never comes."""
            for sequence in itertools.count():
                head = struct.pack(">BBHII", 0x80, 96, sequence & 0xFFFF, 0, 4711)
                connection.sendall(rtsp_camera.interleaved(head + b"\x7c\x05" + b"x" * 1400))

        def noise(connection):
            while True:
                connection.sendall(rtsp_camera.interleaved(os.urandom(1000)))

        def wait(*_):
            camera["mute"].stay()

        def elsewhere(connection, number, _head):
            respond(connection, number, "302 Found", f"Location: {camera['target'].url()}\r\n")
            return True

        sdp = "Content-Type: application/sdp\r\n"
        sets = rtsp_camera.huge_parameters()[0][:2]
        stated = rtsp_camera.SDP.replace("packetization-mode=1", "packetization-mode=1;sprop-parameter-"
                                         "sets=" + ",".join(base64.b64encode(unit).decode() for unit in sets))  # fmt: skip
        camera = {
            "mute": RtspCamera(self, {"OPTIONS": wait}),
            "broken": RtspCamera(self, say("200 OK", more=sdp, body="no SDP at all\r\n" * 20)),
            "sound": RtspCamera(self, sdp=rtsp_camera.SOUND_SDP),
            "basic": RtspCamera(self, refuse('Basic realm="x"')),
            "digest": RtspCamera(self, refuse('Digest realm="x", nonce="y", stale=true')),
            "error": RtspCamera(self, say("500 Internal Server Error")),
            "sudden": RtspCamera(self, play=sudden_end),
            "headers": RtspCamera(self, {"DESCRIBE": endless(b"X-More: " + b"x" * 1000 + b"\r\n")}),
            "line": RtspCamera(self, {"DESCRIBE": endless(b"x" * 4096)}),
            "silent": RtspCamera(self, play=silence),
            "never": RtspCamera(self),
            "huge": RtspCamera(self, play=huge),
            "stated": RtspCamera(self, sdp=stated),
            "endless": RtspCamera(self, play=endless_picture),
            "noise": RtspCamera(self, play=noise),
            "moved": RtspCamera(self, {"DESCRIBE": elsewhere}),
            "target": RtspCamera(self),
            "plain": RtspCamera(self),
        }  # fmt: skip
        user = {"password_file": self.password(), "stall_after": "2s"}
        cameras = {name: {"url": made.url(USER + "@"), **user}
                   for name, made in camera.items() if name != "target"}  # fmt: skip
        cameras["plain"]["url"] = camera["plain"].url(USER + "@", "rtsps")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # nobody listens
            closed = f"rtsp://{USER}@127.0.0.1:{taken.getsockname()[1]}/"
            cameras["closed"] = {"url": closed, **user}
            cameras["name"] = {"url": f"rtsp://{USER}@camera.invalid/", **user}
            cameras["long"] = {"url": closed, "password_file": self.password("€" * 50)}
            cameras["good"] = self.good
            service = self.serve(cameras)
            for name, words in {
                "mute": ["did not answer within 2 s"],
                "broken": ["no video in it"],
                "sound": ["no video in it"],
                "basic": ["refuses the user name and password (401)"],
                "digest": ["refuses the user name and password (401)"],
                "error": ["5xx"],
                "sudden": ["closed the connection"],
                "headers": ["did not answer within 2 s"],
                "line": ["did not answer within 2 s"],
                "silent": ["sent no picture for 2 s"],
                "never": ["sent no picture for 2 s"],
                "huge": ["more bytes than max_frame_bytes"],
                "stated": ["more bytes than max_frame_bytes"],
                "endless": [],
                "noise": [],
                "moved": ["redirects to another URL"],
                "plain": ["rtsps"],
                "closed": ["refused"],
                "long": ["longer than 127 characters"],
            }.items():
                host = "127.0.0.1"
                self.assertIn(f"://{host}", self.wait_for_error(service, name, host, *words))
            self.wait_for_error(service, "name", "camera.invalid")
        self.assertEqual(camera["target"].heads, [])
        self.check_undisturbed(service)
        self.check_secret(service)
        self.assertEqual(service.stop(), 0)

    def test_one_camera_holds_a_quarter_of_the_memory_at_most(self):
        """1920x1080 with 16 reference frames is 62 MiB, and a quarter of the limit 40 MiB."""
        large = rtsp_camera.h264(1920, 1080, 20, references=16)

        def play(connection):
            rtsp_camera.send(connection, large_camera.stopped, rtsp_camera.forever(large))

        large_camera = RtspCamera(self, play=play)
        path = self.configure({"large": {"url": large_camera.url()}, "good": self.good})
        service = Service(self, *ANY_PORT, "--config", path,
                          "--set", "resources.memory_limit=160MiB")  # fmt: skip
        self.wait_for_error(service, "large", "decoding 1920x1088 with 18 pictures",
                            "a camera may hold 40 MiB", "lower the camera's resolution",
                            "resources.memory_limit")  # fmt: skip
        state = self.wait_for_state(
            service, "large", lambda state: state["dropped"].get("memory", 0) > 2
        )
        self.assertEqual((state["connected"], state["looked_at"]), (False, 0))
        self.check_undisturbed(service)
        with open(pictures.sample_path("messi5.jpg"), "rb") as file:
            answer = service.post(file.read(), "image/jpeg")
        self.assertEqual(answer.status, 200)
        self.assertEqual(service.stop(), 0)

    def test_pictures_of_another_size_are_taken_as_they_come(self):
        small, large = rtsp_camera.h264(160, 120), rtsp_camera.h264(320, 240)

        def play(connection):
            rtsp_camera.send(connection, camera.stopped, rtsp_camera.forever(small + large))

        camera = RtspCamera(self, play=play)
        service = self.serve({"changing": {"url": camera.url()}})
        streams.wait_until(lambda: self.sizes("changing") == {(160, 120), (320, 240)})
        setups = [head for head in camera.heads if head.startswith("SETUP")]
        self.assertEqual(len(setups), 1, "the sound is not asked for")
        state = self.state(service, "changing")
        self.assertEqual((state["reconnects"], state["decoder_errors"]), (0, 0))

    def test_a_stream_has_the_pixels_of_the_same_video_in_a_file(self):
        moving = rtsp_camera.h264(320, 240)
        stream = b"".join(b"\0\0\0\1" + unit for picture in moving for unit in picture)
        done = cli.run("process-file", "-q", "--set", "process.pipeline=stats",
                       self.write("twin.h264", stream))  # fmt: skip
        self.assertEqual(done.returncode, 0, done.err)

        def stats(result):
            return json.dumps(result["stats"], sort_keys=True)

        in_file = {stats(json.loads(line)) for line in done.out.splitlines()}
        self.assertEqual(len(in_file), len(moving))
        camera = RtspCamera(self, play=lambda connection: rtsp_camera.send(
            connection, camera.stopped, rtsp_camera.forever(moving)))  # fmt: skip
        service = self.serve({"twin": {"url": camera.url()}})
        self.wait_for_results(["twin"], least=len(moving))
        self.assertLessEqual(
            {stats(record["sample_metadata"]) for record in self.records()}, in_file
        )
        self.assertEqual(self.state(service, "twin")["decoder_errors"], 0)

    def test_lost_packets_are_told_and_pictures_go_on_with_a_whole_one(self):
        moving = rtsp_camera.h264(160, 120, 40)

        def play(connection):
            # The third picture behind a key frame is lost, of every fourth key frame.
            rtsp_camera.send(connection, camera.stopped, rtsp_camera.forever(moving),
                             pause=0.02, lost=lambda number: number % 40 == 3)  # fmt: skip

        camera = RtspCamera(self, play=play)
        service = self.serve({"lossy": {"url": camera.url()}})
        state = self.wait_for_state(
            service, "lossy", lambda state: state["decoder_errors"] > 1 and state["looked_at"] > 50
        )
        self.assertEqual((state["reconnects"], state["connected"]), (0, True))

    def test_a_camera_without_rtcp_takes_no_cpu_of_its_own(self):
        """Its port of RTCP is closed, which each wait for datagrams is told of, again and again."""
        moving = rtsp_camera.h264(160, 120)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.bind(("127.0.0.1", 0))
        here, there = sender.getsockname()[1], []

        def setup(connection, number, head):
            ports = re.search(r"client_port=(\d+)-(\d+)", head)
            there.append(("127.0.0.1", int(ports.group(1))))
            respond(connection, number, "200 OK", f"Transport: RTP/AVP/UDP;unicast;{ports.group()};"
                    f"server_port={here}-{here + 1}\r\nSession: 1\r\n")  # fmt: skip
            return True

        def play(connection):
            for _, packet in rtsp_camera.packets(rtsp_camera.forever(moving)):
                if camera.stopped.wait(0.2):  # so that decoding is nothing, whatever is built
                    return
                sender.sendto(packet, there[-1])

        camera = RtspCamera(self, {"SETUP": setup}, play)
        service = self.serve({"deaf": {"url": camera.url(), "transport": "udp"}})
        self.wait_for_state(service, "deaf", lambda state: state["looked_at"] > 5)
        begin, before = time.monotonic(), service.metrics()["process_cpu_seconds_total"]
        # RTCP is sent every 5 s.
        self.wait_for_state(service, "deaf", lambda _: time.monotonic() > begin + 8)
        took = service.metrics()["process_cpu_seconds_total"] - before
        self.assertLess(took, (time.monotonic() - begin) / 3)

    def test_a_reader_goes_on_while_a_worker_is_busy(self):
        """The newest picture is the one that is looked at next."""
        moving = rtsp_camera.h264(320, 240)

        def play(connection):
            rtsp_camera.send(connection, camera.stopped, rtsp_camera.forever(moving), pause=0.005)

        camera = RtspCamera(self, play=play)
        # Busy for longer than pictures take to come, however slow the machine that sends them.
        path = self.configure({"busy": {"url": camera.url(), "pipeline": ["stats", "people"]}})
        service = Service(self, *ANY_PORT, "--config", path, "--set", "process.delay=500ms", *cli.NO_HURRY)
        self.wait_for_state(
            service, "busy", lambda state: state["dropped"].get("superseded", 0) > 20
            and state["frames"] > 2 * state["looked_at"])  # fmt: skip

    def test_rtsps_is_encrypted_and_a_certificate_is_not_asked_for(self):
        certificate, key = self.path("cert.pem"), self.path("key.pem")
        make_certificate(certificate, key, "DNS:another.example")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        moving = rtsp_camera.h264(160, 120)

        def play(connection):
            rtsp_camera.send(connection, camera.stopped, rtsp_camera.forever(moving))

        camera = RtspCamera(self, play=play, tls=context)
        service = self.serve({"secure": {"url": camera.url(scheme="rtsps"), "stall_after": "5s"}})
        self.wait_for_results(["secure"])
        self.assertEqual(self.sizes("secure"), {(160, 120)})
        self.assertEqual(service.stop(), 0)

    def test_a_reload_ends_a_session_that_waits(self):
        camera = RtspCamera(self)
        service = self.serve({"waiting": {"url": camera.url(), "stall_after": "1h"}})
        streams.wait_until(lambda: any(head.startswith("PLAY") for head in camera.heads))
        self.configure({"good": self.good})
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        streams.wait_until(lambda: set(service.get("/health").json()["cameras"]) == {"good"})
        self.assertEqual(service.stop(), 0)

    def test_settings_of_another_kind_of_source_are_refused_with_what_is_right(self):
        def check(keys, code, words=""):
            result = cli.run("validate-config", self.configure({"door": keys}))
            self.assertEqual(result.returncode, code, (keys, result.err))
            self.assertIn(words, result.err + result.out)
            self.assertNotIn(PASSWORD, result.err + result.out)

        for keys in (
            {"url": "rtsp://h/"},
            {"url": "rtsp://h:8554/a?b=c", "transport": "udp", "decode": "keyframes"},
            {"url": "rtsps://h/", "transport": "tcp"},
            {"url": f"rtsp://me:{PASSWORD}@[::1]:554/"},
        ):
            check(keys, 0)
        url = "rtsp://h/"
        for keys, words in (
            ({"url": "rtsp://"}, "camera.door.url: is not a URL"),
            ({"url": f"rtsp://me:{PASSWORD}@h:x/"}, "camera.door.url: is not a URL"),
            ({"url": url, "loop": True}, "camera.door.loop: is of no use: only files"),
            ({"url": url, "transport": "sctp"}, "allowed is tcp, udp"),
            ({"url": url, "decode": "some"}, "allowed is all, keyframes"),
            ({"url": url, "password_file": "/dev/null"}, "the camera's url names no user"),
            ({"url": "rtsps://h/", "transport": "udp"}, "would not be encrypted"),
            ({"url": "/srv/a.mp4", "transport": "udp"}, "camera.door.transport: is for cameras"),
            ({"url": "http://h/", "decode": "keyframes"}, "camera.door.decode: is for cameras"),
        ):
            check(keys, 65, words)


if __name__ == "__main__":
    cli.main()
