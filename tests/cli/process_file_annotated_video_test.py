"""sampleproc process-file --annotate FILE.mp4: the annotated frames of a video as a video."""

import json
import os
import resource
import subprocess

import cli
import pictures
from folder import process, records
from process_file_video_test import WithVideos, ffmpeg


def probe(path, what):
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", what, "-of", "json", path],
        stdout=subprocess.PIPE, timeout=cli.PATIENCE, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def times(path):
    return [float(packet["pts_time"]) for packet in probe(path, "packet=pts_time")["packets"]]


def luma(path):
    """All frames, one after the other; full range whatever the video says."""
    return ffmpeg("-i", path, "-vf", "scale=out_range=pc", "-fps_mode", "passthrough",
                  "-pix_fmt", "gray", "-f", "rawvideo", "-")  # fmt: skip


def off(one, other):
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one)


class AnnotatedVideos(WithVideos):
    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def test_it_has_the_frames_of_the_source_with_their_times_and_boxes(self):
        source = self.path("walk.mkv")
        # A pause in the middle: the times are the frames' own, not those of a rate.
        ffmpeg("-i", self.video(frames=30), "-vf", "setpts='PTS+if(gte(N,20),1.3,0)/TB'",
               "-fps_mode", "vfr", "-c:v", "mjpeg", "-q:v", "3", source)  # fmt: skip
        plain = process("--pipeline", "motion", source)
        seen = []
        for name in ("out.mp4", "out.MKV"):
            with self.subTest(name):
                out = self.path(name)
                result = process("--pipeline", "motion", "-j", "1", "--annotate", out, source)
                self.assertEqual((result.returncode, result.err), (0, ""))
                self.assertEqual(result.stdout, plain.stdout)
                (stream,) = probe(out, "stream=codec_name,width,height,pix_fmt")["streams"]
                self.assertIn(stream.pop("codec_name"), ("h264", "mpeg4"))
                self.assertEqual(stream, {"width": 320, "height": 240, "pix_fmt": "yuv420p"})
                began = times(source)[0]
                for at, wanted in zip(times(out), times(source), strict=True):
                    self.assertAlmostEqual(at, wanted - began, delta=0.0011)
                seen.append(luma(out))
                first = self.read(out)
                process("--pipeline", "motion", "-j", "3", "--annotate", out, source)
                self.assertEqual(self.read(out), first)
        self.assertEqual(len(seen[0]), len(seen[1]))
        frame = 320 * 240
        undrawn = luma(source)
        for record in records(plain):
            at = record["index"] * frame
            one, other = seen[0][at : at + frame], undrawn[at : at + frame]
            self.assertLess(off(one, other), 25)
            for found in record["detections"]:
                x1, y1, x2, _ = found["bbox"]
                edge = [abs(one[y1 * 320 + x] - other[y1 * 320 + x]) for x in range(x1, x2)]
                self.assertGreater(sum(edge), 0)
        self.assertTrue(any(record["detections"] for record in records(plain)))

    def test_odd_sides_get_one_more_row_or_column(self):
        source = self.path("odd.mkv")
        ffmpeg("-i", self.video(frames=3), "-vf", "crop=319:239:0:0:exact=1", "-pix_fmt", "yuv444p",
               "-c:v", "ffv1", source)  # fmt: skip
        out = self.path("out.mp4")
        result = process("--annotate", out, source)
        self.assertEqual((result.returncode, result.err), (0, ""))
        (stream,) = probe(out, "stream=width,height")["streams"]
        self.assertEqual((stream["width"], stream["height"]), (320, 240))
        drawn, plain = luma(out)[: 320 * 240], luma(source)[: 319 * 239]
        inside = b"".join(drawn[y * 320 : y * 320 + 319] for y in range(239))
        self.assertLess(off(inside, plain), 6)
        self.assertLess(off(drawn[239 * 320 : 239 * 320 + 319], plain[238 * 319 :]), 12)

    def test_one_frame_is_a_video_too(self):
        out = self.path("out.mp4")
        self.assertEqual(process("--annotate", out, self.video(frames=1)).returncode, 0)
        self.assertEqual(times(out), [0.0])

    def test_pictures_of_another_size_are_scaled_to_the_first(self):
        frames = []
        for size in ("320x240", "160x120"):
            frames.append(ffmpeg("-i", pictures.sample_path("vtest.avi"), "-frames:v", "2", "-s", size,
                                 "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mjpeg", "-"))  # fmt: skip
        source, out = self.write("both.mjpeg", b"".join(frames)), self.path("out.mkv")
        result = process("--annotate", out, source)
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertEqual([record["width"] for record in records(result)], [320, 320, 160, 160])
        # It has no times of its own.
        self.assertEqual(times(out), [0.0, 0.04, 0.08, 0.12])
        seen = luma(out)
        self.assertEqual(len(seen), 4 * 320 * 240)
        self.assertLess(off(seen[: 320 * 240], seen[2 * 320 * 240 : 3 * 320 * 240]), 20)

    def test_joined_recordings_go_on_where_the_one_before_ended(self):
        """Each begins with a time of its own, before or long after the end of the other."""
        parts = []
        for offset in (5, 0, 90000):
            path = self.path(f"{offset}.ts")
            ffmpeg("-i", self.video(frames=10), "-c:v", "libx264", "-bf", "0", "-output_ts_offset",
                   str(offset), path)  # fmt: skip
            parts.append(self.read(path))
        source = self.write("joined.ts", b"".join(parts))
        out = self.path("joined.mp4")
        result = process("--pipeline", "motion", "--annotate", out, source)
        self.assertEqual((result.returncode, len(records(result))), (0, 30), result.err)
        gaps = [b - a for a, b in zip(times(out), times(out)[1:])]
        self.assertEqual(len(gaps), 29)
        for gap in gaps:
            self.assertTrue(0.03 < gap < 0.12, gaps)

    def test_damage_leaves_its_time_out(self):
        whole = self.video("whole.avi", frames=6)
        data = bytearray(self.read(whole))
        begin = data.index(b"00dc", data.index(b"00dc", data.index(b"movi")) + 4) + 8
        data[begin + 2 : begin + 3000] = bytes(2998)
        source, out = self.write("torn.avi", bytes(data)), self.path("out.mp4")
        result = process("--annotate", out, source)
        self.assertEqual(result.returncode, 1)
        good = [record["pts"] for record in records(result) if "error" not in record]
        self.assertEqual(len(good), 5)
        for at, wanted in zip(times(out), good, strict=True):
            self.assertAlmostEqual(at, wanted - good[0], delta=0.0001)
        # A run that gives up has what came before; of an earlier run nothing is lost.
        before = self.read(out)
        given_up = process("--annotate", out, "--fail-fast", source)
        self.assertEqual(given_up.returncode, 1)
        self.assertIn(f"{out} is as it was; the pictures so far are in {out}.", given_up.err)
        self.assertEqual(self.read(out), before)
        new = self.path("new.mp4")
        self.assertEqual(process("--annotate", new, "--fail-fast", source).returncode, 1)
        self.assertEqual(len(times(new)), 1)

    def test_what_makes_no_video_is_refused_and_nothing_is_touched(self):
        walk = self.video(frames=2)
        before = self.read(walk)
        other = self.path("other.mp4")
        ffmpeg("-i", walk, "-c:v", "mpeg4", other)
        foreign = self.read(other)
        os.mkfifo(self.path("pipe.mp4"))
        for words, said in (
            (["--annotate", self.path("o.avi"), walk], "name it *.mp4 or *.mkv"),
            (["--annotate", self.path("o.webm"), walk], "name it *.mp4 or *.mkv"),
            (["--annotate", self.path("o.mp4"), walk, other], "makes a video of one video"),
            (["--annotate", self.path("o.mp4"), self.directory], "makes a video of one video"),
            (["--annotate", self.path("o.mp4"), "--files-from", walk], "makes a video of one video"),
            (["--annotate", self.path("o.mp4"), "--resume", self.path("s"), "-o", self.path("r"), walk],
             "does not go with --resume"),
            (["--annotate", self.path("o.mp4"), self.copy("box.png")], "box.png is no video"),
            (["--annotate", other, other], "is also the input"),
            (["--annotate", self.path("o.mp4"), "-o", self.path("o.mp4"), walk], "which would be destroyed"),
            (["--annotate", other, walk], "is an image or a video"),
            (["--annotate", self.path("pipe.mp4"), walk], "no regular file"),
        ):  # fmt: skip
            with self.subTest(words):
                result = process(*words)
                self.assertEqual(result.returncode, 2, result.err)
                self.assertIn(said, result.err)
                self.assertFalse(os.path.exists(self.path("o.mp4")))
        self.assertEqual((self.read(walk), self.read(other)), (before, foreign))
        self.assertEqual([name for name in os.listdir(self.directory) if name.endswith("part")], [])

    def test_a_directory_of_that_name_takes_pictures(self):
        os.mkdir(self.path("seen.mp4"))
        self.assertEqual(process("--annotate", self.path("seen.mp4"), self.video(frames=1)).returncode, 0)
        self.assertEqual(os.listdir(self.path("seen.mp4/walk.avi")), ["000000.jpg"])

    def test_a_full_disk_ends_the_run_and_leaves_the_earlier_video(self):
        walk, out = self.video(frames=40, size="640x480"), self.path("out.mp4")
        self.assertEqual(process("--annotate", out, self.video("short.avi", frames=2)).returncode, 0)
        before = self.read(out)

        def full_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (70000, 70000))

        for place in (out, self.path("new.mp4")):
            result = process("--annotate", place, walk, preexec_fn=full_disk)
            self.assertEqual(result.returncode, 74, result.err)
            self.assertIn(f"cannot write the video {place}: File too large", result.err)
        self.assertEqual(self.read(out), before)
        self.assertEqual(sorted(os.listdir(self.directory)), ["out.mp4", "short.avi", "walk.avi"])


class Aspect(WithVideos):
    def test_the_shape_of_pixels_is_that_of_the_source(self):
        def shape(path):
            return subprocess.run(
                ["ffprobe", "-v", "error", "-show_entries", "stream=sample_aspect_ratio", "-of", "csv=p=0", path],
                stdout=subprocess.PIPE, check=True, text=True, timeout=cli.PATIENCE).stdout.strip()  # fmt: skip

        source, turned = self.path("a.mp4"), self.path("turned.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=s=160x120:d=1:r=5",
                        "-vf", "setsar=2/1", "-pix_fmt", "yuv420p", source], check=True)  # fmt: skip
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", source, "-c", "copy", "-metadata:s:v",
                        "rotate=90", turned], check=True)  # fmt: skip
        for ending in ("mp4", "mkv"):
            for path, expected in ((source, "2:1"), (turned, "1:2")):
                out = self.path("out." + ending)
                self.assertEqual(process("--annotate", out, path).returncode, 0)
                self.assertEqual(shape(out), expected)


if __name__ == "__main__":
    cli.main()
