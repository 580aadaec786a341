"""Growth is measured on prefixes of one file, and reported as far as it was measured."""

import contextlib
import io
import json
import re
import struct
import tempfile
import types
import unittest
import xml.etree.ElementTree as tree
from pathlib import Path
from unittest import mock

import data
import growth
import growth_report
import prefix
import report
from session import PeerFailed

RUN = {
    "type": "growth",
    "machine": {"processor": "P", "simd": ["avx2"], "cores": 2, "system": "S", "python": "3"},
    "lumos": "lumos 1",
    "rows": list(growth.ROWS),
    "rows_dimension": 384,
    "dimensions": list(growth.DIMENSIONS),
    "dimension_rows": 50_000,
    "targets": [0.95, 0.99],
    "latency_target": 0.95,
    "queries": 1000,
    "k": 10,
    "rounds": 2,
    "passes": 1,
    "widths": [10, 50, 200],
}


def measured(rows, dimension):
    """The records of one point: twice the rows or dimensions take about twice as long."""
    point = {"rows": rows, "dimension": dimension}
    out = [{
        "type": "build", **point, "build_seconds": rows * 100e-6, "build_cpu_seconds": 1.0,
        "bytes_on_disk": rows * 500, "build_resident_bytes": None, "details": {},
    }]
    for number in (1, 2):
        out.append({"type": "open", **point, "round": number, "open_ms": 2.0, "resident_bytes": 1})
        for width, recall in ((10, 0.90), (50, 0.95 if rows > 10_000 else 0.999), (200, 0.99)):
            qps = 4e9 / (width * (rows**0.3) * dimension) * number
            out.append({
                "type": "search", **point, "mode": "one", "threads": 1, "selectivity": None,
                "round": number, "width": width, "recall": recall, "qps": qps,
                "p50_us": 1e6 / qps, "p99_us": 2e6 / qps, "queries": 1000, "cores": None,
            })
    return out


def records():
    out = [RUN]
    for rows in growth.ROWS:
        out += measured(rows, 384)
    for dimension in growth.DIMENSIONS:
        out += measured(50_000, dimension)
    return out


class Points(unittest.TestCase):
    def test_no_point_is_measured_twice(self):
        _, arguments = growth.parse(["--rows", "100,50000", "--dimensions", "96,384"])
        self.assertEqual(growth.points(arguments), {384: [100, 50_000], 96: [50_000]})

    def test_a_point_that_fails_does_not_stop_the_others(self):
        class Failing:
            def build(self):
                raise PeerFailed("the disk is full")

        ledger = growth.Ledger(None)
        with contextlib.redirect_stderr(io.StringIO()):
            growth.measure(ledger, {"rows": 5, "dimension": 2}, Failing(), 2)
        self.assertEqual(ledger.records[0]["reason"], "the disk is full")

    def test_a_recall_of_all_or_nothing_is_refused(self):
        for given in ("0", "1", "95"):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                growth.parse(["--recall", given])


class Prefixes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        row = struct.pack("<i2f", 2, 1.0, 2.0)
        (self.path / "base.fvecs").write_bytes(row * 5)
        self.whole = data.Data("growth-2", self.path, "cosine", 5, 1, 2)
        self.work = self.path / "work"
        self.work.mkdir()

    def test_the_start_of_a_file_is_a_smaller_file(self):
        with mock.patch.object(prefix, "PIECE", 7):
            part = prefix.taken(self.whole, 3, self.work)
        self.assertEqual(data.shape(part.base), (3, 2))
        self.assertEqual(part.truth.name, "truth-first-3.ivecs")

    def test_all_rows_are_not_copied(self):
        self.assertEqual(prefix.taken(self.whole, 5, self.work).base, self.whole.base)
        self.assertEqual(list(self.work.iterdir()), [])

    def test_a_base_that_is_too_short_is_refused(self):
        longer = data.Data("growth-2", self.path, "cosine", 9, 1, 2)
        with self.assertRaisesRegex(data.BadData, "fewer than 7 rows"):
            prefix.taken(longer, 7, self.work)

    def test_a_small_disk_is_known_before_anything_is_made(self):
        free = types.SimpleNamespace(free=3e9)
        with mock.patch.object(prefix.shutil, "disk_usage", return_value=free):
            prefix.check_disk(self.path, prefix.needed(384, [10_000, 300_000], False, False))
            with self.assertRaisesRegex(data.BadData, "3,000 MB free, this needs about"):
                prefix.check_disk(self.path, prefix.needed(384, [1_000_000], False, False))

    def test_what_is_kept_needs_room_for_all_and_what_is_there_needs_none(self):
        steps = [10_000, 300_000]
        once = prefix.needed(384, steps, False, False)
        self.assertGreater(prefix.needed(384, steps, False, True), once)
        base = prefix.bytes_of(300_000, 384)
        self.assertEqual(prefix.needed(384, steps, True, False), once - base)


