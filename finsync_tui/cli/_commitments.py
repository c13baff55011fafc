"""Open commitments and what they use of the budgets, by whatever people ask for; read from the public views."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from finsync_tui.cli._queries import amount

if TYPE_CHECKING:
    import sqlite3

DIMENSIONS: Final = ("cost_centre", "account", "project", "period")
_SUMS: Final = (
    "requested_minor",
    "ordered_minor",
    "invoiced_minor",
    "amount_minor",
    "budget_minor",
    "remaining_minor",
)


def report(
    db: sqlite3.Connection, by: Sequence[str], legal_entity: str | None = None
) -> list[dict[str, Any]]:
    """Return a row for each company, currency and value of the dimensions in `by`.

    *requested* is what approved requisitions promise that no order in the ERP has taken over; *open* is ordered less
    invoiced; *budget* and *left* are what the budgets' source says, where it budgets by just
    these dimensions; *used* is what requisitions and orders have taken of the budget, invoiced or not, in per cent.
    """
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in db.execute("SELECT * FROM v_commitment"):
        found = _group(groups, by, row)
        if row["stage"] == "commitment":
            found["requested_minor"] = (found["requested_minor"] or 0) + row["amount_minor"]
            continue
        for name in ("ordered_minor", "invoiced_minor", "amount_minor"):
            found[name] = (found[name] or 0) + row[name]
    for row in db.execute("SELECT *, amount_minor AS budget_minor FROM v_budget"):
        if "project" in by and row["project"] is None:
            continue  # money that no project was given is no project's
        found = _group(groups, by, row)
        for name in ("budget_minor", "remaining_minor"):
            found[name] = (found[name] or 0) + row[name]
    shown = (one for one in groups.values() if legal_entity in (None, one["legal_entity"]))
    return sorted(
        (_shown(one, by) for one in shown),
        key=lambda one: [str(value or "") for value in one.values()][: len(by) + 2],
    )


def _group(
    groups: dict[tuple[Any, ...], dict[str, Any]], by: Sequence[str], row: sqlite3.Row
) -> dict[str, Any]:
    names = ("legal_entity", *by, "currency")
    key = tuple(row[name] for name in names)
    if key not in groups:
        groups[key] = {**dict(zip(names, key, strict=True)), **dict.fromkeys(_SUMS)}
    return groups[key]


def _shown(group: dict[str, Any], by: Sequence[str]) -> dict[str, Any]:
    currency, budget = group["currency"], group["budget_minor"]
    used = (group["requested_minor"] or 0) + (group["ordered_minor"] or 0)
    return {
        **{name: group[name] for name in ("legal_entity", *by, "currency")},
        "requested": amount(group["requested_minor"] or 0, currency),
        "ordered": amount(group["ordered_minor"] or 0, currency),
        "invoiced": amount(group["invoiced_minor"] or 0, currency),
        "open": amount(group["amount_minor"] or 0, currency),
        "budget": amount(budget, currency),
        "left": amount(group["remaining_minor"], currency),
        "used_percent": f"{Decimal(100 * used) / budget:.1f}" if budget else None,
    }
