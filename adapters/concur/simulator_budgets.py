"""Budget v4 reads: budgets with their periods and balances, and the fiscal years behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.concur.simulator_http import PEOPLE, Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_money import HUNDRED, ZERO, number
from adapters.concur.simulator_world import World, zulu
from adapters.simulation import Document

PAGE_SIZE: Final = 50
ALERT_PERCENT: Final = Decimal(85)


class Budgets:
    """What a company planned and what is left of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        root = "/budget/v4"
        budgets, years = ("budgetitem.read",), ("fiscalcalendar.read",)
        return [
            Endpoint("GET", f"{root}/budgetItemHeader", "budget", self._list, budgets, PEOPLE),
            Endpoint("GET", f"{root}/budgetItemHeader/{{id}}", "budget", self._budget, budgets, PEOPLE),
            Endpoint("GET", f"{root}/fiscalYear", "budget", self._years, years, PEOPLE),
        ]

    # -- hands ---------------------------------------------------------------------------------------

    def add_fiscal_year(self, name: str, starts_on: date) -> str:
        """Add a year of twelve months; return its id."""
        world = self._world
        year_id = world.uuid("fiscal year")
        months = []
        first = starts_on
        for _ in range(12):
            following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
            months.append(
                {
                    "id": world.uuid("fiscal period"),
                    "name": first.strftime("%b %Y"),
                    "periodType": "MONTHLY",
                    "startDate": first.isoformat(),
                    "endDate": (following - timedelta(days=1)).isoformat(),
                    "fiscalPeriodStatus": "OPEN",
                }
            )
            first = following
        world.state.fiscal_years[year_id] = {
            "id": year_id,
            "name": name,
            "startDate": starts_on.isoformat(),
            "endDate": (first - timedelta(days=1)).isoformat(),
            "status": "OPEN",
            "lastModified": world.now().strftime("%Y-%m-%d %H:%M:%S"),
            "monthlyFiscalPeriods": months,
        }
        return year_id

    def add_budget(
        self,
        name: str,
        *,
        year_id: str,
        currency: str,
        monthly: Decimal,
        spent: Mapping[str, Decimal],
        pending: Mapping[str, Decimal],
        codes: Mapping[str, str],
        owner: str | None,
    ) -> str:
        """Add a budget of equal months; `spent` and `pending` are by the name of the period."""
        world = self._world
        year = world.state.fiscal_years[year_id]
        budget_id = world.uuid("budget")
        person = world.user_at(owner) if owner else None
        details = [
            {
                "id": world.uuid("budget detail"),
                "amount": str(monthly),
                "spent": str(spent.get(period["name"], ZERO)),
                "pending": str(pending.get(period["name"], ZERO)),
                "period": period["id"],
            }
            for period in year["monthlyFiscalPeriods"]
        ]
        world.state.budgets[budget_id] = {
            "id": budget_id,
            "name": name,
            "year_id": year_id,
            "currency": currency,
            "codes": dict(codes),
            "owner_id": person.id if person else None,
            "created": zulu(world.now()),
            "details": details,
        }
        return budget_id

    # -- calls ---------------------------------------------------------------------------------------

    def _list(self, ask: Ask) -> Answer:
        start = ask.count("offset", 0)
        if ask.query.get("responseSchema") not in (None, "COMPACT"):
            raise RefusedError(400, "responseSchema must be COMPACT", error_id="BUDGET.INVALID_SCHEMA")
        is_all = ask.flag("adminView") or ask.caller.actor == "company"
        found = [
            one
            for one in self._world.state.budgets.values()
            if is_all or one["owner_id"] == ask.caller.user_id
        ]
        path = f"{ask.base}/budget/v4/budgetItemHeader?offset="
        body: Document = {
            "totalRows": len(found),
            "offset": start,
            "limit": PAGE_SIZE,
            "href": f"{path}{start}",
            "budgetItemHeaders": [self._header(one) for one in found[start : start + PAGE_SIZE]],
        }
        if start + PAGE_SIZE < len(found):
            body["next"] = {"href": f"{path}{start + PAGE_SIZE}"}
        if start:
            body["previous"] = {"href": f"{path}{max(0, start - PAGE_SIZE)}"}
        return Answer(200, body)

    def _budget(self, ask: Ask) -> Answer:
        budget = self._world.state.budgets.get(ask.params["id"])
        if budget is None:
            raise RefusedError(404, "The budget does not exist", error_id="BUDGET.BUDGET_NOT_FOUND")
        periods = self._periods(budget)
        details = [
            {
                "id": one["id"],
                "syncGuid": one["id"],
                "budgetItemHeaderId": budget["id"],
                "amount": number(Decimal(one["amount"])),
                "currencyCode": budget["currency"],
                "budgetItemDetailStatusType": "OPEN",
                "fiscalPeriod": self._current(periods[one["period"]]),
                "budgetAmounts": _amounts([one]),
                "budgetItemBalances": [
                    _balance(one["pending"], "SUBMITTED"),
                    _balance(one["spent"], "PROCESSED"),
                ],
            }
            for one in budget["details"]
        ]
        return Answer(200, self._header(budget) | {"budgetItemDetails": details})

    def _years(self, ask: Ask) -> Answer:
        after = ask.query.get("lastModifiedAfter")
        found = [
            one
            for one in self._world.state.fiscal_years.values()
            if after is None or one["lastModified"] > after.replace("T", " ")
        ]
        return Answer(200, [self._year_view(one) for one in found])

    # -- views ---------------------------------------------------------------------------------------

    def _header(self, budget: Mapping[str, Any]) -> Document:
        owner = self._world.state.users.get(budget["owner_id"] or "")
        year = self._world.state.fiscal_years[budget["year_id"]]
        return {
            "id": budget["id"],
            "syncGuid": budget["id"],
            "name": budget["name"],
            "description": budget["name"],
            "budgetItemStatusType": "OPEN",
            "budgetType": "BUDGET",
            "periodType": "MONTHLY",
            "currencyCode": budget["currency"],
            "annualBudget": number(sum((Decimal(one["amount"]) for one in budget["details"]), ZERO)),
            "budgetAmounts": _amounts(budget["details"]),
            "owner": {"employeeId": owner.number, "employeeUuid": owner.id, "email": owner.login}
            if owner
            else None,
            "costObjects": [
                {"code": code, "value": code, "fieldDefinitionId": name, "operator": "EQUAL"}
                for name, code in budget["codes"].items()
            ],
            "fiscalYear": {"id": year["id"], "name": year["name"]},
            "createdDate": budget["created"],
            "lastModifiedDate": budget["created"],
            "isTest": False,
        }

    def _year_view(self, year: Mapping[str, Any]) -> Document:
        today = self._world.today().isoformat()
        months = [self._current(one) for one in year["monthlyFiscalPeriods"]]
        is_current = year["startDate"] <= today <= year["endDate"]
        return {**year, "currentYear": is_current, "monthlyFiscalPeriods": months}

    def _current(self, period: Mapping[str, Any]) -> Document:
        today = self._world.today().isoformat()
        return {**period, "currentPeriod": period["startDate"] <= today <= period["endDate"]}

    def _periods(self, budget: Mapping[str, Any]) -> dict[str, Document]:
        year = self._world.state.fiscal_years[budget["year_id"]]
        return {one["id"]: one for one in year["monthlyFiscalPeriods"]}


def _amounts(details: list[Document]) -> Document:
    planned = sum((Decimal(one["amount"]) for one in details), ZERO)
    spent = sum((Decimal(one["spent"]) for one in details), ZERO)
    pending = sum((Decimal(one["pending"]) for one in details), ZERO)
    used = spent + pending
    percent = (used / planned * HUNDRED).quantize(Decimal("0.01")) if planned else ZERO
    threshold = "OVER" if used > planned else "ALERT" if percent >= ALERT_PERCENT else "UNDER"
    return {
        "adjustedBudgetAmount": number(planned),
        "spendAmount": number(spent),
        "pendingAmount": number(pending),
        "unExpensedAmount": ZERO,
        "availableAmount": number(planned - used),
        "consumedPercent": number(percent),
        "threshold": threshold,
    }


def _balance(amount: str, state: str) -> Document:
    return {"amount": number(Decimal(amount)), "featureTypeCode": "EXPENSE", "workflowState": state}
