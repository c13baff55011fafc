"""`finsync reconcile` and `finsync breaks`: exit codes, modes, JSON, and what people do about a break."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from finsync_tui import assembly
from finsync_tui.profile.overlay import shipped
from finsync_tui.reconcile.advice import ADVICE
from store import engine
from tests.builders import MONDAY, a_purchase_order
from tests.finsync_tui.cli.conftest import Finsync
from tests.finsync_tui.reconcile.desk import Orders

FOUND = 3


class Pair:
    """Two systems of orders that hold the same, and the commands over them."""

    def __init__(self, finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run = finsync
        folder = finsync.path / "profiles" / "own" / "reconciliations"
        folder.mkdir()
        shutil.copy(shipped() / "shared" / "reconciliations" / "orders.toml", folder)
        self.left, self.right = Orders("coupa", "procurement"), Orders("erp", "erp")
        for n in range(3):
            self.left.put(f"{n}", a_purchase_order(number=f"PO-{n}", supplier_id=None), MONDAY)
            twin = a_purchase_order(number=f"E{n}", reference=f"coupa:PO-{n}", supplier_id=None)
            self.right.put(f"30{n}", twin, MONDAY)
        for one in (self.left, self.right):
            one.aclose = _nothing  # type: ignore[attr-defined]
        monkeypatch.setattr(assembly, "connect", lambda *_: {"coupa": self.left, "erp": self.right})

    def json(self, *arguments: str, code: int = 0) -> Any:
        answer = self.run(*arguments, "--json")
        assert code == answer.code, answer
        return json.loads(answer.out)


async def _nothing() -> None:
    """Nothing has to be closed."""


@pytest.fixture
def pair(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(finsync, monkeypatch)


def test_reconcile_ends_with_3_only_while_breaks_are_open(pair: Pair) -> None:
    """0 when both agree, 3 when they do not, 0 again when it is mended; the first run is a full one."""
    first = pair.json("reconcile", "orders")
    pair.right.held.pop("301")
    second = pair.json("reconcile", "orders", "--full", code=FOUND)
    pair.right.put("301", a_purchase_order(number="E1", reference="coupa:PO-1", supplier_id=None), MONDAY)
    third = pair.json("reconcile", "orders", "--full")

    assert [("full", 3, 3, 0), ("full", 3, 2, 1), ("full", 3, 3, 0)] == [
        (run["mode"], run["source_rows"], run["target_rows"], run["opened"])
        for one in (first, second, third)
        for run in one["runs"]
    ]
    assert [0, 1, 0] == [one["open"] for one in (first, second, third)]
    assert 1 == third["runs"][0]["closed"]


def test_reconcile_ends_with_1_when_a_side_cannot_be_read(pair: Pair) -> None:
    """It says which, and opens nothing."""
    pair.right.fails_after = 1

    answer = pair.run("reconcile", "orders")

    assert 1 == answer.code
    assert "the page can't be read" in answer.out + answer.err
    assert [] == pair.json("breaks", "list")


def test_reconcile_says_what_it_could_not_read(pair: Pair) -> None:
    """It was read before and counts as it was: both agree, and that is said to people and programs."""
    pair.run("reconcile", "orders")
    pair.right.put("301", a_purchase_order(number="E1", reference="coupa:PO-1", supplier_id=None), MONDAY)
    pair.right.unreadable = frozenset({"301"})

    shown = pair.run("reconcile", "orders", "--full")
    told = pair.json("reconcile", "orders", "--full")

    assert (0, True) == (
        shown.code,
        "orders: 1 record of erp can't be read (E1); what was read" in shown.err,
    )
    assert [{"definition": "orders", "system": "erp", "external_id": "301", "number": "E1"}] == told[
        "unreadable"
    ]


def test_a_window_and_a_scope_are_checked_first(pair: Pair) -> None:
    """A month that is none, months and everything at once, and a definition that nobody knows, are wrong usage."""
    run = pair.json("reconcile", "orders", "--window", "2026-01..2026-02")["runs"][0]

    assert (2, 2, 1) == (
        pair.run("reconcile", "orders", "--window", "2026-13").code,
        pair.run("reconcile", "orders", "--window", "2026-01", "--full").code,
        pair.run("reconcile", "nothing").code,
    )
    assert ("2026-01", "2026-02") == (run["window_from"], run["window_to"]) or run["mode"] == "full"


def test_trends_of_breaks_end_with_the_engines_day(pair: Pair, finsync: Finsync) -> None:
    """In a rehearsal of January what opened that day is counted, whenever somebody looks."""
    pair.right.held.pop("301")
    pair.json("reconcile", "orders", code=FOUND)
    with finsync.store() as store, store.transaction() as db:
        engine.report(db, "idle", "rehearsal", MONDAY, True, 3, None, MONDAY)
        db.execute("UPDATE reconcile_break SET opened_at=?", ("2026-01-04T08:00:00.000000Z",))

    (trend,) = pair.json("breaks", "classes")

    assert 1 == sum(trend["came"])


def test_a_break_goes_its_way_by_commands(pair: Pair) -> None:
    """Listed, shown with what to do, assigned, commented, explained: the same difference stays explained; opened again it
    counts again. Who comes late with what they saw before is told."""
    pair.right.held.pop("301")
    pair.json("reconcile", "orders", code=FOUND)
    (listed,) = pair.json("breaks", "list")
    number = str(listed["id"])
    seen = pair.json("breaks", "show", number)

    (trend,) = pair.json("breaks", "classes", "--definition", "orders")
    (line,) = pair.json("report", "break-classes")
    assert trend["amounts"] == {line["currency"]: line["amount_at_risk"]}
    assert (trend["class"], trend["open"], sum(trend["came"])) == tuple(
        line[name] for name in ("class", "open", "came_in_14_days")
    )
    assert (listed["class"], 1, 1, 0) == (
        trend["class"],
        trend["open"],
        sum(trend["came"]),
        sum(trend["went"]),
    )
    assert [listed["amount"]] == list(trend["amounts"].values())
    assert listed["class"] in pair.run("breaks", "classes").out.replace(" ", "_")
    (other,) = pair.json("breaks", "classes", "--definition", "receipts")
    assert 0 == other["open"]

    for arguments in (
        ("assign", number, "--to", "maria"),
        ("comment", number, "asked the ERP team"),
        ("explain", number, "--reason", "it is in the old ERP"),
    ):
        assert 0 == pair.run("breaks", *arguments).code, arguments
    explained = pair.json("reconcile", "orders", "--full")
    shown = pair.json("breaks", "show", number)

    assert ("missing_in_target", "PO-1") == (listed["kind"], listed["document_number"])
    assert ADVICE[listed["class"]] == seen["advice"]
    assert "" == shown["advice"]
    late = pair.run("breaks", "reopen", number, "--reason", "late", "--as-seen", seen["as_seen"])
    assert (1, True) == (late.code, "it is explained now, it was open" in late.err)
    assert 0 == explained["open"]
    assert "it is in the old ERP" in json.dumps(shown)
    assert 0 == pair.run("breaks", "reopen", number, "--reason", "it is not", "--json").code
    assert FOUND == pair.run("reconcile", "orders", "--full").code
