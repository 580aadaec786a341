"""LanceDB: tables in a folder, its own full-text index."""

import datetime
import os

os.environ.setdefault("LANCE_LOG", "error")

import lancedb
import pyarrow
from lancedb import index, query, rerankers
from lancedb.pydantic import LanceModel, Vector
from lancedb.query import BooleanQuery, MatchQuery, Occur, PhraseQuery

from features import Partly, folder, lacks, misses, refused, same

BY_ARROW = Partly("counted by pyarrow from the columns that it reads of every row that matches")
RANGES = Partly("the program filters by two ranges")
PREFIX = Partly("a fuzzy word whose first letters are fixed and that may be some letters longer")


def table(*rows, vectors=None):
    """A table with a row each; its vector is [1, its number] unless given."""
    given = [
        {"id": number, "vector": vectors[number] if vectors else [1.0, float(number)], **row}
        for number, row in enumerate(rows)
    ]
    return lancedb.connect(folder()).create_table("tried", given)


def texts(*lines, **settings):
    made = table(*({"text": line} for line in lines))
    made.create_index("text", config=index.FTS(**settings))
    return made


def ids(asked, limit=9):
    return [row["id"] for row in asked.limit(limit).to_list()]


def words(made, asked, **named):
    return ids(made.search(asked, query_type="fts", **named))


def near(made, *numbers):
    return made.search(list(map(float, numbers)))


def matching(made, chosen):
    return sorted(ids(made.search().where(chosen), 20_000))


# Keyword


def bm25():
    same(words(texts("snow and rain", "rain", "snow snow snow"), "snow"), [2, 0])


def field_boosts():
    made = table({"title": "log", "text": "rain"}, {"title": "rain", "text": "log"})
    for field in ("title", "text"):
        made.create_index(field, config=index.FTS())
    for boosts, first in (([9.0, 1.0], 0), ([1.0, 9.0], 1)):
        asked = query.MultiMatchQuery("log", ["title", "text"], boosts=boosts)
        same(words(made, asked)[0], first)


def phrase():
    made = texts("the group commit", "a commit of a group", with_position=True)
    same(words(made, '"group commit"'), [0])


def phrase_slop():
    made = texts("a commit of one group", "commit", with_position=True)
    same(words(made, PhraseQuery("commit group", "text", slop=3)), [0])


def boolean():
    made = texts("wal segment", "wal draft", "segment", "wal")
    asked = [(Occur.MUST, "wal"), (Occur.SHOULD, "segment"), (Occur.MUST_NOT, "draft")]
    asked = BooleanQuery([(occur, MatchQuery(word, "text")) for occur, word in asked])
    same(words(made, asked), [0, 3])


def prefix():
    made = texts("segments merged", "log", stem=False)
    misses(lambda: words(made, "seg*"), [0])
    same(words(made, MatchQuery("seg", "text", fuzziness=5, prefix_length=3)), [0])
    return PREFIX


def as_you_type():
    made = texts("group commit", "group", "commit", stem=False)
    typed = MatchQuery("comm", "text", fuzziness=5, prefix_length=4)
    asked = BooleanQuery([(Occur.MUST, MatchQuery("group", "text")), (Occur.MUST, typed)])
    same(words(made, asked), [0])
    return PREFIX


def fuzzy():
    made = texts("segment", "log", stem=False)
    same(words(made, MatchQuery("segmnet", "text", fuzziness=2)), [0])


def by_filter(query_text, condition):
    """Words of such a form: not as a query, but as a condition on the whole text."""
    made = texts("the segment", "the log")
    misses(lambda: words(made, query_text), [0])
    same(matching(made, condition), [0])
    return Partly("a filter on the whole text; nothing is ranked by it")


def regex_terms():
    lacks(["regex", "pattern"], query)
    return by_filter("/seg.*/", r"regexp_like(text, '\bseg(ment)?s?\b')")


def wildcard_terms():
    lacks(["wildcard", "glob"], query)
    return by_filter("se?m*", "text LIKE '%se_m%'")


def analyzer_per_field():
    made = table({"plain": "running dogs", "whole": "running dogs"})
    made.create_index("plain", config=index.FTS())
    made.create_index("whole", config=index.FTS(base_tokenizer="raw", stem=False))
    found = [words(made, MatchQuery("dog", field)) for field in ("plain", "whole")]
    same(found, [[0], []])


