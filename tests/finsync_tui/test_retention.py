"""What a profile keeps no longer is gone from every byte of the file; the log holds, and a known value can still be proven."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from finsync_tui import evidence, explain, retention, sealing
from finsync_tui.actor import Actor
from finsync_tui.credentials import SecretPlaceError, Secrets
from finsync_tui.evidence import verify
from finsync_tui.profile import Profile
from store import Store, audit, backup, cases, erasures, findings, open_store, records, workflows
from store.canonical.people import Employee
from store.canonical.supplier import SupplierBankAccount
from store.clock import VirtualClock
from tests.builders import MONDAY, a_clock, a_purchase_order

NAME, LOGIN, MAIL = "Ada Marlow", "ada.marlow", "ada.marlow@example.com"
MARKS = (NAME.encode(), LOGIN.encode())
PRINT = "f" * 64
LATER = MONDAY + timedelta(days=800)


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return Secrets("w", tmp_path / "w", folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two employees, one who left; an order that is done and one that is not; an account that ended."""
    made = open_store(tmp_path / "finsync.db", a_clock())
    with made.transaction() as db:
        for external_id, is_active in (("1", False), ("2", True)):
            person = Employee(
                number=f"E{external_id}", login=LOGIN, name=NAME, email=MAIL, is_active=is_active
            )
            _put(
                db,
                "employee",
                "workday",
                external_id,
                person,
                {"Name": {"formatted": NAME}, "WorkEmail": MAIL},
            )
        for external_id in ("10", "11"):
            order = a_purchase_order(number=f"PO-{external_id}", requester=LOGIN, buyer=NAME)
            _put(
                db,
                "purchase_order",
                "coupa",
                external_id,
                order,
                {"id": external_id, "requested-by": {"login": LOGIN, "email": MAIL}},
            )
            flow = workflows.start(
                db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key=f"coupa:{external_id}",
                document_number=order.number, document_version=1, document_revision="1", step="verify", now=MONDAY,
            )  # fmt: skip
            assert flow is not None
            case = cases.open(
                db,
                cases.NewCase(
                    class_="DEAD_LETTER", entity="purchase_order", document_key=f"coupa:{external_id}", document_number=order.number,
                    system="coupa", cause=f"asked by {MAIL}", fix="retry", evidence={"requester": LOGIN}, payload=json.dumps({"buyer": NAME}).encode(),
                ),
                MONDAY,
            )  # fmt: skip
            findings.append(db, [findings.Finding(
                class_="STALE_VERSION", severity="info", system="coupa", entity="purchase_order", document_key=f"coupa:{external_id}",
                message=f"changed by {MAIL}", detail={"changed_by": LOGIN}, noticed_at=MONDAY,
            )])  # fmt: skip
            if external_id == "10":
                workflows.save(
                    db,
                    flow,
                    state="done",
                    step="verify",
                    data={"approval_chain": [LOGIN]},
                    now=MONDAY,
                    ended=True,
                )
                cases.end(db, [case], "resolved", "maria", "done", MONDAY)
        account = SupplierBankAccount(number="A1", fingerprint=PRINT, masked="DE…3000", is_active=False)
        _put(db, "supplier_bank_account", "coupa", "7", account, {"fingerprint": PRINT, "masked": "DE…3000"})
    return made


def _put(db: Any, entity: str, system: str, external_id: str, record: Any, payload: dict[str, Any]) -> None:
    row = records.Incoming(
        external_id,
        record,
        json.dumps(payload).encode(),
        changed_by=LOGIN if entity != "supplier_bank_account" else None,
    )
    records.put_page(db, entity, system, [row], MONDAY)


def _profile(**retention: dict[str, str]) -> Profile:
    return Profile.model_validate({"systems": {}, "privacy": {"retention": retention}})


ALL = _profile(
    employee={"personal": "P730D"},
    purchase_order={"personal": "P730D"},
    supplier_bank_account={"bank": "P730D"},
)


def _erase(store: Store, secrets: Secrets, profile: Profile = ALL) -> int:
    return retention.erase_due(store, profile, secrets, LATER, lambda: False)


def _text(store: Store, entity: str, external_id: str) -> str:
    rows = store.db.execute(
        "SELECT body, payload, changed_by FROM record_version WHERE entity=? AND external_id=?",
        (entity, external_id),
    )
    return repr([tuple(row) for row in rows])


def test_what_is_over_is_erased_and_what_is_not_stays(store: Store, secrets: Secrets) -> None:
    """A person who left, an order that is done, an account that ended; nobody who works here, no order under way."""
    before = _text(store, "purchase_order", "11"), _text(store, "employee", "2")

    assert 3 == _erase(store, secrets)

    for entity, external_id in (("employee", "1"), ("purchase_order", "10"), ("supplier_bank_account", "7")):
        told = _text(store, entity, external_id)
        assert not any(one in told for one in (NAME, LOGIN, MAIL, PRINT, "3000")), told
    assert before == (_text(store, "purchase_order", "11"), _text(store, "employee", "2"))
    beside = [
        store.db.execute(f"SELECT * FROM {table} WHERE document_key='coupa:10'").fetchall()
        for table in ("exception_case", "finding", "workflow")
    ]
    assert not any(
        one in repr([tuple(row) for rows in beside for row in rows]) for one in (NAME, LOGIN, MAIL)
    )


