"""sampleproc process-file --compare OLD --diff-html FILE: what has changed, as a page with pictures."""

import base64
import collections
import html.parser
import json
import os
import subprocess

import cli
import pictures
from folder import WithDirectory, process, records
from process_file_events_test import HEIGHT, WIDTH, WithEvents, passing
from streams import wait_until

VOID = {"meta", "img", "link", "br"}
HOSTILE = "x\"'><script>alert(1)</script>]]>--><!--&amp;"
RIGHT = "[[0.5,0],[1,0],[1,1],[0.5,1]]"


class Page(html.parser.HTMLParser):
    """What a page shows, by its elements; whatever is out of order fails."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.ids = set()
        self.links = []
        self.attributes = collections.Counter()
        self.elements = collections.Counter()
        self.images = []  # of (alt, JPEG)
        self.articles = []
        self.rows = []  # of all tables, as lists of texts
        self.text = ""
        self.policy = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open
        assert set(self.links) <= self.ids, (self.links, self.ids)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        assert len(named) == len(attrs), attrs
        self.elements[tag] += 1
        self.attributes.update(list(named))
        if "id" in named:
            assert named["id"] not in self.ids, named["id"]
            self.ids.add(named["id"])
        if tag == "a":
            assert named["href"].startswith("#"), named
            self.links.append(named["href"][1:])
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"]
        if tag == "img":
            kind, data = named["src"].split(",", 1)
            assert kind == "data:image/jpeg;base64", kind
            jpeg = base64.b64decode(data, validate=True)
            assert pictures.size_of_jpeg(jpeg) == (int(named["width"]), int(named["height"]))
            self.images.append((named["alt"], jpeg))
            if "article" in self.open:
                self.articles[-1]["images"].append(self.images[-1])
        if tag == "article":
            self.articles.append({"images": [], "facts": {}, "text": "", "kinds": ""})
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "dt":
            self.fact = ""
        if tag == "dd":
            self.articles[-1]["facts"].setdefault(self.fact, [])
            self.articles[-1]["facts"][self.fact].append("")
        self.span = named.get("class") if tag == "span" else None
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.open)
        self.span = None

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if "article" in self.open:
            article = self.articles[-1]
            article["text"] += data
            if self.span == "kind":
                article["kinds"] += data
            if "dt" in self.open:
                self.fact += data
            if "dd" in self.open:
                article["facts"][self.fact][-1] += data
        if self.open[-1:] and ("td" in self.open or "th" in self.open):
            self.rows[-1][-1] += data

    def counts(self):
        """By camera and kind, as the first table has them."""
        head = self.rows[0]
        found = {}
        for row in self.rows[1:]:
            if row[0] == "all cameras" or len(row) != len(head):
                break
            found[row[0]] = {kind: int(count) for kind, count in zip(head[1:-1], row[1:-1])
                             if count != "0"}  # fmt: skip
            assert sum(found[row[0]].values()) == int(row[-1]), row
        return found


def pixels_of(jpeg):
    """The picture's pixels, red, green and blue."""
    return subprocess.run(["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt",
                           "rgb24", "-"], input=jpeg, stdout=subprocess.PIPE, check=True).stdout  # fmt: skip


def coloured(jpeg):
    """How many pixels are orange, as boxes of the earlier run, and blue, as those of this one."""
    rgb = pixels_of(jpeg)
    orange = blue = 0
    for at in range(0, len(rgb), 3):
        red, blueness = rgb[at], rgb[at + 2]
        orange += red - blueness > 90
        blue += blueness - red > 70
    return orange, blue


