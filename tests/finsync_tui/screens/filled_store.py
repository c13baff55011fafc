"""A store as it looks on a busy afternoon of a rehearsal: made by the store's own functions, the same each time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from sqlite3 import Connection

from finsync_tui.settings import Workspace, create_workspace, load_workspace
from store import (
    audit,
    cases,
    crossrefs,
    engine,
    events,
    findings,
    meta,
    outbox,
    records,
    runs,
    systems,
    watermarks,
    workflows,
)
from store.calls import Call, packed
from store.canonical.event import Event, event_type
from store.canonical.purchasing import PurchaseOrder
from store.clock import VirtualClock, instant, text
from store.database import Store, open_store
from tests.builders import a_commitment, a_commitment_line, a_purchase_order, an_order_line

NOW = instant("2026-03-14T10:00:00Z")
"""The engine's virtual time."""
MACHINE_NOW = instant("2026-11-02T09:30:00Z")
"""The time of the machine the test says it is on."""
SEED = 7

HELD: Sequence[tuple[str, str, str, str]] = (
    ("MAPPING_MISSING", "resolve_accounts", "no row of table cost_centre maps {cc} for {le}", "Add {cc} to mappings/cost_centre.csv, then retry."),
    ("SUPPLIER_UNKNOWN", "confirm_supplier", "supplier {supplier} is not known in {erp}", "Onboard the supplier in {erp} with the same tax number, then retry."),
    ("SUPPLIER_AMBIGUOUS", "confirm_supplier", "supplier {supplier} exists twice in {erp}", "Merge or inactivate one of the two suppliers in {erp}, then retry."),
    ("SUPPLIER_INACTIVE", "confirm_supplier", "supplier {supplier} is inactive in {erp}", "Reactivate the supplier, or cancel the order in the procurement system."),
    ("ACCOUNT_INVALID", "resolve_accounts", "combination 01-{cc}-7110-0000-000 is not valid in {erp}", "Let the chart's owner enable the combination, then retry."),
    ("COST_CENTRE_INACTIVE", "resolve_accounts", "cost centre {cc} was closed on 2026-01-31", "Charge the order to the cost centre that follows it."),
    ("BUDGET_EXCEEDED", "await_approval", "funds check failed: the order takes {amount}, 1,250.00 are left", "Ask the budget's owner for a transfer, then retry."),
    ("PERIOD_CLOSED", "await_submit", "period Feb-26 of {le} is closed for purchasing", "Open the period or move the order's date, then retry."),
    ("TOTALS_DIFFER", "route", "the lines add up to less than the order's total by 0.01", "Correct the order in the procurement system."),
    ("REJECTED", "await_submit", "{erp} said: POZ-2130390 the requester is not active", "Name another requester, then retry."),
    ("DEAD_LETTER", "await_commitment", "8 attempts failed, the last with HTTP 503", "See whether {erp} is well again, then replay."),
    ("WRITE_BACK_IGNORED", "verify", "we wrote the ERP number, the source does not show it", "Check that the custom field may be written by our user."),
    ("READ_BACK_DIFFERS", "verify", "{erp} holds 10.00 less than we sent on line 1", "Somebody changed the order in the ERP: align it, then retry."),
    ("VERSION_CONFLICT", "submit", "the order was changed in {erp} while we wrote", "Retry: it is planned anew from a fresh read."),
    ("OVERDUE", "await_approval", "waits for approval in {erp} for more than 3 days", "Remind the approver."),
)  # fmt: skip
ALONE: Sequence[tuple[str, str, str]] = (
    ("PAYLOAD_INVALID", "the document has no currency", "Correct the order in the procurement system; it is read again by itself."),
    ("CREDENTIALS_REFUSED", "the user was refused with HTTP 401", "Set a new secret with finsync secrets set, then retry."),
)  # fmt: skip
FLIGHT: Sequence[tuple[str, str, str]] = (
    ("confirm_supplier", "running", ""),
    ("request_commitment", "running", ""),
    ("await_commitment", "waiting", "the delivery to {erp}"),
    ("await_submit", "waiting", "the delivery to {erp}"),
    ("await_approval", "waiting", "approval in {erp}"),
    ("await_approval", "waiting", "approval in {erp}"),
    ("await_write_back", "waiting", "the delivery to coupa"),
    ("verify", "waiting", "the next read of coupa"),
)
STEPS = (
    "route",
    "confirm_supplier",
    "resolve_accounts",
    "check_budget",
    "enrich",
    "request_commitment",
    "await_commitment",
    "submit",
    "await_submit",
    "await_approval",
    "publish",
    "write_back",
    "await_write_back",
    "verify",
)
SUPPLIERS = (
    "Muster Büromöbel GmbH",
    "Nordwind Logistik AG",
    "Acme Tools Inc.",
    "Ítalo Cabos Ltda",
    "株式会社サクラ文具",
)


