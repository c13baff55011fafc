"""Why two sides differ, with what shows it. A few hundred differences at a time, with a handful of statements.

What finsync decided not to send is no difference: the flow's own record says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.reconcile.comparing import Comparison
from finsync_tui.reconcile.judging import Found, is_rounding
from finsync_tui.reconcile.rows import first
from finsync_tui.reconcile.sides import OWN
from store import cases, outbox, records, workflows
from store.breaks import Class, NewBreak
from store.canonical.contracts import CONTRACTS
from store.cases import ExceptionCase
from store.clock import instant, text
from store.outbox import Delivery
from store.wording import counted
from store.workflows import Workflow

BATCH: Final = 500
_SENT: Final = ("delivered", "verified")
_ON_ITS_WAY: Final = ("pending", "claimed", "held")
_NOT_AS_SENT: Final = ("READ_BACK_DIFFERS", "WRITE_BACK_IGNORED")
"""Exceptions that say a system does not hold what it was sent: no time will mend that."""
_TWICE: Final = ("PAYMENT_TWICE_POSSIBLE", "PAYMENT_DUPLICATE_POSSIBLE", "INVOICE_DUPLICATE")
"""Exceptions that say something is there once too often."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of the document of a difference."""

    workflow: Workflow | None = None
    case: ExceptionCase | None = None
    deliveries: tuple[Delivery, ...] = ()

    @property
    def sent(self) -> Delivery | None:
        """The last that was taken."""
        done = [one for one in self.deliveries if one.state in _SENT]
        return max(done, key=lambda one: one.changed_at) if done else None


def classify(
    db: Connection, comparing: Comparison, found: Iterable[Found], now: datetime, own_logins: frozenset[str]
) -> Iterator[NewBreak]:
    """Yield a break for each difference, with its class and the evidence for it."""
    incoming = iter(found)
    while some := list(islice(incoming, BATCH)):
        known, dates = _known(db, comparing, some), _dates(db, comparing, some)
        for one in some:
            key = _document(one)
            what = known.get(key or "", _Known())
            if not _was_decided(comparing, one, what) and not _is_passing(comparing, one, what, now):
                yield _break(comparing, one, what, dates, now, own_logins)


def _break(
    comparing: Comparison,
    one: Found,
    known: _Known,
    dates: Mapping[tuple[int, str], str],
    now: datetime,
    own_logins: frozenset[str],
) -> NewBreak:
    class_, why = _class(comparing, one, known, now, own_logins)
    row = one.source or one.target
    evidence = {**one.evidence, **why}
    dated = dates.get((row.side_id, row.external_id)) if row is not None else None
    if dated is not None:
        evidence["dated"] = dated
    sent = known.sent
    return NewBreak(
        definition=comparing.name,
        source_system=comparing.source_label,
        target_system=comparing.target_label,
        entity=comparing.definition.entity,
        key=one.key,
        kind=one.kind,
        class_=class_,
        document_number=row.number if row else one.key,
        document_key=_document(one),
        source_id=one.source.external_id if one.source else None,
        target_id=one.target.external_id if one.target else None,
        legal_entity=(row.legal_entity if row else str(one.evidence.get("legal_entity", ""))) or None,
        period=(row.period if row else str(one.evidence.get("period", ""))) or None,
        currency=(row.currency if row else str(one.evidence.get("currency", ""))) or None,
        amount_minor=one.amount_minor,
        fields=one.fields,
        evidence=evidence,
        workflow_id=known.workflow.id if known.workflow else None,
        case_id=known.case.id if known.case else None,
        entry_id=sent.entry_id if sent else None,
    )


