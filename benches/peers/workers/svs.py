"""SVS: a Vamana graph, over f32 or over two-level LVQ codes."""

import os

import svs

from workers import Base


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.index = None

    def part(self, name):
        folder = os.path.join(self.job.directory, name)
        os.makedirs(folder, exist_ok=True)
        return folder

    def sources(self):
        return [os.path.join(self.job.directory, f"base.{end}") for end in ("fvecs", "svs")]

    @property
    def distance(self):
        return svs.DistanceType.L2 if self.job.metric == "l2" else svs.DistanceType.MIP

    def build(self, base, buckets):
        given = self.job.parameters
        alpha = given["alpha_l2"] if self.job.metric == "l2" else given["alpha_ip"]
        settings = svs.VamanaBuildParameters(
            alpha=alpha, graph_max_degree=given["degree"], window_size=given["window"]
        )
        if "lvq" not in given:
            self.index = svs.Vamana.build(
                settings, base, self.distance, num_threads=self.job.threads
            )
            return
        first, second = given["lvq"]
        # Codes are made from a file only; writing it is not part of the search index.
        plain, native = self.sources()
        svs.write_vecs(base, plain)
        svs.convert_vecs_to_svs(plain, native)
        source = svs.VectorDataLoader(native, svs.DataType.float32, dims=self.job.dimension)
        codes = svs.LVQLoader(source, primary=first, residual=second)
        self.index = svs.Vamana.build(settings, codes, self.distance, num_threads=self.job.threads)

    def save(self):
        self.index.save(self.part("config"), self.part("graph"), self.part("data"))
        for source in self.sources():
            if os.path.exists(source):
                os.remove(source)

    def open(self):
        if "lvq" in self.job.parameters:
            vectors = svs.LVQLoader(self.part("data"))
        else:
            vectors = svs.VectorDataLoader(self.part("data"), svs.DataType.float32)
        self.index = svs.Vamana(
            self.part("config"), svs.GraphLoader(self.part("graph")), vectors, self.distance,
            num_threads=1,
        )

    def set_width(self, width):
        self.index.search_window_size = width

    def one(self, query):
        return self.index.search(query, self.job.k)

    def ids(self, answer):
        return answer[0].reshape(-1)

    def batch(self, queries, threads):
        if self.index.num_threads != threads:
            self.index.num_threads = threads
        return self.index.search(queries, self.job.k)

    def batch_ids(self, answer):
        return answer[0]
