"""sampleproc validate-config: verdicts, diagnostics, exit codes."""

import os
import tempfile

import cli


class ValidateConfig(cli.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def check(self, *words, **options):
        return cli.run("validate-config", *words, **options)

    def test_a_good_file(self):
        path = self.write("good.toml", "[http]\nport = 9000\n")
        result = self.check(path)
        self.assertEqual((result.returncode, result.out, result.err), (0, path + ": ok\n", ""))

    def test_a_bad_file(self):
        path = self.write("bad.toml", "[process]\nworkers = 9000\n[http]\nprot = 1\n")
        result = self.check(path)
        self.assertEqual((result.returncode, result.out), (65, path + ": invalid (2 errors)\n"))
        self.assertEqual(
            result.err,
            f"{path}:2:11: error: process.workers: 9000 is out of range; allowed is 0 to 512 "
            'threads, or "auto" [SP1004]\n'
            "    2 | workers = 9000\n"
            "      |           ^~~~\n"
            f"{path}:4:1: error: http.prot: no such key [SP1003]\n"
            "    4 | prot = 1\n"
            "      | ^~~~\n"
            "  hint: did you mean http.port?\n",
        )

    def test_warnings_count_under_strict_only(self):
        path = self.write("warn.toml", 'http.idle_timeout = "5s"\n')
        self.assertEqual(self.check(path).returncode, 0)
        self.assertEqual(self.check(path).out, path + ": ok (1 warning)\n")
        self.assertEqual(self.check("--strict", path).returncode, 1)

    def test_each_file_stands_alone_and_the_worst_counts(self):
        good = self.write("good.toml", "")
        bad = self.write("bad.toml", "http.port = 70000\n")
        result = self.check(bad, good)
        self.assertEqual(result.returncode, 65)
        self.assertEqual(result.out, f"{bad}: invalid (1 error)\n{good}: ok\n")

    def test_standard_input(self):
        result = self.check("-", stdin=b"http.port = 'x'\n")
        self.assertEqual((result.returncode, result.out), (65, "<stdin>: invalid (1 error)\n"))
        self.assertTrue(result.err.startswith("<stdin>:1:13: error: http.port: "))

    def test_a_file_whose_name_starts_with_a_dash(self):
        self.write("-odd.toml", "")
        result = self.check("--", "-odd.toml", cwd=self.directory)
        self.assertEqual((result.returncode, result.out), (0, "-odd.toml: ok\n"))

    def test_a_missing_file(self):
        result = self.check(self.directory + "/gone.toml")
        self.assertEqual(result.returncode, 65)
        self.assertIn("cannot be read: No such file or directory [SP1001]", result.err)

    def test_without_a_file_what_serve_would_use(self):
        path = self.write("c.toml", "http.port = 1\n")
        result = self.check(env={"SAMPLEPROC_CONFIG": path, "PORT": "9000"})
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.out, path + ", 1 environment variable: ok\n")
        result = self.check(env={"SAMPLEPROC_CONFIG": path, "PORT": "nine"})
        self.assertEqual(result.returncode, 65)
        self.assertIn('environment PORT: error: http.port: "nine" is not', result.err)

    def test_set_is_checked_too(self):
        path = self.write("good.toml", "")
        result = self.check("--set", "process.workers=-1", "--set", "http.port=1", path)
        self.assertEqual(result.returncode, 65)
        self.assertTrue(result.err.startswith("--set process.workers: error: process.workers: -1"))

    def test_a_mistyped_variable_is_an_error(self):
        path = self.write("good.toml", "")
        result = self.check(path, env={"SAMPLEPROC_HTTP_PROT": "1"})
        self.assertEqual(result.returncode, 65)
        self.assertIn("did you mean SAMPLEPROC_HTTP_PORT?", result.err)

    def test_the_variables_of_a_cluster_are_no_error(self):
        path = self.write("good.toml", "")
        result = self.check(
            path,
            env={
                "SAMPLEPROC_PORT": "tcp://10.0.0.7:8099",
                "SAMPLEPROC_SERVICE_HOST": "10.0.0.7",
                "SAMPLEPROC_PORT_8099_TCP_ADDR": "10.0.0.7",
            },
        )
        self.assertEqual((result.returncode, result.err), (0, ""))

    def test_no_colour_where_nobody_looks(self):
        path = self.write("bad.toml", "x = 1\n")
        self.assertNotIn("\x1b", self.check(path).err)


if __name__ == "__main__":
    cli.main()
