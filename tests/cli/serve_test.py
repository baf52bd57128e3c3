"""sampleproc serve: requests, answers and limits, by running the binary."""

import base64
import json
import socket

import cli
import pictures
from service import Answer, WithService, as_json
from streams import wait_until

# What differs from one answer to the next.
OF_THE_CLOCK = ("processing_time_ms", "timestamp", "times_ms")


class Endpoints(WithService):
    def setUp(self):
        self.service = self.serve(*cli.NO_HURRY)

    def test_livez(self):
        answer = self.service.get("/livez")
        self.assertEqual((answer.status, answer.json()), (200, {"status": "alive"}))
        self.check_headers(answer)

    def test_health_has_the_original_services_fields(self):
        self.assertEqual(self.service.post_json(pictures.sample("mask.png")).status, 200)

        def counted():  # just after the frame's answer went out
            answer = self.service.get("/health")
            return answer.json()["details"]["metrics"]["frames_processed"] == 1 and answer

        answer = wait_until(counted)
        self.assertEqual(answer.status, 200)
        self.check_headers(answer)
        health = answer.json()
        self.assertEqual(
            list(health),
            ["status", "timestamp", "service", "version", "capacity_used", "frames_processed",
             "avg_processing_time_ms", "errors_last_minute", "components", "cameras", "detectors",
             "conditions", "details"],
        )  # fmt: skip
        self.assertEqual((health["status"], health["service"]), ("healthy", "sample-processor"))
        details = health["details"]
        self.assertIs(details["processor_initialized"], True)
        self.assertIs(details["shutting_down"], False)
        self.assertEqual(details["metrics"]["frames_processed"], 1)

    def test_index_names_what_there_is(self):
        answer = self.service.get("/")
        self.assertEqual(answer.status, 200)
        self.check_headers(answer)
        self.assertEqual(
            answer.json()["endpoints"],
            ["POST /process", "POST /process-batch", "POST /process-with-tracking", "GET /health",
             "GET /livez", "GET /readyz", "GET /startupz", "GET /metrics", "GET /cameras",
             "GET /cameras/{id}", "GET /cameras/{id}/latest.jpg", "GET /events",
             "GET /events/stream", "GET /events/{event_id}",
             "GET /events/{event_id}/snapshot.jpg", "GET /events/{event_id}/clip", "GET /console", "GET /openapi.json"],
        )

    def test_head_is_get_without_its_body(self):
        head, get = self.service.ask("HEAD", "/livez"), self.service.get("/livez")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], get.headers["Content-Length"])
        self.check_headers(head)

    def test_an_unknown_path(self):
        for path in ("/nothing", "/process/", "/PROCESS", "/livez/x"):
            self.check_problem(self.service.get(path), 404, path)

    def test_a_wrong_method_is_told_the_right_ones(self):
        for method, path, allowed in (
            ("GET", "/process", "POST, OPTIONS"),
            ("DELETE", "/process", "POST, OPTIONS"),
            ("POST", "/health", "GET, HEAD, OPTIONS"),
            ("PUT", "/", "GET, HEAD, OPTIONS"),
        ):
            answer = self.service.ask(method, path)
            self.check_problem(answer, 405, path)
            self.assertEqual(answer.headers["Allow"], allowed)

    def test_a_request_id_that_was_sent_comes_back(self):
        answer = self.service.ask("GET", "/nothing", headers={"X-Request-ID": "mine-1"})
        self.assertEqual(answer.headers["X-Request-ID"], "mine-1")
        self.assertEqual(answer.json()["request_id"], "mine-1")

    def test_many_requests_on_one_connection(self):
        connection = self.service.connect()
        self.addCleanup(connection.close)
        connection.connect()
        ours = connection.sock.getsockname()
        body = as_json(pictures.sample("mask.png"), {})
        for number in range(200):
            if number % 2:
                connection.request("POST", "/process", body, {"Content-Type": "application/json"})
            else:
                connection.request("GET", "/livez")
            self.assertEqual(Answer(connection.getresponse()).status, 200)
            self.assertEqual(connection.sock.getsockname(), ours, f"reconnected at {number}")


