"""Which suppliers of the store may be the one at hand: a few dozen are compared, out of however many.

It is asked before a supplier is created anywhere, and for each that is new or changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.suppliers import index, matching
from finsync_tui.suppliers.comparing import Form, Reason, explain, score
from store import supplier_answers, supplier_forms
from store.supplier_answers import Answer, ScoredPair, ordered
from store.supplier_forms import StoredForm

COMPARED_KINDS: Final = frozenset(("company",))
"""Employees and one-time suppliers are nobody's duplicates: many stand under one name on purpose."""
FULL_FROM: Final = 2000
"""So many new suppliers at once, and the whole file is compared, which is cheaper than one by one."""
_CROWDED_WORD: Final = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A supplier that may be the one at hand, how alike they are and why."""

    form: StoredForm
    score: float
    reasons: tuple[Reason, ...]
    answer: Answer | None
    """What a person said of the two before, if anybody did."""


def similar(
    db: Connection, own: StoredForm, cutoff: float, systems: Iterable[str] | None = None
) -> list[Candidate]:
    """Return the suppliers that score `cutoff` or more with `own`, the likeliest first, itself left out."""
    if own.kind not in COMPARED_KINDS:
        return []
    form = index.loaded(own)
    only = None if systems is None else frozenset(systems)
    near = [
        one
        for one in supplier_forms.of_ids(db, sorted(_near(db, form)))
        if one.kind in COMPARED_KINDS and one.key != own.key and (only is None or one.system in only)
    ]
    said = supplier_answers.answered(db, [ordered(own.key, one.key) for one in near])
    found: list[Candidate] = []
    for one in near:
        other = index.loaded(one)
        answer = said.get(ordered(own.key, one.key))
        if answer == "same" or score(form, other, cutoff):
            total, reasons = explain(form, other)
            found.append(Candidate(one, total, reasons, answer))
    return sorted(found, key=lambda one: (-one.score, one.form.key))


def _near(db: Connection, form: Form) -> set[int]:
    """Return the numbers of the forms that share enough with this one to be compared."""
    counts = {word: supplier_forms.count_of(db, f"w{word}", _CROWDED_WORD + 1) for word in form.words}
    words = sorted(form.words, key=lambda word: (counts[word], word))
    found: set[int] = set()
    for key in (f"={form.text}", *(f"!{number}" for number in (*form.tax_ids, *form.accounts))):
        found.update(supplier_forms.having(db, key, matching.CROWDED_CERTAIN))
    near = [f"#{form.postcode}"] if form.postcode else []
    if form.town:
        near += [f"@{word[: matching.IN_TOWN]}@{form.town}" for word in words[: matching.RARE_WORDS_IN_TOWN]]
        near += [f"@{matching.ends(word)}@{form.town}" for word in words[:1]]
    for key in near:
        found.update(supplier_forms.having(db, key, matching.CROWDED))
    for word in words[:2]:
        found.update(supplier_forms.beginning(db, f"w{word[: matching.BEGINNING]}", matching.CROWDED))
    if len(words) > 1:
        found.update(supplier_forms.having(db, index.pair_key(words[0], words[1]), matching.CROWDED))
    return found


def compare_changed(
    db: Connection, changed: Iterable[StoredForm], thresholds: Thresholds
) -> list[ScoredPair]:
    """Compare suppliers that are new or changed with all others; return the pairs worth keeping."""
    found: dict[tuple[str, str], ScoredPair] = {}
    for own in changed:
        supplier_answers.forget_pairs(db, own.key)
        for one in similar(db, own, thresholds.ask):
            if one.score >= thresholds.ask:
                pair = ordered(own.key, one.form.key)
                found[pair] = ScoredPair(
                    *pair, round(one.score, 1), tuple((r.what, round(r.points, 1)) for r in one.reasons)
                )
    return [found[pair] for pair in sorted(found)]


def compare_all(forms: list[StoredForm], thresholds: Thresholds) -> Iterable[ScoredPair]:
    """Compare a whole file; yield the pairs worth keeping."""
    kept = [one for one in forms if one.kind in COMPARED_KINDS]
    ready = [index.loaded(one) for one in kept]
    for pair in matching.pairs(ready, thresholds.ask):
        total, reasons = explain(ready[pair.one], ready[pair.other])
        one, other = ordered(kept[pair.one].key, kept[pair.other].key)
        yield ScoredPair(one, other, round(total, 1), tuple((r.what, round(r.points, 1)) for r in reasons))
