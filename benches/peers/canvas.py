"""What the pictures are drawn with, as SVG without any library: texts, markers, scales."""

import math
from xml.sax.saxutils import escape

INK, FAINT, GRID = "#1f2430", "#5b6472", "#e3e6eb"
FONT = "DejaVu Sans, Arial, sans-serif"
STEPS = tuple(base * 10.0**power for power in range(-3, 10) for base in (1, 2, 5))


def bounds(values, default):
    """Whole steps of 1, 2, 5, 10 around all values."""
    if not values:
        return default
    below = max((step for step in STEPS if step <= min(values)), default=STEPS[0])
    above = min((step for step in STEPS if step >= max(values)), default=STEPS[-1])
    return below, above if above > below else below * 10


def steps(low, high):
    """The steps between two bounds, and whether there is room for the label of each."""
    many = high / low > 300
    for number, step in enumerate(STEPS):
        if low <= step <= high:
            yield step, not many or number % 3 == 0


def share(value, low, high):
    """Where a value stands between two others on a logarithmic scale, from 0 to 1."""
    return math.log(value / low) / math.log(high / low)


def plain(number):
    if number >= 1_000_000:
        return f"{number / 1_000_000:g} M"
    return f"{number / 1000:g} k" if number >= 1000 else f"{number:g}"


def marker(shape, x, y, colour, size=3.6, hollow=False):
    fill = f'fill="#ffffff" stroke="{colour}" stroke-width="1.6"' if hollow else f'fill="{colour}"'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {fill}/>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)),
        "triangle": ((0, -1.3), (1.25, 1), (-1.25, 1)),
    }[shape]
    points = " ".join(f"{x + dx * size:.1f},{y + dy * size:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {fill}/>'


def text(x, y, words, size=13, anchor="middle", colour=INK, weight="normal", turn=None):
    turned = f' transform="rotate({turn} {x} {y})"' if turn is not None else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{colour}" font-weight="{weight}"{turned}>{escape(words)}</text>'
    )


def line(path, colour=GRID, width=None, dash=None):
    """A path such as `M10 20H30`, not filled."""
    extra = f' stroke-width="{width}"' if width else ""
    extra += f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="none" stroke="{colour}"{extra}/>'


def joined(places):
    """The path through some places."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def frame(left, top, width, height):
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" '
        f'fill="none" stroke="{FAINT}"/>'
    )


def page(width, height, drawn):
    """The whole file."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="{FONT}">'
    )
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *drawn, "</svg>"]) + "\n"
