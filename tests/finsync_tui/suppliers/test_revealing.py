"""The system that is asked for bank details in the moment they are sent: its trouble is its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.errors import AdapterError, CredentialsError, MaintenanceError, TransientError
from store import systems
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_bank_changes import NEW, OLD, Paid

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
    """Its breaker counts, not that of the ERP, which was never asked."""
    estate = Asked(TransientError(SOURCE, "503"), monkeypatch)

    estate.hours(60)

    (system, cause) = estate.store.db.execute(
        "SELECT system, cause FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    assert (["DEAD_LETTER"], SOURCE, 3) == (estate.open_classes, system, estate.questions)
    assert cause.startswith(f"{SOURCE} could not be reached")
    assert ("parked", "ok") == (estate.state_of(SOURCE), estate.state_of(TARGET))
    assert [OLD] == estate.paid_to()
