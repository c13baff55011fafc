"""When a delivery that failed is tried again: as a rule of the company says, else as its settings for the system do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

from adapters.errors import AdapterError
from finsync_tui import retry
from finsync_tui.policies.asked import AttemptAsked, duration
from finsync_tui.policies.verdicts import GIVE_UP, SETTING, Judging, UndecidedError, Verdict
from finsync_tui.profile import Profile
from store import workflows
from store.canonical.money import Money
from store.outbox import Claim


@dataclass(frozen=True, slots=True)
class Again:
    """When it is tried again."""

    at: datetime | None
    """None: a person must look."""
    words: str = ""
    """Which rule says so, and why; empty: the settings do."""


class Patience:
    """Decides for the deliveries of one round."""

    def __init__(self, db: Connection, profile: Profile, judge: Judging | None) -> None:
        self._db = db
        self._profile = profile
        self._judge = judge

    def next_attempt(self, claim: Claim, error: AdapterError, failed_at: datetime) -> Again:
        """Return when to try again, or that a person must look."""
        number = claim.attempt_count + 1
        jitter = retry.jitter_for(claim.idempotency_key, number)
        verdict = self._verdict(self._judge, claim, error, failed_at) if self._judge is not None else None
        if verdict is None:
            patience = self._profile.retry_for(error.system)
            return Again(
                retry.next_attempt(
                    patience, attempt=number, failed_at=failed_at, jitter=jitter, asked=error.retry_after
                )
            )
        words = f"{verdict.why} [{verdict.rule}]"
        if verdict.then == GIVE_UP:
            return Again(None, words)
        after = duration(verdict.then)
        at = retry.next_as_ruled(
            after, attempt=number, failed_at=failed_at, jitter=jitter, asked=error.retry_after
        )
        return Again(at, words)

    def wait(self, claim: Claim, error: AdapterError, *, asked: timedelta) -> timedelta:
        """Return how long to wait for a system that is not there: it spends no attempt, and no rule is asked."""
        number = claim.attempt_count + 1
        jitter = retry.jitter_for(claim.idempotency_key, number)
        return retry.wait(self._profile.retry_for(error.system), attempt=number, jitter=jitter, asked=asked)

    def _verdict(self, judge: Judging, claim: Claim, error: AdapterError, at: datetime) -> Verdict | None:
        """Return what a rule says in place of the settings; None: none does. One that can't be asked keeps nothing waiting."""
        workflow = workflows.get(self._db, claim.workflow_id) if claim.workflow_id is not None else None
        company = (workflow.legal_entity if workflow is not None else None) or ""
        asked = AttemptAsked(
            system=error.system,
            operation=claim.operation,
            entity=claim.entity,
            failure=error.failure,
            status=error.status,
            number=claim.attempt_count + 1,
            amount=Money(amount_minor=claim.amount_minor, currency=claim.currency)
            if claim.amount_minor is not None and claim.currency
            else None,
        )
        try:
            said = judge.ask({"attempt": asked}, company, self._profile.regions.get(company, ""), at.date())
        except UndecidedError:
            return None
        return said[0] if said and said[0].then != SETTING else None
