"""Hostile WebPs (RFC 9649)."""

import pathlib
import struct

from case import DEADLINE, INVALID, Right, case

SEEDS = pathlib.Path(__file__).resolve().parents[1] / "fuzz/seeds/webp"
MEBI = 1 << 20


def chunk(kind, data, length=None):
    size = len(data) if length is None else length
    return kind + struct.pack("<I", size) + data + b"\0" * (len(data) % 2)


def riff(chunks, length=None):
    size = len(chunks) + 4 if length is None else length
    return b"RIFF" + struct.pack("<I", size) + b"WEBP" + chunks


class Bits:
    """Least significant bit first, as lossless WebP has them."""

    def __init__(self):
        self.value = self.count = 0

    def put(self, value, bits):
        self.value |= value << self.count
        self.count += bits
        return self

    def bytes(self):
        return self.value.to_bytes(-(-self.count // 8), "little")


def lossless_head(width, height):
    return Bits().put(0x2F, 8).put(width - 1, 14).put(height - 1, 14).put(0, 1).put(0, 3)


def one_symbol(bits):
    """A Huffman code of the one symbol 0, which takes no bits."""
    return bits.put(1, 1).put(0, 1).put(0, 1).put(0, 1)


def black(width, height):
    """All pixels 0 in some 34 bytes: no bit of data for any of them."""
    bits = lossless_head(width, height).put(0, 3)  # no transform, no cache, no meta codes
    for _ in range(5):
        one_symbol(bits)
    return riff(chunk(b"VP8L", bits.bytes()))


def many_transforms():
    bits = lossless_head(64, 64)
    for _ in range(200):
        bits.put(1, 1).put(2, 2)  # subtract green, again and again
    return riff(chunk(b"VP8L", bits.bytes() + bytes(40)))


def cache_of(size):
    bits = lossless_head(64, 64).put(0, 1).put(1, 1).put(size, 4)
    return riff(chunk(b"VP8L", bits.bytes() + bytes(40)))


def lossy():
    return (SEEDS / "lossy.webp").read_bytes()


def lossy_bomb(width, height):
    """The frame header of a key frame with other sides; its data stays the small picture's."""
    data = bytearray(lossy())
    at = data.index(b"\x9d\x01\x2a") + 3
    struct.pack_into("<HH", data, at, width, height)
    return bytes(data)


def canvas(width, height, inner, flags=0):
    head = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little")
    return riff(chunk(b"VP8X", head + (height - 1).to_bytes(3, "little")) + inner)


def animation(width, height, left, top, side):
    frame = b"".join(value.to_bytes(3, "little") for value in (left, top, side - 1, side - 1, 100))
    picture = chunk(b"ANMF", frame + b"\0" + black(side, side)[12:])
    return canvas(width, height, chunk(b"ANIM", bytes(6)) + picture, 2)


CASES = [
    case("webp-magic-alone", b"RIFF\0\0\0\0WEBP"),
    case("webp-no-chunk", lambda: riff(b"")),
    case("webp-bomb-16384x16384-in-34-bytes", lambda: black(16384, 16384)),
    case("webp-bomb-5120x5120-in-34-bytes", lambda: black(5120, 5120)),
    case("webp-4096x4096-in-34-bytes", lambda: black(4096, 4096),
         Right(4096, 4096, 0.0), DEADLINE),
    case("webp-lossless-whole", lambda: black(64, 64), Right(64, 64, 0.0)),
    case("webp-lossless-cut", lambda: black(64, 64)[:26]),
    case("webp-lossless-wrong-signature", lambda: riff(chunk(b"VP8L", b"\x2e" + bytes(20)))),
    case("webp-lossless-version", lambda: riff(chunk(b"VP8L", b"\x2f\0\0\0\xe0" + bytes(20)))),
    case("webp-lossless-200-transforms", many_transforms),
    case("webp-lossless-cache-too-large", lambda: cache_of(15)),
    case("webp-lossless-cache-of-no-bits", lambda: cache_of(0)),
    case("webp-lossless-is-noise",
         lambda: riff(chunk(b"VP8L", lossless_head(64, 64).bytes() + bytes(range(256)) * 40))),
    case("webp-lossy-cut", lambda: lossy()[: len(lossy()) // 2]),
    case("webp-lossy-bomb", lambda: lossy_bomb(16383, 16383)),
    case("webp-lossy-other-sides", lambda: lossy_bomb(4000, 4000)),
    case("webp-lossy-no-pixels", lambda: lossy_bomb(0, 0)),
    case("webp-lossy-data-is-noise",
         lambda: lossy()[:40] + bytes(value ^ 0x5A for value in lossy()[40:]),
         INVALID, "any picture of its size"),
    case("webp-length-beyond-the-file", lambda: riff(chunk(b"VP8L", bytes(20), 0xFFFFFFF0))),
    case("webp-riff-length-beyond", lambda: black(64, 64)[:4] + b"\xff" * 4 + black(64, 64)[8:],
         INVALID, Right(64, 64, 0.0)),
    case("webp-riff-of-no-length", lambda: black(64, 64)[:4] + b"\0" * 4 + black(64, 64)[8:],
         INVALID, Right(64, 64, 0.0)),
    case("webp-canvas-bomb", lambda: canvas(1 << 24, 1 << 24, black(64, 64)[12:])),
    case("webp-canvas-of-another-size", lambda: canvas(3000, 2000, black(64, 64)[12:])),
    case("webp-canvas-without-a-picture", lambda: canvas(64, 64, b"")),
    case("webp-canvas-in-a-canvas", lambda: canvas(64, 64, canvas(64, 64, b"")[12:])),
    case("webp-100000-chunks",
         lambda: canvas(64, 64, chunk(b"JUNK", b"") * 100_000 + black(64, 64)[12:]),
         INVALID, Right(64, 64, 0.0)),
    case("webp-8-megabytes-of-profile",
         lambda: canvas(64, 64, chunk(b"ICCP", b"A" * 8 * MEBI) + black(64, 64)[12:], 0x20),
         Right(64, 64, 0.0)),
    case("webp-frame-outside-of-the-canvas", lambda: animation(64, 64, 100, 100, 64)),
    case("webp-frame-larger-than-the-canvas", lambda: animation(32, 32, 0, 0, 64)),
    case("webp-animation-of-one-frame", lambda: animation(64, 64, 0, 0, 64),
         Right(64, 64, 0.0, ("animated",))),
]  # fmt: skip
