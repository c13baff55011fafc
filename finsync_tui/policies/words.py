"""How kinds are named to people who write rules."""

from __future__ import annotations

from finsync_tui.policies.kinds import Kind


def a(kind: Kind) -> str:
    """Return a kind as a sentence names it."""
    names = {
        "flag": "yes or no",
        "whole": "a whole number",
        "fields": "a group of fields",
        "moment": "a moment",
        "day": "a day",
        "text": "a text",
        "decimal": "a decimal",
    }
    return f"a list of {a(kind.item)}" if kind.item is not None else names[kind.name]


def hint(left: Kind, right: Kind) -> str:
    """Return what to write instead where two kinds can't be compared, as the end of a sentence."""
    pair = {left.name, right.name}
    if "decimal" in pair and pair & {"whole", "text"}:
        return "; write decimal('10.00')"
    if "decimal" in pair and "fields" in pair:
        return "; an amount of money is .amount, its currency .currency"
    return "; write date('2026-05-31')" if "day" in pair and "text" in pair else ""