def _class(
    comparing: Comparison, one: Found, known: _Known, now: datetime, own_logins: frozenset[str]
) -> tuple[Class, dict[str, Any]]:
    """Return the class and why: the surest sign first."""
    rules = comparing.definition.classes
    if one.kind == "duplicate":
        return "duplicate", {"why": "one side holds it more than once"}
    times = _told_times(comparing, one)
    if times > 1:
        return "duplicate", {"why": f"the target has it {times} times over", "times": times}
    if "once_too_often" in one.evidence and _is_money_only(comparing, one):
        return "duplicate", {
            "why": f"without {one.evidence['once_too_often']} the target has no more than the source"
        }
    currency = one.source.currency if one.source else str(one.evidence.get("currency", ""))
    by_hand = _by_hand(comparing, one, known, own_logins)
    if _is_money_only(comparing, one) and is_rounding(rules.rounding, currency, one.amount_minor):
        return "rounding", {**(by_hand or {}), "why": "the amounts differ by no more than rounding does"}
    if one.kind == "control_total":
        if "counted_apart" in one.evidence:
            return "unknown", {
                "why": "the sides count a document in different companies, months or currencies"
            }
        return "unknown", {"why": "no document of this total explains the difference"}
    case = known.case
    if case is not None and case.class_ in (*rules.mapping, *rules.master_data):
        return _by_case(comparing, one, case)
    if "unreadable" in one.evidence:
        return "unknown", {
            "why": f"the other side shows {counted(int(one.evidence['unreadable']), 'record')} that can't be read: this may be one of them"
        }
    if by_hand is not None:
        return "manual_change", by_hand | (
            {"exception": case.id, "exception_class": case.class_} if case else {}
        )
    if case is not None:
        return _by_case(comparing, one, case)
    if (
        known.workflow is not None
        and known.workflow.ended_at is None
        and _may_be_on_its_way(comparing, one, known, now)
    ):
        return "timing", {
            "why": "its process is not finished",
            "step": known.workflow.step,
            "waits_for": known.workflow.waiting_for,
        }
    on_its_way = next((d for d in known.deliveries if d.state in _ON_ITS_WAY), None)
    if on_its_way is not None:
        return "timing", {
            "why": f"{on_its_way.operation} is {on_its_way.state}",
            "delivery": on_its_way.entry_id,
        }
    if _links_differ(comparing, one):
        return "missing_master_data", {"why": "what the target points to is linked to nothing at the source"}
    sent = _carried(comparing, one, known)
    if one.kind == "missing_in_target" and sent is not None and sent.state != "verified":
        return "unknown", {
            "why": "the target said yes, and it was never seen there",
            "delivery": sent.entry_id,
            "answered_at": text(sent.changed_at),
        }
    if _is_fresh(comparing, one, now):
        return "timing", {"why": "it changed a moment ago", "changed_at": _changed_at(one)}
    return "unknown", {"why": "nothing that is known here explains it"}


def _may_be_on_its_way(comparing: Comparison, one: Found, known: _Known, now: datetime) -> bool:
    """Say whether an unfinished process may still tell the target: it has told it nothing, or its document changed, lately."""
    moved = [known.sent.changed_at] if known.sent is not None else []
    if one.kind == "missing_in_target" and not moved:
        return True
    if any(delivery.state in _ON_ITS_WAY for delivery in known.deliveries):
        return True
    changed = _changed_at(one)
    moved += [instant(changed)] if changed is not None else []
    return not moved or now - max(moved) < comparing.definition.classes.patience


def _by_case(comparing: Comparison, one: Found, case: ExceptionCase) -> tuple[Class, dict[str, Any]]:
    """Return what a live exception of the document makes of it: most of them keep it waiting, a few say that it went wrong."""
    rules = comparing.definition.classes
    why = {"why": case.cause, "exception": case.id, "exception_class": case.class_}
    if case.class_ in rules.mapping:
        return "mapping", why
    if case.class_ in rules.master_data:
        return "missing_master_data", why
    if case.class_ in _NOT_AS_SENT:
        return "unknown", why
    if case.class_ in _TWICE and one.kind != "missing_in_target":
        return "duplicate", why
    return "timing", why


def _by_hand(
    comparing: Comparison, one: Found, known: _Known, own_logins: frozenset[str]
) -> dict[str, Any] | None:
    """Say what shows that somebody changed the target after we did; None: nothing does."""
    sent = _carried(comparing, one, known)
    if one.kind == "missing_in_target":
        if sent is not None and sent.state == "verified" and _was_shown(comparing, known):
            return {
                "why": "it was read back there, and is gone",
                "delivery": sent.entry_id,
                "seen_at": text(sent.changed_at),
            }
        return None
    if one.kind == "missing_in_source":
        if known.workflow is not None:
            return {
                "why": "it was there when its process began, and is gone",
                "workflow": known.workflow.id,
            }
        return None
    if one.kind not in ("field", "status_lag") or sent is None:
        return None
    is_one_system = comparing.source_label == comparing.target_label
    for side, row in (("target", one.target), *((("source", one.source),) if is_one_system else ())):
        if row is None or row.changed_at is None or instant(row.changed_at) <= sent.changed_at:
            continue
        if row.changed_by is None or row.changed_by not in own_logins:
            return {
                "why": f"the {side} changed after our last delivery",
                "changed_at": row.changed_at,
                "changed_by": row.changed_by,
                "delivery": sent.entry_id,
                "delivered_at": text(sent.changed_at),
            }
    return None


def _was_shown(comparing: Comparison, known: _Known) -> bool:
    """Say whether the target has shown the document as one that takes part: a draft of it does not."""
    after = comparing.definition.classes.shown_after
    return not after or any(d.operation in after and d.state == "verified" for d in known.deliveries)


