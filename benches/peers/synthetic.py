"""Vectors made by a seeded generator, to be about as hard to search as embeddings of text.

A row is drawn in two steps. First a point of few dimensions: one of many gaussians, whose centres
and whose own spread both shrink from one coordinate to the next, so that clusters overlap and the
last coordinates hardly matter. Then a fixed random network of one hidden layer bends that point
into the full dimension, a little noise is added, and the row is scaled to unit length. Each block
of rows has its own seed: the first N rows are the same however many are made.
"""

import numpy

SEED = 20_240_501
LATENT = 48
HIDDEN = 192
CLUSTERS = 4_000
BLOCK = 50_000
QUERY_BLOCK = 1 << 20


class Generator:
    def __init__(self, dimension):
        make = numpy.random.Generator(numpy.random.PCG64(SEED))
        scale = (1.0 + numpy.arange(LATENT) / 6.0) ** -0.5
        self.centres = make.standard_normal((CLUSTERS, LATENT)) * scale
        self.spread = 0.55 * scale
        self.bend = make.standard_normal((LATENT, HIDDEN)) / numpy.sqrt(LATENT) * 2.0
        self.lift = make.standard_normal((HIDDEN, dimension)) / numpy.sqrt(HIDDEN)
        self.noise = 0.04

    def block(self, number, count):
        make = numpy.random.Generator(numpy.random.PCG64([SEED, number]))
        chosen = make.integers(0, CLUSTERS, BLOCK)
        point = self.centres[chosen] + make.standard_normal((BLOCK, LATENT)) * self.spread
        rows = numpy.tanh(point[:count] @ self.bend) @ self.lift
        noise = make.standard_normal((BLOCK, rows.shape[1]), dtype=numpy.float32)[:count]
        rows += self.noise * noise
        rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
        return rows.astype(numpy.float32)

    def rows(self, count):
        for number, at in enumerate(range(0, count, BLOCK)):
            yield self.block(number, min(BLOCK, count - at))

    def queries(self, count):
        """From the same distribution, and none of the rows."""
        return self.block(QUERY_BLOCK, count)
