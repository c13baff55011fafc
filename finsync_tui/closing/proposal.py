"""The accrual proposal of a legal entity and period: reads what `accrual` decides about.

It is cumulative: everything that is owed at the period's last day and not booked, whatever period it came from, because
an earlier accrual is reversed on the first day of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from sqlite3 import Connection, Row
from typing import Any

from finsync_tui.closing.accrual import (
    AccrualLine,
    Bearer,
    Frame,
    Part,
    Received,
    invoice_parts,
    of_document,
    of_received,
    with_doubts,
)
from finsync_tui.flows import accounts, deriving, given
from finsync_tui.flows.accounts import Resolved
from finsync_tui.flows.deriving import Derive
from finsync_tui.flows.expense import coding, posting
from finsync_tui.flows.expense.checks import account_key
from finsync_tui.flows.expense.coding import Coding
from finsync_tui.governance.dated import current
from finsync_tui.mapping import Given, Table, standings
from finsync_tui.policies.verdicts import LEDGER_DERIVATION
from finsync_tui.profile import LegalEntitySetup, Profile
from store import records
from store.canonical.expense import ExpenseDocument
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder
from store.closing import Period
from store.columns import from_json

OrderLineKey = tuple[str, str]
"""Order number and line number, as their source writes them."""
_COSTS = ("expense", "non_deductible_tax", "rounding")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to accrue, and on which account the other side stands."""

    legal_entity: str
    ledger: str
    period: str
    lines: tuple[AccrualLine, ...]
    offset_account: str | None
    """Combination that accruals are credited to, where the profile names one."""
    skipped: str = ""
    """What was left out, and why."""

    def totals(self, *, is_bookable: bool | None = None) -> dict[str, int]:
        """Return the sums in minor units by currency, of all lines or of those that can be booked, or can't."""
        found: dict[str, int] = {}
        for line in self.lines:
            if is_bookable is None or line.is_bookable == is_bookable:
                found[line.amount.currency] = found.get(line.amount.currency, 0) + line.amount.amount_minor
        return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class _Books:
    """How one company's accounts are written in the ERP, as of the period's last day."""

    setup: LegalEntitySetup
    tables: Mapping[str, Table]
    legal_entity: str
    on: date
    derive: Derive | None

    def resolve(
        self, document: Given, segments: Sequence[str], shown: str, category: str | None
    ) -> str | None:
        """Return the combination for a source's account, where mapping tables have one by now."""
        found = accounts.combination(
            self.setup, self.tables, segments, shown=shown, scope=self.legal_entity, on=self.on,
            given=given.of_line(document, category), derive=self.derive,
        )  # fmt: skip
        return found.charge_account if isinstance(found, Resolved) else None

    def expense(self, document: ExpenseDocument, account: posting.Account) -> str | None:
        assert self.setup.expense is not None
        known = Coding(
            self.setup,
            self.setup.expense,
            self.tables,
            self.legal_entity,
            self.on,
            given.of_expenses(document),
            self.derive,
        )
        found = coding.resolve(known, account)
        return found.charge_account if isinstance(found, Resolved) else None


def propose(db: Connection, profile: Profile, legal_entity: str, period: Period) -> Proposal:
    """Return what is to be accrued in a period, document by document."""
    setup = profile.legal_entities[legal_entity]
    in_force = {name: one.table for name, one in standings(db, profile).items()}
    judge = current(db, profile, period.ends_on).get(LEDGER_DERIVATION)
    derive = deriving.by(judge, legal_entity, setup.region or "", period.ends_on)
    books = _Books(setup, in_force, legal_entity, period.ends_on, derive)
    frame = Frame(period.ends_on, setup.delimiter, tuple(one.name for one in setup.segments))
    lines: list[AccrualLine] = []
    if not setup.close.erp_accrues_receipts:
        for received in _received(db, legal_entity, period):
            bearers = _order_bearers(db, books, received.order_key, received.line)
            lines += of_received(received, bearers, frame)
    for row in _unposted(db, legal_entity, period):
        lines += _of_unposted(db, books, frame, row)
    return Proposal(
        legal_entity, period.ledger, period.name, tuple(with_doubts(lines)), setup.close.accrual_account,
        "what was received and not invoiced: the ERP accrues it by itself" if setup.close.erp_accrues_receipts else "",
    )  # fmt: skip


