"""Hostile JPEGs (ITU-T T.81), made of parts that this file writes itself."""

import struct

from case import DEADLINE, INVALID, UNSUPPORTED, Right, case

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
MEBI = 1 << 20


def segment(marker, data=b"", length=None):
    size = len(data) + 2 if length is None else length
    return bytes([0xFF, marker]) + struct.pack(">H", size) + data


def quantisation():
    return segment(0xDB, b"\0" + b"\1" * 64)


def huffman(where, counts, symbols):
    """`where` is class and number; `counts` of codes of 1, 2, .. bits."""
    lengths = bytes(counts) + bytes(16 - len(counts))
    return segment(0xC4, bytes([where]) + lengths + bytes(symbols))


# One code of one bit, "0", for "no difference" and "end of block": zeros are a flat picture.
FLAT_TABLES = huffman(0x00, [1], [0]) + huffman(0x10, [1], [0])
# AC of progressive scans: "0" is an end-of-band run of 2^14 and 14 bits more.
RUN_TABLE = huffman(0x10, [1], [0xE0])


def sof(kind, width, height, components=1, depth=8, sampling=(0x22, 0x11, 0x11, 0x11)):
    table = b"".join(
        bytes([number + 1, sampling[number % 4] if components > 1 else 0x11, 0])
        for number in range(components)
    )
    return segment(
        0xC0 + kind, struct.pack(">BHHB", depth, height, width, components) + table
    )


def sos(components=(1,), first=0, last=63, bits=0):
    chosen = b"".join(bytes([number, 0]) for number in components)
    return segment(0xDA, bytes([len(components)]) + chosen + bytes([first, last, bits]))


