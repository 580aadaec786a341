"""Texts as vectors by latent semantic analysis, with numpy alone.

A text is the vector of its words: 1 + log of how often each occurs, times the logarithm of how rare
the word is, at unit length. Of the matrix of all texts the strongest `dimension` directions are
found; a vector is the projection onto them (Deerwester et al. 1990).
"""

import re

import numpy

from sparse import Sparse

WORD = re.compile("[a-z]+")
SEED = 20_240_501
# A word of fewer texts cannot bring texts together.
RARE = 3
SPARE = 32
ROUNDS = 4


def words(text):
    return WORD.findall(text.lower())


class Vocabulary:
    """The words of at least `rare` texts and the weight of each."""

    def __init__(self, texts, rare=RARE):
        counts = {}
        for text in texts:
            for word in set(words(text)):
                counts[word] = counts.get(word, 0) + 1
        kept = sorted(word for word, count in counts.items() if count >= rare)
        self.numbers = {word: number for number, word in enumerate(kept)}
        self.weights = numpy.log(len(texts) / numpy.array([counts[word] for word in kept]))

    def matrix(self, texts):
        """A row for each text, at unit length; empty where it has no word that counts."""
        rows, columns = [], []
        for row, text in enumerate(texts):
            known = [self.numbers[word] for word in words(text) if word in self.numbers]
            rows += [row] * len(known)
            columns += known
        width = len(self.numbers)
        places = numpy.array(rows, dtype=numpy.int64) * width
        places += numpy.array(columns, dtype=numpy.int64)
        places, often = numpy.unique(places, return_counts=True)
        rows, columns = numpy.divmod(places, max(width, 1))
        values = (1.0 + numpy.log(often)) * self.weights[columns]
        # A word of every text has no weight: it is no entry.
        real = values > 0
        shape = (len(texts), width)
        found = Sparse.of(rows[real], columns[real], values[real], shape)
        found.values /= found.lengths()[found.numbers()]
        return found


def factorise(matrix, rank, seed=SEED):
    """The largest singular values and their right vectors, as columns.

    By subspace iteration from random directions, some more than are wanted, made orthogonal in
    every round (Halko, Martinsson and Tropp 2011, algorithm 4.4); within the subspace that is found
    the directions are those of the small matrix of its products with itself.
    """
    across = matrix.transposed()
    make = numpy.random.Generator(numpy.random.PCG64(seed))
    size = (matrix.shape[1], min(rank + SPARE, *matrix.shape))
    # 32 bits are enough: what is lost in a round is far less than what the next one turns.
    found = make.standard_normal(size, dtype=numpy.float32)
    for _ in range(ROUNDS):
        found, _ = numpy.linalg.qr(across.times(matrix.times(found)))
    seen = matrix.times(found)
    squares, turns = numpy.linalg.eigh((seen.T @ seen).astype(numpy.float64))
    strongest = numpy.argsort(-squares)[:rank]
    strengths = numpy.sqrt(numpy.maximum(squares[strongest], 0.0))
    return strengths, found @ turns[:, strongest].astype(numpy.float32)


def distinct(matrix):
    """Which rows have entries, and not those of an earlier row."""
    seen, wanted = {b""}, numpy.zeros(matrix.shape[0], dtype=bool)
    for row, (first, last) in enumerate(zip(matrix.starts, matrix.starts[1:])):
        held = matrix.columns[first:last].tobytes() + matrix.values[first:last].tobytes()
        wanted[row] = held not in seen
        seen.add(held)
    return wanted


def embedded(texts, asked, dimension):
    """Vectors of the texts and of other texts in the same directions, both at unit length.

    A text without a word that counts has no direction and is left out, and so is one with the words
    of an earlier text: which of two equal rows is the nearer one, no search can know.
    """
    vocabulary = Vocabulary(texts)
    matrix = vocabulary.matrix(texts)
    matrix = matrix.kept(distinct(matrix))
    strengths, directions = factorise(matrix, dimension)
    # Projecting scales each direction by its singular value (U S, not U): cosines then stay as
    # close to those of the words as so few dimensions can keep them, and a text that was no part
    # of the matrix is treated like one that was.
    base = unit(matrix.times(directions))
    queries = unit(vocabulary.matrix(asked).times(directions))
    return base, queries


def unit(rows):
    lengths = numpy.linalg.norm(rows, axis=1)
    real = lengths > 1e-9
    return (rows[real] / lengths[real, None]).astype(numpy.float32)
