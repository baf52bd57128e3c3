"""Every command of README.md, CONTRIBUTING.md and the manuals, in order, as a newcomer types it.

They are read from the documents themselves. A command is run, or stands in NOT_HERE with what runs
it instead; a new one that is neither fails the test.
"""

import json
import re

import cli
import pictures
from document_commands import SHORTER, Place, blocks, commands

# What would build, install or need another machine: what tries it instead.
NOT_HERE = {
    r"packaging/run\.sh": "what built this; packaging/test.sh runs it with --check",
    r"packaging/test\.sh": "what runs this",
    r"systemctl ": "tests/contract/systemd_test.py tries the units",
    r"sampleproc health --port 9000 \|\| systemctl": "as above",
    r"packaging/install-deps\.sh": "packaging/test.sh runs it",
    r"packaging/fetch-samples\.sh": "packaging/test.sh runs it",
    r"cmake --preset release": "what built this",
    r"ctest --preset release": "what runs this",
    r"cmake --install ": "tests/contract/install_test.py",
    r"ffmpeg -i rtsp://": "a camera; the same without it is in README.md",
    r"sampleproc loadtest .*(staging\.example\.com|--audit|--find-capacity)":
        "tests/cli/loadtest_audit_test.py and loadtest_test.py, which take minutes",
    r"sampleproc loadtest --via redis ": "tests/cli/loadtest_redis_test.py, with a service behind it",
    r"sampleproc process-file .*,objects,track ":
        "tests/cli/objects_test.py, where the network is; process_file_events_test.py without one",
}  # fmt: skip

# Exit codes besides 0 that a command may have, with what they say.
MAY_END = {
    r"--compare": {1},  # a detection has changed
    r"sampleproc loadtest .*--baseline": {2},  # the second of a test is too short for a comparison
    r"sampleproc loadtest": {1, 3},  # a criterion was missed, or the machine was too busy
    r"validate-config --production$": {1},  # the defaults lack allowed_hosts
    r"--diff new\.toml a\.toml": {1},  # a key needs a restart
}


def may_end(command):
    return {0}.union(*(codes for words, codes in MAY_END.items() if re.search(words, command)))


def is_elsewhere(command):
    return any(re.match(words, command) for words in NOT_HERE)


def read(*names):
    return pictures.ROOT.joinpath(*names).read_text("utf-8")


README = read("README.md")


