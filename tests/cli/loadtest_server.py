"""A small HTTP server that misbehaves as a test of loadtest wants; it runs in a process of its own."""

import asyncio
import json
import os
import multiprocessing
import re
import ssl
import time


class Connection(asyncio.Protocol):
    def __init__(self, manner, notes):
        self.manner, self.notes = manner, notes
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport
        with self.notes["connections"].get_lock():
            self.notes["connections"].value += 1

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self.buffer[: end + 2])
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < size:
                return
            head, body = self.buffer[: end + 4], self.buffer[end + 4 : size]
            self.buffer = self.buffer[size:]
            self.manner(self, self.notes, head, body)

    def answer(self, body=b"ok", status="200 OK", fields=""):
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
        self.transport.write(head.encode() + body)


# What a server may do with a request; each is a function of the module, so that it can be pickled.


def well(connection, notes, head, body):
    del notes, head, body
    connection.answer()


def notes_the_first(connection, notes, head, body):
    """Notes how many connections there were at the first request."""
    del head, body
    if notes["first"].value == 0:
        notes["first"].value = notes["connections"].value
    connection.answer()


def stall_once(connection, notes, head, body):
    """Two seconds after the first request nothing moves for two seconds; notes tell the truth."""
    del head, body
    now = time.monotonic()
    if notes["first"].value == 0:
        notes["first"].value = now
    if notes["stalled"].value == 0 and now - notes["first"].value >= 2:
        time.sleep(2)
        notes["stall_began"].value = now - notes["first"].value
        notes["stalled"].value = time.monotonic() - now
    connection.answer()


def nothing_here(connection, notes, head, body):
    del notes, head, body
    connection.answer(b"no", "404 Not Found")


def usual_service(connection, notes, head, body):
    """What is written first: it refuses what is no picture, and knows no limits."""
    del notes
    method, path = head.split(b" ", 2)[:2]
    if (method, path) == (b"GET", b"/health"):
        connection.answer(b'{"status":"healthy"}')
    elif (method, path) == (b"POST", b"/process"):
        connection.answer(b'{"detail":"bad frame"}', "400 Bad Request")
    elif path == b"/health":
        connection.answer(b'{"detail":"Method Not Allowed"}', "405 Method Not Allowed")
    else:
        connection.answer(b'{"detail":"Not Found"}', "404 Not Found")


def behind_a_prefix(connection, notes, head, body):
    """The same under a path, for who names the host and a field; others have no answer."""
    known = (b" /some/prefix/" in head.split(b"\r\n")[0] and b"\r\nX-Key: 7\r\n" in head
             and (b"\r\nHost: vhost.example\r\n" in head or b"\r\nHost: not-the-host" in head
                  or b"\r\nHost: host name" in head))  # fmt: skip
    if known:
        usual_service(connection, notes, head.replace(b" /some/prefix/", b" /", 1), body)


def slow(connection, notes, head, body):
    """Answers after a while, each after another one, so that some request is always in hand."""
    del head, body
    notes["first"].value += 1
    delay = 0.2 + 0.037 * (notes["first"].value % 7)
    asyncio.get_running_loop().call_later(delay, connection.answer)


LONG = b" " * 150_000


def long_answers(connection, notes, head, body):
    """As POST /process, with statistics of 150 KB, which its reader must look through."""
    del notes, head
    frame_id = json.loads(body)["metadata"]["frame_id"]
    front = json.dumps({"frame_id": frame_id, "detections": [], "total_objects": 0, "width": 1,
                        "height": 1})  # fmt: skip
    connection.answer(front[:-1].encode() + LONG + b"}")


def ten_milliseconds(connection, notes, head, body):
    """One request after the other, a hundredth of a second each: a hundred a second at most."""
    del notes, head, body
    end = time.monotonic() + 0.01
    while (left := end - time.monotonic()) > 0:
        time.sleep(left)
    connection.answer()


def too_many(connection, notes, head, body):
    del notes, head, body
    connection.answer(b"{}", "429 Too Many Requests", "Retry-After: 1\r\n")


def every_tenth(connection, notes, head, body):
    """Of ten requests nine fail, at once."""
    notes["first"].value += 1
    manner = well if notes["first"].value % 10 == 0 else too_many
    manner(connection, notes, head, body)


def strange_metrics(connection, notes, head, body):
    """As POST /process, with metrics that no service can mean."""
    if head.startswith(b"GET /metrics"):
        notes["first"].value += 1
        turn = notes["first"].value
        stages = (("nan", "NaN", turn), ("inf", "+Inf", turn), ("huge", "1e306", turn),
                  ("below", -turn, turn), ("\x1b[31mred", turn, turn), ("<script>", turn, turn),
                  ("fine", turn, 10 * turn), ("odd", turn, "nan"))  # fmt: skip
        name = "sampleproc_stage_duration_seconds_"
        connection.answer("".join(
            f'{name}sum{{stage="{stage}"}} {total}\n{name}count{{stage="{stage}"}} {count}\n'
            for stage, total, count in stages).encode())  # fmt: skip
        return
    frame_id = json.loads(body)["metadata"]["frame_id"]
    connection.answer(json.dumps({"frame_id": frame_id, "detections": [], "total_objects": 0,
                                  "width": 1, "height": 1}).encode())  # fmt: skip


