"""The entries of WordNet as texts, from its files `data.noun`, `data.verb`, `data.adj`, `data.adv`.

A line is one meaning: `offset file kind count word id word id ... | gloss`, where `count` is in
hexadecimal, spaces within a word are underscores, and adjectives may end in a marker such as `(a)`.
Lines that begin with a space are the licence.
"""

import random
import re

NAMES = ("data.noun", "data.verb", "data.adj", "data.adv")
SEED = 20_240_501
MARKER = re.compile(r"\((?:a|p|ip)\)$")


def entry(line):
    """The words of a line and its gloss, or None for a line of the licence."""
    if not line.strip() or line.startswith(" "):
        return None
    head, bar, gloss = line.partition("|")
    fields = head.split()
    try:
        count = int(fields[3], 16)
        words = fields[4 : 4 + 2 * count : 2]
    except (IndexError, ValueError):
        words = []
    if not bar or not words:
        raise ValueError(f"this is no line of WordNet: {line.strip()[:60]}")
    plain = [MARKER.sub("", word).replace("_", " ") for word in words]
    return " ".join(plain), gloss.strip()


def entries(paths):
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            found += [one for one in map(entry, file) if one]
    return found


def divided(found, queries):
    """Texts to search, and the glosses of other entries to search for.

    The files go by subject. Shuffled, the first rows stand for all of them, however few are taken.
    """
    order = list(range(len(found)))
    random.Random(SEED).shuffle(order)
    asked = [found[at][1] for at in order[:queries]]
    return [" ".join(found[at]) for at in order[queries:]], asked
