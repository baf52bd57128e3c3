"""The status page in a real browser: 64 cameras, a reload, a restart of the service, a phone, a
keyboard, and what axe finds. With SAMPLEPROC_SCREENSHOTS=FOLDER it leaves pictures of itself there."""

import hashlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import cli
import pictures
from browser import Browser
from crossing import COMES, FOLLOWING, GOES, post
from service import Service, WithService

CAMERAS = 64
TOKEN = "let-me-in"
AXE = "axe-core@4.10.2"
NAMES = ("messi5.jpg", "fruits.jpg", "basketball1.png", "home.jpg", "baboon.jpg")
PAGE = pathlib.Path(__file__).resolve().parents[2] / "lib/api/console.html"
# A rule that looks at colours needs pictures to be there or not; all others, too, are on.
RUN_AXE = """axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(
  found.violations.map((each) => [each.id, each.help, each.nodes.slice(0, 3).map((n) => n.html)])))"""


def axe():
    """axe-core's text, from npm."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", AXE], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, timeout=cli.PATIENCE)  # fmt: skip
        package, = pathlib.Path(folder).glob("*.tgz")
        return subprocess.run(["tar", "-xzOf", package, "package/axe.min.js"], check=True,
                              stdout=subprocess.PIPE).stdout.decode()  # fmt: skip


class Street:
    """Cameras that send a frame each in turn, until the end of the `with`; whether anybody takes them
    or not."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.pictures = [pictures.sample(name) for name in NAMES]

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=cli.PATIENCE)
        number = 0
        while not self.over.wait(0.01):
            camera = number % CAMERAS
            number += 1
            try:
                connection.request("POST", f"/process?camera_id=camera-{camera:02}",
                                   self.pictures[camera % len(self.pictures)],
                                   {"Content-Type": "application/octet-stream",
                                    "Authorization": f"Bearer {TOKEN}"})  # fmt: skip
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()  # the next request connects again
        connection.close()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Events(http.server.BaseHTTPRequestHandler):
    """The page with events of a stand-in: one that has ended, one that comes by the stream, in two
    connections."""

    protocol_version = "HTTP/1.1"
    resumed = []

    def log_message(self, *_):
        pass

    def event(self, kind, number, **more):
        return {"schema": "sampleproc.event/1", "event_id": f"f-{number}-1", "type": kind,
                "camera_id": "gate", "class": "person", "confidence": 0.9, "start": 1.8e9,
                "time": 1.8e9 + 5, "frame_id": "f", "track_id": 1, "bbox": [0, 0, 9, 9],
                "zones": [], "entered": [], "left": [], "crossed": [], "stationary": False,
                "path": [], **more}  # fmt: skip

    def answer(self, kind, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/console":
            return self.answer("text/html; charset=utf-8", PAGE.read_bytes())
        if self.path.startswith("/events?"):
            events = [self.event("end", 1, end=1.8e9 + 12, entered=["porch"],
                                 snapshot="/events/f-1-1/snapshot.jpg")]  # fmt: skip
            return self.answer("application/json",
                               json.dumps({"events": events, "next_cursor": None}).encode())
        if self.path == "/events/f-1-1/snapshot.jpg?crop=1":
            return self.answer("image/jpeg", pictures.sample("messi5.jpg"))
        if self.path == "/health":
            return self.answer("application/json", json.dumps({
                "status": "healthy", "service": "stand-in", "version": "1", "capacity_used": 0,
                "frames_processed": 0, "avg_processing_time_ms": 0, "errors_last_minute": 0,
                "components": {}, "conditions": []}).encode())  # fmt: skip
        if self.path == "/cameras":
            return self.answer("application/json", b'{"cameras":[],"unlisted_frames":0}')
        if self.path != "/events/stream":
            return self.answer("application/json", b"{}", 503)
        last = self.headers["Last-Event-ID"]
        self.resumed.append(last)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        kind, number = ("new", 7) if last is None else ("end", 8)
        event = self.event(kind, 2, crossed=[{"line": "gate", "direction": "left"}])
        text = f": hello\n\nid: {number}\nevent: {kind}\ndata: {json.dumps(event)}\n\n"
        self.wfile.write(text.encode()[:40])
        self.wfile.flush()
        self.wfile.write(text.encode()[40:])


@unittest.skipUnless(shutil.which("chromium"), "there is no chromium; packaging/install-deps.sh full")
class ConsoleInBrowser(WithService):
    @classmethod
    def setUpClass(cls):
        cls.axe = axe()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tokens = pathlib.Path(folder.name) / "tokens"
        self.tokens.write_text(hashlib.sha256(TOKEN.encode()).hexdigest() + "\n", encoding="utf-8")
        self.tokens.chmod(0o600)

    def open(self, *size):
        browser = Browser(*size)
        self.addCleanup(browser.close)
        return browser

    def shoot(self, browser, name):
        if folder := os.environ.get("SAMPLEPROC_SCREENSHOTS"):
            browser.screenshot(os.path.join(folder, f"{name}.png"))

    def check_axe(self, browser, what):
        """In a world of its own, where the page's policy does not hold."""
        browser.run("1")
        frame = browser.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = browser.call("Page.createIsolatedWorld", frameId=frame)["executionContextId"]
        browser.call("Runtime.evaluate", expression=self.axe, contextId=world)
        done = browser.call("Runtime.evaluate", expression=RUN_AXE, contextId=world,
                            awaitPromise=True, returnByValue=True)  # fmt: skip
        self.assertNotIn("exceptionDetails", done)
        self.assertEqual(json.loads(done["result"]["value"]), [], what)

    def check_errors(self, browser):
        """But for answers that the page expects: no token yet, no picture yet, no events, no service."""
        expected = "Failed to load resource"
        self.assertEqual([each for each in browser.errors if expected not in each], [])

    def give(self, browser, token):
        browser.run("document.getElementById('token-input').focus()")
        browser.type(token)
        browser.key("Enter", 13, "\r")

    def shown(self, browser, number):
        browser.await_true("document.querySelectorAll('#grid .card img:not([hidden])').length >= "
                           f"{number}", "no pictures")  # fmt: skip

    def test_sixty_four_cameras_a_reload_a_restart_a_phone(self):
        words = ("--set", f"http.auth_tokens_file={self.tokens}", "--set",
                 "process.pipeline=stats,motion", "--set", "process.motion.max_cameras=64")  # fmt: skip
        service = self.serve(*words)
        port = service.port
        with Street(port):
            browser = self.open(1280, 900)
            browser.go(f"http://127.0.0.1:{port}/console")
            browser.await_true("document.getElementById('token').open", "no token is asked for")
            self.check_axe(browser, "the token's dialog")
            self.give(browser, "wrong")
            browser.await_true("document.getElementById('token-wrong').textContent.includes('does "
                               "not know')", "a wrong token is not told")  # fmt: skip
            self.give(browser, TOKEN)
            browser.await_true(f"document.querySelectorAll('#grid .card').length == {CAMERAS}",
                               "not all cameras are there")  # fmt: skip
            self.shown(browser, 9)
            browser.await_true("['Asking for the events.', ''].every((each) => each != document."
                               "getElementById('events-note').textContent)",
                               "nothing is said of events")  # fmt: skip
            self.shoot(browser, "desk")
            self.check_axe(browser, "light")
            browser.size(1280, 900, dark=True)
            self.check_axe(browser, "dark")
            self.shoot(browser, "desk-dark")

            browser.size(360, 740, phone=True)
            self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), 360)
            self.check_axe(browser, "phone")
            self.shoot(browser, "phone")
            browser.run("document.querySelector('#grid .card button').focus()")
            browser.key("Enter", 13, "\r")
            browser.await_true("document.getElementById('camera').open && document.getElementById("
                               "'camera-facts').textContent.includes('Pipeline')",
                               "a camera does not open by the keyboard")  # fmt: skip
            self.check_axe(browser, "a camera's dialog")
            self.shoot(browser, "phone-camera")
            browser.key("Escape", 27)
            browser.await_true("!document.getElementById('camera').open && document.activeElement "
                               "=== document.querySelector('#grid .card button')",
                               "the focus does not come back")  # fmt: skip
            browser.size(1280, 900)

            browser.call("Page.reload")
            browser.await_true("performance.getEntriesByType('navigation')[0].type == 'reload' && "
                               f"document.querySelectorAll('#grid .card').length == {CAMERAS}",
                               "the token is forgotten by a reload")  # fmt: skip
            self.shown(browser, 4)

            service.stop()
            browser.await_true("document.getElementById('notice').textContent.startsWith("
                               "'No connection')", "nothing is said of the service's end")  # fmt: skip
            self.shoot(browser, "gone")
            self.check_axe(browser, "without a service")
            Service(self, "--port", str(port), *words)
            browser.await_true("document.getElementById('notice').hidden && document.getElementById("
                               "'health').textContent == 'healthy'",
                               "it does not come back to the service")  # fmt: skip
            browser.await_true("[...document.querySelectorAll('#grid .card .state')].some((each) => "
                               "each.textContent == 'live')", "no camera is live again")  # fmt: skip
            browser.await_true("document.getElementById('spoken').textContent.includes('answers again')",
                               "screen readers are not told")  # fmt: skip
            self.check_errors(browser)

    def test_what_one_viewer_costs(self):
        """Measured and told; how much it is depends on the machine."""
        service = self.serve("--set", "process.pipeline=stats,motion")
        with Street(service.port):
            self.street_cpu(service, 10)
            before = self.street_cpu(service, 20)
            browser = self.open(1280, 900)
            browser.go(f"http://127.0.0.1:{service.port}/console")
            self.shown(browser, 9)
            during = self.street_cpu(service, 20)
            browser.close()
            print(f"one viewer: {(during - before) * 100:.1f} % of a core "
                  f"({before * 100:.1f} % without, {during * 100:.1f} % with)", file=sys.stderr)

    def street_cpu(self, service, seconds):
        begin, cpu = time.monotonic(), service.cpu_seconds()
        time.sleep(seconds)
        return (service.cpu_seconds() - cpu) / (time.monotonic() - begin)

    def test_events_come_and_go_on_where_they_were(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Events)
        Events.resumed.clear()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        browser = self.open(1280, 900)
        browser.go(f"http://127.0.0.1:{server.server_port}/console")
        browser.await_true("document.querySelectorAll('#event-list li').length == 2",
                           "the events are not there")  # fmt: skip
        browser.await_true("document.querySelector('#event-list li').textContent.includes('for 5 s') "
                           "&& !document.querySelector('#event-list li').textContent.includes("
                           "'there for')", "the end of an event is not shown")  # fmt: skip
        said = browser.run("document.getElementById('event-list').innerText")
        self.assertIn("over gate to the left", said)
        self.assertIn("in porch", said)
        browser.await_true("document.querySelector('#event-list img:not([hidden])')", "no snapshot")
        browser.await_true("document.getElementById('spoken').textContent.includes('person at gate')",
                           "screen readers are not told")  # fmt: skip
        self.assertEqual(Events.resumed[:2], [None, "7"])
        self.check_axe(browser, "with events")
        self.shoot(browser, "events")
        self.check_errors(browser)

    def test_events_of_the_service_are_shown_live_and_after_a_restart(self):
        folder = tempfile.mkdtemp(prefix="sampleproc-events-")
        self.addCleanup(shutil.rmtree, folder)
        words = (*FOLLOWING, *cli.NO_HURRY, "--set", f"events.history={folder}/events.db")
        service = Service(self, "--port", "0", *words)
        browser = self.open(1280, 900)
        browser.go(f"http://127.0.0.1:{service.port}/console")
        browser.await_true("document.getElementById('events-note').textContent.includes('Nothing has')",
                           "an empty history is not told")  # fmt: skip
        browser.await_true("document.getElementById('live').textContent == 'live'", "no stream")
        post(self, service, "door", COMES)
        browser.await_true("document.querySelectorAll('#event-list li').length == 1 && "
                           "document.getElementById('event-list').innerText.includes('there for')",
                           "what begins is not shown")  # fmt: skip
        self.assertEqual(service.stop(), 0)
        service = Service(self, "--port", str(service.port), *words)
        browser.await_true("document.querySelectorAll('#event-list li').length == 1 && "
                           "!document.getElementById('event-list').innerText.includes('there for')",
                           "what ended with the service is not shown")  # fmt: skip
        post(self, service, "door", COMES + GOES, 1000)
        browser.await_true("document.querySelectorAll('#event-list li').length == 2", "no second event")
        browser.go(f"http://127.0.0.1:{service.port}/console")
        browser.await_true("document.querySelectorAll('#event-list li').length == 2 && "
                           "!document.getElementById('event-list').innerText.includes('there for')",
                           "what was is not shown after a reload")  # fmt: skip
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
