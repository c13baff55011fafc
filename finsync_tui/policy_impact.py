"""What a change of the company's own rules would do, before anybody signs it.

Every stored document that the rules are asked about is asked again, as it was read last, under the rules in force and under the
proposed ones; nothing is written. What is on its way and has not been asked yet would be decided by them; what has passed, or
has ended, stays as it is: it is counted as what the rules would say if it came today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import heappush, heappushpop
from sqlite3 import Connection
from typing import Any, Final, Literal

from finsync_tui.flows.registry import RULED_AT
from finsync_tui.governance.rules import in_force, setup_of, standings
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.policies.ruling import judges
from finsync_tui.policies.verdicts import NOTE, Judging, UndecidedError, Verdict
from finsync_tui.profile import Profile
from store import records
from store.canonical.contracts import CONTRACTS
from store.canonical.keys import RecordKey

AT_ONCE: Final = 500
EXAMPLES_MAX: Final = 200
"""Documents that are shown one by one: those with the largest amounts."""
_TAX: Final = "order_tax"

Outcome = Literal["released", "newly_held", "changed", "past_held", "past_free", "past_changed", "undecided"]
ORDER: Final[tuple[Outcome, ...]] = (
    "released", "newly_held", "changed", "undecided", "past_held", "past_free", "past_changed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one document."""

    document_key: str
    document_number: str
    state: str
    outcome: Outcome
    before: tuple[str, ...]
    """What the rules in force say: `orders/large`, or how a purchase is taxed."""
    after: tuple[str, ...]
    cause: str
    """Why it could not be asked, or what a person would read."""
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """How many documents have an outcome, and their amount, in one currency."""

    outcome: Outcome
    currency: str | None
    document_count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that would change."""

    policy: str
    decides: str
    asked: int
    """Documents that both were asked about."""
    totals: tuple[Total, ...]
    documents: tuple[Change, ...]
    """The most expensive first."""
    rules: Mapping[str, tuple[int, int]]
    """By rule: to how many documents it says yes now, and would."""


@dataclass(slots=True)
class _Found:
    asked: int = 0
    counts: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    sums: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    then: Counter[str] = field(default_factory=Counter)
    largest: list[tuple[int, int, Change]] = field(default_factory=list)

    def add(self, change: Change) -> None:
        key = (change.outcome, change.currency)
        self.counts[key] += 1
        self.sums[key] += change.amount_minor or 0
        entry = (abs(change.amount_minor or 0), -self.asked, change)
        if len(self.largest) < EXAMPLES_MAX:
            heappush(self.largest, entry)
        else:
            heappushpop(self.largest, entry)


def impact(
    db: Connection, profile: Profile, name: str, body: str, now: datetime, on: date | None = None
) -> Impact:
    """Return what this text of a policy would change. `on`: the day as of which both are asked; else today.

    Raises PoliciesError where the proposed rules do not fit.
    """
    current = in_force(standings(db, profile, on or now.date()).values())
    proposed = {key: one for key, one in current.items() if key != name}
    setup = setup_of(body)
    if setup is not None:
        proposed[name] = setup
    decisions = sorted({one[name].decides for one in (current, proposed) if name in one} & RULED_AT.keys())
    before, after = judges(current), judges(proposed)
    found = _Found()
    for decision in decisions:
        _ask_all(db, profile, decision, (before.get(decision), after.get(decision)), on or now.date(), found)
    mine = f"{name}/"
    rules = {
        rule: (found.now[rule], found.then[rule])
        for rule in sorted({*found.now, *found.then})
        if rule.startswith(mine)
    }
    order = {outcome: place for place, outcome in enumerate(ORDER)}
    totals = tuple(
        Total(outcome, currency, count, found.sums[outcome, currency])
        for (outcome, currency), count in sorted(
            found.counts.items(), key=lambda item: (order[item[0][0]], item[0][1] or "")
        )
    )
    largest = tuple(
        change for _, _, change in sorted(found.largest, key=lambda entry: (-entry[0], -entry[1]))
    )
    return Impact(name, ", ".join(decisions), found.asked, totals, largest, rules)


def _ask_all(
    db: Connection,
    profile: Profile,
    decision: str,
    judged: tuple[Judging | None, Judging | None],
    on: date,
    found: _Found,
) -> None:
    (variable,) = DECISIONS[decision].documents
    for row, record in _documents(db, *RULED_AT[decision]):
        company = str(row["legal_entity"] or "")
        region = profile.regions.get(company, "")
        found.asked += 1
        said: list[Sequence[Verdict] | UndecidedError] = []
        for judge in judged:
            try:
                said.append(judge.ask({variable: record}, company, region, on) if judge is not None else ())
            except UndecidedError as error:
                said.append(error)
        change = _change(decision, row, said[0], said[1], found)
        if change is not None:
            found.add(change)


def _documents(db: Connection, flow: str, step: str) -> Iterator[tuple[Mapping[str, Any], object]]:
    """Yield the newest process of each document, with the record as it was read last."""
    last = 0
    while rows := db.execute(
        _PROCESSES, {"flow": flow, "step": step, "last": last, "count": AT_ONCE}
    ).fetchall():
        last = rows[-1]["id"]
        named: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            key = RecordKey.parse(row["document_key"])
            named.setdefault((row["entity"], key.system), []).append(key.external_id)
        held = {
            f"{system}:{external_id}": one.record
            for (entity, system), ids in named.items()
            for external_id, one in records.get_many(db, CONTRACTS[entity], system, ids).items()
        }
        for row in rows:
            if row["document_key"] in held:
                yield row, held[row["document_key"]]


_PROCESSES: Final = """
SELECT w.id, w.entity, w.document_key, w.document_number, w.state, w.legal_entity, w.amount_minor, w.currency,
       w.ended_at IS NOT NULL OR EXISTS (
         SELECT 1 FROM workflow_step s WHERE s.workflow_id=w.id AND s.name=:step AND s.state='done') AS is_past,
       EXISTS (SELECT 1 FROM exception_case c WHERE c.workflow_id=w.id AND c.class IN ('POLICY_HELD', 'POLICY_UNDECIDED') AND c.ended_at IS NULL) AS is_held
