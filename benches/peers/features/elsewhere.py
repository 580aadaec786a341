"""What some of the others had and Lumos had not, or not whole: a class a peer, a function a row."""

import importlib
import sys

from features import No, Partly, folder, lacks, misses, refused, same

LINE = "研究生命起源"


def peer(name):
    return importlib.import_module(f"features.{name}")


class Qdrant:
    def geo_polygon():
        from features.qdrant_edge import edge, matching, only, places

        corners = [edge.GeoPoint(lon=lon, lat=lat) for lon, lat in ((10, 59), (12, 59), (11, 61), (10, 59))]
        same(matching(places(), only("place", geo_polygon=edge.GeoPolygon(corners))), [0])

    def by_pairs():
        from features.qdrant_edge import edge, ids, shard

        made = shard({}, {}, {}, vectors=[[1.0, 0.0], [0.0, 1.0], [0.9, -0.4]])
        pairs = [edge.ContextPair([1.0, 0.0], [0.0, 1.0])]
        same(ids(made, edge.Query.Context(edge.ContextQuery(pairs)))[-1], 1)
        same(ids(made, edge.Query.Discover(edge.DiscoverQuery([1.0, 0.0], pairs)))[0], 0)

    def feedback():
        from features.qdrant_edge import edge, ids, near, shard

        made = shard({}, {}, {}, vectors=[[1.0, 0.0], [0.0, 1.0], [0.9, -0.4]])
        judged = [edge.FeedbackItem([0.0, 1.0], 0.9), edge.FeedbackItem([1.0, 0.0], 0.1)]
        asked = edge.FeedbackNaiveQuery([1.0, 0.0], judged, edge.NaiveFeedbackStrategy(1.0, 1.0, 1.0))
        same((ids(made, near(1, 0))[0], ids(made, edge.Query.FeedbackNaive(asked))[0]), (0, 1))

    def dictionary():
        from features.qdrant_edge import edge, texts, words

        made = texts(LINE, tokenizer=edge.TokenizerType.Multilingual)
        same((words(made, "起源"), words(made, "究生")), ([0], []))

    def more_stems():
        from features.qdrant_edge import edge, texts, words

        stemmer = edge.SnowballParams(edge.SnowballLanguage.Turkish)
        same(words(texts("evlerimizde", stemmer=stemmer), "evler"), [0])

    def synonyms():
        return lacks(["synonym", "thesaurus"], peer("qdrant_edge").edge)

    def versions():
        edge = peer("qdrant_edge").edge
        return lacks(["checkout", "history", "as_of", "restore"], edge)

    def joins():
        return lacks(["join", "lookup", "sql"], peer("qdrant_edge").edge, but=("IntegerIndexParams",))


class Zvec:
    def geo_polygon():
        return lacks(["geo", "polygon"], peer("zvec").zvec)

    def by_pairs():
        return lacks(["context_pair", "discover"], peer("zvec").zvec)

    def feedback():
        return lacks(["feedback", "rocchio"], peer("zvec").zvec)

    def dictionary():
        zvec = peer("zvec")
        made = zvec.texts(LINE, settings=("jieba",))
        same((zvec.words(made, "起源"), zvec.words(made, "究生")), ([0], []))

    def more_stems():
        zvec = peer("zvec")
        settings = ("standard", ["lowercase", "stemmer"], '{"stemmer_lang": "turkish"}')
        same(zvec.words(zvec.texts("evlerimizde", settings=settings), "evler"), [0])

    def synonyms():
        return lacks(["synonym", "thesaurus"], peer("zvec").zvec)

    def versions():
        return lacks(["checkout", "history", "as_of", "restore"], peer("zvec").zvec)

    def joins():
        return lacks(["join", "sql"], peer("zvec").zvec)


class LanceDb:
    def owners():
        lance = peer("lancedb")
        return lance.lancedb, lance.query, lance.index, lance.rerankers

    def geo_polygon():
        lance = peer("lancedb")
        inside = "st_within(st_point(lon, lat), st_geomfromtext('POLYGON((10 59,12 59,11 61,10 59))'))"
        return refused(lance.matching, lance.places(), inside)

    def by_pairs():
        return lacks(["context_pair", "discover"], *LanceDb.owners())

    def feedback():
        return lacks(["feedback", "rocchio"], *LanceDb.owners())

    def dictionary():
        lance = peer("lancedb")
        made = lance.texts(LINE, base_tokenizer="icu")
        same((lance.words(made, "起源"), lance.words(made, "究生")), ([0], []))

    def more_stems():
        lance = peer("lancedb")
        same(lance.words(lance.texts("evlerimizde", language="Turkish"), "evler"), [0])

    def synonyms():
        return lacks(["synonym", "thesaurus"], *LanceDb.owners())

    def versions():
        lance = peer("lancedb")
        made = lance.table({"n": 1}, {"n": 2})
        made.delete("n > 1")
        made.checkout(1)
        same(lance.ids(lance.near(made, 1, 0)), [0, 1])

    def joins():
        lance = peer("lancedb")
        query = "select * from tried as a join tried as b on a.id = b.id"
        return refused(lance.lancedb.connect(folder()).execute_query, query)


