"""Files of vectors that are missing, cut short or of different widths are refused by name."""

import struct
import tempfile
import types
import unittest
from pathlib import Path

import data


def write(path, rows):
    with open(path, "wb") as file:
        for row in rows:
            file.write(struct.pack(f"<i{len(row)}f", len(row), *row))
    return str(path)


class Shapes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def test_rows_and_width_come_from_the_file(self):
        path = write(self.path / "base.fvecs", [[1.0, 2.0, 3.0]] * 5)
        self.assertEqual(data.shape(path), (5, 3))

    def test_a_missing_file_is_named(self):
        with self.assertRaisesRegex(data.BadData, "no file .*gone.fvecs"):
            data.shape(self.path / "gone.fvecs")

    def test_an_empty_or_cut_file_is_refused(self):
        (self.path / "empty.fvecs").write_bytes(b"")
        with self.assertRaisesRegex(data.BadData, "is empty"):
            data.shape(self.path / "empty.fvecs")
        whole = write(self.path / "cut.fvecs", [[1.0, 2.0]] * 3)
        Path(whole).write_bytes(Path(whole).read_bytes()[:-2])
        with self.assertRaisesRegex(data.BadData, "does not hold rows of 2"):
            data.shape(whole)

    def test_widths_and_counts_must_fit(self):
        base = write(self.path / "base.fvecs", [[1.0, 2.0]] * 20)
        query = write(self.path / "query.fvecs", [[1.0, 2.0, 3.0]] * 2)
        with self.assertRaisesRegex(data.BadData, "has width 3, .* has 2"):
            data.check({"base": base, "query": query}, 10)
        query = write(self.path / "query.fvecs", [[1.0, 2.0]] * 2)
        truth = write(self.path / "truth.ivecs", [[0.0] * 10] * 3)
        with self.assertRaisesRegex(data.BadData, "3 rows for 2 queries"):
            data.check({"base": base, "query": query, "truth": truth}, 10)
        with self.assertRaisesRegex(data.BadData, "fewer than k"):
            data.check({"base": base, "query": query}, 21)

    def test_own_files_need_queries_and_a_metric(self):
        arguments = types.SimpleNamespace(
            data=None, base="b", query=None, truth=None, metric=None, data_dir=None
        )
        with self.assertRaisesRegex(data.BadData, "--query and --metric"):
            data.sources(arguments, self.path)

    def test_a_preset_with_files_says_which_folder_it_lacks(self):
        arguments = types.SimpleNamespace(
            data="debian-384", base=None, metric=None, data_dir=None
        )
        with self.assertRaisesRegex(data.BadData, "--data-dir"):
            data.sources(arguments, self.path)


if __name__ == "__main__":
    unittest.main()
