"""Reading some months only: what is asked of a system, what has moved to another date, and what lies outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapters.base import Capability, Manifest, Page, Translated, Untranslatable
from adapters.errors import TransientError
from finsync_tui.profile import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.reconcile import running
from finsync_tui.reconcile.running import Asked
from finsync_tui.settings import read_toml
from store import Store, breaks, reconciliations, records, workflows
from store.canonical.expense import ExpenseDocument
from store.canonical.payables import Invoice
from tests.builders import MONDAY, a_clock, a_store
from tests.finsync_tui.flows.expense_desk import a_report
from tests.finsync_tui.flows.invoice_desk import a_free_line, an_invoice

SIDE = {
    "entity": "invoice", "key": "{number}", "period": "invoiced_on", "currency": "currency", "amount": "total",
}  # fmt: skip
DEFINITION: dict[str, Any] = {
    "title": "Invoices",
    "entity": "invoice",
    "source": {"role": "procurement", **SIDE},
    "target": {"role": "erp", **SIDE},
    "fields": [
        {"name": "total", "path": "total", "kind": "money"},
        {"name": "date", "path": "invoiced_on", "kind": "date"},
    ],
    "total_tolerance": {"default": "1000000"},
}
JANUARY, FEBRUARY = date(2026, 1, 15), date(2026, 2, 15)


@dataclass
class Invoices:
    """A system of invoices that can be asked for those of some days."""

    system: str
    role: str
    window: str | None = "invoiced_on"
    held: dict[str, Invoice] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    fails: bool = False
    own_login: str | None = None

    @property
    def manifest(self) -> Manifest:
        capability = Capability(entity="invoice", directions=("read",), window=self.window)
        return Manifest(
            name=self.system, title="", roles=(self.role,), capabilities=(capability,), credentials=()
        )

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        self.asked.append("all")
        yield Page([one.encode() for one in sorted(self.held)], None, is_last=True)

    async def read_window(self, entity: str, first: date, last: date) -> AsyncIterator[Page]:
        self.asked.append(f"{first} {last}")
        rows = [i.encode() for i, one in sorted(self.held.items()) if first <= one.invoiced_on <= last]
        yield Page(rows[:1], None, is_last=False)
        if self.fails:
            raise TransientError(self.system, "the page can't be read")
        yield Page(rows[1:], None, is_last=True)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        self.asked.append(",".join(external_ids))
        return [one.encode() for one in external_ids if one in self.held]

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        return [Translated(row.decode(), self.held[row.decode()], None, MONDAY, "ann") for row in rows]


class Desk:
    """Two systems with the same invoices of two months, compared once in full."""

    def __init__(self, **left: Any) -> None:
        self.clock = a_clock()
        self.store: Store = a_store(self.clock)
        self.left, self.right = Invoices("coupa", "procurement", **left), Invoices("erp", "erp")
        for n, on in enumerate((JANUARY, JANUARY, FEBRUARY)):
            for one in (self.left, self.right):
                one.held[f"{n}"] = an_invoice(number=f"I{n}", invoiced_on=on)
        self.run("full")
        self.left.asked.clear()
        self.right.asked.clear()

    def run(self, mode: Any = "window", month: str = "2026-01") -> reconciliations.Run:
        profile = Profile.model_validate({"systems": {}, "reconciliations": {"invoices": DEFINITION}})
        adapters: Any = {"coupa": self.left, "erp": self.right}
        asked = Asked(("invoices",), mode, (month, month) if mode == "window" else None)
        (run,) = asyncio.run(running.reconcile(self.store, adapters, profile, self.clock, asked))
        return run

    @property
    def broken(self) -> list[tuple[str, str]]:
        return [(one.kind, one.document_number) for one in breaks.listed(self.store.db)]


def test_a_window_asks_for_its_months_only() -> None:
    """What differs there is found; what differs outside is not looked for, and nothing outside is gone."""
    desk = Desk()
    with desk.store.transaction() as db:  # as sync has read it
        record = desk.left.held["0"]
        records.put_page(
            db, "invoice", "coupa", [records.Incoming("0", record, record.canonical_json())], MONDAY
        )
    desk.right.held["0"] = an_invoice(number="I0", invoiced_on=date(2026, 1, 16))
    del desk.right.held["2"]

    run = desk.run()

    assert ("window", 3, 3) == (run.mode, run.source_rows, run.target_rows)
    assert [["2026-01-01 2026-01-31"]] * 2 == [desk.left.asked, desk.right.asked]
    assert [("field", "I0")] == desk.broken
    assert "2026-01-15" == breaks.listed(desk.store.db)[0].evidence["dated"]


def test_what_is_gone_from_a_window_is_asked_for_by_its_id() -> None:
    """Deleted it is missing; moved to another month it is there, with another date."""
    desk = Desk()
    del desk.right.held["0"]
    desk.right.held["1"] = an_invoice(number="I1", invoiced_on=FEBRUARY)

    desk.run()

    assert ["2026-01-01 2026-01-31", "0,1"] == desk.right.asked
    assert [("field", "I1"), ("missing_in_target", "I0")] == sorted(desk.broken)


def test_a_difference_that_has_left_the_window_is_still_the_same_break() -> None:
    """Its documents have another date by now: it keeps number, age and owner until both sides agree."""
    desk = Desk()
    del desk.right.held["0"]
    total = desk.left.held["1"].total
    dear = total.model_copy(update={"amount_minor": total.amount_minor + 1})
    desk.right.held["1"] = desk.right.held["1"].model_copy(update={"total": dear})
    desk.run("full")
    with desk.store.transaction() as db:
        breaks.assign(db, [1, 2], "ann", "ann", MONDAY)
    for held, number in ((desk.left.held, "0"), (desk.left.held, "1"), (desk.right.held, "1")):
        held[number] = held[number].model_copy(update={"invoiced_on": FEBRUARY})

    first = desk.run()
    moved = breaks.listed(desk.store.db)
    desk.right.held = dict(desk.left.held)
    second = desk.run(month="2026-02")

    assert (0, 2, 0) == (first.opened, first.persisting, first.closed)
    assert [("2026-02", "ann", 1)] * 2 == [(one.period, one.owner, one.first_run_id - 1) for one in moved]
    assert ([], 2) == (desk.broken, second.closed)


def test_a_system_that_cannot_be_asked_so_is_read_whole() -> None:
    """The window limits what is told of it all the same."""
    desk = Desk(window=None)
    del desk.left.held["1"], desk.left.held["2"]

    desk.run()

    assert (["all"], ["2026-01-01 2026-01-31"]) == (desk.left.asked, desk.right.asked)
    assert [("missing_in_source", "I1")] == desk.broken


def test_a_window_that_was_not_read_whole_changes_nothing() -> None:
    """A page fails: the run says so, opens nothing, closes nothing, and forgets nothing."""
    desk = Desk()
    del desk.right.held["0"]
    desk.run()
    desk.right.held["0"] = desk.left.held["0"]
    del desk.right.held["1"]
    desk.right.fails = True

    run = desk.run()

    assert "failed" == run.outcome
    assert [("missing_in_target", "I0")] == desk.broken
    desk.right.fails = False
    desk.run()
    assert [("missing_in_target", "I1")] == desk.broken


def test_an_approved_expense_that_no_process_took_up_is_found() -> None:
    """What the expense tool shows in its queue is compared with what a process of ours has; what was taken is done."""
    clock = a_clock()
    store = a_store(clock)

    class Queue(Invoices):
        @property
        def manifest(self) -> Manifest:
            capability = Capability(entity="expense_document", directions=("read",), shows="queue")
            return Manifest(
                name="concur", title="", roles=("expense",), capabilities=(capability,), credentials=()
            )

    definition = read_toml(shipped() / "shared" / "reconciliations" / "expense_documents.toml")
    profile = Profile.model_validate({"systems": {}, "reconciliations": {"approved": definition}})
    queue: Any = Queue("concur", "expense")
    queue.held = {"a": a_report(), "b": a_report()}
    with store.transaction() as db:
        incoming = [records.Incoming(name, a_report(), a_report().canonical_json()) for name in ("a", "gone")]
        records.put_page(db, ExpenseDocument.entity, "concur", incoming, MONDAY)
        for name in ("a", "gone"):
            workflows.start(
                db, flow="expense_to_reimbursement", kind="expense", entity="expense_document",
                document_key=f"concur:{name}", document_number=name, document_version=1, document_revision="",
                step="route", now=MONDAY,
            )  # fmt: skip

    asked = Asked(("approved",), "full")
    (run,) = asyncio.run(running.reconcile(store, {"concur": queue}, profile, clock, asked))

    assert ("complete", 2, 2) == (run.outcome, run.source_rows, run.target_rows)
    assert [("missing_in_target", "concur:b")] == [
        (one.kind, one.document_key) for one in breaks.listed(store.db)
    ]


def test_what_lies_outside_a_window_is_read_afresh_where_its_twin_lies_within() -> None:
    """An invoice that was moved to February changes there: a window of January compares what it is now, and asks by its id."""
    desk = Desk()
    desk.right.held["1"] = an_invoice(number="I1", invoiced_on=FEBRUARY)
    desk.run()
    (moved,) = breaks.listed(desk.store.db)
    desk.right.held["1"] = an_invoice(a_free_line("900"), number="I1", invoiced_on=FEBRUARY)
    desk.right.asked.clear()

    desk.run()

    (found,) = breaks.listed(desk.store.db)
    assert (["date"], ["total", "date"]) == (
        [one.field for one in moved.fields], [one.field for one in found.fields],
    )  # fmt: skip
    assert ["2026-01-01 2026-01-31", "1"] == desk.right.asked
    del desk.right.held["1"]
    desk.run()
    assert [("missing_in_target", "I1")] == [
        (one.kind, one.document_number) for one in breaks.listed(desk.store.db)
    ]


def test_a_window_tells_what_lies_in_it_on_either_side() -> None:
    """The source dates it in January, the target in February: both months' windows tell."""
    desk = Desk()
    desk.left.held["2"] = an_invoice(a_free_line("900"), number="I2", invoiced_on=JANUARY)
    desk.run("full")
    before = desk.broken
    found = []
    for month in ("2026-01", "2026-02"):
        with desk.store.transaction() as db:
            db.execute("DELETE FROM break_history")
            db.execute("DELETE FROM reconcile_break")
        desk.run(month=month)
        found.append(desk.broken)

    assert [before, before] == found == [[("field", "I2")]] * 2