class Chroma:
    def none(*words):
        return lacks(list(words), *peer("chroma").OWNERS)

    def geo_polygon():
        return Chroma.none("geo", "polygon")

    def by_pairs():
        return Chroma.none("context_pair", "discover")

    def feedback():
        return Chroma.none("feedback", "rocchio")

    def dictionary():
        return Chroma.none("tokeniz", "segmenter")

    def more_stems():
        return peer("chroma").stemming()

    def synonyms():
        return Chroma.none("synonym", "thesaurus")

    def versions():
        return Chroma.none("checkout", "history", "as_of")

    def joins():
        return Chroma.none("join", "sql")


class Sqlite:
    """What SQL gives, whichever of the two columns."""

    def by_pairs():
        return Sqlite.none("context_pair", "discover")

    def feedback():
        return Sqlite.none("feedback", "rocchio")

    def none(*words):
        connection = peer("sqlite_vec").connect()
        found = peer("sqlite").rows(connection, "select name from pragma_function_list")
        assert not any(word in name for name in found for word in words), found
        return lacks(list(words), peer("fts5").apsw.fts5)

    def geo_polygon():
        sql = peer("sqlite")
        shared = sys.modules["features.asked"].SHARED
        area = "'[[10, 59], [12, 59], [11, 61], [10, 59]]'"
        inside = f"geopoly_contains_point({area}, meta ->> 'lon', meta ->> 'lat')"
        same(shared.matching(sql.Sql.PLACES, inside), [0])

    def versions():
        return Sqlite.none("checkout", "history", "as_of")

    def joins():
        connection = sys.modules["features.asked"].SHARED.docs({"by": 1}, {"name": "Ada"})
        asked = "select b.meta ->> 'name' from docs as a join docs as b on b.id = a.meta ->> 'by'"
        same(peer("sqlite").rows(connection, asked), ["Ada"])


class SqliteVec(Sqlite):
    def dictionary():
        return peer("sqlite_vec").by_fts5()

    more_stems = synonyms = dictionary


class Fts5(Sqlite):
    def dictionary():
        return Sqlite.none("jieba", "segment", "dictionary")

    def more_stems():
        fts5 = peer("fts5")
        return refused(fts5.texts, "evlerimizde", tokenize="snowball turkish")

    def synonyms():
        fts5 = peer("fts5")
        tokenizer = fts5.apsw.fts5.SynonymTokenizer({"database": "store"}.get)
        made = fts5.texts(
            "a small store", tokenize="alike unicode61", connection=fts5.with_tokenizer("alike", tokenizer)
        )
        same(fts5.words(made, "database"), [0])
        return fts5.TOKENIZER


class Lumos:
    def geo_polygon():
        lumos = peer("lumos")
        same(lumos.places().matching("POLYGON(place, 59 10, 59 12, 61 11)"), ["0"])

    def by_pairs():
        return No("`recommend` takes some to be like and others to be unlike, not pairs of them")

    def feedback():
        return No("there is no call for it")

    def dictionary():
        lumos = peer("lumos")
        return misses(lambda: lumos.texts(LINE).words("究生"), [])

    def more_stems():
        lumos = peer("lumos")
        same(lumos.texts("evlerimizde", analyzer="default stem(turkish)").words("evler"), ["0"])

    def synonyms():
        lumos = peer("lumos")
        return refused(lumos.texts, "a store", analyzer="default synonyms(\"store\")")

    def versions():
        lumos = peer("lumos")
        lumos.tested("engine/tests/store.rs", "fn a_snapshot_does_not_change")
        return Partly("snapshots while the database is open, and backups; no version of before")

    def joins():
        return No("a search is over one collection")


PEERS = {
    "lumos": Lumos,
    "qdrant_edge": Qdrant,
    "zvec": Zvec,
    "lancedb": LanceDb,
    "chroma": Chroma,
    "sqlite_vec": SqliteVec,
    "fts5": Fts5,
}
