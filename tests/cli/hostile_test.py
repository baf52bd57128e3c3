"""Files made to hurt (tests/hostile), through process-file and through one running service."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import cli
from service import WithService

HOSTILE = pathlib.Path(__file__).resolve().parents[1] / "hostile"
sys.path.insert(0, str(HOSTILE))
from case import DEADLINE, Right  # noqa: E402: found by the line above
from hostile import CASES, describe  # noqa: E402

GOOD = "webp-lossless-whole"
CPU_SECONDS = 2.0
EXTRA_BYTES = 150_000_000
HTTP_STATUS = {"invalid-frame": 422, "unsupported-format": 415, DEADLINE: 504}


def is_sanitized():
    symbols = (b"__asan_init", b"__tsan_init")
    with open(cli.BINARY, "rb") as file:
        before = b""
        while part := file.read(1 << 16):
            if any(symbol in before[-16:] + part for symbol in symbols):
                return True
            before = part
    return False


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
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # By another process: a child's highest memory starts at what its parent once had.
        subprocess.run([sys.executable, "-B", HOSTILE / "hostile.py", cls.folder],
                       stdout=subprocess.DEVNULL, check=True)  # fmt: skip

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
        _, _, usual = self.run_one(self.folder / GOOD)
        for each in CASES:
            with self.subTest(each.name):
                record, cpu, most = self.run_one(self.folder / each.name)
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

        good = (self.folder / GOOD).read_bytes()
        self.assertEqual(service.post(good, "application/octet-stream").status, 200)
        usual = service.memory("VmRSS")
        for each in CASES:
            with self.subTest(each.name):
                frame = (self.folder / each.name).read_bytes()
                (proc / "clear_refs").write_text("5")  # the highest memory counts from here
                before = service.cpu_seconds()
                answer = service.post(frame, "application/octet-stream")
                spent, most = service.cpu_seconds() - before, service.memory("VmHWM")
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
            self.assertLess(service.memory("VmRSS") - usual, 40_000_000)
        self.assertEqual(service.stop(), 0)


class TheSet(unittest.TestCase):
    def test_it_is_large_and_its_names_are_its_own(self):
        names = [each.name for each in CASES]
        self.assertGreaterEqual(len(names), 60)
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    cli.main()
