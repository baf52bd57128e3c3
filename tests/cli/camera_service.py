"""A service with cameras of its own, and what it tells of them."""

import json
import os
import socketserver
import threading

import cli
import streams
from folder import WithDirectory
from service import ANY_PORT, Service

PASSWORD = "canary-4711"


class CameraServer:
    """A camera on loopback that a test's service connects to; ends with the test."""

    def listen(self, test, handler, port=0):
        """`handler` serves one connection, in a thread of its own."""
        self.stopped = threading.Event()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

        server = Server(("127.0.0.1", port), handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        test.addCleanup(server.server_close)
        test.addCleanup(thread.join)
        test.addCleanup(server.shutdown)
        test.addCleanup(self.stopped.set)

    def stay(self):
        """Says nothing more until the test's end."""
        self.stopped.wait(10 * cli.PATIENCE)


class WithCameras(WithDirectory):
    def setUp(self):
        super().setUp()
        self.results = self.path("results.ndjson")

    def configure(self, cameras):
        text = "[process]\npipeline = [\"stats\"]\n[consumer]\nsinks = [\"file\"]\n"
        text += f"[consumer.file]\npath = {json.dumps(self.results)}\n"
        for name, keys in cameras.items():
            text += f"[camera.{name}]\n"
            text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        return self.write("cameras.toml", text.encode())

    def serve(self, cameras):
        return Service(self, *ANY_PORT, "--config", self.configure(cameras))

    def password(self, text=PASSWORD):
        """A file with it."""
        path = self.write("password-of-" + str(len(text)), text.encode() + b"\n")
        os.chmod(path, 0o600)
        return path

    def records(self):
        if not os.path.exists(self.results):
            return []
        # In one piece: line by line the rest of one that is being written would follow its beginning.
        with open(self.results, encoding="utf-8") as file:
            *whole, _unfinished = file.read().split("\n")
        return [json.loads(line) for line in whole]

    def sizes(self, camera):
        """Of its pictures so far."""
        return {(each["sample_metadata"]["width"], each["sample_metadata"]["height"])
                for each in self.records() if each["camera_id"] == camera}  # fmt: skip

    def wait_for_results(self, cameras, least=2, seconds=cli.PATIENCE):
        def missing():
            ids = [record["camera_id"] for record in self.records()]
            return [camera for camera in cameras if ids.count(camera) < least]

        try:
            streams.wait_until(lambda: not missing(), seconds)
        except AssertionError:
            self.fail(f"no {least} results of {missing()}")

    def state(self, service, camera):
        return service.get("/health").json()["cameras"][camera]

    def wait_for_state(self, service, camera, is_right):
        return streams.wait_until(
            lambda: is_right(state := self.state(service, camera)) and state
        )

    def said(self, service):
        """All that anybody may read of it."""
        return "".join(answer.body.decode() for answer in map(service.get, (
            "/health", "/metrics", "/cameras", "/status"))) + "".join(service.lines)  # fmt: skip