def _carried(comparing: Comparison, one: Found, known: _Known) -> Delivery | None:
    """Return the last delivery that was taken, where it can have carried this.

    Several things of one document are told one by one, payments for example: what is newer than the last that was told was
    not among them.
    """
    sent, changed = known.sent, _changed_at(one)
    is_newer = sent is not None and changed is not None and instant(changed) > sent.changed_at
    return None if is_newer and not comparing.definition.proves else sent


def _was_decided(comparing: Comparison, one: Found, known: _Known) -> bool:
    """Say whether the flow decided that this side shall be without it: it ended and sent nothing, or took it back."""
    flow = known.workflow
    if flow is None or flow.ended_at is None:
        return False
    if one.kind == "missing_in_target" and flow.state == "done" and not known.deliveries:
        return True
    if comparing.source_label == OWN and flow.state == "aborted" and one.kind != "field":
        return True
    undone = comparing.definition.undone_by
    return any(one.operation in undone and one.state in _SENT for one in known.deliveries)


def _is_passing(comparing: Comparison, one: Found, known: _Known, now: datetime) -> bool:
    """Say whether the target's status is one that a document passes through, and this one still may."""
    if one.kind != "status_lag" or one.target is None:
        return False
    passing = comparing.definition.classes.passing
    if any(passing.get(field.target or "") != field.source for field in one.fields):
        return False
    if known.case is not None or any(delivery.state in _ON_ITS_WAY for delivery in known.deliveries):
        return True
    changed = one.target.changed_at
    return changed is not None and now - instant(changed) < comparing.definition.classes.patience


def _told_times(comparing: Comparison, one: Found) -> int:
    """Return how many times over the target has what may stand there in several rows; 1: not just repeated."""
    if comparing.definition.many != "target" or not _is_money_only(comparing, one):
        return 1
    if one.source is None or one.target is None or not one.source.amount_minor:
        return 1
    times, rest = divmod(one.target.amount_minor, one.source.amount_minor)
    return times if not rest else 1


def _is_money_only(comparing: Comparison, one: Found) -> bool:
    if one.kind == "control_total":
        return True
    kinds = {f.name: f.kind for f in comparing.definition.fields}
    return one.kind == "field" and all(kinds.get(f.field) == "money" for f in one.fields)


def _links_differ(comparing: Comparison, one: Found) -> bool:
    named = comparing.definition.classes.master_fields
    return one.kind == "field" and any(f.field in named for f in one.fields)


def _is_fresh(comparing: Comparison, one: Found, now: datetime) -> bool:
    changed = _changed_at(one)
    return (
        one.kind in ("missing_in_target", "status_lag", "field")
        and changed is not None
        and now - instant(changed) < comparing.definition.classes.patience
    )


def _changed_at(one: Found) -> str | None:
    return one.source.changed_at if one.source else None


def _document(one: Found) -> str | None:
    if one.source is not None and one.source.document_key:
        return one.source.document_key
    return one.target.document_key if one.target is not None else None


def _dates(db: Connection, comparing: Comparison, found: Sequence[Found]) -> dict[tuple[int, str], str]:
    """Return the documents' own dates, as we have read them: the day, where a period is only its month."""
    dates: dict[tuple[int, str], str] = {}
    sides = [
        (comparing.definition.source, comparing.sources),
        (comparing.definition.target, comparing.targets),
    ]
    for setup, some in sides:
        model = CONTRACTS.get(setup.entity)
        if setup.period is None or model is None or setup.read == "taken_up":
            continue
        for side in some:
            ids = {
                row.external_id
                for one in found
                for row in (one.source, one.target)
                if row and row.side_id == side.id
            }
            for external_id, held in records.get_many(db, model, side.system, sorted(ids)).items():
                day = first(held.record, setup.period, None)
                if isinstance(day, date):
                    dates[side.id, external_id] = f"{day:%Y-%m-%d}"
    return dates


def _known(db: Connection, comparing: Comparison, found: Sequence[Found]) -> dict[str, _Known]:
    keys = list(dict.fromkeys(key for one in found if (key := _document(one))))
    if not keys:
        return {}
    entities = {comparing.definition.entity, comparing.definition.source.entity}
    flows = workflows.newest(db, keys, comparing.definition.flow)
    live: dict[str, ExceptionCase] = {}
    for case in cases.live_for_documents(db, keys):
        if case.entity in entities:
            live.setdefault(case.document_key, case)
    sent: dict[str, list[Delivery]] = {}
    for delivery in outbox.of_documents(db, keys, [side.system for side in comparing.targets]):
        if delivery.entity in entities:
            sent.setdefault(delivery.document_key, []).append(delivery)
    return {key: _Known(flows.get(key), live.get(key), tuple(sent.get(key, ()))) for key in keys}