FROM workflow w WHERE w.flow=:flow AND w.id>:last
  AND NOT EXISTS (SELECT 1 FROM workflow n WHERE n.document_key=w.document_key AND n.flow=w.flow AND n.id>w.id)
ORDER BY w.id LIMIT :count
"""


def _change(
    decision: str,
    row: Mapping[str, Any],
    before: Sequence[Verdict] | UndecidedError,
    after: Sequence[Verdict] | UndecidedError,
    found: _Found,
) -> Change | None:
    """Say what would become of a document; None: nothing else than what it is."""
    is_past = bool(row["is_past"]) and not row["is_held"]
    was, would = _words(decision, before), _words(decision, after)
    if isinstance(before, UndecidedError) and isinstance(after, UndecidedError):
        return None
    found.now.update(() if isinstance(before, UndecidedError) else (one.rule for one in before))
    if isinstance(after, UndecidedError):
        return _of(row, "past_held" if is_past else "undecided", was, would, str(after))
    found.then.update(one.rule for one in after)
    cause = after[0].why if after else ""
    if decision == _TAX and not isinstance(before, UndecidedError):
        if was == would:
            return None
        return _of(row, "past_changed" if is_past else "changed", was, would, cause)
    holds = bool(would) and decision != _TAX
    if bool(was) == holds:
        return None
    if holds:
        return _of(row, "past_held" if is_past else "newly_held", was, would, cause)
    return _of(row, "past_free" if is_past else "released", was, would, cause)


def _words(decision: str, said: Sequence[Verdict] | UndecidedError) -> tuple[str, ...]:
    """Return what counts of what rules say: which of them stop a document, or can't be asked of it; or how it is taxed."""
    if isinstance(said, UndecidedError):
        return (said.rule,)
    if decision == _TAX:
        return tuple(one.then for one in said)
    return tuple(one.rule for one in said if one.then != NOTE)


def _of(
    row: Mapping[str, Any], outcome: Outcome, before: tuple[str, ...], after: tuple[str, ...], cause: str
) -> Change:
    return Change(
        row["document_key"], row["document_number"], row["state"], outcome, before, after, cause,
        row["amount_minor"], row["currency"],
    )  # fmt: skip
