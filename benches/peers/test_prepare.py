"""The exact neighbours of the first rows are those of a file that holds no others."""

import io
import tempfile
import unittest
from pathlib import Path

try:
    import numpy
except ImportError as error:
    raise unittest.SkipTest("numpy is not installed") from error

import prefix
import prepare
import vectors


class Steps(unittest.TestCase):
    def test_blocks_are_cut_at_steps_and_nothing_is_lost(self):
        rows = numpy.arange(25)
        blocks = list(prepare.cut([rows[:10], rows[10:20], rows[20:]], [3, 10, 14, 16, 25]))
        ends = numpy.cumsum([len(block) for block in blocks]).tolist()
        self.assertEqual(ends, [3, 10, 14, 16, 20, 25])
        numpy.testing.assert_array_equal(numpy.concatenate(blocks), rows)

    def test_the_truth_of_the_first_rows_knows_no_others(self):
        with tempfile.TemporaryDirectory() as folder:
            whole, alone = Path(folder) / "whole", Path(folder) / "alone"
            for path, steps in ((whole, [300, 700]), (alone, [300])):
                path.mkdir()
                prepare.main(prefix.request(8, steps, 5), path)
            first = vectors.read_ids(whole / "truth-first-300.ivecs")
            numpy.testing.assert_array_equal(first, vectors.read_ids(alone / "truth.ivecs"))
            self.assertLess(first.max(), 300)
            base = vectors.read_floats(whole / "base.fvecs")
            queries = vectors.read_floats(whole / "query.fvecs")
            nearest = numpy.argsort(-(queries @ base.T), axis=1)[:, 0]
            last = vectors.read_ids(whole / "truth-first-700.ivecs")
            numpy.testing.assert_array_equal(last[:, 0], nearest)


class Files(unittest.TestCase):
    def test_rows_are_written_and_read_back(self):
        rows = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
        file = io.BytesIO()
        vectors.write(file, rows)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.fvecs"
            path.write_bytes(file.getvalue())
            numpy.testing.assert_array_equal(vectors.read_floats(path), rows)

    def test_a_full_disk_is_named(self):
        with self.assertRaisesRegex(OSError, "No space left"):
            with open("/dev/full", "wb") as file:
                vectors.write(file, numpy.zeros((5, 3), dtype=numpy.float32))


if __name__ == "__main__":
    unittest.main()