class Events(WithEvents):
    """Of two squares that pass a camera."""

    def setUp(self):
        super().setUp()
        self.video = self.write("pass.raw", passing(20) + passing())
        _, self.text = self.run_events("--camera", "gate", self.video, out="old")
        self.old = self.path("old")

    def compare(self, *words, camera="gate", code=1):
        """The lines of --compare, and the page beside them."""
        page = self.path("page.html")
        result = cli.run(
            "process-file", "-q", "--raw", f"{WIDTH}x{HEIGHT}:gray8", "--pipeline", "motion,track",
            "--set", "process.track.classes=motion", "--set", "process.track.lost_after=1s",
            "--camera", camera, "--compare", self.old, "--diff-html", page, self.video, *words)  # fmt: skip
        self.assertEqual(result.returncode, code, result.err)
        with open(page, encoding="utf-8") as file:
            return [json.loads(line) for line in result.out.splitlines()], Page(file.read())

    def told(self, changes, page):
        """That the page has these changes and no other."""
        counts = collections.defaultdict(collections.Counter)
        for change in changes:
            counts[change["camera_id"]][change["change"]] += 1
        self.assertEqual(page.counts(), counts)
        told = []
        for change in changes:
            ids = [change[when]["event_id"] for when in ("before", "after") if when in change]
            boxes = [json.dumps(change[when]["bbox"], separators=(",", ":"))
                     for when in ("before", "after") if when in change]  # fmt: skip
            told.append((change["change"], " → ".join(dict.fromkeys(ids)),
                         " → ".join(dict.fromkeys(boxes)), ", ".join(change.get("differs", []))))
        shown = [(each["kinds"], each["facts"]["event"][0], each["facts"]["last box"][0],
                  each["facts"].get("differs in", [""])[0]) for each in page.articles]  # fmt: skip
        self.assertEqual(sorted(shown), sorted(told))

    def test_each_kind_of_change_is_on_the_page_with_its_boxes(self):
        half = b"".join(self.text.splitlines(True)[len(self.text.splitlines()) // 2:])
        renamed = self.text.replace(b'"class":"motion"', b'"class":"person"')
        zone = ("--set", f"camera.gate.zone.right.polygon={RIGHT}")
        for old, words, kinds, before, now in (
            (self.text, ("--set", "process.track.classes=person"), ["lost"] * 2, True, False),
            (half, (), ["gained"], False, True),
            (renamed, (), ["reclassed"] * 2, True, True),
            (self.text, ("--set", f"camera.gate.mask=[{RIGHT}]"), ["moved"] * 2, True, None),
            (self.text, zone, ["changed"] * 2, True, True),
            (b"", (), ["gained"] * 2, False, True),
        ):
            with self.subTest(kinds=kinds, words=words):
                self.write("old", old)
                changes, page = self.compare(*words)
                self.assertEqual([change["change"] for change in changes], kinds)
                self.told(changes, page)
                for article in page.articles:
                    self.assertTrue(article["images"], article)
                    colours = [coloured(jpeg) for _, jpeg in article["images"]]
                    self.assertEqual(any(orange > 40 for orange, _ in colours), before, colours)
                    if now is not None:
                        self.assertEqual(any(blue > 40 for _, blue in colours), now, colours)
                    for alt, _ in article["images"]:
                        self.assertRegex(alt, r"^Frame .*pass.raw#\d+; (before: \w+|now: \w+ \d\.\d\d) at \[")

    def test_what_differs_is_said_in_words(self):
        _, page = self.compare("--set", f"camera.gate.zone.right.polygon={RIGHT}")
        for article in page.articles:
            self.assertEqual(article["facts"]["zones entered"], ["none → right"])
            self.assertIn("entered", article["facts"]["differs in"][0])
        _, page = self.compare("--set", f"camera.gate.mask=[{RIGHT}]")
        self.assertIn("left", page.articles[0]["facts"]["last box is"][0])

    def test_no_difference_is_said_and_the_exit_code_stays(self):
        changes, page = self.compare(code=0)
        self.assertEqual((changes, page.articles, page.images), ([], [], []))
        self.assertIn("No differences from the earlier run", page.text)
        self.assertIn("Nothing that is compared has changed", page.text)

    def test_the_same_bytes_for_any_number_of_threads(self):
        words = ("--set", f"camera.gate.mask=[{RIGHT}]")
        pages = set()
        for jobs in ("1", "2", "7", "7"):
            self.compare(*words, "-j", jobs)
            with open(self.path("page.html"), "rb") as file:
                pages.add(file.read())
        self.assertEqual(len(pages), 1)

    def test_the_events_beside_it_are_those_without_a_page(self):
        self.compare("--events", self.path("new"), code=0)
        with open(self.path("new"), "rb") as file:
            self.assertEqual(file.read(), self.text)

    def test_a_page_that_cannot_be_written_takes_no_change_with_it(self):
        words = ["process-file", "-q", "--raw", f"{WIDTH}x{HEIGHT}:gray8", "--pipeline", "motion,track",
                 "--set", "process.track.classes=person", "--camera", "gate", "--compare", self.old,
                 self.video]  # fmt: skip
        changes = cli.run(*words)
        self.assertEqual((changes.returncode, len(changes.out.splitlines())), (1, 2), changes.err)
        result = cli.run(*words, "--diff-html", "/dev/full")
        self.assertEqual((result.returncode, result.out), (74, changes.out))
        self.assertIn("/dev/full: No space left on device", result.err)
        result = cli.run(*words, "--diff-html", "/dev/full", "-o", self.path("lines"))
        self.assertEqual(result.returncode, 74)
        with open(self.path("lines"), encoding="utf-8") as file:
            self.assertEqual(file.read(), changes.out)

    def test_a_page_into_a_pipe_by_its_descriptor(self):
        result = subprocess.run(
            ["bash", "-c", '"$@" --diff-html >(cat >"$0")', self.path("page.html"), cli.BINARY,
             "process-file", "-q", "--raw", f"{WIDTH}x{HEIGHT}:gray8", "--pipeline", "motion,track",
             "--set", "process.track.classes=motion", "--camera", "gate", "--compare", self.write("old", b""), self.video,
             "-o", self.path("lines")],
            capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"]})  # fmt: skip
        self.assertEqual(result.stderr, "")

        def page():
            with open(self.path("page.html"), encoding="utf-8") as file:
                return file.read()

        wait_until(lambda: page().endswith("</html>\n"))
        self.assertTrue(Page(page()).articles)

    def test_frames_of_another_folder_without_times_are_not_taken_for_the_same(self):
        self.write("old", self.text.replace(self.directory.encode(), b"/elsewhere"))
        changes, page = self.compare("--set", "process.track.classes=person")
        self.assertEqual([change["change"] for change in changes], ["lost"] * 2)
        self.assertEqual(page.images, [])
        self.assertIn("is none that this run had a result for", page.text)
        self.assertIn("/elsewhere/pass.raw#", page.text)

    def test_hostile_names_of_the_earlier_run_are_text(self):
        events = [json.loads(line) for line in self.text.splitlines()]
        for event in events:
            event["class"] = HOSTILE
            event["entered"] = [HOSTILE]
        events += [{**event, "camera_id": HOSTILE, "event_id": HOSTILE, "frame_id": HOSTILE}
                   for event in events[:1]]  # fmt: skip
        self.write("old", b"".join(json.dumps(event, separators=(",", ":")).encode() + b"\n"
                                   for event in events))  # fmt: skip
        changes, page = self.compare()
        self.assertEqual(len(changes), 3)
        self.assertEqual(set(page.counts()), {"gate", HOSTILE})
        self.assertEqual(page.elements["script"], 0)
        self.assertNotIn("onload", page.attributes)
        self.assertIn(HOSTILE, page.articles[0]["text"])
        self.assertIn(HOSTILE, page.articles[0]["images"][0][0])

    def test_the_page_allows_itself_nothing_but_its_style_and_its_pictures(self):
        _, page = self.compare("--set", "process.track.classes=person")
        self.assertRegex(page.policy, r"^default-src 'none'; img-src data:; style-src 'sha256-[^']+'; ")
        for element in ("script", "link", "iframe", "object", "form", "base"):
            self.assertEqual(page.elements[element], 0, element)
        self.assertNotIn("style", page.attributes)
        self.assertEqual([name for name in page.attributes if name.startswith("on")], [])
        self.assertEqual(page.elements["h1"], 1)


class OfAVideo(WithDirectory):
    def test_frames_of_a_compressed_video_are_decoded_in_colour_as_the_run_goes(self):
        video = self.path("clip.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", pictures.sample_path("vtest.avi"),
                        "-frames:v", "80", "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-q:v", "4", video],
                       check=True)  # fmt: skip
        words = [video, "-q", "--pipeline", "motion,track", "--set", "process.track.classes=motion"]
        events, page = self.path("old"), self.path("page.html")
        found = cli.run("process-file", *words, "--events", events, "-o", self.path("records"))
        self.assertEqual(found.returncode, 0, found.err)
        moved = os.path.join(self.directory, "moved", "clip.mp4")
        os.mkdir(os.path.dirname(moved))
        os.rename(video, moved)
        with open(events, "rb") as file:
            text = file.read()
        self.write("old", text.replace(b'"camera_id":' + json.dumps(video).encode(),
                                       b'"camera_id":' + json.dumps(moved).encode()))  # fmt: skip
        words[0] = moved
        result = cli.run("process-file", *words, "--set", "process.track.min_hits=12", "--compare", events,
                         "--diff-html", page)  # fmt: skip
        self.assertEqual((result.returncode, result.err), (1, ""))
        with open(page, encoding="utf-8") as file:
            shown = Page(file.read())
        changes = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual(sum(sum(kinds.values()) for kinds in shown.counts().values()), len(changes))
        self.assertIn("lost", {change["change"] for change in changes})
        # Known by its name and time, though the frame's id has another folder.
        self.assertGreater(len(shown.images), 0)
        for alt, jpeg in shown.images:
            self.assertEqual(pictures.size_of_jpeg(jpeg), (640, 480))
            self.assertIn("clip.mp4#", alt)
            rgb = pixels_of(jpeg)
            self.assertTrue(any(abs(rgb[at] - rgb[at + 1]) > 12 for at in range(0, len(rgb), 3000)))

    def test_recordings_of_one_name_are_told_apart(self):
        for day, turn in (("day1", "null"), ("day2", "hflip")):
            os.mkdir(self.path(day))
            subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", pictures.sample_path("vtest.avi"),
                            "-frames:v", "40", "-vf", turn, "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-q:v",
                            "4", self.path(f"{day}/clip.mp4")], check=True)  # fmt: skip
        words = ["process-file", "-q", self.path("day1/clip.mp4"), self.path("day2/clip.mp4"), "--camera",
                 "gate", "--pipeline", "motion,track", "-o", self.path("records")]  # fmt: skip
        found = cli.run(*words, "--set", "process.track.classes=motion", "--events", self.path("old"))
        self.assertEqual(found.returncode, 0, found.err)

        def compare():
            result = cli.run(*words, "--set", "process.track.classes=person", "--compare", self.path("old"),
                             "--diff-html", self.path("page.html"))  # fmt: skip
            self.assertEqual(result.returncode, 1, result.err)
            with open(self.path("page.html"), encoding="utf-8") as file:
                return Page(file.read())

        days = set()
        for article in compare().articles:
            day = article["facts"]["event"][0].removeprefix(self.directory)[:6]
            days.add(day)
            for alt, _ in article["images"]:
                self.assertTrue(alt.startswith(f"Frame {self.directory}{day}clip.mp4#"), (alt, day))
        self.assertEqual(days, {"/day1/", "/day2/"})
        with open(self.path("old"), "rb") as file:
            text = file.read()
        self.write("old", text.replace(self.directory.encode(), b"/elsewhere"))
        page = compare()
        self.assertEqual(page.images, [])
        self.assertIn("several frames of this run have the name and time", page.text)


