"""The table in Markdown: a mark a cell, footnotes for what differs, reasons for what is missing."""

from features.rows import GROUPS

MARKS = {"yes": "\u2713", "partly": "~", "no": "\u2013", "broken": "**?**"}


class Footnotes:
    """Notes by number; what is said twice has one number."""

    def __init__(self):
        self.numbers = {}

    def number(self, note):
        return self.numbers.setdefault(note, len(self.numbers) + 1)

    def lines(self):
        return [f"{number}. {note}" for note, number in self.numbers.items()]


def cell(answer, notes):
    if answer is None:
        return ""
    mark = MARKS[answer["mark"]]
    if answer["mark"] in ("partly", "broken") and answer["note"]:
        return f"{mark} <sup>{notes.number(answer['note'])}</sup>"
    return mark


def table(titles, answers):
    """The table of the given columns: `titles` by peer, `answers` by (peer, row)."""
    notes = Footnotes()
    lines = []
    lines.append("| | " + " | ".join(titles.values()) + " |")
    lines.append("|---|" + "---|" * len(titles))
    for group, rows in GROUPS.items():
        lines.append(f"| **{group}** |" + " |" * len(titles))
        for row, label in rows.items():
            cells = [cell(answers.get((peer, row)), notes) for peer in titles]
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *notes.lines()]) + "\n"


def reasons(titles, answers):
    """Why what is missing is said to be, by peer; rows with the same reason together."""
    parts = []
    for peer, title in titles.items():
        by_note = {}
        for rows in GROUPS.values():
            for row, label in rows.items():
                answer = answers.get((peer, row))
                if answer is not None and answer["mark"] == "no":
                    by_note.setdefault(answer["note"], []).append(label)
        if by_note:
            lines = [f"- {'; '.join(labels)}: {note}" for note, labels in by_note.items()]
            parts.append("\n".join([f"### {title}", *lines]) + "\n")
    return "\n".join(parts)


def totals(titles, answers):
    """How many rows each column has of each mark."""
    lines = [f"| | {MARKS['yes']} | {MARKS['partly']} | {MARKS['no']} |", "|---|---|---|---|"]
    for peer, title in titles.items():
        marks = [answer["mark"] for (of, _), answer in answers.items() if of == peer]
        counts = [str(marks.count(mark)) for mark in ("yes", "partly", "no")]
        lines.append(f"| {title} | {' | '.join(counts)} |")
    return "\n".join(lines) + "\n"
