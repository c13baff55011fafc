"""Keeps golden records up to date: which records are one supplier now, and what that supplier is.

Only what is due is looked at, with all that it may belong together with. A golden record keeps its number while its
records stay; one whose records went to another keeps its history and gets them back when they are parted again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.profile import Profile, business_units
from finsync_tui.stopping import IsStopping, never
from finsync_tui.suppliers import clustering, survivorship
from store import Store, audit, events, golden_suppliers, meta
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.columns import encode
from store.golden_suppliers import Content, Member, Newest

BATCH: Final = 1000
ENTITY: Final = "golden_supplier"
PERSON: Final = "person"
Doubt = Callable[[Connection, str, str], str | None]
_POLICY: Final = "golden.policy"
"""Where it is noted by which rules the golden records were made."""
_DECIDING: Final = {"link", "trust", "rule", "survivorship", "create_in", "create_by_country"}


@dataclass(frozen=True, slots=True)
class Consolidated:
    """What one call did."""

    looked_at: int = 0
    """Records."""
    made: int = 0
    changed: int = 0
    retired: int = 0

    def __add__(self, other: Consolidated) -> Consolidated:
        return Consolidated(
            self.looked_at + other.looked_at, self.made + other.made, self.changed + other.changed,
            self.retired + other.retired,
        )  # fmt: skip


def consolidate(
    store: Store, profile: Profile, now: datetime, is_stopping: IsStopping = never, doubt: Doubt | None = None
) -> Consolidated:
    """Look at all that is due, a batch a transaction. Told to stop, it leaves the rest due.

    `doubt` says why a person's word that two are one does not count: what merely stands in the file joins nothing.
    """
    total = Consolidated()
    _renew(store, profile)
    while golden_suppliers.due(store.db, 1) and not is_stopping():
        with store.transaction() as db:
            total += consolidate_batch(db, profile, now, doubt)
    return total


def _renew(store: Store, profile: Profile) -> None:
    """Let all be looked at again when the profile says otherwise whose value counts."""
    policy = profile.suppliers.model_dump(mode="json", include=_DECIDING)
    owners = {
        name: owner for name, owner in profile.ownership.items() if name.partition(".")[0] == "supplier"
    }
    digest = hashlib.sha256(encode({"policy": policy, "ownership": owners})).hexdigest()
    known = meta.get(store.db, _POLICY)
    if known == digest:
        return
    with store.transaction() as db:
        meta.set(db, _POLICY, digest)
        if known is not None:
            golden_suppliers.all_due(db)


def consolidate_batch(
    db: Connection, profile: Profile, now: datetime, doubt: Doubt | None = None
) -> Consolidated:
    """Look at a batch of what is due, within the caller's transaction."""
    wanted = golden_suppliers.due(db, BATCH)
    keys, found_edges = _together(db, wanted, profile.suppliers.link)
    edges = [
        one for one in found_edges if one.why != PERSON or doubt is None or not doubt(db, one.one, one.other)
    ]
    golden_suppliers.done(db, keys)  # what belongs together with them is looked at now as well
    known = golden_suppliers.newest(db, keys)
    keys = sorted(known)
    if not keys:
        return Consolidated()
    before = golden_suppliers.of_keys(db, keys)
    found = clustering.groups(
        keys, edges, golden_suppliers.vetoes(db, keys), golden_suppliers.tax_ids(db, keys)
    )
    ids = _ids(db, found, before, now)
    accounts = golden_suppliers.accounts(db, keys)
    done = Consolidated(looked_at=len(keys))
    by_id = dict(zip(ids, found, strict=True))
    belonging = {
        golden_id: [Member(key, why, legal_entities(profile, known[key])) for key, why in group.items()]
        for golden_id, group in by_id.items()
    }
    golden_suppliers.assign(db, belonging, before, now)
    contents = {
        golden_id: Content(
            survivorship.survive(
                [known[key] for key in group], accounts, profile.suppliers, profile.ownership
            ),
            list(group),
        )
        for golden_id, group in by_id.items()
    }
    versions = golden_suppliers.put(db, contents, now)
    made = sum(version == 1 for version in versions.values())
    done += Consolidated(made=made, changed=len(versions) - made)
    done += _retire(db, found, ids, before, now)
    _note(db, done, now)
    return done


