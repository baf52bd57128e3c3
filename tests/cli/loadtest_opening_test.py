"""loadtest: the connections that it opens before its clock starts."""

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import struct
import tempfile
import threading
import time

import cli
from certificate import make_certificate
from loadtest_server import Server
import loadtest_server
from loadtest_test import load


class Listener:
    """A TLS server that tells connections apart: by its account one is there when hands are shaken,
    and it shakes hands with one after the other, as `manner` says. It ends with the test."""

    def __init__(self, test, manner):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        self.ca = str(path / "cert")
        make_certificate(self.ca, str(path / "key"), "IP:127.0.0.1")
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(self.ca, path / "key")
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        self.kept = []
        self.too_soon = None
        self.has_ended = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(manner,))
        self.thread.start()
        test.addCleanup(self.end)

    def end(self):
        self.has_ended.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for one in self.kept:
            one.close()
        self.thread.join()

    def serve(self, manner):
        try:
            self.socket.accept()[0].close()  # looks whether somebody listens
            self.shake(self.socket.accept()[0]).close()  # and whether it is the right one
            manner(self)
        except OSError:
            if not self.has_ended.is_set():
                raise

    def shake(self, connection):
        return self.context.wrap_socket(connection, server_side=True)

    def accept(self):
        self.kept.append(self.shake(self.socket.accept()[0]))
        return self.kept[-1]

    def answer_all(self):
        """Answers each request of each connection there is and will be."""
        for one in self.kept:
            threading.Thread(target=answer, args=(one,), daemon=True).start()
        while True:
            threading.Thread(target=answer, args=(self.accept(),), daemon=True).start()


def answer(connection):
    try:
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    except OSError:
        pass


def closes_the_first_of_two(listener):
    """Its end is there before the second connection is, and so before the run begins."""
    first = listener.accept()
    listener.kept.clear()
    first.close()
    listener.accept()
    listener.answer_all()


def closes_nine_of_ten(listener):
    for _ in range(9):
        one = listener.accept()
        listener.kept.clear()
        plain = one.detach()
        with socket.socket(fileno=plain) as raw:
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):  # until the client has closed it, too
                pass
    listener.accept()
    listener.answer_all()


def takes_three(listener):
    for _ in range(3):
        listener.accept()
    while True:
        with listener.socket.accept()[0] as one:  # a reset, not an end
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def one_after_the_other(listener):
    with contextlib.suppress(ssl.SSLError):  # those that the client has given up
        while True:
            listener.accept()
            time.sleep(0.2)


def waits_with_the_last(listener):
    """Long enough for whoever does not wait for all of them to send a request."""
    for _ in range(9):
        listener.accept()
    time.sleep(1)
    listener.too_soon = bool(select.select(listener.kept, [], [], 0)[0])
    listener.accept()
    listener.answer_all()


class Opening(cli.TestCase):
    def test_no_request_is_sent_before_all_connections_are_there(self):
        for words in (("--closed", "--requests", "50"), ("--rate", "100", "--requests", "50")):
            listener = Listener(self, waits_with_the_last)
            with self.subTest(words):
                report = load(self, listener.url, "--ca", listener.ca, "-c", "10", "--threads", "2", *words)
                self.assertIs(listener.too_soon, False)
                self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (50, 0))
                generator = report["generator"]
                self.assertEqual((generator["connections_ahead"], generator["connections_lost"]), (10, 0))
                self.assertEqual(generator["connections_opened"], 10)
                self.assertGreaterEqual(generator["opening_seconds"], 1)

    def test_a_connection_that_the_target_closed_before_its_first_use_is_no_failure(self):
        for words in (("--closed", "--requests", "40"), ("--rate", "100", "--requests", "40")):
            listener = Listener(self, closes_the_first_of_two)
            with self.subTest(words):
                report = load(self, listener.url, "--ca", listener.ca, "-c", "2", "--threads", "2", *words)
                self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (40, 0))
                generator = report["generator"]
                self.assertEqual((generator["connections_ahead"], generator["connections_lost"]), (2, 1))
                self.assertEqual(generator["connections_opened"], 3)

    def test_a_target_that_closes_idle_connections_is_not_asked_for_them_for_ever(self):
        for words in (("--closed", "--requests", "40"), ("--rate", "100", "--requests", "40")):
            listener = Listener(self, closes_nine_of_ten)
            with self.subTest(words):
                report = load(self, listener.url, "--ca", listener.ca, "-c", "10", *words)
                self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (40, 0))
                generator = report["generator"]
                self.assertEqual((generator["connections_ahead"], generator["connections_lost"]), (10, 9))

    def test_a_target_that_takes_fewer_is_told_with_what_helps(self):
        listener = Listener(self, takes_three)
        done = cli.run("loadtest", "--target", listener.url, "--ca", listener.ca, "-c", "10")
        self.assertEqual((done.returncode, done.out), (69, ""), done.err)
        self.assertIn(f"{listener.url}: opened 3 of 10 connections: ", done.err)
        self.assertIn("lower -c", done.err)

    def test_too_few_files_are_told_before_anything_is_opened(self):
        server = Server(self, loadtest_server.well)
        for words in (("--rate", "10"), ("--closed",)):
            line = ["bash", "-c", 'ulimit -n 40; exec "$0" "$@"', cli.BINARY, "loadtest", "--target",
                    server.url, "-c", "21", *words]  # fmt: skip
            done = cli.subprocess.run(line, env={}, capture_output=True, text=True,
                                      timeout=cli.PATIENCE, check=False)  # fmt: skip
            self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
            self.assertIn("limit of open files allows (20)", done.stderr)
            self.assertIn("ulimit -Hn 85", done.stderr)
        self.assertEqual(server.notes["connections"].value, 0)

    def test_interrupted_while_it_opens_it_reports_at_once(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            listener = Listener(self, one_after_the_other)
            child = cli.start(self, "loadtest", "--target", listener.url, "--ca", listener.ca, "-c",
                              "5000", "--rate", "10", "--json", "-")  # fmt: skip
            self.assertRegex(child.stderr.readline().decode(), r"^opening connections: \d+ of 5000\n$")
            child.send_signal(number)
            out, _ = child.communicate()
            self.assertEqual(child.returncode, code)
            report = json.loads(out)
            self.assertTrue(report["ended_early"])
            self.assertEqual((report["requests"]["intended"], report["errors"]["total"]), (0, 0))

    def test_every_report_tells_what_was_opened(self):
        server = Server(self, loadtest_server.well)
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, "page.html")
            done = cli.run("loadtest", "--target", server.url, "--closed", "-c", "20", "--requests", "40",
                           "--html", page)  # fmt: skip
            text = r"20 connections in [\d.e-]+ s before the first request"
            self.assertRegex(done.out, r"(?m)^opened +" + text + "$")
            with open(page, encoding="utf-8") as file:
                self.assertRegex(file.read(), text)


if __name__ == "__main__":
    cli.main()
