"""The shape of a merged profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.base import Connection
from finsync_tui.extensions import ExtensionSetup, in_force
from finsync_tui.policies.model import Company, PolicySetup, Ruled
from finsync_tui.profile import patterns
from finsync_tui.profile.approval import ApprovalBasis
from finsync_tui.profile.directory import Directory
from finsync_tui.profile.durations import Due
from finsync_tui.profile.expense import ExpenseSetup
from finsync_tui.profile.invoice import InvoiceSetup
from finsync_tui.profile.outcomes import Outcomes
from finsync_tui.profile.owners import Owners
from finsync_tui.profile.people import Governance, Person
from finsync_tui.profile.privacy import Privacy
from finsync_tui.profile.reconciliation import ReconcileSetup, Reconciliation
from finsync_tui.profile.suppliers import SupplierPolicy
from finsync_tui.profile.tax import TaxPolicy
from store.canonical.currency import exponent
from store.canonical.money import CurrencyCode


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Segment(_Part):
    """One segment of the ERP's combination: a fixed value, or a source segment through a mapping table."""

    name: str
    value: str | None = None
    source: int | None = Field(
        default=None, alias="from", ge=1, description="Number of the source's segment, from 1"
    )
    table: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Segment:
        if (self.value is None) == (self.source is None):
            raise ValueError("a segment has either `value` or `from`")
        return self


class CloseSetup(_Part):
    """How a company accrues at the end of a period."""

    accrual_account: str | None = Field(
        default=None, description="Combination in the ERP that accruals are credited to"
    )
    erp_accrues_receipts: bool = Field(
        default=False, description="The ERP accrues what was received by itself, so no proposal does"
    )
    timezone: str = Field(default="UTC", description="Where the company's days end, e.g. America/New_York")

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin") from None
        return name


class LegalEntitySetup(_Part):
    """Where a company's documents go and how its accounts are written there."""

    name: str
    currency: CurrencyCode
    source_chart: str
    target: str
    ledger: str
    business_unit: str
    delimiter: str = "-"
    segments: tuple[Segment, ...]
    order_approval: ApprovalBasis = Field(
        default=ApprovalBasis(), description="What a doubt about an order's approval does"
    )
    requisition_approval: ApprovalBasis | None = Field(
        default=None,
        description="What a doubt about a requisition's approval does; not set: as of orders, and what would stop is noted",
    )
    region: str = Field(default="", description="What mapping tables call it together with others, e.g. EMEA")
    budget_control: Literal["advisory", "absolute"] = Field(
        default="advisory",
        description="What a known budget that is too small does to an order: is noted, and the ERP's funds check decides; or "
        "stops it, where the ERP has no funds check",
    )
    rate_kind: str | None = Field(
        default=None,
        description="Kind of exchange rate by which other currencies are compared with budgets and approval limits: "
        "Corporate ...; not set: whichever there is, if there is just one",
    )
    funds_check: Literal["known_budgets", "erp"] = Field(
        default="known_budgets",
        description="Who is asked before an order is submitted: the budgets that are known here, or the ERP, which checks "
        "without reserving; the ERP decides with the submission either way",
    )
    changes_in_erp: Literal["ask", "note"] = Field(
        default="ask",
        description="What somebody changes in an issued order in the ERP by hand: a person decides whether it is adopted or "
        "restored; or it is a finding, and the ERP's stands",
    )
    invoice: InvoiceSetup | None = Field(default=None, description="None: no supplier invoices are posted")
    expense: ExpenseSetup | None = Field(
        default=None, description="None: no expenses of this company are posted"
    )
    close: CloseSetup = CloseSetup()

    def day(self, now: datetime) -> date:
        """Return which day it is where the company is: a period ends with its last day there."""
        return now.astimezone(ZoneInfo(self.close.timezone)).date()


