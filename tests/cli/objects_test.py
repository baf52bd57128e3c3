"""Detectors on real networks and real pictures, against an independent reading of the same network.

The networks are fetched by packaging/fetch-models.sh, or SAMPLEPROC_MODELS says where they are; what
is not here is skipped, and said. SAMPLEPROC_TRUTH may name a file with the people of vtest.avi
(frame, id, x, y, width, height), which is not ours to ship; with it recall and precision are
measured.
"""

import collections
import json
import os
import pathlib
import subprocess
import unittest

import cli
import pictures
from folder import WithDirectory, records
from service import ANY_PORT, Service

try:
    import cv2
    import numpy
except ImportError:  # the reference needs python3-opencv
    cv2 = None

MODELS = pathlib.Path(os.environ.get("SAMPLEPROC_MODELS") or pictures.ROOT / "build/models")
TRUTH = os.environ.get("SAMPLEPROC_TRUTH")
ONNXRUNTIME = MODELS / "libonnxruntime.so"
RUNTIMES = ["opencv"] + (["onnxruntime"] if ONNXRUNTIME.is_file() else [])
SIDE = 416  # of YOLOX-nano's input
PEOPLE = 19  # in all of vtest.avi


def leave_out(reason):
    print(f"left out: {reason}")
    raise unittest.SkipTest(reason)


def model(name):
    path = MODELS / name
    if not path.is_file():
        leave_out(f"no {path}; packaging/fetch-models.sh --from DIR brings it")
    return path


def detect(names, network, runtime, *settings, pipeline="objects"):
    words = ["--set", f"process.pipeline={pipeline}", "--set", f"detector.objects.model={network}",
             "--set", f"detector.objects.runtime={runtime}", *cli.NO_HURRY]  # fmt: skip
    if runtime == "onnxruntime":
        words += ["--set", f"process.onnxruntime={ONNXRUNTIME}"]
    for setting in settings:
        words += ["--set", setting]
    result = cli.run("process-file", "-q", *words, *names)
    if result.returncode != 0:
        raise AssertionError(result.err)
    return records(result)


def found(record, wanted=None):
    """(class, score, box) of what the detector found."""
    return [(each["class"], each["confidence"], tuple(each["bbox"])) for each in record["detections"]
            if each["detector"] == "objects" and wanted in (None, each["class"])]  # fmt: skip


def share(a, b):
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def reference(net, picture, threshold):
    """YOLOX by OpenCV's networks and numpy, after its paper: (class index, score, box)."""
    height, width = picture.shape[:2]
    scale = min(SIDE / width, SIDE / height)
    inner = (round(width * scale), round(height * scale))
    padded = numpy.full((SIDE, SIDE, 3), 114, numpy.uint8)
    padded[: inner[1], : inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_LINEAR)
    net.setInput(padded.transpose(2, 0, 1)[None].astype(numpy.float32))
    rows = net.forward()[0]
    grids = []
    for stride in (8, 16, 32):
        side = SIDE // stride
        y, x = numpy.mgrid[:side, :side]
        grids.append(numpy.stack([x.ravel(), y.ravel(), numpy.full(side * side, stride)], 1))
    cells = numpy.concatenate(grids)
    middle = (rows[:, :2] + cells[:, :2]) * cells[:, 2:]
    sides = numpy.exp(rows[:, 2:4]) * cells[:, 2:]
    boxes = numpy.concatenate([middle - sides / 2, middle + sides / 2], 1)
    boxes *= numpy.array([width / inner[0], height / inner[1]] * 2)
    scores = rows[:, 4:5] * rows[:, 5:]
    kept = []
    order = numpy.argsort(-scores.max(1))
    for row in order:
        index = int(scores[row].argmax())
        score = float(scores[row, index])
        if score < threshold:
            break
        if all(index != other or share(boxes[row], box) <= 0.45 for other, _, box in kept):
            kept.append((index, score, boxes[row]))
    limits = numpy.array([width, height] * 2)
    return [(index, score, numpy.rint(numpy.clip(box, 0, limits))) for index, score, box in kept]


