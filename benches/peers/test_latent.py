"""Sparse products are those of dense matrices, and the directions found are the strongest."""

import unittest
from unittest import mock

try:
    import numpy
except ImportError as error:
    raise unittest.SkipTest("numpy is not installed") from error

import latent
import sparse


def made(shape, filled, seed=1):
    """A dense matrix with few entries, and the same one sparse."""
    make = numpy.random.Generator(numpy.random.PCG64(seed))
    dense = make.standard_normal(shape) * (make.random(shape) < filled)
    rows, columns = numpy.nonzero(dense)
    mixed = make.permutation(len(rows))
    rows, columns = rows[mixed], columns[mixed]
    return dense, sparse.Sparse.of(rows, columns, dense[rows, columns], shape)


class Products(unittest.TestCase):
    def test_a_product_is_that_of_the_dense_matrix(self):
        right = numpy.random.Generator(numpy.random.PCG64(2)).standard_normal((30, 7))
        for filled in (0.0, 0.02, 0.5):
            dense, matrix = made((40, 30), filled)
            # In one piece, in several, and with rows that are larger than a piece.
            for entries in (10_000, 50, 1):
                with mock.patch.object(sparse, "ENTRIES", entries):
                    numpy.testing.assert_allclose(matrix.times(right), dense @ right, atol=1e-12)

    def test_turned_and_chosen_rows_keep_their_entries(self):
        dense, matrix = made((40, 30), 0.05)
        numpy.testing.assert_array_equal(matrix.transposed().times(numpy.eye(40)), dense.T)
        wanted = dense.any(axis=1)
        numpy.testing.assert_array_equal(matrix.kept(wanted).times(numpy.eye(30)), dense[wanted])

    def test_lengths_are_those_of_the_rows(self):
        dense, matrix = made((40, 30), 0.05)
        numpy.testing.assert_allclose(matrix.lengths(), numpy.linalg.norm(dense, axis=1))


class Directions(unittest.TestCase):
    def test_the_strongest_are_found(self):
        dense, matrix = made((300, 120), 0.1)
        _, strengths, right = numpy.linalg.svd(dense)
        with mock.patch.object(latent, "ROUNDS", 30):
            found, directions = latent.factorise(matrix, 10)
        numpy.testing.assert_allclose(found, strengths[:10], rtol=1e-4)
        overlap = numpy.linalg.svd(right[:10] @ directions)[1]
        self.assertGreater(overlap.min(), 0.999)

    def test_a_few_rounds_keep_nearly_as_much_as_the_best(self):
        dense, matrix = made((300, 120), 0.1)
        best = (numpy.linalg.svd(dense)[1][:10] ** 2).sum()
        found, directions = latent.factorise(matrix, 10)
        self.assertGreater((found**2).sum(), 0.98 * best)
        numpy.testing.assert_allclose(directions.T @ directions, numpy.eye(10), atol=1e-4)

    def test_the_same_seed_finds_the_same(self):
        _, matrix = made((60, 40), 0.2)
        first, second = latent.factorise(matrix, 5), latent.factorise(matrix, 5)
        numpy.testing.assert_array_equal(first[1], second[1])


class Texts(unittest.TestCase):
    TEXTS = ["red apple", "Green apple, green!", "red car", "green car", "an odd one", "apple, red"]

    def test_rare_words_are_no_terms_and_rows_have_unit_length(self):
        vocabulary = latent.Vocabulary(self.TEXTS)
        self.assertEqual(sorted(vocabulary.numbers), ["apple", "red"])
        vocabulary = latent.Vocabulary(self.TEXTS, rare=2)
        self.assertEqual(sorted(vocabulary.numbers), ["apple", "car", "green", "red"])
        matrix = vocabulary.matrix(self.TEXTS)
        numpy.testing.assert_allclose(matrix.lengths(), [1, 1, 1, 1, 0, 1])
        apple, _, green, _ = matrix.times(numpy.eye(4))[1]
        rarer = numpy.log(6 / 2) / numpy.log(6 / 3) * (1 + numpy.log(2))
        self.assertAlmostEqual(green / apple, rarer)

    def test_empty_and_repeated_rows_are_left_out(self):
        matrix = latent.Vocabulary(self.TEXTS, rare=2).matrix(self.TEXTS)
        kept = [True, True, True, True, False, False]
        self.assertEqual(latent.distinct(matrix).tolist(), kept)

    def test_texts_of_one_subject_are_near_each_other(self):
        fruit = ["ripe apple tree", "apple tree and pear", "pear and ripe apple", "tree pear ripe"]
        roads = ["fast car road", "road and lorry", "lorry on fast road", "car lorry fast"]
        base, queries = latent.embedded(fruit + roads, ["apple", "unheard of", "lorry"], 2)
        numpy.testing.assert_allclose(numpy.linalg.norm(base, axis=1), 1, rtol=1e-6)
        self.assertEqual((base.dtype, queries.shape), (numpy.dtype("float32"), (2, 2)))
        self.assertLess((base @ queries[0]).argmax(), 4)
        self.assertGreaterEqual((base @ queries[1]).argmax(), 4)


if __name__ == "__main__":
    unittest.main()
