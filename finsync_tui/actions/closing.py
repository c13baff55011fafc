"""What a person may do about a period's close: certify that nothing stands in its way."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from finsync_tui import closing, people
from finsync_tui.actor import Actor
from finsync_tui.closing import certificate
from finsync_tui.closing.check import CloseCheck
from finsync_tui.profile import Profile
from store import Store, audit
from store import closing as facts
from store.clock import text
from store.closing import Certificate, Period
from store.columns import encode
from store.errors import NotAllowedError
from store.wording import counted

WHAT = "period.certified"


def certify_period(
    store: Store, actor: Actor, profile: Profile, legal_entity: str, period: Period
) -> Certificate:
    """Certify a period in which nothing stands in the way; the audit log holds the same digests.

    A certificate that still holds is given again: nothing has changed since.
    """
    people.require(actor.name, actor.roles, WHAT)
    with store.transaction() as db:
        now = store.clock.now()
        found = closing.check(db, profile, legal_entity, period, now)
        problem = _refusal(found)
        if problem is not None:
            raise NotAllowedError(
                f"{legal_entity} {period.name} can't be certified: {problem}. Nothing was changed."
            )
        if found.standing.is_valid and found.standing.certificate is not None:
            return found.standing.certificate
        body = _body(db, actor, found, now)
        shown = {"digest": body["digest"], "period": period.name, "certificate": body["format"]}
        (seq,) = audit.record(
            db,
            [
                audit.Entry(
                    who=actor.name, what=WHAT, subject=f"{legal_entity} {period.name}", after=shown, source=actor.source
                )
            ],
            now,
        )  # fmt: skip
        kept = {name: body[name] for name in ("legal_entity", "ledger", "period", "starts_on", "ends_on",
                                              "certified_by", "certified_at", "digest")}  # fmt: skip
        facts.keep(db, {**kept, "audit_seq": seq}, body)
        made = facts.newest_certificate(db, legal_entity, period.starts_on)
    assert made is not None, "it was stored in this transaction"
    return made


def _refusal(found: CloseCheck) -> str | None:
    period = found.period
    if found.today <= period.ends_on:
        return f"it runs until {period.ends_on.isoformat()}, and more documents may come"
    if found.obstacles:
        count = sum(one.count for one in found.obstacles)
        return (
            f"{counted(count, 'thing stands', 'things stand')} in the way; `finsync close-check` lists them"
        )
    if found.unassigned:
        return f"{counted(found.unassigned, 'document')} of those days can't be told to any company"
    if not found.was_compared:
        return "no reconciliation has compared its documents yet; `finsync reconcile` does"
    if found.lags:
        said = "; ".join(f"{one.definition}: its {one.why}" for one in found.lags)
        return f"{said}. `finsync reconcile {' '.join(sorted({one.definition for one in found.lags}))} --full` compares"
    return None


def _body(db: Connection, actor: Actor, found: CloseCheck, now: datetime) -> dict[str, Any]:
    period = found.period
    rests_on = certificate.basis(facts.booked(db, found.legal_entity, period.starts_on, period.ends_on))
    count, head = audit.head(db)
    return {
        "format": certificate.FORMAT,
        "statement": "Nothing was in flight, unposted, unconfirmed, unexplained or in exception.",
        "legal_entity": found.legal_entity,
        "name": found.name,
        "ledger": period.ledger,
        "period": period.name,
        "starts_on": period.starts_on.isoformat(),
        "ends_on": period.ends_on.isoformat(),
        "is_open_in_erp": period.is_open,
        "left_over_from_before": found.left_over,
        "certified_by": actor.name,
        "certified_at": text(now),
        "documents": [
            {"entity": entity, "currency": currency, "count": number, "amount_minor": minor}
            for (entity, currency), (number, minor) in rests_on.totals.items()
        ],
        "control_totals": [
            asdict(one) | {"difference_minor": one.difference_minor} for one in found.compared
        ],
        "accepted_differences": certificate.named(found.accepted),
        "reconcile_runs": sorted({one.run_id for one in found.compared}),
        "digest": rests_on.digest,
        "audit_head": {"entries": count, "hash": head},
    }


def certificate_bytes(made: Certificate) -> bytes:
    """Return a certificate as a file: canonical JSON, the very bytes that are stored."""
    return encode({**made.body, "number": made.id, "audit_entry": made.audit_seq}) + b"\n"
