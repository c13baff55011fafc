"""What makes an order right or wrong: its header, its lines, its amounts, its accounts. Reads, never changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from adapters.oracle_fusion.simulator_ledger import BusinessUnit, Charge
from adapters.oracle_fusion.simulator_messages import Problem, problem
from adapters.oracle_fusion.simulator_order_amounts import is_priced, live_lines, live_schedules, minor_unit
from adapters.oracle_fusion.simulator_receiving import Receiving
from adapters.oracle_fusion.simulator_rows import Data, Row, Value
from adapters.oracle_fusion.simulator_settings import LINE_TYPES
from adapters.oracle_fusion.simulator_world import Order, World


class OrderChecks:
    """Judges order trees against suppliers, agents, categories and the books."""

    def __init__(self, world: World) -> None:
        self._world = world

    def header(self, data: Data) -> list[Problem]:
        """Check a header whose names have been resolved to ids."""
        return [
            *self._units(data),
            *self._buyer(data),
            *self._style(data),
            *self._currency(data),
            *self.supplier(data),
        ]

    def unit(self, data: Data) -> BusinessUnit:
        """Return the unit whose books the order belongs to."""
        unit_id = data["RequisitioningBUId"]
        assert isinstance(unit_id, int)  # checked before any order is kept
        return self._world.books.units[unit_id]

    def lines(self, tree: Row) -> list[Problem]:
        """Check each line by itself: type, category, unit, price, numbers."""
        found = list(_repeated("line", tree.of("lines"), "LineNumber"))
        for line in tree.of("lines"):
            found += self._line(line)
            found += _repeated("schedule", line.of("schedules"), "ScheduleNumber")
            for schedule in line.of("schedules"):
                found += self._destination(line, schedule)
                found += _repeated("distribution", schedule.of("distributions"), "DistributionNumber")
                found += self._projects(line, schedule)
        return found

    def balance(self, tree: Row) -> list[Problem]:
        """Check that schedules add up to their line, and distributions to their schedule."""
        return [one for line in live_lines(tree) for one in _balance(line, str(tree.data["CurrencyCode"]))]

    def used(self, tree: Row) -> Iterator[Problem]:
        """Check that no line is changed to less than what was received or billed of it."""
        receiving = Receiving(self._world)
        for line in live_lines(tree):
            name = "Quantity" if is_priced(line) else "Amount"
            size, key = line.data[name], line.id
            parts = [one.id for schedule in line.of("schedules") for one in schedule.of("distributions")]
            billed = self._world.billing.quantity([one for one in parts if isinstance(one, int)])
            used = max(billed, receiving.received(key) if isinstance(key, int) else Decimal(0))
            if isinstance(size, Decimal) and size < used:
                facts = {"name": name.lower(), "size": size, "used": used, "line": line.data["LineNumber"]}
                yield problem("QUANTITY_USED", f"/{name}", **facts)

    def completeness(self, tree: Row) -> list[Problem]:
        """Check what may be missing in a draft, but not in a submitted document."""
        found: list[Problem] = [] if tree.of("lines") else [problem("NO_LINES")]
        if tree.data["SupplierId"] is None:
            found.append(
                problem("REQUIRED", "/SupplierId", attribute="SupplierId", entity=tree.resource.entity)
            )
        elif tree.data["SupplierSiteId"] is None:
            found.append(
                problem(
                    "REQUIRED", "/SupplierSiteId", attribute="SupplierSiteId", entity=tree.resource.entity
                )
            )
        for line in live_lines(tree):
            number = line.data["LineNumber"]
            if not live_schedules(line):
                found.append(problem("NO_SCHEDULES", line=number))
            for schedule in live_schedules(line):
                if not schedule.of("distributions"):
                    found.append(
                        problem("NO_DISTRIBUTIONS", schedule=schedule.data["ScheduleNumber"], line=number)
                    )
                found += [
                    problem("NO_CHARGE_ACCOUNT", distribution=one.data["DistributionNumber"], line=number)
                    for one in schedule.of("distributions")
                    if one.data["POChargeAccount"] is None
                ]
        return found

    def accounts(self, tree: Row, only: Iterable[Row] | None = None) -> list[Problem]:
        """Check the charge accounts of all live distributions, or of those in `only`."""
        chart = self._world.books.chart_of(self.unit(tree.data))
        wanted = None if only is None else {id(one) for one in only}
        found: dict[tuple[str, date], list[Problem]] = {}
        for one in distributions(tree):
            account = one.data["POChargeAccount"]
            if isinstance(account, str) and (wanted is None or id(one) in wanted):
                day = budget_day(one, self._world.today())
                if (account, day) not in found:
                    found[account, day] = self._world.check_account(account, chart, day)
        return list(dict.fromkeys(one for problems in found.values() for one in problems))

    def periods(self, tree: Row, submitted_on: date) -> list[Problem]:
        """Check that every budget date is in an open accounting period."""
        ledger = self.unit(tree.data).ledger
        days = dict.fromkeys(budget_day(one, submitted_on) for one in distributions(tree))
        return [one for day in days if (one := self._world.books.check_period(ledger, day))]

    def charges(self, order: Order, submitted_on: date, tree: Row | None = None) -> list[Charge]:
        """Return what the live distributions still charge, and to which period: what was approved stays where it is.

        What invoices have taken over is no longer the order's.
        """
        ledger = self.unit(order.draft.data).ledger
        found = []
        for one in distributions(tree or order.draft):
            key, amount = one.id, one.data["Amount"]
            day = budget_day(
                one, order.budget_days.get(key, submitted_on) if isinstance(key, int) else submitted_on
            )
            period = self._world.books.period_on(ledger, day)
            if isinstance(amount, Decimal) and isinstance(key, int):
                size = one.data["Quantity"]
                whole = size if isinstance(size, Decimal) else amount
                left = self._world.billing.left(key, whole, amount)
                found.append(Charge(str(one.data["POChargeAccount"]), period.name if period else None, left))
        return found

    def _projects(self, line: Row, schedule: Row) -> Iterator[Problem]:
        for distribution in schedule.of("distributions"):
            for one in distribution.of("projectDFF"):
                if self._world.row("projects", one.data["_PROJECT_ID"]) is None:
                    facts = {"project": one.data["_PROJECT_ID"], "line": line.data["LineNumber"]}
                    yield problem("BAD_PROJECT", "/_PROJECT_ID", **facts)

    def _units(self, data: Data) -> Iterator[Problem]:
        for role, attribute in (("procurement", "ProcurementBUId"), ("requisitioning", "RequisitioningBUId")):
            if data[attribute] not in self._world.books.units:
                yield problem("BAD_BU", f"/{attribute}", role=role, value=data[attribute])
        if self._world.row("procurementBusinessUnitsLOV", data["ProcurementBUId"]) is None:
            yield problem("BAD_BU", "/ProcurementBUId", role="procurement", value=data["ProcurementBUId"])

    def _buyer(self, data: Data) -> Iterator[Problem]:
        for agent in self._world.tables["procurementAgents"].find("AgentId", data["BuyerId"]):
            have = agent.data
            is_active = have["Status"] == "Active" and have["ManageOrdersAllowedFlag"]
            if is_active and have["ProcurementBUId"] == data["ProcurementBUId"]:
                return
        bu = data["ProcurementBU"] or data["ProcurementBUId"]
        yield problem("NOT_AN_AGENT", "/BuyerId", buyer=data["Buyer"] or data["BuyerId"], bu=bu)

    def _style(self, data: Data) -> Iterator[Problem]:
        style = self._world.row("purchasingDocumentStylesLOV", data["DocumentStyleId"])
        if style is None or style.data["StatusCode"] != "ACTIVE":
            yield problem("BAD_STYLE", "/DocumentStyleId", value=data["DocumentStyleId"])

    def _currency(self, data: Data) -> Iterator[Problem]:
        if data["CurrencyCode"] not in self._world.settings.currencies:
            yield problem("BAD_CURRENCY", "/CurrencyCode", currency=data["CurrencyCode"])

    def supplier(self, data: Data) -> Iterator[Problem]:
        """Check that the supplier may be ordered from, at this site, by this unit."""
        if data["SupplierId"] is None:
            return
        supplier = self._world.row("suppliers", data["SupplierId"])
        if supplier is None:
            yield problem("SUPPLIER_MISSING", "/SupplierId", value=data["SupplierId"])
        elif _has_ended(supplier, self._world.today()):
            yield problem("SUPPLIER_INACTIVE", "/SupplierId", supplier=supplier.data["Supplier"])
        elif supplier.data["BusinessRelationshipCode"] != "SPEND_AUTHORIZED":
            yield problem("SUPPLIER_PROSPECTIVE", "/SupplierId", supplier=supplier.data["Supplier"])
        elif data["SupplierSiteId"] is not None:
            yield from self._site(supplier, data)

    def _site(self, supplier: Row, data: Data) -> Iterator[Problem]:
        path, bu = "/SupplierSiteId", data["ProcurementBU"] or data["ProcurementBUId"]
        site = next((one for one in supplier.of("sites") if one.id == data["SupplierSiteId"]), None)
        if (
            site is None
            or site.data["ProcurementBUId"] != data["ProcurementBUId"]
            or not site.data["SitePurposePurchasingFlag"]
            or _has_ended(site, self._world.today())
        ):
            code = site.data["SupplierSite"] if site else data["SupplierSiteId"]
            yield problem("SITE_INVALID", path, site=code, supplier=supplier.data["Supplier"], bu=bu)
            return
        code = site.data["SupplierSite"]
        if site.data["HoldAllNewPurchasingDocumentsFlag"]:
            yield problem(
                "SITE_ON_HOLD", path, site=code, reason=site.data["PurchasingHoldReason"] or "no reason"
            )
        units = {
            one.data["ClientBUId"]
            for one in site.of("assignments")
            if not _has_ended(one, self._world.today())
        }
        if self._world.settings.checks_site_assignments and data["RequisitioningBUId"] not in units:
            unit = data["RequisitioningBU"] or data["RequisitioningBUId"]
            yield problem("SITE_NOT_ASSIGNED", path, site=code, bu=unit)

    def _line(self, line: Row) -> Iterator[Problem]:
        data, number = line.data, line.data["LineNumber"]
        entity = line.resource.entity
        if data["LineType"] not in LINE_TYPES:
            yield problem(
                "BAD_LINE_TYPE", "/LineType", value=data["LineType"] or data["LineTypeId"], line=number
            )
            return
        if data["Description"] is None and data["Item"] is None:
            yield problem("REQUIRED", "/Description", attribute="Description", entity=entity)
        category = data["Category"] or data["CategoryCode"] or data["CategoryId"]
        if category is None:
            yield problem("REQUIRED", "/CategoryId", attribute="CategoryId", entity=entity)
        elif self._world.categories and data["CategoryId"] not in self._world.categories:
            yield problem("BAD_CATEGORY", "/Category", value=category, line=number)
        needed = ("Quantity", "Price", "UOMCode") if is_priced(line) else ("Amount",)
        for name in needed:
            if data[name] is None:
                yield problem("REQUIRED", f"/{name}", attribute=name, entity=entity)
        if data["UOMCode"] is not None and data["UOMCode"] not in self._world.settings.units_of_measure:
            yield problem("BAD_UOM", "/UOMCode", value=data["UOMCode"], line=number)
        yield from _signs(line)

    def _destination(self, line: Row, schedule: Row) -> Iterator[Problem]:
        for attribute, known in (
            ("ShipToLocationId", self._world.locations),
            ("ShipToOrganizationId", self._world.organizations),
        ):
            value = schedule.data[attribute]
            if known and value is not None and value not in known:
                yield problem(
                    "BAD_DESTINATION", f"/{attribute}", attribute=attribute, line=line.data["LineNumber"]
                )


def _signs(line: Row) -> Iterator[Problem]:
    number = line.data["LineNumber"]
    size = "Quantity" if is_priced(line) else "Amount"
    value, price = line.data[size], line.data["Price"]
    if isinstance(value, Decimal) and value <= 0:
        yield problem("NOT_POSITIVE", f"/{size}", attribute=size, line=number)
    if is_priced(line) and isinstance(price, Decimal) and price < 0:
        yield problem("NOT_POSITIVE", "/Price", attribute="Price", line=number)


def _balance(line: Row, currency: str) -> Iterator[Problem]:
    number, name = line.data["LineNumber"], "Quantity" if is_priced(line) else "Amount"
    message = "QUANTITY_DIFFERS" if name == "Quantity" else "AMOUNT_DIFFERS"
    schedules = live_schedules(line)
    if schedules and _sum(schedules, name) != line.data[name]:
        facts = {
            "level": "schedule",
            "line": number,
            "actual": _sum(schedules, name),
            "expected": line.data[name],
        }
        yield problem(message, "", **facts)
    for schedule in schedules:
        rows = schedule.of("distributions")
        if rows and _sum(rows, name) != schedule.data[name]:
            facts = {"level": "distribution", "line": number, "actual": _sum(rows, name)}
            yield problem(message, "", **facts, expected=schedule.data[name])
        if rows and name == "Quantity" and _sum(rows, "Amount") != schedule.data["Amount"]:
            facts = {"level": "distribution", "line": number, "actual": _sum(rows, "Amount")}
            yield problem("AMOUNT_DIFFERS", "", **facts, expected=schedule.data["Amount"])
    if name == "Amount":
        step = minor_unit(currency)
        for row in (
            line,
            *schedules,
            *(one for schedule in schedules for one in schedule.of("distributions")),
        ):
            amount = row.data["Amount"]
            if isinstance(amount, Decimal) and amount % step:
                yield problem("TOO_MANY_DECIMALS", "/Amount", amount=amount, line=number, currency=currency)


def _sum(rows: Iterable[Row], name: str) -> Decimal:
    return sum((value for row in rows if isinstance(value := row.data[name], Decimal)), Decimal(0))


def distributions(tree: Row) -> Iterator[Row]:
    """Walk the distributions of lines and schedules that are not cancelled."""
    for line in live_lines(tree):
        for schedule in live_schedules(line):
            yield from schedule.of("distributions")


def budget_day(distribution: Row, otherwise: date) -> date:
    """Return the day whose budget a distribution takes."""
    given = distribution.data["BudgetDate"]
    return date.fromisoformat(given) if isinstance(given, str) else otherwise


def _repeated(level: str, rows: list[Row], attribute: str) -> Iterator[Problem]:
    seen: set[Value] = set()
    for row in rows:
        number = row.data[attribute]
        if number in seen:
            yield problem("NUMBER_REPEATED", f"/{attribute}", level=level, number=number)
        seen.add(number)


def _has_ended(row: Row, today: date) -> bool:
    ends = row.data["InactiveDate"]
    return isinstance(ends, str) and ends <= today.isoformat()