class AgainstAReference(unittest.TestCase):
    def test_boxes_are_those_of_an_independent_reading_within_a_pixel(self):
        if cv2 is None:
            leave_out("python3-opencv is not here, so there is nothing to compare with")
        network = model("yolox_nano.onnx")
        names = sorted(str(path) for path in pictures.SAMPLES.glob("*.jpg"))
        names += sorted(str(path) for path in pictures.SAMPLES.glob("*.png"))
        # OpenCV reads palettes and transparency in ways of its own; photos are what counts.
        names = [name for name in names if cv2.imread(name, cv2.IMREAD_UNCHANGED) is not None
                 and cv2.imread(name, cv2.IMREAD_UNCHANGED).shape[2:] == (3,)]  # fmt: skip
        net = cv2.dnn.readNetFromONNX(str(network))
        compared = 0
        for runtime in RUNTIMES:
            for record, name in zip(detect(names, network, runtime), names, strict=True):
                ours = found(record)
                theirs = reference(net, cv2.imread(name), 0.4)
                for _, score, box in ours:
                    if score < 0.55:  # on the edge of the threshold
                        continue
                    near = [max(abs(a - b) for a, b in zip(box, other)) for _, _, other in theirs]
                    self.assertLessEqual(min(near, default=99), 1, (runtime, name, box))
                    compared += 1
                for _, score, box in theirs:
                    if score < 0.55:
                        continue
                    near = [max(abs(a - b) for a, b in zip(box, other)) for _, _, other in ours]
                    self.assertLessEqual(min(near, default=99), 1, (runtime, name, box))
        print(f"{compared} boxes in {len(names)} pictures compared on {', '.join(RUNTIMES)}")
        self.assertGreater(compared, 10)


