"""`ledgerBalances`: what budgets allow and what orders have reserved of them, as balances by scenario.

The scenario names are ours [U]: `Budget` is the amount, `Encumbrance` what requisitions and orders
hold of it, `Actual` what invoices took.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from adapters.oracle_fusion.simulator_ledger import Budget, Chart, matches
from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import World

FINDER = "AccountBalanceFinder"


def find_balances(world: World, resource: Resource, finder: str | None) -> list[Row]:
    """Return the balances a finder asks for; without one there is nothing to find them by."""
    name, _, text = (finder or "").partition(";")
    if name != FINDER:
        raise refused("UNKNOWN_FINDER", finder=name or "(none)", resource=resource.name)
    variables = dict(part.partition("=")[::2] for part in text.split(","))
    for variable in resource.finders[FINDER]:
        if not variables.get(variable):
            raise refused("FINDER_VARIABLE", finder=name, variable=variable)
    return list(_rows(world, resource, variables))


def _rows(world: World, resource: Resource, wanted: Mapping[str, str]) -> Iterator[Row]:
    ledger = world.books.ledgers.get(wanted["ledgerName"])
    if ledger is None:
        return
    chart = world.books.charts[ledger.chart_id]
    for budget in world.books.budgets:
        if (
            budget.period == wanted["accountingPeriod"]
            and budget.currency == wanted["currency"]
            and budget.ledger in (None, ledger.name)
            and _concerns(budget, wanted["accountCombination"], chart)
        ):
            reserved, spent = (
                sum(budget.reserved.values(), Decimal(0)),
                sum(budget.spent.values(), Decimal(0)),
            )
            parts = [("Budget", budget.amount), ("Encumbrance", reserved)]
            for scenario, amount in [*parts, ("Actual", spent)] if spent else parts:
                yield _balance(world, resource, wanted, chart, budget, scenario, amount)


def _concerns(budget: Budget, account: str, chart: Chart) -> bool:
    whole = _whole(budget.pattern, chart)
    return account in (budget.pattern, whole) or matches(budget.pattern, account, chart)


def _whole(pattern: str, chart: Chart) -> str:
    """Return a pattern with one part a segment."""
    if chart.delimiter in pattern:
        return pattern
    parts = ["*"] * len(chart.segments)
    parts[chart.cost_centre_position] = pattern
    return chart.delimiter.join(parts)


def _balance(
    world: World,
    resource: Resource,
    wanted: Mapping[str, str],
    chart: Chart,
    budget: Budget,
    scenario: str,
    amount: Decimal,
) -> Row:
    return world.new_row(
        resource,
        {
            "LedgerName": wanted["ledgerName"],
            "PeriodName": budget.period,
            "Currency": budget.currency,
            "AccountCombination": wanted["accountCombination"],
            "DetailAccountCombination": _whole(budget.pattern, chart),
            "BeginningBalance": Decimal(0),
            "PeriodActivity": amount,
            "EndingBalance": amount,
            "AmountType": "PTD",
            "CurrencyType": "Total",
            "Scenario": scenario,
        },
    )
