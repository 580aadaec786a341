"""What `growth.py` measured as Markdown, with the picture of `growth_picture.py` beside it."""

from pathlib import Path

import curve
import growth_picture
from report import number, speed_cell, table


class Growth:
    """The records of a run, by what is asked of them; a point is (rows, dimension)."""

    def __init__(self, records):
        self.run = records[0]
        self.absent = [r for r in records if r["type"] == "absent"]
        gone = {self.point(r) for r in self.absent}
        kept = [r for r in records[1:] if self.point(r) not in gone]
        self.builds = {self.point(r): r for r in kept if r["type"] == "build"}
        self.opens, self.searches = {}, {}
        for record in kept:
            if record["type"] == "open":
                self.opens.setdefault(self.point(record), []).append(record["open_ms"])
            if record["type"] == "search":
                rounds = self.searches.setdefault(self.point(record), {})
                rounds.setdefault(record["round"], []).append(record)

    def point(self, record):
        return record["rows"], record["dimension"]

    def by_rows(self):
        """The points whose rows grow, as far as they were measured."""
        wanted = [(rows, self.run["rows_dimension"]) for rows in self.run["rows"]]
        return [point for point in wanted if point in self.searches]

    def by_dimension(self):
        wanted = [(self.run["dimension_rows"], dimension) for dimension in self.run["dimensions"]]
        return [point for point in wanted if point in self.searches]

    def at(self, point, target, name):
        """A measured quantity at a recall, interpolated as speeds are, over all rounds."""
        rounds = self.searches[point].values()
        return curve.spread_at([[(r["recall"], r[name]) for r in one] for one in rounds], target)

    def opened(self, point):
        return curve.median(self.opens[point]) if point in self.opens else None

    def building(self, point):
        """Microseconds that building took for each row."""
        return self.builds[point]["build_seconds"] / point[0] * 1e6


def write(records, beside):
    beside = Path(beside)
    picture = beside.with_suffix(".svg")
    beside.with_suffix(".md").write_text(markdown(records, picture.name), encoding="utf-8")
    picture.write_text(drawn(records), encoding="utf-8")


def time_cell(spread):
    """A time at a recall; where even the narrowest width finds more, it is less than this."""
    if spread is None:
        return "-"
    return f"{'≤ ' if spread.at_least else ''}{spread.median:,.0f}"


def markdown(records, image=None):
    growth = Growth(records)
    run, machine = growth.run, growth.run["machine"]
    simd = ", ".join(machine["simd"]) or "no wide vectors"
    lines = [
        "# Lumos by rows and by dimension",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {simd}; {run['lumos']}; generated "
        f"vectors, cosine, {run['queries']:,} queries one call each on one thread, "
        f"recall@{run['k']}; medians of {run['rounds']} rounds, least and greatest in brackets. A "
        "speed or time between two measured widths is interpolated; ≥, ≤: even the narrowest "
        "width finds more; -: not reached. Builds run on all threads, once.",
        "",
    ]
    if image:
        lines += [f"![time of a query and of building, by rows and by dimension]({image})", ""]
    lines += [f"## By rows, dimension {run['rows_dimension']}", ""]
    lines += ladder(growth, "rows", 0, growth.by_rows())
    lines += [f"## By dimension, {run['dimension_rows']:,} rows", ""]
    lines += ladder(growth, "dimension", 1, growth.by_dimension())
    if growth.absent:
        lines += ["## Absent", ""]
        for record in growth.absent:
            rows, dimension = growth.point(record)
            lines.append(f"- {rows:,} × {dimension}: {record['reason']}")
    return "\n".join(lines).rstrip() + "\n"


def ladder(growth, what, axis, chosen):
    """The table of the points along which one number grows."""
    targets, latency = growth.run["targets"], growth.run["latency_target"]
    heads = [what, *(f"queries/s @{target:g}" for target in targets)]
    heads += [f"p50 µs @{latency:g}", f"p99 µs @{latency:g}"]
    heads += ["build, wall s", "build, CPU s", "build, µs/row", "bytes/row on disk", "open ms"]
    rows = []
    for point in chosen:
        built = growth.builds[point]
        row = [f"{point[axis]:,}"]
        row += [speed_cell(growth.at(point, target, "qps")) for target in targets]
        row += [time_cell(growth.at(point, latency, name)) for name in ("p50_us", "p99_us")]
        row += [
            number(built["build_seconds"]),
            number(built["build_cpu_seconds"]),
            number(growth.building(point), "{:,.0f}"),
            number(built["bytes_on_disk"] / point[0], "{:,.0f}"),
            number(growth.opened(point)),
        ]
        rows.append(row)
    return table(heads, rows)


def drawn(records):
    growth = Growth(records)
    run = growth.run
    panels = []
    for axis, chosen, title, label in (
        (0, growth.by_rows(), f"by rows, dimension {run['rows_dimension']}", "rows"),
        (1, growth.by_dimension(), f"by dimension, {run['dimension_rows']:,} rows", "dimension"),
    ):
        series = []
        for target in run["targets"]:
            speeds = [(point[axis], growth.at(point, target, "qps")) for point in chosen]
            times = [(x, 1e6 / s.median, s.at_least) for x, s in speeds if s is not None]
            series.append((f"query, recall {target:g}", times))
        built = [(point[axis], growth.building(point), False) for point in chosen]
        series.append(("building, each row", built))
        panels.append((title, label, series))
    return growth_picture.draw(f"{run['lumos']}: how time grows", panels)
