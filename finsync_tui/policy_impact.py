"""What a change of the company's own rules would do, before anybody signs it.

Every stored document that the rules are asked about is asked again, as it was read last, under the rules in force and under the
proposed ones; nothing is written. Of rules about what a step finds, the step is taken again (policy_replay). What is on its way and has not been asked yet would be decided by them; what has passed, or
has ended, stays as it is: it is counted as what the rules would say if it came today.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import heappush, heappushpop
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from finsync_tui.flows.registry import REPLAYED_AT, RULED_AT
from finsync_tui.flows.steps import Facts
from finsync_tui.governance.rules import in_force, setup_of, standings
from finsync_tui.impact_totals import Total, Totals
from finsync_tui.mapping import standings as mapping_standings
from finsync_tui.policies.comparing import ANSWERS_MAX, Comparison
from finsync_tui.policies.decisions import extended
from finsync_tui.policies.ruling import judges
from finsync_tui.policies.verdicts import NOTE, Judging, UndecidedError, Verdict
from finsync_tui.policy_replay import REPLAYED_MAX, candidates, replayed
from finsync_tui.profile import Profile
from store import records
from store.canonical.contracts import CONTRACTS
from store.canonical.currency import comparable
from store.canonical.keys import RecordKey

if TYPE_CHECKING:
    from finsync_tui.policies.deciding import Judge
    from store.canonical.record import CanonicalRecord

AT_ONCE: Final = 500
EXAMPLES_MAX: Final = 200
"""Documents that are shown one by one: those with the largest amounts."""
_TAX: Final = "order_tax"

NOT_RECKONED: Final = (
    "What this would do is not reckoned: these rules hold from the next step, attempt or write-off on."
)

_Said = Sequence[Verdict] | UndecidedError
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
class Impact:
    """Everything that would change."""

    policy: str
    decides: str
    asked: int
    """Documents that both were asked about."""
    totals: tuple[Total[Outcome], ...]
    documents: tuple[Change, ...]
    """The most expensive first."""
    rules: Mapping[str, tuple[int, int]]
    """By rule that differs: to how many documents it says yes now, and would; of what is asked at a step of documents alone."""
    left_out: int = 0
    """Documents with smaller amounts that were not asked: there are too many of them."""


@dataclass(slots=True)
class _Found:
    examples: int
    asked: int = 0
    left_out: int = 0
    told: int = 0
    totals: Totals[Outcome] = field(default_factory=Totals)
    now: Counter[str] = field(default_factory=Counter)
    then: Counter[str] = field(default_factory=Counter)
    largest: list[tuple[int, int, Change]] = field(default_factory=list)

    def add(self, change: Change) -> None:
        self.totals.add(change.outcome, change.currency, change.amount_minor)
        self.told += 1
        entry = (comparable(change.amount_minor, change.currency), -self.told, change)
        if len(self.largest) < self.examples:
            heappush(self.largest, entry)
        else:
            heappushpop(self.largest, entry)


def impact(
    db: Connection,
    profile: Profile,
    name: str,
    body: str,
    now: datetime,
    on: date | None = None,
    examples: int = EXAMPLES_MAX,
) -> Impact:
    """Return what this text of a policy would change. `on`: the day as of which both are asked; else today. `examples`: how many
    documents are named.

    Raises PoliciesError where the proposed rules do not fit.
    """
    current = in_force(standings(db, profile, on or now.date()).values())
    proposed = {key: one for key, one in current.items() if key != name}
    setup = setup_of(body)
    if setup is not None:
        proposed[name] = setup
    about = {one[name].decides for one in (current, proposed) if name in one}
    decisions = sorted(about & (RULED_AT.keys() | REPLAYED_AT.keys()))
    before, after = judges(current, profile.extending), judges(proposed, profile.extending)
    found = _Found(examples)
    for decision in sorted(about & REPLAYED_AT.keys()):
        _replay_all(db, profile, decision, _facts(db, profile, before, after, on), now, found)
    for decision in sorted(about & RULED_AT.keys()):
        judged = before.get(decision), after.get(decision)
        _ask_all(db, profile, decision, judged, on or now.date(), found)
    rules = {rule: (found.now[rule], found.then[rule]) for rule in sorted({*found.now, *found.then})}
    largest = tuple(
        change for _, _, change in sorted(found.largest, key=lambda entry: (-entry[0], -entry[1]))
    )
    return Impact(
        name, ", ".join(decisions), found.asked, tuple(found.totals.in_order(ORDER)), largest, rules,
        found.left_out,
    )  # fmt: skip


def _facts(
    db: Connection,
    profile: Profile,
    before: Mapping[str, Judge],
    after: Mapping[str, Judge],
    starts_on: date | None,
) -> tuple[Facts, Facts]:
    """Return what steps go by, as it is and as it would be. What is posted before the first day stays as it is."""
    tables = {name: one.table for name, one in mapping_standings(db, profile).items()}

    def on(day: date) -> Mapping[str, Judging]:
        return before if starts_on is not None and day < starts_on else after

    return Facts(profile, tables, "", "", before), Facts(profile, tables, "", "", after, judges_on=on)


def _replay_all(
    db: Connection,
    profile: Profile,
    decision: str,
    facts: tuple[Facts, Facts],
    now: datetime,
    found: _Found,
) -> None:
    for flow, step in REPLAYED_AT[decision]:
        ids = candidates(db, flow, step)
        found.left_out += len(ids[REPLAYED_MAX:])
        found.asked += len(ids[:REPLAYED_MAX])
        for one in replayed(db, step, ids[:REPLAYED_MAX], facts, now):
            row = one.workflow
            found.add(
                Change(
                    row.document_key, row.document_number, row.state, one.outcome, one.before, one.after, one.cause,
                    row.amount_minor, row.currency,
                )
            )  # fmt: skip


def _ask_all(
    db: Connection,
    profile: Profile,
    decision: str,
    judged: tuple[Judge | None, Judge | None],
    on: date,
    found: _Found,
) -> None:
    asked = extended(profile.extending)[decision]
    (variable,) = asked.documents
    comparison = Comparison(asked, *judged)
    answers: dict[object, tuple[_Said, _Said]] = {}
    flow, step = RULED_AT[decision]
    regions = profile.regions
    for rows in _processes(db, flow):
        left: list[tuple[Mapping[str, Any], object]] = []
        """Those that all rules have to be asked about, each with what these are asked of it."""
        for row in rows:
            found.asked += 1
            company = row["legal_entity"] or ""
            region = regions.get(company, "")
            same = comparison.is_same(row["body"], company, region, on)
            if same is None:
                question = comparison.question(row["body"], company, region, on)
                left.append((row, row["id"] if question is None else question))
            else:
                found.now.update(same[0])
                found.then.update(same[1])
        if len(answers) > ANSWERS_MAX:
            answers.clear()
        fresh = {question: row for row, question in left if question not in answers}
        whole = _read(
            list(fresh.values()), lambda model, system, ids: records.get_many(db, model, system, ids)
        )
        for question, row in fresh.items():
            documents = {variable: whole[row["document_key"]].record}
            company = row["legal_entity"] or ""
            answers[question] = _ask(judged, documents, company, regions.get(company, ""), on)
        ids = json.dumps([row["id"] for row, _ in left])
        past = {one for (one,) in db.execute(_PAST, {"ids": ids, "step": step})} if left else set()
        for row, question in left:
            said = answers[question]
            for counts, verdicts in zip((found.now, found.then), said, strict=True):
                if not isinstance(verdicts, UndecidedError):
                    counts.update(one.rule for one in verdicts if one.rule in comparison.changed)
            change = _change(decision, row, *said, is_past=row["id"] in past)
            if change is not None:
                found.add(change)


def _ask(
    judged: tuple[Judge | None, Judge | None],
    documents: Mapping[str, object],
    company: str,
    region: str,
    on: date,
) -> tuple[_Said, _Said]:
    """Ask all rules, before and after, about one document."""
    said: list[_Said] = []
    for judge in judged:
        try:
            said.append(judge.ask(documents, company, region, on) if judge is not None else ())
        except UndecidedError as error:
            said.append(error)
    before, after = said
    return before, after


Read = TypeVar("Read")


def _read(
    rows: Sequence[Mapping[str, Any]],
    read: Callable[[type[CanonicalRecord], str, Sequence[str]], Mapping[str, Read]],
) -> dict[str, Read]:
    """Return what is stored of the documents of processes, by document key."""
    named: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        key = RecordKey.parse(row["document_key"])
        named.setdefault((row["entity"], key.system), []).append(key.external_id)
    return {
        f"{system}:{external_id}": one
        for (entity, system), ids in named.items()
        for external_id, one in read(CONTRACTS[entity], system, ids).items()
    }


def _processes(db: Connection, flow: str) -> Iterator[list[Any]]:
    """Yield the newest process of each document that is stored, with the document, some at a time."""
    found = db.execute(_PROCESSES, {"flow": flow})
    while rows := found.fetchmany(AT_ONCE):
        yield rows


_PROCESSES: Final = """
SELECT w.id, w.entity, w.document_key, w.document_number, w.state, w.legal_entity, w.amount_minor, w.currency, v.body
FROM workflow w NOT INDEXED
  CROSS JOIN record r ON r.entity=w.entity AND r.system=substr(w.document_key, 1, instr(w.document_key, ':') - 1)
    AND r.external_id=substr(w.document_key, instr(w.document_key, ':') + 1)
  CROSS JOIN record_version v ON v.id=r.version_id
