"""Files that start the service, in a folder of the test's own."""

import pathlib
import tempfile

import cli


class WithDeployments(cli.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return str(path)
