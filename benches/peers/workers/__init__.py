"""The peers' own code: one module each, with a class `Index`."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """What a peer is asked to do: where, on what, with which parameters and threads."""

    directory: str
    rows: int
    dimension: int
    metric: str
    k: int
    threads: int
    buckets: bool
    parameters: dict = field(default_factory=dict)


class Base:
    """What every peer shares. Under cosine vectors come at unit length: inner product ranks them.

    `build` indexes rows numbered from 0, with a bucket each when the job has buckets; `save` writes
    to the job's directory, `open` reads it in another process. `one` answers one prepared query,
    `filtered` the same among rows with bucket < below, `batch` all queries on some threads; `ids`
    and `batch_ids` turn an answer into row numbers and are not timed.
    """

    has_batch = True

    def __init__(self, job):
        self.job = job

    def details(self):
        return {}

    def build(self, base, buckets):
        raise NotImplementedError

    def save(self):
        pass

    def open(self):
        raise NotImplementedError

    def close(self):
        pass

    def set_width(self, width):
        self.width = width

    def prepare(self, row):
        return row

    def one(self, query):
        raise NotImplementedError

    def filtered(self, query, below):
        raise NotImplementedError

    def batch(self, queries, threads):
        raise NotImplementedError

    def ids(self, answer):
        return answer

    def batch_ids(self, answer):
        return answer

    def nothing(self, query):
        """Called to measure the loop itself."""
        return query
