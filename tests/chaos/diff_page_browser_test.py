"""The page of process-file --diff-html in a real browser: what its own policy lets in, what axe finds,
a phone, light and dark. With SAMPLEPROC_SCREENSHOTS=FOLDER it leaves pictures of itself there."""

import json
import os
import pathlib

import cli
import pictures
from browser import Browser
from console_browser_test import RUN_AXE, axe
from folder import WithDirectory, process

SIZES = ((1280, 900, False, False), (1280, 900, True, False), (390, 844, False, True), (390, 844, True, True))


class ThePage(WithDirectory):
    def page(self):
        """Of photos: faces that are gained, lost and moved, and frames that fail and are gone."""
        for name in ("messi5.jpg", "basketball1.png", "lena.jpg"):
            if (pictures.SAMPLES / name).is_file():
                self.copy(name, "set/" + name)
        words = [self.path("set"), "--pipeline", "faces"]
        old = [json.loads(line) for line in process(*words).stdout.splitlines()]
        for record in old:
            for found in record["detections"]:
                found["bbox"] = [found["bbox"][0] + 9, *found["bbox"][1:]]
            record["detections"].append({"class": "cup <b>", "confidence": 1, "bbox": [9, 9, 80, 60],
                                         "detector": "x"})  # fmt: skip
        old.append({"source": "gone.jpg", "index": 0, "detections": []})
        self.write("set/bad.png", b"broken")
        path = self.write("old", b"".join(json.dumps(record).encode() + b"\n" for record in old))
        page = self.path("page.html")
        result = process(*words, "--compare", path, "--diff-html", page)
        self.assertEqual(result.returncode, 1, result.err)
        return page

    def test_it_shows_its_pictures_reads_on_a_phone_and_axe_has_nothing_to_say(self):
        url = pathlib.Path(self.page()).as_uri()
        tool = axe()
        folder = os.environ.get("SAMPLEPROC_SCREENSHOTS")
        with Browser() as browser:
            for width, height, dark, phone in SIZES:
                with self.subTest(width=width, dark=dark):
                    browser.size(width, height, dark=dark, phone=phone)
                    browser.go(url)
                    browser.await_true("document.readyState == 'complete' && document.images.length > 1 && "
                                       "[...document.images].every((each) => each.naturalWidth > 0)",
                                       "a picture is broken")  # fmt: skip
                    self.assertEqual(browser.errors, [])
                    # The style is let in, and nothing is wider than the window but what scrolls.
                    self.assertTrue(browser.run(
                        "getComputedStyle(document.querySelector('article')).borderRadius == '8px'"))
                    self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), width)
                    if folder:
                        name = f"diff-{width}-{'dark' if dark else 'light'}.png"
                        browser.screenshot(os.path.join(folder, name))
                    browser.run(tool)
                    self.assertEqual(json.loads(browser.run(RUN_AXE)), [])


if __name__ == "__main__":
    cli.main()