class Records(WithDirectory):
    def setUp(self):
        super().setUp()
        for i in range(3):  # few: looking for faces is slow under a sanitizer
            self.copy("messi5.jpg", f"set/{i:02}.jpg")
        self.write("set/bad.png", b"broken")
        self.words = [self.path("set"), "--pipeline", "faces"]
        self.page = self.path("page.html")
        self.old = [json.loads(line) for line in process(*self.words).stdout.splitlines()]

    def compare(self, old, *words):
        path = self.write("old.ndjson", b"".join(json.dumps(r).encode() + b"\n" for r in old))
        result = process(*(words or self.words), "--compare", path, "--diff-html", self.page)
        with open(self.page, encoding="utf-8") as file:
            return result, Page(file.read())

    def test_each_frame_that_differs_has_its_boxes_and_its_changes_in_words(self):
        old = json.loads(json.dumps(self.old))
        box = old[0]["detections"][0]["bbox"]
        old[0]["detections"][0]["bbox"] = [box[0] + 3, box[1], box[2] + 3, box[3]]
        old[1]["detections"] += [{"class": HOSTILE, "confidence": 1, "bbox": [5, 300, 60, 340],
                                  "detector": "x"}]  # fmt: skip
        old[2]["detections"] = []
        old[3] = {"source": old[3]["source"], "index": 0, "frame_id": "x", "detections": []}
        old.append({"source": "rtsp://user:s3cret@10.0.0.5/gone", "index": 7, "detections": []})
        result, page = self.compare(old)
        self.assertEqual((result.returncode, result.err), (1, ""))
        printed = collections.Counter(change["change"] for change in records(result))
        self.assertEqual(printed, {"moved": 1, "lost": 1, "gained": 1, "failed": 1, "vanished": 1})
        self.assertEqual(page.counts(), {"without a camera": printed})
        shown = {each["kinds"]: each for each in page.articles}
        self.assertEqual(set(shown), {"moved", "lost", "gained"})
        self.assertIn("3 px left", shown["moved"]["facts"]["moved"][0])
        self.assertIn(HOSTILE + " [5,300,60,340]", shown["lost"]["facts"]["lost"][0])
        for change in records(result):
            if change["change"] in shown:
                self.assertIn(os.path.basename(change["source"]), shown[change["change"]]["text"])
                self.assertIn(change["class"], shown[change["change"]]["text"])
        colours = {kind: coloured(each["images"][0][1]) for kind, each in shown.items()}
        self.assertGreater(min(colours["moved"]), 40)
        # The lawn is no less green for it: what counts is that there is more of the colour.
        plain = colours["lost"][1]
        self.assertGreater(colours["lost"][0], colours["gained"][0] + 40)
        self.assertGreater(colours["gained"][1], plain + 40)
        listed = {row[0]: row for row in page.rows if len(row) == 4}
        self.assertIn("the frame failed: ", listed["failed"][3])
        self.assertIn("none of this run's inputs", listed["vanished"][3])
        self.assertNotIn("s3cret", page.text)
        self.assertIn("rtsp://***", page.text)
        for alt, jpeg in page.images:
            self.assertEqual(max(pictures.size_of_jpeg(jpeg)), 548)
            self.assertTrue(alt.startswith("Frame "))

    def test_nothing_changed(self):
        result, page = self.compare(self.old)
        self.assertEqual((result.returncode, result.out, result.err), (0, "", ""))
        self.assertIn("No differences", page.text)

    def test_large_pictures_are_made_small_and_names_of_any_bytes_are_text(self):
        name = os.fsdecode(b"set/<img src=x onerror=alert(1)>\xfe\".png")
        self.write(name, pictures.gray_png(2000, 900))
        result, page = self.compare(self.old)
        self.assertEqual([change["change"] for change in records(result)], ["appeared"])
        self.assertEqual([pictures.size_of_jpeg(jpeg) for _, jpeg in page.images], [(640, 288)])
        self.assertIn("<img src=x onerror=alert(1)>\\xFE\".png#0", page.articles[0]["text"])
        self.assertEqual(page.elements["img"], 1)

    def test_the_number_of_pictures_is_bounded_and_the_rest_is_told(self):
        raw = self.write("many.raw", bytes(16 * 16) * 230)
        old = self.write("none.ndjson", b"")
        sizes = set()
        for jobs in ("1", "5"):
            result = process("--raw", "16x16:gray8", raw, "-j", jobs, "--compare", old, "--diff-html",
                             self.page)  # fmt: skip
            self.assertEqual(result.returncode, 1, result.err)
            with open(self.page, encoding="utf-8") as file:
                text = file.read()
            sizes.add(text)
            page = Page(text)
            self.assertEqual((len(page.images), len(page.articles)), (200, 200))
            self.assertEqual(sum(len(row) == 4 for row in page.rows), 1 + 30)
            self.assertIn("200 of 230 frames with pictures, 30 in tables without.", page.text)
            self.assertEqual(page.counts(), {raw: {"appeared": 230}})
        self.assertEqual(len(sizes), 1)


