"""The simulated systems of one company: made, filled with what is there on the first day, and read at the end."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.concur.simulator import ConcurSimulator
from adapters.coupa.simulator import CoupaSimulator
from adapters.coupa.simulator import Settings as CoupaSettings
from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from adapters.simulation import Document, FaultPlan
from finsync_tui.rehearse import catalogue, documents, expense_catalogue, expense_systems
from finsync_tui.rehearse.invoice_catalogue import PRICE_TOLERANCE
from finsync_tui.rehearse.planted import BUDGET_LEFT, LIE, SOURCE, Scenario, period_name
from finsync_tui.rehearse.report import Lie, Report, SourceOrder, TargetOrder, TargetSupplier
from finsync_tui.rehearse.shapes import Company, LegalEntity
from store.canonical.money import Money
from store.clock import Clock, VirtualClock

OWN_LOGIN: Final = "finsync-api"
ERP_USER: Final = "FINSYNC"
CLIENT_ID: Final = "finsync-demo"

UNIT_IDS: Final = {"DE01": 300_000_000_100_011, "FR01": 300_000_000_100_012, "US01": 300_000_000_100_021}
BUYER_IDS: Final = {"DE01": 300_000_000_120_045, "FR01": 300_000_000_120_046, "US01": 300_000_000_120_047}
LOCATION_IDS: Final = {"DE01": 300_000_000_070_004, "FR01": 300_000_000_070_005, "US01": 300_000_000_070_006}
LEDGER_IDS: Final = {"DE01": 300_000_046_975_971, "FR01": 300_000_046_975_972, "US01": 300_000_046_975_981}
CHART_IDS: Final = {"oracle-emea": 50_101, "oracle-amer": 50_102}
_FIRST_CATEGORY_ID: Final = 300_000_000_080_001
_REGIONS: Final = {"oracle-emea": "EMEA", "oracle-amer": "AMER"}
_SEGMENTS: Final = ("Company", "Cost Center", "Account", "Project", "Future")
_SETS: Final = ("Company", "Cost Centre", "Account", "Project", "Future")
_AMPLE: Final = Decimal(50_000_000)
"""A month's control budget of a cost centre that nothing is wrong with."""
_TARGET_STATUS: Final = {
    "INCOMPLETE": "draft",
    "PENDING APPROVAL": "pending",
    "REJECTED": "rejected",
    "OPEN": "open",
    "ON HOLD": "open",
    "CLOSED": "closed",
    "CANCELED": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the engine opens the simulated systems with: made anew for each world."""

    coupa: str
    erp: str
    concur: str
    request_token: str
    """What the expense tool's first session is made from."""


@dataclass(frozen=True)
class Systems:
    """All systems of one world."""

    coupa: CoupaSimulator
    concur: ConcurSimulator
    erps: Mapping[str, OracleFusionSimulator]

    def close_centre(self, system: str, centre: str) -> None:
        """Disable a cost centre in one ERP."""
        self.erps[system].set_value(value_set(system, "Cost Centre"), centre, is_enabled=False)

    def dump(self) -> Document:
        return {
            "coupa": self.coupa.dump(),
            "concur": self.concur.dump(),
            "erps": {name: one.dump() for name, one in self.erps.items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self.coupa.load(state["coupa"])
        self.concur.load(state["concur"])
        for name, one in self.erps.items():
            one.load(state["erps"][name])


def value_set(system: str, segment: str) -> str:
    """Return the name of a value set.

    >>> value_set("oracle-emea", "Cost Centre")
    'EMEA Cost Centre'
    """
    return f"{_REGIONS[system]} {segment}"


def category(commodity: str) -> str:
    """Return the ERP's purchasing category for a commodity of the procurement system.

    >>> category("Office Supplies")
    'OFFICE.SUPPLIES'
    """
    return commodity.upper().replace(" ", ".")


def make(scenario: Scenario, clock: Clock, secrets: Secrets) -> Systems:
    """Return the systems as they are set up, faults planned, still empty: `fill` or `load` comes next."""
    coupa = CoupaSimulator(
        clock,
        client_id=CLIENT_ID,
        client_secret=secrets.coupa,
        login=OWN_LOGIN,
        faults=FaultPlan(clock, scenario.faults.get(SOURCE, ())),
        settings=CoupaSettings(),
    )
    erps = {
        name: OracleFusionSimulator(
            clock,
            name=name,
            user=ERP_USER,
            password=secrets.erp,
            faults=FaultPlan(clock, scenario.faults.get(name, ())),
            settings=SimulatorSettings(
                seed=scenario.company.seed,
                segment_attributes=tuple(one.replace(" ", "") for one in _SEGMENTS),
                first_order_number=100_001 * (1 + n * 3),
                first_supplier_number=700_001 + 100_000 * n,  # they meet in the procurement system
                payment_run_every=expense_systems.PAYMENT_RUN,
                import_delay_max=expense_systems.IMPORT_MAX,
                price_tolerance_percent=int(PRICE_TOLERANCE),
            ),
        )
        for n, name in enumerate(scenario.company.systems)
    }
    concur = expense_systems.make(
        scenario,
        clock,
        client_id=CLIENT_ID,
        client_secret=secrets.concur,
        request_token=secrets.request_token,
    )
    return Systems(coupa, concur, erps)


def fill(systems: Systems, scenario: Scenario, clock: VirtualClock) -> None:
    """Put in what is there before the first order, day by day over the time before: not everything in one instant."""
    company = scenario.company
    shares = 2 + len(systems.erps)
    span = (company.starts_at - clock.now()) / shares
    for resource, document in (found := list(documents.reference(company, scenario.payables))):
        systems.coupa.put(resource, document, by="administrator")
        clock.advance(span / len(found))
    expense_systems.fill(systems.concur, company, clock, span)
    for n, (name, erp) in enumerate(systems.erps.items(), 3):
        _fill_books(erp, name, company)
        expense_systems.fill_erp(erp, name, company, UNIT_IDS, [value_set(name, one) for one in _SETS])
        _fill_budgets(erp, name, company)
        _fill_suppliers(erp, name, company, clock, span)
        clock.advance_to(company.starts_at - span * (shares - n))
    clock.advance_to(company.starts_at)


def _fill_books(erp: OracleFusionSimulator, system: str, company: Company) -> None:
    chart_id, entities = CHART_IDS[system], company.entities_of(system)
    sets = [value_set(system, one) for one in _SETS]
    erp.add_chart(chart_id, f"{_REGIONS[system]} Chart", zip(_SEGMENTS, sets, strict=True))
    for one in entities:
        erp.add_ledger(one.ledger, one.currency, chart_id, ledger_id=LEDGER_IDS[one.number])
        erp.add_business_unit(
            UNIT_IDS[one.number], one.business_unit, ledger=one.ledger, legal_entity=one.number
        )
        erp.add_agent(BUYER_IDS[one.number], f"Buyer {one.country}", f"buyer.{one.country.lower()}@nordwerk.example",
                      UNIT_IDS[one.number])  # fmt: skip
        erp.add_location(LOCATION_IDS[one.number], f"{one.name} Receiving")
        erp.set_value(sets[0], one.target_code, description=one.name)
        for starts_on, ends_on in months(company):
            erp.set_period(one.ledger, period_name(starts_on), starts_on, ends_on)
    known = {one.number for one in entities}
    for code in (*company.cost_centres, *company.accounts):
        if code.legal_entity in known and code.target is not None:
            erp.set_value(
                sets[1] if code in company.cost_centres else sets[2], code.target, description=code.name
            )
    erp.set_value(sets[3], catalogue.NO_PROJECT, description="No project")
    for number, title in catalogue.PROJECTS:
        erp.set_value(sets[3], number.removeprefix("P-"), description=title)
    erp.set_value(sets[4], catalogue.NO_FUTURE, description="Not used")
    for n, (number, title) in enumerate(catalogue.PROJECTS, 1):
        erp.put("projects", {"ProjectId": 300_000_000_060_000 + n, "ProjectNumber": number, "ProjectName": title,
                             "ProjectStatus": "Active", "ProjectStartDate": "2026-01-01"})  # fmt: skip
    for n, thing in enumerate(catalogue.COMMODITIES):
        erp.add_category(_FIRST_CATEGORY_ID + n, category(thing.name))
    erp.add_cross_validation_rule(catalogue.FORBIDDEN_PATTERN, catalogue.FORBIDDEN_REASON)


def months(company: Company) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each month of the year, and of the quarter after it, for what comes late."""
    for n in range(15):
        year, month = company.starts_at.year + n // 12, n % 12 + 1
        yield date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _fill_budgets(erp: OracleFusionSimulator, system: str, company: Company) -> None:
    for one in company.entities_of(system):
        for starts_on, _ in months(company):
            period = period_name(starts_on)
            for centre in (*catalogue.regular_centres(), catalogue.CLOSING_CENTRE[one.number]):
                _add_budget(erp, one, centre, period, _AMPLE)
            _add_budget(erp, one, catalogue.TIGHT_CENTRE[one.number], period, BUDGET_LEFT, is_early=True)
            _add_budget(erp, one, catalogue.CAPPED_CENTRE[one.number], period, BUDGET_LEFT)


def _add_budget(
    erp: OracleFusionSimulator,
    buyer: LegalEntity,
    centre: str,
    period: str,
    amount: Decimal,
    *,
    is_early: bool = False,
) -> None:
    erp.add_budget(
        centre,
        period,
        amount,
        buyer.currency,
        checked_at="submit" if is_early else "approval",
        name=f"{buyer.number} {centre}",
        ledger=buyer.ledger,
    )


def _fill_suppliers(
    erp: OracleFusionSimulator, system: str, company: Company, clock: VirtualClock, span: timedelta
) -> None:
    entities = {one.number for one in company.entities_of(system)}
    for supplier in company.suppliers.values():
        units = [UNIT_IDS[number] for number in supplier.legal_entities if number in entities]
        for twin, number in enumerate(supplier.erp_numbers if units else ()):
            erp.add_supplier(
                f"{supplier.name} ({twin + 1})" if twin else supplier.name,
                number=number,
                units=units,
                taxpayer_id=supplier.tax_id,
                country=supplier.country,
            )
        clock.advance(span / (len(company.suppliers) + 1))


# -- reading both sides at the end ---------------------------------------------------------------------


def report(systems: Systems, company: Company, clock: Clock) -> Report:
    """Return what all systems hold now."""
    entities = {one.chart: one for one in company.legal_entities.values()}
    return Report(
        at=clock.now(),
        source_orders=tuple(
            _source_order(one, entities) for one in systems.coupa.documents("purchase_orders")
        ),
        target_orders=tuple(
            _target_order(name, one) for name, erp in systems.erps.items() for one in erp.orders()
        ),
        source_errors=tuple(sorted(_open_errors(systems.coupa))),
        lies=tuple(sorted(_lies(systems), key=lambda one: (one.told_at, one.document))),
        suppliers=tuple(
            TargetSupplier(
                name,
                str(row.data["SupplierNumber"]),
                str(row.data["Supplier"]),
                str(row.data["TaxpayerId"] or ""),
            )
            for name, erp in systems.erps.items()
            for row in erp.world.tables["suppliers"]
        ),
        supplier_numbers={
            f"{SOURCE}:{one['id']}": str(one["number"] or "") for one in systems.coupa.documents("suppliers")
        },
        vendors=tuple(
            TargetSupplier(
                expense_catalogue.SOURCE, one["VendorCode"], one["VendorName"], str(one.get("TaxID") or "")
            )
            for one in systems.concur.vendors()
        ),
    )


def _lies(systems: Systems) -> Iterator[Lie]:
    plans = {name: erp.faults for name, erp in systems.erps.items()}
    plans |= {SOURCE: systems.coupa.faults, expense_catalogue.SOURCE: systems.concur.faults}
    for name, plan in plans.items():
        for one in plan.applied:
            if one.fault_id.startswith(LIE):
                yield Lie(one.fault_id.removeprefix(LIE), name, one.at)


def _open_errors(coupa: CoupaSimulator) -> Iterator[str]:
    """Yield document and class of each of our errors that is not resolved there."""
    for error in coupa.documents("integration_errors"):
        if not error["resolved"]:
            yield f"{SOURCE}:{error['document-id']} {error['responses'][0]['response-code']}"


def _source_order(document: Document, entities: Mapping[str, LegalEntity]) -> SourceOrder:
    """Read an order as a bookkeeper would: by its lines' stated totals, damaged or not."""
    lines = [one for one in document["order-lines"] if one["status"] != "deleted"]
    buyer = entities[next(_charts(document["order-lines"]))]
    minor = sum(_minor(line["total"], buyer.currency) for line in lines)
    return SourceOrder(
        key=f"{SOURCE}:{document['id']}",
        number=document["po-number"],
        legal_entity=buyer.number,
        currency=buyer.currency,
        status=document["status"],
        total_minor=minor,
        erp_number=(document["custom-fields"] or {}).get("cf-erp-po-number"),
    )


def _charts(lines: list[Document]) -> Iterator[str]:
    for line in lines:
        parts = [line, *(line.get("account-allocations") or ())]
        for part in parts:
            if part.get("account"):
                yield part["account"]["account-type"]["name"]


def _minor(amount: object, currency: str) -> int:
    try:
        return Money.of(Decimal(str(amount)), currency).amount_minor
    except InvalidOperation:
        raise ValueError(f"the stated total {amount!r} of a line is no amount") from None


def _target_order(system: str, view: Mapping[str, Any]) -> TargetOrder:
    return TargetOrder(
        system=system,
        marker=str(view["marker"]),
        number=view["number"],
        status=_TARGET_STATUS[view["status"]],
        currency=view["currency"],
        total_minor=Money.of(view["total"], view["currency"]).amount_minor,
    )