_RECEIVED = """
WITH wanted(order_key, line) AS (
  SELECT document_key, line_number FROM commitment_line
  WHERE legal_entity = :entity AND stage = 'obligation' AND line_number IS NOT NULL
  UNION
  SELECT w.document_key, json_extract(l.value, '$.number')
  FROM workflow w
  JOIN record_version v ON v.external_id = substr(w.document_key, instr(w.document_key, ':') + 1)
    AND v.version = w.document_version AND v.system = substr(w.document_key, 1, instr(w.document_key, ':') - 1)
    AND v.entity = 'purchase_order'
  JOIN json_each(v.body, '$.lines') l
  WHERE w.flow = 'requisition_to_pay' AND w.legal_entity = :entity AND w.ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM commitment_line c WHERE c.document_key = w.document_key AND c.stage = 'obligation')
), ordered AS (
  SELECT w.order_key, w.line, o.system, o.number AS order_number, json_extract(v.body, '$.supplier_name') AS supplier,
         json_extract(v.body, '$.currency') AS currency, l.value AS body
  FROM wanted w
  JOIN record o ON o.external_id = substr(w.order_key, instr(w.order_key, ':') + 1) AND o.entity = 'purchase_order'
    AND o.system = substr(w.order_key, 1, instr(w.order_key, ':') - 1)
  JOIN record_version v ON v.id = o.version_id
  JOIN json_each(v.body, '$.lines') l ON json_extract(l.value, '$.number') = w.line
), arrived AS (
  SELECT o.order_key, o.line, count(*) AS receipt_count, group_concat(json_extract(v.body, '$.quantity'), ' ') AS quantities,
         sum(json_extract(v.body, '$.amount.amount_minor')) AS minor
  FROM ordered o
  JOIN identity i ON i.value = o.order_number || '/' || o.line AND i.kind = 'order_line'
  JOIN record r ON r.id = i.record_id AND r.entity = 'receipt' AND r.system = o.system
  JOIN record_version v ON v.id = r.version_id
  WHERE json_extract(v.body, '$.status') = 'received' AND json_extract(v.body, '$.kind') <> 'disposal'
    AND json_extract(v.body, '$.received_on') <= :last
  GROUP BY o.order_key, o.line
), taken AS (
  SELECT o.order_key, o.line, sum(json_extract(t.value, '$.amount.amount_minor')) AS minor,
         group_concat(json_extract(t.value, '$.quantity'), ' ') AS quantities,
         count(*) - count(json_extract(t.value, '$.quantity')) AS unmeasured
  FROM ordered o
  JOIN identity i ON i.value = o.order_number || '/' || o.line AND i.kind = 'order_line'
  JOIN record r ON r.id = i.record_id AND r.entity = 'invoice' AND r.system = o.system
  JOIN record_version v ON v.id = r.version_id
  JOIN json_each(v.body, '$.lines') t ON json_extract(t.value, '$.order_number') = o.order_number
    AND json_extract(t.value, '$.order_line') = o.line AND json_extract(t.value, '$.kind') = 'item'
  WHERE json_extract(v.body, '$.status') = 'approved' AND coalesce(
    (SELECT a.accounting_on FROM workflow w JOIN v_accounting_day a ON a.workflow_id = w.id
     WHERE w.document_key = r.system || ':' || r.external_id AND w.entity = 'invoice' ORDER BY w.id DESC LIMIT 1),
    json_extract(v.body, '$.accounting_on'), json_extract(v.body, '$.invoiced_on')) <= :last
  GROUP BY o.order_key, o.line
)
SELECT o.order_key, o.order_number, o.line, coalesce(o.supplier, '') AS supplier, o.currency,
       json_extract(o.body, '$.amount.amount_minor') AS ordered_minor, json_extract(o.body, '$.quantity') AS ordered,
       a.minor AS received_minor, a.quantities AS received, coalesce(t.minor, 0) AS invoiced_minor,
       t.quantities AS invoiced, coalesce(t.unmeasured, 0) AS unmeasured, a.receipt_count
FROM ordered o JOIN arrived a ON a.order_key = o.order_key AND a.line = o.line
LEFT JOIN taken t ON t.order_key = o.order_key AND t.line = o.line
ORDER BY o.order_number, o.line
"""


def _received(db: Connection, legal_entity: str, period: Period) -> Iterator[Received]:
    """Yield the order lines of which anything arrived. Quantities are decimal text: they are added up here, exactly."""
    for row in db.execute(_RECEIVED, {"entity": legal_entity, "last": period.ends_on.isoformat()}):
        yield Received(
            row["order_key"], row["order_number"], row["line"], row["supplier"], row["currency"], row["ordered_minor"],
            Decimal(row["ordered"]) if row["ordered"] is not None else None, row["received_minor"],
            _sum(row["received"]), None if row["unmeasured"] else _sum(row["invoiced"]), row["invoiced_minor"],
            row["receipt_count"],
        )  # fmt: skip


def _sum(numbers: str | None) -> Decimal:
    return sum((Decimal(one) for one in (numbers or "").split()), Decimal(0))


