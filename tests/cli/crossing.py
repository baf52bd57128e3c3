"""A scene that a camera sees: something comes, crosses the picture and is gone; and its events."""

import http.client
import threading
import zlib

import pictures
from service import as_json

WIDTH, HEIGHT = 160, 120
BEGAN = 1_753_787_696.5
FOLLOWING = ("--set", "process.pipeline=motion,track", "--set", "process.track.classes=motion",
             "--set", "process.track.lost_after=1s")  # fmt: skip


def scene(left):
    """A gray picture, and on it a bright square with its left side there, or none."""
    rows = []
    for row in range(HEIGHT):
        line = bytearray([60 + (row * 7) % 5] * WIDTH)
        if left is not None and 50 <= row < 80:
            line[left : left + 30] = bytes([220] * 30)
        rows.append(b"\0" + bytes(line))
    data = pictures.chunk(b"IDAT", zlib.compress(b"".join(rows), 1))
    return pictures.SIGNATURE + pictures.header(WIDTH, HEIGHT) + data + pictures.chunk(b"IEND", b"")


COMES = [scene(None)] * 20 + [scene(5 * i) for i in range(25)]
GOES = [scene(None)] * 15


def taken(number):
    return str(BEGAN + number / 5)


def types(events):
    """What a life has to be: updates may stand in between."""
    return [event["type"] for event in events if event["type"] != "update"]


def post(test, service, camera, scenes, first=0):
    """One connection, as a camera has it: its frames come in their order."""
    connection = service.connect()
    test.addCleanup(connection.close)
    for number, picture in enumerate(scenes, first):
        metadata = {"camera_id": camera, "frame_id": f"{camera}-{number}", "timestamp": taken(number)}
        connection.request("POST", "/process", as_json(picture, metadata),
                           {"Content-Type": "application/json"})  # fmt: skip
        answer = connection.getresponse()
        test.assertEqual(answer.status, 200, answer.read())
        answer.read()


def post_until_killed(test, service, turns):
    """Two cameras with one crossing after the other, each of a number of `turns`: their threads, which
    end when the service has gone."""

    def camera(number):
        try:
            while True:
                post(test, service, f"camera{number}", COMES + GOES, 1000 * next(turns))
        except (OSError, http.client.HTTPException):
            pass  # it was killed

    senders = [threading.Thread(target=camera, args=(number,)) for number in range(2)]
    for sender in senders:
        sender.start()
    return senders
