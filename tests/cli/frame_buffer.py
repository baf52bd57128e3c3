"""The v1 frame buffer, by a stand-in."""

import base64
import json
import urllib.parse

import stand_in

MOST = 100


class Buffer(stand_in.StandIn):
    """The v1 frame buffer: what it hands out it forgets. `fault`, a function of the handler, is what
    it does to requests instead, as long as it is set."""

    def __init__(self, test):
        super().__init__(test)
        self.frames = []
        self.counts = []
        self.agents = set()
        self.handed_out = 0
        self.lost = []
        self.given = []
        self.fault = None

    def handle(self, handler, _):
        self.agents.add(handler.headers["User-Agent"])
        url = urllib.parse.urlsplit(handler.path)
        fault = self.fault
        if fault is not None:
            fault(handler)
        elif url.path == "/health":
            self.answer(handler, {"status": "healthy"})
        elif url.path == "/frames/dequeue":
            answer = self.dequeue(int(urllib.parse.parse_qs(url.query)["count"][0]))
            if answer is None:
                self.fail(handler)
            else:
                self.answer(handler, answer)
        else:
            handler.answer(404)

    def answer(self, handler, value):
        handler.answer(200, json.dumps(value).encode(), Content_Type="application/json")

    def fail(self, handler):
        """A6.1: a frame with a traceparent is lost, with those before it in the same call; the
        answer is a 500, and the connection is closed without a word."""
        handler.raw(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; "
                    b"charset=utf-8\r\nContent-Length: 21\r\n\r\nInternal Server Error")  # fmt: skip
        handler.close_connection = True

    def add(self, *frames):
        with self.lock:
            self.frames += frames

    def dequeue(self, count):
        count = min(max(count, 1), MOST)
        with self.lock:
            self.counts.append(count)
            given, self.frames = self.frames[:count], self.frames[count:]
            for number, each in enumerate(given):
                if isinstance(each, dict) and "traceparent" in each:
                    # What was popped is lost, what was not stays.
                    self.frames = given[number + 1 :] + self.frames
                    self.lost += [lost["frame_id"] for lost in given[: number + 1]]
                    return None
            self.handed_out += len(given)
            self.given.append(len(given))
            return {"frames": given, "count": len(given), "remaining": len(self.frames)}


def frame(frame_id, picture, camera="cam"):
    """As contracts have it: numbers as numbers, everything else as text."""
    return {"frame_id": frame_id, "camera_id": camera, "timestamp": "1753787696.5", "width": 640,
            "height": 360, "format": "png", "size_bytes": 0, "buffered_at": "2025-07-29T11:14:56",
            "metadata": "{}", "frame_data": base64.b64encode(picture).decode()}  # fmt: skip
