"""Hostile PNGs (RFC 2083 and the APNG extension)."""

import struct
import zlib

from case import DEADLINE, INVALID, UNSUPPORTED, Right, case

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MEBI = 1 << 20


def chunk(kind, data=b"", crc=None, length=None):
    size = len(data) if length is None else length
    check = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", size) + kind + data + struct.pack(">I", check)


def header(width, height, depth=8, colour=0, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


END = chunk(b"IEND")


def png(head, *parts):
    return SIGNATURE + head + b"".join(parts) + END


def rows(width, height, value=b"\x40"):
    return (b"\0" + value * width) * height


def zeros(count):
    """Zlib's form of so many zeros, without ever holding them."""
    packer = zlib.compressobj(9)
    out = [packer.compress(bytes(MEBI)) for _ in range(count // MEBI)]
    return b"".join(out) + packer.compress(bytes(count % MEBI)) + packer.flush()


def small(*extra, data=None):
    packed = zlib.compress(rows(32, 24)) if data is None else data
    return png(header(32, 24), *extra, chunk(b"IDAT", packed))


def palette(index):
    table = chunk(b"PLTE", b"\x40\x40\x40" * 4)
    return png(header(32, 24, 8, 3), table, chunk(b"IDAT", zlib.compress(rows(32, 24, index))))


def animated(frames, numbers=None):
    control = chunk(b"acTL", struct.pack(">II", frames, 0))
    first = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 32, 24, 0, 0, 1, 10, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows(32, 24)))
    more = b""
    for number in numbers or []:
        more += chunk(b"fdAT", struct.pack(">I", number) + zlib.compress(rows(32, 24)))
    return png(header(32, 24), control, first, data, more)


def split(parts):
    packed = zlib.compress(rows(32, 24))
    cut = [packed[at : at + 1] for at in range(len(packed))]
    nothing = chunk(b"IDAT") * parts
    return png(header(32, 24), nothing, *[chunk(b"IDAT", byte) for byte in cut])


def flipped_crc():
    whole = bytearray(small())
    whole[-13] ^= 1  # the last byte of the data's check
    return bytes(whole)


GRAY = Right(32, 24, 64.0)
WIDE = 0x7FFFFFFF

CASES = [
    case("png-signature-alone", SIGNATURE),
    case("png-cut-in-the-header", lambda: small()[:20]),
    case("png-cut-in-the-data", lambda: small()[:-20]),
    case("png-bomb-widest", lambda: png(header(WIDE, WIDE), chunk(b"IDAT", zlib.compress(b"\0")))),
    case("png-bomb-60000x60000",
         lambda: png(header(60000, 60000), chunk(b"IDAT", zeros(1000)))),
    case("png-bomb-negative",
         lambda: png(header(0xFFFFFFFF, 0xFFFFFFFF), chunk(b"IDAT", zeros(1000)))),
    case("png-no-pixels", lambda: png(header(0, 0), chunk(b"IDAT", zeros(1)))),
    case("png-legal-size-no-data", lambda: png(header(10000, 10000), chunk(b"IDAT", zeros(10)))),
    case("png-data-of-200-megabytes-in-32x24", lambda: small(data=zeros(200 * MEBI)),
         INVALID, Right(32, 24, 0.0)),
    case("png-30-megapixels-of-zeros",
         lambda: png(header(6000, 5000), chunk(b"IDAT", zeros(6001 * 5000))),
         Right(6000, 5000, 0.0), DEADLINE),
    case("png-interlaced-100-megapixels-of-four-channels",
         lambda: png(header(10000, 10000, 8, 6, 1), chunk(b"IDAT", zeros(MEBI)))),
    case("png-interlaced-data-ends-early",
         lambda: png(header(640, 480, 8, 2, 1), chunk(b"IDAT", zeros(100_000)))),
    case("png-deep-16-bits-4-channels-data-ends-early",
         lambda: png(header(3000, 3000, 16, 6), chunk(b"IDAT", zeros(MEBI)))),
    case("png-wrong-check-of-the-header",
         lambda: SIGNATURE + header(32, 24)[:-1] + b"\0" + small()[33:]),
    case("png-wrong-check-of-the-data", flipped_crc),
    case("png-wrong-checksum-of-the-stream",
         lambda: small(data=zlib.compress(rows(32, 24))[:-1] + b"\0")),
    case("png-data-is-noise", lambda: small(data=bytes(range(256)) * 40)),
    case("png-data-of-one-byte-a-chunk", lambda: split(0), GRAY),
    case("png-20000-chunks-of-no-data", lambda: split(20_000), GRAY, INVALID),
    case("png-no-data", lambda: png(header(32, 24))),
    case("png-data-twice-with-text-between",
         lambda: png(header(32, 24), chunk(b"IDAT", zlib.compress(rows(32, 24))[:9]),
                     chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", zlib.compress(rows(32, 24))[9:])),
         INVALID, GRAY),
    case("png-palette-missing",
         lambda: png(header(32, 24, 8, 3), chunk(b"IDAT", zlib.compress(rows(32, 24))))),
    case("png-palette-of-257", lambda: png(header(32, 24, 8, 3), chunk(b"PLTE", b"abc" * 257),
                                           chunk(b"IDAT", zlib.compress(rows(32, 24))))),
    case("png-palette-of-no-whole-colours",
         lambda: png(header(32, 24, 8, 3), chunk(b"PLTE", b"abcd"),
                     chunk(b"IDAT", zlib.compress(rows(32, 24))))),
    case("png-palette-index-beyond", lambda: palette(b"\xff")),
    case("png-bad-depth", lambda: png(header(32, 24, 7), chunk(b"IDAT", zeros(100)))),
    case("png-bad-colour", lambda: png(header(32, 24, 8, 5), chunk(b"IDAT", zeros(100)))),
    case("png-bad-filter",
         lambda: small(data=zlib.compress((b"\x09" + b"\x40" * 32) * 24))),
    case("png-chunk-beyond-the-file", lambda: SIGNATURE + chunk(b"IHDR", b"\0" * 13, 0, WIDE)),
    case("png-chunk-of-negative-length",
         lambda: SIGNATURE + header(32, 24) + chunk(b"tEXt", b"a\0b", 0, 0xFFFFFFFF)),
    case("png-200000-small-chunks", lambda: small(chunk(b"prIv", b"x") * 200_000), GRAY, INVALID),
    case("png-unknown-critical-chunk", lambda: small(chunk(b"WHAT", b"x")), INVALID, GRAY),
    case("png-text-bomb-ztxt",
         lambda: small(chunk(b"zTXt", b"Comment\0\0" + zeros(500 * MEBI))), GRAY),
    case("png-text-bomb-itxt",
         lambda: small(chunk(b"iTXt", b"Comment\0\1\0\0\0" + zeros(500 * MEBI))), GRAY),
    case("png-profile-bomb-iccp",
         lambda: small(chunk(b"iCCP", b"profile\0\0" + zeros(500 * MEBI))), GRAY),
    case("png-9-megabytes-of-text", lambda: small(chunk(b"tEXt", b"a\0" + b"w" * 9 * MEBI)), GRAY),
    case("png-animation-of-four-billion-frames", lambda: animated(0xFFFFFFFF),
         Right(32, 24, 64.0, ("animated",)), GRAY, INVALID),
    case("png-animation-out-of-order", lambda: animated(3, [9, 2, 7]),
         Right(32, 24, 64.0, ("animated",)), GRAY, INVALID),
    case("png-of-another-kind", lambda: b"\x8aMNG\r\n\x1a\n" + small()[8:], UNSUPPORTED),
    case("png-signature-of-a-text-transfer", lambda: SIGNATURE.replace(b"\r\n", b"\n"),
         UNSUPPORTED),
    case("png-and-then-a-jpeg", lambda: small() + b"\xff\xd8\xff\xe0" * 100,
         Right(32, 24, 64.0, warnings=("further_picture",))),  # fmt: skip
]  # fmt: skip
