"""Lumos: through its program where that has the feature, else by the test that runs it."""

import datetime
import json
import os
import random
import subprocess
from pathlib import Path

from features import folder, refused, same

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("LUMOS_BIN", "lumos")


class Store:
    """A database of its own and the program that works on it."""

    def __init__(self, *documents, fields=()):
        self.path = folder() + "/store"
        if documents:
            self.put(*documents, fields=fields)

    def run(self, *arguments, given=None):
        command = [PROGRAM, "--db", self.path, "--json", *map(str, arguments)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8")
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]

    def put(self, *documents, fields=()):
        lines = "".join(json.dumps(one) + "\n" for one in documents)
        self.run("put", *(f"--text-field={field}" for field in fields), given=lines)

    def keys(self, *arguments):
        return [(hit.get("doc") or hit)["key"] for hit in self.run("search", *arguments)]

    def words(self, query, *arguments):
        return self.keys("--text", *arguments, "--", query)

    def strict(self, query):
        return self.words(query, "--strict")

    def matching(self, chosen):
        return sorted(one["key"] for one in self.run("search", "--filter", chosen) if "key" in one)

    def facet(self, facet):
        return self.run("count", "--facet", facet)


def texts(*lines, analyzer=None):
    documents = [{"key": str(number), "text": line} for number, line in enumerate(lines)]
    return Store(*documents, fields=[f"text:{analyzer}"] if analyzer else [])


def docs(*metadata):
    return Store(*({"key": str(number), "meta": meta} for number, meta in enumerate(metadata)))


def vectors(*rows, **named):
    return Store(*({"key": str(number), "vector": row, **named} for number, row in enumerate(rows)))


