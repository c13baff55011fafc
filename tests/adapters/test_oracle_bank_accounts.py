"""A supplier's bank account in Oracle: added, assigned to payments, ended and brought back; its number nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.base import BankDetails, Receipt, WriteRequest
from adapters.errors import AdapterError, OutcomeUnknownError, RejectedError
from adapters.simulation import Fault
from store.canonical.supplier import fingerprint
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.adapters.setup_oracle import OracleWorld
from tests.adapters.test_oracle_suppliers import find, read, write

OLD, NEW = "DE89370400440532013000", "DE02120300000000202051"


def a_world() -> OracleWorld:
    return OracleWorld(options={"reads_bank_accounts": True})


def request(world: OracleWorld, number: str | None = NEW, **body: Any) -> WriteRequest:
    private = BankDetails(number, is_iban=True, bic="BYLADEM1001", country="DE") if number else None
    return WriteRequest(
        "supplier_bank_account.change",
        "k",
        None,
        {"supplier": world.supplier_id, "on": "2026-01-05", **body},
        private=private,
    )


def accounts(world: OracleWorld) -> dict[str, Any]:
    """Return the accounts as they are read, by id."""

    async def pages() -> list[bytes]:
        return [row async for page in world.adapter.read("supplier_bank_account") for row in page.rows]

    rows = asyncio.run(pages())
    assert not any(number.encode() in row for number in (OLD, NEW) for row in rows)
    return {
        str(one.external_id): one.record for one in world.adapter.translate("supplier_bank_account", rows)
    }  # type: ignore[union-attr]


def the_old(world: OracleWorld) -> str:
    return next(
        key for key, one in accounts(world).items() if one.fingerprint == fingerprint(OLD, ACCOUNT_KEY)
    )


def test_a_new_account_is_added_assigned_and_the_old_one_ends() -> None:
    """Asked for again it is found; both can be read, and only the new one is active."""
    world = a_world()
    old = the_old(world)

    done = write(world, request(world, ends=[old]))
    again = write(world, request(world, ends=[old]))

    new = read(world, "supplier_bank_account", str(done.external_id))
    (assignment,) = world.simulator.world.tables["instrumentAssignments"]
    assert (fingerprint(NEW, ACCOUNT_KEY), True, False) == (
        new.fingerprint,
        new.is_active,
        accounts(world)[old].is_active,
    )
    assert (done.external_id, True) == (again.external_id, again.was_found)
    assert (int(done.external_id or 0), "2026-01-05") == (
        assignment.data["PaymentInstrumentId"], assignment.data["StartDate"],
    )  # fmt: skip
    assert 2 == len(accounts(world))


def test_what_was_done_can_be_taken_back_exactly() -> None:
    """The new one ends, the old one is the supplier's again."""
    world = a_world()
    old = the_old(world)
    new = write(world, request(world, ends=[old])).external_id

    back = request(world, None, ends=[new], returns=[old])
    write(world, back)

    assert {old: True, new: False} == {key: one.is_active for key, one in accounts(world).items()}
    assert find(world, back) is not None


def test_a_lost_answer_is_looked_up_not_repeated() -> None:
    """The account is found by its number, its assignment by its ids."""
    world = a_world()
    world.faults.add(Fault(id="lost", kind="lost_answer", path="/externalBankAccounts$", method="POST"))
    with pytest.raises(OutcomeUnknownError) as caught:
        write(world, request(world))

    before = find(world, request(world))
    done = write(world, request(world))
    found = find(world, request(world))

    assert before is None
    told = {"account": done.external_id, "masked": "DE…2051", "added": [], "ended": []}
    assert found == Receipt(done.external_id, "DE…2051", answer=told, was_found=True)
    assert 2 == len(accounts(world))
    assert NEW not in _said(caught.value)


def test_a_look_up_writes_nothing() -> None:
    """Not even the payee without which nobody could be paid."""
    world = a_world()
    tables = world.simulator.world.tables
    before = {name: len(list(tables[name])) for name in ("paymentsExternalPayees", "instrumentAssignments")}

    found = [find(world, request(world)), find(world, request(world, OLD)), find(world, request(world, None))]

    assert [None, None, True] == [one and one.was_found for one in found]
    assert before == {name: len(list(tables[name])) for name in before}


def test_it_says_what_it_did_and_not_what_others_had_done() -> None:
    """What was there stays when it is taken back; after a lost answer, what began on its day is its own."""
    world = a_world()
    old = the_old(world)
    wanted = request(world, ends=[old])

    first = write(world, wanted)
    again = write(world, wanted)
    looked_up = find(world, replace(wanted, sent_at=datetime(2026, 1, 5, 9, tzinfo=UTC)))
    assigned = write(world, request(world, OLD, ends=[]))

    assert (["owner", "assignment"], [old]) == (first.answer["added"], first.answer["ended"])
    assert ([], [], True) == (again.answer["added"], again.answer["ended"], again.was_found)
    assert looked_up is not None
    assert (["owner", "assignment"], [old]) == (looked_up.answer["added"], looked_up.answer["ended"])
    assert ["owner", "assignment"] == assigned.answer["added"]


