"""What a peer can do, told by running it: each peer is a module with a function a row.

A function runs a small example and asserts what comes out. It gives None when the peer does the whole of
it, `Partly` when with a difference, and `No` when it was looked for in vain.
"""

import inspect
import tempfile
from dataclasses import dataclass


@dataclass
class Partly:
    """Done, but otherwise than asked; the note says how."""

    note: str


@dataclass
class No:
    """Not done; the note is the error, or says what was looked for."""

    note: str


class Found(AssertionError):
    """What was to be missing is there, or what was to fail does not: the table must be changed."""


def refused(call, *arguments, **named):
    """The error with which the peer refuses a call, or `Found` if it does not."""
    try:
        call(*arguments, **named)
    except Exception as error:
        said = " ".join(str(error).split())
        for place in ("/rustc/", "/home/", "/root/", "/Users/", ", src/", ": src/"):
            said = said.split(place)[0]
        return No(f"{type(error).__name__}: {said[:160].strip()}")
    raise Found(f"{call} was to be refused and is not")


def misses(call, wanted):
    """`No` with what a call finds instead of what it should, or `Found` if it does find that."""
    found = call()
    if found == wanted:
        raise Found(f"{wanted!r} was not to be found and is")
    return No(f"taken without an error, but finds {found!r} instead of {wanted!r}")


def parameters(call):
    """The names of what a call takes, as far as it tells."""
    try:
        return set(inspect.signature(call).parameters)
    except (TypeError, ValueError):
        return set()


def names(owner, depth=2):
    """The public names of a module or class, of its classes, and of what their calls take."""
    found = set()
    for name in dir(owner):
        if name.startswith("_"):
            continue
        found.add(name)
        inner = getattr(owner, name, None)
        if callable(inner):
            found |= {f"{name}({part})" for part in parameters(inner)}
        if depth > 1 and isinstance(inner, type):
            found |= {f"{name}.{part}" for part in names(inner, depth - 1)}
    return found


def lacks(words, *owners, but=()):
    """`No` if no public name of the owners has one of the words; names in `but` mean something else."""
    for owner in owners:
        for name in names(owner):
            there = any(word.lower() in name.lower() for word in words)
            if there and not any(other in name for other in but):
                raise Found(f"{name} is there: is it what the row asks for?")
    return No("nothing of the API is called " + ", ".join(f"*{word}*" for word in words))


def folder():
    """A folder of its own; features.py removes it with all others."""
    return tempfile.mkdtemp(prefix="features-")


def same(found, wanted):
    """Asserts a result and says what it was when it is another."""
    assert found == wanted, f"{found!r}, not {wanted!r}"
