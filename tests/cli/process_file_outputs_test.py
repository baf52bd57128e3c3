"""sampleproc process-file: nothing is destroyed, and what a run came to is said."""

import json
import os
import pty
import resource
import shutil
import signal
import subprocess

import cli
import pictures
from folder import QUICK, WithDirectory, nameless, process, records


# A run that is still at work when a signal comes to it.
SLOW = {**QUICK, "SAMPLEPROC_PROCESS_DELAY": "100ms"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


class NothingIsDestroyed(WithDirectory):
    def refused(self, *words, **options):
        """Run, refused as bad use, with everything in the directory as it was."""
        before = self.everything()
        result = process(*words, **options)
        self.assertEqual((result.returncode, result.out), (2, ""), (words, result.err))
        self.assertIn("would be destroyed", result.err)
        self.assertEqual(self.everything(), before, words)

    def everything(self):
        return {
            os.path.join(folder, name): read(os.path.join(folder, name))
            for folder, _, names in os.walk(self.directory)
            for name in names
        }

    def test_an_output_that_is_an_input(self):
        picture, other = self.copy("box.png"), self.copy("mask.png", "d/mask.png")
        self.refused(picture, "-o", picture)
        self.refused(other, picture, "-o", picture)
        self.refused(self.path("d"), "-o", other)
        self.refused("-r", self.directory, "-o", other)
        self.refused("--append", picture, "-o", picture)
        deep = self.path("d") + "/../box.png"
        self.refused(picture, "-o", deep)

    def test_the_files_of_detectors_and_cameras(self):
        picture, used = self.copy("mask.png"), self.write("used.txt", b"x")
        out = self.path("out")
        for key in ("detector.objects.model", "detector.objects.labels", "camera.door.url",
                    "camera.door.password_file"):  # fmt: skip
            url = [] if key.endswith("url") else ["--set", "camera.door.url=rtsp://user@host/"]
            words = [picture, *url, "--set", f"{key}={used}"]
            self.refused(*words, "-o", used)
            self.refused(*words, "--pipeline", "stats,track", "-o", out, "--events", used)

    def test_by_another_name_link_or_device(self):
        picture = self.copy("box.png")
        os.symlink(picture, self.path("soft.png"))
        os.link(picture, self.path("hard.png"))
        for name in ("soft.png", "hard.png"):
            self.refused(picture, "-o", self.path(name))
            self.refused(self.path(name), "-o", picture)
        with open(picture, "rb") as file:
            done = subprocess.run(
                [cli.BINARY, "process-file", "-", "-o", picture], stdin=file, env={},
                capture_output=True, timeout=cli.PATIENCE, check=False,
            )  # fmt: skip
        self.assertEqual(done.returncode, 2)
        size = os.path.getsize(picture)
        with open(picture, "ab") as file:
            self.assertEqual(process(picture, stdout=file).returncode, 2)
        self.assertEqual(os.path.getsize(picture), size)

    def test_lists_requests_earlier_runs_checkpoints_and_configurations(self):
        picture = self.copy("box.png")
        names = self.write("list.txt", picture.encode() + b"\n")
        body = self.write("r.ndjson", b'{"frame_data": ""}\n')
        old = self.write("old.ndjson", process(picture).stdout)
        config = self.write("c.toml", b"")
        state = self.path("state")
        self.refused("--files-from", names, "-o", names)
        self.refused("--files-from", names, "-o", picture)
        self.refused("--requests", body, "-o", body)
        self.refused(picture, "--compare", old, "-o", old)
        self.refused(picture, "-c", config, "-o", config)
        self.refused(picture, "-o", self.path("x"), "--resume", picture)
        self.refused(picture, "-o", state, "--resume", state)
        self.refused(picture, "-o", state + ".new", "--resume", state)
        self.refused("--files-from", "-", "-o", body, stdin=body.encode())

    def test_a_photo_is_no_output(self):
        """As where a pattern stands behind -o."""
        picture, photo = self.copy("box.png"), self.copy("messi5.jpg")
        before = self.everything()
        for words in (["-o", photo], ["--append", "-o", photo], ["-o", photo, "--resume", self.path("s")]):
            result = process(picture, *words)
            self.assertEqual((result.returncode, result.out), (2, ""), words)
            self.assertIn(f"the output file {photo} is an image or a video; name another file", result.err)
            self.assertEqual(self.everything(), before)

    def test_what_is_not_read_is_no_output_either(self):
        picture = self.copy("box.png")
        for start in (b"II*\0", b"BM", b"GIF89a", b"\xff\x0a", b"FLV\1"):
            other = self.write("other", start + bytes(100))
            before = self.everything()
            result = process(picture, "-o", other)
            self.assertEqual((result.returncode, result.out), (2, ""), start)
            self.assertIn(f"the output file {other} is an image or a video; name another file", result.err)
            self.assertEqual(self.everything(), before)

    def test_the_output_of_another_run_is_not_cut(self):
        picture, other, state = self.copy("box.png"), self.copy("mask.png"), self.path("state")
        out, mine = self.path("out"), self.write("thesis.txt", b"mine\n" * 10_000)
        self.assertEqual(process(picture, "-o", out, "--resume", state).returncode, 0)
        before = self.everything()
        for words in ([other, "-o", mine], [picture, "-o", mine]):
            result = process(*words, "--resume", state)
            self.assertEqual((result.returncode, result.out), (2, ""), words)
            self.assertIn(f"the output file {mine} is not that of the run to be resumed", result.err)
            self.assertEqual(self.everything(), before)
        with open(out, "wb") as file:  # what somebody has put there since
            file.write(b"mine\n" * 10_000)
        before = self.everything()
        self.assertEqual(process(picture, "-o", out, "--resume", state).returncode, 2)
        self.assertEqual(self.everything(), before)

    def test_a_file_that_is_write_protected(self):
        """Though its folder is not, so that another could be put in its place."""
        picture, mine = self.copy("box.png"), self.write("mine", b"mine\n")
        os.chmod(picture, 0o644)
        os.chmod(mine, 0o444)
        os.chmod(self.directory, 0o777)
        tracked = ["--pipeline", "motion,people,track", "--events"]
        for words in (["-o", mine], ["--append", "-o", mine], [*tracked, mine],
                      ["-o", mine, "--resume", self.path("s")]):  # fmt: skip
            done = subprocess.run(
                [cli.BINARY, "process-file", picture, *words], env={}, capture_output=True,
                timeout=cli.PATIENCE, check=False, user=65534 if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
            )  # fmt: skip
            self.assertEqual(done.returncode, 74, done.stderr)
            self.assertIn(f"cannot open the output file {mine}: Permission denied".encode(), done.stderr)
            self.assertEqual(read(mine), b"mine\n")

    def test_other_names_and_owners_of_the_output_stay(self):
        picture, out, other = self.copy("box.png"), self.write("out", b"old"), self.path("other")
        os.link(out, other)
        if os.geteuid() == 0:
            os.chown(out, 65534, 65534)
        owner = os.stat(out).st_uid
        self.assertEqual(process(picture, "-o", out).returncode, 0)
        self.assertEqual(read(other), read(out))
        self.assertIn(b"box.png", read(other))
        os.remove(other)
        self.assertEqual(process(picture, "-o", out).returncode, 0)
        self.assertEqual(os.stat(out).st_uid, owner)

    def test_frames_that_failed_before_are_told_when_a_run_is_resumed(self):
        picture, state, out = self.copy("box.png"), self.path("state"), self.path("out")
        words = [picture, self.path("late.png"), "-o", out, "--resume", state]
        self.assertEqual(process(*words).returncode, 1)
        result = process(*words, quiet=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"of 2 frames before, 1 failed and are not tried again; for that remove the checkpoint {state}",
                      result.err)  # fmt: skip

    def test_the_reason_why_an_output_cannot_be_opened(self):
        result = process(self.copy("box.png"), "-o", self.path("no/x"), "--resume", self.path("s"))
        self.assertEqual(result.returncode, 74)
        self.assertIn(f"{self.path('no/x')}: No such file or directory", result.err)

    def test_what_the_configuration_reads(self):
        picture = self.copy("box.png")
        model = self.write("cascade.xml", b"<model/>")
        config = self.write("c.toml", f"process.cascade.file = '{model}'\n".encode())
        secret = self.write("secret", b"redis://h\n")
        self.refused(picture, "-o", config, env={"SAMPLEPROC_CONFIG": config})
        self.refused(picture, "-o", model, env={"SAMPLEPROC_CONFIG": config})
        self.refused(picture, "-o", model, "--set", f"process.cascade.file={model}")
        self.refused(picture, "-o", secret, env={"SAMPLEPROC_CONSUMER_REDIS_URL_FILE": secret})
        self.refused(picture, "-o", self.path("x"), "--resume", config, "-c", config)
        for key in ("http.auth_tokens_file", "consumer.redis.tls_ca_file"):
            self.refused(picture, "-o", secret, "--set", f"{key}={secret}")
        drawn = self.write("out/box.png.jpg", b"<model/>")
        self.refused(picture, "--annotate", self.path("out"), "--set",
                     f"process.cascade.file={drawn}")  # fmt: skip

    def test_outputs_that_are_each_other(self):
        picture = self.copy("box.png")
        os.makedirs(self.path("out/clip.avi"))
        drawn = self.path("out/box.png.jpg")
        annotate = ("--annotate", self.path("out"))
        self.refused(picture, *annotate, "-o", drawn)
        self.refused(picture, *annotate, "-o", self.path("x"), "--resume", drawn)
        self.refused(picture, "-o", self.path("x"), "--resume", self.path("x.part"))
        self.refused(self.write(".sampleproc-x.part", pictures.sample("mask.png")), "-o", self.path("x"))
        clip = self.copy("vtest.avi", "clip.avi")
        self.refused(clip, *annotate, "-o", self.path("out/clip.avi/000003.jpg"))

    def test_annotated_pictures_over_inputs(self):
        picture = self.copy("messi5.jpg", "in/a")
        target = self.copy("fruits.jpg", "out/a.jpg")
        names = self.write("list.txt", f"{picture}\n{target}\n".encode())
        os.makedirs(self.path("links"))
        os.symlink(target, self.path("links/a.jpg"))
        before = read(target)
        for words, stdin in (
            ((picture, target, "--annotate", self.path("out")), b""),
            ((picture, "--files-from", names, "--annotate", self.path("out")), b""),
            ((picture, "--files-from", "-", "--annotate", self.path("out")), target.encode()),
            ((picture, target, "--annotate", self.path("links")), b""),
        ):
            result = process(*words, stdin=stdin)
            self.assertEqual(result.returncode, 2, (words, result.err))
            self.assertEqual(read(target), before)

    def test_a_failed_run_leaves_the_old_output_whole(self):
        picture = self.copy("mask.png")
        old = b"what was here before\n"
        out = self.write("out.ndjson", old)
        result = process("-o", out, picture, "--files-from", self.path("missing"))
        self.assertEqual((result.returncode, read(out)), (74, old))
        child = cli.start(self, "process-file", "-q", "-j", "1", "-o", out, picture, "-",
                          *[picture] * 100, env=SLOW)  # fmt: skip
        while not nameless(child):
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
        self.assertEqual((child.returncode, read(out)), (130, old))
        # None when the signal came before the first record.
        parts = [name for name in os.listdir(self.directory) if name.endswith("part")]
        self.assertEqual([part for part in parts if part not in errors.decode()], [])
        self.assertEqual(process("-o", out, picture).returncode, 0)
        self.assertEqual(read(out), process(picture).stdout)

    def test_an_interrupted_run_leaves_what_another_run_has_put_there_meanwhile(self):
        picture, out, drawn = self.copy("mask.png"), self.path("out.ndjson"), self.path("drawn")
        for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            child = cli.start(self, "process-file", "-q", "-j", "1", "-o", out, "--annotate", drawn,
                              picture, "-", env=QUICK)  # fmt: skip
            while not os.path.exists(drawn + "/mask.png.jpg"):
                self.assertIsNone(child.poll())
            self.assertEqual(process("-o", out, self.copy("box.png")).returncode, 0)
            whole = read(out)
            child.send_signal(sent)
            self.assertEqual((child.wait(timeout=cli.PATIENCE), read(out)), (code, whole))
            errors = child.stderr.read()
            (part,) = [name for name in os.listdir(self.directory) if name.endswith(".part")]
            self.assertIn("out.ndjson is as it was; the records so far are in ", errors.decode())
            self.assertIn(part, errors.decode())
            self.assertEqual(read(self.path(part)), process(picture).stdout)
            os.remove(self.path(part))
            os.remove(out)
            shutil.rmtree(drawn)

    def test_annotated_pictures_go_into_no_directory_that_is_named_as_a_picture(self):
        for name in ("out.jpg", "OUT.PNG"):
            result = process("--annotate", self.path(name), self.copy("box.png"))
            self.assertEqual((result.returncode, result.stdout), (2, b""))
            self.assertIn("name a directory", result.err)
            self.assertFalse(os.path.exists(self.path(name)))
        os.mkdir(self.path("out.jpg"))
        self.assertEqual(process("--annotate", self.path("out.jpg"), self.copy("box.png")).returncode, 0)

    def test_a_run_without_results_or_stopped_early_leaves_the_old_output_whole(self):
        good, bad = self.copy("mask.png"), self.write("bad.png", b"x")
        old = b"what was here before\n"
        out = self.write("out.ndjson", old)
        for words, code, kept in (
            ([bad], 65, 1),
            ([good, bad, good, "--fail-fast"], 1, 2),
            ([good, bad, good, bad, good, "--max-failures", "2"], 1, 4),
            ([bad, good, "--fail-fast"], 65, 1),
        ):
            result = process("-o", out, *words, quiet=False)
            self.assertEqual((result.returncode, read(out)), (code, old), words)
            (part,) = [name for name in os.listdir(self.directory) if name.endswith(".part")]
            self.assertIn("out.ndjson is as it was; the records so far are in ", result.err)
            self.assertIn(part, result.err)
            self.assertEqual(len(read(self.path(part)).splitlines()), kept)
            os.remove(self.path(part))
            early = [line for line in result.err.splitlines() if "were not processed" in line]
            self.assertEqual(len(early), len(words) > 1, result.err)
            # Where nothing was before, the records are the file.
            os.remove(out)
            self.assertEqual(process("-o", out, *words).returncode, code)
            self.assertEqual(len(read(out).splitlines()), kept)
            self.write("out.ndjson", old)
        os.makedirs(self.path("empty"))
        result = process("-o", out, self.path("empty"))
        self.assertEqual((result.returncode, read(out)), (65, old))
        self.assertIn("out.ndjson is as it was\n", result.err)
        self.assertEqual([n for n in os.listdir(self.directory) if n.endswith(".part")], [])

    def test_what_a_run_that_gave_up_has_not_looked_at_has_not_vanished(self):
        good, bad, other = self.copy("mask.png"), self.write("bad.png", b"x"), self.copy("box.png")
        old = self.write("old.ndjson", process(good, bad, other).stdout)
        result = process("--compare", old, "--fail-fast", good, bad, other)
        self.assertEqual((result.returncode, result.out), (0, ""))

    def test_a_resumed_run_may_go_on_behind_its_failures(self):
        good, bad = self.copy("mask.png"), self.write("bad.png", b"x")
        out = self.write("out.ndjson", b"old\n")
        words = ["-o", out, "--resume", self.path("state"), good, bad, good]
        self.assertEqual(process("--fail-fast", *words).returncode, 1)
        self.assertEqual(read(out), b"old\n")
        self.assertEqual(process(*words).returncode, 1)
        self.assertEqual(read(out), process(good, bad, good).stdout)

    def test_appended_where_asked(self):
        picture = self.copy("mask.png")
        out = self.write("out.ndjson", b"old\n")
        self.assertEqual(process("--append", "-o", out, picture).returncode, 0)
        self.assertEqual(read(out), b"old\n" + process(picture).stdout)
        for words in (["--append"], ["--append", "-o", out, "--resume", self.path("s")]):
            self.assertEqual(process(*words, picture).returncode, 2)

    def test_names_of_open_descriptors_are_written_where_they_stand(self):
        picture = self.copy("mask.png")
        record = process(picture).stdout.decode()
        log = self.path("log")
        os.symlink("/dev/stdout", self.path("link"))
        os.symlink("link", self.path("again"))
        for name, number in (
            ("/dev/stdout", 1), ("/dev/stderr", 2), ("/proc/self/fd/1", 1), ("/dev/fd/9", 9),
            ("/dev/../proc/thread-self/fd/9", 9), (self.path("again"), 1), ("/proc/$$/fd/1", 1),
        ):  # fmt: skip
            for option in ("-o", "-o /dev/null --pipeline motion,people,track --events"):
                with self.subTest(name=name, option=option):
                    line = (f"{{ echo first; {cli.BINARY} process-file -q --camera c {option} "
                            f'"{name}" {picture}; echo last; }} {number}>> {log} >&{number}')  # fmt: skip
                    self.write("log", b"old\n")
                    done = subprocess.run(["sh", "-c", line], env=QUICK, cwd=self.directory,
                                          timeout=cli.PATIENCE, check=False)  # fmt: skip
                    self.assertEqual(done.returncode, 0)
                    lines = read(log).decode().splitlines()
                    self.assertEqual((lines[:2], lines[-1]), (["old", "first"], "last"))
                    self.assertEqual(len(lines), 4 if option == "-o" else 3, lines)
                    self.assertEqual(sorted(os.listdir(self.directory)),
                                     ["again", "link", "log", "mask.png"])  # fmt: skip
        self.write("log", b"old\n")
        with open(log, "r+b") as file:  # as "> log" leaves it: not for appending
            file.write(b"new\n\n")
            file.flush()
            self.assertEqual(process("-o", "/dev/stdout", picture, stdout=file).returncode, 0)
            self.assertEqual(os.lseek(file.fileno(), 0, os.SEEK_CUR), 5 + len(record))
        self.assertEqual(read(log).decode(), "new\n\n" + record)
        read_end, write_end = os.pipe()  # what a socket or a pipe reads
        self.addCleanup(os.close, read_end)
        with os.fdopen(write_end, "wb") as pipe:
            self.assertEqual(process("-o", "/dev/stdout", picture, stdout=pipe).returncode, 0)
        self.assertEqual(os.read(read_end, 65536).decode(), record)

    def test_descriptors_that_cannot_be_written(self):
        picture, log = self.copy("mask.png"), self.write("log", b"old\n")
        with open(log, "ab") as file:
            for words, code, said in (
                (["-o", "/dev/fd/77"], 74, "/dev/fd/77"),
                (["-o", "/dev/fd/0"], 74, "/dev/fd/0"),
                (["-o", "/dev/stdout", "--resume", self.path("state")], 2, "file of its own"),
            ):
                result = process(*words, picture, stdout=file)
                self.assertEqual(result.returncode, code, words)
                self.assertIn(said, result.err)
        self.assertEqual(read(log), b"old\n")
        self.assertEqual(sorted(os.listdir(self.directory)), ["log", "mask.png"])

    def test_a_mount_point_is_written_in_place(self):
        in_a_room_of_its_own = ["unshare", "--map-root-user", "--mount"]
        if subprocess.run([*in_a_room_of_its_own, "true"], check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        picture, bad = self.copy("mask.png"), self.write("bad.png", b"x")
        bound = self.write("bound", b"")
        words = f'mount --bind real bound && exec {cli.BINARY} process-file -q -o bound "$@"'
        for old in (b"", b"old\n", b"old\n" * 1000):
            for more in ([], ["--resume", self.path("state")]):
                with self.subTest(old=len(old), more=more):
                    real = self.write("real", old)
                    done = subprocess.run(
                        [*in_a_room_of_its_own, "sh", "-c", words, "sh", picture, bad, *more],
                        env={**QUICK, "PATH": os.environ["PATH"]}, cwd=self.directory,
                        capture_output=True, timeout=cli.PATIENCE, check=False,
                    )  # fmt: skip
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertEqual(read(real), process(picture, bad).stdout)
                    self.assertEqual(read(bound), b"")
                    left = set(os.listdir(self.directory)) - {"state"}
                    self.assertEqual(left, {"bad.png", "bound", "mask.png", "real"})
                    if more:
                        os.remove(self.path("state"))

    def test_records_that_find_no_place_are_kept(self):
        picture = self.copy("mask.png")
        out, events = self.write("out.ndjson", b"old\n"), self.write("events.ndjson", b"old\n")
        child = cli.start(
            self, "process-file", "-q", "-j", "1", "-o", out, "--events", events, "--camera", "c",
            "--pipeline", "stats,motion,people,track", picture, "-", env=QUICK,
        )  # fmt: skip
        while len(nameless(child)) < 2:
            self.assertIsNone(child.poll())
        os.remove(out)
        os.mkdir(out)
        _, errors = child.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
        self.assertEqual(child.returncode, 74)
        (part,) = [name for name in os.listdir(self.directory) if name.endswith("part")]
        self.assertIn(f"in its place: Is a directory; the records are in {self.path(part)}",
                      errors.decode())  # fmt: skip
        self.assertEqual(len(read(self.path(part)).splitlines()), 2)
        self.assertEqual(read(events), b"")

    def test_a_torn_last_line_is_ended_before_more_is_appended(self):
        picture = self.copy("mask.png")
        out = self.write("out.ndjson", b'{"whole":1}\n{"source":"half')
        self.assertEqual(process("--append", "-o", out, picture).returncode, 0)
        self.assertEqual(read(out), b'{"whole":1}\n{"source":"half\n' + process(picture).stdout)

    def test_a_full_disk_leaves_no_torn_file(self):
        picture = self.copy("mask.png")
        line = process(picture).stdout
        room = len(line) * 5 + 20

        def full_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

        out = self.path("out.ndjson")
        result = process("-o", out, *[picture] * 2000, preexec_fn=full_disk)
        self.assertEqual(result.returncode, 74)
        self.assertFalse(os.path.exists(out))
        (part,) = [name for name in os.listdir(self.directory) if name.endswith("part")]
        self.assertIn(part, result.err)
        self.assertEqual(read(self.path(part)).rstrip(b"\n").split(b"\n"), [line[:-1]] * 5)
        for old, words in ((b"", []), (b"old\n", ["--append"])):
            out = self.write("there.ndjson", old)
            result = process("-o", out, *words, *[picture] * 2000, preexec_fn=full_disk)
            self.assertEqual(result.returncode, 74)
            self.assertTrue(read(out).endswith(line))

    def test_a_full_disk_under_annotated_pictures_ends_the_run(self):
        picture, out = self.copy("box.png"), self.path("drawn")

        def full_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

        result = process("-j", "1", picture, self.copy("mask.png"), "--annotate", out,
                         preexec_fn=full_disk)  # fmt: skip
        self.assertEqual(result.returncode, 74, result.err)
        self.assertIn(f"cannot write the annotated picture {out}/box.png.jpg: File too large",
                      result.err)  # fmt: skip
        (record,) = records(result)
        self.assertEqual((record["source"], "error" in record), (picture, False))
        self.assertEqual(os.listdir(out), [])

    def test_a_killed_run_leaves_nothing_beside_its_outputs(self):
        picture, clip, earlier = self.copy("mask.png"), self.copy("vtest.avi"), self.path("earlier")
        self.assertEqual(process("-o", earlier, picture).returncode, 0)
        os.mkdir(self.path("out"))
        for old in (b"", b"old\n"):
            for name in ("records", "events", "page.html") if old else ():
                self.write("out/" + name, old)
            before = self.everything()
            for count, words in (
                (1, ["-o", self.path("out/records"), picture, "-"]),
                (2, ["-o", self.path("out/records"), "--camera", "c", "--events", self.path("out/events"),
                     "--pipeline", "stats,motion,people,track", picture, "-"]),
                (2, ["--compare", earlier, "--diff-html", self.path("out/page.html"), picture, "-"]),
                (1, ["--annotate", self.path("out/video.mkv"), clip]),
            ):  # fmt: skip
                child = cli.start(self, "process-file", "-q", "-j", "1", *words, env=SLOW,
                                  stdout=subprocess.DEVNULL)  # fmt: skip
                while len(nameless(child)) < count:
                    self.assertIsNone(child.poll(), words)
                child.kill()
                child.communicate()
                self.assertEqual(self.everything(), before, words)

    def on_a_disk_that_names_all_files(self):
        os.makedirs(self.path("spool"), exist_ok=True)
        self.write("control", b"nameless")
        broken = os.path.join(os.path.dirname(cli.BINARY), "tests", "broken_disk.so")
        return {**QUICK, "LD_PRELOAD": broken, "ASAN_OPTIONS": "verify_asan_link_order=0",
                "BROKEN_DISK": self.path("control")}  # fmt: skip

    def test_what_a_killed_run_has_left_is_taken_away_by_the_next_one(self):
        picture, env = self.copy("mask.png"), self.on_a_disk_that_names_all_files()
        out, folder = self.path("spool/out"), self.path("spool")
        whole = process(picture).stdout
        mine = {"out.1.part": b"records that were kept", ".sampleproc-other.part": b"another's"}
        for name, data in mine.items():
            self.write("spool/" + name, data)

        def begin(count):
            child = cli.start(self, "process-file", "-q", "-j", "1", "-o", out, picture, "-", env=env)
            while len([n for n in os.listdir(folder) if n.startswith(".sampleproc-out")]) < count:
                self.assertIsNone(child.poll())
            return child

        first, second = begin(1), begin(2)
        for child, others in ((first, 2), (second, 1)):
            self.assertEqual(process("-o", out, picture, env=env, quiet=False).returncode, 0)
            self.assertEqual(len(os.listdir(folder)), 3 + others)  # what others write is theirs
            child.kill()
            child.communicate()
            result = process("-o", out, picture, env=env, quiet=False)
            self.assertEqual((result.returncode, read(out)), (0, whole))
            self.assertEqual(result.err.count("which a run that was killed had left beside"), 1, result.err)
        self.assertEqual({name: read(self.path("spool/" + name)) for name in os.listdir(folder)},
                         {**mine, "out": whole})  # fmt: skip
        begin(1).kill()
        self.assertNotIn("had left", process("-o", out, picture, env=env).err)
        self.assertEqual(len(os.listdir(folder)), 3)

    def test_a_killed_run_leaves_no_half_of_an_annotated_picture(self):
        picture, env = self.copy("box.png"), self.on_a_disk_that_names_all_files()
        folder = self.path("spool")
        for control, left in ((b"hang", []), (b"nameless hang", [".sampleproc-box.png.jpg.part"])):
            for old in (b"", b"old"):
                self.write("control", b"")
                if old:
                    self.assertEqual(process(picture, "--annotate", folder, env=env).returncode, 0)
                before = self.everything()
                self.write("control", control)
                child = cli.start(self, "process-file", "-q", "-j", "1", picture, "--annotate", folder, env=env)
                while not nameless(child) and left != [n for n in os.listdir(folder) if n in left]:
                    self.assertIsNone(child.poll())
                child.kill()
                child.communicate()
                there = self.everything()
                for name in left:
                    self.assertEqual(there.pop(self.path("spool/" + name)), b"")
                self.write("control", control.removesuffix(b"hang"))
                self.assertEqual(there, {**before, self.path("control"): control})
                self.assertEqual(process(picture, "--annotate", folder, env=env).returncode, 0)
                self.assertEqual(os.listdir(folder), ["box.png.jpg"])
                os.remove(self.path("spool/box.png.jpg"))

    def test_links_and_modes_of_the_output_stay(self):
        picture = self.copy("mask.png")
        out = self.write("real.ndjson", b"old\n")
        os.chmod(out, 0o640)
        os.symlink(out, self.path("link.ndjson"))
        self.assertEqual(process("-o", self.path("link.ndjson"), picture).returncode, 0)
        self.assertTrue(os.path.islink(self.path("link.ndjson")))
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o640)
        self.assertEqual(read(out), process(picture).stdout)
        self.assertEqual(process("-o", "/dev/null", picture).returncode, 0)
        os.mkdir(self.path("folder"))
        os.symlink("folder/to.ndjson", self.path("to-nothing"))
        os.symlink("to-nothing", self.path("again"))
        self.assertEqual(process("-o", self.path("again"), picture).returncode, 0)
        self.assertEqual(read(self.path("folder/to.ndjson")), read(out))
        self.assertTrue(os.path.islink(self.path("again")))
        os.symlink("round", self.path("round"))
        refused = process("-o", self.path("round"), picture)
        self.assertEqual(refused.returncode, 74)
        self.assertIn("Too many levels of symbolic links", refused.err)

    def test_a_folder_that_is_not_to_change_is_told_with_the_way_out(self):
        in_a_room_of_its_own = ["unshare", "--map-root-user", "--mount"]
        if subprocess.run([*in_a_room_of_its_own, "true"], check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        picture = self.copy("mask.png")
        os.mkdir(self.path("folder"))
        self.write("folder/out", b"old\n")
        words = (f'mount --bind folder folder && mount -o remount,bind,ro folder && '
                 f'exec {cli.BINARY} process-file -q -o folder/out "$@"')  # fmt: skip
        done = subprocess.run(
            [*in_a_room_of_its_own, "sh", "-c", words, "sh", picture],
            env={**QUICK, "PATH": os.environ["PATH"]}, cwd=self.directory,
            capture_output=True, timeout=cli.PATIENCE, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertIn(b"first: Read-only file system; where its folder has to stay as it is, write "
                      b"to standard output: -o - > FILE", done.stderr)  # fmt: skip

    def test_a_resumable_run_keeps_the_old_output_until_it_is_done(self):
        picture, bad = self.copy("mask.png"), self.write("bad.png", b"x")
        out = self.write("out.ndjson", b"old\n")
        words = ["-o", out, "--resume", self.path("state")]
        child = cli.start(self, "process-file", "-q", "-j", "1", *words, picture, "-", bad, env=QUICK)
        while not os.path.exists(out + ".part"):
            self.assertIsNone(child.poll())
        child.kill()
        child.communicate()
        self.assertEqual(read(out), b"old\n")
        for left in ("state", "out.ndjson.part"):
            if os.path.exists(self.path(left)):
                os.remove(self.path(left))
        self.assertEqual(process(*words, picture, bad).returncode, 1)
        self.assertEqual(read(out), process(picture, bad).stdout)
        self.assertFalse(os.path.exists(out + ".part"))


class Said(WithDirectory):
    def test_the_summary_and_each_failed_input(self):
        good, bad = self.copy("box.png"), self.write("bad.jpg", b"x")
        gone = self.path("gone\x1b.png")
        out = self.path("out.ndjson")
        result = process("-o", out, good, bad, gone, quiet=False)
        self.assertEqual((result.returncode, result.out), (1, ""))
        first, second, last = result.err.splitlines()
        self.assertIn("bad.jpg", first)
        self.assertIn("no such file", second.lower())
        self.assertNotIn("\x1b", second)
        self.assertRegex(last, r"^sampleproc: 3 frames, 2 failed, 0 dropped, [0-9.]+ s, [0-9.]+/s$")
        self.assertEqual(process("-q", "-o", out, good, bad, quiet=False).err, "")
        self.assertEqual(len(process(good, bad, quiet=False).err.splitlines()), 1)

    def test_a_terminal_sees_the_percentage_of_a_video(self):
        path = self.path("v.avi")
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", pictures.sample_path("vtest.avi"),
                        "-frames:v", "40", "-s", "320x240", "-c:v", "mjpeg", path],
                       timeout=cli.PATIENCE, check=True)  # fmt: skip
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            [cli.BINARY, "process-file", "-o", self.path("o"), "--pipeline", "stats",
             "--set", "process.delay=20ms", path], stderr=theirs, env={},
        )  # fmt: skip
        os.close(theirs)
        seen = b""
        try:
            while more := os.read(ours, 4096):
                seen += more
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        self.assertEqual(child.wait(timeout=cli.PATIENCE), 0)
        self.assertRegex(seen, rb"inputs, \d+%, \d+:\d\d left")
        self.assertRegex(seen, rb"40 frames, 0 failed, 0 dropped")