def cjk():
    line = "在本机上打开数据库文件"
    misses(lambda: words(texts(line), "数据"), [0])
    same(words(texts(line, base_tokenizer="icu"), "数据库"), [0])
    return Partly("not with the default tokenizer, but with `icu`")


def stemming():
    same(words(texts("Running dogs", "cats"), "dog run"), [0])


def stop_words():
    same((words(texts("the log"), "the"), words(texts("the log"), "log")), ([], [0]))


def code_words():
    made = texts("getUserName()", "set_user_name")
    same(words(made, "user name"), [1])
    misses(lambda: words(texts("getUserName()", base_tokenizer="code"), "user"), [0])
    parts = texts("getUserName()", "log", base_tokenizer="ngram", stem=False)
    same(words(parts, "user"), [0])
    return Partly("snake_case; camelCase only as n-grams, which are found at any place of a word")


def ngrams():
    same(words(texts("segments", "log", base_tokenizer="ngram", stem=False), "gmen"), [0])


def read_your_writes():
    made = texts("snow")
    made.add([{"id": 1, "vector": [1.0, 1.0], "text": "hail"}])
    same(words(made, "hail"), [1])


def highlight():
    return lacks(["highlight", "snippet"], lancedb, query, index)


highlight_hybrid = highlight


# Filters


def nested_paths():
    made = table({"author": {"name": "Ada"}}, {"author": {"name": "Bo"}})
    same(matching(made, "author.name = 'Ada'"), [0])


def arrays():
    made = table({"tags": ["x", "y"]}, {"tags": ["x", "z"]})
    same(matching(made, "array_has_any(tags, ['z', 'w'])"), [1])
    same(matching(made, "array_has_all(['x', 'y', 'w'], tags)"), [0])


def array_length():
    made = table({"tags": ["x", "y"]}, {"tags": ["x"]})
    same(matching(made, "array_length(tags) > 1"), [0])


def object_arrays():
    made = table({"items": [{"price": 12, "qty": 9}]})
    refused(matching, made, "items.price > 10")
    return refused(matching, made, "any_match(items, item -> item.price > 10 AND item.qty > 5)")


def in_list():
    chosen = ", ".join(map(str, range(10_000)))
    same(matching(table({"n": 7}, {"n": 20_000}, {"n": 9_999}), f"n IN ({chosen})"), [0, 2])


def text_prefix():
    made = table({"name": "db-1"}, {"name": "web"})
    same((matching(made, "name LIKE 'db-_'"), matching(made, "starts_with(name, 'we')")), ([0], [1]))


def text_regex():
    same(matching(table({"name": "db-1"}, {"name": "web"}), "regexp_like(name, '^db-[0-9]+$')"), [0])


def days():
    now = datetime.datetime.now()
    return table({"at": now}, {"at": datetime.datetime(2020, 5, 5)})


def dates():
    same(matching(days(), "at >= timestamp '2026-01-01 00:00:00'"), [0])


def dates_relative():
    refused(matching, days(), "at > now() - interval '7 days'")
    same(matching(days(), "to_unixtime(at) > to_unixtime(now()) - 7 * 86400"), [0])
    return Partly("by arithmetic on seconds; `now() - interval` is refused")


def places():
    return table({"lat": 59.91, "lon": 10.75}, {"lat": 60.39, "lon": 5.32})


def geo_radius():
    refused(matching, places(), "st_distance(st_point(lon, lat), st_point(10.7, 59.9)) < 5000")
    angle = (
        "acos(sin(radians(59.9)) * sin(radians(lat))"
        " + cos(radians(59.9)) * cos(radians(lat)) * cos(radians(lon - 10.7)))"
    )
    same(matching(places(), f"{angle} * 6371000 < 5000"), [0])
    return Partly("the formula is written out in SQL")


def geo_box():
    same(matching(places(), "lat BETWEEN 60 AND 61 AND lon BETWEEN 5 AND 6"), [1])
    return RANGES


def is_null():
    made = table({"n": 1}, {"n": None})
    same((matching(made, "n IS NULL"), matching(made, "n IS NOT NULL")), ([1], [0]))