@dataclass(frozen=True, slots=True)
class Order:
    """One order of the company, and who gets it."""

    index: int
    amount: str
    currency: str
    erp: str
    legal_entity: str
    supplier: str

    @property
    def key(self) -> str:
        return f"coupa:{100_200 + self.index}"

    @property
    def number(self) -> str:
        return f"PO-{100_200 + self.index}"

    @property
    def erp_number(self) -> str:
        return f"{162_000 + self.index}"

    @property
    def erp_id(self) -> str:
        return f"3000000088{self.index:05}"

    @property
    def amount_minor(self) -> int:
        return int(self.amount.replace(".", ""))

    def words(self, template: str) -> str:
        return template.format(
            cc=410 + self.index % 40,
            le=self.legal_entity,
            supplier=self.supplier,
            erp=self.erp,
            amount=self.amount,
        )


def fill(store: Store, *, seed: int = SEED) -> None:
    """Fill an empty store: 30 live exceptions of every class, workflows at each step, deliveries in each state."""
    random = Random(seed)
    with store.transaction() as db:
        index = 0
        for n in range(28):
            class_, step, cause, fix = HELD[n % len(HELD)]
            _held(db, _order(random, index), class_, step, cause, fix, random)
            index += 1
        for class_, cause, fix in ALONE:
            _alone(db, _order(random, index), class_, cause, fix, random)
            index += 1
        for step, state, waiting_for in FLIGHT:
            _in_flight(db, _order(random, index), step, state, waiting_for, random)
            index += 1
        for _ in range(40):
            _done(db, _order(random, index), random)
            index += 1
        _deliveries(db, [_order(random, index + n) for n in range(6)])
        _history_of_cases(db)
        _past_mappings(db)
        _systems(db)
        engine.report(
            db, "working", "host:4711:99", NOW, True, 1_284, "requisition_to_pay: 12 orders", MACHINE_NOW
        )
        db.execute(
            "INSERT INTO lease VALUES ('engine', 'host:4711:99', 3, ?)",
            (text(MACHINE_NOW + timedelta(minutes=2)),),
        )


def filled(path: Path, *, seed: int = SEED) -> Path:
    """Make a filled store at `path`."""
    with open_store(path, VirtualClock(NOW), durable=False) as store:
        fill(store, seed=seed)
    return path


def empty(path: Path) -> Path:
    """Make a store in which nothing happened yet."""
    with open_store(path, VirtualClock(NOW), durable=False):
        return path


def _order(random: Random, index: int) -> Order:
    is_us = index % 3 == 2
    amount = f"{random.randrange(80, 98_000)}.{random.randrange(100):02}"
    return Order(
        index,
        amount,
        "USD" if is_us else "EUR",
        "oracle-amer" if is_us else "oracle-emea",
        "US01" if is_us else ("DE01", "FR01")[index % 2],
        SUPPLIERS[index % len(SUPPLIERS)],
    )


def _record(db: Connection, order: Order, at: datetime) -> None:
    record = a_purchase_order(
        order.amount,
        order.currency,
        number=order.number,
        supplier_name=order.supplier,
        business_unit=order.legal_entity,
    )
    raw = {
        "id": int(order.key[6:]),
        "po-number": order.number,
        "status": "issued",
        "currency": {"code": order.currency},
    }
    raw |= {"supplier": {"name": order.supplier}, "order-lines": [{"line-num": 1, "total": order.amount}]}
    incoming = records.Incoming(order.key[6:], record, json.dumps(raw).encode(), "1", at, "k.lind")
    records.put_page(db, "purchase_order", "coupa", [incoming], at)
    approved = event_type("purchase_order", "approved")
    events.append(
        db,
        [
            Event(
                id=f"{order.key}:v1",
                source="coupa",
                type=approved,
                subject=order.key,
                time=at,
                data={"revision": "1"},
            )
        ],
    )


