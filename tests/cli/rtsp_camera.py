"""An RTSP server of the test's own on plain sockets, which may do anything, and H.264 for it to send."""

import itertools
import re
import socketserver
import struct
import subprocess

from camera_service import CameraServer

SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
       "c=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
       "a=control:track1\r\nm=audio 0 RTP/AVP 0\r\na=control:sound\r\n")  # fmt: skip
SOUND_SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"
             "a=control:track1\r\n")  # fmt: skip


class RtspCamera(CameraServer):
    """Answers as a camera does, except where `answers` has a function for a method: told the
    connection, its sequence number and the request's head, it answers itself, and what it returns is
    whether to go on. `play` is called when pictures may be sent, with the connection. `tls`, a context
    of Python's, makes it rtsps."""

    def __init__(self, test, answers=None, play=None, sdp=SDP, tls=None):
        self.heads = []
        self.answers = answers or {}
        self.play = play or (lambda connection: self.stay())
        self.sdp = sdp
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    if tls is None:
                        outer.serve(self.request)
                        return
                    with tls.wrap_socket(self.request, server_side=True) as secure:
                        outer.serve(secure)
                except OSError:
                    pass  # the service has gone

        self.listen(test, Handler)

    def url(self, user="", scheme="rtsp"):
        return f"{scheme}://{user}127.0.0.1:{self.port}/stream"

    def serve(self, connection):
        for head in heads(connection):
            self.heads.append(head)
            method = head.partition(" ")[0]
            number = re.search(r"CSeq: *(\d+)", head).group(1)
            if method in self.answers:
                if not self.answers[method](connection, number, head):
                    return
                continue
            self.answer(connection, method, number)
            if method == "PLAY":
                self.play(connection)
                return

    def answer(self, connection, method, number):
        more, body = "", ""
        if method == "DESCRIBE":
            more, body = "Content-Type: application/sdp\r\n", self.sdp
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        elif method == "OPTIONS":
            more = "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        else:
            more = "Session: 1\r\n"
        respond(connection, number, "200 OK", more, body)


def respond(connection, number, status, more="", body=""):
    connection.sendall(f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}"
                       f"Content-Length: {len(body)}\r\n\r\n{body}".encode())  # fmt: skip


def heads(connection):
    """The requests' heads until the connection's end."""
    rest = b""
    while True:
        while b"\r\n\r\n" not in rest:
            more = connection.recv(4096)
            if not more:
                return
            rest += more
        head, _, rest = rest.partition(b"\r\n\r\n")
        yield head.decode(errors="replace") + "\r\n"  # interleaved packets come before it


def h264(width, height, frames=20, references=1):
    """The pictures of a moving test image, each a list of NAL units, every tenth a key frame unless
    more than one reference frame is asked for."""
    keyint = 10 if references == 1 else frames
    stream = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", f"testsrc=size={width}x{height}:rate=25",
         "-frames:v", str(frames), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast",
         "-tune", "zerolatency", "-x264-params", f"keyint={keyint}:ref={references}:slices=1:sliced-threads=0", "-f", "h264", "-"],
        check=True, stdout=subprocess.PIPE).stdout  # fmt: skip
    pictures, current = [], []
    for unit in re.split(b"\0\0\0?\1", stream)[1:]:
        current.append(unit)
        if unit[0] & 31 in (1, 5):
            pictures.append(current)
            current = []
    return pictures


def packets(pictures, per_second=25, first=0):
    """RTP packets of RFC 6184, each with the number of its picture."""
    sequence = itertools.count(first)
    for number, picture in enumerate(pictures, first):
        for unit in picture:
            last = unit is picture[-1]
            parts = [unit]
            if len(unit) > 1400:
                cut = [unit[at : at + 1400] for at in range(1, len(unit), 1400)]
                parts = [bytes([unit[0] & 0x60 | 28, unit[0] & 31 | (0x80 if part is cut[0] else 0)
                                | (0x40 if part is cut[-1] else 0)]) + part
                         for part in cut]  # fmt: skip
            for part in parts:
                marker = 0x80 if last and part is parts[-1] else 0
                yield number, struct.pack(">BBHII", 0x80, 96 | marker, next(sequence) & 0xFFFF,
                                          number * 90000 // per_second, 4711) + part  # fmt: skip


def interleaved(packet):
    return struct.pack(">cBH", b"$", 0, len(packet)) + packet


def send(connection, stopped, pictures, pause=0.04, lost=lambda number: False, first=0):
    """Sends them at their pace. False when the test has ended."""
    before = first
    for number, packet in packets(pictures, first=first):
        if number != before and stopped.wait(pause):
            return False
        before = number
        if not lost(number):
            connection.sendall(interleaved(packet))
    return True


def forever(pictures):
    """The same again and again: each begins with a key frame."""
    return itertools.chain.from_iterable(itertools.repeat(pictures))


def huge_parameters(blocks=1024):
    """A sequence parameter set of H.264 that states pictures of so many blocks of 16 pixels each way,
    and a picture parameter set and the beginning of a key frame for it."""

    def golomb(value):
        return f"{'0' * ((value + 1).bit_length() - 1)}{value + 1:b}"

    def unit(head, bits):
        bits += "1"
        bits += "0" * (-len(bits) % 8)
        body = int(bits, 2).to_bytes(len(bits) // 8, "big")
        return bytes([head]) + re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", body)

    sizes = golomb(blocks - 1) * 2
    parameters = unit(0x67, f"{66:08b}{0:08b}{62:08b}" + golomb(0) * 2 + golomb(2) + golomb(1) + "0"
                      + sizes + "1" + "1" + "0" + "0")  # fmt: skip
    picture = unit(0x68, golomb(0) * 2 + "00" + golomb(0) * 3 + "000" + golomb(0) * 3 + "000")
    key_frame = unit(0x65, golomb(0) + golomb(7) + golomb(0) + "0000" + golomb(0) + "1" * 400)
    return [[parameters, picture, key_frame]]
