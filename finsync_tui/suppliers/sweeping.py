"""Keeps the store's pairs of suppliers that may be one up to date: after each read of suppliers, or all over again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.suppliers import index, searching
from store import Store, supplier_answers, supplier_forms
from store.supplier_forms import StoredForm


@dataclass(frozen=True, slots=True)
class Swept:
    """What one call did."""

    suppliers: int = 0
    """New or changed ones."""
    pairs: int = 0
    """That are now kept for these."""


def sweep(store: Store, thresholds: Thresholds, now: datetime) -> Swept:
    """Compare what is new or changed since the last time; a whole new file at once."""
    newest: dict[str, StoredForm] = {}
    while True:
        with store.transaction() as db:
            some = index.refresh(db)
        if some is None:
            break
        newest.update((one.key, one) for one in some)
    changed = list(newest.values())
    if not changed:
        return Swept()
    if len(changed) >= searching.FULL_FROM:
        return Swept(len(changed), sweep_all(store, thresholds, now))
    with store.transaction() as db:
        count = supplier_answers.note_pairs(db, searching.compare_changed(db, changed, thresholds), now)
    return Swept(len(changed), count)


def sweep_all(store: Store, thresholds: Thresholds, now: datetime) -> int:
    """Compare all suppliers anew, for other thresholds or to be sure; return how many pairs are kept. Answers stay."""
    found = list(searching.compare_all(supplier_forms.every(store.db), thresholds))
    with store.transaction() as db:
        supplier_answers.forget_all(db)
        return supplier_answers.note_pairs(db, found, now)
