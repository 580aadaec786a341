"""faiss: HNSW over 8-bit codes, the best candidates compared again exactly."""

import faiss

from workers import faiss_flat


class Index(faiss_flat.Index):
    def graph(self):
        return faiss.downcast_index(self.index.base_index)

    def make(self):
        codes = faiss.IndexHNSWSQ(
            self.job.dimension,
            faiss.ScalarQuantizer.QT_8bit,
            self.job.parameters["m"],
            faiss_flat.metric_of(self.job),
        )
        # The refining index refers to the codes: both are kept.
        self.codes = codes
        refined = faiss.IndexRefineFlat(codes)
        refined.k_factor = self.job.parameters["refine_factor"]
        return refined

    def open(self):
        super().open()
        self.index.k_factor = self.job.parameters["refine_factor"]
