"""Configurations in broken/, each with what is wrong written below the line that is wrong:

    port = 70000
    #      ^~~~~ error SP1004 http.port

The caret and the tildes are the place, then come severity, code and key. What has no place in the
file stands as "#@ WHERE SEVERITY CODE KEY". "# env: NAME=VALUE" and "# set: KEY=VALUE" at the top
are given with it; a .env goes to --from-env. Every format must show exactly that, no more.
"""

import json
import pathlib
import re

import cli

FILES = sorted((pathlib.Path(__file__).parent / "broken").iterdir())
BELOW = re.compile(r"#\s*(\^~*) (error|warning) (SP\d{4})(?: (\S+))?")
APART = re.compile(r"#@ (.+) (error|warning) (SP\d{4})(?: (\S+))?")
TEXT = re.compile(r"(.+): (error|warning): (?:([\w.\"-]+): )?.* \[(SP\d{4})\]")
GITHUB = re.compile(r"::(error|warning) (?:file=([^,]+),line=(\d+),col=(\d+),endColumn=(\d+),)?"
                    r"title=(SP\d{4}) [\w' ,%-]+::(.*)")  # fmt: skip


class Broken:
    """A file with what it expects: (where, column, length, severity, code, key) each."""

    def __init__(self, path):
        self.path, self.env, self.words, self.expected = path, {}, [], []
        source = 0
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.fullmatch(r"# env: (\w+)=(.*)", line):
                self.env[match[1]] = match[2]
            elif match := re.fullmatch(r"# set: (.+)", line):
                self.words += ["--set", match[1]]
            elif match := APART.fullmatch(line):
                self.expected.append((match[1], 0, 0, match[2], match[3], match[4] or ""))
            elif match := BELOW.fullmatch(line):
                self.expected.append((str(source), line.index("^") + 1, len(match[1]), match[2],
                                      match[3], match[4] or ""))  # fmt: skip
            else:
                source = number
        self.expected.sort()

    def check(self, form):
        name = ["--from-env", self.path] if self.path.suffix == ".env" else [self.path]
        words = ["--format", form] if form != "text" else []
        return cli.run("validate-config", "--offline", *words, *self.words, *name, env=self.env)

    def exit_code(self):
        return 65 if any(severity == "error" for _, _, _, severity, _, _ in self.expected) else 0


class BrokenConfigurations(cli.TestCase):
    def each(self, form, check):
        for path in FILES:
            broken = Broken(path)
            if form != "text" and path.suffix == ".env":
                continue  # --from-env prints TOML
            with self.subTest(path.name, form=form):
                result = broken.check(form)
                self.assertEqual(result.returncode, broken.exit_code(), result.err)
                self.assertNotIn("canary", result.out + result.err)
                check(broken, result)

    def test_there_are_enough(self):
        self.assertGreaterEqual(len(FILES), 40)

    def test_in_text(self):
        self.each("text", self.check_text)

    def check_text(self, broken, result):
        found = []
        lines = result.err.splitlines()
        for line, below in zip(lines, lines[2:] + ["", ""]):
            match = TEXT.fullmatch(line)
            if not match:
                continue
            where, column, length = match[1], 0, 0
            place = re.fullmatch(re.escape(str(broken.path)) + r":(\d+):(\d+)", where)
            if place:
                where, column = place[1], int(place[2])
                mark = re.fullmatch(r" +\| ( *)(\^~*)", below)
                self.assertIsNotNone(mark, result.err)
                self.assertEqual(len(mark[1]) + 1, column, result.err)
                length = len(mark[2])
            found.append((where, column, length, match[2], match[4], match[3] or ""))
        self.assertEqual(sorted(found), broken.expected, result.err)

    def test_in_json(self):
        self.each("json", self.check_json)

    def check_json(self, broken, result):
        self.assertEqual(result.err, "")
        report = json.loads(result.out)
        (configuration,) = report["configurations"]
        self.assertEqual(configuration["subject"], str(broken.path))
        found = []
        for each in configuration["diagnostics"]:
            origin = each["origin"]
            where = origin["name"]
            if origin["kind"] == "file":
                self.assertEqual(where, str(broken.path))
                where = str(origin["line"])
            elif origin["kind"] == "environment":
                where = "environment " + where
            elif origin["kind"] == "default":
                where = "defaults"
            found.append((where, origin.get("column", 0), origin.get("length", 0),
                          each["severity"], each["code"], each["key"]))  # fmt: skip
        self.assertEqual(sorted(found), broken.expected)
        errors = sum(severity == "error" for _, _, _, severity, _, _ in found)
        for counts in (report, configuration):
            self.assertEqual((counts["valid"], counts["errors"], counts["warnings"]),
                             (errors == 0, errors, len(found) - errors))  # fmt: skip

    def test_in_annotations(self):
        self.each("github", self.check_github)

    def check_github(self, broken, result):
        self.assertEqual(result.err, "")
        found = []
        for line in result.out.splitlines()[:-1]:
            match = GITHUB.fullmatch(line)
            self.assertIsNotNone(match, line)
            severity, file, number, column, end, code, message = match.groups()
            if file:
                self.assertEqual(file, str(broken.path))
                where, message = number, message
            else:
                where, message = message.split(": ", 1)
            key = re.match(r"([a-z_]+(?:\.[a-z0-9_]+)*|kitchen|proces|camera\.\"\.\.\"): ", message)
            found.append((where, int(column or 0), int(end or 0) - int(column or 0), severity,
                          code, key[1] if key else ""))  # fmt: skip
        self.assertEqual(sorted(found), broken.expected, result.out)

    def test_every_code_is_reached_or_lives_elsewhere(self):
        """Codes that need a missing file or a machine of their own are tried in other tests."""
        reached = {code for path in FILES for _, _, _, _, code, _ in Broken(path).expected}
        explained = set()
        for number in (hundred + i for hundred in range(1000, 1500, 100) for i in range(60)):
            code = f"SP{number}"
            if cli.run("validate-config", "--explain", code).returncode == 0:
                explained.add(code)
        self.assertEqual(reached - explained, set())
        checklist = {f"SP{number}" for number in range(1401, 1412)}  # no diagnostics
        self.assertEqual(explained - reached - checklist,
                         {"SP1001", "SP1120", "SP1302", "SP1303", "SP1304", "SP1305"})  # fmt: skip


if __name__ == "__main__":
    cli.main()
