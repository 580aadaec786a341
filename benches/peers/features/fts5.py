"""SQLite's FTS5 with what APSW, the binding, brings beside it."""

import functools
import re

import apsw
import apsw.fts5

from features import No, Partly, lacks, misses, refused, same
from features.sqlite import OWN_SQL, Sql, rows

TOKENIZER = Partly("with a tokenizer that comes with APSW")


def table(columns, *lines, options="", connection=None):
    """A full-text table with a row each: texts of its columns."""
    connection = connection or apsw.Connection(":memory:")
    connection.execute(f"create virtual table words using fts5({columns} {options})")
    for number, texts in enumerate(lines):
        texts = texts if isinstance(texts, tuple) else (texts,)
        marks = ", ".join("?" * len(texts))
        connection.execute(
            f"insert into words (rowid, {columns}) values (?, {marks})", (number, *texts)
        )
    return connection


def texts(*lines, tokenize=None, connection=None):
    options = f", tokenize = '{tokenize}'" if tokenize else ""
    return table("text", *lines, options=options, connection=connection)


def with_tokenizer(name, tokenizer):
    connection = apsw.Connection(":memory:")
    connection.register_fts5_tokenizer("unicodewords", apsw.fts5.UnicodeWordsTokenizer)
    connection.register_fts5_tokenizer(name, tokenizer)
    return connection


def words(connection, query, order="rank"):
    return rows(connection, f"select rowid from words where words match ? order by {order}", query)


def open_table(count):
    return texts(*("snow" for _ in range(count)))


def search(connection, chosen):
    return rows(connection, f"select rowid from words where words match 'snow' and rowid in ({chosen})")


SHARED = Sql(open_table, search)


def no_vectors():
    """No vectors, and so nothing to fuse with."""
    found = rows(apsw.Connection(":memory:"), "select name from pragma_function_list")
    assert not any("vec" in name or "distance" in name for name in found), found
    return No("it has no vectors: see sqlite-vec, which stands beside it in the same database")


# Keyword


def bm25():
    same(words(texts("snow and rain", "rain", "snow snow snow"), "snow"), [2, 0])


def field_boosts():
    made = table("title, text", ("log", "rain"), ("rain", "log"))
    same(words(made, "log", "bm25(words, 9.0, 1.0)")[0], 0)
    same(words(made, "log", "bm25(words, 1.0, 9.0)")[0], 1)


def phrase():
    same(words(texts("the group commit", "a commit of a group"), '"group commit"'), [0])


def phrase_slop():
    same(words(texts("a commit of one group", "commit"), "NEAR(commit group, 3)"), [0])


def boolean():
    made = texts("wal segment", "wal draft", "segment", "wal")
    same(words(made, "(wal OR (wal AND segment)) NOT draft"), [0, 3])


def prefix():
    same(words(texts("the segments", "log"), "seg*"), [0])


def as_you_type():
    same(words(texts("group commit", "group", "commit"), "group comm*"), [0])


def fuzzy():
    made = texts("segment", "log")
    misses(lambda: words(made, "segmnet"), [0])
    suggested = apsw.fts5.Table(made, "words").query_suggest("segmnet")
    same(words(made, suggested), [0])
    return Partly("APSW's `query_suggest` gives a corrected query to ask instead, by likeness of words")


def by_vocabulary(condition):
    made = texts("the segments", "log")
    made.execute("create virtual table vocabulary using fts5vocab(words, row)")
    found = rows(made, f"select term from vocabulary where {condition}")
    same(words(made, " OR ".join(f'"{term}"' for term in found)), [0])


def regex_terms():
    made = texts("the segments", "log")
    made.execute("create virtual table vocabulary using fts5vocab(words, row)")
    made.create_scalar_function("regexp", lambda pattern, text: bool(re.fullmatch(pattern, text)), 2)
    found = rows(made, "select term from vocabulary where term regexp 'seg(ment)?s?'")
    same(words(made, " OR ".join(found)), [0])
    return Partly("the program looks terms up in `fts5vocab` and asks for each")


def wildcard_terms():
    by_vocabulary("term glob 'se?m*'")
    return Partly("the program looks terms up in `fts5vocab` and asks for each")


def analyzer_per_field():
    refused(table, "title, text", options=", tokenize = 'porter', tokenize = 'trigram'")
    same((words(texts("running", tokenize="porter"), "run"), words(texts("running"), "run")), ([0], []))
    return Partly("a tokenizer for each table, not for each column")


def cjk():
    line = "在本机上打开数据库文件"
    misses(lambda: words(texts(line), "数据"), [0])
    connection = with_tokenizer("ngram", apsw.fts5.NGramTokenizer)
    made = texts(line, tokenize="ngram ngrams 2", connection=connection)
    same(words(made, "数据"), [0])
    return Partly("not with the default tokenizer, but with n-grams that come with APSW")


def stemming():
    same(words(texts("Running dogs", "cats", tokenize="porter"), "dog run"), [0])


def stop_words():
    tokenizer = apsw.fts5.StopWordsTokenizer(lambda word: word in ("the", "of"))
    made = texts("the log", tokenize="stop unicode61", connection=with_tokenizer("stop", tokenizer))
    same((words(made, "the"), words(made, "log")), ([], [0]))
    return TOKENIZER


