"""The manuals for operators: each command of them works, in a network of the test's own."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import cli
import environment_test
import pictures

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "packaging" / name for name in ("OPERATIONS.md", "UPGRADING.md")]
# Before the commands of a page: the files that they name, and the service that they ask.
PROLOGUE = """set -euo pipefail
ip link set lo up
MAX_REQUESTS_PER_MINUTE=0 sampleproc serve >log 2>&1 &
service=$!
trap 'kill -KILL "${service}" 2>/dev/null || true' EXIT
sampleproc health --wait 2m >/dev/null
"""
EPILOGUE = """
kill -TERM "${service}"
wait "${service}"
"""


def blocks(page):
    return re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


class Operations(cli.TestCase):
    def test_each_command_works(self):
        own = ["unshare", "--net", "--map-root-user"]
        if subprocess.run([*own, "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("this machine makes no network namespaces")
        for page in PAGES:
            with self.subTest(page.name), tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                self.assertTrue(blocks(page))
                (folder / "bin").mkdir()
                (folder / "bin/sampleproc").symlink_to(cli.BINARY)
                (folder / "old.toml").write_text("", "utf-8")
                (folder / "new.toml").write_text('telemetry.log_level = "debug"\n', "utf-8")
                (folder / "photo.jpg").write_bytes(pictures.sample("messi5.jpg"))
                shutil.copy(ROOT / "config/production.toml", folder)
                shutil.copy(ROOT / "config/production.env.example", folder / "production.env")
                shutil.copy(ROOT / "packaging/kubernetes/deployment.yaml", folder)
                script = PROLOGUE + "\n".join(blocks(page)) + EPILOGUE
                done = subprocess.run(
                    [*own, "bash", "-c", script], cwd=folder, capture_output=True, text=True,
                    check=False, timeout=cli.PATIENCE,
                    env={"PATH": f"{folder}/bin:{os.environ['PATH']}"},
                )  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                if page.name == "OPERATIONS.md":
                    self.assertIn("\nreload\n", done.stdout)

    def test_a_script_tells_a_restart_from_a_file_that_cannot_be_used(self):
        script = next(each for each in blocks(PAGES[0]) if "code=0" in each)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "bin").mkdir()
            (folder / "bin/sampleproc").symlink_to(cli.BINARY)
            (folder / "old.toml").write_text("", "utf-8")
            for text, code, said in (
                ('telemetry.log_level = "debug"', 0, "reload\n"), ("http.port = 1", 0, "restart\n"),
                ("http.port = 99999", 65, ""), ("http.port =", 65, ""), (None, 65, ""),
            ):  # fmt: skip
                (folder / "new.toml").unlink(missing_ok=True)
                if text is not None:
                    (folder / "new.toml").write_text(text, "utf-8")
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True,
                    text=True, check=False, timeout=cli.PATIENCE,
                    env={"PATH": f"{folder}/bin:{os.environ['PATH']}"},
                )  # fmt: skip
                self.assertEqual((done.returncode, done.stdout), (code, said), text)

    def test_each_variable_of_the_original_is_in_the_guide(self):
        text = PAGES[1].read_text("utf-8")
        for name in environment_test.READ + environment_test.DOCUMENTED:
            self.assertIn(f"`{name}`", text)

    def test_each_key_and_metric_that_is_named_exists(self):
        known = cli.run("validate-config", "--print-effective", "--offline").out
        section, keys = "", set()
        for line in known.splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line:
                keys.add(f"{section}.{line.lstrip('#').split(' =')[0]}")
        rows = (ROOT / "packaging/METRICS.md").read_text("utf-8")
        metrics = set(re.findall(r"^\| `(\w+)` \|", rows, re.M))
        sections = {key.split(".")[0] for key in keys}
        for page in PAGES:
            for word in re.findall(r"`([a-z_.]+)[` ]", page.read_text("utf-8")):
                if "." in word and word.split(".")[0] in sections and not word.endswith("."):
                    if not word.endswith((".toml", ".service", ".socket", ".yaml")):
                        self.assertIn(word, keys, page.name)
                elif word.startswith("sampleproc_"):
                    self.assertIn(word, metrics, page.name)


if __name__ == "__main__":
    cli.main()
