"""The data of a run: a preset or files of one's own, made ready once for everything measured.

`prepare.py` (in the virtual environment, for numpy) writes base, queries and exact neighbours to a
folder of their own, under cosine at unit length, so that Lumos and all peers read the same bytes.
"""

import hashlib
import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import environment
import wordnet

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VERSION = 2
METRICS = ("cosine", "l2")

PRESETS = {
    "debian-384": {"metric": "cosine", "what": "sentence embeddings of package descriptions"},
    "fashion-784": {"metric": "l2", "what": "Fashion-MNIST images (Debian: dataset-fashion-mnist)"},
    "synthetic-1m": {"metric": "cosine", "what": "1,000,000 x 384 made by a seeded generator"},
    "wordnet-256": {"metric": "cosine", "what": "words and glosses (Debian: wordnet-base) by LSA"},
}


class BadData(Exception):
    """The data cannot be used; the message says which file and why."""


@dataclass(frozen=True)
class Package:
    """A Debian package of data: its name, the files, where they lie, the folder in the cache."""

    name: str
    files: tuple
    folder: Path
    cached: str


FASHION = Package(
    name="dataset-fashion-mnist",
    files=("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"),
    folder=Path("usr/share/datasets/fashion-mnist"),
    cached="fashion-mnist",
)
WORDNET = Package(
    name="wordnet-base",
    files=wordnet.NAMES,
    folder=Path("usr/share/wordnet"),
    cached="wordnet",
)


@dataclass(frozen=True)
class Data:
    name: str
    folder: Path
    metric: str
    rows: int
    queries: int
    dimension: int

    @property
    def base(self):
        return self.folder / "base.fvecs"

    @property
    def query(self):
        return self.folder / "query.fvecs"

    @property
    def truth(self):
        return self.folder / "truth.ivecs"

    def truths(self, selectivity):
        """The exact neighbours, of all rows and of those that each filter keeps."""
        paths = {"all": str(self.truth)}
        for percent in selectivity:
            paths[str(percent)] = str(self.folder / f"truth-{percent:g}.ivecs")
        return paths


def shape(path):
    """Rows and width of an .fvecs or .ivecs file, from its size and its first number."""
    path = Path(path)
    if not path.is_file():
        raise BadData(f"there is no file {path}")
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(4)
    if len(head) < 4:
        raise BadData(f"{path} is empty")
    (width,) = struct.unpack("<i", head)
    if width <= 0 or size % (4 * (width + 1)):
        raise BadData(f"{path} does not hold rows of {width} numbers each")
    return size // (4 * (width + 1)), width


def sources(arguments, cache):
    """Where the vectors come from: the request that `prepare.py` carries out."""
    if arguments.data and arguments.base:
        raise BadData("--data and --base exclude each other")
    if arguments.data:
        metric = PRESETS[arguments.data]["metric"]
        if arguments.metric and arguments.metric != metric:
            raise BadData(f"{arguments.data} is measured under {metric}")
        name, request = arguments.data, preset(arguments, cache)
    else:
        if not (arguments.base and arguments.query and arguments.metric):
            raise BadData("give --data, or --base with --query and --metric")
        metric, name = arguments.metric, Path(arguments.base).resolve().parent.name or "own"
        request = {"kind": "files", "base": arguments.base, "query": arguments.query}
        if arguments.truth:
            request["truth"] = arguments.truth
    if request["kind"] == "files":
        check(request, arguments.k)
        for key in ("base", "query", "truth"):
            if key in request:
                path = Path(request[key]).resolve()
                status = path.stat()
                request[key] = str(path)
                request[f"{key}_mark"] = [status.st_size, status.st_mtime_ns]
    request.update(
        version=VERSION,
        metric=metric,
        limit=arguments.limit,
        queries=arguments.queries,
        k=arguments.k,
        selectivity=list(arguments.selectivity),
    )
    return name, request


def preset(arguments, cache):
    if arguments.data == "synthetic-1m":
        return {"kind": "synthetic", "rows": 1_000_000, "dimension": 384}
    if arguments.data == "fashion-784":
        return {"kind": "idx", "images": unpacked(FASHION, arguments.data_dir, cache)}
    if arguments.data == "wordnet-256":
        files = unpacked(WORDNET, arguments.data_dir, cache)
        return {"kind": "wordnet", "files": files, "dimension": 256}
    folder = Path(arguments.data_dir or "")
    if not arguments.data_dir:
        raise BadData(f"--data {arguments.data} needs --data-dir, the folder of its files")
    if not (folder / "base.fvecs").is_file() and (folder / arguments.data).is_dir():
        folder = folder / arguments.data
    request = {"kind": "files"}
    request.update({key: str(folder / f"{key}.fvecs") for key in ("base", "query")})
    if (folder / "truth.ivecs").is_file():
        request["truth"] = str(folder / "truth.ivecs")
    return request


def unpacked(package, data_dir, cache):
    """The files of a package: in --data-dir, installed, or fetched and unpacked in the cache."""
    folder = cache / package.cached
    places = [Path("/") / package.folder, folder / package.folder]
    if data_dir:
        places = [Path(data_dir), Path(data_dir) / package.folder]
    for place in places:
        if all((place / name).is_file() for name in package.files):
            return [str(place / name) for name in package.files]
    if data_dir:
        raise BadData(f"{data_dir} has no {' and '.join(package.files)}")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        fetch = ["apt-get", "-o", "APT::Sandbox::User=root", "download", package.name]
        subprocess.run(fetch, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(folder.glob(f"{package.name}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise BadData(f"{package.name} cannot be had ({error}); give --data-dir") from error
    return [str(folder / package.folder / name) for name in package.files]


def check(request, k):
    """Whether the files fit each other."""
    rows, width = shape(request["base"])
    queries, query_width = shape(request["query"])
    if width != query_width:
        raise BadData(f"{request['query']} has width {query_width}, {request['base']} has {width}")
    if rows < k:
        raise BadData(f"{request['base']} has {rows} rows, fewer than k = {k}")
    if "truth" in request:
        truths, deep = shape(request["truth"])
        if truths != queries:
            raise BadData(f"{request['truth']} has {truths} rows for {queries} queries")
        if deep < k:
            raise BadData(f"{request['truth']} has {deep} neighbours a query, k is {k}")


def place(name, request, cache):
    """The folder of a request's data."""
    text = json.dumps(request, sort_keys=True)
    return cache / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def ready(name, request, cache, python, say):
    """The prepared data of a request; made when it is not there yet."""
    folder = place(name, request, cache)
    about = folder / "about.json"
    if not about.exists():
        say(f"preparing {name} in {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        command = [str(python), str(HERE / "prepare.py"), json.dumps(request), str(folder)]
        # A factorisation shared among threads sums in another order and ends in other digits.
        alone = environment.variables(1) if request["kind"] == "wordnet" else None
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=alone)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise BadData(f"{name} cannot be prepared in {folder}: {reason}")
    known = json.loads(about.read_text(encoding="utf-8"))
    return Data(
        name=name,
        folder=folder,
        metric=request["metric"],
        rows=known["rows"],
        queries=known["queries"],
        dimension=known["dimension"],
    )
