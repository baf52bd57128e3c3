#!/usr/bin/env python3
"""Which folder may include which, and which library may be seen where.

The two tables below are the rule; everything else reads `#include` lines and holds them to it.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A folder includes its own files and those of folders with a lower rank.
RANKS = {
    "base": 0,
    "json": 1, "modules": 1, "resilience": 1, "resources": 1,
    "net": 2, "frame": 2,
    "telemetry": 3, "codec": 3, "video": 3, "track": 3,
    "cameras": 4, "detect": 4, "history": 4, "http": 4,
    "process": 5, "mqtt": 5,
    "consumer": 6, "api": 6, "files": 6, "live": 6, "loadtest": 6,
    "config": 7,
    "service": 8, "deploy": 8,
    "apps": 9,
}  # fmt: skip

# Folders in wings: a wing includes its own files and these headers of its folder's root, which every
# wing may know; the rest of the root stands on the wings.
WINGS = {
    "consumer": ({"sources", "pixels", "sinks"},
                 {"options.h", "frame_entry.h", "frame_source.h", "metrics.h", "record_log.h", "result_entry.h", "result_sink.h",
                  "sink_set.h", "spooled_answer.h"}),
}  # fmt: skip

# A library's headers (by the start of the name in <>) and the places that may include them: a
# folder, or a path with a trailing * for files below it.
LIBRARIES = [
    ("RapidJSON", r"rapidjson/", ["json/*"]),
    ("toml++", r"toml\+\+/|toml\.hpp", ["config/*"]),
    ("libyaml", r"yaml\.h", ["deploy/*"]),
    ("CLI11", r"CLI/", ["apps/*"]),
    ("Boost.Asio and Beast", r"boost/(asio|beast|system)", ["net/*", "http/*", "service/*"]),
    ("Boost.URL", r"boost/url/", ["net/*"]),
    ("libjpeg", r"jpeglib\.h|jerror\.h|turbojpeg\.h", ["codec/*"]),
    ("libpng", r"png\.h|pngconf\.h", ["codec/*"]),
    ("libwebp", r"webp/", ["codec/*"]),
    ("libexif", r"libexif/", ["codec/*"]),
    ("FFmpeg", r"libav|libsw", ["video/*"]),
    ("OpenCV", r"opencv2/|opencv4/", ["process/steps/opencv/*", "detect/opencv/*"]),
    ("dlib", r"dlib/", ["process/steps/*.cc"]),
    ("hiredis", r"hiredis/", ["net/*"]),
    ("libmosquitto", r"mosquitto", ["mqtt/module/*"]),
    ("SQLite", r"sqlite3", ["history/*"]),
    ("OpenSSL", r"openssl/", ["net/*", "http/*", "detect/model_file.cc"]),
    ("spdlog and fmt", r"spdlog/|fmt/", ["telemetry/*"]),
    ("prometheus-cpp", r"prometheus/", ["telemetry/*"]),
    ("libsystemd", r"systemd/", ["service/*"]),
    # What the compiler checks is base/mutex.h's; spdlog's sinks are templates of the standard one.
    ("the standard library's mutex", r"(shared_)?mutex$|condition_variable$|semaphore$",
     ["base/mutex.h", "telemetry/log_setup.cc"]),
]

# What C and C++ themselves bring, and the kernel's and libc's own headers.
SYSTEM = re.compile(r"[a-z0-9_]+|(sys|netinet|arpa|net|linux)/[a-z0-9_]+\.h|[a-z0-9_]+\.h|cxxabi\.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def sources(root):
    """Yields (path relative to lib/ or starting with apps/, text)."""
    for top in ("lib", "apps"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".h", ".cc"):
                relative = path.relative_to(root / "lib") if top == "lib" else path.relative_to(root)
                yield relative.as_posix(), path.read_text(encoding="utf-8")


def matches(path, pattern):
    return pathlib.PurePosixPath(path).match(pattern) or (
        pattern.endswith("/*") and path.startswith(pattern[:-1])
    )


def check_own(path, target):
    """The problem with `path` including our own `target`, or None."""
    if path.startswith("apps/") and "/" not in target:
        return None  # apps/ is no include root, its files name each other directly
    if "/" not in target:
        return f"{path}: \"{target}\" names no folder; includes are relative to lib/"
    folder, wanted = path.split("/")[0], target.split("/")[0]
    if folder not in RANKS:
        return f"{path}: the folder {folder}/ has no rank; see RANKS"
    if wanted not in RANKS:
        return f"{path}: \"{target}\" is in no folder with a rank; see RANKS"
    if folder == wanted:
        return check_wing(path, target)
    if RANKS[wanted] < RANKS[folder]:
        return None
    return (
        f"{path} includes {target}: {folder}/ has rank {RANKS[folder]} and may include only lower "
        f"ranks, {wanted}/ has {RANKS[wanted]}"
    )


def check_wing(path, target):
    """The problem with `path` including `target` of the same folder, or None."""
    folder = path.split("/")[0]
    wings, shared = WINGS.get(folder, (set(), set()))
    inside, wanted = path.split("/")[1:], target.split("/")[1:]
    low = wanted[0] in shared
    if inside[0] in wings:
        allowed = low or wanted[0] == inside[0]
    else:
        allowed = low or pathlib.PurePosixPath(inside[0]).with_suffix(".h").name not in shared
    if allowed:
        return None
    return (
        f"{path} includes {target}: a wing of {folder}/, and what all wings know, includes only the "
        f"same wing and {', '.join(sorted(shared))}"
    )


def check_foreign(path, target):
    """The problem with `path` including <target>, or None."""
    for name, headers, places in LIBRARIES:
        if re.match(headers, target):
            if any(matches(path, place) for place in places):
                return None
            return f"{path} includes <{target}>: {name} belongs in {', '.join(places)} only"
    if SYSTEM.fullmatch(target):
        return None
    return f"{path} includes <{target}>, of a library that LIBRARIES does not place"


def check(path, text):
    problems = []
    for bracket, target in INCLUDE.findall(text):
        problem = check_own(path, target) if bracket == '"' else check_foreign(path, target)
        if problem:
            problems.append(problem)
    return problems


class TheRuleItself(unittest.TestCase):
    """A checker that finds nothing proves nothing: each kind of violation is tried on it."""

    def violation(self, path, line, expected):
        problems = check(path, f"// a comment\n{line}\n")
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(expected, problems[0])

    def test_a_higher_rank_is_refused(self):
        self.violation("frame/frame.cc", '#include "codec/decoder.h"', "only lower ranks")

    def test_another_folder_of_the_same_rank_is_refused(self):
        self.violation("api/process_handler.cc", '#include "files/input_list.h"', "only lower")

    def test_a_folder_without_a_rank_is_refused(self):
        self.violation("shapes/box.cc", '#include "base/error.h"', "has no rank")

    def test_an_include_that_is_not_relative_to_lib_is_refused(self):
        self.violation("frame/frame.cc", '#include "frame.h"', "relative to lib/")

    def test_a_wing_that_looks_into_another_is_refused(self):
        for path, header in [
            ("consumer/sources/redis_source.cc", "consumer/sinks/sink_queue.h"),
            ("consumer/pixels/url_pixels.cc", "consumer/dispatcher.h"),
            ("consumer/result_entry.cc", "consumer/sinks/stream_target.h"),
        ]:
            with self.subTest(header):
                self.violation(path, f'#include "{header}"', "same wing")

    def test_a_library_outside_its_place_is_refused(self):
        for path, header in [
            ("frame/frame_json.cc", "rapidjson/reader.h"),
            ("service/service.cc", "toml++/toml.h"),
            ("config/loader.cc", "CLI/CLI.hpp"),
            ("api/process_handler.cc", "boost/asio.hpp"),
            ("process/annotate.cc", "jpeglib.h"),
            ("process/steps/steps.h", "dlib/image_processing.h"),
            ("process/pipeline.cc", "opencv2/core.hpp"),
            ("http/session.cc", "spdlog/spdlog.h"),
            ("files/ordered_runner.cc", "mutex"),
            ("net/name_lookup.cc", "condition_variable"),
        ]:
            with self.subTest(header):
                self.violation(path, f"#include <{header}>", "only")

    def test_a_library_that_is_in_no_table_is_refused(self):
        self.violation("base/error.cc", "#include <absl/status/status.h>", "does not place")

    def test_indented_and_spaced_includes_are_seen(self):
        self.violation("base/error.cc", ' #  include   "frame/image.h"', "only lower ranks")

    def test_what_is_allowed_is_let_through(self):
        for path, line in [
            ("codec/jpeg_decoder.cc", "#include <jpeglib.h>"),
            ("process/steps/faces_step.cc", "#include <dlib/image_processing.h>"),
            ("apps/main.cc", '#include "service/service.h"'),
            ("apps/commands.cc", '#include "command.h"'),
            ("codec/decoder.cc", '#include "codec/decoder.h"'),
            ("consumer/sinks/file_target.cc", '#include "consumer/result_entry.h"'),
            ("consumer/sources/spool.cc", '#include "consumer/sources/spool.h"'),
            ("consumer/consumer.cc", '#include "consumer/sources/http_source.h"'),
            ("base/error.cc", "#include <expected>"),
            ("http/listener.cc", "#include <sys/socket.h>"),
        ]:
            with self.subTest(path):
                self.assertEqual(check(path, line + "\n"), [])


class TheTree(unittest.TestCase):
    def test_every_include_is_in_its_place(self):
        files = list(sources(ROOT))
        self.assertGreater(len(files), 20, "the sources were not found")
        problems = [problem for path, text in files for problem in check(path, text)]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))

    def test_every_folder_has_a_rank(self):
        folders = {p.name for p in (ROOT / "lib").iterdir() if p.is_dir()}
        self.assertEqual(folders - set(RANKS), set())


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv[:1])
