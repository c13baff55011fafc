"""Who judges as of a day: versions that begin on a day of their own decide about what is posted from then on."""

from __future__ import annotations

from datetime import date, timedelta

from finsync_tui import actions
from finsync_tui.governance.dated import as_of
from finsync_tui.governance.judging import judges
from finsync_tui.governance.rules import in_force, standings
from finsync_tui.policies.asked import ToleranceAsked
from store.canonical.money import Money
from store.canonical.payables import Invoice
from tests.builders import MONDAY
from tests.finsync_tui.flows.invoice_desk import an_invoice
from tests.finsync_tui.governance.council import Council, a_signer

TODAY = MONDAY.date()
NAME = "invoice_tolerance"


class Board(Council):
    """A company whose tolerance is signed anew from time to time."""

    def says(self, then: str) -> None:
        rule = {"when": "invoice.total.amount > decimal('9.00')", "then": then, "why": "ours"}
        self.extra["policies"] = {"own": {"decides": NAME, "rules": {"own": rule}}}

    def agrees(self, then: str, starts: date | None = None) -> None:
        self.says(then)
        number = actions.propose_policy(
            self.store, self.profile, self.who("maria"), "own", "because", a_signer("maria"), starts_on=starts
        )
        actions.approve_policy(self.store, self.profile, self.who("tom"), number, a_signer("tom"))

    def allows(self, on: date) -> str:
        """Return what the rules of a day allow an invoice of 10.00."""
        today = self.store.clock.now().date()
        now = judges(in_force(standings(self.store.db, self.profile, today).values()))
        dated = as_of(self.store.db, self.profile, today, now)
        judge = (now if dated is None else dated(on))[NAME]
        invoice: Invoice = an_invoice().model_copy(update={"total": Money.of("10.00", "EUR")})
        asked = {"tolerance": ToleranceAsked(kind="price"), "invoice": invoice}
        return judge.ask(asked, "DE01", "", on)[0].then


def test_a_version_decides_from_its_day_on_and_no_sooner() -> None:
    """Also about a day that is still to come, and a year later about one that has long passed."""
    board = Board()
    board.agrees("1%")
    board.agrees("2%", starts=TODAY + timedelta(days=10))
    before = [board.allows(TODAY + timedelta(days=n)) for n in (0, 9, 10, 400)]
    board.store.clock.advance(timedelta(days=365))  # type: ignore[attr-defined]
    after = [board.allows(TODAY + timedelta(days=n)) for n in (0, 9, 10, 400)]

    assert ["1%", "1%", "2%", "2%"] == before == after


def test_nobody_looks_for_days_where_no_version_has_one() -> None:
    """It costs what it did."""
    board = Board()
    board.agrees("1%")

    assert as_of(board.store.db, board.profile, TODAY, {}) is None


def test_where_one_person_is_enough_the_layers_say_it_whatever_the_day_is() -> None:
    """Nothing is signed, so nothing begins on a day."""
    board = Board(governance={"policy": "one"})
    board.says("2%")

    assert "2%" == board.allows(TODAY) == board.allows(TODAY - timedelta(days=400))