def without_end(connection, notes, head, body):
    """Megabytes of an answer whose end never comes."""
    del notes, head, body
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
    connection.transport.write(head + b" " * (4 * 1024 * 1024))


def refuses(connection, notes, head, body):
    del notes, head, body
    connection.answer(b"{}", "503 Service Unavailable", "Retry-After: 7\r\n")


def web_page(connection, notes, head, body):
    """Answers 200 to whatever it is asked, but is another program."""
    del notes, head, body
    connection.answer(b"<html>It works!</html>", fields="Content-Type: text/html\r\n")


def close_silently(connection, notes, head, body):
    """Says nothing of closing, and closes."""
    del notes, head, body
    connection.answer()
    connection.transport.close()


def byte_by_byte(connection, notes, head, body):
    del notes, head, body
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"

    def send(rest):
        connection.transport.write(rest[:1])
        if rest[1:]:
            asyncio.get_running_loop().call_later(0.001, send, rest[1:])

    send(answer)


def dies_in_the_middle(connection, notes, head, body):
    """Half an answer, and the whole server is gone."""
    del head, body
    notes["first"].value += 1
    if notes["first"].value < 20:
        connection.answer()
        return
    connection.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    asyncio.get_running_loop().call_later(0.05, os._exit, 1)


def never(connection, notes, head, body):
    del connection, notes, head, body


def hang_up(connection, notes, head, body):
    del notes, head, body
    connection.transport.close()


def gibberish(connection, notes, head, body):
    del notes, head, body
    connection.transport.write(b"this is no HTTP\r\n\r\n")


def only_post(connection, notes, head, body):
    del notes, head, body
    connection.answer(b"no", "405 Method Not Allowed", "Allow: POST\r\n")


def another_protocol(connection, notes, head, body):
    """Greets, and waits for what never comes."""
    del notes, head, body
    connection.transport.write(b"SSH-2.0-OpenSSH_9\r\n")


def one_answer_each(connection, notes, head, body):
    del notes, head, body
    connection.answer(fields="Connection: close\r\n")
    connection.transport.close()


def head_of(connection, notes, head, body):
    """The request's head, so that a test sees what was sent."""
    del body
    notes["head"].value = head[:4000]
    connection.answer()


def count_types(connection, notes, head, body):
    """Counts the pictures of each kind, and answers as if there were nothing on them."""
    del body
    kind = re.search(rb"(?i)\r\ncontent-type: *image/(\w+)", head)[1].decode()
    notes[kind].value += 1
    frame_id = re.search(rb"frame_id=([\w-]+)", head)[1].decode()
    connection.answer(json.dumps({"frame_id": frame_id, "detections": [], "total_objects": 0,
                                  "width": 1, "height": 1}).encode())  # fmt: skip


LAST = {}


def mixed_up(connection, notes, head, body):
    """As POST /process, but every answer carries the frame_id of the request before."""
    del notes, head
    frame_id = json.loads(body)["metadata"]["frame_id"]
    answer = {"frame_id": LAST.get("id", "none"), "detections": [], "total_objects": 0,
              "width": 1, "height": 1}  # fmt: skip
    LAST["id"] = frame_id
    connection.answer(json.dumps(answer).encode())


def _serve(manner, notes, port, tls):
    async def main():
        loop = asyncio.get_running_loop()
        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*tls)
            # Where a client knows that hands are shaken, the server has known before it.
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        server = await loop.create_server(
            lambda: Connection(manner, notes), "127.0.0.1", 0, backlog=4096, ssl=context
        )
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(main())


class Server:
    """Ends with the test."""

    def __init__(self, test, manner, tls=None):
        """`tls`: the files of a certificate and its key."""
        self.notes = {name: multiprocessing.Value("d", 0.0)
                      for name in ("first", "stall_began", "stalled", "png", "jpeg")}  # fmt: skip
        self.notes["connections"] = multiprocessing.Value("i", 0)
        self.notes["head"] = multiprocessing.Array("c", 4001)
        port = multiprocessing.Value("i", 0)
        self.process = process = multiprocessing.Process(target=_serve, args=(manner, self.notes, port, tls))
        process.start()
        test.addCleanup(process.join)
        test.addCleanup(process.kill)
        end = time.monotonic() + 60
        while port.value == 0:
            if time.monotonic() > end or not process.is_alive():
                raise AssertionError("the stand-in did not start")
            time.sleep(0.01)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port.value}"
