"""Questions are read by kind, and the table of speeds says what was measured."""

import asyncio
import json
import tempfile
import unittest
from pathlib import Path

import text


class Texts(unittest.TestCase):
    def test_questions_stand_by_kind_in_the_order_of_the_file(self):
        lines = [{"kind": kind, "words": [word]} for kind, word in (("b", "x"), ("a", "y"), ("b", "z"))]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "questions.jsonl")
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            kinds = text.questions(path)
        self.assertEqual(list(kinds), ["b", "a"])
        self.assertEqual([one["words"] for one in kinds["b"]], [["x"], ["z"]])

    def test_a_rate_counts_whole_passes(self):
        asked = []

        async def ask(question):
            asked.append(question)

        speed, cores = asyncio.run(text.rate(ask, list(range(100))))
        self.assertEqual(len(asked) % 100, 0)
        self.assertGreater(speed, 0)
        self.assertLess(cores, 1.5)

    def test_the_table_has_a_line_a_kind(self):
        one = {"kind": "any of 2", "rate": 1234.5, "floor": 2000, "found": 10, "cores": 0.987}
        self.assertIn("| any of 2 | 1,234 | 2,000 | 10.0 | 0.99 |", text.table([one]))


if __name__ == "__main__":
    unittest.main()
