"""Cameras of the service's own that answer, and whose pictures nobody can look at; and recordings that
break off."""

import itertools
import os
import signal
import subprocess

import cli
import pictures
import rtsp_camera
import streams
from camera_service import WithCameras
from camera_sources_test import BOUNDARY, STREAM, Camera, part
from rtsp_camera import RtspCamera

# stall_after, where a test waits for it. No answer takes so long on a busy machine: silence would be
# another reason, and a condition of its own.
SOON = "5s"
BREAKS_OFF = "the file breaks off here"


def answer(body, media_type=None):
    head = b"HTTP/1.0 200 OK\r\n"
    if media_type:
        head += b"Content-Type: " + media_type.encode() + b"\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def once(text):
    """For Camera: this answer each time."""
    return lambda connection, *_: connection.sendall(text)


def ftyp(brand):
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1" + brand + bytes(200)


class Useless(WithCameras):
    def setUp(self):
        super().setUp()
        self.photo = pictures.sample("messi5.jpg")
        self.cut = self.photo[:20000]

    def stream(self, *texts):
        """For Camera: a part twenty times a second, by turns."""

        def send(connection, *_):
            connection.sendall(STREAM)
            for text in itertools.cycle(texts):
                connection.sendall(text)
                if self.stopped.wait(0.05):
                    return

        return send

    @property
    def stopped(self):
        return self.good.stopped

    def serve_with_good(self, cameras):
        self.good = Camera(self, lambda *what: self.good.stream(self.photo)(*what))
        return self.serve({**cameras, "good": {"url": self.good.url(), "stall_after": "10m"}})

    def reason(self, service, camera, *words):
        def told():
            reason = service.conditions().get(("camera", camera), "")
            return reason and all(word in reason for word in words) and reason

        try:
            return streams.wait_until(told)
        except AssertionError:
            self.fail(f"{camera}: {words} are not in {service.conditions().get(('camera', camera))}")

    def lines_of(self, service, message, camera):
        return [line for line in service.log() if line["msg"] == message
                and camera in (line.get("camera"), line.get("subject"))]  # fmt: skip

    def test_a_url_that_answers_with_no_picture_is_a_condition_with_its_reason(self):
        text = BOUNDARY + b"\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\n"
        page = "no picture: look at the url, or its login"
        cases = {
            "page": (once(answer(b"<html>log in</html>", "text/html; charset=utf-8")), "text/html, " + page),
            "json": (once(answer(b'{"error":"busy"}', "application/json")), "application/json, " + page),
            "empty": (once(answer(b"", "image/jpeg")), "is empty"),
            "gif": (once(answer(b"GIF89a\1\0\1\0\0\0\0;", "image/gif")), "GIF"),
            "cut": (once(answer(self.cut, "image/jpeg")), "JPEG"),
            "bare": (once(answer(b"who knows")), "not a picture of a known format"),
            "lie": (once(answer(b"?", "text/\x07html")), "not a picture of a known format"),
            "parts": (self.stream(text), "text/plain, " + page),
            "cuts": (self.stream(part(self.cut)), "JPEG"),
            "heic": (once(answer(ftyp(b"heic"), "image/heic")), "HEIC"),
        }  # fmt: skip
        service = self.serve_with_good({
            name: {"url": Camera(self, send).url("me:canary-4711@"), "fps": 20.0, "stall_after": SOON}
            for name, (send, _) in cases.items()})  # fmt: skip
        for name, (_, words) in cases.items():
            self.reason(service, name, "http://127.0.0.1", words)

            def is_told(state, name=name, words=words):
                error = state.get("error", "")
                return words in error and service.conditions().get(("camera", name)) == error

            state = self.wait_for_state(service, name, is_told)  # each picture is told anew
            self.assertEqual((state["connected"], state["looked_at"]), (False, 0), name)
        self.assertEqual(service.metrics()['sampleproc_camera_connected{camera="page"}'], 0)
        self.assertIn("text/html", service.get("/cameras/page").json()["last_error"]["detail"])
        for name in cases:
            service.wait_for("condition begins", subject=name)  # logged a moment after /health has it
            self.assertEqual(len(self.lines_of(service, "condition begins", name)), 1, name)
            self.assertEqual(self.lines_of(service, "condition ends", name), [], name)
        self.assertNotIn(("camera", "good"), service.conditions())
        self.assertNotIn("canary", self.said(service))

    def test_damaged_pictures_among_good_ones_are_told_in_the_log(self):
        service = self.serve_with_good({
            "half": {"url": Camera(self, self.stream(part(self.photo), part(self.cut))).url(), "fps": 100.0}})
        line = service.wait_for("camera: a picture cannot be looked at", camera="half")
        self.assertIn("JPEG", line["error"])
        self.wait_for_state(
            service, "half", lambda state: state["looked_at"] > 20 and state["decoder_errors"] > 20)  # fmt: skip
        self.assertNotIn(("camera", "half"), service.conditions())

    def test_it_ends_with_the_first_picture_that_is_looked_at(self):
        logged_in = []

        def portal(connection, *_):
            connection.sendall(answer(self.photo, "image/jpeg") if logged_in
                               else answer(b"<html>", "text/html"))  # fmt: skip

        def brief(connection, *_):
            connection.sendall(STREAM + (part(self.photo) if logged_in else part(b"<html>")) + BOUNDARY)
            if logged_in:
                self.stopped.wait(10 * cli.PATIENCE)

        cameras = {
            name: {"url": Camera(self, how).url(), "fps": 20.0, "stall_after": stall}
            for name, how, stall in (("portal", portal, SOON), ("brief", brief, "1m"))
        }
        service = self.serve_with_good(cameras)
        for name in cameras:
            self.reason(service, name)
        # That it can be connected to does not end it.
        self.wait_for_state(service, "brief", lambda state: state["reconnects"] >= 3)
        for name in cameras:
            service.wait_for("condition begins", subject=name)
        self.assertEqual(service.told("camera"), (2, 0))
        logged_in.append(True)
        streams.wait_until(lambda: not service.conditions())
        for name in cameras:
            self.wait_for_state(service, name, lambda state: state["connected"]
                                and state["looked_at"] > 0 and "error" not in state)  # fmt: skip

    def test_a_stream_of_which_every_picture_is_damaged_is_one_condition(self):
        def damaged(unit):
            """Its parameters stay as they are."""
            return unit if unit[0] & 0x1F in (7, 8) else unit[: len(unit) // 2]

        moving = [[damaged(unit) for unit in picture] for picture in rtsp_camera.h264(160, 120)]

        def play(connection):
            rtsp_camera.send(connection, camera.stopped, rtsp_camera.forever(moving), pause=0.02)

        camera = rtsp_camera.RtspCamera(self, play=play)
        service = self.serve_with_good({"rtsp": {"url": camera.url(), "stall_after": "1s"}})
        self.reason(service, "rtsp", "rtsp://127.0.0.1")
        # Also when it is connected to anew.
        state = self.wait_for_state(service, "rtsp", lambda state: state["reconnects"] >= 1)
        self.assertEqual((state["connected"], state["looked_at"]), (False, 0))
        self.assertEqual(service.told("camera"), (1, 0))

    def ffmpeg(self, name, *words, frames=10):
        path = self.path(name)
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", pictures.sample_path("vtest.avi"),
             "-frames:v", str(frames), "-s", "96x72", *words, path], check=True)  # fmt: skip
        return path

    def torn(self, name, share, frames=10):
        """A recording of H.264 whose end is missing; written long ago."""
        path = self.ffmpeg(name, "-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p", frames=frames)
        os.truncate(path, int(os.path.getsize(path) * share))
        os.utime(path, (1, 1))
        return path

    def test_a_recording_that_breaks_off_is_told_and_over(self):
        cameras = {"ts": self.torn("a.ts", 0.9), "mkv": self.torn("b.mkv", 0.8)}
        service = self.serve_with_good({name: {"url": path} for name, path in cameras.items()})
        for name, path in cameras.items():
            end = service.wait_for("camera: its file has ended", camera=name)
            self.assertGreaterEqual(end["failed_pictures"], 1)
            state = self.state(service, name)
            self.assertEqual((state["ended"], state["connected"]), (True, False), name)
            self.assertEqual(state["reconnects"], 0, name)
            self.assertIn(path + ": frame ", state["error"])
            # Each of its pictures once, and nothing is away.
            self.assertLessEqual(state["frames"], 10)
            self.assertGreaterEqual(state["looked_at"], 1)
            told = self.lines_of(service, "camera: a picture cannot be looked at", name)
            breaks = [line for line in told if BREAKS_OFF in line["error"]]
            self.assertIn(len(breaks), {1} if name == "ts" else {0, 1})
            self.assertEqual(len(told), end["failed_pictures"])
            self.assertEqual(self.lines_of(service, "condition begins", name), [])
        self.assertEqual(service.conditions(), {})

    def test_a_recording_that_breaks_off_begins_again_with_loop_alone(self):
        path = self.torn("a.ts", 0.9)
        service = self.serve_with_good({"loop": {"url": path, "loop": True}})
        state = self.wait_for_state(service, "loop", lambda state: state["frames"] >= 25)
        self.assertEqual((state["connected"], state["reconnects"]), (True, 0))
        self.assertEqual(service.conditions(), {})
        self.assertEqual(len(self.lines_of(service, "camera: a picture cannot be looked at", "loop")), 1)

    def test_a_recording_that_grows_goes_on_where_it_was(self):
        whole = self.ffmpeg("whole.ts", "-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p", frames=20)
        with open(whole, "rb") as file:
            data = file.read()
        torn = len(data) // 376 * 188 + 100  # within a packet
        growing = self.write("growing.ts", data[:torn])
        service = self.serve_with_good({"growing": {"url": growing, "stall_after": "10m"}})
        before = self.wait_for_state(service, "growing", lambda state: state["looked_at"] >= 1)
        with open(growing, "ab") as file:
            file.write(data[torn:])
        service.wait_for("camera: its file has ended", camera="growing")
        state = self.state(service, "growing")
        self.assertGreater(state["frames"], before["frames"])
        self.assertIn(state["frames"], (19, 20))  # the one that was torn may be lost
        self.assertEqual(state["reconnects"], 0)
        self.assertEqual(self.lines_of(service, "condition begins", "growing"), [])

    def test_files_that_cannot_be_decoded_are_named_with_their_reason(self):
        heic = self.write("phone.heic", ftyp(b"heic"))
        text = self.write("text.jpg", b"no picture\n")
        for name in ("1.jpg", "2.jpg"):
            self.write("album/" + name, pictures.sample("left.jpg"))
        # The last one, in whose place no other can be looked at when the workers are slow.
        last = self.write("album/3.heic", ftyp(b"heic"))
        service = self.serve_with_good({
            "heic": {"url": heic},
            "text": {"url": text},
            "album": {"url": self.path("album")},
            "again": {"url": self.path("album"), "fps": 20.0, "loop": True},
            "never": {"url": heic, "fps": 20.0, "loop": True, "stall_after": SOON},
        })  # fmt: skip
        self.reason(service, "heic", heic, "HEIC", "not one picture of it could be looked at")
        self.reason(service, "text", text, "not a picture of a known format")
        self.reason(service, "never", heic, "HEIC")
        for name, path in (("heic", heic), ("text", text), ("album", last)):
            end = service.wait_for("camera: its file has ended", camera=name)
            self.assertEqual(end["failed_pictures"], 1)
            state = self.state(service, name)
            self.assertTrue(state["ended"], name)
            self.assertIn(path, state["error"], name)
        for name, path in (("heic", heic), ("text", text), ("album", last), ("again", last)):
            line = service.wait_for("camera: a picture cannot be looked at", camera=name)
            self.assertIn(path, line["error"])
        self.wait_for_state(service, "again", lambda state: state["dropped"].get("failed", 0) > 2)
        self.assertEqual(len(self.lines_of(service, "camera: a picture cannot be looked at", "again")), 1)
        self.assertNotIn(("camera", "album"), service.conditions())
        self.assertNotIn(("camera", "again"), service.conditions())
        service.child.send_signal(signal.SIGTERM)
        self.assertEqual(service.child.wait(cli.PATIENCE), 0)


if __name__ == "__main__":
    cli.main()
