"""General ledger and Payables of a simulated pod put together: what the clock does, and what no table holds."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.oracle_fusion.simulator_imports import Imports
from adapters.oracle_fusion.simulator_invoice_actions import InvoiceActions
from adapters.oracle_fusion.simulator_journals import post
from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_payments import Payments
from adapters.oracle_fusion.simulator_receiving import Receiving
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import World

INTEGRATIONS: Final = "erpintegrations"
PERIODS: Final = "accountingPeriodStatusLOV"
RATES: Final = "currencyRates"
APPLICATIONS: Final = {101: "general ledger", 200: "payables"}


class Finance:
    """Everything beside orders that happens by itself, and the resources that are worked out when asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.imports = Imports(world)
        self.invoices = InvoiceActions(world)
        self.payments = Payments(world)
        self.receiving = Receiving(world)

    def settle_due(self) -> int:
        count = self.imports.settle_due()
        count += self._post_due() + self.receiving.settle_due()
        count += self.invoices.settle_due()
        return count + self.payments.settle_due()

    def rows(self, resource: Resource, finder: str | None) -> list[Row] | None:
        """Return the rows of a resource that no table holds; None for every other."""
        if resource.name == INTEGRATIONS:
            return self._requests(resource, finder)
        if resource.name == RATES:
            return self._rates(resource, finder)
        if resource.name == PERIODS:
            return list(self._periods(resource))
        return None

    def integrate(self, resource: Resource, body: Mapping[str, Any]) -> Row:
        """Take a bulk import."""
        for name in body:
            if name not in resource.attributes and name not in _MORE_MEMBERS:
                raise refused("UNKNOWN_ATTRIBUTE", f"/{name}", attribute=name, entity=resource.entity)
        return self._world.new_row(resource, self.imports.submit(body))

    def act(self, resource: Resource, name: str, parameters: Mapping[str, Any]) -> str:
        """Do an action of a collection."""
        return self.invoices.act(name, parameters)

    def dump(self) -> dict[str, Any]:
        return {"imports": self.imports.dump(), "payments": self.payments.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        self.imports.load(state["imports"])
        self.payments.load(state["payments"])

    def _post_due(self) -> int:
        world, count = self._world, 0
        while world.posting_due and world.posting_due[0][0] <= world.now():
            at, batch_id = heapq.heappop(world.posting_due)
            row = world.row("journalBatches", batch_id)
            if row is not None and row.data["Status"] == "U":
                post(world, row, at)
                count += 1
        return count

    def _rates(self, resource: Resource, finder: str | None) -> list[Row]:
        name, variables = _finder(resource, finder)
        for variable in resource.finders[name]:
            if not variables.get(variable):
                raise refused("FINDER_VARIABLE", finder=name, variable=variable)
        wanted = tuple(variables[one] for one in ("fromCurrency", "toCurrency", "userConversionType"))
        return [
            self._world.new_row(
                resource,
                {
                    "FromCurrency": source,
                    "ToCurrency": target,
                    "ConversionDate": day,
                    "ConversionRate": rate,
                    "ConversionType": kind,
                    "UserConversionType": kind,
                },
            )
            for (source, target, kind, day), rate in sorted(self._world.rates.items())
            if (source, target, kind) == wanted and variables["startDate"] <= day <= variables["endDate"]
        ]

    def _requests(self, resource: Resource, finder: str | None) -> list[Row]:
        name, variables = _finder(resource, finder)
        request_id = variables.get("requestId", "").strip()
        if not request_id:
            raise refused("FINDER_VARIABLE", finder=name, variable="requestId")
        data: dict[str, Any] = {"OperationName": None, "ReqstId": request_id}
        status = self.imports.status(request_id)
        if status is None:
            return []
        if name == "ESSJobStatusRF":
            data |= {"OperationName": "getESSJobStatus", "RequestStatus": status}
        else:
            content = self.imports.details(request_id, variables.get("fileType", "ALL").strip().upper())
            data |= {"OperationName": "downloadESSJobExecutionDetails", "DocumentContent": content}
        return [self._world.new_row(resource, data)]

    def _periods(self, resource: Resource) -> Iterator[Row]:
        ids = {str(row.data["LedgerName"]): row.id for row in self._world.tables["ledgersLOV"]}
        for period in self._world.books.periods:
            for application in APPLICATIONS:
                is_open = period.is_open if application == 101 else period.is_open_in_payables
                yield self._world.new_row(
                    resource,
                    {
                        "PeriodNameId": period.name,
                        "ApplicationId": application,
                        "LedgerId": ids.get(period.ledger),
                        "ClosingStatus": "O" if is_open else "C",
                        "StartDate": period.starts_on.isoformat(),
                        "EndDate": period.ends_on.isoformat(),
                    },
                )


def _finder(resource: Resource, finder: str | None) -> tuple[str, dict[str, str]]:
    """Read a finder: its name and its variables."""
    name, _, text = (finder or "").partition(";")
    if name not in resource.finders:
        raise refused("UNKNOWN_FINDER", finder=name or "(none)", resource=resource.name)
    return name, dict(part.partition("=")[::2] for part in text.split(","))


_MORE_MEMBERS: Final = frozenset(
    {
        *("ParameterList", "CallbackURL", "NotificationCode", "JobOptions"),
        *("JobPackageName", "JobDefName", "ESSParameters"),
    }
)
