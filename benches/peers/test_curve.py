"""Speeds at equal recall: interpolated between neighbours, bounds marked, gaps reported."""

import math
import unittest

import curve


class SpeedAtRecall(unittest.TestCase):
    POINTS = [(0.90, 10_000.0), (0.96, 5_000.0), (0.99, 1_000.0)]

    def test_halfway_in_recall_is_the_geometric_mean_of_the_speeds(self):
        speed = curve.speed_at(self.POINTS, 0.93)
        self.assertAlmostEqual(speed.qps, math.sqrt(10_000 * 5_000))
        self.assertFalse(speed.at_least)

    def test_a_measured_point_is_given_as_it_is(self):
        self.assertAlmostEqual(curve.speed_at(self.POINTS, 0.96).qps, 5_000)
        self.assertAlmostEqual(curve.speed_at(self.POINTS, 0.90).qps, 10_000)

    def test_above_the_target_from_the_start_is_a_lower_bound(self):
        speed = curve.speed_at(self.POINTS, 0.85)
        self.assertEqual((speed.qps, speed.at_least), (10_000, True))

    def test_a_recall_that_is_not_reached_has_no_speed(self):
        self.assertIsNone(curve.speed_at(self.POINTS, 0.995))
        self.assertIsNone(curve.speed_at([], 0.9))

    def test_the_first_crossing_counts_when_recall_wavers(self):
        points = [(0.94, 100.0), (0.96, 90.0), (0.949, 80.0), (0.97, 70.0)]
        self.assertTrue(90 < curve.speed_at(points, 0.95).qps < 100)

    def test_rounds_give_median_and_spread(self):
        rounds = [[(0.9, qps), (0.99, qps / 10)] for qps in (100.0, 300.0, 200.0)]
        spread = curve.spread_at(rounds, 0.9)
        self.assertEqual((spread.median, spread.least, spread.greatest), (200, 100, 300))

    def test_a_round_that_misses_the_recall_leaves_no_figure(self):
        self.assertIsNone(curve.spread_at([[(0.9, 5.0)], [(0.8, 5.0)]], 0.85))
        self.assertIsNone(curve.spread_at([], 0.85))


if __name__ == "__main__":
    unittest.main()
