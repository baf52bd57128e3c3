"""Files made to hurt (tests/hostile), through process-file and through one running service."""

import json
import mmap
import os
import pathlib
import sys
import tempfile
import unittest

import cli
from service import WithService

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))
from case import DEADLINE, Right  # noqa: E402: found by the line above
from hostile import CASES, describe  # noqa: E402

CPU_SECONDS = 2.0
EXTRA_BYTES = 150_000_000
HTTP_STATUS = {"invalid-frame": 422, "unsupported-format": 415, DEADLINE: 504}
TICK = os.sysconf("SC_CLK_TCK")


def is_sanitized():
    with open(cli.BINARY, "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as binary:
            return any(binary.find(b"__%csan_init" % kind) >= 0 for kind in b"at")


# A sanitizer needs several times the memory and the time.
MEASURED = not is_sanitized()
SETTINGS = () if MEASURED else ("--set", "codec.deadline=20s", "--set", "process.deadline=60s")


def is_right(record, expected):
    stats = record.get("stats", {})
    return (
        (record["width"], record["height"]) == (expected.width, expected.height)
        and abs(stats["mean"] - expected.mean) < 0.51
        and (stats["min"], stats["max"]) == (round(stats["mean"]),) * 2
        and tuple(w if isinstance(w, str) else w["type"] for w in record["warnings"])
        == expected.warnings
    )


def fits(record, error, expected):
    """Whether a record, or the type of an error, is one of what may come."""
    if error is not None:
        return error in expected
    return any(
        is_right(record, one) if isinstance(one, Right) else one.startswith("any picture")
        for one in expected
    )


class Hostile(WithService):
    def run_one(self, path):
        """(record, CPU seconds, most memory in bytes) of process-file with this one file."""
        with tempfile.TemporaryFile() as out:
            process = os.posix_spawn(
                cli.BINARY,
                [cli.BINARY, "process-file", "--pipeline", "stats", *SETTINGS, str(path)],
                {},
                file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)],
            )
            _, status, used = os.wait4(process, 0)
            out.seek(0)
            lines = out.read().splitlines()
        self.assertIn(os.waitstatus_to_exitcode(status), (0, 65))
        (line,) = lines
        return json.loads(line), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024

    def test_process_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "frame")
            path.write_bytes(next(c for c in CASES if c.name == "webp-lossless-whole").make())
            _, _, usual = self.run_one(path)
            for each in CASES:
                with self.subTest(each.name):
                    path.write_bytes(each.make())
                    record, cpu, most = self.run_one(path)
                    error = record.get("error", {}).get("type")
                    self.assertTrue(
                        fits(record, error, each.expected),
                        f"{record}; may be: {describe(each.expected)}",
                    )
                    if MEASURED:
                        self.assertLess(cpu, CPU_SECONDS)
                        self.assertLess(most - usual, EXTRA_BYTES)

    def test_service(self):
        service = self.serve("--set", "process.pipeline=stats", *SETTINGS,
                             env={"SAMPLEPROC_TELEMETRY_LOG_FORMAT": "json"})  # fmt: skip
        proc = pathlib.Path("/proc", str(service.child.pid))

        def memory(field):
            lines = (proc / "status").read_text().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024

        def cpu():
            words = (proc / "stat").read_text().rsplit(")", 1)[1].split()
            return (int(words[11]) + int(words[12])) / TICK

        good = next(c for c in CASES if c.name == "webp-lossless-whole").make()
        self.assertEqual(service.post(good, "application/octet-stream").status, 200)
        usual = memory("VmRSS")
        for each in CASES:
            with self.subTest(each.name):
                frame = each.make()
                (proc / "clear_refs").write_text("5")  # the highest memory counts from here
                before = cpu()
                answer = service.post(frame, "application/octet-stream")
                spent, most = cpu() - before, memory("VmHWM")
                body = answer.json()
                error = None if answer.status == 200 else body["type"].rsplit(":", 1)[1]
                self.assertTrue(
                    fits(body, error, each.expected),
                    f"{answer.status} {body}; may be: {describe(each.expected)}",
                )
                self.assertEqual(answer.status, HTTP_STATUS.get(error, 200))
                if MEASURED:
                    self.assertLess(spent, CPU_SECONDS)
                    self.assertLess(most - usual, EXTRA_BYTES)
        answer = service.post(good, "application/octet-stream")
        self.assertEqual(answer.status, 200)
        if MEASURED:
            self.assertLess(memory("VmRSS") - usual, 40_000_000)
        self.assertEqual(service.stop(), 0)


class TheSet(unittest.TestCase):
    def test_it_is_large_and_its_names_are_its_own(self):
        names = [each.name for each in CASES]
        self.assertGreaterEqual(len(names), 60)
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    cli.main()
