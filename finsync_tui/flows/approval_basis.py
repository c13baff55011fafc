"""On what a document was approved that has changed since: what its budgets were, and the accounts that it is charged to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from finsync_tui.flows import approval_state
from finsync_tui.flows.approval_state import Doubt
from finsync_tui.flows.budgets import Bearer
from finsync_tui.flows.steps import Context, Hold
from finsync_tui.profile import LegalEntitySetup
from finsync_tui.profile.approval import ApprovalBasis
from store import findings, records
from store.canonical.budget import Budget
from store.canonical.keys import RecordKey

CLOSED: Final = frozenset(("COST_CENTRE_INACTIVE", "ACCOUNT_INVALID"))
"""Why an ERP would not take the account that somebody approved."""


def approved_at(context: Context, chains: Iterable[str]) -> datetime | None:
    """Return when a document was approved: by the last of those who had to; None: nobody says."""
    source = RecordKey.parse(context.workflow.document_key).system
    made = (one for one in approval_state.decisions(context.db, source, chains) if one.status == "approved")
    return max((one.decided_at for one in made if one.decided_at is not None), default=None)


def lowered(
    context: Context, what: str, bearers: Iterable[Bearer], since: datetime | None
) -> Iterator[Doubt]:
    """Yield the budgets that are smaller than when a document was approved, as far as they were read by then."""
    for bearer in bearers if since is not None else ():
        held = _as_of(context, bearer, since)
        now = bearer.budget.amount
        if (
            held is None
            or held.amount.currency != now.currency
            or now.amount_minor >= held.amount.amount_minor
        ):
            continue
        yield Doubt(
            "budget",
            f"{what} was approved on the budget of {bearer} over {held.amount}, which is {now} by now",
            "Have it approved again on the budget as it is, or give the budget back what was taken, then retry.",
        )


def _as_of(context: Context, bearer: Bearer, since: datetime | None) -> Budget | None:
    history = records.history(context.db, Budget.entity, bearer.system, bearer.external_id)
    known = [one.version for one in history if since is not None and one.fetched_at <= since]
    if not known or known[-1] == history[-1].version:
        return None
    held = records.get_version(context.db, Budget, bearer.system, bearer.external_id, known[-1])
    return held.record if held is not None else None


def closed(what: str, held: Hold) -> Iterator[Doubt]:
    """Yield that an account was closed which a document was approved on; nothing, when it is another trouble."""
    if held.class_ in CLOSED:
        yield Doubt(
            "account", f"{what} was approved on an account that is closed by now: {held.cause}", held.fix
        )


def note(context: Context, basis: ApprovalBasis, found: Iterable[Doubt]) -> None:
    """Keep what something else stops a document for already, once: its approval rests on it as well."""
    key = context.workflow.document_key
    told = {one.message for one in findings.of_document(context.db, key)}
    new = [one for one in found if one.cause not in told and basis.of(one.kind) != "off"]
    approval_state.note(context, RecordKey.parse(key).system, new)


def of_requisitions(setup: LegalEntitySetup) -> ApprovalBasis:
    """Return what doubts about the approval of a requisition do: as of orders, only that none stops it, unless it is said."""
    if setup.requisition_approval is not None:
        return setup.requisition_approval
    own = setup.order_approval
    stopping = [name for name in ApprovalBasis.model_fields if getattr(own, name) in ("block", "recheck")]
    return own.model_copy(update=dict.fromkeys(stopping, "note"))