def test_the_records_can_still_be_read(store: Store, secrets: Secrets) -> None:
    """As their contracts say; and nobody is found by a login that is gone."""
    _erase(store, secrets)

    held = records.get(store.db, Employee, "workday", "1")

    assert held is not None
    assert (retention.ERASED, "E1") == (held.record.name, held.record.number)
    assert ["2"] == records.twins(store.db, "employee", "login", LOGIN, "workday")


def test_nothing_of_it_is_in_the_file(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """Not in free pages either: the bytes of the file are looked through."""
    with store.transaction() as db:
        for table, key in (
            ("workflow", "document_key='coupa:11'"),
            ("exception_case", "document_key='coupa:11'"),
        ):
            db.execute(f"UPDATE {table} SET ended_at='2026-01-05T00:00:00.000000Z' WHERE {key}")
        db.execute("UPDATE record_version SET body=body WHERE 0")
    profile = _profile(employee={"personal": "P1D"}, purchase_order={"personal": "P1D"})
    with store.transaction() as db:
        gone = Employee(number="E2", login=LOGIN, name=NAME, email=MAIL, is_active=False)
        _put(db, "employee", "workday", "2", gone, {"Name": {"formatted": NAME}})

    _erase(store, secrets, profile)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    kept = (tmp_path / "finsync.db").read_bytes()
    assert [] == [mark for mark in MARKS if mark in kept]


def test_a_read_of_the_same_brings_nothing_back(store: Store, secrets: Secrets) -> None:
    """What a system still shows was read before: it is known by its digest, and stays erased."""
    _erase(store, secrets)
    person = Employee(number="E1", login=LOGIN, name=NAME, email=MAIL, is_active=False)

    with store.transaction() as db:
        _put(db, "employee", "workday", "1", person, {"Name": {"formatted": NAME}, "WorkEmail": MAIL})

    assert NAME not in _text(store, "employee", "1")


def test_versions_that_were_replaced_go_before_the_record_is_over(store: Store, secrets: Secrets) -> None:
    """Of somebody who works here the name from before a marriage, say; the newest version stays whole."""
    with store.transaction() as db:
        married = Employee(number="E2", login=LOGIN, name="Ada Stone", email=MAIL)
        _put(db, "employee", "workday", "2", married, {"Name": {"formatted": "Ada Stone"}})

    assert 2 == _erase(store, secrets, _profile(employee={"personal": "P730D"}))

    assert (False, True) == (
        NAME in _text(store, "employee", "2"),
        "Ada Stone" in _text(store, "employee", "2"),
    )
    assert ["2"] == records.twins(store.db, "employee", "login", LOGIN, "workday")


def test_it_is_done_once(store: Store, secrets: Secrets) -> None:
    """What is erased is not due again; a day later there is nothing."""
    _erase(store, secrets)

    assert {
        ("employee", "personal"): 0,
        ("purchase_order", "personal"): 0,
        ("supplier_bank_account", "bank"): 0,
    } == retention.waiting(store.db, ALL, LATER)
    assert 0 == retention.erase_due(store, ALL, secrets, LATER + timedelta(days=2), lambda: False)


def test_a_known_value_is_proven_and_an_unknown_one_is_not_guessed(
    store: Store, secrets: Secrets, tmp_path: Path
) -> None:
    """With the key of the engine only: the file has nothing to try values against."""
    _erase(store, secrets)
    (tmp_path / "other").mkdir()
    other = Secrets("w", tmp_path / "w", tmp_path / "other")

    assert {"name", "formatted"} == {
        name for _, name in retention.proves(store.db, secrets, "workday:1", NAME)
    }
    assert ["fingerprint"] == [name for _, name in retention.proves(store.db, secrets, "coupa:7", PRINT)]
    assert [] == retention.proves(store.db, secrets, "workday:1", "Eve Marlow")
    assert [] == retention.proves(store.db, other, "workday:1", NAME)


def test_the_log_and_a_pack_hold_and_say_it(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """`audit verify`, the check of a pack, a backup that is put back: all as before; `explain` says when and by whom."""
    sealing.seal(store, secrets, MONDAY, is_last=True)
    _erase(store, secrets)
    assert isinstance(store.clock, VirtualClock)
    store.clock.advance_to(LATER)
    sealing.seal(store, secrets, LATER, is_last=True)
    copy = tmp_path / "copy.db"

    made = evidence.write(
        store, ALL, secrets, evidence.Scope(MONDAY.date(), LATER.date()), tmp_path / "pack.zip",
        who=Actor("otto", "cli"), reason="audit", shows_people=True,
    )  # fmt: skip
    backup.backup(store, copy)

    assert (True, "") == (audit.verify(store.db).is_intact, sealing.check(store.db, secrets).problem)
    assert 0 == verify.main([str(made.path)])
    assert [] == backup.check(copy)
    told = [line for line in explain.story(store.db, "coupa:10").lines if line.kind == "erasure"]
    assert ["personal data erased by engine"] == [line.what for line in told]
    assert "coupa:10" in [
        f"{one.system}:{one.external_id}" for one in erasures.of(store.db, "purchase_order", "coupa", "10")
    ]


class _Nowhere(Secrets):
    """An account that can keep nothing."""

    def find(self, system: str, name: str) -> None:
        return None

    def put(self, system: str, name: str, value: str) -> Any:
        raise SecretPlaceError("there is no place")


def test_without_a_place_for_the_key_nothing_is_erased(store: Store, tmp_path: Path) -> None:
    """What could never be proven again is not taken away."""
    assert 0 == _erase(store, _Nowhere("w", tmp_path / "w", tmp_path))
    assert NAME in _text(store, "employee", "1")
