"""What a hostile file is made of and what has to come of it."""

import dataclasses
import typing

INVALID = "invalid-frame"
UNSUPPORTED = "unsupported-format"
DEADLINE = "deadline"


@dataclasses.dataclass
class Right:
    """The picture is legal after all, and this is what has to be read from it."""

    width: int
    height: int
    mean: float
    warnings: tuple = ()  # their stable words


@dataclasses.dataclass
class Case:
    name: str
    make: typing.Callable[[], bytes]  # called when its turn comes: some are megabytes
    expected: tuple  # one of these has to come: error types, or a Right


def case(name, make, *expected):
    return Case(name, make if callable(make) else lambda: make, expected or (INVALID,))
