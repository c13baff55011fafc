"""Rules of `retry`: when a delivery that failed is tried again, beside and in place of the settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import AdapterError, OutcomeUnknownError, TransientError
from finsync_tui.governance.judging import judges
from finsync_tui.policies import ruling
from finsync_tui.policies.files import read_file
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.verdicts import RETRY
from finsync_tui.retry import ATTEMPTS_MAX, JITTER_MAX
from store import outbox, workflows
from store.clock import instant
from tests.builders import MONDAY
from tests.finsync_tui.test_breaker import TARGET, Answer, Queue, unanswered

SHIPPED = read_file(Path(__file__).parents[2] / "profiles" / "controls" / "policies" / "retries.toml")


def busy(request: object) -> AdapterError:
    return TransientError(TARGET, "answered 429", status=429, retry_after=timedelta(minutes=2))


def setup(when: str, then: str) -> PolicySetup:
    return PolicySetup.model_validate(
        {"decides": RETRY, "rules": {"own": {"when": when, "then": then, "why": "ours"}}}
    )


def queue(answer: Answer, *own: PolicySetup, **changes: Any) -> Queue:
    """Return one order that fails so, under the shipped rules and one's own."""
    found = Queue(answer, **{"count": 1, **changes})
    policies = {"retries": SHIPPED} | {f"own{n}": one for n, one in enumerate(own)}
    found.judge = judges(policies).get(RETRY)
    return found


def waits(found: Queue) -> timedelta:
    """Return how long the order waits after its newest attempt."""
    (next_at,) = found.store.db.execute("SELECT next_at FROM delivery").fetchone()
    return instant(next_at) - found.clock.now()


def about(wait: timedelta) -> tuple[timedelta, timedelta]:
    return wait, wait * (1 + JITTER_MAX)


def test_what_is_shipped_asks_nobody() -> None:
    """All of it is left to the settings: each failure costs what it did, and waits as long."""
    ruled, plain = queue(unanswered), Queue(unanswered, count=1)

    assert ruled.judge is None
    assert (1, 1) == (ruled.deliver(), plain.deliver())
    assert waits(plain) == waits(ruled)


def test_a_rule_says_how_long_until_the_next_attempt() -> None:
    """By class and number of the attempt; what it does not speak of waits as the setting says."""
    found = queue(unanswered, setup("attempt.failure == 'unknown' && attempt.number == 1", "PT7M"))
    plain = Queue(unanswered, count=1)
    found.deliver()
    first = waits(found)
    found.deliver(timedelta(minutes=10))
    plain.deliver()
    plain.deliver(timedelta(minutes=10))

    low, high = about(timedelta(minutes=7))
    assert low <= first <= high
    assert waits(plain) == waits(found)


def test_a_rule_tries_on_where_the_setting_gives_up_and_gives_up_where_it_tries_on() -> None:
    """The setting allows three attempts."""
    more = queue(unanswered, setup("attempt.number < 5", "PT1M"))
    fewer = queue(unanswered, setup("attempt.number >= 2", "give_up"))
    for one in (more, fewer):
        for _ in range(4):
            one.deliver(timedelta(hours=2))

    assert ({"pending": 1}, 4) == (more.states, more.attempts_spent)
    assert ({"buried": 1}, 2) == (fewer.states, fewer.attempts_spent)


def test_a_longer_wait_that_the_system_asks_for_wins() -> None:
    """Also over a rule."""
    found = queue(busy, setup("true", "PT1S"))
    found.deliver()

    assert timedelta(minutes=2) <= waits(found)


def test_no_rule_tries_for_ever() -> None:
    """After as many attempts as a setting may allow at most, a person looks."""
    found = queue(unanswered, setup("true", "PT1M"))
    found.store.db.execute("UPDATE delivery SET attempt_count=?", (ATTEMPTS_MAX - 1,))
    found.deliver()

    assert {"buried": 1} == found.states


def test_what_may_have_arrived_is_looked_up_first_whatever_a_rule_says() -> None:
    """A rule says when, never how."""
    found = queue(unanswered, setup("true", "PT1M"))
    found.deliver()
    found.deliver(timedelta(minutes=5))

    assert (2, 1) == (len(found.erp.writes), len(found.erp.looks))


@pytest.mark.parametrize(
    ("when", "is_asked"),
    [
        ("has(attempt.amount) && attempt.amount.amount > decimal('9.00')", True),
        ("has(attempt.amount) && attempt.amount.amount > decimal('10.00')", False),
        ("attempt.amount.currency == 'EUR'", None),
        ("company == 'DE01'", True),
        ("company == 'FR01'", False),
    ],
)
def test_amount_and_company_of_the_document_are_known(when: str, is_asked: bool | None) -> None:
    """10.00 of DE01: more than 9.00 as an amount, not as a text."""
    own = setup(when, "give_up")
    if is_asked is None:
        assert "may be missing" in ruling.misfits({"own": own}, {})[0].message
        return
    found = queue(unanswered, own, count=0)
    with found.store.transaction() as db:
        workflow_id = workflows.start(
            db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key="coupa:key-000",
            document_number="key-000", document_version=1, document_revision="1", step="await", now=MONDAY,
        )  # fmt: skip
        db.execute("UPDATE workflow SET legal_entity='DE01'")
        entry = outbox.Entry(
            "key", TARGET, "order.submit", "purchase_order", "coupa:key-000", "key-000", "{}", workflow_id,
            amount_minor=1_000, currency="EUR",
        )  # fmt: skip
        outbox.enqueue(db, [entry], MONDAY)
    found.deliver()

    assert ({"buried": 1} if is_asked else {"pending": 1}) == found.states


def test_the_rule_is_told_with_the_attempt() -> None:
    """`finsync explain` shows it, and so does what a person gets to look at."""
    found = queue(unanswered, setup("true", "give_up"))
    found.deliver()
    attempt, delivery = (
        found.store.db.execute("SELECT message FROM attempt").fetchone()[0],
        found.store.db.execute("SELECT message FROM delivery").fetchone()[0],
    )

    assert "no answer came (ours [own0/own])" == attempt == delivery
    assert OutcomeUnknownError.failure == found.store.db.execute("SELECT failure FROM delivery").fetchone()[0]


@pytest.mark.parametrize(
    ("when", "then", "place", "word"),
    [
        ("attempt.nummer > 3", "PT1M", "when", "number"),
        ("attempt.status > 500", "PT1M", "when", "has(attempt.status)"),
        ("attempt.amount.amount > 3", "PT1M", "when", "decimal('10.00')"),
        ("true", "5 minutes", "then", "give_up"),
        ("true", "P11Y", "then", "longer than"),
    ],
)
def test_what_does_not_fit_is_found_by_the_check(when: str, then: str, place: str, word: str) -> None:
    """A wrong field, one that may be missing, a number for an amount, a word for a duration."""
    (found,) = ruling.misfits({"own": setup(when, then)}, {})

    assert f"own.rules.own.{place}" == found.place
    assert word in found.message
