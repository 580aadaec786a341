"""The table of features says what the examples told, and an example cannot pass by accident."""

import types
import unittest

import features
from features import elsewhere
from features.rows import GROUPS, ROWS
from features.table import MARKS, reasons, table, totals

TITLES = {"one": "One (1.0)", "two": "Two"}


def answers(**rows):
    """Answers by (peer, row): `one_prefix=("yes", "")`."""
    made = {}
    for name, (mark, note) in rows.items():
        peer, row = name.split("_", 1)
        made[peer, row] = {"mark": mark, "note": note}
    return made


class Tables(unittest.TestCase):
    def line(self, text, label):
        return next(line for line in text.splitlines() if line.startswith(f"| {label} |"))

    def test_each_row_has_a_cell_for_each_peer(self):
        shown = table(TITLES, answers(one_prefix=("yes", ""), two_prefix=("no", "no call")))
        self.assertEqual(self.line(shown, "prefix"), f"| prefix | {MARKS['yes']} | {MARKS['no']} |")
        rows = [line for line in shown.splitlines() if line.startswith("|")]
        self.assertEqual(len(rows), 2 + len(GROUPS) + len(ROWS))
        self.assertEqual({line.count("|") for line in rows}, {4})

    def test_a_difference_is_a_footnote_and_the_same_one_is_told_once(self):
        told = answers(
            one_phrase=("partly", "as a filter"),
            two_phrase=("partly", "with a program"),
            two_prefix=("partly", "as a filter"),
        )
        shown = table(TITLES, told)
        self.assertEqual(self.line(shown, "phrase"), "| phrase | ~ <sup>1</sup> | ~ <sup>2</sup> |")
        self.assertEqual(self.line(shown, "prefix"), "| prefix |  | ~ <sup>1</sup> |")
        self.assertTrue(shown.endswith("\n1. as a filter\n2. with a program\n"))

    def test_an_example_that_failed_stands_out(self):
        shown = table(TITLES, answers(one_prefix=("broken", "prefix: [] is not [0]")))
        self.assertIn("**?** <sup>1</sup>", self.line(shown, "prefix"))

    def test_reasons_stand_by_peer_and_rows_of_one_reason_together(self):
        told = answers(
            one_phrase=("no", "no call"), one_prefix=("no", "no call"), two_prefix=("yes", "")
        )
        self.assertEqual(reasons(TITLES, told), "### One (1.0)\n- phrase; prefix: no call\n")

    def test_marks_are_counted(self):
        told = answers(one_phrase=("no", "x"), one_prefix=("yes", ""), two_prefix=("partly", "y"))
        lines = totals(TITLES, told).splitlines()[2:]
        self.assertEqual(lines, ["| One (1.0) | 1 | 0 | 1 |", "| Two | 0 | 1 | 0 |"])

    def test_rows_have_names_of_their_own(self):
        self.assertEqual(len(ROWS), len(set(ROWS)))
        labels = [label for rows in GROUPS.values() for label in rows.values()]
        self.assertEqual(len(labels), len(set(labels)))

    def test_what_others_have_is_asked_of_everyone(self):
        for peer, examples in elsewhere.PEERS.items():
            for row in GROUPS["What others have"]:
                self.assertTrue(hasattr(examples, row), f"{peer}: {row}")


class Probes(unittest.TestCase):
    def test_a_call_that_is_refused_gives_its_error(self):
        self.assertEqual(features.refused(int, "x").note[:11], "ValueError:")

    def test_a_call_that_is_not_refused_is_found(self):
        with self.assertRaises(features.Found):
            features.refused(int, "7")

    def test_a_result_that_was_to_be_missed_is_found(self):
        self.assertIn("[] instead of [0]", features.misses(lambda: [], [0]).note)
        with self.assertRaises(features.Found):
            features.misses(lambda: [0], [0])

    def test_names_are_looked_for_in_classes_and_parameters_too(self):
        class Query:
            def search(self, slop=0):
                """A call that takes what the words below are looked for in."""

        module = types.SimpleNamespace(Query=Query)
        for word in ("query", "search", "slop"):
            with self.assertRaises(features.Found):
                features.lacks([word], module)
        self.assertIn("*fuzzy*", features.lacks(["fuzzy"], module).note)
        features.lacks(["slop"], module, but=("slop",))


if __name__ == "__main__":
    unittest.main()
