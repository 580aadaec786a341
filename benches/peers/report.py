"""The measurements of a run as Markdown, with the picture of `picture.py` beside it."""

import json
from pathlib import Path

import catalog
import curve
import picture

TARGETS = (0.90, 0.95, 0.99)


def read(path, first="run"):
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not records or records[0].get("type") != first:
        raise ValueError(f"{path} does not start with a record of type {first}")
    return records


def write(records, beside):
    beside = Path(beside)
    beside.with_suffix(".md").write_text(
        markdown(records, beside.with_suffix(".svg").name), encoding="utf-8"
    )
    beside.with_suffix(".svg").write_text(drawn(records), encoding="utf-8")


class Results:
    """The records of a run, by what is asked of them."""

    def __init__(self, records):
        self.run = records[0]
        self.builds = {r["peer"]: r for r in records if r["type"] == "build"}
        self.absent = [r for r in records if r["type"] == "absent"]
        self.opens = {}
        self.points = {}
        for record in records:
            if record["type"] == "open":
                self.opens.setdefault(record["peer"], []).append(record)
            if record["type"] == "search":
                key = (record["peer"], self.kind(record), record["selectivity"])
                self.points.setdefault(key, {}).setdefault(record["round"], []).append(record)
        gone = {r["peer"] for r in self.absent}
        self.peers = [p for p in catalog.PEERS if p.name in self.builds and p.name not in gone]

    def kind(self, record):
        if record["mode"] == "one":
            return "one"
        return "all" if record["threads"] > 1 else "batch"

    def rounds(self, peer, kind, percent=None):
        return list(self.points.get((peer.name, kind, percent), {}).values())

    def curves(self, peer, kind, percent=None):
        rounds = self.rounds(peer, kind, percent)
        return [[(p["recall"], p["qps"]) for p in points] for points in rounds]

    def speed(self, peer, kind, target, percent=None):
        return curve.spread_at(self.curves(peer, kind, percent), target)

    def middle(self, peer, kind, percent=None):
        """One point for each width, medians of the rounds: (recall, qps, p50, p99, width)."""
        widths = {}
        for points in self.rounds(peer, kind, percent):
            for point in points:
                widths.setdefault(point["width"], []).append(point)
        result = []
        for width, points in widths.items():
            middles = []
            for name in ("recall", "qps", "p50_us", "p99_us"):
                values = [p[name] for p in points if p[name] is not None]
                middles.append(curve.median(values) if values else None)
            result.append((*middles, width))
        return result

    def best_recall(self, peer, percent):
        return max((point[0] for point in self.middle(peer, "one", percent)), default=None)

    def opened(self, peer, name):
        values = [r[name] for r in self.opens.get(peer.name, []) if r[name] is not None]
        return curve.median(values) if values else None


def rate(number):
    if number >= 9_950:
        return f"{number / 1000:.1f} k"
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


def speed_cell(spread):
    if spread is None:
        return "-"
    mark = "≥ " if spread.at_least else ""
    return f"{mark}{rate(spread.median)} ({rate(spread.least)}–{rate(spread.greatest)})"


def times_cell(ours, theirs):
    if ours is None or theirs is None:
        return "-"
    # Of two lower bounds the quotient says nothing; of one it is a bound itself.
    if ours.at_least and theirs.at_least:
        mark = "~ "
    else:
        mark = "≥ " if ours.at_least else "≤ " if theirs.at_least else ""
    return f"{mark}{ours.median / theirs.median:.2f}×"


def faster(*spreads):
    known = [spread for spread in spreads if spread is not None]
    return max(known, key=lambda spread: spread.median) if known else None