def _erp_record(db: Connection, order: Order, at: datetime, *, less: int = 0) -> None:
    """The order as the ERP holds it; `less` cents lower when somebody changed it there."""
    minor = order.amount_minor - less
    amount = f"{minor // 100}.{minor % 100:02}"
    line = an_order_line(amount, order.currency)
    share = line.distributions[0].model_copy(update={"account": "01-420-7110-0000-000", "period": "Jan-26"})
    record: PurchaseOrder = a_purchase_order(
        number=order.erp_number,
        currency=order.currency,
        lines=(line.model_copy(update={"distributions": (share,)}),),
        supplier_id="300000008800321",
        supplier_site_id="71",
        supplier_name=order.supplier,
        business_unit="DE Operations",
        reference=order.key,
        status="pending_approval",
        funds_status="reserved",
    )
    incoming = records.Incoming(order.erp_id, record, b'{"POHeaderId": 1}', "1", at)
    records.put_page(db, "purchase_order", order.erp, [incoming], at)
    crossrefs.link(
        db,
        "purchase_order",
        order.key,
        order.erp,
        order.erp_id,
        why="created",
        linked_at=at,
        number=order.erp_number,
    )


def _workflow(
    db: Connection,
    order: Order,
    step: str,
    state: workflows.State,
    at: datetime,
    due_at: datetime | None,
    waiting_for: str,
) -> int:
    workflow_id = workflows.start(
        db,
        flow="requisition_to_pay",
        kind="create",
        entity="purchase_order",
        document_key=order.key,
        document_number=order.number,
        document_version=1,
        document_revision="1",
        step=step,
        now=at,
        target=order.erp,
        legal_entity=order.legal_entity,
        amount_minor=order.amount_minor,
        currency=order.currency,
    )
    assert workflow_id is not None
    _log_steps(db, order, workflow_id, step, state, at)
    workflows.save(
        db,
        workflow_id,
        state=state,
        step=step,
        data={},
        now=at + timedelta(minutes=9),
        waiting_for=waiting_for or None,
        due_at=due_at,
        ended=state == "done",
    )
    return workflow_id


ORDERS = "/fscmRestApi/resources/11.13.18.05/draftPurchaseOrders"
WAITED = {"await_commitment": 4, "await_submit": 3, "await_approval": 95, "await_write_back": 2}
"""Minutes others took."""
PROMISED = {
    "await_commitment": timedelta(hours=4),
    "await_submit": timedelta(minutes=2),
    "await_approval": timedelta(days=1),
}
"""What the profile promises of some steps: one of them is always late."""


def _log_steps(
    db: Connection, order: Order, workflow_id: int, step: str, state: workflows.State, at: datetime
) -> None:
    details: dict[str, dict[str, object]] = {
        "route": {"legal_entity": order.legal_entity, "target": order.erp},
        "confirm_supplier": {"supplier": f"{order.erp}:300000008800321", "proof": "tax_id DE811234567"},
        "resolve_accounts": {
            "accounts": {"1/1": "01-420-7110-0000-000"},
            "rules": [{"table": "cost_centre", "version": 3, "from": "420", "to": "420"}],
        },
        "enrich": {"policy_version": "policy/2", "mapping_version": "mapping/3", "tax_treatment": "standard"},
    }
    begun = at
    for name in STEPS[: STEPS.index(step)]:
        minutes = WAITED.get(name, 0)
        ended = begun + (timedelta(minutes=minutes) if minutes else timedelta(seconds=1 + len(name) % 5))
        due_at = begun + PROMISED[name] if name in PROMISED else None
        workflows.log_step(db, workflow_id, name, "done", ended, ended, details.get(name, {}), due_at)
        begun = ended
    if state == "held":
        workflows.log_step(db, workflow_id, step, "held", begun, None, {})


