"""That two suppliers are one takes as many persons as merging them: the second says the same, and both have signed it."""

from __future__ import annotations

import pytest

from finsync_tui import actions, people
from finsync_tui.flows import supplier_sameness
from finsync_tui.suppliers import golden
from store import records, supplier_answers
from store.canonical.supplier import SupplierBankAccount, fingerprint, masked
from store.errors import NotAllowedError
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_bank_changes import NEW, OLD
from tests.finsync_tui.suppliers.test_merging import Twice
from tests.finsync_tui.suppliers.test_onboarding import Onboarding

NAME, LIKE = "Harbour Paper Trading Ltd", "Harbour Paper Traders Ltd"


class Asked(Onboarding):
    """A supplier of Coupa that may be one of Oracle under another name: somebody is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.theirs = f"{TARGET}:{self.oracle_supplier(LIKE)}"
        self.ours = f"{SOURCE}:{self.new(NAME, **{'number': 'V-1'})}"
        self.pair = [(self.ours, self.theirs)]

    def say(self, by: str, said: supplier_answers.Answer = "same") -> actions.Said:
        return actions.answer_suppliers(
            self.store, self.profile, self.who(by), self.pair, said, "one register entry", self.signer(by)
        )

    def counts(self) -> bool:
        return supplier_answers.said_in(self.store.db, self.ours, TARGET, "same") != []


def test_one_word_waits_and_a_second_person_makes_it_count() -> None:
    """Not the same person twice; who says different ends it; what counts names both."""
    estate = Asked()

    first = estate.say("maria")
    waiting = (estate.counts(), [row[:3] for row in supplier_answers.proposed(estate.store.db)])
    with pytest.raises(NotAllowedError, match="said that already"):
        estate.say("maria")
    estate.say("tom", "different")
    ended = (supplier_answers.proposed(estate.store.db), estate.counts())
    estate.say("maria")
    second = estate.say("tom")

    one, other = supplier_answers.ordered(*estate.pair[0])
    assert (actions.Said(0, 1), actions.Said(1, 0)) == (first, second)
    assert (False, [(one, other, "maria")]) == waiting
    assert ([], False) == ended
    assert estate.counts()
    (said,) = supplier_answers.answers(estate.store.db, key=estate.ours)
    assert "maria" == said.by
    rows = estate.store.db.execute("SELECT kind, state FROM proposal ORDER BY id")
    states = [
        ("supplier_same", "rejected"),
        ("supplier_different", "approved"),
        ("supplier_same", "approved"),
    ]
    assert states == [tuple(row) for row in rows]


def test_without_a_key_nobody_says_it_and_in_the_file_it_does_not_count() -> None:
    """A word that was written into the store is held, naming why; documents are paid to nobody by it."""
    estate = Asked()
    with pytest.raises(people.KeyMissingError):
        actions.answer_suppliers(estate.store, estate.profile, estate.who(), estate.pair, "same", "sure")
    with estate.store.transaction() as db:
        supplier_answers.answer(db, *estate.pair[0], "same", by="tom", at=estate.clock.now())
    (case,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case])
    estate.settle()
    forged = estate.store.db.execute(
        "SELECT class, cause FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    linked = estate.link(int(estate.ours.partition(":")[2]))

    estate.say("maria")
    estate.say("tom")
    (case,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case])
    estate.settle()
    golden.consolidate(estate.store, estate.profile, estate.clock.now())

    assert "SUPPLIER_AMBIGUOUS" == forged[0]
    assert "nobody else approved it" in forged[1]
    assert linked is None
    link = estate.link(int(estate.ours.partition(":")[2]))
    assert link is not None
    assert estate.theirs == f"{TARGET}:{link.external_id}"


def _paid_to(estate: Twice, own: int, supplier: int, number: str) -> None:
    one = SupplierBankAccount(
        number=f"A{own}",
        supplier_id=str(supplier),
        fingerprint=fingerprint(number, ACCOUNT_KEY),
        masked=masked(number),
    )
    with estate.store.transaction() as db:
        incoming = records.Incoming(str(own), one, number.encode())
        records.put_page(db, "supplier_bank_account", TARGET, [incoming], estate.clock.now())


@pytest.mark.parametrize("pair", ["in the source", "in the target", "across"])
def test_where_one_person_may_merge_a_word_that_moves_payments_waits_for_a_second(pair: str) -> None:
    """By their own accounts or those of the records they are linked with; written into the file it does not count either."""
    estate = Twice(governance={"supplier_merge": "one", "bank_change": "two"})
    _paid_to(estate, 1, estate.erp_double, OLD)
    _paid_to(estate, 2, estate.erp_kept, NEW)
    ours, theirs = f"{SOURCE}:{estate.double}", f"{TARGET}:{estate.erp_kept}"
    one, other = {
        "in the source": estate.keys,
        "in the target": (theirs, f"{TARGET}:{estate.erp_double}"),
        "across": (ours, theirs),
    }[pair]

    done = actions.answer_suppliers(
        estate.store, estate.profile, estate.who(), [(one, other)], "same", "one", estate.signer()
    )
    with estate.store.transaction() as db:
        supplier_answers.answer(db, one, other, "same", by="tom", at=estate.clock.now())

    assert actions.Said(0, 1) == done
    assert "nobody else approved it" == supplier_sameness.problem(estate.store.db, estate.profile, one, other)


def test_where_one_person_may_merge_a_word_that_moves_no_payments_is_theirs() -> None:
    """Both are paid to one account."""
    estate = Twice(governance={"supplier_merge": "one", "bank_change": "two"})
    _paid_to(estate, 1, estate.erp_double, OLD)
    _paid_to(estate, 2, estate.erp_kept, OLD)

    done = actions.answer_suppliers(estate.store, estate.profile, estate.who(), [estate.keys], "same", "one")

    assert actions.Said(1, 0) == done
    assert supplier_sameness.problem(estate.store.db, estate.profile, *estate.keys) is None


def test_what_two_persons_approved_about_others_does_not_count_for_these() -> None:
    """Whoever has the file could point a word at any approval that there is."""
    estate = Asked()
    third = f"{TARGET}:{estate.oracle_supplier('Zenith Robotics PLC')}"
    estate.read()
    estate.say("maria")
    estate.say("tom")
    (approved,) = estate.store.db.execute("SELECT id FROM proposal WHERE state='approved'").fetchone()
    with estate.store.transaction() as db:
        supplier_answers.answer(
            db, estate.ours, third, "same", by="tom", at=estate.clock.now(), proposal_id=approved
        )

    problem = supplier_sameness.problem

    assert problem(estate.store.db, estate.profile, *estate.pair[0]) is None
    assert "what was approved is about others" == problem(estate.store.db, estate.profile, estate.ours, third)


def test_a_word_that_two_are_different_is_signed_or_lets_nobody_create_the_second() -> None:
    """Written into the file, or about another pair, it is asked again; signed, the other company is made."""
    estate = Asked()
    with estate.store.transaction() as db:
        supplier_answers.answer(db, *estate.pair[0], "different", by="tom", at=estate.clock.now())
    (case,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case])
    estate.settle()
    forged = (estate.open_classes, estate.link(int(estate.ours.partition(":")[2])))
    with pytest.raises(people.KeyMissingError, match="signed by whoever says it"):
        actions.answer_suppliers(
            estate.store, estate.profile, estate.who(), estate.pair, "different", "two companies"
        )

    estate.say("maria", "different")
    (case,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case])
    estate.settle()

    assert (["SUPPLIER_DUPLICATE_POSSIBLE"], None) == forged
    link = estate.link(int(estate.ours.partition(":")[2]))
    assert link is not None
    assert estate.theirs != f"{TARGET}:{link.external_id}"