class TheFile(WithDirectory):
    def setUp(self):
        super().setUp()
        self.picture = self.copy("box.png")
        self.old = self.write("old.ndjson", process(self.picture).stdout)

    def refused(self, *words):
        result = process(*words)
        self.assertEqual((result.returncode, result.out), (2, ""), result.err)
        return result.err

    def test_what_does_not_go_together_is_said(self):
        page = self.path("p.html")
        self.assertIn("add --compare OLD", self.refused(self.picture, "--diff-html", page))
        compared = (self.picture, "--compare", self.old)
        self.assertIn("needs --output FILE", self.refused(*compared, "--diff-html", "-"))
        self.assertIn("without --compare", self.refused(*compared, "--diff-html", page, "-o", self.path("o"),
                                                        "--resume", self.path("s")))  # fmt: skip
        self.assertEqual(sorted(os.listdir(self.directory)), ["box.png", "old.ndjson"])

    def test_inputs_the_earlier_run_and_other_outputs_are_not_written_over(self):
        config = self.write("c.toml", b"")
        before = {name: os.stat(self.path(name)).st_mtime_ns for name in os.listdir(self.directory)}
        for path, words in ((self.picture, ()), (self.old, ()), (config, ("-c", config)),
                            (self.path("o"), ("-o", self.path("o"))),
                            (self.path("./o"), ("-o", self.path("o")))):  # fmt: skip
            err = self.refused(self.picture, "--compare", self.old, "--diff-html", path, *words)
            self.assertIn("would be destroyed", err)
        after = {name: os.stat(self.path(name)).st_mtime_ns for name in os.listdir(self.directory)}
        self.assertEqual(after, before)

    def test_standard_output_and_an_old_page(self):
        result = process(self.picture, "--compare", self.old, "-o", self.path("o"), "--diff-html", "-")
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertIn("No differences", Page(result.out).text)
        page = self.write("p.html", b"an old page")
        os.chmod(page, 0o640)
        process(self.picture, "--compare", self.old, "--diff-html", page)
        self.assertEqual(os.stat(page).st_mode & 0o777, 0o640)
        with open(page, encoding="utf-8") as file:
            self.assertIn("No differences", file.read())
        self.assertEqual(sorted(os.listdir(self.directory)), ["box.png", "o", "old.ndjson", "p.html"])

    def test_a_run_that_ends_early_leaves_the_old_page_and_nothing_else(self):
        page = self.write("p.html", b"an old page")
        bad = self.write("a.png", b"broken")
        result = process(bad, self.picture, "--fail-fast", "--compare", self.old, "--diff-html", page)
        self.assertIn("p.html is as it was", result.err)
        with open(page, "rb") as file:
            self.assertEqual(file.read(), b"an old page")
        result = process(bad, self.picture, "--fail-fast", "--compare", self.old, "--diff-html",
                         self.path("new.html"))  # fmt: skip
        self.assertEqual(sorted(os.listdir(self.directory)), ["a.png", "box.png", "old.ndjson", "p.html"])

    def test_a_folder_that_cannot_be_written_is_said_before_anything_is_done(self):
        result = process(self.picture, "--compare", self.old, "--diff-html", self.path("none/p.html"))
        self.assertEqual((result.returncode, result.out), (74, ""), result.err)
        self.assertIn("none/p.html", result.err)


if __name__ == "__main__":
    cli.main()
