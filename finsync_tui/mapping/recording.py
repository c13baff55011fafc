"""Recording what is in force, so that every decision can name its version, and noting what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from finsync_tui.mapping import emergencies
from finsync_tui.mapping.standing import LAYER, Standing, body_of, standings
from finsync_tui.profile import Profile
from store import audit, findings, meta, rulesets

ENGINE = "engine"


def record(db: Connection, profile: Profile, now: datetime, *, by: str = ENGINE) -> dict[str, Standing]:
    """Record every table as it is in force; return them with their versions. Nothing new writes nothing."""
    emergencies.end_late(db, profile, "mapping", now)
    found = standings(db, profile)
    for name, rows in profile.mappings.items():
        rulesets.record(db, "profile", LAYER + name, body_of(rows), now)
    return {name: _one(db, one, now, by) for name, one in found.items()}


def _one(db: Connection, found: Standing, now: datetime, by: str) -> Standing:
    before = rulesets.current(db, "mapping", found.name)
    version = rulesets.record(db, "mapping", found.name, found.body, now)
    if before is not None and version != before.version:
        what = {"version": version, "before": before.version, "source": found.source}
        _note(db, by, "mapping.recorded", found.name, now, what)
    _problem(db, found, now, by)
    layer = rulesets.current(db, "profile", LAYER + found.name)
    if found.is_signed or found.emergency is not None or layer is None:
        return replace(found, version=version)
    return replace(found, version=version, layer_version=layer.version)


def _problem(db: Connection, found: Standing, now: datetime, by: str) -> None:
    """Say once what is refused or kept back, and once more when that changes."""
    told = list(found.problems)
    if found.layer_differs:
        told.append(
            "the profile's own table changed; it waits until somebody proposes it and another approves"
        )
    told += [
        f"the profile's own table says something else for {source} in {scope or 'every scope'} than the change that was "
        "applied here; that change holds"
        for scope, source in found.conflicts
    ]
    text, place = "; ".join(told), f"mapping.problem.{found.name}"
    if text == (meta.get(db, place) or ""):
        return
    meta.set(db, place, text)
    if not text:
        return
    class_ = "MAPPING_UNTRUSTED" if found.problems else "MAPPING_DIFFERS"
    findings.append(
        db,
        [
            findings.Finding(
                class_=class_,
                severity="block" if found.problems else "warn",
                system=ENGINE,
                entity="mapping",
                document_key=None,
                document_number=None,
                message=f"mapping table {found.name}: {text}",
                noticed_at=now,
            )
        ],
    )
    _note(db, by, "mapping.refused" if found.problems else "mapping.differs", found.name, now, {"why": text})


def _note(db: Connection, who: str, what: str, name: str, now: datetime, after: Mapping[str, Any]) -> None:
    audit.record(db, [audit.Entry(who=who, what=what, subject=f"mapping:{name}", after=dict(after))], now)
