"""Open commitments and what they use of the budgets, by whatever people ask for; read from the public views."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from finsync_tui.cli._queries import amount
from store.errors import UnknownNameError

if TYPE_CHECKING:
    import sqlite3

DIMENSIONS: Final = ("cost_centre", "account", "project", "period")
_SUMS: Final = (
    "requested_minor",
    "ordered_minor",
    "invoiced_minor",
    "amount_minor",
    "over_minor",
    "budget_minor",
    "remaining_minor",
)

_OVER: Final = """
SELECT legal_entity, cost_centre, account, project, period, currency, -sum(minor) AS over_minor FROM (
  SELECT document_key, line_number, legal_entity, cost_centre, account, project, period, currency, sum(minor) AS minor FROM (
    SELECT document_key, line_number, legal_entity, cost_centre, account, project, period, currency, amount_minor AS minor
    FROM commitment_line WHERE stage = 'obligation'
    UNION ALL
    SELECT document_key, line, legal_entity, cost_centre, account, project, period, currency, -amount_minor
    FROM commitment_relief r WHERE EXISTS (
      SELECT 1 FROM commitment_line l
      WHERE l.document_key = r.document_key AND l.line_number = r.line AND l.stage = 'obligation'))
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(minor) < 0)
GROUP BY 1, 2, 3, 4, 5, 6
"""


def report(
    db: sqlite3.Connection, by: Sequence[str], legal_entity: str | None = None
) -> list[dict[str, Any]]:
    """Return a row for each company, currency and value of the dimensions in `by`.

    *requested* is what approved requisitions promise that no order in the ERP has taken over; *open* is ordered less
    invoiced; *over* is what was invoiced beyond what its order line is over (by now), and makes *open* that much lower;
    *budget* is what the budgets' source says, where it budgets by just these dimensions; *used* is what requisitions and
    orders have taken of the budget, invoiced or not, in per cent; *left* is what that leaves of it, or what the source says is
    left where that is less: it knows of spending that no order promised.
    """
    if legal_entity is not None:
        _known(db, legal_entity)
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in db.execute("SELECT * FROM v_commitment"):
        found = _group(groups, by, row)
        if row["stage"] == "commitment":
            found["requested_minor"] = (found["requested_minor"] or 0) + row["amount_minor"]
            continue
        for name in ("ordered_minor", "invoiced_minor", "amount_minor"):
            found[name] = (found[name] or 0) + row[name]
    for row in db.execute(_OVER):
        found = _group(groups, by, row)
        found["over_minor"] = (found["over_minor"] or 0) + row["over_minor"]
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


def _known(db: sqlite3.Connection, legal_entity: str) -> None:
    """Refuse a company that nothing is known of, naming those that something is."""
    rows = db.execute(
        "SELECT legal_entity FROM v_commitment UNION SELECT legal_entity FROM v_budget"
        " UNION SELECT legal_entity FROM workflow ORDER BY 1"
    )
    names = [str(row[0]) for row in rows if row[0]]
    if legal_entity not in names:
        known = ", ".join(names) or "none yet: nothing was read"
        raise UnknownNameError("legal entity", legal_entity, f"known: {known}.")


def _group(
    groups: dict[tuple[Any, ...], dict[str, Any]], by: Sequence[str], row: sqlite3.Row
) -> dict[str, Any]:
    names = ("legal_entity", *by, "currency")
    key = tuple(row[name] for name in names)
    if key not in groups:
        groups[key] = {**dict(zip(names, key, strict=True)), **dict.fromkeys(_SUMS)}
    return groups[key]


def _left(remaining: int | None, budget: int | None, used: int) -> int | None:
    """Return what is left of a budget: what its source says, or less when more was promised since."""
    return remaining if remaining is None or budget is None else min(remaining, budget - used)


def _shown(group: dict[str, Any], by: Sequence[str]) -> dict[str, Any]:
    currency, budget = group["currency"], group["budget_minor"]
    used = (group["requested_minor"] or 0) + (group["ordered_minor"] or 0)
    return {
        **{name: group[name] for name in ("legal_entity", *by, "currency")},
        "requested": amount(group["requested_minor"] or 0, currency),
        "ordered": amount(group["ordered_minor"] or 0, currency),
        "invoiced": amount(group["invoiced_minor"] or 0, currency),
        "open": amount(group["amount_minor"] or 0, currency),
        "over": amount(group["over_minor"] or 0, currency),
        "budget": amount(budget, currency),
        "left": amount(_left(group["remaining_minor"], budget, used), currency),
        "used_percent": f"{Decimal(100 * used) / budget:.1f}" if budget else None,
    }
