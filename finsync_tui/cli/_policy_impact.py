"""How the impact of a change of rules is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finsync_tui.cli._mapping import amounts_text
from finsync_tui.cli._output import note, say, table
from finsync_tui.cli._queries import amount

if TYPE_CHECKING:
    from finsync_tui.policy_impact import Impact

_WORDS = {
    "released": "would go on",
    "newly_held": "would wait",
    "changed": "would be decided otherwise",
    "undecided": "could not be asked",
    "past_held": "have passed; would wait today",
    "past_free": "would pass today",
    "past_changed": "have passed; would be decided otherwise today",
}


def as_json(found: Impact, limit: int) -> dict[str, Any]:
    return {
        "policy": found.policy,
        "decides": found.decides,
        "asked": found.asked,
        "rules": [
            {"rule": rule, "says_yes": now, "would_say_yes": then} for rule, (now, then) in found.rules.items()
        ],
        "totals": [
            {"outcome": t.outcome, "documents": t.document_count, "amount": amount(t.amount_minor, t.currency),
             "currency": t.currency}
            for t in found.totals
        ],
        "documents": [
            {"document": d.document_number, "document_key": d.document_key, "state": d.state, "outcome": d.outcome,
             "before": list(d.before), "after": list(d.after), "cause": d.cause or None,
             "amount": amount(d.amount_minor, d.currency), "currency": d.currency}
            for d in found.documents[:limit]
        ],
    }  # fmt: skip


def show(found: Impact, limit: int) -> None:
    if found.rules:
        say(
            table(
                ["rule", "says yes to", "would say yes to"],
                [[rule, now, then] for rule, (now, then) in found.rules.items()],
                right=["says yes to", "would say yes to"],
            )
        )
        say()
    if found.documents:
        rows = [
            [d.document_number, _WORDS[d.outcome], ", ".join(d.before) or None, ", ".join(d.after) or None,
             amounts_text({d.currency: d.amount_minor}) if d.currency and d.amount_minor is not None else None]
            for d in found.documents[:limit]
        ]  # fmt: skip
        say(table(["document", "would", "now", "then", "amount"], rows, right=["amount"]))
        say()
    if found.totals:
        totals = [
            [_WORDS[t.outcome], t.document_count, amounts_text({t.currency: t.amount_minor}) if t.currency else None]
            for t in found.totals
        ]  # fmt: skip
        say(table(["documents that", "documents", "amount"], totals, right=["documents", "amount"]))
    if not found.decides:
        from finsync_tui.policy_impact import NOT_RECKONED

        note(NOT_RECKONED)
        return
    if found.left_out:
        note(f"{found.left_out:,} documents with smaller amounts were not asked")
    note(
        f"{found.asked:,} documents were asked; nothing was written"
        if found.totals
        else f"{found.asked:,} documents were asked, and none would be decided otherwise"
    )
