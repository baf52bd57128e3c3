"""A video in which the scene stands still half of the time, as a camera sees it: with noise."""

import subprocess

NOISE = 8  # ffmpeg's strength, uniform and anew in each frame


def make_half_still(source, path, frames, stretch, size="768x576"):
    """Writes an MJPEG video of `frames` frames: in turn `stretch` of those of `source` and
    `stretch` times the last of them. All have noise."""
    width, height = map(int, size.split("x"))
    length = width * height * 3 // 2
    moving = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", source, "-frames:v", str(frames),
         "-vf", f"scale={size}", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"],
        stdout=subprocess.PIPE, check=True).stdout  # fmt: skip
    pixels = bytearray()
    for start in range(0, len(moving), stretch * length):
        part = moving[start : start + stretch * length]
        pixels += part + part[-length:] * (len(part) // length)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r",
         "10", "-i", "-", "-frames:v", str(frames), "-vf", f"noise=alls={NOISE}:allf=t",
         "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", path],
        input=bytes(pixels), check=True)  # fmt: skip