class OnRealPictures(WithDirectory):
    def test_people_of_a_video(self):
        network = model("yolox_nano.onnx")
        if not TRUTH:
            leave_out("SAMPLEPROC_TRUTH names no file with the people of vtest.avi")
        people = {}
        with open(TRUTH, encoding="ascii") as file:
            for line in file:
                frame, _, x, y, width, height = map(float, line.split(","))
                people.setdefault(int(frame) - 1, []).append((x, y, x + width, y + height))
        video = pictures.sample_path("vtest.avi")
        frames = sorted(people)
        wanted = "+".join(f"eq(n\\,{frame})" for frame in frames)
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", video, "-vf", f"select={wanted}",
                        "-vsync", "passthrough", self.path("%03d.png")], check=True)  # fmt: skip
        names = [self.path(f"{i + 1:03}.png") for i in range(len(frames))]
        person = "detector.objects.classes=person"
        for runtime in RUNTIMES:
            self.measure(f"objects by {runtime}", detect(names, network, runtime, person),
                         [people[frame] for frame in frames], 0.78)  # fmt: skip
        if "onnxruntime" in RUNTIMES:  # OpenCV takes minutes for all of the video
            records_of_all = detect([video], network, "onnxruntime", person,
                                    pipeline="motion,objects,track")  # fmt: skip
            self.measure("motion, objects by onnxruntime", [records_of_all[frame] for frame in frames],
                         [people[frame] for frame in frames], 0.85)  # fmt: skip
            self.count_tracks(records_of_all)

    def count_tracks(self, seen):
        lengths = collections.Counter(each["track_id"] for record in seen
                                      for each in record["detections"] if "track_id" in each)  # fmt: skip
        tracks = sum(length >= 10 for length in lengths.values())
        print(f"track: {tracks} tracks of ten frames or more for the {PEOPLE} people of vtest.avi")
        self.assertGreaterEqual(tracks, PEOPLE)
        self.assertLessEqual(tracks, 1.5 * PEOPLE)

    def measure(self, name, seen, truths, least_precision):
        hits, reported = 0, 0
        for record, truth in zip(seen, truths, strict=True):
            left = list(truth)
            for _, _, box in sorted(found(record), key=lambda each: -each[1]):
                reported += 1
                best = max(left, key=lambda person: share(person, box), default=None)
                if best is not None and share(best, box) >= 0.5:
                    left.remove(best)
                    hits += 1
        recall = hits / sum(map(len, truths))
        precision = hits / max(reported, 1)
        print(f"{name}: recall {recall:.3f}, precision {precision:.3f}")
        self.assertGreaterEqual(recall, 0.88, name)
        self.assertGreaterEqual(precision, least_precision, name)

    def test_faces(self):
        for network in ("yunet_n_640_640.onnx", "yunet_n_320_320.onnx", "blazeface_back.onnx"):
            for runtime in RUNTIMES:
                with self.subTest(network=network, runtime=runtime):
                    names = [pictures.sample_path(name)
                             for name in ("basketball1.png", "messi5.jpg", "fruits.jpg")]  # fmt: skip
                    counts = [len(found(record, "face"))
                              for record in detect(names, model(network), runtime)]  # fmt: skip
                    print(f"{network} by {runtime}: faces in the photos {counts}")
                    self.assertGreaterEqual(counts[0], 1)
                    self.assertGreaterEqual(counts[1], 1)
                    self.assertEqual(counts[2], 0)

    def test_the_same_on_any_number_of_workers(self):
        network = model("yolox_nano.onnx")
        names = [pictures.sample_path(name) for name in ("basketball1.png", "messi5.jpg")] * 4
        one = detect(names, network, RUNTIMES[-1])
        words = ["-j", "4"]
        many = detect([*words, *names], network, RUNTIMES[-1])
        self.assertEqual([found(record) for record in one], [found(record) for record in many])

    def test_looking_now_and_then_the_same_frames_give_the_same(self):
        network = model("yolox_nano.onnx")
        # Frames without a time count as 200 ms apart.
        names = [self.write("still.png", pictures.gray_png(160, 120))] * 40
        settings = ["detector.objects.when=600ms", "process.detection_threshold=0.01"]

        def looks(jobs):
            records = detect(["-j", jobs, "--camera", "door", *names], network, "opencv", *settings,
                             pipeline="motion,objects")  # fmt: skip
            return [(record["steps"][1].get("skipped"), record["detections"]) for record in records]

        one = looks("1")
        # Of a camera that is still new all frames are looked at.
        self.assertEqual([skipped is None for skipped, _ in one[15:]],
                         [i % 3 == 0 for i in range(15, 40)])  # fmt: skip
        for jobs in ("1", "2", "4"):
            self.assertEqual(looks(jobs), one)

    def test_validate_config_tries_the_networks_of_cameras(self):
        network = model("yolox_nano.onnx")
        file = self.write("cameras.toml", f"""
[process]
pipeline = ["stats"]
[detector.objects]
model = "{network}"
runtime = "opencv"
[camera.door]
pipeline = ["motion", "objects"]
classes = ["persn"]
[camera.yard]
pipeline = ["objects"]
classes = ["person", "car"]
""".encode())  # fmt: skip
        tried = cli.run("validate-config", "--online", file)
        self.assertEqual(tried.returncode, 0, tried.err)
        self.assertIn("yolox_nano.onnx (yolox, 416x416, 80 labels) by OpenCV", tried.out)
        self.assertIn("SP1126", tried.err)
        self.assertIn('no step of this camera\'s pipeline finds "persn"', tried.err)
        self.assertIn('did you mean "person"?', tried.err)
        self.assertEqual(tried.err.count("SP1126"), 1)
        quiet = cli.run("validate-config", file)
        self.assertEqual((quiet.returncode, quiet.err), (0, ""))
        with open(network, "rb") as whole:
            half = self.write("half.onnx", whole.read()[:100_000])
        broken = cli.run("validate-config", "--online", "--set", f"detector.objects.model={half}", file)
        self.assertEqual(broken.returncode, 65, broken.out)

    def test_the_version_says_what_runs_networks(self):
        network = model("yolox_nano.onnx")
        file = self.write("sampleproc.toml", f"""
[process]
pipeline = ["objects"]
[detector.objects]
model = "{network}"
runtime = "opencv"
""".encode())  # fmt: skip
        shown = cli.run("--version", "--verbose", env={"SAMPLEPROC_CONFIG": file})
        self.assertEqual((shown.returncode, shown.err), (0, ""))
        self.assertRegex(shown.out, r"(?m)^  ONNX Runtime (\d|cannot be loaded)")
        self.assertRegex(shown.out, r"(?m)^  OpenCV \d+\.\d+")
        self.assertRegex(shown.out, r"(?m)^  objects: yolox_nano.onnx \(yolox, 416x416, 80 labels\) by OpenCV")
        none = cli.run("--version", "--verbose", env={"SAMPLEPROC_CONFIG": "/nonexistent"})
        self.assertEqual((none.returncode, none.err), (0, ""))
        self.assertIn("the configuration is not valid", none.out)

    def test_health_says_which_network_runs_on_what(self):
        service = Service(self, *ANY_PORT, "--set", f"detector.objects.model={model('yolox_nano.onnx')}",
                          "--set", f"detector.photo.model={model('yunet_n_320_320.onnx')}", "--set",
                          "detector.objects.runtime=opencv", "--set", "detector.photo.runtime=opencv",
                          "--set", "process.pipeline=objects,photo")  # fmt: skip
        told = service.get("/health").json()["detectors"]
        self.assertEqual(sorted(told), ["objects", "photo"])
        for name, labels, width, layout in (("objects", 80, 416, "yolox"), ("photo", 1, 320, "yunet")):
            self.assertRegex(told[name].pop("runtime"), r"^OpenCV \d+\.\d+")
            self.assertRegex(told[name].pop("model"), r"^y\w+\.onnx$")
            self.assertEqual(told[name], {"layout": layout, "width": width, "height": width,
                                          "labels": labels})  # fmt: skip

    def test_a_runtime_that_cannot_be_loaded_is_told_of(self):
        network = model("yolox_nano.onnx")
        words = ["--set", f"detector.objects.model={network}", "--set", "process.pipeline=objects",
                 "--set", "process.onnxruntime=/nonexistent.so", *cli.NO_HURRY]  # fmt: skip
        told = ("OpenCV runs the network of detector.objects, because ONNX Runtime cannot be loaded: "
                "/nonexistent.so: ")  # fmt: skip
        name = self.write("still.png", pictures.gray_png(160, 120))
        self.assertIn(told, cli.run("process-file", "-q", *words, name).err)
        self.assertIn(told, cli.run("validate-config", "--online", *words).err)

    def test_validate_config_tries_the_network(self):
        network = model("yolox_nano.onnx")
        settings = ["--set", "process.pipeline=objects", "--set", "detector.objects.runtime=opencv"]
        works = cli.run("validate-config", "--offline", "--set", f"detector.objects.model={network}",
                        *settings)  # fmt: skip
        self.assertEqual(works.returncode, 0, works.err)
        tried = cli.run("validate-config", "--online", "--set", f"detector.objects.model={network}",
                        *settings)  # fmt: skip
        self.assertEqual(tried.returncode, 0, tried.err)
        self.assertIn("yolox_nano.onnx (yolox, 416x416, 80 labels) by OpenCV", tried.out)
        other = cli.run("validate-config", "--online", "--set", f"detector.objects.model={network}",
                        "--set", "detector.objects.layout=nanodet", *settings)  # fmt: skip
        self.assertEqual(other.returncode, 65, other.out)
        for words in (str(network), "layout nanodet", "1x3549x85", "53 classes", "80 labels",
                      "the layout yolox has as many", "detector.objects.layout"):  # fmt: skip
            self.assertIn(words, other.err)
        with open(network, "rb") as file:
            half = self.write("half.onnx", file.read()[:100_000])
        broken = cli.run("validate-config", "--online", "--set", f"detector.objects.model={half}",
                         *settings)  # fmt: skip
        self.assertEqual(broken.returncode, 65, broken.out)
        self.assertIn("half.onnx is no ONNX file, or a damaged one", broken.err)
        self.assertIn("SP1119", broken.err)


