#!/usr/bin/python3
"""Statistics of a raw 8-bit picture, computed another way than the product does.

usage: luma_stats_reference.py FILE WIDTH HEIGHT

Prints one name and value a line; fractions are exact until the last conversion to a double, which
is printed in hexadecimal.
"""
import math
import sys
from fractions import Fraction

import numpy as np


def variance(values):
    n = values.size
    total = int(values.sum())
    squares = int((values * values).sum())
    return Fraction(n * squares - total * total, n * n)


def main():
    width, height = int(sys.argv[2]), int(sys.argv[3])
    y = np.fromfile(sys.argv[1], np.uint8).reshape(height, width).astype(np.int64)
    n = y.size
    # numpy's "reflect" is reflect-101; it leaves a side of one pixel as it is.
    p = np.pad(y, ((1, 1), (0, 0)), "reflect" if height > 1 else "edge")
    p = np.pad(p, ((0, 0), (1, 1)), "reflect" if width > 1 else "edge")
    laplacian = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * y
    print("mean", float(Fraction(int(y.sum()), n)).hex())
    print("stddev", math.sqrt(variance(y)).hex())
    print("min", float(y.min()).hex())
    print("max", float(y.max()).hex())
    print("underexposed", float(Fraction(int((y < 16).sum()), n)).hex())
    print("overexposed", float(Fraction(int((y >= 240).sum()), n)).hex())
    print("sharpness", float(variance(laplacian)).hex())
    for i, count in enumerate(np.histogram(y, bins=64, range=(0, 256))[0]):
        print(f"bin{i}", float(count).hex())


if __name__ == "__main__":
    main()
