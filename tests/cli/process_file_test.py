"""sampleproc process-file: records, order, exit codes, outputs, by running the binary."""

import json
import os
import pathlib
import shutil
import subprocess

import cli
import pictures
from folder import WithDirectory, process, records

RESULT_FIELDS = [
    "source", "index", "frame_id", "detections", "total_objects", "width", "height", "format",
    "orientation", "warnings", "stats", "steps",
]  # fmt: skip
CLOCK_FIELDS = {"processing_time_ms", "timestamp", "times_ms"}


class Records(WithDirectory):
    def test_faces_are_found_where_there_are_faces(self):
        names = ("basketball1.png", "messi5.jpg", "fruits.jpg")
        result = process("--pipeline", "faces", *map(pictures.sample_path, names))
        self.assertEqual((result.returncode, result.err), (0, ""))
        found = [[d["class"] for d in record["detections"]] for record in records(result)]
        self.assertEqual(found, [["face"], ["face"], []])

    def test_a_record_has_the_documented_fields_in_order(self):
        path = pictures.sample_path("messi5.jpg")
        (record,) = records(process("--pipeline", "stats,faces", path))
        self.assertEqual(list(record), RESULT_FIELDS)
        self.assertEqual((record["source"], record["index"]), (path, 0))
        self.assertEqual(record["frame_id"], path + "#0")
        self.assertEqual((record["width"], record["height"]), (548, 342))
        self.assertEqual((record["format"], record["orientation"]), ("jpeg", 1))
        self.assertEqual(record["total_objects"], len(record["detections"]))
        self.assertEqual(record["steps"], [{"name": "stats"}, {"name": "faces"}])
        (face,) = record["detections"]
        self.assertEqual(list(face), ["class", "confidence", "bbox", "detector"])
        self.assertEqual((face["class"], face["detector"]), ("face", "dlib-frontal"))
        self.assertTrue(0.5 <= face["confidence"] <= 1)
        left, top, right, bottom = face["bbox"]
        self.assertTrue(0 <= left < right <= 548 and 0 <= top < bottom <= 342)

    def test_an_error_record_has_the_documented_fields(self):
        path = self.write("text.jpg", b"words")
        (record,) = records(process(path))
        self.assertEqual(list(record), ["source", "index", "frame_id", "error"])
        self.assertEqual(list(record["error"]), ["type", "message"])
        self.assertEqual(record["error"]["type"], "unsupported-format")
        self.assertNotIn("words", record["error"]["message"])

    def test_every_kind_of_broken_or_hostile_frame_has_a_record_that_says_why(self):
        paths = [
            self.write(f"{number:02}", data)
            for number, data in enumerate(pictures.hostile().values())
        ]
        result = process(*paths)
        self.assertEqual((result.returncode, result.err), (65, ""))
        self.assertEqual([record["source"] for record in records(result)], paths)
        for name, record in zip(pictures.hostile(), records(result)):
            with self.subTest(name):
                self.assertIn(record["error"]["type"], ("invalid-frame", "unsupported-format"))
                self.assertTrue(record["error"]["message"])

    def test_clock_fields_come_with_timings_and_nothing_else_changes(self):
        path = pictures.sample_path("box.png")
        (plain,) = records(process(path))
        (timed,) = records(process("--timings", path))
        self.assertEqual(set(timed) - set(plain), CLOCK_FIELDS)
        self.assertEqual(set(timed["times_ms"]), {"queued", "decode", "total"})
        for field in CLOCK_FIELDS:
            del timed[field]
        for step in timed["steps"]:
            self.assertIsInstance(step.pop("took_ms"), (int, float))
        self.assertEqual(timed, plain)
        self.assertEqual(list(timed), list(plain))

    def test_a_name_that_is_no_utf8_still_gives_json(self):
        path = os.fsencode(self.path("")) + b"\xff\x01\".png"
        shutil.copy(pictures.sample_path("mask.png"), path)
        result = process(path)
        self.assertEqual((result.returncode, len(records(result))), (0, 1))

    def test_a_wrong_extension_is_a_warning(self):
        (record,) = records(process(self.copy("box.png", "box.jpg")))
        self.assertEqual(record["format"], "png")
        self.assertEqual(len(record["warnings"]), 1)

    def test_one_picture_on_standard_input(self):
        result = process("-", stdin=pictures.sample("box.png"))
        (record,) = records(result)
        (named,) = records(process(pictures.sample_path("box.png")))
        self.assertEqual((record["source"], record["frame_id"]), ("-", "-#0"))
        del record["source"], record["frame_id"], named["source"], named["frame_id"]
        self.assertEqual(record, named)


