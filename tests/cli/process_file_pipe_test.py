"""sampleproc process-file: pictures that come through a pipe, one behind the other."""

import json
import os
import struct
import subprocess

import cli
import pictures
from folder import QUICK, WithDirectory, process, records


def stream(codec, count=6):
    """What ffmpeg's image2pipe writes of a video."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", pictures.sample_path("vtest.avi"), "-frames:v",
         str(count), "-s", "320x240", "-c:v", codec, "-f", "image2pipe", "-"],
        stdout=subprocess.PIPE, timeout=cli.PATIENCE, check=True,
    ).stdout  # fmt: skip


def pngs_of(data):
    start = b"\x89PNG\r\n\x1a\n"
    return [start + part for part in data.split(start)[1:]]


class Pipe(WithDirectory):
    def check_ids(self, found, count):
        self.assertEqual([r["frame_id"] for r in found], [f"-#{i}" for i in range(count)])

    def test_jpegs_give_a_record_each(self):
        data = stream("mjpeg")
        found = records(process("-", stdin=data))
        self.check_ids(found, 6)
        video = records(process(self.write("all.mjpeg", data)))
        self.assertEqual([r["stats"] for r in found], [r["stats"] for r in video])
        with open(self.write("all", data), "rb") as file:
            out = subprocess.run([cli.BINARY, "process-file", "-q", "-"], stdin=file, env=QUICK,
                                 stdout=subprocess.PIPE, timeout=cli.PATIENCE, check=True)  # fmt: skip
        self.assertEqual(records(out), found)

    def test_pngs_give_a_record_each_and_may_stand_among_jpegs(self):
        data = stream("png")
        found = records(process("-", stdin=data))
        self.check_ids(found, 6)
        self.assertEqual({r["format"] for r in found}, {"png"})
        self.assertEqual(
            found[2]["stats"], records(process(self.write("2.png", pngs_of(data)[2])))[0]["stats"])  # fmt: skip
        mixed = pictures.sample("left.jpg") + data + pictures.sample("left.jpg")
        self.assertEqual([r["format"] for r in records(process("-", stdin=mixed))],
                         ["jpeg", *["png"] * 6, "jpeg"])  # fmt: skip

    def test_they_come_while_the_pipe_is_open(self):
        for codec in ("png", "mjpeg"):
            child = cli.start(self, "process-file", "-q", "-j", "1", "-", env=QUICK)
            child.stdin.write(stream(codec, 3))
            for index in range(3):
                self.assertEqual(json.loads(child.stdout.readline())["frame_id"], f"-#{index}")
            child.communicate(timeout=cli.PATIENCE)
            self.assertEqual(child.returncode, 0)

    def test_a_damaged_picture_is_one_error(self):
        for codec in ("png", "mjpeg"):
            data = bytearray(stream(codec))
            begin = b"\x89PNG\r\n\x1a\n" if codec == "png" else b"\xff\xd8\xff"
            second = data.index(begin, 100)
            third = data.index(begin, second + 100)
            for at, count in ((second, 8), (second + 8, 60), (third - 12, 12)):
                damaged = bytearray(data)
                damaged[at : at + count] = b"\x55" * count
                found = records(process("-", stdin=bytes(damaged)))
                bad = [i for i, r in enumerate(found) if "error" in r]
                self.assertIn(bad, ([1], []) if at > second + 8 else ([1],), (codec, at))
                self.check_ids(found, 6)

    def test_an_end_within_a_picture_is_an_error(self):
        for codec in ("png", "mjpeg"):
            result = process("-", stdin=stream(codec)[:-3000])
            found = records(result)
            self.check_ids(found, 6)
            self.assertEqual(["error" in r for r in found], [False] * 5 + [True])
            self.assertEqual(result.returncode, 1)

    def test_a_fifo_is_a_pipe_too(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        end = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, end)
        data = stream("mjpeg", 2)
        child = cli.start(self, "process-file", "-q", "-j", "1", fifo, env=QUICK)
        written = 0
        while written < len(data):
            written += os.write(end, data[written:])
        for index in range(2):
            self.assertEqual(json.loads(child.stdout.readline())["frame_id"], f"{fifo}#{index}")

    def test_one_picture_is_what_it_is_in_a_file_whatever_is_behind_it(self):
        junk = bytes(range(256)) * 40 + b"\xff\xd9" * 3
        for name in ("left.jpg", "box.png"):
            for data in (pictures.sample(name), pictures.sample(name) + junk,
                         pictures.sample(name)[:-2000]):  # fmt: skip
                (piped,) = records(process("-", stdin=data))
                (named,) = records(process(self.write(name, data)))
                for record in (piped, named):
                    del record["source"], record["frame_id"]
                self.assertEqual(piped, named)

    def mpo(self, order=">", place=None, behind=b""):
        """A JPEG with two further ones that its index tells of, the second one with a gap before it."""
        first, others = pictures.sample("left.jpg"), [pictures.sample("messi5.jpg"), pictures.sample("left.jpg")]
        gap = bytes(100)
        size = 4 + 4 + 8 + 2 + 12 + 4 + 16 * 3
        begin = len(first) + size - 2 - 8  # from behind "MPF", which the segment's head is before
        places = [0, begin, begin + len(others[0]) + len(gap)]
        if place is not None:
            places[1] = place
        index = struct.pack(order + "2s", b"MM" if order == ">" else b"II")
        index += struct.pack(order + "HLH" + "HHLL" + "L", 42, 8, 1, 0xB002, 7, 16 * 3, 26, 0)
        for at, length in zip(places, (len(first) + size, *map(len, others))):
            index += struct.pack(order + "LLLHH", 0, length, at, 0, 0)
        segment = b"\xff\xe2" + struct.pack(">H", len(index) + 6) + b"MPF\0" + index
        self.assertEqual(len(segment), size)
        return first[:2] + segment + first[2:] + others[0] + gap + others[1] + behind

    def test_the_pictures_that_belong_to_another_one_are_none_of_the_stream(self):
        ordinary = pictures.sample("box.png")
        for order in "<>":
            data = self.mpo(order)
            for cut in (0, 10, 5000):
                (named,) = records(process(self.write("mpo.jpg", data[: len(data) - cut])))
                (piped,) = records(process("-", stdin=data[: len(data) - cut]))
                self.assertEqual([w["type"] for w in piped["warnings"]], ["further_picture"])
                for record in (named, piped):
                    del record["source"], record["frame_id"]
                (warning,) = named["warnings"]  # of what a file may be called instead
                warning["msg"] = warning["msg"].split("; name the file")[0]
                self.assertEqual(named, piped)
            for behind in (ordinary, pictures.sample("left.jpg"), data):
                found = records(process("-", stdin=data + behind))
                self.check_ids(found, 2)
                self.assertEqual([[w["type"] for w in r["warnings"]] for r in found],
                                 [["further_picture"], ["further_picture"] * (behind == data)])  # fmt: skip
                self.assertEqual(found[0]["stats"], named["stats"])
        # Each of the pictures where the index is that of another file.
        for place in (0, 5, 0x3FFFFFFF, 0xFFFFFFFF):
            self.check_ids(records(process("-", stdin=self.mpo(place=place, behind=ordinary))), 4)
        # What is not where it is to be hides none that the index does not tell of.
        self.check_ids(records(process("-", stdin=self.mpo(place=1 << 20, behind=ordinary))), 2)
        # A row of JPEGs is all of them, as it says.
        self.assertEqual(len(records(process(self.write("row.mjpeg", self.mpo())))), 3)

    def test_memory_does_not_grow_with_the_stream(self):
        data = stream("mjpeg", 20)
        found = process("-", "--set", "resources.memory_limit=64MiB", stdin=data * 60)
        self.assertEqual(len(records(found)), 1200)

    def test_a_file_says_that_another_picture_follows(self):
        one, other = pictures.sample("left.jpg"), pictures.sample("box.png")
        for name, data, size in (("a.jpg", one + one, len(one)), ("b.jpg", one + bytes(20) + other, len(one)),
                                 ("c.png", other + one, len(other))):  # fmt: skip
            (record,) = records(process(self.write(name, data)))
            (warning,) = record["warnings"]
            self.assertEqual(warning["type"], "further_picture")
            self.assertIn(f"{len(data) - size} bytes", warning["msg"])
            self.assertEqual("*.mjpeg" in warning["msg"], name != "c.png", warning)
        for junk in (b"\0" * 500, b"\xff\xd9", b"ftypmp42" * 9):
            (record,) = records(process(self.write("a.jpg", one + junk)))
            self.assertEqual(record["warnings"], [])


if __name__ == "__main__":
    cli.main()
