"""What reconciliation found of the edits behind its back, kind by kind: recall, precision, and the class it gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from finsync_tui.rehearse.editing import Edit


@dataclass(frozen=True, slots=True)
class Seen:
    """A break that is new since the edits."""

    definition: str
    kind: str
    class_: str
    document_key: str
    number: str


@dataclass(frozen=True, slots=True)
class Score:
    """How one kind of edit fared."""

    kind: str
    planted: int
    found: int
    """Of them, by a break of the comparison that has to see it."""
    classed: int
    """Of those found, with the right class."""


@dataclass(frozen=True, slots=True)
class EditingVerdict:
    """All of it."""

    planted: tuple[Edit, ...]
    matched: tuple[tuple[Edit, Seen], ...]
    scores: tuple[Score, ...]
    false_finds: tuple[Seen, ...]
    """New breaks that no edit explains."""
    missed: tuple[Edit, ...]

    @property
    def misclassed(self) -> tuple[tuple[Edit, str], ...]:
        """What was found, with the class it got instead of its own."""
        return tuple((one, found.class_) for one, found in self.matched if one.class_ != found.class_)

    @property
    def recall(self) -> float:
        planted = sum(one.planted for one in self.scores)
        return sum(one.found for one in self.scores) / planted if planted else 1.0

    @property
    def precision(self) -> float:
        found = sum(one.found for one in self.scores)
        return found / (found + len(self.false_finds)) if found + len(self.false_finds) else 1.0

    @property
    def problems(self) -> list[str]:
        """What was not found, what else was, and what got another class than its own, in words."""
        return [
            *(f"edited and not found: {one.kind} of {one.number}" for one in self.missed),
            *(f"a break that nobody planted: {one.kind} of {one.number}" for one in self.false_finds),
            *(
                f"edited, {one.kind} of {one.number}: found as {class_}, not {one.class_}"
                for one, class_ in self.misclassed
            ),
        ]

    @property
    def is_good(self) -> bool:
        return not self.problems

    def by_class(self) -> dict[str, tuple[int, int, int]]:
        """Return by class: how many were planted, how many of them found with it, how many breaks have it."""
        classes = sorted(
            {
                *(one.class_ for one in self.planted),
                *(found.class_ for _, found in self.matched),
                *(one.class_ for one in self.false_finds),
            }
        )
        return {
            name: (
                sum(one.class_ == name for one in self.planted),
                sum(one.class_ == name == found.class_ for one, found in self.matched),
                sum(found.class_ == name for _, found in self.matched)
                + sum(one.class_ == name for one in self.false_finds),
            )
            for name in classes
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "kinds": [
                {
                    "kind": one.kind,
                    "planted": one.planted,
                    "found": one.found,
                    "class_right": one.classed,
                    "recall": round(one.found / one.planted, 4) if one.planted else 1.0,
                }
                for one in self.scores
            ],
            "classes": [
                {
                    "class": name,
                    "planted": planted,
                    "found": right,
                    "precision": round(right / given, 4) if given else 1.0,
                    "recall": round(right / planted, 4) if planted else 1.0,
                }
                for name, (planted, right, given) in self.by_class().items()
            ],
            "false_finds": [[one.definition, one.kind, one.class_, one.number] for one in self.false_finds],
            "missed": [[one.kind, one.number] for one in self.missed],
            "misclassed": [[one.kind, one.number, class_] for one, class_ in self.misclassed],
        }


def newest_run(db: Connection) -> int:
    """Return the number of the last comparison: what is found later is newer than it."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM v_reconcile_run").fetchone()[0])


def new_breaks(db: Connection, after_run: int) -> list[Seen]:
    """Return the live breaks that are new since a run, or another difference than they were."""
    rows = db.execute(
        "SELECT DISTINCT b.definition, b.kind, b.class, coalesce(b.document_key, ''), b.document_number, b.id FROM v_break b"
        " LEFT JOIN v_break_history h ON h.break_id=b.id AND h.run_id>? AND h.what IN ('changed', 'reopened')"
        " WHERE b.gone_at IS NULL AND (b.first_run_id>? OR h.break_id IS NOT NULL) ORDER BY b.id",
        (after_run, after_run),
    )
    return [Seen(*row[:5]) for row in rows]


def judge(edits: Sequence[Edit], seen: Sequence[Seen]) -> EditingVerdict:
    """Match what was found with what was done. Pure."""
    left = list(seen)
    matched: list[tuple[Edit, Seen]] = []
    missed: list[Edit] = []
    for edit in edits:
        place = next(
            (
                n
                for n, one in enumerate(left)
                if (one.definition, one.document_key) == (edit.definition, edit.document_key)
            ),
            None,
        )
        if place is None:
            missed.append(edit)
        else:
            matched.append((edit, left.pop(place)))
    known = {(also, one.document_key) for one in edits for also in one.also}
    left = [one for one in left if (one.definition, one.document_key) not in known]
    kinds = dict.fromkeys(edit.kind for edit in edits)
    return EditingVerdict(
        tuple(edits),
        tuple(matched),
        tuple(
            Score(
                kind,
                sum(one.kind == kind for one in edits),
                sum(one.kind == kind for one, _ in matched),
                sum(one.kind == kind and one.class_ == found.class_ for one, found in matched),
            )
            for kind in kinds
        ),
        tuple(left),
        tuple(missed),
    )