def _enqueue(
    db: Connection, order: Order, workflow_id: int | None, at: datetime, operation: str = "order.create"
) -> int:
    commitment = a_commitment(
        number=order.number,
        order_key=order.key,
        marker=order.key,
        currency=order.currency,
        lines=(a_commitment_line(order.amount, order.currency),),
        legal_entity=order.legal_entity,
    )
    body: dict[str, object] = {"commitment": commitment.model_dump(mode="json")}
    if operation == "order.write_back":
        body = {"fields": {"erp_number": order.erp_number, "erp_status": "open"}}
    entry = outbox.Entry(
        idempotency_key=f"{order.erp}/{operation}/{order.key}/1/1",
        system="coupa" if operation == "order.write_back" else order.erp,
        operation=operation,
        entity="purchase_order",
        document_key=order.key,
        document_number=order.number,
        body=json.dumps(body),
        workflow_id=workflow_id,
        amount_minor=order.amount_minor,
        currency=order.currency,
    )
    return outbox.enqueue(db, [entry], at)[0]


def _state(db: Connection, entry_id: int, at: datetime, **columns: object) -> None:
    """Put a delivery into a state as the engine would have; `settle` needs a lease for each."""
    columns |= {"changed_at": text(at)}
    names = ", ".join(f"{name}=:{name}" for name in columns)
    db.execute(f"UPDATE delivery SET {names} WHERE entry_id=:id", {**columns, "id": entry_id})


def _attempt(
    db: Connection, entry_id: int, number: int, at: datetime, outcome: str, status: int | None, message: str
) -> None:
    body = '{"OrderNumber":"PO","RemitToIBAN":"***","lines":[{"LineNumber":1,"Price":"27336.78"}]}'
    sent = [Call("GET", ORDERS, 200), Call("POST", ORDERS, status, body)]
    db.execute(
        "INSERT INTO attempt(entry_id, number, started_at, ended_at, outcome, status, message, answer, duration_ms, calls) "
        "VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            entry_id,
            number,
            text(at),
            text(at),
            outcome,
            status,
            message,
            None,
            180 + 37 * number,
            packed(sent),
        ),
    )


def _held(db: Connection, order: Order, class_: str, step: str, cause: str, fix: str, random: Random) -> None:
    at = NOW - timedelta(hours=random.randrange(3, 190), minutes=random.randrange(60))
    _record(db, order, at - timedelta(minutes=5))
    # What is stuck was found out some while after the order was read; its due time counts from then.
    due_at = at + timedelta(hours=random.choice((24, 48, 72, 240)))
    workflow_id = _workflow(db, order, step, "held", at, due_at, "")
    entry_id = None
    if STEPS.index(step) > STEPS.index("request_commitment"):
        entry_id = _enqueue(db, order, workflow_id, at)
        if class_ == "DEAD_LETTER":
            for number in range(1, 9):
                _attempt(
                    db,
                    entry_id,
                    number,
                    at + timedelta(minutes=number),
                    "transient",
                    503,
                    "Service Unavailable",
                )
            _state(
                db,
                entry_id,
                at,
                state="buried",
                attempt_count=8,
                failure="transient",
                message="HTTP 503 Service Unavailable",
                ended_at=text(at),
            )
        else:
            _attempt(db, entry_id, 1, at, "delivered", 201, "created")
            _state(
                db,
                entry_id,
                at,
                state="verified",
                attempt_count=1,
                external_id=order.erp_id,
                receipt='{"number":"162000"}',
                ended_at=text(at),
            )
            _erp_record(db, order, at, less=1_000 if class_ == "READ_BACK_DIFFERS" else 0)
    case = cases.NewCase(
        class_=class_,
        entity="purchase_order",
        document_key=order.key,
        document_number=order.number,
        system=order.erp if step != "verify" else "coupa",
        cause=order.words(cause),
        fix=order.words(fix),
        workflow_id=workflow_id,
        step=step,
        entry_id=entry_id if class_ == "DEAD_LETTER" else None,
        legal_entity=order.legal_entity,
        amount_minor=order.amount_minor,
        currency=order.currency,
        evidence=_evidence(class_, order),
        owner=random.choice((None, None, "ana", "ben")),
        due_at=due_at,
    )  # fmt: skip
    cases.open(db, case, at + timedelta(minutes=9))