@pytest.mark.parametrize(
    ("path", "method"), [("/instrumentAssignments$", "POST"), ("/accountOwners/", "PATCH")]
)
def test_what_was_done_in_part_is_not_said_to_be_undone(path: str, method: str) -> None:
    """Asked to wait amid it, nobody knows how far it came: it is looked up, gone on with, and all of it is then its own."""
    world = a_world()
    old = the_old(world)
    world.faults.add(Fault(id="busy", kind="throttle", path=path, method=method))
    with pytest.raises(OutcomeUnknownError, match="part of it was done before"):
        write(world, request(world, ends=[old]))

    sent = replace(request(world, ends=[old]), sent_at=datetime(2026, 1, 5, 9, tzinfo=UTC))
    before = find(world, sent)
    done = write(world, sent)

    assert before is None
    assert (["owner", "assignment"], [old]) == (
        sorted(done.answer["added"], reverse=True),
        done.answer["ended"],
    )
    assert {old: False, done.external_id: True} == {
        key: one.is_active for key, one in accounts(world).items()
    }


def test_a_refusal_amid_it_leaves_nothing_behind() -> None:
    """The account is new and may not end another one that is not there: the supplier is paid as before."""
    world = a_world()
    old = the_old(world)

    with pytest.raises(RejectedError, match="no bank account 999"):
        write(world, request(world, ends=[old, "999"]))

    assert [True] == [
        one.is_active for one in accounts(world).values() if one.fingerprint == fingerprint(OLD, ACCOUNT_KEY)
    ]
    assert [False] == [
        one.is_active for one in accounts(world).values() if one.fingerprint == fingerprint(NEW, ACCOUNT_KEY)
    ]
    (assignment,) = world.simulator.world.tables["instrumentAssignments"]
    assert "2026-01-05" == assignment.data["EndDate"]


def test_a_yes_that_is_not_kept_is_no_yes() -> None:
    """Payments can't use an account that is not assigned, whatever Oracle has answered."""
    world = a_world()
    world.faults.add(Fault(id="lie", kind="unsaved", path="/instrumentAssignments$", method="POST"))

    with pytest.raises(OutcomeUnknownError, match="does not show all of it"):
        write(world, request(world))

    assert find(world, request(world)) is None
    assert write(world, request(world)).answer["added"] == ["assignment"]


def test_an_assignment_alone_is_taken_back_alone() -> None:
    """The supplier had the account, and payments could not use it: it has it still."""
    world = a_world()
    old = the_old(world)
    done = write(world, request(world, OLD))

    write(world, request(world, None, unassigns=[old]))

    (assignment,) = world.simulator.world.tables["instrumentAssignments"]
    assert ["assignment"] == done.answer["added"]
    assert ("2026-01-05", True) == (assignment.data["EndDate"], accounts(world)[old].is_active)
    assert find(world, request(world, None, unassigns=[old])) is not None


def test_the_same_account_number_at_another_bank_is_another_account() -> None:
    """Its owner is never taken for the one who is paid; Oracle says whether it takes a second one of that number."""
    world = a_world()
    there = BankDetails("12345678", is_iban=False, bic="NWBKGB2L", country="GB")
    write(world, replace(request(world, None), private=there))
    accounts_before = len(list(world.simulator.world.tables["externalBankAccounts"]))
    other = replace(there, bic="BARCGB22XXX")

    looked_up = find(world, replace(request(world, None), private=other))
    with pytest.raises(RejectedError):
        write(world, replace(request(world, None), private=other))
    branch = find(world, replace(request(world, None), private=replace(there, bic="NWBKGB2L123")))

    assert looked_up is None
    assert accounts_before == len(list(world.simulator.world.tables["externalBankAccounts"]))
    assert branch is not None


def test_no_error_repeats_the_number() -> None:
    """Neither its message nor the part of the answer that is kept; nor does the request show it."""
    world = a_world()
    asked = request(world)

    with pytest.raises(RejectedError) as caught:
        write(world, request(world, supplier="999"))
    world.faults.add(
        Fault(
            id="no",
            kind="unavailable",
            path="/externalBankAccounts$",
            method="POST",
            message=f"can not save {NEW}",
        )
    )
    with pytest.raises(AdapterError) as broken:
        write(world, asked)

    assert NEW not in _said(caught.value) + _said(broken.value)
    assert NEW not in repr(asked)


def test_an_account_of_another_supplier_gets_a_second_owner() -> None:
    """A group is paid to one account: the first owner stays, nothing is made twice."""
    world = a_world()
    world.simulator.add_supplier("Muster Service GmbH", bank_accounts=[NEW], country="DE")

    done = write(world, request(world))

    row = world.simulator.world.row("externalBankAccounts", int(done.external_id or 0))
    assert row is not None
    assert ["Y", "N"] == [one.data["PrimaryOwnerIndicator"] for one in row.of("accountOwners")]
    assert 2 == len(accounts(world))


def _said(error: AdapterError) -> str:
    return f"{error} {error.message} {error.answer} {getattr(error, 'refusal', '')}"
