"""Hostile NumPy arrays (NEP 1), and files that are nothing of ours or two things at once."""

import pickle
import struct

from case import INVALID, UNSUPPORTED, Right, case


def npy(text, data=b"", version=(1, 0), length=None):
    body = text.encode("latin-1")
    size = len(body) if length is None else length
    width = "<H" if version[0] == 1 else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(width, size) + body + data


def describe(shape, kind="|u1", order="False"):
    return "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n" % (kind, order, shape)


class Runs:
    """What a pickled object could do to a reader that trusts it."""

    def __reduce__(self):
        return (print, ("a pickle ran",))


HUGE = "(18446744073709551615, 18446744073709551615)"
GRAY = Right(32, 24, 64.0)

CASES = [
    case("npy-magic-alone", b"\x93NUMPY"),
    case("npy-twelve-bytes", b"\x93NUMPY\x01\0\xff\xff\0\0"),
    case("npy-whole", lambda: npy(describe("(24, 32)"), b"\x40" * 768), GRAY),
    case("npy-cut", lambda: npy(describe("(24, 32)"), b"\x40" * 700)),
    case("npy-more-than-it-says", lambda: npy(describe("(24, 32)"), b"\x40" * 900)),
    case("npy-product-overflows", lambda: npy(describe(HUGE), b"\0" * 100)),
    case("npy-product-wraps-to-zero",
         lambda: npy(describe("(4294967296, 4294967296)"), b"")),
    case("npy-digits-without-end", lambda: npy(describe("(" + "9" * 5000 + ", 4)"), b"\0" * 9)),
    case("npy-negative", lambda: npy(describe("(-24, -32)"), b"\x40" * 768)),
    case("npy-no-pixels", lambda: npy(describe("(0, 32)"))),
    case("npy-thousand-dimensions", lambda: npy(describe("(" + "1, " * 1000 + ")"), b"\0")),
    case("npy-one-dimension", lambda: npy(describe("(768,)"), b"\x40" * 768)),
    case("npy-two-channels", lambda: npy(describe("(24, 32, 2)"), b"\x40" * 1536)),
    case("npy-bomb-60000x60000", lambda: npy(describe("(60000, 60000)"), b"\0" * 100)),
    case("npy-pickled-object",
         lambda: npy(describe("(24, 32)", "|O"), pickle.dumps([Runs()] * 3))),
    case("npy-structured",
         lambda: npy("{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (1, 1), }\n",
                     b"\0\0")),
    case("npy-expression",
         lambda: npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2**40, 1), }\n", b"\0")),
    case("npy-call", lambda: npy("__import__('os').system('true')\n", b"\0")),
    case("npy-nested-header", lambda: npy("(" * 9000 + "\n", b"\0")),
    case("npy-huge-header",
         lambda: npy(describe("(24, 32)") + " " * 4_000_000, b"\x40" * 768, (2, 0))),
    case("npy-header-beyond-the-file", lambda: npy(describe("(24, 32)"), b"", (2, 0), 0xFFFFFFFF)),
    case("npy-version-9", lambda: npy(describe("(24, 32)"), b"\x40" * 768, (9, 0))),
    case("npy-fortran-order", lambda: npy(describe("(24, 32)", order="True"), b"\x40" * 768)),
    case("npy-not-a-number",
         lambda: npy(describe("(1, 2)", "<f4"), struct.pack("<ff", float("nan"), 0))),
    case("npy-infinite",
         lambda: npy(describe("(1, 2)", "<f4"), struct.pack("<ff", float("inf"), 0))),
    case("npy-doubles", lambda: npy(describe("(24, 32)", "<f8"), bytes(768 * 8))),
    case("empty", b""),
    case("one-byte", b"\xff"),
    case("text", b"This is no picture, whatever it is called.\n" * 50, UNSUPPORTED),
    case("zeros", b"\0" * 100_000, UNSUPPORTED),
    case("gif", b"GIF89a\x01\0\x01\0\0\0\0;", UNSUPPORTED),
    case("bmp", lambda: b"BM" + struct.pack("<IIIIiiHHIIiiII", 70, 0, 54, 40, 2, -2, 1, 24,
                                            0, 16, 0, 0, 0, 0) + b"\0" * 16, UNSUPPORTED),
    case("tiff", b"II*\0\x08\0\0\0" + b"\0" * 100, UNSUPPORTED),
    case("pdf-that-is-a-jpeg-later", b"%PDF-1.4\n" + b"\xff\xd8\xff\xe0" * 50, UNSUPPORTED),
    case("archive", b"PK\x03\x04" + b"\0" * 200, UNSUPPORTED),
    case("svg-with-entities", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><svg/>",
         UNSUPPORTED),
    case("json-in-json", b'{"frame_data": ' * 2000, UNSUPPORTED),
]  # fmt: skip
for each in CASES:
    if each.name in ("empty", "one-byte"):
        each.expected = (INVALID, UNSUPPORTED)