class Schedule(_Part):
    """When entities of a system are read: `every` a duration, or a cron line."""

    system: str
    entities: tuple[str, ...] = Field(min_length=1)
    every: Due | None = None
    cron: str | None = None
    timezone: str = "UTC"

    @model_validator(mode="after")
    def _one_rhythm(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("a schedule has either `every` or `cron`")
        if self.every is not None and self.every < timedelta(seconds=10):
            raise ValueError("a schedule runs at most every ten seconds")
        return self


class Flow(_Part):
    """One flow as this company runs it."""

    is_enabled: bool = True
    source: str
    due: dict[str, Due] = Field(default_factory=dict, description="How long each step may take")


class Retry(_Part):
    """How patient we are with one system."""

    attempts_max: int = Field(default=8, ge=1, le=100)
    delay_first: Due = timedelta(seconds=30)
    delay_max: Due = timedelta(hours=6)


class Breaker(_Part):
    """After how many failures in a row a system is left alone, and for how long."""

    failures: int = Field(default=5, ge=1)
    pause: Due = timedelta(minutes=10)


class DeliverySetup(_Part):
    workers: int = Field(default=8, ge=1, le=64)
    batch: int = Field(default=256, ge=1, le=5000)


class Policy(_Part):
    """Metadata the ERP commitment is enriched with."""

    tax_treatment: dict[str, str] = Field(default_factory=lambda: {"default": "standard"})


CONDITIONS: Final[Mapping[str, str]] = {
    "document": "purchase_order, requisition, invoice or expense_document",
    "currency": "ISO 4217, of the document",
    "supplier": "the supplier's number in the system the document comes from",
    "category": "of the line",
    "country": "ISO 3166, where it is used: the invoice's ship-to country, the expense's country",
    "expense_type": "of the expense entry",
}
"""What rules of a mapping table may ask for beside the value itself: the names of the other columns."""
_OF_EXTENSION: Final = re.compile(r"extension\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def is_condition(name: str) -> bool:
    """Say whether a rule may ask for something of that name: also for what a regional extension keeps of the document.

    >>> is_condition("country"), is_condition("extension.it_invoicing.split_payment"), is_condition("colour")
    (True, True, False)
    """
    return name in CONDITIONS or _OF_EXTENSION.fullmatch(name) is not None


class MappingRow(_Part):
    """One rule of a mapping table."""

    source: str = Field(description="One value, a range `4000..4999`, or a pattern with `*`")
    target: str
    scope: str = Field(default="", description="A legal entity, a region of legal entities, or empty for all")
    priority: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    where: tuple[tuple[str, str], ...] = Field(
        default=(),
        exclude_if=lambda where: not where,  # versions from before there were conditions keep their digests
        description="Conditions in the table's other columns: name and cell, in the order of their names",
    )

    @field_validator("source")
    @classmethod
    def _some_value_fits(cls, source: str) -> str:
        span = patterns.span(source)
        if span is not None and span.problem is not None:
            raise ValueError(f"no value lies in the range {source!r}: {span.problem}")
        return source

    @field_validator("where")
    @classmethod
    def _known_conditions(cls, where: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        names = [name for name, _ in where]
        for name, cell in where:
            if not is_condition(name):
                raise ValueError(
                    f"{name!r} is nothing that a rule can ask for; it can ask for {', '.join(CONDITIONS)}, "
                    "extension.NAME.FIELD"
                )
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is asked for twice")
            if not cell:
                raise ValueError(f"the condition {name!r} is empty")
            cls._some_value_fits(cell)
        return tuple(sorted(where))


class Profile(_Part):
    """Everything the layers say, merged."""

    systems: dict[str, Connection]
    legal_entities: dict[str, LegalEntitySetup] = Field(default_factory=dict)
    schedules: dict[str, Schedule] = Field(default_factory=dict)
    flows: dict[str, Flow] = Field(default_factory=dict)
    retry: dict[str, Retry] = Field(default_factory=dict)
    breaker: Breaker = Breaker()
    delivery: DeliverySetup = DeliverySetup()
    extracts: dict[str, Path] = Field(default_factory=dict)
    policy: Policy = Policy()
    policies: dict[str, PolicySetup] = Field(
        default_factory=dict, description="What the company's own rules decide (docs/policies.md)"
    )
    tax: TaxPolicy = TaxPolicy()
    suppliers: SupplierPolicy = SupplierPolicy()
    ownership: dict[str, str] = Field(
        default_factory=dict,
        description="Which system is master of an entity, or of a field: `supplier`, `supplier.bank_accounts`",
    )
    mappings: dict[str, tuple[MappingRow, ...]] = Field(default_factory=dict)
    people: dict[str, Person] = Field(
        default_factory=dict, description="Nobody listed: everybody may do everything"
    )
    directory: Directory | None = Field(
        default=None, description="What the people are held against: accounts and groups of a directory"
    )
    governance: Governance = Governance()
    owners: Owners = Owners()
    outcomes: Outcomes = Outcomes()
    privacy: Privacy = Privacy()
    reconciliations: dict[str, Reconciliation] = Field(
        default_factory=dict, description="What is compared between systems"
    )
    reconcile: ReconcileSetup = ReconcileSetup()
    extensions: dict[str, ExtensionSetup] = Field(
        default_factory=dict,
        description="What regions keep of entities beside the shared contracts: every version, by name and version",
    )

    @property
    def ruled(self) -> Ruled:
        """The parts that rules need."""
        companies = {number: Company(region=one.region) for number, one in self.legal_entities.items()}
        return Ruled(policies=self.policies, legal_entities=companies, extensions=self.extensions)

    @property
    def extending(self) -> tuple[ExtensionSetup, ...]:
        """The extensions in force: the newest version of each."""
        return tuple(in_force(self.extensions.values()).values())

    @property
    def regions(self) -> dict[str, str]:
        """The region of each company that has one: mapping rules for it are rules for the company."""
        return {number: setup.region for number, setup in self.legal_entities.items() if setup.region}

    @property
    def mapping_rule(self) -> Literal["one", "two"]:
        """How many persons a change of a mapping table takes."""
        return self.governance.mapping or ("two" if self.people else "one")

    @property
    def profile_rule(self) -> Literal["one", "two"]:
        """How many persons a change set from another environment takes."""
        return self.governance.profile or ("two" if self.people else "one")

    @property
    def policy_rule(self) -> Literal["one", "two"]:
        """How many persons a change of the company's own rules takes."""
        return self.governance.policy or ("two" if self.people else "one")

    @property
    def write_off_rule(self) -> Literal["one", "two"]:
        """How many persons a write-off takes, whatever its amount."""
        return self.governance.write_off or ("two" if self.people else "one")

    @property
    def adoption_rule(self) -> Literal["one", "two"]:
        """How many persons it takes to give a source its target's value."""
        return self.governance.adoption or ("two" if self.people else "one")

    @property
    def supplier_merge_rule(self) -> Literal["one", "two"]:
        """How many persons it takes to merge two suppliers."""
        return self.governance.supplier_merge or ("two" if self.people else "one")

    @property
    def bank_change_rule(self) -> Literal["one", "two"]:
        """How many persons it takes to let changed bank details through."""
        return self.governance.bank_change or ("two" if self.people else "one")

    def write_off_takes(self, amount_minor: int | None, currency: str | None) -> Literal["one", "two"]:
        """Return how many persons it takes to give up this amount, where no rule says otherwise (governance/limits.py)."""
        limit = self.governance.write_off_below.get(currency or "")
        if self.write_off_rule == "one" or amount_minor is None or currency is None or limit is None:
            return self.write_off_rule
        return "one" if Decimal(abs(amount_minor)).scaleb(-exponent(currency)) < limit else "two"

    def retry_for(self, system: str) -> Retry:
        return self.retry.get(system) or self.retry.get("default") or Retry()

    def legal_entity_of_chart(self, chart: str) -> str | None:
        """Return the number of the legal entity whose source chart this is."""
        return next(
            (number for number, setup in self.legal_entities.items() if setup.source_chart == chart), None
        )

    def policy_text(self) -> dict[str, Any]:
        """Return what decides about documents, for recording as a policy version."""
        rules = {name: one.model_dump(mode="json", exclude={"tests"}) for name, one in self.policies.items()}
        extensions = {one.name: one.model_dump(mode="json", by_alias=True) for one in self.extending}
        return {
            **({"policies": rules} if rules else {}),
            **({"extensions": extensions} if extensions else {}),
            "policy": self.policy.model_dump(mode="json"),
            "tax": self.tax.model_dump(mode="json"),
            "legal_entities": {
                n: e.model_dump(mode="json", by_alias=True, exclude={"close"})
                for n, e in self.legal_entities.items()
            },
        }
