"""sampleproc process-file --resume: what is refused is left alone, what was killed goes on."""

import json
import os
import subprocess

import cli
import pictures
from folder import QUICK, WithDirectory, process


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Resume(WithDirectory):
    def killed_run(self, out, state, old=None):
        """A run that is killed before its first record; `old` is in its output's place, if any."""
        if old is not None:
            self.write(out, old)
        child = cli.start(self, "process-file", "-q", "-o", out, "--resume", state, "-", env=QUICK)
        while not os.path.exists(state):
            self.assertIsNone(child.poll())
        child.kill()
        child.communicate()

    def refused(self, *words, code=2):
        before = {name: self.content(name) for name in os.listdir(self.directory)}
        result = process(*words)
        self.assertEqual((result.returncode, result.out), (code, ""), result.err)
        self.assertEqual({name: self.content(name) for name in os.listdir(self.directory)}, before)
        return result.err

    def content(self, name):
        path = self.path(name)
        return read(path) if os.path.isfile(path) and not os.path.islink(path) else os.lstat(path).st_mode

    def test_a_run_that_is_killed_before_its_first_record_goes_on(self):
        for name, old in (("new", None), ("empty", b""), ("old", b"old\n")):
            with self.subTest(name):
                out, state = self.path(name), self.path(name + ".state")
                self.killed_run(out, state, old)
                self.finish(out, state)

    def test_what_no_checkpoint_knows_of_is_left(self):
        for name, old in (("new", None), ("old", b"old\n")):
            with self.subTest(name):
                out, state = self.path(name), self.path(name + ".state")
                self.killed_run(out, state, old)
                self.write(name + (".part" if old else ""), b"mine\n")
                said = self.refused("-o", out, "--resume", state, "-")
                self.assertIn("has 5 bytes that its checkpoint does not know of; remove both", said)

    def announced(self, state, line):
        """Makes `state` the checkpoint of a run that was killed with its first record on disk."""
        digest = 0xCBF29CE484222325
        for byte in line[-4096:] + b"\xff":
            digest = (digest ^ byte) * 0x100000001B3 % 2**64
        with open(state, encoding="utf-8") as file:
            checkpoint = json.load(file)
        checkpoint |= {"first_bytes": len(line), "first": f"{digest:016x}", "first_beginning": line[:4096].hex()}
        with open(state, "w", encoding="utf-8") as file:
            json.dump(checkpoint, file, separators=(",", ":"))

    def test_a_run_that_is_killed_between_its_first_record_and_the_checkpoint_goes_on(self):
        line = process("-", stdin=pictures.sample("mask.png")).out.encode()
        for name, old in (("new", None), ("old", b"old\n")):
            with self.subTest(name):
                out, state = self.path(name), self.path(name + ".state")
                self.killed_run(out, state, old)
                self.announced(state, line)
                self.write(name + (".part" if old else ""), b"mine\n" + line[5:])
                self.refused("-o", out, "--resume", state, "-")
                self.write(name + (".part" if old else ""), line)
                self.finish(out, state)
                self.assertNotIn(b"first", read(state))

    def test_a_run_that_has_left_a_part_of_its_first_record_goes_on(self):
        line = process("-", stdin=pictures.sample("mask.png")).out.encode()
        for name, old in (("new", None), ("old", b"old\n")):
            for length in (1, 64, len(line) - 1):
                with self.subTest(name, length=length):
                    out, state = self.path(f"{name}{length}"), self.path(f"{name}{length}.state")
                    self.killed_run(out, state, old)
                    self.announced(state, line)
                    torn = out + (".part" if old else "")
                    for others in (b"mine\n", line[:length] + b"\0" * (len(line) - length), line + b"more",
                                   line[:70] + b" of another run\n", line[:70] + b" of another run"):
                        self.write(torn, others)
                        self.refused("-o", out, "--resume", state, "-")
                    self.write(torn, line[:length])
                    self.finish(out, state)

    def test_what_was_set_otherwise_is_named(self):
        picture, out, state = self.copy("mask.png"), self.path("out"), self.path("state")
        words = ["-o", out, "--resume", state, picture]
        self.assertEqual(process("--pipeline", "motion", "--set", "process.workers=2", *words).returncode, 0)
        said = self.refused("--set", "process.workers=2", "--raw", "640x480:gray8", *words)
        self.assertIn('process.pipeline was ["motion"] and is ["stats"]', said)
        self.assertIn("--raw was not given and is 640x480:gray8", said)
        self.assertNotIn("workers", said)
        with open(state, encoding="utf-8") as file:
            checkpoint = json.load(file)
        # As those were that did not know of it.
        del checkpoint["given"]
        with open(state, "w", encoding="utf-8") as file:
            json.dump(checkpoint, file)
        self.assertIn("something of --pipeline", self.refused("--pipeline", "faces", *words))
        self.assertEqual(process("--pipeline", "motion", "--set", "process.workers=2", *words).returncode, 0)

    def test_another_file_of_the_same_name_is_refused(self):
        first, second = self.copy("mask.png"), self.copy("messi5.jpg")
        out, state = self.path("out"), self.path("state")
        words = ["-o", out, "--resume", state, first, second]
        self.assertEqual(process(*words).returncode, 0)
        self.assertEqual(process(*words).returncode, 0)
        kept = read(first)
        for name in (first, second):
            whole = read(name)
            self.write(name, kept[::-1])
            self.assertIn("one of them is another file now", self.refused(*words))
            self.write(name, whole)
        self.write(second, whole + b"more behind it")
        self.assertEqual(process(*words).returncode, 0)

    def test_another_killed_runs_output_beside_does_not_matter(self):
        picture, out, state = self.copy("mask.png"), self.path("out"), self.path("state")
        words = ["-o", out, "--resume", state, picture]
        self.assertEqual(process(*words).returncode, 0)
        self.write("out.part", b"mine\n")
        self.assertEqual(process(*words, self.copy("box.png")).returncode, 0)
        self.assertEqual((len(read(out).splitlines()), read(out + ".part")), (2, b"mine\n"))

    def test_a_checkpoint_stays_where_it_is_and_what_it_is(self):
        one, two, out = self.copy("mask.png"), self.copy("box.png"), self.path("out")
        os.symlink("elsewhere", self.path("state"))
        words = ["-o", out, "--resume", self.path("state")]
        self.assertEqual(process(*words, one, two).returncode, 0)
        self.assertTrue(os.path.islink(self.path("state")))
        before = read(self.path("elsewhere"))
        said = self.refused(*words, two, one)
        self.assertIn("remove the checkpoint", said)
        self.assertEqual(read(self.path("elsewhere")), before)

    def test_what_would_be_written_over_by_the_run_itself(self):
        real, link = self.write("d/real", b"old\n"), self.path("link")
        os.symlink(real, link)
        picture = self.copy("mask.png")
        for words in (["--resume", real + ".part", picture], ["--resume", self.path("s"), real + ".part"]):
            self.write("d/real.part", pictures.sample("mask.png"))
            said = self.refused("-o", link, *words)
            self.assertIn("would be destroyed", said)
            self.assertEqual(read(real), b"old\n")

    def test_a_refusal_makes_nothing(self):
        picture, torn = self.copy("mask.png"), self.write("torn", b"torn")
        nowhere = self.path("nowhere/out")
        for words in (["-o", torn, "--append", "--compare", "nope"],
                      ["-o", self.path("new"), "--append", "--compare", "nope"],
                      ["-o", nowhere, "--annotate", self.path("a/x/y")],
                      ["-o", self.path("new"), "--resume", nowhere, "--annotate", self.path("a")]):  # fmt: skip
            self.refused(picture, *words, code=74)

    def finish(self, out, state):
        result = process("-o", out, "--resume", state, "-", stdin=pictures.sample("mask.png"))
        self.assertEqual(result.returncode, 0, result.err)
        (line,) = read(out).splitlines()
        self.assertEqual(json.loads(line)["source"], "-")

    def test_a_refused_run_leaves_the_unfinished_one_whole(self):
        out, state, picture = self.path("out"), self.path("state"), self.copy("mask.png")
        self.killed_run(out, state, b"old\n")
        other, other_state = self.path("other"), self.path("other.state")
        self.assertEqual(process("-o", other, "--resume", other_state, picture).returncode, 0)
        part = self.path("out.part")
        said = self.refused("-o", out, "--resume", other_state, picture)
        self.assertIn(f"{part} is shorter than its checkpoint says; remove it and the", said)
        os.rename(self.write("fresh", b"mine\n" * 1000), part)
        said = self.refused("-o", out, "--resume", other_state, picture)
        self.assertIn(f"the output file {part} is not that of the run to be resumed", said)
        said = self.refused("-o", out, "--resume", self.path("none"), picture)
        self.assertIn(f"{part} is left from a run without its checkpoint; remove it", said)

    def test_what_stands_in_the_place_of_the_unfinished_output(self):
        out, state, picture = self.path("out"), self.path("state"), self.copy("mask.png")
        self.killed_run(out, state, b"old\n")
        elsewhere = self.write("elsewhere", b"mine\n")
        for make in (os.mkfifo, os.mkdir, lambda path: os.symlink(elsewhere, path)):
            part = self.path("out.part")
            (os.rmdir if os.path.isdir(part) else os.remove)(part)
            make(part)
            for words in ([state, "-"], [self.path("none"), picture]):
                said = self.refused("-o", out, "--resume", *words)
                self.assertIn(f"{part} is no regular file, which a run that is to be resumed needs", said)

    def test_what_stands_in_the_place_of_the_next_checkpoint(self):
        picture, out, state = self.copy("mask.png"), self.path("out"), self.path("state")
        fresh, elsewhere = state + ".new", self.write("elsewhere", b"mine\n")
        checkpoint = self.write("other", b'{"sampleproc_checkpoint":3')
        for make in (os.mkfifo, lambda path: os.symlink(elsewhere, path), os.mkdir,
                     lambda path: os.link(checkpoint, path),
                     lambda path: self.write("state.new", b"mine\n")):  # fmt: skip
            make(fresh)
            said = self.refused("-o", out, "--resume", state, picture, code=74)
            self.assertIn(f"cannot write the checkpoint {state}: {fresh}, as which it is written "
                          "first, is something else; remove it", said)  # fmt: skip
            (os.rmdir if os.path.isdir(fresh) else os.remove)(fresh)
        os.rename(checkpoint, fresh)  # of a run that was killed as it wrote it
        self.assertEqual(process("-o", out, "--resume", state, picture).returncode, 0)

    def test_what_was_put_behind_a_run_that_ended_is_kept(self):
        picture, out, state = self.copy("mask.png"), self.path("out"), self.path("state")
        words = ["-o", out, "--resume", state, picture]
        self.assertEqual(process(*words).returncode, 0)
        self.assertEqual(process("-o", out, "--append", picture).returncode, 0)
        said = self.refused(*words, self.copy("box.png"))
        self.assertIn(f"the output file {out} has {os.path.getsize(out) // 2} bytes more than when "
                      "the run to be resumed ended", said)  # fmt: skip

    def test_a_full_disk_ends_no_line_in_the_middle(self):
        picture, out, state = self.copy("mask.png"), self.path("out"), self.path("state")
        line = process(picture).stdout
        limit = ["prlimit", f"--fsize={len(line) * 20 + 20}"]
        words = ["process-file", "-q", "-o", out, "--resume", state, *[picture] * 2000]
        done = subprocess.run([*limit, cli.BINARY, *words], env=QUICK, capture_output=True,
                              timeout=cli.PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertTrue(read(out).endswith(line))
        self.assertEqual(cli.run(*words, env=QUICK).returncode, 0)
        self.assertEqual(read(out), line * 2000)

    def test_why_a_file_that_is_written_over_was_not(self):
        """It has two names, so that no other file takes its place, and is a folder in the end."""
        picture, out, state = self.copy("mask.png"), self.write("out", b"old\n"), self.path("state")
        os.link(out, self.path("other"))
        words = ["-o", out, "--resume", state, picture]
        child = cli.start(self, "process-file", "-q", *words, "-", env=QUICK)
        while not os.path.exists(state):
            self.assertIsNone(child.poll())
        os.remove(out)
        os.mkdir(out)
        _, errors = child.communicate(pictures.sample("box.png"), timeout=cli.PATIENCE)
        self.assertEqual(child.returncode, 74)
        self.assertIn(f"cannot put the output file {out} in its place: Is a directory", errors.decode())

    def test_annotated_pictures_in_a_folder_that_may_not_be_written(self):
        picture, closed = self.copy("mask.png"), self.path("closed")
        os.chmod(picture, 0o644)
        os.chmod(self.directory, 0o755)
        os.mkdir(closed, 0o555)
        os.mkdir(self.path("deep"), 0o777)
        os.chmod(self.path("deep"), 0o777)
        deep = self.copy("box.png", "deep/box.png")
        os.chmod(deep, 0o644)
        other = {"user": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([cli.BINARY, "process-file", "-q", "-r", self.path("deep"), "--annotate", closed],
                              env=QUICK, capture_output=True, timeout=cli.PATIENCE, check=False, **other)  # fmt: skip
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertIn(b"Permission denied", done.stderr)


if __name__ == "__main__":
    cli.main()