class Reports(unittest.TestCase):
    def test_every_point_has_its_line(self):
        text = growth_report.markdown(records())
        for rows in growth.ROWS:
            self.assertIn(f"\n| {rows:,} | ", text)
        for dimension in growth.DIMENSIONS:
            self.assertIn(f"\n| {dimension:,} | ", text)

    def test_times_are_interpolated_like_speeds_and_bounds_are_marked(self):
        measured_growth = growth_report.Growth(records())
        spread = measured_growth.at((100_000, 384), 0.95, "p50_us")
        speed = measured_growth.at((100_000, 384), 0.95, "qps")
        self.assertAlmostEqual(spread.least, 1e6 / speed.greatest)
        self.assertEqual(growth_report.time_cell(spread).count("≤"), 0)
        bound = measured_growth.at((100_000, 384), 0.85, "p50_us")
        self.assertTrue(growth_report.time_cell(bound).startswith("≤ "))
        self.assertEqual(growth_report.time_cell(None), "-")

    def test_building_is_counted_for_each_row(self):
        self.assertAlmostEqual(growth_report.Growth(records()).building((10_000, 384)), 100)

    def test_a_failed_point_is_named_and_in_no_table(self):
        failed = {"type": "absent", "rows": 100_000, "dimension": 384, "reason": "no room"}
        text = growth_report.markdown([*records(), failed])
        self.assertIn("- 100,000 × 384: no room", text)
        self.assertNotIn("| 100,000 |", text)

    def test_nothing_measured_still_makes_a_report(self):
        self.assertIn("## By dimension", growth_report.markdown([RUN]))
        tree.fromstring(growth_report.drawn([RUN]))

    def test_a_file_can_be_reported_again_and_another_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.jsonl"
            path.write_text("\n".join(json.dumps(r) for r in records()), encoding="utf-8")
            growth_report.write(report.read(path, first="growth"), path)
            self.assertIn("(out.svg)", path.with_suffix(".md").read_text(encoding="utf-8"))
            tree.parse(path.with_suffix(".svg"))
            with self.assertRaisesRegex(ValueError, "type run"):
                report.read(path)


class Pictures(unittest.TestCase):
    NAME = "{http://www.w3.org/2000/svg}"

    def boxes(self, drawn):
        """About the space of every text that is not turned: left, right, top, bottom, words."""
        for words in tree.fromstring(drawn).iter(f"{self.NAME}text"):
            if words.get("transform"):
                continue
            size, x, y = (float(words.get(name)) for name in ("font-size", "x", "y"))
            wide = len(words.text) * size * 0.6
            left = {"start": x, "middle": x - wide / 2, "end": x - wide}[words.get("text-anchor")]
            yield left, left + wide, y - size * 0.8, y + size * 0.2, words.text

    def test_no_label_lies_on_another_or_outside(self):
        close = [RUN | {"rows": [10_000, 10_500, 11_000]}]
        close += [r for rows in close[0]["rows"] for r in measured(rows, 384)]
        for chosen in (records(), close):
            drawn = growth_report.drawn(chosen)
            width = float(tree.fromstring(drawn).get("width"))
            boxes = list(self.boxes(drawn))
            for number, (left, right, top, bottom, words) in enumerate(boxes):
                self.assertTrue(0 <= left and right <= width, words)
                for l, r, t, b, other in boxes[number + 1 :]:
                    apart = r <= left or right <= l or b <= top or bottom <= t
                    self.assertTrue(apart, f"{words} lies on {other}")

    def test_everything_drawn_lies_within_its_panel(self):
        root = tree.fromstring(growth_report.drawn(records()))
        frames = [rect for rect in root.iter(f"{self.NAME}rect") if rect.get("fill") == "none"]
        self.assertEqual(len(frames), 2)
        top, tall = float(frames[0].get("y")), float(frames[0].get("height"))
        for path in root.iter(f"{self.NAME}path"):
            for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path.get("d")):
                self.assertTrue(top <= float(y) <= top + tall)

    def test_a_bound_is_hollow_and_explained(self):
        bounded = [RUN | {"targets": [0.85, 0.99]}, *records()[1:]]
        self.assertIn("hollow", growth_report.drawn(bounded))
        self.assertNotIn("hollow", growth_report.drawn(records()))


if __name__ == "__main__":
    unittest.main()
