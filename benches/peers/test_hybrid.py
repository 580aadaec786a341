"""What the hybrid benchmark makes of its files and figures."""

import unittest

import hybrid


class Hybrid(unittest.TestCase):
    def test_questions_keep_their_places_by_kind(self):
        lines = [{"kind": "a"}, {"kind": "b"}, {"kind": "a"}]
        found = hybrid.groups(lines)
        self.assertEqual([place for place, _ in found["a"]], [0, 2])
        self.assertEqual(list(found), ["a", "b"])

    def test_share_counts_what_is_in_the_truth(self):
        self.assertEqual(hybrid.share([[1, 2], [3, 9]], [[2, 1], [3, 4]]), 0.75)

    def test_a_peer_must_find_what_lumos_finds(self):
        figures = [
            {"store": "other", "kind": "both", "recall_10": 0.1, "recall_all": 0.1},
            {"store": "Lumos", "kind": "both", "recall_10": 0.98, "recall_all": 0.97},
        ]
        self.assertEqual(hybrid.least(figures, "both"), (0.98, 0.97))

    def test_no_width_is_less_than_what_it_must_bring(self):
        for k in (10, 200):
            for refine in (None, 2):
                for width in hybrid.widths(k, refine):
                    self.assertGreaterEqual(width, k * (refine or 1))


if __name__ == "__main__":
    unittest.main()
