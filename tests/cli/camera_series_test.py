"""Metrics by camera and by source: bounded, without a way to blind those who are known."""

import base64
import json
import os
import signal
import tempfile

import cli
import pictures
from frame_buffer import Buffer, frame
from service import WithService
from streams import wait_until

PNG = {"Content-Type": "image/png"}


def series(name, **labels):
    told = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{told}}}"


def done(camera):
    return series("sampleproc_camera_frames_total", camera=camera)


def failed(camera, error="invalid-frame"):
    return series("sampleproc_camera_frame_failures_total", camera=camera, type=error)


def frames(source, outcome):
    return series("sampleproc_frames_total", source=source, outcome=outcome)


class CameraSeries(WithService):
    def setUp(self):
        self.picture = pictures.sample("mask.png")

    def send(self, service, camera):
        answer = service.ask("POST", f"/process?camera_id={camera}", self.picture, PNG)
        self.assertEqual(answer.status, 200, answer.body)

    def config(self, text):
        descriptor, path = tempfile.mkstemp(suffix=".toml")
        os.write(descriptor, text)
        os.close(descriptor)
        self.addCleanup(os.remove, path)
        return path

    def test_after_a_flood_of_invented_cameras_those_that_are_configured_are_told_apart(self):
        path = self.config(b'[process]\npipeline = ["stats"]\n[camera.gate]\n')
        service = self.serve("--config", path)
        for number in range(100):
            self.send(service, f"invented-{number}")
        for camera in ("gate", "front-door"):
            self.send(service, camera)
        # Counted just after the answer went out.
        wait_until(lambda: service.metric(frames("http", "completed")) == 102)
        told = service.metrics()
        cameras = [name for name in told if name.startswith("sampleproc_camera_frames_total{")]
        self.assertLessEqual(len(cameras), 64 + 2)
        self.assertEqual(told[done("gate")], 1)
        self.assertGreater(told[done("_other")], 0)

        with open(path, "ab") as file:
            file.write(b'[camera."front-door"]\n')
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        self.send(service, "front-door")
        wait_until(lambda: service.metric(done("front-door")) >= 1)

    def test_a_frame_that_fails_counts_for_its_camera_and_its_source(self):
        service = self.serve("--set", "process.pipeline=stats")
        text = base64.b64encode(b"no picture").decode()
        damaged = {"frame_data": "!", "metadata": {"camera_id": "json"}}
        batch = {"frames": [damaged | {"metadata": {"camera_id": "batch"}},
                            {"frame_data": text, "metadata": {"camera_id": "batch"}},
                            {"frame_data": "!"}]}  # fmt: skip
        json_type = {"Content-Type": "application/json"}
        service.ask("POST", "/process?camera_id=query", b"no picture", PNG)
        service.ask("POST", "/process", json.dumps(damaged), json_type)
        service.ask("POST", "/process-batch", json.dumps(batch), json_type)
        expected = {failed("query", "unsupported-format"): 1, failed("json"): 1, failed("batch"): 1,
                    failed("batch", "unsupported-format"): 1, frames("http", "invalid-frame"): 3,
                    frames("http", "unsupported-format"): 2, frames("http", "completed"): 0}  # fmt: skip
        wait_until(lambda: expected.items() <= service.metrics().items())
        camera = service.get("/cameras/batch").json()
        self.assertEqual(camera["dropped"], {"invalid-frame": 1, "unsupported-format": 1})

    def test_frames_are_told_by_the_way_they_come(self):
        buffer = Buffer(self)
        buffer.add(frame("good", self.picture), frame("bad", b"no picture"))
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/picture.png", "wb") as file:
                file.write(self.picture)
            path = self.config(b'[process]\npipeline = ["stats"]\n[camera.gate]\n'
                               + f'url = "{folder}/picture.png"\n'.encode())  # fmt: skip
            service = self.serve("--config", path, "--set", f"consumer.http.url={buffer.url}", "--set",
                                 "consumer.source=http", "--set", "consumer.enabled=true", "--set",
                                 "consumer.sinks=log")  # fmt: skip
            self.send(service, "door")
            expected = {frames("http", "completed"): 1, frames("consumer", "completed"): 1,
                        frames("consumer", "unsupported-format"): 1, frames("camera", "completed"): 1,
                        failed("cam", "unsupported-format"): 1, done("gate"): 1}  # fmt: skip
            wait_until(lambda: expected.items() <= service.metrics().items())

    def test_an_upstream_without_any_frame_ages_from_the_start(self):
        buffer = Buffer(self)
        service = self.serve("--set", f"consumer.http.url={buffer.url}", "--set", "consumer.source=http",
                             "--set", "consumer.enabled=true", "--set", "consumer.sinks=log")  # fmt: skip
        age = "sampleproc_consumer_last_frame_age_seconds"
        first = service.metrics()[age]
        wait_until(lambda: service.metrics()[age] > first + 1)
        self.assertIsNone(service.get("/health").json()["components"]["consumer"]["last_frame_age_seconds"])
        buffer.add(frame("good", self.picture))
        wait_until(lambda: service.metric(frames("consumer", "completed")) == 1)
        self.assertIsNotNone(
            service.get("/health").json()["components"]["consumer"]["last_frame_age_seconds"])

    def test_a_camera_that_is_away_is_told_by_name_and_one_that_has_ended_is_not(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/picture.png", "wb") as file:
                file.write(self.picture)
            path = self.config(
                b'[process]\npipeline = ["stats"]\n[camera.away]\nurl = "http://127.0.0.1:9/still.jpg"\n'
                + f'[camera.ended]\nurl = "{folder}/picture.png"\n'.encode())  # fmt: skip
            service = self.serve("--config", path)
            expected = {series("sampleproc_camera_away", camera="away"): 1,
                        series("sampleproc_camera_away", camera="ended"): 0,
                        series("sampleproc_camera_connected", camera="ended"): 0,
                        done("ended"): 1}  # fmt: skip
            wait_until(lambda: expected.items() <= service.metrics().items())

    def test_a_circuit_is_open_while_its_upstream_takes_no_connection(self):
        buffer = Buffer(self)
        buffer.add(frame("good", self.picture))
        service = self.serve("--set", f"consumer.http.url={buffer.url}", "--set", "consumer.source=http",
                             "--set", "consumer.enabled=true", "--set", "consumer.sinks=webhook", "--set",
                             "consumer.webhook.url=http://127.0.0.1:9")  # fmt: skip
        opened = {series("sampleproc_http_client_circuit_open", upstream="webhook"): 1,
                  series("sampleproc_http_client_circuit_open", upstream="frame_buffer"): 0}  # fmt: skip
        wait_until(lambda: opened.items() <= service.metrics().items())


if __name__ == "__main__":
    cli.main()