def tested(path, *parts):
    """A part of a test, or of a page whose examples are tests, that uses the feature."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for part in parts:
        assert part in text, f"{path} has no {part}"
    if path.startswith("docs/"):
        assert f'include_str!("../{path}")' in (ROOT / "src/lib.rs").read_text(encoding="utf-8")
    else:
        assert "/tests/" in path


# Keyword


def bm25():
    same(texts("snow and rain", "rain", "snow snow snow").words("snow"), ["2", "0"])


def field_boosts():
    store = Store(
        {"key": "0", "texts": {"title": "log", "text": "rain"}},
        {"key": "1", "texts": {"title": "rain", "text": "log"}},
    )
    same(store.words("log", "--field", "title^9", "--field", "text")[0], "0")
    same(store.words("log", "--field", "title", "--field", "text^9")[0], "1")


def phrase():
    same(texts("the group commit", "a commit of a group").words('"group commit"'), ["0"])


def phrase_slop():
    same(texts("a commit of one group", "commit").strict('"commit group"~3'), ["0"])


def boolean():
    store = texts("wal segment", "wal draft", "segment", "wal")
    same(store.words("+wal segment -draft"), ["0", "3"])


def prefix():
    same(texts("the segments", "log").words("seg*"), ["0"])


def as_you_type():
    same(texts("group commit", "group", "x").words("group comm", "--as-you-type")[0], "0")


def fuzzy():
    same(texts("segment", "log").words("segmant~1"), ["0"])
    same(texts("segment", "log").words("sagmant~2"), ["0"])


def regex_terms():
    same(texts("segment", "log").strict("/seg(ment)?s?/"), ["0"])


def wildcard_terms():
    same(texts("segment", "log").strict("se?m*"), ["0"])


def analyzer_per_field():
    store = Store(
        {"key": "0", "text": "getUserName", "texts": {"symbol": "getUserName"}}, fields=["symbol:code"]
    )
    same((store.words("user", "--field", "text"), store.words("user", "--field", "symbol")), ([], ["0"]))


def cjk():
    same(texts("在本机上打开数据库文件", "本机").words("数据"), ["0"])


def stemming():
    same(texts("Running dogs", "cats").words("dog run"), ["0"])


def stop_words():
    store = texts("the log", analyzer="english stop(en)")
    same((store.words("the"), store.words("log")), ([], ["0"]))


def code_words():
    store = texts("getUserName()", "set_user_name", "a", analyzer="code")
    same(sorted(store.words("user name")), ["0", "1"])


def ngrams():
    same(texts("segments", "log", analyzer="ngram(3,4)").words("gmen"), ["0"])


def read_your_writes():
    store = texts("snow")
    store.put({"key": "1", "text": "hail"})
    same(store.words("hail"), ["1"])
    tested("docs/search.md", 'docs.search("fast").run()?')


def highlight():
    hits = texts("the group commit of the log").run("search", "--text", "--snippets", "2", "--", "commit")
    assert hits[0]["highlights"], hits
    tested("docs/search.md", '.highlight("text").snippets(2, 20)')


def highlight_hybrid():
    store = Store({"key": "0", "text": "hail and snow", "vector": [1, 0]})
    hits = store.run("search", "--leg", "text:snow", "--leg", "vector:[1, 0]")
    assert hits[0]["highlights"] and len(hits[0]["legs"]) == 2, hits


# Filters


def nested_paths():
    store = docs({"author": {"name": "Ada"}}, {"author": {"name": "Bo"}})
    same(store.matching("author.name = 'Ada'"), ["0"])


def arrays():
    store = docs({"tags": ["x", "y"]}, {"tags": ["x", "z"]})
    same(store.matching("tags ANY (IN ('z', 'w'))"), ["1"])
    same(store.matching("tags ALL (IN ('x', 'y'))"), ["0"])


def array_length():
    same(docs({"tags": ["x", "y"]}, {"tags": ["x"]}).matching("LENGTH(tags) > 1"), ["0"])


def object_arrays():
    store = docs(
        {"items": [{"price": 12, "qty": 1}, {"price": 3, "qty": 9}]}, {"items": [{"price": 12, "qty": 9}]}
    )
    same(store.matching("items ANY (price > 10 AND qty > 5)"), ["1"])


def in_list():
    numbers = ", ".join(map(str, range(10_000)))
    same(docs({"n": 7}, {"n": 20_000}, {"n": 9_999}).matching(f"n IN ({numbers})"), ["0", "2"])


def text_prefix():
    store = docs({"name": "db-1"}, {"name": "web"})
    same((store.matching("name LIKE 'db-_'"), store.matching("name STARTS WITH 'w'")), (["0"], ["1"]))


def text_regex():
    same(docs({"name": "db-1"}, {"name": "web"}).matching("name =~ /^db-[0-9]+$/"), ["0"])


def dates():
    store = docs({"at": "2026-01-31T10:00:00+01:00"}, {"at": "2020-05-05"})
    same(store.matching("at >= '2026-01-31T09:00:00Z'"), ["0"])


def dates_relative():
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    same(docs({"at": now}, {"at": "2020-05-05"}).matching("at > now() - 7d"), ["0"])


def places():
    return docs({"place": {"lat": 59.91, "lon": 10.75}}, {"place": {"lat": 60.39, "lon": 5.32}})


def geo_radius():
    same(places().matching("WITHIN(place, 59.9, 10.7, 5km)"), ["0"])


def geo_box():
    same(places().matching("BOX(place, 60, 5, 61, 6)"), ["1"])


def is_null():
    store = docs({"a": 1}, {"a": None}, {"b": 1})
    same((store.matching("a IS NULL"), store.matching("EXISTS(a)")), (["1", "2"], ["0"]))


def match_in_filter():
    store = Store(
        {"key": "0", "text": "wal segment", "vector": [1, 0]},
        {"key": "1", "text": "draft of the wal", "vector": [0, 1]},
    )
    same(store.keys("--near", "[1, 0]", "--filter", "text MATCH 'draft AND wal'"), ["1"])


def secondary_index():
    store = docs({"tags": ["x"]}, {"tags": []})
    same(store.run("index", "tags", "--kind", "lengths"), [{"field": "tags", "kind": "lengths"}])
    same(store.matching("LENGTH(tags) = 1"), ["0"])


def delete_by_filter():
    store = docs({"n": 1}, {"n": 2}, {"n": 3})
    same(store.run("rm", "--filter", "n > 1")[0]["removed"], 2)
    same(store.matching("n > 0"), ["0"])


def update_by_filter():
    store = docs({"n": 1}, {"n": 2})
    same(store.run("set", "n=12", "--filter", "n > 1")[0]["changed"], 1)
    same(store.matching("n = 12"), ["1"])


# Facets and listing


def langs():
    return docs({"lang": "en", "n": 1}, {"lang": "no", "n": 5}, {"lang": "en", "n": 7})


def facet(store, asked):
    return store.run("count", "--facet", asked)[0]["facets"][0]


def terms():
    values = facet(langs(), "terms:lang")["values"]
    same([(one["value"], one["count"]) for one in values], [("en", 2), ("no", 1)])


def ranges():
    counted = facet(langs(), "range:n:5")["ranges"]
    same([one["count"] for one in counted], [1, 2])


def date_histogram():
    store = docs({"at": "2026-01-31"}, {"at": "2026-02-01"}, {"at": "2026-02-02"})
    same([one["count"] for one in facet(store, "date:at:month")["dates"]], [1, 2])


def stats():
    found = facet(langs(), "stats:n")
    same((found["min"], found["max"], found["sum"], round(found["mean"], 2)), (1, 7, 13, 4.33))


def cardinality():
    assert 2 in facet(langs(), "distinct:lang").values()


def count():
    same(langs().run("count", "--filter", "lang = 'en'")[0]["count"], 2)


def listed(store, *arguments):
    found = store.run("search", "--order-by", "n:desc", *arguments)
    return [one["key"] for one in found if "key" in one], [one["next"] for one in found if "next" in one]


def order_by():
    same(listed(langs())[0], ["2", "1", "0"])


def cursor():
    store = langs()
    first, then = listed(store, "-k", "2")
    same((first, listed(store, "-k", "2", "--after", then[0])[0]), (["2", "1"], ["0"]))


def scroll():
    same([one["key"] for one in langs().run("ls")], ["0", "1", "2"])
    tested("docs/search.md", 'for doc in docs.scroll("year > 2000")?')


# Ranking


def hybrid(*arguments, text="", vector=""):
    store = Store(
        {"key": "0", "text": "snow", "vector": [1, 0]},
        {"key": "1", "text": "rain", "vector": [1, 1]},
        {"key": "2", "text": "hail snow", "vector": [1, 2]},
    )
    legs = ["--leg", f"text:snow{text}", "--leg", f"vector:[1, 2]{vector}"]
    return store.keys(*legs, *arguments)


def rrf():
    same(hybrid("--fusion", "rrf")[0], "2")


def rrf_weights():
    same(hybrid("--fusion", "rrf", text="^9", vector="^0.1")[0], "0")
    same(hybrid("--fusion", "rrf", text="^0.1", vector="^9")[0], "2")


def weighted_sum():
    fusion = ("--fusion", "sum", "--normalise", "min-max")
    same((hybrid(*fusion, text="^9")[0], hybrid(*fusion, vector="^9")[0]), ("0", "2"))


def dbsf():
    same(hybrid("--fusion", "dbsf")[0], "2")


def many_legs():
    same(sorted(hybrid("--leg", "text:rain")), ["0", "1", "2"])


def prefetch():
    tested("docs/search.md", "Leg::prefetch([", ".then(Leg::vector(")


def formula():
    store = Store(
        {"key": "0", "text": "snow", "meta": {"at": "2001-01-31", "lang": "en"}},
        {"key": "1", "text": "snow and more", "meta": {"at": "2026-01-31", "lang": "de"}},
    )
    score = "score + exp_decay(at, date('2026-02-28'), 30d) + boost(lang = 'de', 0.1)"
    same((store.words("snow"), store.words("snow", "--score", score)), (["0", "1"], ["1", "0"]))


def mmr():
    store = vectors([1, 0], [1, 0.01], [0.7, 0.7])
    near = ("--near", "[1, 0.1]", "-k", "2")
    same((store.keys(*near), store.keys(*near, "--mmr", "0.1")), (["1", "0"], ["1", "2"]))


def group_by():
    store = Store(
        *({"key": str(n), "text": "snow", "meta": {"lang": "no" if n else "en"}} for n in range(3))
    )
    groups = store.run("search", "--group-by", "lang:1", "--", "snow")
    same([len(group["hits"]) for group in groups], [1, 1])


def recommend():
    store = vectors([1, 0], [0, 1], [0.9, 0.5], [0.9, -0.4])
    same(store.keys("--like", "0", "--unlike", "1")[0], "3")


def like_key():
    same(vectors([1, 0], [0, 1], [0.9, 0.1]).keys("--like", "0"), ["2", "1"])


def threshold():
    same(vectors([1, 0], [0, 1]).keys("--near", "[1, 0]", "--min-score", "0.9"), ["0"])
    same(vectors([1, 0], [0, 1]).keys("--near", "[1, 0]", "--within", "0.9"), ["0"])


def batch():
    tested("docs/search.md", "docs.search_batch([[0.9, 0.1], [0.2, 0.8]])", "docs.search_all(&requests)?")


def rerank():
    tested("docs/search.md", ".rerank(Arc::new(LexicalOverlap), 100)")
    tested("engine/tests/after.rs", "impl Reranker for")


def explain_hit():
    store = Store({"key": "0", "text": "snow", "vector": [1, 0]})
    hit = store.run("search", "--leg", "text:snow", "--leg", "vector:[1, 0]")[0]
    same([(leg["name"], leg["rank"]) for leg in hit["legs"]], [("text", 1), ("vector", 1)])
    same(hit["legs"][1]["score"], 1.0)


def query_plan():
    store = Store({"key": "0", "text": "snow", "vector": [1, 0], "meta": {"n": 1}})
    told = store.run("search", "--near", "[1, 0]", "--filter", "n = 1", "--explain")[0]
    same(told["filter"]["matches"], 1)
    assert told["legs"] and all("micros" in stage for stage in told["stages"]), told


def asked_recall():
    dice = random.Random(7)
    rows = [[dice.gauss(0, 1) for _ in range(16)] for _ in range(6_000)]
    store = vectors(*rows)
    store.run("compact")
    found = 0
    for _ in range(30):
        asked = json.dumps([number + dice.gauss(0, 0.3) for number in dice.choice(rows)])
        exact = store.keys("--near", asked, "--exact")
        found += len(set(exact) & set(store.keys("--near", asked, "--recall", "0.95")))
    assert found >= 0.92 * 300, found
    same(refused(store.keys, "--near", "[1]", "--recall", "2").note[:12], "RuntimeError")


# Vectors and documents


def named_vectors():
    store = Store(
        {"key": "0", "vectors": {"title": [1, 0], "image": [0, 1]}},
        {"key": "1", "vectors": {"title": [0, 1], "image": [1, 0]}},
    )
    same([store.keys("--leg", f"vector@{name}:[1, 0]")[0] for name in ("title", "image")], ["0", "1"])


def sparse():
    store = Store(
        {"key": "0", "sparse": {"terms": {"7": 0.3, "30522": 1.2}}},
        {"key": "1", "sparse": {"terms": {"8": 2}}},
    )
    same(store.keys("--near-sparse", '{"7": 2.0, "9": 1.0}'), ["0"])


def multi_vectors():
    store = Store()
    store.run("schema", "add", "tokens:multi(2,cosine)")
    store.put(
        {"key": "0", "multi": {"tokens": [[1, 0]]}}, {"key": "1", "multi": {"tokens": [[1, 0], [0, 1]]}}
    )
    same(store.keys("--near-multi", "[[1, 0], [0, 1]]"), ["1", "0"])


def typed_documents():
    tested("docs/search.md", "#[derive(Document)]", "hits[0].parse()?")


def alter():
    store = Store({"key": "0", "text": "new", "texts": {"draft": "old"}})
    store.run("schema", "add", "votes:int")
    store.put({"key": "1", "text": "x", "votes": 5})
    refused(store.put, {"key": "2", "text": "x", "votes": "many"})
    same(store.words("old"), ["0"])
    store.run("schema", "drop", "draft")
    same(store.words("old"), [])


def atomic_commit():
    store = Store({"key": "0", "text": "snow", "vector": [1, 0]})
    good = {"key": "7", "text": "hail", "vector": [0, 1], "meta": {"n": 7}}
    refused(store.put, good, {"key": "8", "text": "x", "vector": [1]})
    same(store.words("hail"), [])
    store.put(good)
    found = (store.words("hail"), store.keys("--near", "[0, 1]", "-k", "1"), store.matching("n = 7"))
    same(found, (["7"], ["7"], ["7"]))
    tested("engine/tests/store.rs", "fn a_transaction_commits_all_or_nothing")


def transaction():
    tested("engine/tests/store.rs", 'tx.put("notes"', 'tx.put("people"')
    tested("engine/tests/kill9.rs", "fn a_killed_process_loses_no_acknowledged_commit", 'tx.put("right"')
