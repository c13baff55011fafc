"""A decided order, invoice or expense document asked again, under the versions of the tables and rules that decided it and as of its day.

What is recorded with each commitment (version of the policy, versions of the mapping tables) is enough for it: whatever has changed
since, the same document gives the same accounts, the same tax treatment and the same rules. Where it does not, somebody has
written into the file, or a newer finsync reads old rules otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui import policy
from finsync_tui.extensions import ExtensionSetup
from finsync_tui.flows import accounts, deriving, given
from finsync_tui.flows.accounts import Resolved, Unresolved
from finsync_tui.flows.expense import checks as expense_checks
from finsync_tui.flows.expense import subject as expense_subject
from finsync_tui.flows.invoice import accounting, subject
from finsync_tui.flows.steps import Context, Facts
from finsync_tui.mapping import Table
from finsync_tui.mapping.history import rows_at
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.ruling import judges
from finsync_tui.policies.verdicts import LEDGER_DERIVATION, Judging, UndecidedError
from finsync_tui.profile import LegalEntitySetup, Profile
from finsync_tui.profile.tax import TaxPolicy
from store import records, rulesets, workflows
from store.canonical.expense import ExpenseDocument
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder
from store.errors import NotAllowedError
from store.workflows import Workflow

_CODED: Final = "resolve_accounts"
_TAX: Final = "order_tax"


@dataclass(frozen=True, slots=True)
class Basis:
    """What decided then: companies, tables and rules as they are recorded."""

    companies: Mapping[str, LegalEntitySetup]
    tax_treatment: Mapping[str, str]
    tables: Mapping[str, Table]
    judges: Mapping[str, Judging]
    tax: TaxPolicy

    @property
    def regions(self) -> Mapping[str, str]:
        """The region of each company that has one."""
        return {number: setup.region for number, setup in self.companies.items() if setup.region}


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that was decided, and what the same versions say of it today."""

    what: str
    decided: str | None
    again: str | None

    @property
    def is_same(self) -> bool:
        return self.decided == self.again


@dataclass(frozen=True, slots=True)
class Again:
    """A document and what was compared."""

    document_key: str
    on: date
    policy_version: str
    mapping_version: str
    compared: tuple[Compared, ...]


def basis(db: Connection, policy_version: str, mapping_version: str) -> Basis:
    """Return what these recorded versions say (`requisition_to_pay/4`, `account/1,cost_centre/3`)."""
    name, _, number = policy_version.partition("/")
    recorded = rulesets.get(db, "policy", name, int(number))
    if name != policy.NAME or recorded is None:
        raise NotAllowedError(
            f"policy version {policy_version} is not recorded in this store. Nothing was compared."
        )
    read: dict[str, Any] = json.loads(recorded.body)
    companies = {key: LegalEntitySetup.model_validate(one) for key, one in read["legal_entities"].items()}
    extensions = [ExtensionSetup.model_validate(one) for one in read.get("extensions", {}).values()]
    rules = {key: PolicySetup.model_validate(one) for key, one in read.get("policies", {}).items()}
    regions = {key: one.region for key, one in companies.items() if one.region}
    return Basis(
        companies, read["policy"].get("tax_treatment", {}), dict(_tables(db, mapping_version, regions)), judges(rules, extensions),
        TaxPolicy.model_validate(read.get("tax", {})),
    )  # fmt: skip


def _tables(db: Connection, mapping_version: str, regions: Mapping[str, str]) -> Iterator[tuple[str, Table]]:
    for one in filter(None, mapping_version.split(",")):
        name, _, number = one.partition("/")
        rows = rows_at(db, name, int(number))
        if rows is None:
            raise NotAllowedError(
                f"version {number} of {name} is not recorded in this store. Nothing was compared."
            )
        yield name, Table(name, int(number), rows, regions)


def of_order(db: Connection, document_key: str) -> Again:
    """Ask an order again as its newest commitment was decided; an order that was never decided is an error."""
    found = next(
        filter(None, (_decided(db, one) for one in _newest_first(db, document_key, PurchaseOrder.entity))),
        None,
    )
    if found is None:
        raise NotAllowedError(
            f"{document_key} is no order whose accounts were decided here. Nothing was compared. "
            "`finsync explain DOCUMENT` tells where it stands."
        )
    flow, at, coded = found
    metadata = flow.data["policy"]
    then = basis(db, metadata["policy_version"], metadata["mapping_version"])
    number = str(flow.data["legal_entity"])
    on = then.companies[number].day(at)
    key = RecordKey.parse(document_key)
    held = records.get_version(db, PurchaseOrder, key.system, key.external_id, flow.document_version)
    assert held is not None, "what was decided stays"
    compared = [
        *_accounts(then, held.record, number, on, coded),
        Compared("tax treatment", metadata.get("tax_treatment"), _tax(then, held.record, number, at)),
    ]
    return Again(document_key, on, metadata["policy_version"], metadata["mapping_version"], tuple(compared))


