"""A headless Chromium (Debian package) that a test drives over a pipe, by the DevTools protocol:
messages are JSON, each ended by a NUL byte."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import cli


class BrowserError(AssertionError):
    pass


class Browser:
    """One page. What it logs as an error and what a policy blocks is in `errors`."""

    def __init__(self, width=1280, height=800):
        self.folder = tempfile.mkdtemp(prefix="sampleproc-browser-")
        to_read, self.to = os.pipe()
        self.come, to_write = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        command = ["chromium", "--headless=new", "--remote-debugging-pipe", "--no-first-run",
                   "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                   "--disable-component-update", "--hide-scrollbars", f"--user-data-dir={self.folder}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        shell = f'exec 3<&{to_read} 4>&{to_write}; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *command, "about:blank"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number = 0
        self.session = None
        self.rest = b""
        self.errors = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.size(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Once or more."""
        if self.to is None:
            return
        os.close(self.to)
        os.close(self.come)
        self.to = None
        try:
            self.process.wait(10)  # it ends with its pipe
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def message(self, patience):
        """The next message, or None when none comes in that many seconds."""
        end = time.monotonic() + patience
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.come], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            some = os.read(self.come, 1 << 20)
            if not some:
                raise BrowserError("the browser has ended")
            self.rest += some
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def note(self, message):
        what = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(what["exceptionDetails"])[:500])
        elif message.get("method") == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.errors.append(what["entry"]["text"] + " " + what["entry"].get("url", ""))

    def call(self, method, **params):
        self.number += 1
        wanted = self.number
        body = {"id": wanted, "method": method, "params": params}
        if self.session:
            body["sessionId"] = self.session
        os.write(self.to, json.dumps(body).encode() + b"\0")
        while True:
            message = self.message(60)
            if message is None:
                raise BrowserError(f"no answer to {method}")
            if message.get("id") != wanted:
                self.note(message)
                continue
            if "error" in message:
                raise BrowserError(f"{method}: {message['error']['message']}")
            return message["result"]

    def size(self, width, height, dark=False, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def go(self, url):
        self.call("Page.navigate", url=url)

    def run(self, script):
        """The value of a JavaScript expression; a promise is waited for."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise BrowserError(json.dumps(done["exceptionDetails"])[:2000])
        return done["result"].get("value")

    def await_true(self, script, what, patience=cli.PATIENCE):
        """Until the expression is true; `what` is said when it never is. One that throws, as while a
        page is being loaded, is not true yet."""
        end = time.monotonic() + patience
        thrown = ""
        while time.monotonic() < end:
            try:
                if self.run(f"!!({script})"):
                    return
            except BrowserError as error:
                thrown = f" ({error})"
            message = self.message(0.1)
            if message is not None:
                self.note(message)
        said = self.run("document.body.innerText")[:1500]
        raise BrowserError(f"{what}{thrown}; the page says: {said}")

    def key(self, key, code=0, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def type(self, text):
        self.call("Input.insertText", text=text)

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(picture))
