"""The system that is asked for bank details in the moment they are sent: its trouble is its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.errors import AdapterError, CredentialsError, MaintenanceError, TransientError
from adapters.simulation import Fault
from store import systems
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_bank_changes import NEW, OLD, THIRD, Paid

HOUR = timedelta(hours=1)


class Asked(Paid):
    """An approved change that waits to be sent, and a Coupa that answers each question with this error."""

    def __init__(self, error: AdapterError, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(breaker={"failures": 2, "pause": "PT1H"}, retry={"default": {"attempts_max": 3}})
        self.error: AdapterError | None = error
        self.questions = 0
        reveal = self.adapters[SOURCE].reveal_account  # type: ignore[attr-defined]

        async def answer(external_id: str) -> object:
            self.questions += 1
            if self.error is not None:
                raise self.error
            return await reveal(external_id)

        monkeypatch.setattr(self.adapters[SOURCE], "reveal_account", answer)
        change = self.changes()
        self.confirm(change.id)
        self.approve(change.id)

    def hours(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(HOUR)
            self.settle()

    def state_of(self, system: str) -> str:
        stands = systems.get(self.store.db, system)
        assert stands is not None
        return stands.state

    @property
    def delivery(self) -> tuple[str, int]:
        (row,) = self.store.db.execute("SELECT state, attempt_count FROM delivery").fetchall()
        return row[0], row[1]


def test_a_weekend_of_the_origin_costs_no_attempt_and_parks_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked again when it is back; the ERP, which is well, is left open."""
    away = MaintenanceError(SOURCE, "closed for the weekend", retry_after=timedelta(hours=40))
    estate = Asked(away, monkeypatch)
    estate.hours(60)
    waiting = (estate.delivery, estate.questions, estate.state_of(SOURCE), estate.state_of(TARGET))

    estate.error = None
    estate.hours(30)

    assert (("pending", 0), 1, "parked", "ok") == waiting
    assert ([NEW], []) == (estate.paid_to(), estate.open_classes)


def test_an_origin_that_a_person_paused_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody talks to it until it is resumed; then the details go by themselves."""
    estate = Asked(TransientError(SOURCE, "never"), monkeypatch)
    estate.error = None
    with estate.store.transaction() as db:
        systems.pause(db, SOURCE, "audit", estate.clock.now())
    estate.hours(72)
    paused = (estate.questions, estate.delivery, estate.paid_to())
    (message,) = estate.store.db.execute("SELECT message FROM delivery").fetchone()

    with estate.store.transaction() as db:
        systems.resume(db, SOURCE, "done", estate.clock.now())
    estate.hours(1)

    assert (0, ("pending", 0), [OLD]) == paused
    assert f"waits for {SOURCE}, which is asked for what it carries" == message
    assert [NEW] == estate.paid_to()


def test_credentials_that_the_origin_refuses_hold_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception names it, and the ERP goes on."""
    estate = Asked(CredentialsError(SOURCE, "401"), monkeypatch)

    estate.hours(60)

    (system,) = estate.store.db.execute("SELECT system FROM exception_case WHERE ended_at IS NULL").fetchone()
    assert (SOURCE, ["CREDENTIALS_REFUSED"]) == (system, estate.open_classes)
    assert ("held", "ok", ("pending", 0)) == (
        estate.state_of(SOURCE),
        estate.state_of(TARGET),
        estate.delivery,
    )


def test_an_origin_that_fails_is_parked_and_named_by_the_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its breaker counts, not that of the ERP, which was never asked. An error of its own may be about this account."""
    estate = Asked(TransientError(SOURCE, "it failed", status=500), monkeypatch)

    estate.hours(60)

    (system, cause) = estate.store.db.execute(
        "SELECT system, cause FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    assert (["DEAD_LETTER"], SOURCE, 3) == (estate.open_classes, system, estate.questions)
    assert cause.startswith(f"{SOURCE} could not be reached")
    assert ("parked", "ok") == (estate.state_of(SOURCE), estate.state_of(TARGET))
    assert [OLD] == estate.paid_to()


def test_an_origin_that_is_not_there_costs_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it can't be reached, the change goes by itself when it is back."""
    estate = Asked(TransientError(SOURCE, "unreachable"), monkeypatch)
    estate.hours(60)
    waiting = (estate.delivery[0], estate.state_of(SOURCE), estate.state_of(TARGET))

    estate.error = None
    estate.hours(30)

    assert ("pending", "parked", "ok") == waiting
    assert ([NEW], []) == (estate.paid_to(), estate.open_classes)


class Abroad(Paid):
    """A supplier that is paid to an account without an IBAN: its number means something at one bank only."""

    def show_bank(self, bic: str, is_active: bool = True) -> None:
        address = {
            "id": 12, "bank-account-number": "12345678", "swift-code": bic, "country": {"code": "GB"}, "active": is_active,
        }  # fmt: skip
        document = {"id": 900, "supplier-id": self.supplier, "status": "approved"}
        self.coupa.simulator.put(
            "supplier_information",
            {**document, "supplier-information-addresses": [address]},
            by="the supplier",
        )

    def agreed(self) -> None:
        self.clock.advance(timedelta(minutes=5))
        self.show_bank("BARCGB22")
        self.cycle()
        change = self.newest()
        self.confirm(change.id)
        self.approve(change.id)
        self.clock.advance(timedelta(days=2))

    @property
    def banks(self) -> list[str]:
        """Return the banks of the accounts of that number in Oracle."""
        rows = self.oracle.simulator.world.tables["externalBankAccounts"]
        return [str(row.data["SWIFTCode"]) for row in rows if row.data["BankAccountNumber"] == "12345678"]


def test_another_bank_for_the_same_account_number_is_not_what_was_approved() -> None:
    """Whoever changes nothing but the bank code within the cooling-off time gets nothing through."""
    as_agreed, changed = Abroad(), Abroad()
    as_agreed.agreed()
    changed.agreed()
    changed.show_bank("NWBKGB2L")  # and nobody has read it yet

    as_agreed.settle()
    changed.settle()
    stopped = (changed.banks, changed.open_classes)
    changed.cycle()

    assert (["BARCGB22"], []) == (as_agreed.banks, as_agreed.open_classes)
    assert ([], ["BANK_CHANGE_OUTDATED"]) == stopped
    assert ([], ["BANK_CHANGE_HELD"]) == (changed.banks, changed.open_classes)


def test_an_account_that_was_closed_at_its_origin_meanwhile_is_not_sent() -> None:
    """The supplier has taken it back within the cooling-off time."""
    estate = Abroad()
    estate.agreed()
    estate.show_bank("BARCGB22", is_active=False)

    estate.settle()

    assert ([], ["BANK_CHANGE_OUTDATED"]) == (estate.banks, estate.open_classes)


def test_what_may_have_arrived_is_said_when_nothing_more_is_sent() -> None:
    """The answer was lost, and before it could be looked up the origin showed other details."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.clock.advance(timedelta(days=2))
    estate.oracle.faults.add(
        Fault(id="lost", kind="lost_answer", path="/externalBankAccounts$", method="POST")
    )
    estate.deliver()
    estate.show(THIRD)

    estate.clock.advance(HOUR)
    estate.deliver()
    estate.deliver()

    (cause,) = estate.store.db.execute("SELECT cause FROM exception_case WHERE ended_at IS NULL").fetchone()
    assert cause.startswith(f"{TARGET} was told nothing more: {SOURCE} shows other details by now")
    assert "may have arrived all the same: look there first" in cause
