"""Whatever is sent, no request is read out of another's bytes: see http_vectors.py.

Every vector is sent whole and byte by byte, each on its own connection and with a canary behind it,
all at once.
"""

import asyncio
import json
import socket

import cli
from http_vectors import CUT, OK, VECTORS
from service import WithService

CANARY = b"GET /livez?canary HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: canary\r\n\r\n"
WHOLE_FROM = 3000  # longer vectors go in pieces rather than in bytes
PIECE = 997
AT_ONCE = 64


def parse(data):
    """The answers in `data`, each (status, head); anything else is an error."""
    answers = []
    while data:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator or not head.startswith(b"HTTP/1.1 "):
            raise ValueError(f"no answer: {data[:200]}")
        fields = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        answers.append((int(head[9:12]), fields))
        length = int(fields.get(b"content-length", 0))
        if len(rest) < length:
            raise ValueError("a body cut short")
        data = rest[length:]
    return [answer for answer in answers if answer[0] != 100]


async def receive(loop, peer):
    received = b""
    try:
        while piece := await loop.sock_recv(peer, 65536):
            received += piece
    except ConnectionResetError:
        # After its last answer the service listens for two seconds more; who goes on sending for
        # longer, byte by byte on a busy machine, has read the answer and is cut off.
        pass
    return received


async def exchange(port, data, in_pieces, half_close):
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", port), cli.PATIENCE) as peer:
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        receiving = asyncio.create_task(receive(loop, peer))
        step = len(data)
        if in_pieces:
            step = 1 if len(data) < WHOLE_FROM else PIECE
        try:
            for at in range(0, len(data), step):
                await loop.sock_sendall(peer, data[at : at + step])
                await asyncio.sleep(0)  # the others' turn: what was sent travels meanwhile
            if half_close:
                peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has refused already; what it said is what counts
        return await asyncio.wait_for(receiving, cli.PATIENCE)


class Framing(WithService):
    def check(self, name, status, received):
        answers = parse(received)
        statuses = [answer[0] for answer in answers]
        if status in (OK, 204):
            self.assertEqual(statuses, [status, 200], name)
            self.assertEqual(answers[1][1][b"x-request-id"], b"canary")
            return
        if status == "refused":  # soundly framed: the connection may go on
            self.assertEqual(statuses[0], 400)
            return
        self.assertEqual(len(answers), 1, f"{name}: more than one answer: {statuses}")
        self.assertEqual(answers[0][1][b"connection"], b"close")
        self.assertNotEqual(answers[0][1][b"x-request-id"], b"canary")
        if status == "closed":
            self.assertIn(statuses[0], (200, 400))  # 400: without a Host it is for nobody
        elif status == CUT:
            self.assertEqual(statuses, [400])
        elif status == "4xx":
            self.assertIn(statuses[0], (400, 501))
        else:
            self.assertEqual(statuses, [status])

    def check_all(self, in_pieces):
        # Byte by byte, many at once and on a busy machine: that takes a while.
        service = self.serve("--set", "http.header_timeout=5m", "--set", "http.body_timeout=5m",
                             "--set", "http.body_min_rate=0")  # fmt: skip

        async def one(limit, vector):
            name, data, status = vector
            # The last request says so, so that its answer ends the connection.
            canary = CANARY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            async with limit:
                received = await exchange(service.port, data + canary, in_pieces, status == CUT)
            return name, status, received

        async def everything():
            limit = asyncio.Semaphore(AT_ONCE)
            return await asyncio.gather(*(one(limit, vector) for vector in VECTORS))

        for name, status, received in asyncio.run(everything()):
            with self.subTest(name):
                self.check(name, status, received)
        self.assertEqual(service.get("/livez").status, 200)
        self.assertEqual(service.stop(), 0)

    def test_sent_whole(self):
        self.check_all(in_pieces=False)

    def test_sent_byte_by_byte(self):
        self.check_all(in_pieces=True)

    def test_who_stops_sending_too_early_is_told(self):
        service = self.serve()
        head = b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        for sent, told in [
            (head + b"Content-Length: 5000\r\n\r\n" + b"x" * 300,
             "the request body ends after 300 of 5000 bytes (Content-Length)"),
            (head + b"Content-Length: 5000\r\n\r\n",
             "the request body ends after 0 of 5000 bytes (Content-Length)"),
            (head + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
             "the request body ends after 3 bytes, before its last chunk"),
            (head, "the request head ends before the empty line behind its fields"),
        ]:  # fmt: skip
            with self.subTest(told):
                received = asyncio.run(exchange(service.port, sent, False, True))
                answer_head, _, body = received.partition(b"\r\n\r\n")
                self.assertTrue(answer_head.startswith(b"HTTP/1.1 400 "), answer_head)
                self.assertEqual(json.loads(body)["detail"], told)
        # Without a length a request has no body, whatever stands behind its head.
        answer_head, _, body = asyncio.run(exchange(service.port, head + b"\r\n", False, True)).partition(
            b"\r\n\r\n")
        self.assertTrue(answer_head.startswith(b"HTTP/1.1 422 "), answer_head)
        self.assertIn("neither Content-Length nor Transfer-Encoding", json.loads(body)["detail"])
        for nothing in (b"\r\n",):
            self.assertEqual(asyncio.run(exchange(service.port, nothing, False, True)), b"")
        self.assertEqual(service.stop(), 0)

    def test_there_are_enough_of_them(self):
        self.assertGreater(len(VECTORS), 200)
        self.assertEqual(len({name for name, _, _ in VECTORS}), len(VECTORS))


if __name__ == "__main__":
    cli.main()
