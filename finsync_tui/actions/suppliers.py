"""What people say about suppliers: that two are one, or that they are not."""

from __future__ import annotations

from collections.abc import Sequence

from finsync_tui import people
from finsync_tui.actions.acting import checked_reason
from finsync_tui.actor import Actor
from store import Store, audit, records, supplier_answers
from store.canonical.supplier import Supplier
from store.errors import NotAllowedError, NotFoundError
from store.supplier_answers import Answer

HINT = "`finsync supplier list` shows them by their keys, e.g. coupa:88."


def answer_suppliers(
    store: Store, actor: Actor, pairs: Sequence[tuple[str, str]], said: Answer, reason: str
) -> int:
    """Keep for each pair of record keys that they are one supplier, or are not: all in one transaction, or none.

    An answer of yesterday may be given anew; both stay, the newer counts. Nothing changes in any system.
    """
    what = f"supplier.found_{said}"
    people.require(actor.name, actor.roles, what)
    why = checked_reason(reason)
    with store.transaction() as db:
        now = store.clock.now()
        for one, other in pairs:
            if one == other:
                raise NotAllowedError(
                    f"{one} is one supplier already. Name two different ones; nothing was kept."
                )
            people_among = set[bool]()
            for key in (one, other):
                system, _, external_id = key.partition(":")
                held = records.get(db, Supplier, system, external_id)
                if held is None:
                    raise NotFoundError("supplier", key, HINT)
                people_among.add(held.record.kind == "employee")
            if said == "same" and len(people_among) > 1:
                raise NotAllowedError(
                    f"one of {one} and {other} is an employee, the other is not: they are paid apart. Nothing was kept."
                )
            supplier_answers.answer(db, one, other, said, by=actor.name, at=now, reason=why)
            first, second = supplier_answers.ordered(one, other)
            entry = audit.Entry(
                who=actor.name,
                what=what,
                subject=first,
                source=actor.source,
                why=why,
                after={"other": second},
            )
            audit.record(db, [entry], now)
    return len(pairs)