def rounded(value):
    """With numbers as far as machines agree on them."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {name: rounded(member) for name, member in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


class Readme(cli.TestCase):
    def test_each_command_in_its_order(self):
        place = Place(self)
        place.start_redis()
        shown = [json.loads(block) for block in blocks(README, "json") if "frame_data" in block]
        self.assertEqual(len(shown), 1)
        frames = shown[0]["frames"]
        self.assertEqual((shown[0]["count"], shown[0]["remaining"]), (len(frames), 0))
        place.start_buffer(*frames)
        place.start_webhook()
        ran = 0
        for block in blocks(README, "sh"):
            for command in commands(block):
                if is_elsewhere(command):
                    continue
                ran += 1
                with self.subTest(command):
                    self.type(place, command, frames)
        self.assertGreater(ran, 25)

    def type(self, place, command, frames):
        if re.search(r"\bsampleproc serve\b", command):
            if "8002" in command:
                place.buffer.add(*[each for each in frames if not place.buffer.frames])
            place.serve(command)
            if "consumer.sinks=log" in command:
                place.until(lambda: place.logged(f'"frame_id":"{frames[0]["frame_id"]}"'),
                            "the frame of the buffer is worked on")  # fmt: skip
            if "webhook" in command:
                place.until(place.webhook.ids, "the webhook has a result")
                self.assertEqual(place.webhook.ids()[0], frames[0]["frame_id"])
            return
        if "sampleproc loadtest" in command:
            for documented, shorter in SHORTER:
                command = re.sub(documented, shorter, command)
        if "replay-dlq.sh" in command:
            letter = "'*' frame_id door-1 dlq_reason decode-failed"
            place.run(f"redis-cli XADD frames:dlq:cam-wall {letter}")
        done = place.run(command)
        self.assertIn(done.returncode, may_end(command), done.stderr.decode() + done.stdout.decode())
        if command.endswith("; echo $?"):  # which itself never fails
            self.assertEqual(done.stdout.splitlines()[-1], b"0", done.stdout + done.stderr)
        if "XADD" in command:
            place.until(lambda: place.run("redis-cli XLEN sample:results").stdout.strip() != b"0",
                        "the frame's result is there")  # fmt: skip
        if "XREVRANGE" in command:
            self.assertIn(b"door-1", done.stdout)

    def test_the_record_shown_is_the_one_written(self):
        place = Place(self)
        block = blocks(README, "sh")[1]
        for command in commands(block):
            self.assertEqual(place.run(command).returncode, 0, command)
        command = commands(blocks(README, "sh")[2])[0]
        self.assertTrue(command.startswith("sampleproc process-file photo.jpg"), command)
        written = place.run(command).stdout.decode()
        # Of 64 numbers the document shows two.
        shown = blocks(README, "json")[0].replace(",…]", "]")
        written = re.sub(r'("histogram":\[\d+,\d+),[\d,]+\]', r"\1]", written)
        self.assertEqual(rounded(json.loads(shown)), rounded(json.loads(written)))

    def test_the_configuration_shown_is_valid(self):
        shown = blocks(README, "toml")
        self.assertGreater(len(shown), 0)
        for text in shown:
            # What packaging/fetch-models.sh brings, and a password, need not be here.
            is_elsewhere = "build/models" in text or "password_file" in text
            elsewhere = ["--offline"] if is_elsewhere else []
            result = cli.run("validate-config", "--strict", *elsewhere, "-", stdin=text.encode())
            self.assertEqual((result.returncode, result.err), (0, ""))


class Contributing(cli.TestCase):
    def test_each_command_is_run_somewhere(self):
        for block in blocks(read("CONTRIBUTING.md"), "sh"):
            for command in commands(block):
                for part in command.split(" && "):
                    self.assertTrue(is_elsewhere(part) or part.startswith("cmake --build"), part)


class Manuals(cli.TestCase):
    def examples(self):
        for page in sorted((pictures.ROOT / "man").glob("*.1")):
            text = page.read_text("utf-8")
            if ".SH EXAMPLES\n" not in text:
                continue
            part = text.split(".SH EXAMPLES\n")[1].split("\n.SH ")[0]
            for line in re.findall(r"(?m)^\.TP\n\\fB(.*)\\fR$", part):
                plain = line.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", '"')
                yield page.name, plain.replace("\\.", ".").replace("\\e", "\\")

    def test_each_example(self):
        place = Place(self)
        for command in commands(blocks(README, "sh")[1]):
            self.assertEqual(place.run(command).returncode, 0, command)
        ran = 0
        for page, command in self.examples():
            if is_elsewhere(command):
                continue
            ran += 1
            with self.subTest(page=page, command=command):
                self.type(place, command)
        self.assertGreater(ran, 15)

    def type(self, place, command):
        command = command.replace("http://localhost:8099", "http://127.0.0.1:8099")
        if re.match(r"sampleproc serve\b", command):
            return place.serve(command)
        if place.serving is None and re.search(r"loadtest|health|curl", command):
            place.serve("sampleproc serve")
        for documented, shorter in SHORTER if "loadtest" in command else ():
            command = re.sub(documented, shorter, command)
        # Deployments have the documented port.
        done = place.run(command, **({"PORT": ""} if "validate-config" in command else {}))
        self.assertIn(done.returncode, may_end(command), done.stderr.decode() + done.stdout.decode())
        return None


if __name__ == "__main__":
    cli.main()