class WithoutAWord(WithDirectory):
    """Nothing is said of steps."""

    def effective(self, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        shown = cli.run("validate-config", "--offline", "--print-effective", *words)
        self.assertEqual(shown.returncode, 0, shown.err)
        return shown.out

    def test_a_network_that_is_there_stands_for_the_people_step(self):
        there = f"process.model_dir={self.directory}"
        self.assertRegex(self.effective(there), r'(?m)^#pipeline = \["stats", "motion", "people"\]  # default')
        self.write("yolox_nano.onnx", b"a network")
        shown = self.effective(there)
        self.assertRegex(shown, r'(?m)^#pipeline = \["stats", "motion", "objects"\]  # default')
        self.assertRegex(shown, r'(?m)^#model = "yolox_nano.onnx"')
        for said in ("process.pipeline=stats,motion,people", "detector.objects.model=/other.onnx"):
            shown = self.effective(there, said)
            self.assertRegex(shown, r'(?m)^#?pipeline = \["stats", "motion", "people"\]')

    def test_one_that_is_damaged_is_told_with_why_it_is_used(self):
        there = ("--set", f"process.model_dir={self.directory}")
        self.write("yolox_nano.onnx", b"a network")
        checked = cli.run("validate-config", *there)
        self.assertEqual(checked.returncode, 65, checked.out)
        self.assertIn("it is used because it is in process.model_dir", checked.err)
        started = cli.run("serve", "--port", "0", *there)
        self.assertEqual(started.returncode, 78, started.out)
        self.assertIn("detector.objects: ", started.err)

    def test_people_are_found_by_it(self):
        network = model("yolox_nano.onnx")
        os.symlink(network, self.path("yolox_nano.onnx"))
        done = cli.run("process-file", "-q", "--set", f"process.model_dir={self.directory}", *cli.NO_HURRY,
                       pictures.sample_path("messi5.jpg"))  # fmt: skip
        self.assertEqual(done.returncode, 0, done.err)
        (record,) = records(done)
        self.assertIn("person", {each["class"] for each in record["detections"]})
        self.assertEqual({each["detector"] for each in record["detections"]}, {"objects"})


if __name__ == "__main__":
    cli.main()