def _evidence(class_: str, order: Order) -> dict[str, object]:
    """What the steps of the flows say of their own troubles."""
    centre = f"{410 + order.index % 40}"
    return {
        "MAPPING_MISSING": {"table": "cost_centre", "value": centre, "scope": order.legal_entity},
        "SUPPLIER_AMBIGUOUS": {
            "supplier": order.supplier,
            "candidates": ["300000008800321", "300000008800322"],
        },
        "COST_CENTRE_INACTIVE": {"cost_centre": centre, "account": f"01-{centre}-7110-0000-000"},
        "ACCOUNT_INVALID": {"account": f"01-{centre}-7110-0000-000"},
    }.get(class_, {})


def _alone(db: Connection, order: Order, class_: str, cause: str, fix: str, random: Random) -> None:
    """An exception without a workflow: the document could not be stored, or the system refuses us."""
    at = NOW - timedelta(hours=random.randrange(2, 30))
    is_system = class_ == "CREDENTIALS_REFUSED"
    case = cases.NewCase(
        class_=class_,
        entity="system" if is_system else "purchase_order",
        document_key="oracle-amer:system" if is_system else order.key,
        document_number="oracle-amer" if is_system else order.number,
        system="oracle-amer" if is_system else "coupa",
        cause=cause,
        fix=fix,
        evidence={"place": "$.currency", "expected": "an ISO 4217 code"},
        payload=None if is_system else b'{"id": 100228, "po-number": "PO-100228", "currency": null}',
        due_at=NOW + timedelta(hours=5),
    )
    cases.open(db, case, at)


def _in_flight(
    db: Connection, order: Order, step: str, state: workflows.State, waiting_for: str, random: Random
) -> None:
    at = NOW - timedelta(minutes=random.randrange(20, 900))
    _record(db, order, at - timedelta(minutes=5))
    due_at = NOW + timedelta(hours=random.randrange(-3, 70), minutes=7)
    workflow_id = _workflow(db, order, step, state, at, due_at, order.words(waiting_for))
    if STEPS.index(step) > STEPS.index("request_commitment"):
        entry_id = _enqueue(db, order, workflow_id, at)
        if step != "await_commitment":
            _attempt(db, entry_id, 1, at, "delivered", 201, "created")
            _state(db, entry_id, at, state="delivered", attempt_count=1, external_id=order.erp_id)
            _erp_record(db, order, at)


def _done(db: Connection, order: Order, random: Random) -> None:
    at = NOW - timedelta(days=random.randrange(2, 60), minutes=random.randrange(600))
    _record(db, order, at - timedelta(minutes=5))
    workflow_id = _workflow(db, order, "verify", "done", at, None, "")
    for operation in ("order.create", "order.write_back"):
        entry_id = _enqueue(db, order, workflow_id, at, operation)
        _attempt(db, entry_id, 1, at, "delivered", 201, "created")
        _state(
            db, entry_id, at, state="verified", attempt_count=1, external_id=order.erp_id, ended_at=text(at)
        )
    _erp_record(db, order, at)


def _deliveries(db: Connection, orders: Sequence[Order]) -> None:
    """One delivery in each state that the workflows above do not have yet."""
    pending, claimed, held, refused, cancelled, unknown = (
        _enqueue(db, order, None, NOW - timedelta(minutes=30 + order.index)) for order in orders
    )
    soon = text(NOW + timedelta(minutes=4))
    _attempt(
        db, pending, 1, NOW - timedelta(minutes=9), "transient", 429, "Too Many Requests, Retry-After 240"
    )
    _state(
        db,
        pending,
        NOW - timedelta(minutes=9),
        attempt_count=1,
        next_at=soon,
        failure="transient",
        message="HTTP 429",
    )
    _state(db, claimed, NOW, state="claimed", attempt_count=0, fencing_token=3)
    _state(
        db, held, NOW - timedelta(hours=2), state="held", message="held by ana: wait for the new cost centre"
    )
    _attempt(
        db, refused, 1, NOW - timedelta(hours=1), "rejected", 400, "POZ-2130390 The requester is not active."
    )
    _state(db, refused, NOW - timedelta(hours=1), state="refused", attempt_count=1, failure="rejected",
           message="POZ-2130390 The requester is not active.", ended_at=text(NOW))  # fmt: skip
    _state(db, cancelled, NOW - timedelta(days=1), state="cancelled", ended_at=text(NOW - timedelta(days=1)))
    _attempt(
        db, unknown, 1, NOW - timedelta(minutes=3), "unknown", None, "the connection was lost after sending"
    )
    _state(db, unknown, NOW - timedelta(minutes=3), attempt_count=1, is_outcome_unknown=1, next_at=soon, failure="unknown",
           message="the connection was lost after sending")  # fmt: skip


