"""Open commitments and what they use of the budgets, by whatever people ask for; read from the public views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from finsync_tui.budgets import Borne, BudgetLine, Charge, used, wanted
from store.canonical.currency import exponent
from store.errors import UnknownNameError

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.flows.calendars import Calendars

_CHARGES: Final = """
SELECT legal_entity, cost_centre, account, project, currency, stage, budget_on, period AS named_period,
       coalesce(period, substr(budget_on, 1, 7)) AS period, sum(ordered_minor) AS ordered_minor,
       sum(invoiced_minor) AS invoiced_minor, sum(ordered_minor) - sum(invoiced_minor) AS amount_minor,
       sum(over_minor) AS over_minor, sum(ended_minor) AS ended_minor,
       sum(ordered_minor) + sum(over_minor) + sum(ended_minor) AS used_minor
FROM v_charge GROUP BY legal_entity, cost_centre, account, project, currency, stage, budget_on, v_charge.period
"""
"""Place by place, day by day; what names no period stands in the month of its day."""
DIMENSIONS: Final = ("cost_centre", "account", "project", "period")


@dataclass
class _Row:
    """What is charged to one group of accounts, in minor units, and its budgets."""

    requested: int = 0
    ordered: int = 0
    invoiced: int = 0
    open: int = 0
    over: int = 0
    ended: int = 0
    direct: int = 0
    budgets: Borne = field(default_factory=Borne)
    charges: list[Charge] = field(default_factory=list)

    @property
    def used(self) -> int:
        return self.requested + self.ordered + self.over + self.ended + self.direct


_Key = tuple[str | None, ...]


def report(
    db: sqlite3.Connection,
    by: Sequence[str],
    legal_entity: str | None = None,
    budgets: Iterable[BudgetLine] = (),
    *,
    calendars: Calendars,
) -> list[dict[str, Any]]:
    """Return a row for each company, currency and value of the dimensions in `by`.

    *requested* is what approved requisitions promise that no order in the ERP has taken over; *open* is ordered less
    invoiced; *over* is what was invoiced beyond what its order line is over (by now), and makes *open* that much lower;
    *direct* is what invoices charged without an order; *budget* is what the budgets' source says, where it budgets by these
    dimensions; *used* is what requisitions, orders (invoiced or not) and invoices without one have taken of it: what such a
    budget bears, of a period whatever lies in it; without a budget, all of them; *left* is what that leaves of it, or what the source says is left where that is less: it knows of
    spending that nobody told us of.
    """
    lines = list(budgets)
    if legal_entity is not None:
        _known(db, legal_entity, lines)
    groups: dict[_Key, _Row] = {}
    names = ("legal_entity", *by, "currency")
    for row in db.execute(_CHARGES):
        found = groups.setdefault(tuple(row[name] for name in names), _Row())
        found.charges.append(_charge(row))
        if row["stage"] == "commitment":
            found.requested += row["amount_minor"]
        elif row["stage"] == "expenditure":
            found.direct += row["ordered_minor"]
        else:
            found.ordered += row["ordered_minor"]
            found.invoiced += row["invoiced_minor"]
            found.open += row["amount_minor"]
            found.over += row["over_minor"]
            found.ended += row["ended_minor"]
    for line in lines:
        if wanted(line, by):
            key = tuple(getattr(line, name) for name in names)
            groups.setdefault(key, _Row()).budgets.add(line)
    _gather(groups, names)
    return [
        _shown(dict(zip(names, key, strict=True)), groups[key], by, calendars)
        for key in sorted(groups, key=lambda key: [str(one or "") for one in key])
        if legal_entity in (None, key[0])
    ]


def _charge(row: sqlite3.Row) -> Charge:
    """Return what a row takes of budgets: what is requested, ordered or spent, invoiced or not."""
    day = date.fromisoformat(row["budget_on"]) if row["budget_on"] else None
    place = (row["legal_entity"], row["cost_centre"], row["account"], row["project"])
    return Charge(*place, row["named_period"], day, row["used_minor"])


def _gather(groups: dict[_Key, _Row], names: Sequence[str]) -> None:
    """Let each period's row know what is charged to the others of its place: a year's budget bears its quarters and months."""
    if "period" not in names:
        return
    place = names.index("period")
    charged: dict[_Key, list[Charge]] = {}
    for key, row in groups.items():
        charged.setdefault((*key[:place], *key[place + 1 :]), []).extend(row.charges)
    for key, row in groups.items():
        row.charges = charged[(*key[:place], *key[place + 1 :])]


def _known(db: sqlite3.Connection, legal_entity: str, budgets: Iterable[BudgetLine]) -> None:
    """Refuse a company that nothing is known of, naming those that something is."""
    rows = db.execute("SELECT legal_entity FROM v_commitment UNION SELECT legal_entity FROM workflow")
    names = sorted({str(row[0]) for row in rows if row[0]} | {one.legal_entity for one in budgets})
    if legal_entity not in names:
        known = ", ".join(names) or "none yet: nothing was read"
        raise UnknownNameError("legal entity", legal_entity, f"known: {known}.")


def _shown(names: dict[str, Any], row: _Row, by: Sequence[str], calendars: Calendars) -> dict[str, Any]:
    currency, lines = names["currency"], row.budgets.lines(by)
    taken = used(lines, row.charges, calendars) if lines else row.used
    budget = sum(one.amount_minor for one in lines) if lines else None
    remaining = sum(one.remaining_minor for one in lines)
    left = None if budget is None else min(remaining, budget - taken)
    return {
        **names,
        "requested": _amount(row.requested, currency),
        "ordered": _amount(row.ordered, currency),
        "invoiced": _amount(row.invoiced, currency),
        "open": _amount(row.open, currency),
        "over": _amount(row.over, currency),
        "ended": _amount(row.ended, currency),
        "direct": _amount(row.direct, currency),
        "budget": _amount(budget, currency),
        "used": _amount(taken, currency),
        "left": _amount(left, currency),
        "used_percent": f"{Decimal(100 * taken) / budget:.1f}" if budget else None,
    }


def _amount(minor: int | None, currency: str | None) -> str | None:
    if minor is None or currency is None:
        return None
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"
