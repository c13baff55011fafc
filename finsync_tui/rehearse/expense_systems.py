"""The expense tool of one company, and the part of the ERPs that expenses need: filled before the first report."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from adapters.concur.simulator import ConcurSimulator
from adapters.concur.simulator_settings import Settings
from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.simulation import FaultPlan
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_shapes import Employee
from finsync_tui.rehearse.planted import Scenario
from finsync_tui.rehearse.shapes import Company
from store.clock import Clock, VirtualClock

COMPANY_UUID: Final = "6b0a2a5e-40f8-4c1c-9a35-7d8f3b1f7a10"
SYSTEM_ID: Final = "FINSYNC"
SITE: Final = "OFFICE"
PAYMENT_RUN: Final = timedelta(days=7)
IMPORT_MAX: Final = timedelta(minutes=5)
"""A journal import takes from two minutes to this."""
POST_AS: Final = {"DE01": "invoice", "FR01": "invoice", "US01": "journal"}
_TOKEN_LIFE_S: Final = 7 * 24 * 3600
"""Longer than in life: the rehearsed clock jumps half a day at a time, and would need a new one at each step."""
JOURNAL_SOURCE, JOURNAL_CATEGORY = "Finsync", "Expenses"


def make(
    scenario: Scenario, clock: Clock, *, client_id: str, client_secret: str, request_token: str
) -> ConcurSimulator:
    """Return the expense tool as it is set up, faults planned, still empty."""
    return ConcurSimulator(
        clock,
        client_id=client_id,
        client_secret=client_secret,
        company_uuid=COMPANY_UUID,
        request_token=request_token,
        faults=FaultPlan(clock, scenario.faults.get(SOURCE, ())),
        settings=Settings(
            seed=f"concur/{scenario.company.seed}",
            request_token_life_s=None,
            token_life_s=_TOKEN_LIFE_S,
            replaced_refresh_token_s=60,
        ),
    )


def fill(concur: ConcurSimulator, company: Company, clock: VirtualClock, span: timedelta) -> None:
    """Put in the lists behind the fields, and the people, superiors first, spread over `span`."""
    expenses = company.expenses
    _add_lists(concur, company)
    for person in expenses.employees.values():
        _add_user(concur, company, person)
        clock.advance(span / (len(expenses.employees) + 1))
    for person in expenses.employees.values():
        if person.delegates:
            concur.set_delegates(person.login, [expenses.employees[one].login for one in person.delegates])


def _add_lists(concur: ConcurSimulator, company: Company) -> None:
    companies = concur.add_list(
        catalogue.COMPANY_LIST, fields=[f"{one}.{catalogue.COMPANY_FIELD}" for one in ("employee", "report")]
    )
    centres = concur.add_list(
        catalogue.CENTRE_LIST, fields=[f"{one}.{catalogue.CENTRE_FIELD}" for one in ("entry", "allocation")]
    )
    for entity in company.legal_entities.values():
        concur.add_list_item(companies, entity.source_code, entity.name)
    for code, name in {one.source: one.name for one in company.cost_centres}.items():
        concur.add_list_item(centres, code, name)


def _add_user(concur: ConcurSimulator, company: Company, person: Employee) -> None:
    entity = company.legal_entities[person.legal_entity]
    superior = company.expenses.employees[person.superior].login if person.superior else None
    concur.add_user(
        person.login,
        employee_number=person.number,
        given_name=person.first_name,
        family_name=person.last_name,
        country=entity.country,
        currency=entity.currency,
        ledger=catalogue.LEDGERS[entity.number],
        approver=superior,
        manager=superior,
        codes={catalogue.COMPANY_FIELD: entity.source_code},
        roles=("Traveler",) if person.limit is None else ("Traveler", "Expense Approver"),
        approval_limit=person.limit,
        is_active=person.is_active,
        legal_entity=entity.number,
    )


def fill_erp(
    erp: OracleFusionSimulator, system: str, company: Company, units: dict[str, int], sets: list[str]
) -> None:
    """Add the accounts that only expenses use, and everybody whom this ERP pays."""
    entities = {one.number for one in company.entities_of(system)}
    erp.add_journal_source(JOURNAL_SOURCE)
    erp.add_journal_category(JOURNAL_CATEGORY)
    erp.set_value(sets[1], catalogue.BALANCE_CENTRE, description="Balance sheet")
    for code in catalogue.accounts():
        if code.legal_entity in entities and code.target is not None:
            erp.set_value(sets[2], code.target, description=code.name)
    for person in company.expenses.employees.values():
        if person.legal_entity in entities and person.is_payee:
            erp.add_employee(
                person.number,
                person.name,
                email=person.login,
                manager=person.superior,
                units=(units[person.legal_entity],),
                site=SITE,
                legal_entity=person.legal_entity,
                country=company.legal_entities[person.legal_entity].country,
            )