def match_in_filter():
    made = texts("wal segment", "draft of the wal")
    same(ids(near(made, 1, 0).where("contains_tokens(text, 'draft wal')")), [1])
    refused(near(made, 1, 0).where(MatchQuery("draft", "text")).to_list)
    return Partly("`contains_tokens`: all of some words, without stems, phrases or other forms")


def secondary_index():
    made = table({"n": 1}, {"n": 2})
    made.create_index("n", config=index.BTree())
    same(matching(made, "n > 1"), [1])


def delete_by_filter():
    made = table({"n": 1}, {"n": 2}, {"n": 3})
    made.delete("n > 1")
    same(matching(made, None), [0])


def update_by_filter():
    made = table({"n": 1}, {"n": 2})
    made.update(where="n > 1", values_sql={"n": "n + 10"})
    same(matching(made, "n = 12"), [1])


# Facets and listing


def langs():
    return table({"lang": "en", "n": 1}, {"lang": "no", "n": 5}, {"lang": "en", "n": 7})


def counts(made, expression, chosen="true"):
    found = made.search().where(chosen).select({"value": expression}).limit(20_000).to_arrow()
    found = found.group_by("value").aggregate([([], "count_all")])
    return dict(zip(found["value"].to_pylist(), found["count_all"].to_pylist()))


def terms():
    refused(lancedb.connect(folder()).execute_query, "select lang, count(*) from tried group by lang")
    same(counts(langs(), "lang"), {"en": 2, "no": 1})
    return BY_ARROW


def ranges():
    same(counts(langs(), "n >= 5", "n < 10"), {False: 1, True: 2})
    return BY_ARROW


def date_histogram():
    same(sorted(counts(days(), "date_part('year', at)").values()), [1, 1])
    return BY_ARROW


def stats():
    found = langs().search().select(["n"]).to_arrow()["n"]
    same(pyarrow.compute.sum(found).as_py(), 13)
    return BY_ARROW


def cardinality():
    same(len(counts(langs(), "lang")), 2)
    return BY_ARROW


def count():
    same(langs().count_rows("lang = 'en'"), 2)


def order_by():
    order = query.ColumnOrdering(column_name="n", ascending=False)
    same(ids(langs().search().order_by([order])), [2, 1, 0])


def cursor():
    lacks(["cursor", "after"], query)
    same(ids(langs().search().offset(1), 1), [1])
    return Partly("by offset: a number of rows, not a place in the order")


def scroll():
    batches = langs().search().to_batches(2)
    same([row for batch in batches for row in batch["id"].to_pylist()], [0, 1, 2])


# Ranking


def hybrid(reranker, **named):
    made = texts("snow", "rain", "hail snow")
    asked = made.search(query_type="hybrid").text("snow").vector([1.0, 2.0])
    return asked.rerank(reranker, **named)


def rrf():
    same(ids(hybrid(rerankers.RRFReranker(60)))[0], 2)


def rrf_weights():
    refused(rerankers.RRFReranker, 60, weights=[2.0, 1.0])
    same(ids(hybrid(rerankers.MRRReranker(weight_vector=0.1, weight_fts=0.9)))[0], 0)
    same(ids(hybrid(rerankers.MRRReranker(weight_vector=0.9, weight_fts=0.1)))[0], 2)
    return Partly("`MRRReranker` weighs reciprocal ranks without the constant")


def weighted_sum():
    for weight, first in ((0.05, 0), (0.95, 2)):
        reranker = rerankers.LinearCombinationReranker(weight)
        same(ids(hybrid(reranker, normalize="score"))[0], first)


def dbsf():
    return lacks(["dbsf"], rerankers, query)


def many_legs():
    made = table({}, {}, {})
    legs = [near(made, 1, y).with_row_id(True).to_arrow() for y in (0, 1, 2)]
    found = rerankers.RRFReranker().rerank_multivector(legs)
    same(sorted(found["id"].to_pylist()), [0, 1, 2])
    return Partly("a call over several results by vector; hybrid search has two legs")


def prefetch():
    return lacks(["prefetch", "subquery", "rescore"], query, rerankers)


def formula():
    lacks(["formula", "decay", "rescore"], query, rerankers)
    made = table({"votes": 9}, {"votes": 1})
    order = query.ColumnOrdering(column_name="total", ascending=False)
    total = near(made, 1, 0).select({"id": "id", "total": "votes - _distance"}).order_by([order])
    return refused(total.to_list)