class Folders(WithDirectory):
    def test_what_is_passed_over_is_counted(self):
        self.copy("box.png", "d/a.png")
        self.copy("messi5.jpg", "d/b.jfif")
        self.copy("messi5.jpg", "d/c.JPE")
        self.write("d/._a.png", b"\0\5\x16\7")
        self.write("d/.hidden/x.png", b"x")
        self.write("d/d.heic", b"x")
        self.write("d/e.heic", b"x")
        self.write("d/README", b"x")
        result = process("-r", self.path("d"), quiet=False)
        self.assertEqual(result.returncode, 0)
        names = [os.path.basename(r["source"]) for r in records(result)]
        self.assertEqual(names, ["a.png", "b.jfif", "c.JPE"])
        self.assertEqual([r["warnings"] for r in records(result)], [[], [], []])
        self.assertIn("passed over 5 entries (2 .heic, 2 hidden, 1 without an ending)", result.err)
        self.assertIn("error", records(process(self.path("d/._a.png")))[0])  # named, so taken

    def test_the_run_s_own_output_is_not_counted(self):
        self.copy("box.png", "d/a.png")
        for name in ("d/r.ndjson", "./d/../d/r.ndjson"):  # not there before, and there
            said = process(self.path("d"), "-o", self.path(name), quiet=False).err
            self.assertIn("1 frame, 0 failed", said)
            self.assertNotIn("passed over", said)
        said = process(self.path("d"), "-o", self.path("r.ndjson"), quiet=False).err
        self.assertIn("passed over 1 entry (1 .ndjson)", said)

    def test_folders_that_are_not_entered(self):
        self.copy("box.png", "d/a.png")
        self.copy("box.png", "d/in/b.png")
        os.symlink(self.path("d/in"), self.path("d/again.png"))
        said = process(self.path("d"), quiet=False).err
        self.assertIn("passed over 2 entries (1 reached by a link, 1 that --recursive enters)", said)
        said = process("-r", self.path("d"), quiet=False).err
        self.assertIn("2 frames, ", said)
        self.assertIn("passed over 1 entry (1 reached by a link)", said)

    def test_lists_of_other_systems(self):
        a, b = self.copy("box.png", "a.png"), self.copy("box.png", "b.png")
        names = self.write("list.txt", b"\xef\xbb\xbf" + f"{a}\r\n\r\n{b}\r\n".encode())
        found = records(process("--files-from", names))
        self.assertEqual([(r["source"], "error" in r) for r in found], [(a, False), (b, False)])

    def test_what_a_shell_makes_of_parentheses(self):
        picture = self.copy("messi5.jpg")
        line = (f'exec {cli.BINARY} process-file -q --pipeline stats <(cat {picture}) '
                f"--files-from <(echo {picture}) --requests <(echo '{{}}')")  # fmt: skip
        done = subprocess.run(["bash", "-c", line], env={"PATH": os.environ["PATH"]},
                              capture_output=True, timeout=cli.PATIENCE, check=False)  # fmt: skip
        found = [json.loads(each) for each in done.stdout.splitlines()]
        self.assertEqual(["error" in r for r in found], [False, True, False], done.stderr)
        self.assertEqual(found[0]["stats"], found[2]["stats"])


if __name__ == "__main__":
    cli.main()
