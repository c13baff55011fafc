"""Rules of `drift`: what a field that came, went or changed its kind does."""

from __future__ import annotations

import asyncio

import pytest

from finsync_tui import sync
from finsync_tui.governance.judging import judges
from finsync_tui.policies import ruling
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.verdicts import DRIFT, UndecidedError
from store import Store, cases, findings, records, systems, watermarks
from store.canonical.supplier import Supplier
from tests.builders import a_clock, a_store
from tests.finsync_tui.flows.test_ruled_settings import SHIPPED
from tests.finsync_tui.test_sync import Shelf

STRANGE = {"id": "S1", "name": "one", "colour": "red"}


def setup(when: str, then: str) -> PolicySetup:
    return PolicySetup.model_validate(
        {"decides": DRIFT, "rules": {"own": {"when": when, "then": then, "why": "ours"}}}
    )


def pull(store: Store, shelf: Shelf, *own: PolicySetup) -> sync.Pulled:
    judge = judges(SHIPPED | {f"own{n}": one for n, one in enumerate(own)}).get(DRIFT)
    return asyncio.run(sync.pull(store, shelf, sync.Pull("shelf", "supplier"), a_clock(), judge=judge))


def noted(store: Store) -> list[tuple[str, str]]:
    rows = store.db.execute("SELECT severity, message FROM finding WHERE class='DRIFT' ORDER BY id")
    return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(
    ("then", "severities"), [("warn", ["warn"]), ("note", ["info"]), ("off", []), ("setting", ["info"])]
)
def test_a_rule_says_how_loud_it_is_told(then: str, severities: list[str]) -> None:
    """Once, with the rule that says so; the documents are stored all the same."""
    store = a_store()
    for _ in range(2):
        pull(store, Shelf([STRANGE]), setup("drift.kind == 'unknown' && drift.field == 'colour'", then))

    assert severities == [severity for severity, _ in noted(store)]
    assert all("(ours [own0/own])" in message for _, message in noted(store)) or then == "setting"
    assert records.get(store.db, Supplier, "shelf", "S1") is not None


def test_a_stop_holds_the_system_before_anything_of_the_page_is_stored() -> None:
    """Neither record nor watermark; a person gets it with field and rule, and whoever resumes has looked."""
    store = a_store()
    own = setup("drift.system == 'shelf' && drift.entity == 'supplier'", "stop")
    shelf = Shelf([{"id": "S0", "name": "none"}], [STRANGE], position="p")
    found = pull(store, shelf, own)
    mark = watermarks.get(store.db, "shelf", "supplier")
    stands, (case_id,) = (
        systems.get(store.db, "shelf"),
        cases.live_ids(store.db, "supplier", ["shelf:supplier"], ["READ_FAILED"]),
    )
    case = cases.get(store.db, case_id)
    held = records.get(store.db, Supplier, "shelf", "S1")
    systems.resume(store.db, "shelf", "it is as it should be", a_clock().now())
    again = pull(store, shelf, own)

    assert found.needs_person
    assert found.error is not None
    assert "field colour of supplier is new: ours [own0/own]" in found.error
    assert (True, True, None) == (
        stands is not None and stands.state == "held",
        case is not None and "colour" in case.cause,
        held,
    )
    assert again.error is None
    assert records.get(store.db, Supplier, "shelf", "S1") is not None
    assert ["block"] == [severity for severity, _ in noted(store)]
    assert [] == cases.live_ids(store.db, "supplier", ["shelf:supplier"], ["READ_FAILED"])
    assert mark is None
    assert watermarks.get(store.db, "shelf", "supplier") is not None


def test_what_is_shipped_is_as_without_rules() -> None:
    """Nobody is asked."""
    assert DRIFT not in judges(SHIPPED)


def test_a_rule_that_can_not_be_asked_leaves_it_as_usual() -> None:
    """Reading goes on."""

    class Unasked:
        def ask(self, *args: object) -> list[object]:
            raise UndecidedError("own/own", "too many decimals")

    store = a_store()
    task = sync.Pull("shelf", "supplier")
    found = asyncio.run(sync.pull(store, Shelf([STRANGE]), task, a_clock(), judge=Unasked()))  # type: ignore[arg-type]

    assert (None, {"DRIFT": 1}) == (found.error, findings.counts(store.db))


def test_a_wrong_field_is_found_by_the_check() -> None:
    """With its place."""
    (found,) = ruling.misfits({"own": setup("drift.feld == 'x'", "stop")}, {})

    assert ("own.rules.own.when", True) == (found.place, "field" in found.message)