class Statistics(cli.TestCase):
    """Against the definition, computed from pixels that others decoded."""

    def check(self, name, luma):
        path = pictures.sample_path(name)
        (record,) = records(process("--pipeline", "stats", path))
        expected = pictures.stats(*luma(path))
        found = record["stats"]
        self.assertEqual(set(found), set(expected))
        for field in ("histogram", "min", "max"):
            self.assertEqual(found[field], expected[field], field)
        for field in ("mean", "stddev", "underexposed", "overexposed", "sharpness"):
            self.assertLessEqual(abs(found[field] - expected[field]), 1e-6, field)

    def test_of_a_jpeg(self):
        self.check("messi5.jpg", pictures.jpeg_luma)

    def test_of_a_gray_png(self):
        self.check("box.png", pictures.png_luma)


class Order(WithDirectory):
    def test_any_number_of_jobs_gives_the_same_bytes(self):
        folder = self.mixed_folder()
        words = ["--recursive", "--pipeline", "stats,faces", folder]
        results = [process("-j", jobs, *words) for jobs in ("1", "2", "8")]
        self.assertEqual([(r.returncode, r.err) for r in results], [(1, "")] * 3)
        self.assertEqual(results[0].stdout, results[1].stdout)
        self.assertEqual(results[0].stdout, results[2].stdout)
        self.assertEqual(len(records(results[0])), 12)
        failed = [os.path.basename(r["source"]) for r in records(results[0]) if "error" in r]
        self.assertEqual(failed, sorted(pictures.broken()))

    def test_arguments_as_given_and_folders_in_byte_order(self):
        for name in ("b.png", "B.png", "a10.png", "a2.png", "é.png", "z.txt", ".png", ".a.png"):
            self.copy("mask.png", "d/" + name)
        self.copy("mask.png", "d/c/inner.png")
        first = self.copy("mask.png", "zz")
        last = self.copy("mask.png", "aa.png")
        folder = self.path("d")
        plain = ["/B.png", "/a10.png", "/a2.png", "/b.png", "/é.png"]
        for words, found in (([], plain), (["-r"], plain[:4] + ["/c/inner.png"] + plain[4:])):
            result = process(*words, "-j", "4", first, folder, last)
            self.assertEqual(
                [record["source"] for record in records(result)],
                [first] + [folder + name for name in found] + [last],
            )

    def test_the_same_input_twice_is_two_records(self):
        path = self.copy("mask.png")
        first, second = records(process(path, path))
        self.assertEqual(first, second)


class ExitCodes(WithDirectory):
    def check(self, code, *words, **options):
        result = process(*words, **options)
        self.assertEqual(result.returncode, code, result.err)
        return result

    def test_0_when_every_input_was_processed(self):
        self.assertEqual(self.check(0, self.copy("box.png")).err, "")

    def test_1_when_some_failed(self):
        self.check(1, self.write("a.jpg", b"x"), self.copy("box.png"))

    def test_65_when_all_failed(self):
        self.check(65, self.write("a.jpg", b"x"), self.path("missing.png"))

    def test_65_when_no_picture_was_found(self):
        self.copy("box.png", "d/inner/box.png")
        result = self.check(65, self.path("d"))
        self.assertEqual(result.out, "")
        self.assertIn(f"no picture or video was found in {self.path('d')};", result.err)
        self.assertIn("--recursive", result.err)

    def test_2_for_bad_use(self):
        good = self.copy("box.png")
        for words in (
            [],
            ["--bogus", good],
            ["-j", "0", good],
            ["-j", "-1", good],
            ["-j", "two", good],
            ["-j", "513", good],
            ["--format", "xml", good],
            ["--pipeline", "stats,bogus", good],
            ["--set", "process.workers=no", good],
        ):
            with self.subTest(words=words):
                result = self.check(2, *words)
                self.assertEqual(result.out, "")
                self.assertTrue(result.err)

    def test_74_when_the_output_cannot_be_written(self):
        good = self.copy("box.png")
        with open("/dev/full", "wb") as full:
            result = self.check(74, good, stdout=full)
        self.assertIn("No space left on device", result.err)
        self.assertIn("No space left", self.check(74, "-o", "/dev/full", good).err)
        result = self.check(74, "--output", self.path("missing/out.ndjson"), good)
        self.assertRegex(result.err, "cannot open the output file .*missing/out.ndjson.*: No such file")
        self.check(74, "--output", self.directory, good)

    def test_78_for_a_broken_configuration_file(self):
        good = self.copy("box.png")
        path = self.write("bad.toml", b"[process]\nworkers = =\n")
        result = self.check(78, "--config", path, good)
        self.assertEqual(result.out, "")
        self.assertTrue(result.err.startswith(path + ":2:"), result.err)
        self.check(78, good, env={"SAMPLEPROC_CONFIG": path})
        self.check(78, good, env={"SAMPLEPROC_PROCESS_PIPELINE": "bogus"})

    def test_the_original_services_variables_are_not_read(self):
        self.check(0, self.copy("box.png"), env={"DETECTION_THRESHOLD": "seven", "PORT": "x"})


