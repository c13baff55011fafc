"""The part of a simulated pod's stage that periods, budgets, segment values and account combinations play on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from adapters.oracle_fusion.simulator_ledger import Budget, CheckedAt, CrossValidationRule, Period
from adapters.oracle_fusion.simulator_stage import Stage


class LedgerScene(Stage):
    """Hands that set up a general ledger and change it."""

    def set_period(
        self,
        ledger: str,
        name: str,
        starts_on: date,
        ends_on: date,
        *,
        is_open: bool = True,
        is_payables_open: bool | None = None,
    ) -> None:
        """Add an accounting period, or replace the one of that name. Payables follows unless it is told otherwise."""
        books = self.world.books
        books.periods = [one for one in books.periods if (one.ledger, one.name) != (ledger, name)]
        books.periods.append(Period(ledger, name, starts_on, ends_on, is_open, is_payables_open))

    def open_period(self, ledger: str, name: str, *, in_payables: bool = False) -> None:
        """Open a period in the general ledger, or in Payables alone."""
        self._set_open(ledger, name, True, in_payables)

    def close_period(self, ledger: str, name: str, *, in_payables: bool = False) -> None:
        """Close a period in the general ledger, or in Payables alone."""
        self._set_open(ledger, name, False, in_payables)

    def add_budget(
        self,
        pattern: str,
        period: str,
        amount: Decimal,
        currency: str,
        *,
        is_absolute: bool = True,
        checked_at: CheckedAt = "approval",
        name: str | None = None,
        ledger: str | None = None,
    ) -> None:
        """Add a control budget for a cost centre, or for accounts that match `01-420-*-*-*`."""
        title = name or f"Control budget {pattern}"
        budget = Budget(title, pattern, period, Decimal(amount), currency, is_absolute, checked_at, ledger)
        self.world.books.budgets.append(budget)

    def raise_budget(self, pattern: str, period: str, by: Decimal) -> None:
        """Give every budget of this pattern and period more (or less) to spend."""
        for budget in self.world.books.budgets:
            if (budget.pattern, budget.period) == (pattern, period):
                budget.amount += by

    def set_value(
        self,
        value_set: str,
        value: str,
        *,
        is_enabled: bool = True,
        starts_on: date | None = None,
        ends_on: date | None = None,
        description: str | None = None,
    ) -> None:
        """Add a segment value, or change the one there is."""
        parent = self._value_set(value_set)
        row = self.world.value_row(value_set, value)
        given = {
            "EnabledFlag": "Y" if is_enabled else "N",
            "StartDateActive": starts_on.isoformat() if starts_on else None,
            "EndDateActive": ends_on.isoformat() if ends_on else None,
        }
        if row is None:
            resource = parent.resource.children["values"]
            key = {"ValueSetId": parent.id, "ValueSetCode": value_set, "Value": value}
            parent.of("values").append(
                self.world.new_row(resource, {**key, **given, "Description": description or value})
            )
        else:
            row.data |= given
            if description is not None:
                row.data["Description"] = description
            row.touch(self.world.now())
        parent.rendered.clear()

    def add_cross_validation_rule(self, pattern: str, message: str) -> None:
        """Forbid accounts that match `pattern`."""
        self.world.books.rules.append(CrossValidationRule(pattern, message))

    def add_combination(
        self, chart_id: int, account: str, *, is_enabled: bool = True, ends_on: date | None = None
    ) -> None:
        """Add an account combination as it exists before any order."""
        names = self.world.settings.combination_names
        given = {
            names.enabled: "Y" if is_enabled else "N",
            names.ends: ends_on.isoformat() if ends_on else None,
        }
        self.world.add_combination(account, self.world.books.charts[chart_id], given)

    def _set_open(self, ledger: str, name: str, is_open: bool, in_payables: bool) -> None:
        self.settle_due()  # what is past was done under the old state
        period = self.world.books.period_named(ledger, name)
        if in_payables:
            period.is_payables_open = is_open
        else:
            period.is_open = is_open
