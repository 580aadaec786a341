"""From measured points to the speed at a given recall.

A curve is the points of one peer in one round, in order of width: (recall, queries a second). The
speed at a recall is interpolated between the two neighbouring widths whose recalls enclose it:
linearly in recall, in the logarithm of the speed. When even the narrowest width is above the
recall, its speed is given and marked as a lower bound; when no width reaches it, there is none.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Speed:
    """Queries a second at a recall; `at_least` when the narrowest width is already above it."""

    qps: float
    at_least: bool = False


def speed_at(points, target):
    """The speed of one curve at a recall, or None when the curve does not reach it."""
    if not points:
        return None
    if points[0][0] >= target:
        return Speed(points[0][1], at_least=points[0][0] > target)
    for (low, slow), (high, fast) in zip(points, points[1:]):
        if low < target <= high:
            share = (target - low) / (high - low)
            return Speed(math.exp(math.log(slow) * (1 - share) + math.log(fast) * share))
    return None


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of the rounds."""

    median: float
    least: float
    greatest: float
    at_least: bool = False


def spread_at(curves, target):
    """The speeds of several rounds at a recall, or None when any round misses it."""
    speeds = [speed_at(curve, target) for curve in curves]
    if not speeds or any(speed is None for speed in speeds):
        return None
    rates = [speed.qps for speed in speeds]
    bound = any(speed.at_least for speed in speeds)
    return Spread(median(rates), min(rates), max(rates), bound)
