"""Everything one simulated Fusion instance remembers, and the small rules that all of it shares."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_billing import Billing, load_billing
from adapters.oracle_fusion.simulator_catalogue import catalogue
from adapters.oracle_fusion.simulator_ledger import (
    Books,
    Chart,
    SegmentValue,
    check_shape,
    check_value,
    dump_books,
    load_books,
)
from adapters.oracle_fusion.simulator_messages import Problem, problem
from adapters.oracle_fusion.simulator_payload import filled
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row, Table, Value, load_row, opaque_key, stamp
from adapters.oracle_fusion.simulator_settings import SimulatorSettings
from store.clock import Clock, instant, text

STATE_VERSION: Final = 1


@dataclass(slots=True)
class Order:
    """One purchase order: what is edited, what is in force, and what it waits for."""

    id: int
    draft: Row
    """The tree of `draftPurchaseOrders`: a new order, or an issued one with its changes."""
    approved: Row | None = None
    """The same tree as it was approved last."""
    due_at: datetime | None = None
    """When the approval that is under way ends."""
    submission_count: int = 0
    submitted_on: date | None = None
    funds_before: dict[int, Decimal] = field(default_factory=dict)
    """Reservations when the change under way was submitted."""
    budget_days: dict[int, date] = field(default_factory=dict)
    """On which day each approved distribution took its funds, by distribution id."""

    @property
    def number(self) -> str:
        return str(self.draft.data["OrderNumber"])

    @property
    def is_issued(self) -> bool:
        return self.approved is not None


class World:
    """Tables, books, orders and counters of one instance."""

    def __init__(self, clock: Clock, settings: SimulatorSettings) -> None:
        self.clock = clock
        self.settings = settings
        self.catalogue: dict[str, Resource] = catalogue(settings)
        self.tables = {name: Table(one) for name, one in self.catalogue.items()}
        self.books = Books()
        self.orders: dict[int, Order] = {}
        self.due: list[tuple[datetime, int, int]] = []
        """(when, order, which submission): approvals under way, as a heap."""
        self.categories: dict[int, str] = {}
        self.locations: dict[int, str] = {}
        """Ship-to locations by id; when there are none, any id will do."""
        self.organizations: dict[int, str] = {}
        self.journal_sources: dict[str, None] = {}
        """Journal sources; when there are none, any will do. Categories likewise."""
        self.journal_categories: dict[str, None] = {}
        self.posting_due: list[tuple[datetime, int]] = []
        """(when, batch): batches that are posted by themselves."""
        self.validation_due: list[tuple[datetime, int]] = []
        """(when, invoice): invoices that are validated by themselves."""
        self.billing = Billing()
        self.rates: dict[tuple[str, str, str, str], Decimal] = {}
        """By currencies, type and day; while there is none, every day has one."""
        self.requisitions_due: list[tuple[str, int]] = []
        """(when, requisition): approvals under way."""
        self.receipts_due: list[tuple[str, int]] = []
        """(resource, id): receiving requests that wait for the processor."""
        self.numbers: dict[tuple[str, str], int] = {}
        """Order ids by legal entity and order number."""
        self._values: dict[str, dict[str, Row]] = {}
        """Segment values by value set and value, built when first asked for."""
        self._last_id = settings.first_id - 1
        self._last_number = settings.first_order_number - 1
        self._last_supplier_number = settings.first_supplier_number - 1
        self._last_requisition_number = settings.first_requisition_number - 1
        self._last_receipt_number = settings.first_receipt_number - 1

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        return self.now().date()

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def keep_id(self, used: int) -> None:
        """Never hand out an id that the scenario chose."""
        self._last_id = max(self._last_id, used)

    def new_number(self) -> str:
        self._last_number += 1
        return str(self._last_number)

    def new_requisition_number(self) -> str:
        self._last_requisition_number += 1
        return str(self._last_requisition_number)

    def new_receipt_number(self) -> str:
        self._last_receipt_number += 1
        return str(self._last_receipt_number)

    def new_supplier_number(self) -> str:
        self._last_supplier_number += 1
        return str(self._last_supplier_number)

    def new_row(self, resource: Resource, data: Mapping[str, Value], at: datetime | None = None) -> Row:
        """Make a row with all its attributes; one without a key gets the next id."""
        whole = filled(resource, data)
        if whole[resource.key] is None and resource.attributes[resource.key].kind == "id":
            whole[resource.key] = self.new_id()
        when = stamp(at or self.now())
        for name in ("CreationDate", "LastUpdateDate", "creationDate", "lastUpdateDate"):
            if name in resource.attributes and whole[name] is None:
                whole[name] = when
        key = whole[resource.key]
        has_hash = resource.has_opaque_key and isinstance(key, int)
        return Row(resource, opaque_key(key, 1) if has_hash and isinstance(key, int) else str(key), whole)

    def row(self, resource: str, row_id: Value) -> Row | None:
        return self.tables[resource].get(row_id)

    def value_set(self, code: str) -> Row | None:
        return self.tables["valueSets"].first("ValueSetCode", code)

    def segment_value(self, code: str, value: str) -> SegmentValue | None:
        found = self.value_row(code, value)
        if found is None:
            return None
        data = found.data
        return SegmentValue(
            data["EnabledFlag"] != "N", _text(data["StartDateActive"]), _text(data["EndDateActive"])
        )

    def value_row(self, code: str, value: str) -> Row | None:
        value_set = self.value_set(code)
        if value_set is None:
            return None
        rows = value_set.of("values")
        by_value = self._values.get(code)
        if by_value is None or len(by_value) != len(rows):
            by_value = self._values[code] = {str(one.data["Value"]): one for one in rows}
        return by_value.get(value)

    def check_account(self, account: str, chart: Chart, day: date) -> list[Problem]:
        """Return what speaks against charging `account` on `day`."""
        shape = check_shape(account, chart)
        if shape:
            return [shape]
        values = account.split(chart.delimiter)
        found = [
            check_value(account, segment, value, self.segment_value(segment.value_set, value), day)
            for segment, value in zip(chart.segments, values, strict=True)
        ]
        found.append(self.books.check_rules(account, chart))
        problems = [one for one in found if one]
        if problems:
            return problems
        known = self._check_combination(account, chart, day)
        return [known] if known else []

    def _check_combination(self, account: str, chart: Chart, day: date) -> Problem | None:
        names = self.settings.combination_names
        row = self.combination(account, chart)
        if row is None:
            return None if chart.is_dynamic else problem("ACCOUNT_MISSING", account=account)
        state = SegmentValue(
            row.data[names.enabled] != "N", _text(row.data[names.starts]), _text(row.data[names.ends])
        )
        if not state.is_enabled:
            return problem("ACCOUNT_DISABLED", account=account)
        if not state.is_active_on(day):
            return problem("ACCOUNT_NOT_ACTIVE", account=account, day=day.isoformat())
        return None

    def combination(self, account: str, chart: Chart) -> Row | None:
        names = self.settings.combination_names
        found = self.tables["accountCombinationsLOV"].find(names.combination, account)
        return next((row for row in found if row.data[names.chart] == chart.id), None)

    def use_combination(self, account: str, chart: Chart) -> Row:
        """Return a combination, created on the spot when it did not exist."""
        return self.combination(account, chart) or self.add_combination(account, chart)

    def add_combination(self, account: str, chart: Chart, given: Mapping[str, Value] | None = None) -> Row:
        names = self.settings.combination_names
        segments = dict(zip(self.settings.segment_attributes, account.split(chart.delimiter), strict=False))
        data: Data = {
            names.chart: chart.id,
            names.enabled: "Y",
            names.combination: account,
            **segments,
            **(given or {}),
        }
        table = self.tables["accountCombinationsLOV"]
        return table.put(self.new_row(table.resource, data))

    def rate_of(self, document: Data, currency: str) -> Decimal | None:
        """Return the rate by which a document is converted."""
        names = ("InvoiceCurrency", "ConversionRateType", "ConversionDate")
        given, kind, day = (str(document[name]) for name in names)
        return self.rates.get((given, currency, kind, day))

    def await_approval(self, order: Order, until: datetime) -> None:
        order.due_at = until
        heapq.heappush(self.due, (until, order.id, order.submission_count))

    def await_posting(self, batch: Row, since: datetime) -> None:
        """Have a journal batch posted after a while, where the pod does so by itself."""
        after = self.settings.posts_journals_after
        if after is not None and isinstance(batch.id, int):
            heapq.heappush(self.posting_due, (since + after, batch.id))

    def await_validation(self, invoice: Row) -> None:
        """Have an invoice validated after a while, where the pod does so by itself."""
        after = self.settings.validates_invoices_after
        if after is not None and isinstance(invoice.id, int):
            heapq.heappush(self.validation_due, (self.now() + after, invoice.id))

    def next_due(self) -> tuple[Order, datetime] | None:
        """Take the next approval that time has reached."""
        while self.due and self.due[0][0] <= self.now():
            at, order_id, submission = heapq.heappop(self.due)
            order = self.orders.get(order_id)
            if order is not None and order.submission_count == submission and order.due_at == at:
                return order, at
        return None

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON values; settings and clock are not part of it."""
        tables = {
            name: [row.dump() for row in table]
            for name, table in self.tables.items()
            if name != "draftPurchaseOrders"
        }
        return {
            "version": STATE_VERSION,
            "tables": tables,
            "books": dump_books(self.books),
            "orders": [_dump_order(one) for one in self.orders.values()],
            "due": [[text(at), order, submission] for at, order, submission in self.due],
            "categories": [[key, name] for key, name in self.categories.items()],
            "locations": [[key, name] for key, name in self.locations.items()],
            "organizations": [[key, name] for key, name in self.organizations.items()],
            "journal_sources": list(self.journal_sources),
            "journal_categories": list(self.journal_categories),
            "posting_due": [[text(at), batch] for at, batch in self.posting_due],
            "validation_due": [[text(at), invoice] for at, invoice in self.validation_due],
            "rates": [[*key, str(rate)] for key, rate in self.rates.items()],
            "billing": self.billing.dump(),
            "receipts_due": [[name, key] for name, key in self.receipts_due],
            "requisitions_due": [[at, key] for at, key in self.requisitions_due],
            "last_requisition_number": self._last_requisition_number,
            "last_receipt_number": self._last_receipt_number,
            "numbers": [[*key, order] for key, order in self.numbers.items()],
            "last_id": self._last_id,
            "last_number": self._last_number,
            "last_supplier_number": self._last_supplier_number,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Become what `dump()` described."""
        if state["version"] != STATE_VERSION:
            raise ValueError(f"a simulator state of version {state['version']} cannot be read")
        for table in self.tables.values():
            table.clear()
        for name, rows in state["tables"].items():
            for row in rows:
                self.tables[name].put(load_row(self.catalogue[name], row))
        self.books = load_books(state["books"])
        self._values = {}
        self.orders = {}
        drafts = self.tables["draftPurchaseOrders"]
        for one in state["orders"]:
            order = _load_order(drafts.resource, one)
            self.orders[order.id] = order
            drafts.put(order.draft)
        self.due = [(instant(at), order, submission) for at, order, submission in state["due"]]
        heapq.heapify(self.due)
        self.categories = dict(state["categories"])
        self.locations = dict(state["locations"])
        self.organizations = dict(state["organizations"])
        self.journal_sources = dict.fromkeys(state.get("journal_sources", ()))
        self.journal_categories = dict.fromkeys(state.get("journal_categories", ()))
        self.posting_due = [(instant(at), batch) for at, batch in state.get("posting_due", ())]
        heapq.heapify(self.posting_due)
        self.validation_due = [(instant(at), invoice) for at, invoice in state.get("validation_due", ())]
        heapq.heapify(self.validation_due)
        self.rates = {(a, b, kind, day): Decimal(rate) for a, b, kind, day, rate in state.get("rates", ())}
        self.billing = load_billing(state.get("billing", {}))
        self.receipts_due = [(name, key) for name, key in state.get("receipts_due", ())]
        self.requisitions_due = [(at, key) for at, key in state.get("requisitions_due", ())]
        self._last_requisition_number = state.get("last_requisition_number", self._last_requisition_number)
        self._last_receipt_number = state.get("last_receipt_number", self._last_receipt_number)
        self.numbers = {(entity, number): order for entity, number, order in state["numbers"]}
        self._last_id = state["last_id"]
        self._last_number = state["last_number"]
        self._last_supplier_number = state["last_supplier_number"]


def _dump_order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "draft": order.draft.dump(),
        "approved": order.approved.dump() if order.approved else None,
        "due_at": text(order.due_at) if order.due_at else None,
        "submission_count": order.submission_count,
        "submitted_on": order.submitted_on.isoformat() if order.submitted_on else None,
        "funds_before": [[index, str(amount)] for index, amount in order.funds_before.items()],
        "budget_days": [[key, day.isoformat()] for key, day in order.budget_days.items()],
    }


def _load_order(resource: Resource, state: Mapping[str, Any]) -> Order:
    return Order(
        state["id"],
        load_row(resource, state["draft"]),
        load_row(resource, state["approved"]) if state["approved"] else None,
        instant(state["due_at"]) if state["due_at"] else None,
        state["submission_count"],
        date.fromisoformat(state["submitted_on"]) if state["submitted_on"] else None,
        {index: Decimal(amount) for index, amount in state["funds_before"]},
        {key: date.fromisoformat(day) for key, day in state["budget_days"]},
    )


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
