"""A host that hands out pictures by URL, until it is told to hang, to be away or to fail."""

import socket
import threading
import time

import stand_in


class PixelHost(stand_in.StandIn):
    """Answers each GET with the picture. `mode`, from the next request on: "well", "hangs" (says
    nothing until it is well again, or the test ends), "errors" (503), "drips" (a byte at a time),
    "slow" (answers after 0.6 s)."""

    def __init__(self, test, picture):
        self.picture = picture
        self.mode = "well"
        self.asked = 0
        self._changed = threading.Condition()
        super().__init__(test)
        test.addCleanup(self.set, "well")  # before the server waits for its threads

    def set(self, mode):
        with self._changed:
            self.mode = mode
            self._changed.notify_all()

    def at(self, name):
        return f"{self.url}/{name}"

    def handle(self, handler, _):
        with self._changed:
            self.asked += 1
            mode = self.mode
        if mode == "errors":
            return handler.answer(503)
        if mode == "hangs" and not self.wait(handler):
            return None
        if mode == "drips":
            return self.drip(handler)
        if mode == "slow":
            time.sleep(0.6)
        return handler.answer(200, self.picture, Content_Type="image/png")

    def wait(self, handler):
        """False: the client went away first."""
        handler.connection.settimeout(0.1)
        while self.mode == "hangs":
            try:
                if handler.connection.recv(1, socket.MSG_PEEK) == b"":
                    return False
            except TimeoutError:
                pass
            except OSError:
                return False
        handler.connection.settimeout(None)
        return True

    def drip(self, handler):
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.picture))
        for byte in self.picture:
            if self.mode != "drips" or handler.close_connection:
                break
            handler.raw(bytes([byte]))
            with self._changed:
                self._changed.wait(0.05)
        handler.close_connection = True