def _order_bearers(db: Connection, books: _Books, order_key: str, line: str) -> tuple[Bearer, ...]:
    """Who bears an order line: as the ERP holds it, else as its source writes it."""
    rows = db.execute(
        "SELECT charge_account, amount_minor FROM commitment_line WHERE document_key=? AND line_number=?"
        " AND stage='obligation' ORDER BY distribution",
        (order_key, line),
    ).fetchall()
    if rows:
        return tuple(Bearer(account, account, weight) for account, weight in rows)
    key = RecordKey.parse(order_key)
    held = records.get(db, PurchaseOrder, key.system, key.external_id)
    if held is None:
        return ()
    resolve = partial(books.resolve, given.of_order(held.record))
    return tuple(
        Bearer(resolve(part.segments, part.account, one.category), part.account, part.amount.amount_minor)
        for one in held.record.lines
        if one.number == line
        for part in one.distributions
    )


def _unposted(db: Connection, legal_entity: str, period: Period) -> Iterator[Row]:
    """Yield the processes of approved invoices and expenses that the ERP has not taken by now."""
    yield from db.execute(
        "SELECT w.*, CASE WHEN w.state='held' THEN c.waits_for ELSE '' END AS doubt FROM v_close_item c JOIN workflow w ON w.id=c.workflow_id"
        " WHERE c.legal_entity=? AND c.accounting_on<=? AND c.reason IN ('in_flight', 'unposted')"
        " AND w.entity IN ('invoice', 'expense_document') AND w.kind IN ('post', 'advance')"
        " AND EXISTS (SELECT 1 FROM v_unposted u WHERE u.id=w.id) ORDER BY w.entity, w.document_number, w.document_key",
        (legal_entity, period.ends_on.isoformat()),
    )


def _of_unposted(db: Connection, books: _Books, frame: Frame, row: Row) -> list[AccrualLine]:
    key, data = RecordKey.parse(row["document_key"]), from_json(row["data"])
    if row["entity"] == Invoice.entity:
        invoice = records.get_version(db, Invoice, key.system, key.external_id, row["document_version"])
        if invoice is None or invoice.record.kind == "prepayment":
            return []
        parts = _invoice_parts(db, books, key.system, invoice.record, data)
        currency, party = invoice.record.currency, invoice.record.supplier_name or ""
    else:
        document = records.get_version(
            db, ExpenseDocument, key.system, key.external_id, row["document_version"]
        )
        if document is None:
            return []
        parts = _expense_parts(books, document.record, data)
        currency, party = (
            document.record.currency,
            document.record.employee_name or document.record.employee_id,
        )
    return of_document(
        parts, currency=currency, frame=frame, entity=row["entity"], document_key=row["document_key"],
        document_number=row["document_number"], party=party, doubt=row["doubt"] or "",
    )  # fmt: skip


def _invoice_parts(
    db: Connection, books: _Books, system: str, invoice: Invoice, data: Mapping[str, Any]
) -> list[Part]:
    orders = {
        (line.order_number, line.order_line)
        for line in invoice.lines
        if line.kind == "item" and line.order_number and line.order_line
    }
    of_order: dict[OrderLineKey, tuple[Bearer, ...]] = {}
    for number, line in sorted(orders):
        held = records.find_by_number(db, PurchaseOrder, system, number)
        if held is not None:
            of_order[number, line] = _order_bearers(db, books, str(held.key), line)
    lost = ((data.get("tax") or {}).get("non_recoverable") or {}).get("amount_minor", 0)
    sign = -1 if invoice.total.amount_minor < 0 else 1
    resolve = partial(books.resolve, given.of_invoice(invoice))
    return invoice_parts(invoice, data.get("accounts") or {}, of_order, resolve, sign * abs(lost))


def _expense_parts(books: _Books, document: ExpenseDocument, data: Mapping[str, Any]) -> list[Part]:
    """What charges the company. One that can't be read as a posting is accrued as a whole, without an account."""
    decided = data.get("accounts") or {}
    if books.setup.expense is None:
        return []
    try:
        lines = posting.lines(document, books.setup.expense)
    except posting.PostingError as error:
        return [Part(document.control_total.amount_minor, (Bearer(None, ""),), str(error))]
    return [
        Part(
            line.amount_minor,
            (
                Bearer(
                    decided.get(account_key(line.account)) or books.expense(document, line.account),
                    _shown(line.account),
                ),
            ),
            line.text,
        )
        for line in lines
        if line.account.role in _COSTS
    ]


def _shown(account: posting.Account) -> str:
    return "/".join(filter(None, (account.cost_centre, account.code, account.expense_type)))