def blocks(width, height):
    return -(-width // 8) * -(-height // 8)


def flat(width, height, data=None, extra=b"", tables=FLAT_TABLES):
    """Gray, all of it 128: two bits a block."""
    if data is None:
        data = bytes(-(-blocks(width, height) * 2 // 8))
    head = SOI + extra + quantisation() + tables + sof(0, width, height)
    return head + sos() + data + EOI


def flat_colour(width, height):
    """4:2:0: six blocks for each 16x16 pixels."""
    units = -(-width // 16) * -(-height // 16)
    head = SOI + quantisation() + FLAT_TABLES + sof(0, width, height, 3)
    return head + sos((1, 2, 3)) + bytes(-(-units * 12 // 8)) + EOI


def scans(width, height, count, components=1):
    """Progressive and flat: one scan of DC, the others of AC, 29 bytes each for 30 megapixels."""
    head = SOI + quantisation() + FLAT_TABLES + RUN_TABLE
    head += sof(2, width, height, components, sampling=(0x11,) * 4)
    every = tuple(range(1, components + 1))
    dc = sos(every, 0, 0) + bytes(-(-blocks(width, height) * components // 8))
    runs = -(-blocks(width, height) // 32767)
    data = int("0" + "0" + "1" * 14, 2) if runs == 0 else 0
    bits = ("0" + "1" * 14) * runs
    data = int(bits + "0" * (-len(bits) % 8), 2).to_bytes(-(-len(bits) // 8), "big")
    ac = b"".join(
        sos((1 + number % components,), 1, 63) + data.replace(b"\xff", b"\xff\0")
        for number in range(count - 1)
    )
    return head + dc + ac + EOI


def exif(ifd, order=b"II"):
    return segment(0xE1, b"Exif\0\0" + order + ifd)


def small():
    return flat(64, 48)


def cut(share):
    whole = flat(640, 480)
    return whole[: int(len(whole) * share)]


GRAY = Right(64, 48, 128.0)
EXIF_WARNS = Right(64, 48, 128.0, ("exif_invalid",))
# An IFD of one entry, orientation 1, whose next IFD is itself; and one with 65,535 entries.
LOOP = b"\x2a\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x01\0\0\0" + b"\x08\0\0\0"
CROWD = b"\x2a\0\x08\0\0\0" + b"\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0\x01\0\0\0" * 40
AFAR = b"\x2a\0\xf0\xff\xff\xff"

CASES = [
    case("jpeg-empty-after-magic", SOI + b"\xff"),
    case("jpeg-end-at-once", SOI + EOI),
    case("jpeg-cut-in-the-tables", lambda: cut(0.0)[:0] + flat(640, 480)[:40]),
    case("jpeg-cut-in-half", lambda: cut(0.5)),
    case("jpeg-cut-before-the-last-row", lambda: cut(0.95)),
    case("jpeg-bomb-65500x65500", lambda: flat(65500, 65500, b"\0" * 1000)),
    case("jpeg-bomb-65535x65535-colour",
         lambda: SOI + quantisation() + FLAT_TABLES + sof(0, 65535, 65535, 3)
         + sos((1, 2, 3)) + b"\0" * 1000 + EOI),
    case("jpeg-legal-size-no-data", lambda: flat(10000, 10000, b"\0" * 10)),
    case("jpeg-no-width", lambda: flat(0, 48, b"\0" * 100)),
    case("jpeg-no-height", lambda: flat(64, 0, b"\0" * 100), UNSUPPORTED),
    case("jpeg-30-megapixels-flat", lambda: flat(6000, 5000),
         Right(6000, 5000, 128.0), DEADLINE),
    case("jpeg-24-megapixels-colour", lambda: flat_colour(6000, 4000),
         Right(6000, 4000, 128.0), DEADLINE),
    case("jpeg-scans-101", lambda: scans(64, 48, 101)),
    case("jpeg-scans-20000", lambda: scans(64, 48, 20000)),
    case("jpeg-scans-100-of-30-megapixels", lambda: scans(6000, 5000, 100),
         Right(6000, 5000, 128.0), DEADLINE),
    case("jpeg-scans-coefficients-of-100-megapixels", lambda: scans(65000, 1600, 3, 3)),
    case("jpeg-scan-without-its-tables", lambda: flat(64, 48, tables=b"")),
    case("jpeg-huffman-too-many-codes", lambda: flat(64, 48, tables=huffman(0, [3], [0, 1, 2]))),
    case("jpeg-huffman-counts-overflow",
         lambda: flat(64, 48, tables=segment(0xC4, b"\0" + b"\xff" * 16 + b"\0" * 40))),
    case("jpeg-huffman-code-that-is-none", lambda: flat(64, 48, b"\xff\0" * 400)),
    case("jpeg-twelve-bits", lambda: SOI + quantisation() + FLAT_TABLES
         + sof(0, 64, 48, depth=12) + sos() + bytes(40) + EOI, INVALID, UNSUPPORTED),
    case("jpeg-255-components", lambda: SOI + quantisation() + sof(0, 64, 48, 255) + EOI,
         INVALID, UNSUPPORTED),
    case("jpeg-four-components", lambda: SOI + quantisation() + FLAT_TABLES + sof(0, 64, 48, 4)
         + sos((1, 2, 3, 4)) + bytes(21) + EOI,
         Right(64, 48, 63.0)),
    case("jpeg-zeros-behind-zeros", lambda: SOI + quantisation() + FLAT_TABLES
         + sof(0, 64, 48, 4) + sos((1, 2, 3, 4)) + bytes(100) + EOI, INVALID),
    case("jpeg-lossless-kind", lambda: SOI + sof(3, 64, 48) + sos() + bytes(40) + EOI,
         INVALID, UNSUPPORTED),
    case("jpeg-arithmetic", lambda: SOI + quantisation() + sof(9, 64, 48) + sos() + bytes(40) + EOI,
         "any picture: zeros are arithmetic code of one"),
    case("jpeg-arithmetic-without-its-end",
         lambda: SOI + quantisation() + sof(9, 64, 48) + sos() + bytes(40)),
    case("jpeg-sampling-zero",
         lambda: SOI + quantisation() + FLAT_TABLES
         + sof(0, 64, 48, 3, sampling=(0x00,) * 4) + sos((1, 2, 3)) + bytes(99) + EOI),
    case("jpeg-two-frame-headers",
         lambda: small()[:-2] + sof(0, 9999, 9999) + sos() + bytes(99) + EOI,
         INVALID, UNSUPPORTED, GRAY),
    case("jpeg-2000-application-segments",
         lambda: flat(64, 48, extra=segment(0xEF, b"A" * 30) * 2000), GRAY),
    case("jpeg-9-megabytes-of-application-segments",
         lambda: flat(64, 48, extra=segment(0xED, b"A" * 65000) * 140), GRAY),
    case("jpeg-9-megabytes-of-colour-profile",
         lambda: flat(64, 48, extra=segment(0xE2, b"ICC_PROFILE\0\1\xff" + b"A" * 65000) * 140),
         GRAY),
    case("jpeg-2-megabytes-of-comments",
         lambda: flat(64, 48, extra=segment(0xFE, b"A" * 20) * 90_000), GRAY),
    case("jpeg-segment-of-no-length", lambda: flat(64, 48, extra=segment(0xE0, b"", 0))),
    case("jpeg-segment-beyond-the-file", lambda: SOI + segment(0xE0, b"J" * 20, 0xFFFF)),
    case("jpeg-fill-bytes-without-end", lambda: SOI + b"\xff" * 2 * MEBI),
    case("jpeg-restart-markers-only",
         lambda: flat(64, 48, b"\xff\xd0\xff\xd1\xff\xd2\xff\xd3" * 50_000)),
    case("jpeg-exif-loop", lambda: flat(64, 48, extra=exif(LOOP)), GRAY, EXIF_WARNS),
    case("jpeg-exif-65535-entries", lambda: flat(64, 48, extra=exif(CROWD)), GRAY, EXIF_WARNS),
    case("jpeg-exif-offset-beyond", lambda: flat(64, 48, extra=exif(AFAR)), EXIF_WARNS, GRAY),
    case("jpeg-exif-100-times", lambda: flat(64, 48, extra=exif(LOOP) * 100), GRAY, EXIF_WARNS),
    case("jpeg-and-then-a-page", lambda: small() + b"<script>alert(1)</script>", GRAY),
    case("jpeg-and-then-an-archive", lambda: small() + b"PK\x03\x04" + b"\0" * 5000, GRAY),
]  # fmt: skip