def _history_of_cases(db: Connection) -> None:
    cases.note(
        db, 1, "ana", "Asked the cost centre's owner.\nAnswer expected on Monday.", NOW - timedelta(hours=4)
    )
    cases.note(db, 1, "ben", "Answer: use 420 from April.", NOW - timedelta(hours=1))
    cases.snooze(db, [5], NOW + timedelta(days=2), NOW)
    for class_, ended, by in (("PERIOD_CLOSED", "resolved", "ana"), ("OVERDUE", "closed", "finsync")):
        case = cases.NewCase(
            class_=class_, entity="purchase_order", document_key="coupa:1", document_number="PO-000001",
            system="oracle-emea", cause="it was late", fix="wait", amount_minor=120_000, currency="EUR",
        )  # fmt: skip
        case_id = cases.open(db, case, NOW - timedelta(days=9))
        state: cases.EndState = "resolved" if ended == "resolved" else "closed"
        cases.end(db, [case_id], state, by, "settled by hand in the ERP", NOW - timedelta(days=8))


def _systems(db: Connection) -> None:
    systems.ok(db, "coupa", NOW - timedelta(minutes=2))
    systems.ok(db, "oracle-emea", NOW - timedelta(minutes=1))
    systems.failed(db, "oracle-amer", "HTTP 503", NOW - timedelta(minutes=20))
    systems.park(
        db, "oracle-amer", NOW + timedelta(minutes=40), "maintenance window, announced until 10:40", NOW
    )
    for system, entities in (("coupa", ("purchase_order", "approval", "supplier")), ("oracle-emea", ("purchase_order", "account_combination"))):  # fmt: skip
        for n, entity in enumerate(entities):
            run = runs.begin(db, system, entity, NOW - timedelta(minutes=10 + n))
            runs.end(db, run, NOW - timedelta(minutes=9 + n), "done", 3, 212 + n, 17, n)
            watermarks.advance(
                db, system, entity, text(NOW - timedelta(minutes=20)), True, NOW - timedelta(minutes=9 + n)
            )
    run = runs.begin(db, "oracle-amer", "purchase_order", NOW - timedelta(minutes=20))
    runs.end(db, run, NOW - timedelta(minutes=20), "failed", 0, 0, 0, 0, "HTTP 503 Service Unavailable")
    watermarks.advance(
        db, "oracle-amer", "purchase_order", text(NOW - timedelta(hours=4)), False, NOW - timedelta(hours=4)
    )
    findings.append(
        db,
        [
            findings.Finding(
                class_=class_,
                severity="info",
                system="coupa",
                message=message,
                noticed_at=NOW - every * place,
            )
            for class_, n, every, message in (
                ("THROTTLED", 12, timedelta(minutes=7), "HTTP 429: asked again after 2 s"),
                (
                    "DUPLICATE_EVENT",
                    5,
                    timedelta(minutes=31),
                    "the same change was told twice; it counts once",
                ),
                ("MAINTENANCE", 2, timedelta(hours=9), "parked until 06:00; its queue went on by itself"),
                ("OUTCOME_UNKNOWN", 1, timedelta(hours=20), "no answer came; looked up: it was there"),
            )
            for place in range(1, n + 1)
        ],
    )


