"""Draws recall against queries a second as SVG, without any library.

Recall runs from 0.8 to 0.999 on a scale of -log(1 - recall), which gives 0.9, 0.99 and 0.999 the
same distance; speed is logarithmic. Databases are dashed.
"""

import math

import canvas
import catalog
from canvas import FAINT, line, marker, text

PANEL_WIDTH, PANEL_HEIGHT = 520, 470
LEFT, TOP, GAP, BOTTOM = 70, 84, 66, 62
LEGEND = 220
LOWEST, HIGHEST = 0.8, 0.999
RECALLS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
LOOKS = {
    "lumos": ("#d0021b", "circle"),
    "symphonyqg": ("#1f6fd1", "square"),
    "alayalite": ("#0aa2a8", "diamond"),
    "svs": ("#7b3fc4", "triangle"),
    "svs-lvq": ("#b48be8", "circle"),
    "hnswlib": ("#1d8a3c", "square"),
    "faiss": ("#e08a00", "circle"),
    "faiss-sq8": ("#9c6b1e", "diamond"),
    "usearch": ("#c2489a", "triangle"),
    "vsag": ("#5d6b7a", "square"),
    "zvec": ("#2f9be8", "circle"),
    "zvec-int8": ("#0c4a8f", "diamond"),
    "zvec-int8-refine": ("#3d5afe", "triangle"),
    "qdrant-edge": ("#b0346b", "square"),
    "lancedb": ("#6a9a1f", "triangle"),
    "chroma": ("#c7662a", "diamond"),
    "sqlite-vec": ("#333333", "circle"),
}


def across(recall):
    """Where a recall stands between the panel's edges, from 0 to 1."""
    low, high = -math.log10(1 - LOWEST), -math.log10(1 - HIGHEST)
    clipped = min(max(recall, LOWEST), HIGHEST)
    return (-math.log10(1 - clipped) - low) / (high - low)


def visible(points):
    """The part of a curve within the panel: cut where it enters, ended at the right edge."""
    kept, before = [], None
    for recall, speed in points:
        if recall < LOWEST:
            before = (recall, speed)
            continue
        if before is not None and recall > before[0]:
            share = (LOWEST - before[0]) / (recall - before[0])
            cut = math.exp(math.log(before[1]) * (1 - share) + math.log(speed) * share)
            kept.append((LOWEST, cut, False))
        before = None
        kept.append((recall, speed, True))
    return kept


def bounds(panels):
    """Whole steps of the speed scale that hold everything drawn."""
    speeds = [p[1] for _, series in panels for _, points in series for p in visible(points)]
    return canvas.bounds(speeds, (100.0, 1000.0))


def panel(left, title, series, low, high):
    """One set of axes with its curves."""

    def height(speed):
        return TOP + PANEL_HEIGHT * (1 - canvas.share(speed, low, high))

    def place(recall):
        return left + PANEL_WIDTH * across(recall)

    out = [text(left + PANEL_WIDTH / 2, TOP - 14, title, 15, weight="bold")]
    for recall in RECALLS:
        x = place(recall)
        out.append(line(f"M{x:.1f} {TOP}V{TOP + PANEL_HEIGHT}"))
        label = f"≥ {recall:g}" if recall == HIGHEST else f"{recall:g}"
        out.append(text(x, TOP + PANEL_HEIGHT + 20, label, 12, colour=FAINT))
    for speed, labelled in canvas.steps(low, high):
        y = height(speed)
        out.append(line(f"M{left} {y:.1f}H{left + PANEL_WIDTH}"))
        if labelled:
            out.append(text(left - 8, y + 4, canvas.plain(speed), 12, "end", FAINT))
    out.append(canvas.frame(left, TOP, PANEL_WIDTH, PANEL_HEIGHT))
    # Lumos is drawn last, above the others.
    for name, points in sorted(series, key=lambda one: one[0] == "lumos"):
        colour, shape = LOOKS.get(name, (FAINT, "circle"))
        seen = visible(points)
        if not seen:
            continue
        path = canvas.joined([(place(r), height(s)) for r, s, _ in seen])
        out.append(line(path, colour, *pen(name)))
        out += [marker(shape, place(r), height(s), colour) for r, s, real in seen if real]
    return out


def pen(name):
    """Width and dashes of a peer's curve."""
    if name == "lumos":
        return 3.2, None
    peer = catalog.BY_NAME.get(name)
    return 1.8, "6 4" if peer is not None and peer.is_database else None


def legend(left, names):
    out = []
    for number, name in enumerate(names):
        y = TOP + 14 + number * 25
        colour, shape = LOOKS.get(name, (FAINT, "circle"))
        peer = catalog.BY_NAME.get(name)
        out.append(line(f"M{left} {y}h34", colour, *pen(name)))
        out.append(marker(shape, left + 17, y, colour))
        title = peer.title if peer else name
        weight = "bold" if name == "lumos" else "normal"
        out.append(text(left + 44, y + 4.5, title, 13, "start", weight=weight))
    return out


def draw(title, recall_name, panels):
    """The whole picture; `panels` are (title, [(name of peer, [(recall, qps)])])."""
    low, high = bounds(panels)
    width = LEFT + len(panels) * PANEL_WIDTH + (len(panels) - 1) * GAP + LEGEND + 30
    height = TOP + PANEL_HEIGHT + BOTTOM
    out = [
        text(LEFT, 34, title, 18, "start", weight="bold"),
        text(
            20, TOP + PANEL_HEIGHT / 2, "queries a second (logarithmic; higher is better)",
            13, colour=FAINT, turn=-90,
        ),
    ]
    names = []
    for number, (panel_title, series) in enumerate(panels):
        left = LEFT + number * (PANEL_WIDTH + GAP)
        out += panel(left, panel_title, series, low, high)
        label = f"{recall_name} (further right is better)"
        out.append(text(left + PANEL_WIDTH / 2, height - 16, label, 13, colour=FAINT))
        names += [name for name, _ in series if name not in names]
    ordered = [name for name in LOOKS if name in names]
    ordered += [name for name in names if name not in LOOKS]
    out += legend(width - LEGEND, ordered)
    return canvas.page(width, height, out)
