"""GET /cameras, the cameras' pictures and the status page."""

import base64
import datetime
import hashlib
import json
import pathlib
import re
import tempfile
import threading

import cli
import jsonschema
import pictures
from service import WithService
from streams import STREAM, RedisServer, entry, wait_until, words

ROOT = pathlib.Path(__file__).resolve().parents[2]
JPEG = {"Content-Type": "image/jpeg"}
CONFIG = """
[process]
pipeline = ["stats"]
[camera."front door"]
pipeline = ["stats", "motion"]
threshold = 0.7
classes = ["person"]
max_age = "2s"
mask = [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.1]]]
[camera."front door".zone.porch]
polygon = [[0.2, 0.5], [0.8, 0.5], [0.8, 1.0]]
dwell = "3s"
[camera."front door".line.gate]
from = [0.1, 0.9]
to = [0.9, 0.9]
[camera.slow]
fps = 0.001
"""


class Feed:
    """A camera that sends this picture again and again, until the end of the `with`."""

    def __init__(self, service, camera, picture):
        self.service, self.camera, self.picture = service, camera, picture
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(0.02):
            answer = self.service.ask("POST", f"/process?camera_id={self.camera}", self.picture, JPEG)
            assert answer.status == 200, answer.body

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Console(WithService):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "sampleproc.toml"
        self.config.write_text(CONFIG, encoding="utf-8")
        self.picture = pictures.sample("messi5.jpg")

    def serve_cameras(self, *more):
        return self.serve("--config", str(self.config), *cli.NO_HURRY, *more)

    def check(self, value, schema):
        document = json.loads((ROOT / "config/openapi.json").read_text(encoding="utf-8"))
        whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        jsonschema.validate(value, whole, jsonschema.Draft202012Validator)

    def test_cameras_are_told_with_what_became_of_their_frames(self):
        service = self.serve_cameras()
        for _ in range(2):
            service.ask("POST", "/process?camera_id=gate", self.picture, JPEG)
        service.ask("POST", "/process?camera_id=gate", b"no picture", {"Content-Type": "image/png"})
        for _ in range(3):
            service.ask("POST", "/process?camera_id=slow", self.picture, JPEG)
        answer = service.get("/cameras")
        self.assertEqual(answer.status, 200)
        self.check_headers(answer)
        listed = answer.json()
        self.check(listed, "Cameras")
        self.assertEqual([each["id"] for each in listed["cameras"]], ["front door", "gate", "slow"])
        self.assertEqual(listed["unlisted_frames"], 0)
        silent, gate, slow = listed["cameras"]
        self.assertEqual((silent["configured"], silent["door"], silent["frames_in"],
                          silent["last_frame_age_seconds"]), (True, None, 0, None))  # fmt: skip
        self.assertEqual((gate["configured"], gate["door"]), (False, "http"))
        self.assertEqual((gate["frames_in"], gate["frames_looked_at"]), (3, 2))
        self.assertEqual(gate["dropped"], {"unsupported-format": 1})
        self.assertEqual(gate["last_error"]["type"], "unsupported-format")
        self.assertEqual((gate["width"], gate["height"], gate["detections"]), (548, 342, 0))
        self.assertEqual((slow["frames_in"], slow["frames_looked_at"]), (3, 1))
        self.assertEqual(slow["dropped"], {"fps": 2})

    def test_a_camera_is_told_with_its_settings(self):
        service = self.serve_cameras()
        answer = service.get("/cameras/front%20door")
        self.check(answer.json(), "CameraSettings")
        self.assertEqual(answer.json()["settings"], {
            "pipeline": ["stats", "motion"], "threshold": 0.7, "classes": ["person"], "fps": 0,
            "max_age_seconds": 2, "mask": [[[0, 0], [1, 0], [1, 0.1]]],
            "zones": [{"name": "porch", "polygon": [[0.2, 0.5], [0.8, 0.5], [0.8, 1]],
                       "classes": [], "dwell_seconds": 3}],
            "lines": [{"name": "gate", "from": [0.1, 0.9], "to": [0.9, 0.9], "classes": []}],
        })  # fmt: skip
        service.ask("POST", "/process?camera_id=a%2Fb", self.picture, JPEG)
        self.assertEqual(service.get("/cameras/a%2Fb").json()["settings"]["pipeline"], ["stats"])
        for path in ("/cameras/nobody", "/cameras/nobody/latest.jpg"):
            self.check_problem(service.get(path), 404, path)
        self.check_problem(service.get("/cameras/50%"), 422, "/cameras/50%")

    def test_frames_that_are_pulled_count_and_those_that_are_dropped_say_why(self):
        server = RedisServer(self)
        redis = server.client()
        for number in range(3):
            redis.xadd(STREAM, entry(f"old-{number}", pictures.sample("mask.png"), "gate"))
        service = self.serve_cameras(*words(server), "--set", "consumer.max_age=1h")
        wait_until(lambda: service.get("/cameras/gate").status == 200)
        wait_until(lambda: service.get("/cameras/gate").json()["dropped"] == {"max_age": 3})
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        redis.xadd(STREAM, entry("new", pictures.sample("mask.png"), "gate", timestamp=now))
        wait_until(lambda: service.get("/cameras/gate").json()["frames_looked_at"] == 1)
        self.assertEqual(service.get("/cameras/gate").json()["door"], "consumer")

    def test_invented_cameras_do_not_push_out_others(self):
        service = self.serve_cameras("--set", "process.motion.max_cameras=4")
        for number in range(30):
            service.ask("POST", f"/process?camera_id=invented-{number}", self.picture, JPEG)
        listed = service.get("/cameras").json()
        self.check(listed, "Cameras")
        # How many of them have found a place depends on how fast they came.
        self.assertEqual(len(listed["cameras"]), 4 + 2)
        self.assertIn("front door", [each["id"] for each in listed["cameras"]])

    def picture_of(self, service, path, method="GET"):
        answer = service.ask(method, path)
        return answer if answer.status == 200 else None

    def test_a_camera_shows_its_last_picture(self):
        service = self.serve_cameras("--set", "process.pipeline=stats,faces")
        path = "/cameras/gate/latest.jpg"
        with Feed(service, "gate", self.picture):
            # Each is made of a frame that comes within two seconds, or there is none yet.
            plain, boxes = (wait_until(lambda each=each: self.picture_of(service, each))
                            for each in (path, path + "?annotate=1"))  # fmt: skip
            for answer in (plain, boxes):
                self.assertEqual(answer.status, 200, answer.body[:500])
                self.check_headers(answer)
                self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
                self.assertTrue(answer.body.startswith(b"\xff\xd8\xff"))
                self.assertIn("GMT", answer.headers["Last-Modified"])
            self.assertNotEqual(plain.headers["ETag"], boxes.headers["ETag"])
            head = wait_until(lambda: self.picture_of(service, path, "HEAD"))
            self.assertEqual(head.body, b"")
            self.assertGreater(int(head.headers["Content-Length"]), 1000)
        # No frame comes any more, so it is the last one's, sooner or later.
        def same_again():
            last = wait_until(lambda: self.picture_of(service, path))
            same = service.ask("GET", path, headers={"If-None-Match": last.headers["ETag"]})
            return same if same.headers["ETag"] == last.headers["ETag"] else None

        same = wait_until(same_again)
        self.assertEqual((same.status, same.body), (304, b""))
        self.assertIsNone(same.headers["Content-Type"])
        for query in ("annotate=2", "anotate=1", "annotate=1&annotate=1"):
            self.check_problem(service.get(f"{path}?{query}"), 400, path)
        self.assertEqual(service.get("/console?anotate=1").status, 200)
        never = "/cameras/slow/latest.jpg"
        self.check_problem(service.get(never), 404, never)

    def test_the_page_is_sent_with_a_policy_that_names_what_is_in_it(self):
        service = self.serve_cameras()
        answer = service.get("/console")
        self.assertEqual(answer.status, 200)
        self.check_headers(answer)
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(answer.body, (ROOT / "lib/api/console.html").read_bytes())
        policy = dict(each.split(" ", 1) for each in
                      answer.headers["Content-Security-Policy"].split("; "))  # fmt: skip
        self.assertEqual(policy["default-src"], "'none'")
        self.assertEqual(policy["frame-ancestors"], "'none'")
        self.assertEqual(policy["connect-src"], "'self'")
        for kind, tag in (("script-src", b"script"), ("style-src", b"style")):
            text, = re.findall(b"<%s>(.*)</%s>" % (tag, tag), answer.body, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
            self.assertEqual(policy[kind], f"'sha256-{digest}'")
        head = service.ask("HEAD", "/console")
        self.assertEqual(head.body, b"")
        self.assertEqual(int(head.headers["Content-Length"]), len(answer.body))
        same = service.ask("GET", "/console", headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((same.status, same.body), (304, b""))

    def test_what_is_known_of_cameras_is_behind_the_token_and_the_page_is_not(self):
        tokens = self.folder / "tokens"
        tokens.write_text(hashlib.sha256(b"let-me-in").hexdigest() + "\n", encoding="utf-8")
        tokens.chmod(0o600)
        service = self.serve_cameras("--set", f"http.auth_tokens_file={tokens}")
        self.assertEqual(service.get("/console").status, 200)
        for path in ("/cameras", "/cameras/slow", "/cameras/slow/latest.jpg"):
            self.check_problem(service.get(path), 401, path)
        bearer = {"Authorization": "Bearer let-me-in"}
        self.assertEqual(service.ask("GET", "/cameras", headers=bearer).status, 200)

    def test_the_page_and_the_pictures_are_where_not_everybody_sees_them(self):
        shown = "/console", "/cameras/slow/latest.jpg"
        for words_, there in (
            (("--set", "http.console=off"), False),
            (("--set", "http.trusted_proxies=127.0.0.1"), False),
            (("--set", "http.trusted_proxies=127.0.0.1", "--set", "http.console=on"), True),
        ):
            with self.subTest(words=words_):
                service = self.serve_cameras(*words_)
                endpoints = service.get("/").json()["endpoints"]
                self.assertEqual("GET /console" in endpoints, there)
                self.assertEqual("GET /cameras/{id}/latest.jpg" in endpoints, there)
                self.assertEqual(service.get("/console").status, 200 if there else 404)
                problem = service.get(shown[1]).json()["detail"]
                self.assertEqual("no such path" in problem, not there)
                self.assertEqual(service.get("/cameras").status, 200)


if __name__ == "__main__":
    cli.main_at_once(Console)
