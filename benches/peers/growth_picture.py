"""Draws how times grow, as SVG: one panel by rows, one by dimension, both scales logarithmic."""

import canvas
from canvas import FAINT, line, marker, text

PANEL_WIDTH, PANEL_HEIGHT = 470, 420
LEFT, TOP, GAP, BOTTOM = 84, 84, 70, 66
LEGEND = 210
# In the order of the series.
LOOKS = (("#d0021b", "circle"), ("#1f6fd1", "square"), ("#1d8a3c", "triangle"))
# Between the labels of two numbers, in pixels; at the edges, as a share of the numbers.
ROOM, MARGIN = 14, 1.25
# About the width of a digit at size 12.
DIGIT = 7.4


def draw(title, panels):
    """`panels` are (title, name of the axis, [(name, [(number, microseconds, is bound)])])."""
    times = [point[1] for _, _, series in panels for _, points in series for point in points]
    low, high = canvas.bounds(times, (10.0, 100.0))
    width = LEFT + len(panels) * PANEL_WIDTH + (len(panels) - 1) * GAP + 30 + LEGEND
    height = TOP + PANEL_HEIGHT + BOTTOM
    out = [text(LEFT, 34, title, 18, "start", weight="bold")]
    middle = TOP + PANEL_HEIGHT / 2
    label = "microseconds (lower is better)"
    out.append(text(22, middle, label, 13, colour=FAINT, turn=-90))
    for number, (heading, axis, series) in enumerate(panels):
        left = LEFT + number * (PANEL_WIDTH + GAP)
        out += panel(left, heading, axis, series, low, high)
    names = list(dict.fromkeys(name for _, _, series in panels for name, _ in series))
    bounded = any(point[2] for _, _, series in panels for _, points in series for point in points)
    out += legend(width - LEGEND, names, bounded)
    return canvas.page(width, height, out)


def panel(left, heading, axis, series, low, high):
    numbers = sorted({point[0] for _, points in series for point in points})
    first, last = (numbers[0] / MARGIN, numbers[-1] * MARGIN) if numbers else (1, 10)

    def place(number):
        return left + PANEL_WIDTH * canvas.share(number, first, last)

    def height(time):
        return TOP + PANEL_HEIGHT * (1 - canvas.share(time, low, high))

    bottom = TOP + PANEL_HEIGHT
    out = [text(left + PANEL_WIDTH / 2, TOP - 14, heading, 15, weight="bold")]
    free = left - PANEL_WIDTH
    for number in numbers:
        x, label = place(number), f"{number:,}"
        out.append(line(f"M{x:.1f} {TOP}V{bottom}"))
        half = len(label) * DIGIT / 2
        if x - half >= free:
            out.append(text(x, bottom + 20, label, 12, colour=FAINT))
            free = x + half + ROOM
    for time, labelled in canvas.steps(low, high):
        y = height(time)
        out.append(line(f"M{left} {y:.1f}H{left + PANEL_WIDTH}"))
        if labelled:
            out.append(text(left - 8, y + 4, f"{time:,g}", 12, "end", FAINT))
    out.append(canvas.frame(left, TOP, PANEL_WIDTH, PANEL_HEIGHT))
    out.append(text(left + PANEL_WIDTH / 2, bottom + 46, axis, 13, colour=FAINT))
    for (colour, shape), (_, points) in zip(LOOKS, series):
        places = [(place(number), height(time), bound) for number, time, bound in points]
        if places:
            out.append(line(canvas.joined([(x, y) for x, y, _ in places]), colour, 2.4))
        out += [marker(shape, x, y, colour, 4.2, hollow=bound) for x, y, bound in places]
    return out


def legend(left, names, bounded):
    out = []
    for number, (name, (colour, shape)) in enumerate(zip(names, LOOKS)):
        y = TOP + 14 + number * 25
        out.append(line(f"M{left} {y}h34", colour, 2.4))
        out.append(marker(shape, left + 17, y, colour, 4.2))
        out.append(text(left + 44, y + 4.5, name, 13, "start"))
    y = TOP + 14 + len(names) * 25 + 10
    notes = ["both scales logarithmic"]
    if bounded:
        notes += ["hollow: at most that; even the", "narrowest width finds more"]
    for number, words in enumerate(notes):
        out.append(text(left, y + number * 18, words, 12, "start", FAINT))
    return out
