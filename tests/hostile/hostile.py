#!/usr/bin/env python3
"""Files made to hurt whoever decodes them, and what has to come of each.

usage: hostile.py DIR   writes them all into DIR, for other tools and for fuzzers' seeds
"""

import pathlib
import sys

import arrays
import jpegs
import pngs
import webps
from case import Right

CASES = jpegs.CASES + pngs.CASES + webps.CASES + arrays.CASES


def describe(expected):
    """One line for people: what may come of a case."""
    return " or ".join(
        f"{e.width}x{e.height}" if isinstance(e, Right) else e for e in expected
    )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for each in CASES:
        (folder / each.name).write_bytes(each.make())
        print(f"{each.name}: {describe(each.expected)}")


if __name__ == "__main__":
    main()