class Process(WithService):
    def setUp(self):
        self.service = self.serve(*cli.NO_HURRY)

    def check(self, answer):
        self.assertEqual(answer.status, 200, answer.body)
        self.check_headers(answer)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        result = answer.json()
        for field in OF_THE_CLOCK:
            del result[field]
        for step in result["steps"]:
            del step["took_ms"]
        return result

    def from_file(self, name, *words):
        done = cli.run("process-file", *cli.NO_HURRY, *words, pictures.sample_path(name))
        record = json.loads(done.stdout)
        del record["source"], record["index"]
        return record

    def test_each_form_of_request_gives_what_process_file_gives(self):
        picture = pictures.sample("messi5.jpg")
        text = as_json(picture, {"frame_id": "f"})
        expected = dict(self.from_file("messi5.jpg"), frame_id="f")
        for body, content_type, query in (
            (text, "application/json", ""),
            (text, "application/json; charset=utf-8", ""),
            (text, "application/x-www-form-urlencoded", ""),  # as curl -d sends it
            (text, None, ""),
            (picture, "image/jpeg", "?frame_id=f"),
            (picture, "application/octet-stream", "?frame_id=f"),
            (picture, "application/x-www-form-urlencoded", "?frame_id=f"),
            (picture, None, "?frame_id=f"),
        ):
            with self.subTest(content_type=content_type, query=query):
                answer = self.service.post(body, content_type, "/process" + query)
                self.assertEqual(self.check(answer), expected)

    def test_detections_are_those_of_process_file(self):
        service = self.serve("--set", "process.pipeline=stats,faces", *cli.NO_HURRY)
        for name, send in (
            ("messi5.jpg", lambda picture: service.post_json(picture, frame_id="f")),
            ("basketball1.png", lambda picture: service.post(picture, path="/process?frame_id=f")),
        ):
            expected = dict(self.from_file(name, "--pipeline", "stats,faces"), frame_id="f")
            self.assertEqual(expected["total_objects"], 1)
            self.assertEqual(self.check(send(pictures.sample(name))), expected)

    def test_the_clock_fields(self):
        result = self.service.post_json(pictures.sample("mask.png")).json()
        self.assertGreaterEqual(result["processing_time_ms"], 0)
        self.assertRegex(result["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")
        self.assertEqual(set(result["times_ms"]), {"queued", "decode", "total"})
        self.assertRegex(result["frame_id"], r"^api_frame_\d+\.\d+$")

    def test_metadata_comes_back(self):
        picture = pictures.sample("mask.png")
        answer = self.service.post_json(picture, frame_id="a", camera_id="gate", more=[1])
        result = self.check(answer)
        self.assertEqual((result["frame_id"], result["camera_id"]), ("a", "gate"))
        answer = self.service.post(picture, "image/png", "/process?camera_id=g%20te&frame_id=b")
        result = self.check(answer)
        self.assertEqual((result["frame_id"], result["camera_id"]), ("b", "g te"))

    def test_what_is_wrong_with_a_request_is_listed(self):
        body = b'{"frame_data": 7, "metadata": {"frame_id": [], "camera_id": {}}}'
        problem = self.check_problem(self.service.post(body, "application/json"), 422)
        self.assertEqual(
            [error["loc"] for error in problem["errors"]],
            [["body", "frame_data"], ["body", "metadata", "frame_id"],
             ["body", "metadata", "camera_id"]],
        )  # fmt: skip
        problem = self.check_problem(self.service.post(b"{}", "application/json"), 422)
        self.assertEqual(self.kinds(problem), ["missing"])
        problem = self.check_problem(self.service.post(b'{"frame', "application/json"), 422)
        self.assertEqual(self.kinds(problem), ["json_invalid"])

    def test_an_unsupported_picture_or_body(self):
        for picture in (b"GIF89a" + b"\0" * 50, b"BM" + b"\0" * 60, b"%PDF-1.4 words"):
            problem = self.check_problem(self.service.post_json(picture), 415)
            self.assertIn("JPEG, PNG", problem["detail"])
            self.check_problem(self.service.post(picture, "image/gif"), 415)
        self.check_problem(self.service.post(b"words", "text/plain"), 415)

    def test_hostile_frames_are_refused_and_harm_nothing(self):
        for name, picture in pictures.hostile().items():
            with self.subTest(name):
                for answer in (
                    self.service.post_json(picture),
                    self.service.post(picture, "application/octet-stream"),
                ):
                    self.assertIn(answer.status, (415, 422))
                    self.check_problem(answer, answer.status)
                self.assertEqual(self.service.get("/livez").status, 200)
        for name in ("truncated.jpg", "corrupt.png", "bomb.png", "jpeg: header bomb"):
            self.check_problem(self.service.post_json(pictures.hostile()[name]), 422)
        self.check(self.service.post_json(pictures.sample("messi5.jpg")))
        self.assertEqual(self.service.stop(), 0)

    def test_nothing_of_what_was_sent_is_said_again(self):
        secret = "Canary4711"
        bodies = [
            b'{"frame_data": "%s!"}' % secret.encode(),
            b'{"%s": ' % secret.encode(),
            b'{"frame_data": "AAAA", "metadata": "%s"}' % secret.encode(),
            b'{"frame_data": "", "%s": 1, "%s": 2}' % (secret.encode(), secret.encode()),
            as_json(secret.encode(), {"frame_id": secret + "\n", "camera_id": secret * 100}),
        ]
        sent = {"Authorization": "Bearer " + secret, "Cookie": secret}
        for body in bodies:
            for content_type in ("application/json", "image/" + secret, "text/" + secret):
                headers = dict(sent, **{"Content-Type": content_type})
                answer = self.service.ask("POST", "/process", body, headers)
                self.assertIn(answer.status, (415, 422))
                self.assertNotIn(secret.encode(), answer.body)
                self.assertNotIn(secret, str(answer.headers))
        self.assertEqual(self.service.stop(), 0)
        self.assertNotIn(secret, "".join(self.service.lines))


class Cameras(WithService):
    PICTURE = pictures.gray_png(320, 240)

    def skipped(self, service, camera):
        answer = service.post(self.PICTURE, "image/png", f"/process?camera_id={camera}")
        return answer.json()["steps"][0].get("skipped", "")

    def test_one_too_many_is_refused_with_a_metric_and_a_line_and_the_others_go_on(self):
        service = self.serve("--set", "process.pipeline=motion", "--set",
                             "process.motion.max_cameras=2", "--set",
                             "process.motion.camera_idle=24h")  # fmt: skip
        # A camera is known after 15 frames, and then nobody takes its place.
        for _ in range(16):
            for camera in ("c0", "c1"):
                self.assertIn(self.skipped(service, camera), ("warming_up", ""))
        for camera in ("c2", "c3", "c2"):
            self.assertEqual(self.skipped(service, camera), "max_cameras")
        self.assertEqual(self.skipped(service, "c0"), "")
        counted = service.get("/metrics").body.decode().splitlines()
        self.assertIn("sampleproc_watched_cameras 2", counted)
        self.assertIn("sampleproc_refused_cameras_total 2", counted)
        self.assertIn("sampleproc_refused_camera_frames_total 3", counted)
        # With the answer the line has been written, but perhaps not read here.
        service.stop()
        lines = [line for line in service.log() if line["msg"].startswith("no motion for this")]
        self.assertEqual([(line["camera"], line["reason"]) for line in lines],
                         [("c2", "max_cameras"), ("c3", "max_cameras")])  # fmt: skip

    def test_of_many_that_are_refused_the_first_are_named_and_the_others_counted(self):
        service = self.serve("--set", "process.pipeline=motion", "--set",
                             "process.motion.max_cameras=0")  # fmt: skip
        for camera in range(50):
            self.assertEqual(self.skipped(service, f"c{camera}"), "max_cameras")
        counted = service.wait_for("cameras get no motion: no room for their backgrounds")
        self.assertEqual((counted["state"], counted["level"]), ("begins", "warning"))
        service.wait_for_condition("camera_places")
        service.stop()
        named = [line["camera"] for line in service.log()
                 if line["msg"].startswith("no motion for this")]  # fmt: skip
        self.assertEqual(named, [f"c{camera}" for camera in range(10)])

    def test_invented_cameras_keep_nobody_out_for_long_and_configured_ones_not_at_all(self):
        service = self.serve("--set", "process.pipeline=motion", "--set",
                             'process.motion.cameras=["door"]')  # fmt: skip
        for invented in range(70):
            self.skipped(service, f"x{invented}")
        self.assertEqual(self.skipped(service, "door"), "warming_up")
        while (skipped := self.skipped(service, "real")) == "max_cameras":
            pass
        self.assertEqual(skipped, "warming_up")

    def test_a_camera_that_sends_on_is_watched_while_invented_ones_come(self):
        service = self.serve("--set", "process.pipeline=motion")
        for invented in range(70):
            self.skipped(service, f"x{invented}")
        seen = []
        for after in range(5):
            for invented in range(30):
                self.skipped(service, f"y{after}-{invented}")
            seen.append(self.skipped(service, "real"))
        self.assertNotIn("max_cameras", seen[1:])
        wait_until(lambda: service.metric('sampleproc_camera_frames_total{camera="real"}') >= 4)

    def test_an_invented_camera_that_is_refused_is_not_searched_for_people(self):
        service = self.serve("--set", "process.pipeline=motion,people", "--set",
                             "process.motion.max_cameras=0")  # fmt: skip
        answer = service.post(self.PICTURE, "image/png", "/process?camera_id=x")
        self.assertEqual([step["skipped"] for step in answer.json()["steps"]],
                         ["max_cameras", "max_cameras"])  # fmt: skip


class Limits(WithService):
    def check_alive(self, service):
        self.assertEqual(service.get("/livez").status, 200)

    def test_bytes_of_a_request(self):
        limit = 8000
        service = self.serve("--set", f"http.max_request_bytes={limit}")
        for size, status in ((limit - 1, 200), (limit, 200), (limit + 1, 413)):
            picture = pictures.png_of_size(size)
            text = as_json(pictures.sample("mask.png"), {})
            for body, kind in (
                (picture, "image/png"),
                (text + b" " * (size - len(text)), "application/json"),
            ):
                self.assertEqual(len(body), size)
                answer = service.post(body, kind)
                self.assertEqual(answer.status, status, answer.body)
                # In chunks, whose sum nobody declares.
                pieces = (body[at : at + 999] for at in range(0, size, 999))
                connection = service.connect()
                connection.request(
                    "POST", "/process", pieces, {"Content-Type": kind}, encode_chunked=True
                )
                answer = Answer(connection.getresponse())
                connection.close()
                self.assertEqual(answer.status, status, answer.body)
                self.check_headers(answer)
        self.check_problem(service.post(b"x" * (limit + 1)), 413)
        self.check_alive(service)

    def test_a_body_too_large_is_refused_before_it_is_sent(self):
        service = self.serve()
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            client.sendall(
                b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485761\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            with client.makefile("rb") as answer:
                self.assertIn(b" 413 ", answer.readline())
        self.check_alive(service)

    def test_characters_of_frame_data(self):
        limit = 8000  # a multiple of 4, as base64 is
        service = self.serve("--set", f"http.max_frame_data_chars={limit}")
        for size, status in ((limit - 4, 200), (limit, 200), (limit + 4, 422)):
            answer = service.post_json(pictures.png_of_size(size // 4 * 3))
            self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(self.kinds(self.check_problem(answer, 422)), ["too_long"])
        whole = base64.b64encode(pictures.png_of_size(limit // 4 * 3 + 3)).decode()
        for size, too_long in ((limit - 1, False), (limit + 1, True)):
            body = json.dumps({"frame_data": whole[:size]}).encode()
            problem = self.check_problem(service.post(body, "application/json"), 422)
            self.assertEqual("too_long" in self.kinds(problem), too_long)
        self.check_alive(service)

    def test_bytes_of_metadata(self):
        limit = 300
        service = self.serve("--set", f"http.max_metadata_bytes={limit}")
        frame = base64.b64encode(pictures.sample("mask.png")).decode()
        for size, status in ((limit - 1, 200), (limit, 200), (limit + 1, 422)):
            empty = len(json.dumps({"note": ""}, separators=(",", ":")))
            metadata = {"note": "é" + "n" * (size - empty - 2)}  # two bytes, and not escaped
            frame_json = {"frame_data": frame, "metadata": metadata}
            for layout in ({"separators": (",", ":")}, {"indent": 9}):
                text = json.dumps(frame_json, ensure_ascii=False, **layout)
                answer = service.post(text.encode(), "application/json")
                self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(self.kinds(self.check_problem(answer, 422)), ["metadata_too_large"])
        self.check_alive(service)


if __name__ == "__main__":
    cli.main()