WHERE w.flow=:flow
  AND NOT EXISTS (SELECT 1 FROM workflow n WHERE n.document_key=w.document_key AND n.flow=w.flow AND n.id>w.id)
ORDER BY w.id
"""
"""One walk in the order in which they stand: by the flow's index they would all be sorted first, with their documents."""
_PAST: Final = """
SELECT w.id FROM json_each(:ids) i JOIN workflow w ON w.id=i.value
WHERE (w.ended_at IS NOT NULL
  OR EXISTS (SELECT 1 FROM workflow_step s WHERE s.workflow_id=w.id AND s.name=:step AND s.state='done'))
  AND NOT EXISTS (SELECT 1 FROM exception_case c
    WHERE c.workflow_id=w.id AND c.class IN ('POLICY_HELD', 'POLICY_UNDECIDED') AND c.ended_at IS NULL)
"""
"""Which processes have passed the step at which rules are asked, and wait for none."""


def _change(
    decision: str,
    row: Mapping[str, Any],
    before: _Said,
    after: _Said,
    *,
    is_past: bool,
) -> Change | None:
    """Say what would become of a document; None: nothing else than what it is."""
    was, would = _words(decision, before), _words(decision, after)
    if isinstance(before, UndecidedError) and isinstance(after, UndecidedError):
        return None
    if isinstance(after, UndecidedError):
        return _of(row, "past_held" if is_past else "undecided", was, would, str(after))
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


def _words(decision: str, said: _Said) -> tuple[str, ...]:
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
