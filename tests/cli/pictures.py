"""Real pictures, broken ones, and an independent reading of both."""

import os
import pathlib
import struct
import subprocess
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = pathlib.Path(
    os.environ.get("SAMPLEPROC_SAMPLES") or ROOT / "build/samples/opencv-doc/data"
)


def sample_path(name):
    path = SAMPLES / name
    if not path.is_file():
        raise AssertionError(f"no {path}; run packaging/fetch-samples.sh")
    return str(path)


def sample(name):
    with open(sample_path(name), "rb") as file:
        return file.read()


# PNG: a signature, then chunks of length, type, data, CRC.

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data, crc=None):
    if crc is None:
        crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def header(width, height, depth=8, colour=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def gray_png(width, height, text=None):
    """A ramp; `text` becomes a comment that makes the file so many bytes longer than without."""
    rows = b"".join(b"\0" + bytes((x + y) % 256 for x in range(width)) for y in range(height))
    comment = b"" if text is None else chunk(b"tEXt", b"Comment\0" + b"w" * text)
    data = chunk(b"IDAT", zlib.compress(rows))
    return SIGNATURE + header(width, height) + comment + data + chunk(b"IEND", b"")


def png_of_size(size):
    """A good picture of exactly so many bytes."""
    shortest = len(gray_png(16, 16, 0))
    return gray_png(16, 16, size - shortest)


def poison(kind):
    """A good JPEG over which the decoder of poison_decoder.cc crashes, hangs or spins."""
    said = f"poison: {kind}".encode()
    picture = sample("left.jpg")
    return picture[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(said)) + said + picture[2:]


def png_bomb(width=60000, height=60000):
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return SIGNATURE + header(width, height) + data + chunk(b"IEND", b"")


def at_sof(jpeg):
    """Where the frame header of a JPEG starts: marker, length, precision, height, width."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
    return at


def size_of_jpeg(jpeg):
    """Its width and height."""
    height, width = struct.unpack_from(">HH", jpeg, at_sof(jpeg) + 5)
    return width, height


def jpeg_bomb(jpeg, width=65500, height=65500):
    at = at_sof(jpeg) + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def broken():
    """Names of files and bytes that are no picture, one of each kind that users meet."""
    jpeg, png = sample("messi5.jpg"), sample("box.png")
    return {
        "bomb.png": png_bomb(),
        "corrupt.png": flip(png, len(png) // 2),
        "empty.png": b"",
        "text.jpg": b"This is a text, whatever its name says.\n" * 20,
        "truncated.jpg": jpeg[: len(jpeg) // 2],
    }


def hostile():
    """Frames made to hurt, by name: none is a picture that may be accepted."""
    jpeg, png = sample("messi5.jpg"), sample("box.png")
    sof = at_sof(jpeg)
    end = chunk(b"IEND", b"")
    head = SIGNATURE + header(64, 64)
    inflated = zlib.compress(b"\0" * 50_000_000, 9)
    frames = dict(broken())
    frames.update({
        "jpeg: header bomb": jpeg_bomb(jpeg),
        "jpeg: no pixels wide": jpeg_bomb(jpeg, 0, 10),
        "jpeg: no pixels high": jpeg_bomb(jpeg, 10, 0),
        "jpeg: signature alone": jpeg[:3],
        "jpeg: end at once": b"\xff\xd8\xff\xd9",
        "jpeg: cut in the frame header": jpeg[: sof + 6],
        "jpeg: a segment longer than the file": b"\xff\xd8\xff\xe0\xff\xff" + b"J" * 20,
        "jpeg: a segment of no length": b"\xff\xd8\xff\xe0\x00\x00" + jpeg[2:],
        "jpeg: tables missing": jpeg[:2] + jpeg[sof:],
        "jpeg: twelve bits": jpeg[: sof + 4] + b"\x0c" + jpeg[sof + 5 :],
        "jpeg: 255 components": jpeg[: sof + 9] + b"\xff" + jpeg[sof + 10 :],
        "jpeg: markers without end": b"\xff\xd8" + b"\xff" * 200_000,
        "png: signature alone": SIGNATURE,
        "png: no pixels": SIGNATURE + header(0, 0) + chunk(b"IDAT", b"") + end,
        "png: widest there is": png_bomb(0x7FFFFFFF, 0x7FFFFFFF),
        "png: negative size": png_bomb(0xFFFFFFFF, 0xFFFFFFFF),
        "png: a chunk longer than the file": SIGNATURE + b"\x7f\xff\xff\xffIHDR" + b"\0" * 20,
        "png: bad depth": SIGNATURE + header(8, 8, 7) + chunk(b"IDAT", inflated[:50]) + end,
        "png: bad colour": SIGNATURE + header(8, 8, 8, 5) + chunk(b"IDAT", inflated[:50]) + end,
        "png: wrong checksum": SIGNATURE + header(8, 8)[:-1] + b"\0" + png[33:],
        "png: no data": head + end,
        "png: palette missing": SIGNATURE + header(8, 8, 8, 3) + chunk(b"IDAT", inflated) + end,
        "png: data ends early": head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + end,
        "png: data is noise": head + chunk(b"IDAT", bytes(range(256)) * 40) + end,
    })  # fmt: skip
    return frames


# Luma, read by others than the binary.


def jpeg_luma(path):
    """(width, height, bytes) as libjpeg's own tool gives them."""
    done = subprocess.run(
        ["djpeg", "-grayscale", "-pnm", "-dct", "int", path],
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    kind, size, most, pixels = done.stdout.split(b"\n", 3)
    assert (kind, most) == (b"P5", b"255"), "djpeg gave something else than 8-bit gray"
    width, height = map(int, size.split())
    return width, height, pixels


def png_luma(path):
    """(width, height, bytes) of an 8-bit gray PNG that is not interlaced."""
    with open(path, "rb") as file:
        data = file.read()
    at, packed, shape = len(SIGNATURE), b"", None
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            shape = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height = shape[:2]
    assert shape[2:] == (8, 0, 0, 0, 0), "not an 8-bit gray PNG"
    raw = zlib.decompress(packed)
    above, pixels = bytes(width), bytearray()
    for y in range(height):
        start = y * (width + 1)
        above = unfiltered(raw[start], raw[start + 1 : start + 1 + width], above)
        pixels += above
    return width, height, bytes(pixels)


def unfiltered(kind, row, above):
    out = bytearray()
    left = corner = 0
    for value, up in zip(row, above):
        guess = (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]
        left, corner = (value + guess) & 0xFF, up
        out.append(left)
    return bytes(out)


def paeth(left, up, corner):
    estimate = left + up - corner
    return min((left, up, corner), key=lambda candidate: abs(estimate - candidate))


def stats(width, height, pixels):
    """What the step stats documents, from its definition."""
    count = width * height
    histogram = [0] * 64
    for value in pixels:
        histogram[value >> 2] += 1
    mean, variance = moments(pixels, count)
    rows = [pixels[y * width : (y + 1) * width] for y in range(height)]
    edges = []
    for y, row in enumerate(rows):  # reflect-101: the neighbour beyond the border is the one within
        up = rows[y - 1] if y > 0 else rows[1]
        down = rows[y + 1] if y + 1 < height else rows[-2]
        left = row[1:2] + row[:-1]
        right = row[1:] + row[-2:-1]
        edges += [
            a + b + c + d - 4 * e for a, b, c, d, e in zip(up, down, left, right, row)
        ]
    return {
        "mean": mean,
        "stddev": variance**0.5,
        "min": min(pixels),
        "max": max(pixels),
        "histogram": histogram,
        "underexposed": sum(value < 16 for value in pixels) / count,
        "overexposed": sum(value >= 240 for value in pixels) / count,
        "sharpness": moments(edges, count)[1],
    }


def moments(values, count):
    total = sum(values)
    squares = sum(value * value for value in values)
    return total / count, (squares * count - total * total) / (count * count)


def png_of_pixels(side):
    """A square colour picture in a file that is small."""
    rows = zlib.compress(bytes((1 + 3 * side) * side), 1)
    return (SIGNATURE + header(side, side, 8, 2)
            + chunk(b"IDAT", rows) + chunk(b"IEND", b""))  # fmt: skip
