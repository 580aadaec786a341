"""Draws recall against queries a second as SVG, without any library.

Recall runs from 0.8 to 0.999 on a scale of -log(1 - recall), which gives 0.9, 0.99 and 0.999 the
same distance; speed is logarithmic. Databases are dashed.
"""

import math
from xml.sax.saxutils import escape

import catalog

PANEL_WIDTH, PANEL_HEIGHT = 520, 470
LEFT, TOP, GAP, BOTTOM = 70, 84, 66, 62
LEGEND = 220
LOWEST, HIGHEST = 0.8, 0.999
RECALLS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
INK, FAINT, GRID = "#1f2430", "#5b6472", "#e3e6eb"
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
    if not speeds:
        return 100.0, 1000.0
    low, high = min(speeds), max(speeds)
    steps = [base * 10**power for power in range(-1, 8) for base in (1, 2, 5)]
    below = max((step for step in steps if step <= low), default=steps[0])
    above = min((step for step in steps if step >= high), default=steps[-1])
    return below, above if above > below else below * 10


def speed_label(speed):
    if speed >= 1_000_000:
        return f"{speed / 1_000_000:g} M"
    return f"{speed / 1000:g} k" if speed >= 1000 else f"{speed:g}"


def marker(shape, x, y, colour, size=3.6):
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{colour}"/>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)),
        "triangle": ((0, -1.3), (1.25, 1), (-1.25, 1)),
    }[shape]
    points = " ".join(f"{x + dx * size:.1f},{y + dy * size:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def text(x, y, words, size=13, anchor="middle", colour=INK, weight="normal", turn=None):
    turned = f' transform="rotate({turn} {x} {y})"' if turn is not None else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{colour}" font-weight="{weight}"{turned}>{escape(words)}</text>'
    )


def panel(left, title, series, low, high):
    """One set of axes with its curves."""

    def height(speed):
        share = (math.log10(speed) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return TOP + PANEL_HEIGHT * (1 - share)

    def place(recall):
        return left + PANEL_WIDTH * across(recall)

    out = [text(left + PANEL_WIDTH / 2, TOP - 14, title, 15, weight="bold")]
    for recall in RECALLS:
        x = place(recall)
        out.append(f'<path d="M{x:.1f} {TOP}V{TOP + PANEL_HEIGHT}" stroke="{GRID}"/>')
        label = f"≥ {recall:g}" if recall == HIGHEST else f"{recall:g}"
        out.append(text(x, TOP + PANEL_HEIGHT + 20, label, 12, colour=FAINT))
    many = high / low > 300
    for power in range(-1, 8):
        for base in (1, 2, 5):
            speed = base * 10**power
            if not low <= speed <= high:
                continue
            y = height(speed)
            out.append(f'<path d="M{left} {y:.1f}H{left + PANEL_WIDTH}" stroke="{GRID}"/>')
            if base == 1 or not many:
                out.append(text(left - 8, y + 4, speed_label(speed), 12, "end", FAINT))
    out.append(
        f'<rect x="{left}" y="{TOP}" width="{PANEL_WIDTH}" height="{PANEL_HEIGHT}" '
        f'fill="none" stroke="{FAINT}"/>'
    )
    # Lumos is drawn last, above the others.
    for name, points in sorted(series, key=lambda one: one[0] == "lumos"):
        colour, shape = LOOKS.get(name, (FAINT, "circle"))
        seen = visible(points)
        if not seen:
            continue
        path = "L".join(f"{place(r):.1f} {height(s):.1f}" for r, s, _ in seen)
        width = 3.2 if name == "lumos" else 1.8
        peer = catalog.BY_NAME.get(name)
        dashed = peer is not None and peer.is_database and name != "lumos"
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        out.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
        )
        out += [marker(shape, place(r), height(s), colour) for r, s, real in seen if real]
    return out


def legend(left, names):
    out = []
    for number, name in enumerate(names):
        y = TOP + 14 + number * 25
        colour, shape = LOOKS.get(name, (FAINT, "circle"))
        peer = catalog.BY_NAME.get(name)
        dashed = peer is not None and peer.is_database and name != "lumos"
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        width = 3.2 if name == "lumos" else 1.8
        out.append(
            f'<path d="M{left} {y}h34" stroke="{colour}" stroke-width="{width}"{dash}/>'
        )
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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="DejaVu Sans, Arial, sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
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
    out.append("</svg>")
    return "\n".join(out) + "\n"
