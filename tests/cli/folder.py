"""Runs of process-file over pictures in a directory of the test's own."""

import json
import os
import tempfile

import cli
import pictures


# Looking for people takes seconds under a sanitizer, and most tests are about something else.
QUICK = {"SAMPLEPROC_PROCESS_PIPELINE": "stats"}


def process(*words, env=None, quiet=True, **options):
    silence = ["-q"] if quiet else []
    return cli.run("process-file", *silence, *words, env={**QUICK, **(env or {})}, **options)


def records(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def nameless(child):
    """The sizes of the files without names that a process has."""
    sizes = []
    for entry in os.scandir(f"/proc/{child.pid}/fd"):
        try:
            if os.readlink(entry.path).endswith(" (deleted)") and "/#" in os.readlink(entry.path):
                sizes.append(os.stat(entry.path).st_size)
        except FileNotFoundError:
            continue  # closed by now
    return sizes


class WithDirectory(cli.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def copy(self, sample, name=None):
        return self.write(name or sample, pictures.sample(sample))

    def mixed_folder(self):
        """Twelve inputs: good and broken, in two levels."""
        for name in ("messi5.jpg", "box.png", "fruits.jpg", "imageTextN.png", "mask.png"):
            self.copy(name, "mixed/" + name)
        self.copy("basketball1.png", "mixed/deeper/basketball1.PNG")
        self.copy("templ.png", "mixed/deeper/templ.png")
        for name, data in pictures.broken().items():
            self.write("mixed/" + name, data)
        return self.path("mixed")
