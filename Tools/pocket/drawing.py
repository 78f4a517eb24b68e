"""A drawing as a list of polygons, before any way of drawing has been chosen.

Everything is a polygon (circles get many corners), so that each way of drawing has one kind of thing to interpret.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import typing

from palettes import Colour

Point = tuple[float, float]


@dataclasses.dataclass
class Shape:
    points: list[Point]  # in the unit square, y down
    colour: Colour
    layer: int  # sheets of paper, back to front
    part: str  # "sky", "scenery" or "subject"


class Drawing:
    """Collects shapes. Coordinates given to it pass through the current frame (place, scale, lean, mirror)."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self._layer = 0
        self._part = "sky"
        self._frame = (0.0, 0.0, 1.0, 0.0, 1.0)

    def next_layer(self, part: str | None = None) -> None:
        self._layer += 1
        if part is not None:
            self._part = part

    @contextlib.contextmanager
    def frame(self, x: float, y: float, scale: float, lean: float = 0.0, mirror: bool = False) -> typing.Iterator[None]:
        """Inside, (0, 0) is the place (x, y), y points up and 1 is `scale` of the picture's height."""
        before = self._frame
        self._frame = (x, y, scale, lean, -1.0 if mirror else 1.0)
        yield
        self._frame = before

    def _place(self, point: Point) -> Point:
        x, y, scale, lean, mirror = self._frame
        if scale == 1.0 and x == 0 and y == 0:
            return point
        across, up = point[0] * mirror, point[1]
        cosine, sine = math.cos(lean), math.sin(lean)
        return x + scale * (across * cosine + up * sine), y - scale * (up * cosine - across * sine)

    def polygon(self, points: typing.Sequence[Point], colour: Colour) -> None:
        self.shapes.append(Shape([self._place(p) for p in points], colour, self._layer, self._part))

    def rectangle(self, left: float, bottom: float, right: float, top: float, colour: Colour) -> None:
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, start: float = 0, end: float = 360,
                turn: float = 0) -> None:
        """An ellipse, or the slice of it between two angles (degrees, anticlockwise)."""
        steps = max(8, round(36 * (end - start) / 360))
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        points = []
        for index in range(steps + 1):
            angle = math.radians(start + (end - start) * index / steps)
            across, up = rx * math.cos(angle), ry * math.sin(angle)
            points.append((x + across * cosine - up * sine, y + across * sine + up * cosine))
        self.polygon(points, colour)

    def stroke(self, points: typing.Sequence[Point], width: float, colour: Colour, taper: float = 1.0) -> None:
        """A line with a width, as one polygon; `taper` is the width at its end as a share of that at its start."""
        left, right = [], []
        for index, (x, y) in enumerate(points):
            ahead, behind = points[min(index + 1, len(points) - 1)], points[max(index - 1, 0)]
            dx, dy = ahead[0] - behind[0], ahead[1] - behind[1]
            length = math.hypot(dx, dy) or 1
            half = width / 2 * (1 + (taper - 1) * index / (len(points) - 1))
            left.append((x - dy / length * half, y + dx / length * half))
            right.append((x + dy / length * half, y - dx / length * half))
        self.polygon(left + right[::-1], colour)


def curve(start: Point, bend: Point, end: Point, steps: int = 10) -> list[Point]:
    """Points on a quadratic curve."""
    points = []
    for index in range(steps + 1):
        t = index / steps
        points.append(((1 - t) ** 2 * start[0] + 2 * t * (1 - t) * bend[0] + t * t * end[0],
                       (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * bend[1] + t * t * end[1]))
    return points