def _past_mappings(db: Connection) -> None:
    """How missing mappings ended before: the rule was added and the document retried, once it was settled by hand."""
    for n, (value, reason) in enumerate((("410", ""), ("433", ""), ("433", ""), ("417", "booked by hand"))):
        case = cases.NewCase(
            class_="MAPPING_MISSING", entity="purchase_order", document_key=f"coupa:{2 + n}",
            document_number=f"PO-00000{2 + n}", system="oracle-emea",
            cause=f"no row of table cost_centre maps {value} for DE01", fix="Add it, then retry.",
            evidence={"table": "cost_centre", "value": value, "scope": "DE01"},
        )  # fmt: skip
        case_id = cases.open(db, case, NOW - timedelta(days=30 - n))
        ended = NOW - timedelta(days=30 - n) + timedelta(hours=3 + n)
        cases.end(db, [case_id], "resolved" if reason else "closed", "ana", reason or "retried", ended)


def worked(path: Path) -> Path:
    """Leave traces in the audit log: of the engine, of ana in the workbench, of ben at the command line."""
    entries = [
        audit.Entry(who="engine", what="workflow.held", subject="coupa:100200", why="MAPPING_MISSING", source="engine"),
        audit.Entry(
            who="ana", what="exception.assigned", subject="coupa:100200", why="ana", source="tui",
            after={"exception": 1, "class": "MAPPING_MISSING"},
        ),
        audit.Entry(
            who="ben", what="system.paused", subject="oracle-amer", why="month-end close", source="cli",
            before={"state": "ok"}, after={"state": "paused"},
        ),
        audit.Entry(who="engine", what="delivery.settled", subject="coupa:100231", why="delivered", source="engine"),
    ]  # fmt: skip
    with open_store(path, VirtualClock(NOW), durable=False) as store:
        for hours, entry in enumerate(entries):
            with store.transaction() as db:
                audit.record(db, [entry], NOW - timedelta(hours=8 - hours))
    return path


PROFILE = """
[systems.coupa]
adapter = "coupa"
base_url = "http://127.0.0.1:9"
requests_per_second = 20.0

[systems.oracle-emea]
adapter = "oracle_fusion"
base_url = "http://127.0.0.1:9"

[systems.oracle-amer]
adapter = "oracle_fusion"
base_url = "http://127.0.0.1:9"

[schedules.orders]
system = "coupa"
entities = ["purchase_order", "approval"]
every = "PT15M"

[schedules.suppliers]
system = "coupa"
entities = ["supplier"]
cron = "0 6 * * 1-5"
timezone = "Europe/Berlin"

[schedules.erp]
system = "oracle-emea"
entities = ["purchase_order"]
every = "PT10M"
"""


def workspace(path: Path, folder: Path) -> Workspace:
    """Make a workspace around a filled store; coupa has a schedule that ran and documents that drifted."""
    create_workspace(folder, layers=("own",), name="test")
    layer = folder / "profiles" / "own"
    layer.mkdir(parents=True)
    (layer / "profile.toml").write_text(PROFILE, encoding="utf-8")
    found = load_workspace(folder)
    shutil.copy(path, found.store_path)
    with open_store(found.store_path, VirtualClock(NOW), durable=False) as store, store.transaction() as db:
        meta.set(db, "schedule.orders", text(NOW))
        drifted = [
            findings.Finding(
                class_="DRIFT", severity=severity, system="coupa", entity="purchase_order",
                message=f"purchase order: field {name} {how}", noticed_at=NOW - timedelta(hours=5),
            )
            for name, how, severity in (("ship-to-code", "is new: text", "info"), ("currency.code", "is a number now", "warn"))
        ]  # fmt: skip
        findings.append(db, drifted)  # type: ignore[arg-type]
    return found


def unread(path: Path) -> Path:
    """Let coupa refuse us its receipts, since one read of them: it answers everything else."""
    with open_store(path, VirtualClock(NOW), durable=False) as store, store.transaction() as db:
        case = cases.NewCase(
            class_="READ_FAILED",
            entity="receipt",
            document_key="coupa:receipt",
            document_number="receipt",
            system="coupa",
            cause="reading receipt stopped: coupa refused the request (HTTP 403)",
            fix="Give its user access to what it reads. Then `finsync sync coupa receipt` tries it at once.",
        )
        cases.open(db, case, NOW - timedelta(hours=2))
    return path