def of_document(db: Connection, entity: str, document_key: str, profile: Profile) -> Again:
    """Ask a document again by the versions that decided it, as of its posting date; what was never decided here is an error."""
    if entity == Invoice.entity:
        return _of_posting(db, entity, document_key, profile, _of_invoice)
    if entity == ExpenseDocument.entity:
        return _of_posting(db, entity, document_key, profile, _of_expenses)
    return of_order(db, document_key)


_Found = Iterator[tuple[str, Resolved | Unresolved]]


def _of_invoice(context: Context, on: date) -> _Found:
    return accounting.needed(context, subject.invoice(context), on)


def _of_expenses(context: Context, on: date) -> _Found:
    document = expense_subject.document(context)
    return ((key, found) for key, _, found in expense_checks.needed(context, document, on))


def _of_posting(
    db: Connection,
    entity: str,
    document_key: str,
    profile: Profile,
    needed: Callable[[Context, date], _Found],
) -> Again:
    flow = next(
        (
            one
            for one in _newest_first(db, document_key, entity)
            if {"decided_by", "accounts"} <= one.data.keys()
        ),
        None,
    )
    if flow is None:
        raise NotAllowedError(
            f"{document_key} is no {entity.replace('_', ' ')} whose accounts were decided here, or an earlier finsync did. Nothing was "
            "compared. `finsync explain DOCUMENT` tells where it stands."
        )
    by, on = flow.data["decided_by"], date.fromisoformat(flow.data["accounting_on"])
    then = basis(db, by["policy_version"], by["mapping_version"])
    as_then = profile.model_copy(update={"legal_entities": dict(then.companies), "tax": then.tax})
    facts = Facts(as_then, then.tables, by["policy_version"], by["mapping_version"], then.judges)
    context = Context(db, flow.started_at, facts, flow, dict(flow.data), is_trial=True)
    again = {
        key: found.cause if isinstance(found, Unresolved) else found.charge_account
        for key, found in needed(context, on)
    }
    coded: Mapping[str, str] = flow.data["accounts"]
    compared = [
        Compared(f"account of {key.rstrip('/')}", coded.get(key), again.get(key))
        for key in dict.fromkeys([*coded, *again])
    ]
    return Again(document_key, on, by["policy_version"], by["mapping_version"], tuple(compared))


def _newest_first(db: Connection, document_key: str, entity: str) -> list[Workflow]:
    found = workflows.of_document(db, document_key, entity)
    return sorted(found, key=lambda one: one.id, reverse=True)


def _decided(db: Connection, flow: Workflow) -> tuple[Workflow, datetime, Mapping[str, str]] | None:
    """Return a process that coded its order and by which versions, when it did, and the accounts."""
    if "policy" not in flow.data or "legal_entity" not in flow.data:
        return None
    done = [one for one in workflows.steps(db, flow.id) if one.name == _CODED and "accounts" in one.detail]
    return (flow, done[-1].started_at, done[-1].detail["accounts"]) if done else None


def _accounts(
    then: Basis, order: PurchaseOrder, number: str, on: date, coded: Mapping[str, str]
) -> Iterator[Compared]:
    document = given.of_order(order)
    derive = deriving.by(then.judges.get(LEDGER_DERIVATION), number, then.regions.get(number, ""), on)
    for line in order.lines:
        for part in line.distributions:
            place = f"{line.number}/{part.number}"
            if line.is_cancelled or place not in coded:
                continue
            found = accounts.combination(
                then.companies[number], then.tables, part.segments, shown=part.account, scope=number, on=on,
                given=given.of_line(document, line.category), derive=derive,
            )  # fmt: skip
            again = found.cause if isinstance(found, Unresolved) else found.charge_account
            yield Compared(f"account of {place}", coded[place], again)


def _tax(then: Basis, order: PurchaseOrder, number: str, at: datetime) -> str | None:
    judge = then.judges.get(_TAX)
    if judge is not None:
        try:
            said = judge.ask({"order": order}, number, then.regions.get(number, ""), at.date())
        except UndecidedError as error:
            return str(error)
        if said:
            return said[0].then
    return then.tax_treatment.get(policy.category(order) or "", then.tax_treatment.get("default"))