def number(value, form="{:,.1f}"):
    return "-" if value is None else form.format(value)


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def markdown(records, image=None):
    results = Results(records)
    run, about = results.run, results.run["data"]
    machine = run["machine"]
    simd = ", ".join(machine["simd"]) or "no wide vectors"
    lines = [
        f"# {about['name']}: {about['rows']:,} × {about['dimension']}, {about['metric']}",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {simd}; {run['lumos'] or 'no Lumos'}; "
        f"{about['queries']:,} queries, recall@{run['k']}; medians of {run['rounds']} rounds in "
        "turns, least and greatest in brackets. A speed between two measured widths is "
        "interpolated; ≥: even the narrowest width finds more; -: not reached or not offered.",
        "",
    ]
    if image:
        lines += [f"![recall and queries a second]({image})", ""]
    for part in (single, ratios, every_thread, latency, stores, filtered, parameters, missing):
        lines += part(results)
    return "\n".join(lines).rstrip() + "\n"


def single(results):
    heads = ["queries/s, one thread"]
    heads += [f"one call @{target:g}" for target in TARGETS]
    heads += [f"own batch @{target:g}" for target in TARGETS]
    rows = []
    for peer in results.peers:
        row = [peer.title]
        for kind in ("one", "batch"):
            row += [speed_cell(results.speed(peer, kind, target)) for target in TARGETS]
        rows.append(row)
    return ["## One thread", "", *table(heads, rows)]


def ratios(results):
    """How many times as fast Lumos is."""
    if catalog.LUMOS not in results.peers:
        return []
    heads = ["Lumos is … times as fast as"]
    for target in (0.95, 0.99):
        heads += [
            f"call / call @{target:g}",
            f"call / their better @{target:g}",
            f"batch / batch @{target:g}",
            f"all threads @{target:g}",
        ]
    rows = []
    for peer in results.peers:
        if peer is catalog.LUMOS:
            continue
        row = [peer.title]
        for target in (0.95, 0.99):
            ours, theirs = (
                {kind: results.speed(p, kind, target) for kind in ("one", "batch", "all")}
                for p in (catalog.LUMOS, peer)
            )
            row += [
                times_cell(ours["one"], theirs["one"]),
                times_cell(ours["one"], faster(theirs["one"], theirs["batch"])),
                times_cell(ours["batch"], theirs["batch"]),
                times_cell(ours["all"], theirs["all"]),
            ]
        rows.append(row)
    note = (
        "*call*: one call a query on one thread, theirs from Python. *Their better*: the better of "
        "their call and their batch call on one thread, so that the cost of Python is not held "
        "against them. ≤, ≥: a bound, since one of the two is above that recall at every width; ~: "
        "both are."
    )
    return [note, "", *table(heads, rows)]


def every_thread(results):
    many = results.run["threads"]
    if many < 2:
        return []
    heads = [f"queries/s, {many} threads", "how", *(f"@{target:g}" for target in TARGETS)]
    rows = []
    for peer in results.peers:
        rounds = results.rounds(peer, "all")
        if not rounds:
            continue
        pool = rounds[0][0]["mode"] == "pool"
        row = [peer.title, "single calls from Python threads" if pool else "batch call"]
        row += [speed_cell(results.speed(peer, "all", target)) for target in TARGETS]
        rows.append(row)
    return ["## All threads", "", *table(heads, rows)]


def latency(results):
    heads = ["microseconds, one call", "width", "recall", "p50", "p99"]
    heads += ["width", "recall", "p50", "p99", "floor of a call", "cores used"]
    rows = []
    for peer in results.peers:
        row = [peer.title]
        points = results.middle(peer, "one")
        for target in (0.95, 0.99):
            reached = next((p for p in points if p[0] >= target), None)
            if reached is None:
                row += ["-"] * 4
                continue
            recall, _, p50, p99, width = reached
            row += [str(width or "-"), f"{recall:.4f}"]
            row += [number(p50, "{:,.0f}"), number(p99, "{:,.0f}")]
        cores = [
            p["cores"]
            for points in results.rounds(peer, "one")
            for p in points
            if p["cores"] is not None
        ]
        floor = results.builds[peer.name]["floor_us"]
        row += [number(floor), number(curve.median(cores) if cores else None, "{:.2f}")]
        rows.append(row)
    note = (
        "The first measured width at or above recall 0.95, then 0.99. *Floor*: the median of the "
        "same call on an index of 256 rows at the narrowest width: binding and call, hardly any "
        "search. *Cores used*: processor time by time passed; it shows whether one thread was one."
    )
    return ["## Latency, one thread", "", note, "", *table(heads, rows)]


