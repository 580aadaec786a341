"""A report is made of whatever was measured, and says what was not."""

import json
import tempfile
import unittest
import xml.etree.ElementTree as tree
from pathlib import Path

import catalog
import picture
import report

RUN = {
    "type": "run",
    "machine": {"processor": "P", "simd": ["avx2"], "cores": 2, "system": "S", "python": "3"},
    "lumos": "lumos 1",
    "data": {"name": "d", "rows": 100, "dimension": 4, "metric": "l2", "queries": 10},
    "packages": {"hnswlib": "hnswlib==1"},
    "k": 10,
    "rounds": 2,
    "passes": 1,
    "threads": 2,
    "selectivity": [50.0],
}


def built(peer):
    return {
        "type": "build", "peer": peer, "rows": 100, "build_seconds": 1.0,
        "build_cpu_seconds": 2.0, "bytes_on_disk": 5000, "details": {}, "floor_us": 1.0,
        "loop_us": 0.1,
    }


def searched(peer, number, mode, threads, percent, width, recall, qps):
    return {
        "type": "search", "peer": peer, "round": number, "mode": mode, "threads": threads,
        "selectivity": percent, "width": width, "recall": recall, "qps": qps, "queries": 10,
        "p50_us": 10.0 if mode == "one" else None, "p99_us": 20.0 if mode == "one" else None,
        "cores": 1.0,
    }


def records():
    out = [RUN, built("lumos"), built("hnswlib")]
    for number in (1, 2):
        for peer, speed in (("lumos", 4000.0), ("hnswlib", 1000.0)):
            out.append({"type": "open", "peer": peer, "round": number, "open_ms": 2.0,
                        "resident_bytes": 1000, "has_batch": True})
            for width, recall, slower in ((10, 0.89, 1), (50, 0.97, 2), (200, 0.999, 5)):
                for mode, threads in (("one", 1), ("batch", 1), ("batch", 2)):
                    qps = speed / slower * (1 if number == 1 else 1.5)
                    out.append(searched(peer, number, mode, threads, None, width, recall, qps))
        out.append(searched("lumos", number, "one", 1, 50.0, 10, 0.999, 100.0))
    out.append({"type": "absent", "peer": "usearch", "step": "install", "reason": "no wheel"})
    return out


class Reports(unittest.TestCase):
    def test_lumos_is_four_times_as_fast_where_it_is(self):
        text = report.markdown(records())
        line = next(l for l in text.splitlines() if l.startswith("| hnswlib | 4.00×"))
        self.assertEqual(line.count("4.00×"), 8)

    def test_an_absent_peer_is_named_with_its_reason(self):
        self.assertIn("- usearch (install): no wheel", report.markdown(records()))

    def test_a_peer_that_failed_in_a_round_is_in_no_table(self):
        failed = {"type": "absent", "peer": "hnswlib", "step": "round 2", "reason": "x"}
        self.assertNotIn("| hnswlib |", report.markdown([*records(), failed]))

    def test_nothing_measured_still_makes_a_report(self):
        text = report.markdown([RUN])
        self.assertIn("# d: 100 × 4, l2", text)
        tree.fromstring(report.drawn([RUN]))

    def test_bounds_are_marked_and_never_taken_for_figures(self):
        fast = report.curve.Spread(10.0, 10.0, 10.0, at_least=True)
        known = report.curve.Spread(5.0, 5.0, 5.0)
        self.assertEqual(report.times_cell(fast, known), "≥ 2.00×")
        self.assertEqual(report.times_cell(known, fast), "≤ 0.50×")
        self.assertEqual(report.times_cell(fast, fast), "~ 1.00×")
        self.assertEqual(report.times_cell(None, fast), "-")

    def test_a_file_can_be_reported_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.jsonl"
            path.write_text("\n".join(json.dumps(r) for r in records()), encoding="utf-8")
            report.write(report.read(path), path)
            self.assertIn("(out.svg)", path.with_suffix(".md").read_text(encoding="utf-8"))
            tree.parse(path.with_suffix(".svg"))
            path.write_text("{", encoding="utf-8")
            with self.assertRaisesRegex(ValueError, "line 1"):
                report.read(path)


class Pictures(unittest.TestCase):
    def test_every_peer_has_a_look_of_its_own(self):
        looks = [picture.LOOKS[name] for name in catalog.BY_NAME]
        self.assertEqual(len(set(looks)), len(looks))

    def test_nine_tenths_to_ninety_nine_hundredths_is_as_far_as_to_the_next(self):
        first = picture.across(0.99) - picture.across(0.9)
        self.assertAlmostEqual(first, picture.across(0.999) - picture.across(0.99))
        self.assertEqual((picture.across(0.5), picture.across(1.0)), (0.0, 1.0))

    def test_a_curve_is_cut_where_it_enters_the_panel(self):
        seen = picture.visible([(0.7, 1000.0), (0.9, 100.0), (0.95, 50.0)])
        self.assertEqual(seen[0][0], picture.LOWEST)
        self.assertTrue(100 < seen[0][1] < 1000 and not seen[0][2])

    def test_names_are_escaped(self):
        drawn = picture.draw("a < b & c", "recall", [("p", [("x<y", [(0.9, 10.0)])])])
        tree.fromstring(drawn)

    def test_everything_drawn_lies_within_the_picture(self):
        root = tree.fromstring(report.drawn(records()))
        width, height = float(root.get("width")), float(root.get("height"))
        for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
            self.assertTrue(0 < float(circle.get("cx")) < width)
            self.assertTrue(picture.TOP <= float(circle.get("cy")) <= height)


class Names(unittest.TestCase):
    def test_an_unknown_peer_is_refused_and_the_known_listed(self):
        with self.assertRaisesRegex(ValueError, "unknown peer hnsw; there are lumos"):
            catalog.select("lumos,hnsw")

    def test_peers_come_in_the_order_of_the_table(self):
        self.assertEqual([p.name for p in catalog.select("hnswlib, lumos")], ["lumos", "hnswlib"])
        self.assertEqual(catalog.select(None), list(catalog.PEERS))


if __name__ == "__main__":
    unittest.main()
