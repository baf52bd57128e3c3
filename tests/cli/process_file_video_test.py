"""sampleproc process-file: videos, raw pixels and recorded requests."""

import base64
import json
import os
import pty
import subprocess

import cli
import pictures
from folder import QUICK, WithDirectory, process, records


def ffmpeg(*words):
    """Runs ffmpeg; returns what it wrote to standard output."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *words],
        stdout=subprocess.PIPE,
        timeout=cli.PATIENCE,
        check=True,
    )
    return done.stdout


class WithVideos(WithDirectory):
    def video(self, name="walk.avi", frames=40, size="320x240"):
        """The first frames of people walking, smaller, so that sanitizers are done soon."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        ffmpeg("-i", pictures.sample_path("vtest.avi"), "-frames:v", str(frames), "-s", size,
               "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", path)  # fmt: skip
        return path

    def cut(self, path, name, share=0.5):
        with open(path, "rb") as file:
            data = file.read()
        return self.write(name, data[: int(len(data) * share)])

    def recording(self, name, cameras=("a", "b"), lines=12):
        """Requests of several cameras in turn, with a bad line and a blank one among them."""
        text = []
        for i in range(lines):
            frame = pictures.gray_png(48 + i % 3, 40)
            metadata = {"frame_id": f"f{i}", "camera_id": cameras[i % len(cameras)]}
            body = {"frame_data": base64.b64encode(frame).decode(), "metadata": metadata}
            text.append(json.dumps(body))
        text[3] = '{"frame_data": "not base64"}'
        text.insert(5, "")
        return self.write(name, "\n".join(text).encode())

    def peak(self, path, frames):
        """KiB of memory that a run had taken at most when `path` was done, of so many frames."""
        calm = {**QUICK, "ASAN_OPTIONS": "quarantine_size_mb=1"}
        # It goes on to standard input, which comes last, so its numbers can be read at leisure.
        child = cli.start(self, "process-file", "-q", "-j", "2", path, "-", env=calm)
        for _ in range(frames):
            self.assertTrue(child.stdout.readline())
        with open(f"/proc/{child.pid}/status", encoding="ascii") as file:
            (peak,) = [line.split()[1] for line in file if line.startswith("VmHWM:")]
        child.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
        return int(peak)