def _together(
    db: Connection, wanted: Sequence[str], score_min: float
) -> tuple[list[str], list[golden_suppliers.Edge]]:
    """Return these records with all they may belong together with, and what speaks for each pair."""
    seen: set[str] = set()
    edges: dict[tuple[str, str, str], golden_suppliers.Edge] = {}
    front = set(wanted)
    while front:
        seen |= front
        ids = golden_suppliers.of_keys(db, sorted(front))
        near = set(golden_suppliers.keys_of(db, ids.values()))
        for edge in golden_suppliers.edges(db, sorted(front), score_min):
            edges[edge[:3]] = edge
            near |= {edge.one, edge.other}
        front = near - seen
    return sorted(seen), [edges[key] for key in sorted(edges)]


def _ids(
    db: Connection, found: Sequence[Mapping[str, str]], before: Mapping[str, int], now: datetime
) -> list[int]:
    """Return the golden record of each group: the one that most of its records had, one they had before, or a new one."""
    votes: list[tuple[int, int, int]] = []  # (minus records, golden record, group): the most records first
    for place, group in enumerate(found):
        had = [before[key] for key in group if key in before]
        votes += [(-had.count(one), one, place) for one in set(had)]
    taken: dict[int, int] = {}
    ids: dict[int, int] = {}
    for _, golden_id, place in sorted(votes):
        if place not in ids and golden_id not in taken:
            ids[place], taken[golden_id] = golden_id, place
    new = [place for place in range(len(found)) if place not in ids]
    former = golden_suppliers.former(db, [key for place in new for key in found[place]])
    without: list[int] = []
    for place in new:
        last: dict[int, int] = {}
        for key in found[place]:
            for one, when in former.get(key, {}).items():
                last[one] = max(last.get(one, 0), when)
        free = [one for one in sorted(last, key=lambda one: (-last[one], one)) if one not in taken]
        if free:
            ids[place], taken[free[0]] = free[0], place
        else:
            without.append(place)
    ids.update(zip(without, golden_suppliers.new_ids(db, len(without), now), strict=True))
    return [ids[place] for place in range(len(found))]


def _retire(
    db: Connection,
    found: Sequence[Mapping[str, str]],
    ids: Sequence[int],
    before: Mapping[str, int],
    now: datetime,
) -> Consolidated:
    """Say of golden records that lost their last record where these went."""
    went: dict[int, list[int]] = {}
    for group, golden_id in zip(found, ids, strict=True):
        for key in group:
            if before.get(key, golden_id) != golden_id:
                went.setdefault(before[key], []).append(golden_id)
    retired = 0
    for golden_id, into in sorted(went.items()):
        if golden_id not in ids and golden_suppliers.is_empty(db, golden_id):
            golden_suppliers.retire(db, golden_id, max(sorted(set(into)), key=into.count), now)
            retired += 1
    return Consolidated(retired=retired)


def legal_entities(profile: Profile, record: Newest) -> tuple[str, ...]:
    """Return the legal entities that order from this record: those whose business unit has an active site of it."""
    system = RecordKey.parse(record.key).system
    sites = [one for one in record.body.get("sites") or () if one.get("is_active", True)]
    units = {str(one["business_unit"]) for one in sites if one.get("business_unit")}
    return tuple(
        sorted(
            number
            for number, setup in profile.legal_entities.items()
            if setup.target == system
            and not units.isdisjoint(business_units.words(profile, system, setup.business_unit))
        )
    )


def _note(db: Connection, done: Consolidated, now: datetime) -> None:
    """One event and one audit entry a batch: nobody waits for a single golden record, and each keeps its history."""
    told: dict[str, Any] = {"made": done.made, "changed": done.changed, "retired": done.retired}
    if not any(told.values()):
        return
    subject = f"finsync:{ENTITY}"
    number = events.head(db)
    happened = Event(
        id=f"{subject}:after{number}", type=event_type(ENTITY, "consolidated"), source="finsync", subject=subject, time=now,
        data=told,
    )  # fmt: skip
    events.append(db, [happened])
    audit.record(
        db, [audit.Entry(who="engine", what=f"{ENTITY}.consolidated", subject=subject, after=told)], now
    )