def stores(results):
    heads = ["build", "wall s", "CPU s", "bytes/vector on disk", "resident bytes/vector", "open ms"]
    rows = []
    for peer in results.peers:
        built = results.builds[peer.name]
        resident = results.opened(peer, "resident_bytes")
        rows.append(
            [
                peer.title,
                number(built["build_seconds"]),
                number(built["build_cpu_seconds"]),
                number(built["bytes_on_disk"] / built["rows"], "{:,.0f}"),
                number(resident and resident / built["rows"], "{:,.0f}"),
                number(results.opened(peer, "open_ms")),
            ]
        )
    note = (
        f"Built on {results.run['threads']} threads. *Resident*: growth of the process from before "
        "opening to after the first pass of searches."
    )
    return ["## Build, size, opening", "", note, "", *table(heads, rows)]


def filtered(results):
    chosen = [peer for peer in results.peers if peer.is_database]
    percents = [p for p in results.run["selectivity"]]
    if not percents or not any(results.rounds(p, "one", percents[0]) for p in chosen):
        return []
    heads = ["queries/s, one call"]
    for percent in percents:
        heads += [f"{percent:g} % @0.95", f"{percent:g} % @0.99", "best recall"]
    rows = []
    for peer in chosen:
        row = [peer.title]
        for percent in percents:
            row += [speed_cell(results.speed(peer, "one", t, percent)) for t in (0.95, 0.99)]
            row.append(number(results.best_recall(peer, percent), "{:.4f}"))
        rows.append(row)
    if catalog.LUMOS in chosen and len(chosen) > 1:
        rows.append(against_the_best(results, chosen, percents))
    return ["## Filtered, databases, one thread", "", *table(heads, rows)]


def against_the_best(results, chosen, percents):
    row = ["*Lumos / fastest other*"]
    for percent in percents:
        for target in (0.95, 0.99):
            ours, *others = (results.speed(peer, "one", target, percent) for peer in chosen)
            row.append(times_cell(ours, faster(*others)))
        row.append("")
    return row


def parameters(results):
    versions = results.run["packages"]
    rows = []
    for peer in results.peers:
        if peer is catalog.LUMOS:
            version = results.run["lumos"]
        else:
            version = versions.get(peer.package, peer.package)
        said = ", ".join(f"{key} {value}" for key, value in peer.parameters.items()) or "defaults"
        details = results.builds[peer.name].get("details") or {}
        said += "".join(f"; {key}: {value}" for key, value in details.items())
        rows.append([peer.title, peer.kind, version, said, peer.width_name])
    return ["## Parameters", "", *table(["", "kind", "version", "built with", "width"], rows)]


def missing(results):
    if not results.absent:
        return []
    lines = ["## Absent", ""]
    for record in results.absent:
        peer = catalog.BY_NAME.get(record["peer"])
        title = peer.title if peer else record["peer"]
        lines.append(f"- {title} ({record['step']}): {record['reason']}")
    return lines + [""]


def drawn(records):
    results = Results(records)
    about = results.run["data"]
    panels = []
    for kind, title in (("one", "one call a query"), ("batch", "own batch call")):
        series = []
        for peer in results.peers:
            points = [(point[0], point[1]) for point in results.middle(peer, kind)]
            if points:
                series.append((peer.name, points))
        panels.append((title, series))
    shape = f"{about['rows']:,} × {about['dimension']}"
    title = f"{about['name']}: {shape}, {about['metric']}, one thread"
    return picture.draw(title, f"recall@{results.run['k']}", panels)