class Videos(WithVideos):
    def test_each_frame_is_a_record_of_its_videos_camera_with_index_and_time(self):
        path = self.video(frames=12)
        found = records(process("-j", "2", path))
        self.assertEqual([r["index"] for r in found], list(range(12)))
        probed = subprocess.run(
            ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time",
             "-of", "csv=p=0", path],
            stdout=subprocess.PIPE, timeout=cli.PATIENCE, check=True,
        )  # fmt: skip
        times = [float(line.strip(",")) for line in probed.stdout.decode().split()]
        self.assertEqual([r["pts"] for r in found], times)
        for i, record in enumerate(found):
            self.assertEqual(list(record)[:5], ["source", "index", "pts", "frame_id", "camera_id"])
            self.assertEqual(record["frame_id"], f"{path}#{i}")
            self.assertEqual(record["camera_id"], path)
            self.assertEqual((record["width"], record["height"]), (320, 240))
            self.assertEqual(record["format"], "mjpeg")

    def test_its_pixels_are_those_that_ffmpeg_decodes(self):
        path = self.path("walk.mkv")
        ffmpeg("-i", self.video(frames=3), "-c:v", "ffv1", "-pix_fmt", "yuvj420p", path)
        luma = ffmpeg("-flags", "bitexact", "-i", path, "-pix_fmt", "gray", "-f", "rawvideo", "-")
        raw = records(process("--raw", "320x240:gray8", "-", stdin=luma))
        self.assertEqual([r["stats"] for r in records(process(path))], [r["stats"] for r in raw])

    def test_a_torn_jpeg_is_an_error_through_every_door(self):
        whole = pictures.sample("left.jpg")
        kept = len(whole) // 2
        torn = whole[:kept] + bytes(len(whole) - kept)
        avi = self.video("t.avi", frames=3, size="160x120")
        with open(avi, "rb") as file:
            data = bytearray(file.read())
        begin = data.index(b"00dc", data.index(b"movi")) + 8
        length = int.from_bytes(data[begin - 4 : begin], "little")
        data[begin + length // 2 : begin + length] = bytes(length - length // 2)
        body = json.dumps({"frame_data": base64.b64encode(torn).decode()}).encode()
        requests = self.write("t.ndjson", b"\xef\xbb\xbf" + body + b"\n")
        for words, errors in (
            ([self.write("t.jpg", torn)], [True]),
            ([self.write("t.mjpeg", torn + whole)], [True, False]),
            ([self.write("torn.avi", data)], [True, False, False]),
            (["--requests", requests], [True]),
        ):
            with self.subTest(words):
                found = records(process(*words))
                self.assertEqual(["error" in record for record in found], errors)
                self.assertEqual(found[0]["error"]["type"], "invalid-frame")
                self.assertIn("the JPEG is", found[0]["error"]["message"])

    def test_what_is_no_picture_names_the_other_doors(self):
        for name, data, word in (
            ("a.flv", b"FLV\1\1\0\0\0\x09", "FLV video"),
            ("a.y4m", b"YUV4MPEG2 W4 H4\n", "Y4M video"),
            ("a.jsonl", b'{"frame_data": ""}\n', "not a picture of a known format"),
        ):
            with self.subTest(name):
                (record,) = records(process(self.write(name, data)))
                self.assertIn(word, record["error"]["message"])
                self.assertIn("--requests", record["error"]["message"])
        video = self.video("a.mp4", frames=20)
        (record,) = records(process(self.cut(video, "half.mp4")))
        self.assertIn("has no index (moov)", record["error"]["message"])

    def test_a_jpeg_is_judged_alike_alone_and_in_a_video(self):
        whole = pictures.sample("left.jpg")
        extra = whole.replace(b"\xff\xd9", b"\x12" * 12 + b"\xff\xd9")
        cut, no_end = whole[: len(whole) // 2], whole[:-2]
        data = b"".join((whole, extra, cut, no_end, whole))
        video = records(process(self.write("v.mjpeg", data)))
        alone = [records(process(self.write(f"{i}.jpg", each)))[0]
                 for i, each in enumerate((whole, extra, cut, no_end, whole))]  # fmt: skip
        for record in video + alone:
            for name in ("source", "index", "pts", "frame_id", "camera_id", "format"):
                record.pop(name, None)
        self.assertEqual(video, alone)
        self.assertEqual(["error" in r for r in video], [False, False, True, False, False])

    def test_a_broken_video_gives_its_good_frames_then_one_error_and_the_rest_goes_on(self):
        path = self.video(frames=30)
        broken = self.cut(path, "broken.avi")
        none = self.write("text.mp4", b"words " * 100)
        last = self.copy("box.png")
        result = process(broken, none, last)
        self.assertEqual((result.returncode, result.err), (1, ""))
        found = records(result)
        errors = [r for r in found if "error" in r]
        self.assertEqual([r["source"] for r in errors], [broken, none])
        good = [r for r in found if r["source"] == broken and "error" not in r]
        self.assertGreater(len(good), 5)
        self.assertEqual([r["index"] for r in good], list(range(errors[0]["index"])))
        self.assertEqual(errors[0]["index"], len(good))
        self.assertEqual(found[-1]["source"], last)
        self.assertNotIn("error", found[-1])

    def test_in_a_directory_and_by_content_under_any_name(self):
        path = self.video("d/b.avi", frames=3)
        self.copy("box.png", "d/a.png")
        self.copy("box.png", "d/c.png")
        other = self.path("recording")
        os.link(path, other)
        found = records(process(self.path("d"), other))
        names = [(os.path.basename(r["source"]), r["index"]) for r in found]
        video = [("b.avi", i) for i in range(3)]
        plain = [("recording", i) for i in range(3)]
        self.assertEqual(names, [("a.png", 0), *video, ("c.png", 0), *plain])

    def test_annotated_frames_are_named_by_their_index(self):
        path = self.video("clips/v.avi", frames=3)
        out = self.path("out")
        result = process("--annotate", out, self.path("clips"))
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertEqual(sorted(os.listdir(out + "/clips/v.avi")),
                         ["000000.jpg", "000001.jpg", "000002.jpg"])  # fmt: skip
        width, height, drawn = pictures.jpeg_luma(out + "/clips/v.avi/000002.jpg")
        self.assertEqual((width, height), (320, 240))
        ffmpeg("-i", path, "-vf", "select=eq(n\\,2)", "-frames:v", "1", self.path("f.jpg"))
        _, _, plain = pictures.jpeg_luma(self.path("f.jpg"))
        off = sum(abs(a - b) for a, b in zip(drawn, plain)) / len(plain)
        self.assertLess(off, 12)  # the same picture, encoded again

    def test_failures_are_counted_by_frame(self):
        path = self.video(frames=20)
        broken = self.cut(path, "broken.avi")
        for jobs in ("1", "8"):
            result = process("-j", jobs, "--fail-fast", broken, path)
            self.assertEqual(result.returncode, 1)
            self.assertIn("error", records(result)[-1])
            self.assertEqual({r["source"] for r in records(result)}, {broken})

    def test_memory_does_not_grow_with_the_number_of_frames(self):
        peaks = []
        for frames in (20, 400):
            path = self.video(f"{frames}.avi", frames=frames, size="640x480")
            peaks.append(self.peak(path, frames))
        self.assertLess(peaks[1] - peaks[0], 8 * 1024, peaks)


class Damage(WithVideos):
    """Of H.264, whose decoder makes up what is missing. A key frame is every third picture."""

    CODING = ("-c:v", "libx264", "-g", "3", "-bf", "0")

    def coded(self, name, *coding, frames=10):
        path = self.path(name)
        ffmpeg("-i", pictures.sample_path("vtest.avi"), "-frames:v", str(frames), "-s", "160x120",
               *(coding or self.CODING), path)  # fmt: skip
        return path

    def units(self, data, *kinds):
        """Where the NAL units of these kinds begin and end."""
        begins, at = [], data.find(b"\0\0\1")
        while at >= 0:
            begins.append(at)
            at = data.find(b"\0\0\1", at + 3)
        ends = [*begins[1:], len(data)]
        return [(a, b) for a, b in zip(begins, ends) if data[a + 3] & 31 in kinds]

    def without(self, path, name, number, kind=1):
        with open(path, "rb") as file:
            data = file.read()
        begin, end = self.units(data, kind)[number]
        return self.write(name, data[:begin] + data[end:])

    def check(self, path, good, dropped, error_at):
        """One error, in its place, and the whole pictures beside it."""
        result = process(path, quiet=False)
        found = records(result)
        errors = [r["index"] for r in found if "error" in r]
        self.assertEqual((errors, len(found) - len(errors)), ([error_at], good), result.err)
        self.assertIn(f" {dropped} dropped", result.err)
        self.assertEqual(result.returncode, 1)
        return [r for r in found if "error" not in r]

    def check_from_the_middle(self, name, *coding):
        """Of a recording that somebody came late to, and of one that lost a packet, what is handed out is
        what the whole one has there; and one loss costs one group of pictures."""
        kept = [r["stats"] for r in records(process(self.coded(name, *coding, frames=150)))]
        self.assertEqual(len(kept), 150)
        with open(self.path(name), "rb") as file:
            data = file.read()
        packets = [data[at : at + 188] for at in range(0, len(data), 188)]
        ours = [n for n, each in enumerate(packets) if (each[1] & 31) << 8 | each[2] == 256]
        late = self.write("late-" + name, b"".join(packets[len(packets) // 3 :]))
        result = process(late, quiet=False)
        found = [r["stats"] for r in records(result)]
        self.assertEqual(found, kept[-len(found) :], result.err)
        self.assertGreater(len(found), 50, result.err)
        inside = next(n for n in ours[len(ours) // 3 :] if not packets[n][1] & 64)
        lost = self.write("lost-" + name, b"".join(packets[:inside] + packets[inside + 1 :]))
        result = process(lost, quiet=False)
        found = records(result)
        good = [r["stats"] for r in found if "error" not in r]
        self.assertEqual([each for each in good if each not in kept], [], result.err)
        self.assertEqual(len(found) - len(good), 1, result.err)
        self.assertGreater(len(good), 75, result.err)

    def test_open_groups_of_pictures_cost_one_group(self):
        """x264's own pictures between key frames may refer to the group before, and to each other."""
        self.check_from_the_middle("open.ts", "-c:v", "libx264", "-x264-params",
                                   "open-gop=1:keyint=25:bframes=3")  # fmt: skip

    def test_pictures_that_come_anew_in_parts_are_given_once_they_are_whole(self):
        self.check_from_the_middle("refresh.ts", "-c:v", "libx264", "-x264-params",
                                   "intra-refresh=1:keyint=25:bframes=3")  # fmt: skip

    def test_a_missing_reference_picture_is_an_error_in_every_container(self):
        whole = self.coded("whole.h264")
        lost = self.without(whole, "lost.h264", 0)
        kept = [r["stats"] for r in records(process(whole))]
        names = ["lost.h264"]
        for name in ("lost.mp4", "lost.mkv", "lost.ts", "lost.avi"):
            # Only the raw stream's own times are missing behind the loss.
            ffmpeg("-fflags", "+genpts", "-r", "10", "-i", lost, "-c", "copy", self.path(name))
            names.append(name)
        for name in names:
            with self.subTest(name):
                good = self.check(self.path(name), good=8, dropped=1, error_at=1)
                self.assertEqual([r["stats"] for r in good], [kept[0], *kept[3:]])

    def test_one_byte_of_a_start_code_costs_the_pictures_up_to_the_next_key_frame(self):
        for name in ("whole.h264", "whole.ts"):
            with self.subTest(name):
                with open(self.coded(name), "rb") as file:
                    data = bytearray(file.read())
                begin, _ = self.units(data, 1)[0]
                data[begin + 2] = 0x21
                result = process(self.write("hurt-" + name, data))
                found = records(result)
                self.assertEqual([r["index"] for r in found if "error" in r], [1], found)
                self.assertEqual(result.returncode, 1)

    def test_a_missing_reference_is_seen_behind_pictures_that_are_none(self):
        path = self.coded("b.h264", "-c:v", "libx264", "-g", "10", "-keyint_min", "10",
                          "-sc_threshold", "0", "-bf", "2", "-x264-params",
                          "b-pyramid=none:b-adapt=0", frames=20)  # fmt: skip
        with open(path, "rb") as file:
            data = file.read()
        # In order of decoding: P, and the two before it that nothing refers to.
        references = [i for i, (at, _) in enumerate(self.units(data, 1)) if data[at + 3] >> 5]
        found = records(process(self.without(path, "lost.h264", references[1])))
        self.assertEqual(sum("error" in r for r in found), 1)

    def test_a_missing_key_frame_is_an_error(self):
        path = self.coded("whole.h264")
        self.check(self.without(path, "lost.h264", 1, kind=5), good=7, dropped=1, error_at=3)

    def test_gaps_that_a_stream_allows_itself_are_no_damage(self):
        path = self.coded("whole.h264", *self.CODING, "-profile:v", "baseline")
        lost = self.without(path, "lost.h264", 1)
        with open(lost, "rb") as file:
            data = bytearray(file.read())
        for begin, _ in self.units(data, 7):
            at = self.gaps_allowed((begin + 4) * 8 + 24, data)
            data[at // 8] |= 0x80 >> at % 8
        allowed = self.write("allowed.h264", data)
        result = process(allowed)
        self.assertEqual((result.returncode, len(records(result))), (0, 9), result.err)

    def gaps_allowed(self, at, data):
        """The bit gaps_in_frame_num_value_allowed_flag of a baseline sequence parameter set."""

        def number():
            nonlocal at
            zeros = 0
            while not data[at // 8] >> (7 - at % 8) & 1:
                at, zeros = at + 1, zeros + 1
            value = 0
            for _ in range(zeros + 1):
                value, at = value << 1 | data[at // 8] >> (7 - at % 8) & 1, at + 1
            return value - 1

        number()  # its own number
        number()  # bits of frame_num
        if number() == 0:  # the order of pictures
            number()
        number()  # reference frames
        return at

    def test_what_a_stream_may_do_is_no_damage(self):
        for parameters in ("bframes=3:b-pyramid=normal:open-gop=1:keyint=8", "intra-refresh=1:keyint=8",
                           "slices=4:keyint=5", "interlaced=1:keyint=6", "ref=1:keyint=250",
                           "bframes=5:b-pyramid=strict:keyint=9:weightp=2"):  # fmt: skip
            for ending in ("h264", "mp4", "mkv", "ts", "avi"):
                with self.subTest(f"{parameters} {ending}"):
                    path = self.coded("a." + ending, "-c:v", "libx264", "-x264-params", parameters,
                                      frames=40)  # fmt: skip
                    result = process(path)
                    self.assertEqual([r for r in records(result) if "error" in r], [])
                    self.assertEqual((result.returncode, len(records(result))), (0, 40))

    def test_a_damaged_first_key_frame_is_an_error_where_an_index_says_that_it_is_one(self):
        for ending in ("mp4", "mkv"):
            with open(self.coded("whole." + ending), "rb") as file:
                data = file.read()
            # Behind the words of the encoder, which come first.
            at = data.index(b"\x65\x88", data.index(b"x264 - core"))
            for byte, bit in ((at - 4, 0x40), (at, 0x01), (at, 0x80)):
                with self.subTest(f"{ending} {at - byte} {bit}"):
                    hurt = bytearray(data)
                    hurt[byte] ^= bit
                    self.check(self.write("hurt." + ending, hurt), good=7, dropped=2, error_at=0)

    def test_a_recording_that_begins_between_key_frames_is_whole(self):
        for ending in ("h264", "ts"):
            with self.subTest(ending):
                whole = self.coded("whole.h264")
                with open(whole, "rb") as file:
                    data = file.read()
                begin, _ = self.units(data, 1)[0]
                late = self.write("late.h264", data[begin:])
                if ending != "h264":
                    late = self.path("late." + ending)
                    ffmpeg("-fflags", "+genpts", "-r", "10", "-i", self.path("late.h264"), "-c", "copy",
                           "-copyinkf", late)  # fmt: skip
                result = process(late, quiet=False)
                self.assertEqual((result.returncode, len(records(result))), (0, 7))
                self.assertIn(" 2 dropped", result.err)


class HowFar(WithVideos):
    def test_a_percentage_is_shown_of_the_smallest_videos(self):
        for name in ("a.mp4", "a.mkv", "a.avi", "a.h264", "a.ts", "a.mjpeg", "a.mpg"):
            with self.subTest(name):
                path = self.path(name)
                ffmpeg("-i", pictures.sample_path("vtest.avi"), "-frames:v", "20", "-s", "64x48", "-r", "25", path)
                self.assertLess(os.path.getsize(path), 65536)
                self.assertRegex(self.terminal(path), r"0/1 inputs, [0-9]+%, .* left")

    def terminal(self, *words):
        """What a run shows to who sits in front of it."""
        ours, its = pty.openpty()
        with open(self.path("records"), "wb") as output:
            child = subprocess.Popen([cli.BINARY, "process-file", *words], stdout=output, stderr=its,
                                     env=QUICK)
        os.close(its)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # nobody has the other side
            pass
        os.close(ours)
        self.assertEqual(child.wait(cli.PATIENCE), 0, shown)
        return shown.decode()


class Raw(WithVideos):
    def test_a_file_of_several_frames_is_each_of_them(self):
        path = self.video(frames=3)
        for layout, name in (("nv12", "nv12"), ("bgr24", "bgr24"), ("gray", "gray8"),
                             ("gray16le", "gray16le"), ("yuyv422", "yuyv")):  # fmt: skip
            with self.subTest(name):
                data = ffmpeg("-i", path, "-pix_fmt", layout, "-f", "rawvideo", "-")
                raw = self.write("frames.raw", data)
                words = ["--raw", f"320x240:{name}"]
                found = records(process(*words, raw))
                self.assertEqual([r["index"] for r in found], [0, 1, 2])
                self.assertEqual({(r["format"], r["camera_id"]) for r in found}, {(name, raw)})
                piped = records(process(*words, "-", stdin=data))
                self.assertEqual([r["stats"] for r in piped], [r["stats"] for r in found])

    def test_what_has_a_format_of_its_own_is_read_as_that(self):
        found = records(process("--raw", "10x10:gray8", self.copy("box.png"),
                                self.write("one.raw", b"x" * 100)))  # fmt: skip
        self.assertEqual([r["format"] for r in found], ["png", "gray8"])
        self.assertNotIn("camera_id", found[1])

    def test_pixels_that_look_like_another_format_stay_pixels(self):
        frame = b"\xff\xd8\xff" + b"x" * 97
        found = records(process("--raw", "10x10:gray8", self.write("two.raw", b"y" * 100 + frame)))
        self.assertEqual([r.get("format") for r in found], ["gray8", "gray8"])

    def test_sizes_that_do_not_fit_say_both_numbers(self):
        result = process("--raw", "10x10:bgr24", self.write("x.raw", b"x" * 100))
        self.assertEqual(result.returncode, 65)
        self.assertIn("300", records(result)[0]["error"]["message"])
        result = process("--raw", "10x10:gray8", "-", stdin=b"x" * 150)
        self.assertEqual(["error" in r for r in records(result)], [False, True])
        self.assertIn("50 of the 100 bytes", records(result)[1]["error"]["message"])

    def test_a_description_that_cannot_be_is_bad_use(self):
        for raw in ("10x10", "10:gray8", "10x10:gray9", "0x10:gray8", "11x10:yuyv", "axb:f32"):
            result = process("--raw=" + raw, self.copy("box.png"))
            self.assertEqual(result.returncode, 2, raw)
            self.assertIn("--raw", result.err)


class Requests(WithVideos):
    def test_each_line_is_a_record_and_a_bad_one_says_its_line(self):
        path = self.recording("r.ndjson")
        result = process(path)
        self.assertEqual((result.returncode, result.err), (1, ""))
        found = records(result)
        self.assertEqual([r["index"] for r in found], [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12])
        self.assertEqual([r["frame_id"] for r in found][:4], ["f0", "f1", "f2", path + "#3"])
        self.assertEqual(found[4]["camera_id"], "a")
        self.assertTrue(found[3]["error"]["message"].startswith("line 4: "))
        with open(path, "rb") as file:
            piped = process("--requests", "-", stdin=file.read())
        self.assertEqual([r["frame_id"] for r in records(piped)][4:], [r["frame_id"] for r in found][4:])

    def test_hostile_lines(self):
        good = json.dumps({"frame_data": base64.b64encode(pictures.gray_png(8, 8)).decode()}).encode()
        limit = 10_485_760
        lines = [good, b'{"frame_data":"\0"}', b"[" * 1000, b"\xff\xfe", b"x" * (limit + 1),
                 b" " * (limit - len(good)) + good, good + b"\r", b"  ", good]  # fmt: skip
        path = self.write("h.ndjson", b"\n".join(lines))
        found = records(process(path))
        kinds = [r.get("error", {}).get("type") for r in found]
        bad = "invalid-frame"
        self.assertEqual(kinds, [None, bad, bad, bad, "too-large", None, None, None])
        self.assertEqual([r["index"] for r in found], [0, 1, 2, 3, 4, 5, 6, 8])

    def test_a_recording_is_replayed_as_the_service_would_have_answered(self):
        frame = base64.b64encode(pictures.sample("messi5.jpg")).decode()
        path = self.write("r.ndjson", json.dumps({"frame_data": frame}).encode())
        (replayed,) = records(process("--pipeline", "stats,faces", path))
        (direct,) = records(process("--pipeline", "stats,faces", pictures.sample_path("messi5.jpg")))
        for record in (replayed, direct):
            del record["source"], record["frame_id"]
        self.assertEqual(replayed, direct)

    def test_recordings_are_not_looked_for_in_directories(self):
        self.recording("d/r.ndjson")
        self.assertEqual(process(self.path("d")).returncode, 65)

    def test_memory_does_not_depend_on_the_size_of_the_recording(self):
        line = json.dumps({"frame_data": base64.b64encode(pictures.gray_png(400, 300)).decode()})
        peaks = []
        for lines in (100, 2000):
            path = self.write(f"{lines}.ndjson", (line + "\n").encode() * lines)
            peaks.append(self.peak(path, lines))
        self.assertLess(peaks[1] - peaks[0], 6 * 1024, peaks)


class OneCamera(WithVideos):
    def test_all_inputs_are_the_named_cameras(self):
        inputs = [self.video(frames=2), self.recording("r.ndjson"), self.copy("box.png")]
        found = records(process("--camera", "door", *inputs))
        self.assertEqual({r["camera_id"] for r in found if "error" not in r}, {"door"})
        self.assertNotIn("camera_id", records(process(inputs[2]))[0])

    def test_a_name_that_cannot_be_is_bad_use(self):
        for name in ("x" * 257, "a\nb"):
            self.assertEqual(process("--camera", name, self.copy("box.png")).returncode, 2)


if __name__ == "__main__":
    cli.main()
