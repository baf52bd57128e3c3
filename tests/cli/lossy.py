"""A way to a Redis server on which answers get lost."""

import contextlib
import os
import socket
import tempfile
import threading


class Lossy:
    """Listens at `path` and leads to the server at `target`. After lose(), the next answer to a
    request that has such bytes never comes: the server has done it, and the connection ends."""

    def __init__(self, test, target):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "lossy.sock")
        self.target = target
        self.lost = 0
        self.marks = []
        self.lock = threading.Lock()
        self.open = set()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()
        test.addCleanup(self.stop)

    def lose(self, mark):
        with self.lock:
            self.marks.append(mark)

    def stop(self):
        self.end(self.listener)
        self.threads[0].join()
        with self.lock:
            left = list(self.open)
        self.end(*left)
        for thread in self.threads[1:]:
            thread.join()
        for each in (self.listener, *left):
            each.close()

    @staticmethod
    def end(*ends):
        for each in ends:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                with self.lock:
                    self.open |= {client, server}
                if server.connect_ex(self.target) != 0:
                    self.end(client)
                    continue
                loses = threading.Event()
                for pump in (self.requests, self.answers):
                    thread = threading.Thread(target=pump, args=(client, server, loses))
                    self.threads.append(thread)
                    thread.start()

    def requests(self, client, server, loses):
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 20):
                with self.lock:
                    for mark in [mark for mark in self.marks if mark in data]:
                        self.marks.remove(mark)
                        loses.set()
                server.sendall(data)
        self.end(client, server)

    def answers(self, client, server, loses):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 20):
                if loses.is_set():
                    self.lost += 1
                    break
                client.sendall(data)
        self.end(client, server)