def mmr():
    return lacks(["mmr", "divers", "marginal"], query, rerankers)


def group_by():
    return lacks(["group"], query, rerankers)


def recommend():
    return lacks(["recommend", "positive", "negative"], query.LanceVectorQueryBuilder, rerankers)


def like_key():
    made = table({}, {}, {}, vectors=[[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]])
    stored = made.search().where("id = 0").to_list()[0]["vector"]
    same(ids(made.search(stored).where("id != 0"))[0], 2)
    return Partly("the program reads the vector and searches with it")


def threshold():
    same(ids(near(table({}, {}, {}), 1, 2).distance_range(upper_bound=0.5)), [2])


def batch():
    found = table({}, {}, {}).search([[1.0, 2.0], [1.0, 0.0]]).limit(1).to_list()
    same([(row["query_index"], row["id"]) for row in found], [(0, 2), (1, 0)])
    return Partly("of vectors, not of texts")


def rerank():
    class Backwards(rerankers.Reranker):
        def rerank_hybrid(self, query, vector_results, fts_results):
            merged = self.merge_results(vector_results, fts_results)
            scores = pyarrow.array([-float(one) for one in merged["id"].to_pylist()], pyarrow.float32())
            merged = merged.append_column("_relevance_score", scores)
            return merged.sort_by([("_relevance_score", "descending")])

    same(ids(hybrid(Backwards())), [0, 1, 2])


def explain_hit():
    found = hybrid(rerankers.RRFReranker(return_score="all")).limit(3).to_list()[0]
    assert found["_score"] > 0 and found["_distance"] == 0
    lacks(["_rank"], query)
    return Partly("the score of each leg (`return_score=\"all\"`), not the rank")


def query_plan():
    made = table({"n": 1}, {"n": 2})
    told = near(made, 1, 0).where("n > 1").analyze_plan()
    assert "KNNVectorDistance" in told and "elapsed=" in told, told


def asked_recall():
    return lacks(["recall"], lancedb, query, index)


# Vectors and documents


def named_vectors():
    made = table({"image": [0.0, 1.0]}, {"image": [1.0, 0.0]}, vectors=[[1.0, 0.0], [0.0, 1.0]])
    schema = pyarrow.schema([("id", pyarrow.int64())] + [
        (name, pyarrow.list_(pyarrow.float32(), 2)) for name in ("vector", "image")
    ])
    made = lancedb.connect(folder()).create_table("tried", made.to_arrow().cast(schema))
    found = [ids(made.search([1.0, 0.0], vector_column_name=name))[0] for name in ("vector", "image")]
    same(found, [0, 1])


def sparse():
    return lacks(["sparse"], lancedb, query, index)


def multi_vectors():
    several = pyarrow.list_(pyarrow.list_(pyarrow.float32(), 2))
    vectors = pyarrow.array([[[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]], several)
    made = lancedb.connect(folder()).create_table(
        "tried", pyarrow.table({"id": [0, 1], "vector": vectors})
    )
    same(ids(made.search([[1.0, 0.0], [0.0, 1.0]]).distance_type("cosine")), [1, 0])


def typed_documents():
    class Note(LanceModel):
        id: int
        body: str
        vector: Vector(2)

    made = lancedb.connect(folder()).create_table("tried", schema=Note)
    made.add([Note(id=7, body="rotate the keys", vector=[0.6, 0.8])])
    found = made.search([0.6, 0.8]).limit(1).to_pydantic(Note)
    same((found[0].id, found[0].body), (7, "rotate the keys"))


def alter():
    made = table({"draft": "a"})
    made.add_columns({"votes": "cast(id + 5 as int)"})
    same(matching(made, "votes = 5"), [0])
    made.drop_columns(["votes", "draft"])
    same(made.schema.names, ["id", "vector"])


def atomic_commit():
    made = texts("snow")
    good = {"id": 7, "vector": [1.0, 9.0], "text": "hail"}
    refused(made.add, [good, {"id": 8, "vector": [1.0], "text": "x"}])
    same(made.count_rows(), 1)
    made.add([good])
    same((words(made, "hail"), ids(near(made, 1, 9), 1)), ([7], [7]))


def transaction():
    database = type(lancedb.connect(folder()))
    return lacks(["transaction", "begin", "rollback", "commit"], lancedb, database)