class Output(WithDirectory):
    def test_a_file_holds_what_standard_output_would(self):
        folder = self.mixed_folder()
        target = self.write("out.ndjson", b"what was here before\n" * 10_000)
        shown = process("-r", folder)
        written = process("-r", folder, "--output", target)
        self.assertEqual((written.returncode, written.out, written.err), (1, "", ""))
        with open(target, "rb") as file:
            self.assertEqual(file.read(), shown.stdout)

    def test_the_table(self):
        good = pictures.sample_path("messi5.jpg")
        bad = self.write("bad\x1b[2J.png", b"")
        result = process("--format", "table", "--pipeline", "faces", good, bad)
        self.assertEqual((result.returncode, result.err), (1, ""))
        heading, first, second = result.out.splitlines()
        self.assertEqual(heading.split(), ["SOURCE", "SIZE", "FORMAT", "FOUND", "WHAT"])
        self.assertIn("messi5.jpg", first)
        for word in ("548x342", "jpeg", "face"):
            self.assertIn(word, first.split())
        self.assertIn("error: ", second)
        self.assertNotIn("\x1b", result.out)

    def test_a_reader_that_goes_away_is_no_news(self):
        good = self.copy("mask.png")
        reading, writing = os.pipe()
        child = cli.start(self, "process-file", "-q", good, "-", stdout=writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            self.assertTrue(pipe.readline().endswith(b"\n"))
        # Only now is there a second record, and nobody to read it.
        _, errors = child.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
        self.assertEqual(errors, b"")
        self.assertGreaterEqual(child.returncode, 0, "ended by a signal")

    def test_head_gets_its_line(self):
        result = subprocess.run(
            ["/bin/sh", "-c", '"$0" process-file "$@" | head -n 1', cli.BINARY]
            + [self.copy("mask.png")] * 50,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=cli.PATIENCE,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(json.loads(result.stdout)["source"], self.path("mask.png"))


class Annotate(WithDirectory):
    def size(self, path):
        done = subprocess.run(["djpeg", "-pnm", path], capture_output=True, timeout=60, check=True)
        self.assertEqual(done.stderr, b"")
        return tuple(map(int, done.stdout.split(b"\n", 2)[1].split()))

    def found(self, top):
        return sorted(
            os.path.relpath(os.path.join(where, name), top)
            for where, _, names in os.walk(top)
            for name in names
        )

    def test_pictures_of_the_same_size_with_the_documented_names(self):
        self.copy("box.png", "x/d/e.png")
        self.copy("basketball1.png", "x/d/deeper/f.png")
        self.write("x/d/bad.png", b"")
        single = self.copy("messi5.jpg", "a/b.jpg")
        out = self.path("new/out")
        words = ["-r", "--pipeline", "stats,faces", "-j", "2", self.path("x/d"), single]
        plain = process(*words)
        result = process("--annotate", out, *words)
        self.assertEqual((result.returncode, result.err), (1, ""))
        self.assertEqual(result.stdout, plain.stdout)
        self.assertEqual(self.found(out), ["b.jpg.jpg", "d/deeper/f.png.jpg", "d/e.png.jpg"])
        self.assertEqual(self.size(out + "/b.jpg.jpg"), (548, 342))
        self.assertEqual(self.size(out + "/d/e.png.jpg"), (324, 223))
        self.assertEqual(self.size(out + "/d/deeper/f.png.jpg"), (640, 480))

    def test_the_box_is_drawn(self):
        source = pictures.sample_path("messi5.jpg")
        process("--annotate", self.path("with"), "--pipeline", "faces", source)
        process("--annotate", self.path("without"), "--pipeline", "stats", source)
        drawn = pictures.jpeg_luma(self.path("with/messi5.jpg.jpg"))
        plain = pictures.jpeg_luma(self.path("without/messi5.jpg.jpg"))
        self.assertNotEqual(drawn, plain)
        self.assertEqual(drawn[2][:548], plain[2][:548])  # far from the box

    def test_two_arguments_of_the_same_name_are_refused(self):
        first, second = self.copy("box.png", "a/box.png"), self.copy("box.png", "b/box.png")
        for words in ([first, second], [first, first], [self.path("a"), self.path("b/../a/")]):
            result = process("--annotate", self.path("out"), *words)
            self.assertEqual((result.returncode, result.out), (2, ""))
            self.assertIn("both be written as", result.err)

    def test_a_listed_input_does_not_get_among_those_of_an_argument(self):
        argument, listed = self.path("x/d"), ("d/e.png", "other/e.png")
        self.copy("box.png", "x/d/e.png")
        for name in listed:
            self.copy("mask.png", name)
        out = self.path("out")
        result = process("--annotate", out, argument, "--files-from", "-", cwd=self.directory,
                         stdin="\n".join(listed).encode())  # fmt: skip
        self.assertEqual(result.returncode, 1)
        errors = [r.get("error", {}).get("message", "") for r in records(result)]
        self.assertEqual([bool(message) for message in errors], [False, True, False])
        self.assertIn("argument named 'd'", errors[1])
        self.assertEqual(self.found(out), ["d/e.png.jpg", "other/e.png.jpg"])
        self.assertEqual(self.size(out + "/d/e.png.jpg"), (324, 223))  # the argument's

    def test_pictures_are_not_written_where_inputs_are_looked_for(self):
        inputs = self.path("in")
        self.copy("box.png", "in/box.png")
        for words in (["-r", "--annotate", inputs + "/out"], ["--annotate", self.directory]):
            result = process(*words, inputs)
            self.assertEqual((result.returncode, result.stdout), (2, b""))
            self.assertIn("--annotate", result.err)
        self.assertEqual(process("--annotate", inputs + "/out", inputs).returncode, 0)

    def test_an_input_is_not_written_over(self):
        first, second = self.copy("box.png"), self.copy("messi5.jpg", "box.png.jpg")
        before = pathlib.Path(second).read_bytes()
        for place in (self.directory, "."):
            result = process("--annotate", place, first, second, cwd=self.directory)
            self.assertEqual((result.returncode, result.stdout), (2, b""))
            self.assertIn("would write over the input 'box.png.jpg'", result.err)
        self.assertEqual(pathlib.Path(second).read_bytes(), before)
        # Nor what is no input, unless it was written by --annotate.
        result = process("--annotate", self.directory, first)
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertIn("would replace a file that --annotate has not written", result.err)
        self.assertEqual(pathlib.Path(second).read_bytes(), before)
        os.remove(second)
        os.mkfifo(second)
        self.assertEqual(process("--annotate", self.directory, first).returncode, 2)
        os.remove(second)
        for _ in range(2):
            self.assertEqual(process("--annotate", self.directory, first).returncode, 0)
        self.assertEqual(self.size(second), (324, 223))

    def test_pictures_of_a_video_that_somebody_else_has_made(self):
        video = self.copy("vtest.avi", "clip.avi")
        out, mine = self.path("out"), self.copy("box.png", "out/clip.avi/000004.jpg")
        result = process("--annotate", out, video)
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertIn("clip.avi/000004.jpg would replace", result.err)
        os.rename(mine, self.path("out/clip.avi/door.jpg"))  # no name of a frame
        self.assertEqual(process("--annotate", out, "--max-failures", "1", self.copy("box.png")).returncode, 0)

    def test_what_is_refused_leaves_no_directory(self):
        inputs = self.path("in")
        self.copy("box.png", "in/box.png")
        result = process("-r", "--annotate", inputs + "/out", inputs)
        self.assertEqual(result.returncode, 2)
        self.assertFalse(os.path.exists(inputs + "/out"))

    def test_a_directory_that_cannot_be_made(self):
        blocked = self.write("file", b"")
        result = process("--annotate", blocked + "/out", self.copy("box.png"))
        self.assertEqual((result.returncode, result.out), (74, ""))
        self.assertIn("cannot make the directory", result.err)


class OddInputs(WithDirectory):
    def test_what_is_no_file_has_an_error_record(self):
        fifo = self.path("fifo.png")
        os.mkfifo(fifo)
        broken_link = self.path("link.png")
        os.symlink("nowhere", broken_link)
        loop = self.path("loop.png")
        os.symlink("loop.png", loop)
        inputs = [fifo, broken_link, loop, "/dev/zero", self.path("missing.jpg")]
        result = process("-j", "2", *inputs)
        self.assertEqual((result.returncode, result.err), (65, ""))
        self.assertEqual([record["source"] for record in records(result)], inputs)
        self.assertIn("FIFO", records(result)[0]["error"]["message"])
        self.assertIn("device", records(result)[3]["error"]["message"])

    def test_a_directory_that_holds_itself_is_walked_once(self):
        self.copy("mask.png", "d/a.png")
        os.symlink(self.path("d"), self.path("d/again"))
        os.symlink("..", self.path("d/up"))
        os.mkfifo(self.path("d/fifo.png"))
        result = process("-r", self.path("d"))
        self.assertEqual(result.returncode, 0)
        self.assertEqual([r["source"] for r in records(result)], [self.path("d/a.png")])

    def test_a_name_that_starts_with_a_dash(self):
        self.copy("mask.png", "-j.png")
        self.assertEqual(process("--", "-j.png", cwd=self.directory).returncode, 0)


if __name__ == "__main__":
    cli.main()