def code_words():
    made = texts("getUserName()", "set_user_name")
    same(words(made, "user name"), [1])
    tokenizer = functools.partial(apsw.fts5.RegexTokenizer, pattern="[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
    connection = with_tokenizer("code", tokenizer)
    connection.register_fts5_tokenizer("simplify", apsw.fts5.SimplifyTokenizer)
    made = texts(
        "getUserName()", "set_user_name", tokenize="simplify casefold 1 code", connection=connection
    )
    same(words(made, "user name"), [0, 1])
    return Partly("snake_case; camelCase with a pattern for the tokenizer that comes with APSW")


def ngrams():
    same(words(texts("segments", "log", tokenize="trigram"), "gmen"), [0])


def read_your_writes():
    made = texts("snow")
    made.execute("insert into words (rowid, text) values (1, 'hail')")
    same(words(made, "hail"), [1])


def highlight():
    made = texts("the group commit is what is synced in the log of the database")
    piece = "snippet(words, 0, '[', ']', '...', 4)"
    marked = f"select highlight(words, 0, '[', ']'), {piece} from words('commit')"
    whole, piece = rows(made, marked)[0]
    assert "[commit]" in whole and "[commit]" in piece and len(piece) < len(whole)


def highlight_hybrid():
    return no_vectors()


# Filters


def delete_by_filter():
    made = SHARED.docs({"n": 1}, {"n": 2})
    made.execute("delete from words where rowid in (select id from docs where meta ->> 'n' > 1)")
    same(words(made, "snow"), [0])


# Ranking


rrf = rrf_weights = weighted_sum = dbsf = many_legs = no_vectors
named_vectors = sparse = multi_vectors = no_vectors


def prefetch():
    made = texts("snow rain", "snow rain rain", "rain rain")
    asked = "select rowid from words('rain') where rowid in (select rowid from words('snow')) order by rank"
    same(rows(made, asked), [1, 0])
    return OWN_SQL


def formula():
    made = SHARED.docs({"votes": 1, "days": 900}, {"votes": 9, "days": 3})
    score = "-bm25(words) + exp(-(meta ->> 'days') / 30.0) + 0.1 * (meta ->> 'votes' > 5)"
    found = "select words.rowid from words('snow') as words join docs on id = words.rowid"
    asked = f"{found} order by {score} desc"
    same(rows(made, asked), [1, 0])


def mmr():
    found = rows(apsw.Connection(":memory:"), "select name from pragma_function_list")
    assert not any("mmr" in name or "divers" in name for name in found)
    return lacks(["mmr", "divers", "marginal"], apsw.fts5)


def group_by():
    made = SHARED.docs({"lang": "en"}, {"lang": "en"}, {"lang": "no"})
    ranked = (
        "select words.rowid as id, row_number() over"
        " (partition by meta ->> 'lang' order by words.rank, words.rowid) as place"
        " from words('snow') as words join docs on docs.id = words.rowid"
    )
    same(sorted(rows(made, f"select id from ({ranked}) where place <= 1")), [0, 2])
    return OWN_SQL


def recommend():
    made = texts("wal segment log", "snow rain hail", "wal segment draft", "snow hail")
    found = [match.rowid for match in apsw.fts5.Table(made, "words").more_like([0])]
    same(found[0], 2)
    lacks(["unlike", "negative"], apsw.fts5)
    return Partly("APSW's `more_like`: like some, by their words; not unlike others")


def like_key():
    made = texts("wal segment log", "snow rain hail", "wal segment draft", "snow hail")
    same([match.rowid for match in apsw.fts5.Table(made, "words").more_like([1])][0], 3)


def threshold():
    made = texts("snow and rain and much more beside it", "rain", "snow snow snow")
    least = rows(made, "select min(rank) from words('snow')")[0]
    same(rows(made, "select rowid from words('snow') where bm25(words) <= ?", least), [2])


def batch():
    made = texts("snow", "rain")
    found = made.executemany("select rowid from words where words match ?", [("rain",), ("snow",)])
    same([row[0] for row in found], [1, 0])


def rerank():
    made = texts("snow a", "snow bb")
    made.register_fts5_function("longest", lambda api: -len(api.column_text(0)))
    same(words(made, "snow", "longest(words)"), [1, 0])


def explain_hit():
    return no_vectors()


def query_plan():
    found = rows(texts("snow"), "explain query plan select rowid from words('snow')")
    assert "VIRTUAL TABLE INDEX" in str(found)
    return Partly("`EXPLAIN QUERY PLAN`: the steps, without counts and times")


def asked_recall():
    return No("it has no approximate search")


# Vectors and documents


def alter():
    made = SHARED.docs({"n": 1})
    made.execute("alter table docs add column votes integer default 5")
    same(rows(made, "select votes from docs"), [5])
    made.execute("alter table docs drop column votes")
    refused(made.execute, "alter table words add column title")
    return Partly("columns of tables beside it; those of the full-text or vector table stay what they are")


def atomic_commit():
    made = SHARED.docs({"n": 1})
    try:
        with made:
            made.execute("insert into words (rowid, text) values (7, 'hail')")
            made.execute("insert into docs values (0, '{}')")
    except apsw.ConstraintError:
        pass
    same(words(made, "hail"), [])
    with made:
        made.execute("insert into words (rowid, text) values (7, 'hail')")
        made.execute("""insert into docs values (7, '{"n": 7}')""")
    same((words(made, "hail"), rows(made, "select id from docs where meta ->> 'n' = 7")), ([7], [7]))
    return Partly("text and metadata, in a transaction; it has no vectors")
