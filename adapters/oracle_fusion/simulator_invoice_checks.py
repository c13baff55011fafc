"""Why validation holds an invoice of a simulated Payables: one name a kind of trouble, as its own screens call them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from adapters.oracle_fusion.simulator_invoices import period_problem
from adapters.oracle_fusion.simulator_ledger import Ledger
from adapters.oracle_fusion.simulator_matching import Matching, Reason
from adapters.oracle_fusion.simulator_payments import WITHHOLDING_LINE_TYPE
from adapters.oracle_fusion.simulator_prepayments import LINE_TYPE
from adapters.oracle_fusion.simulator_rows import Row, Value
from adapters.oracle_fusion.simulator_world import World

RELEASABLE: Final = frozenset(
    {
        *("Quantity ordered", "Quantity received", "Amount ordered", "Amount received", "Price"),
        *("Insufficient funds",),
    }
)
"""Holds of the system that a person may release; all others go when the invoice is right."""


class InvoiceChecks:
    """Looks invoices over."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._matching = Matching(world)

    def reasons(self, row: Row) -> Iterator[Reason]:
        """Return what is wrong with an invoice, funds apart."""
        settling = (LINE_TYPE, WITHHOLDING_LINE_TYPE)
        lines = [one for one in row.of("invoiceLines") if one.data["LineType"] not in settling]
        yield from self._sums(row, lines)
        yield from self._day(row)
        yield from self._rate(row)
        yield from self._accounts(row, lines)
        yield from self._matching.reasons(row)

    def _sums(self, row: Row, lines: list[Row]) -> Iterator[Reason]:
        whole = sum((_number(line.data["LineAmount"]) for line in lines), Decimal(0))
        if whole != _number(row.data["InvoiceAmount"]):
            yield Reason("Line variance", f"The lines add up to {whole}, not to {row.data['InvoiceAmount']}.")
        for line in lines:
            parts = [_number(one.data["DistributionAmount"]) for one in line.of("invoiceDistributions")]
            amount = sum(parts, Decimal(0))
            if amount != _number(line.data["LineAmount"]):
                detail = f"The distributions of line {line.id} add up to {amount}, not to {line.data['LineAmount']}."
                yield Reason("Distribution variance", detail)

    def _day(self, row: Row) -> Iterator[Reason]:
        closed = period_problem(self._world, self._ledger(row), row)
        if closed:
            yield Reason("Period closed", closed.detail)

    def _rate(self, row: Row) -> Iterator[Reason]:
        data, ledger = row.data, self._ledger(row)
        if data["InvoiceCurrency"] == ledger.currency or data["ConversionRate"] is not None:
            return
        if self._world.rates and self._world.rate_of(data, ledger.currency) is None:
            text = (
                f"No {data['ConversionRateType']} rate from {data['InvoiceCurrency']} to {ledger.currency} is defined "
                f"for {data['ConversionDate']}."
            )
            yield Reason("No rate", text)

    def _accounts(self, row: Row, lines: list[Row]) -> Iterator[Reason]:
        chart = self._world.books.charts[self._ledger(row).chart_id]
        day = date.fromisoformat(str(row.data["AccountingDate"]))
        for line in lines:
            for one in line.of("invoiceDistributions"):
                account = one.data["DistributionCombination"]
                problems = self._world.check_account(str(account), chart, day) if account else []
                if problems:
                    yield Reason("Distribution account invalid", problems[0].detail)

    def _ledger(self, row: Row) -> Ledger:
        name = row.data["BusinessUnit"]
        unit = next(one for one in self._world.books.units.values() if one.name == name)
        return self._world.books.ledgers[unit.ledger]


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
