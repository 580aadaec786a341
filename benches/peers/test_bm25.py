"""The figures of a comparison of keyword searches are those of the rankings, and bad files are named."""

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import bm25


def token(term, start, end):
    return {"term": term, "start": start, "end": end, "position": 0}


class Measure(unittest.TestCase):
    def test_a_perfect_ranking_is_one_and_a_swap_costs(self):
        judged = {"a": 2.0, "b": 1.0}
        self.assertAlmostEqual(bm25.ndcg(["a", "b", "x"], judged), 1.0)
        swapped = (1 + 2 / 1.584962500721156) / (2 + 1 / 1.584962500721156)
        self.assertAlmostEqual(bm25.ndcg(["b", "a"], judged), swapped)
        self.assertEqual(bm25.ndcg([], judged), 0.0)

    def test_only_ten_ranks_count(self):
        self.assertEqual(bm25.ndcg(["x"] * 10 + ["a"], {"a": 1.0}), 0.0)

    def test_the_mean_is_over_queries(self):
        judged = {"q": {"a": 1.0}, "r": {"b": 1.0}}
        self.assertEqual(bm25.mean_ndcg({"q": ["a"], "r": ["x"]}, judged), 0.5)


class Terms(unittest.TestCase):
    def test_the_last_character_of_a_run_is_no_term_of_a_query(self):
        tokens = [token("ab", 0, 2), token("bc", 1, 3), token("c", 2, 3), token("word", 4, 8)]
        self.assertEqual(bm25.index_terms(tokens), ["ab", "bc", "c", "word"])
        self.assertEqual(bm25.query_terms(tokens), ["ab", "bc", "word"])

    def test_a_run_of_one_character_is(self):
        self.assertEqual(bm25.query_terms([token("x", 0, 1), token("c", 2, 3)]), ["x", "c"])


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def write(self, name, text):
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        return path

    def test_titles_come_first_and_line_breaks_go(self):
        line = json.dumps({"_id": 7, "title": "T", "text": "a\nb"})
        self.assertEqual(bm25.texts(self.write("c.jsonl", line + "\n\n")), {"7": "T a b"})

    def test_a_heading_and_what_is_not_relevant_are_passed_over(self):
        path = self.write("q.tsv", "query\tdoc\tscore\nq\ta\t2\nq\tb\t0\n")
        self.assertEqual(bm25.grades(path), {"q": {"a": 2.0}})

    def test_bad_files_are_named(self):
        with self.assertRaisesRegex(bm25.BadData, "cannot read .*gone"):
            bm25.texts(self.path / "gone")
        with self.assertRaisesRegex(bm25.BadData, "is not JSON lines"):
            bm25.texts(self.write("bad", "{"))
        with self.assertRaisesRegex(bm25.BadData, 'without "_id"'):
            bm25.texts(self.write("bad", "{}"))
        with self.assertRaisesRegex(bm25.BadData, "bad:2 is not a query"):
            bm25.grades(self.write("bad", "q\ta\t1\nq\ta\n"))

    def test_figures_that_are_apart_fail(self):
        for theirs, code in ((0.5, 0), (0.494, 1)):
            with mock.patch.object(bm25, "compare", return_value=(0.5, theirs, 3)):
                with mock.patch("builtins.print") as shown:
                    self.assertEqual(bm25.main(["--lumos", "x", "some/set"]), code)
                line = shown.call_args.args[0]
                self.assertTrue(line.startswith("| set | 3 | 0.5000 |"), line)


if __name__ == "__main__":
    unittest.main()
