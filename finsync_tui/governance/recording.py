"""Recording the policies in force, so that every version stays, and noting what was refused or kept back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.governance.rules import KIND, LAYER, Standing, recorded_name, standings
from finsync_tui.mapping import emergencies
from finsync_tui.profile import Profile
from store import audit, findings, meta, rulesets

ENGINE: Final = "engine"


def record(db: Connection, profile: Profile, now: datetime, *, by: str = ENGINE) -> dict[str, Standing]:
    """Record every policy as it is in force; return them with their versions. Nothing new writes nothing."""
    emergencies.end_late(db, profile, KIND, now)
    found = standings(db, profile, now.date())
    return {name: _one(db, one, now, by) for name, one in found.items()}


def _one(db: Connection, found: Standing, now: datetime, by: str) -> Standing:
    layer_version = rulesets.record(db, "profile", LAYER + found.name, found.layer_body, now)
    before = rulesets.current(db, KIND, recorded_name(found.name))
    version = rulesets.record(db, KIND, recorded_name(found.name), found.body, now)
    if before is not None and version != before.version:
        what = {"version": version, "before": before.version, "is_signed": found.is_signed}
        _note(db, by, "policy.recorded", found.name, now, what)
    _problem(db, found, now, by)
    return replace(found, version=version, layer_version=layer_version)


def _problem(db: Connection, found: Standing, now: datetime, by: str) -> None:
    """Say once what is refused or kept back, and once more when that changes."""
    told = list(found.problems)
    if found.layer_differs:
        told.append("the layers say something else; it waits until somebody proposes it and another approves")
    words, place = "; ".join(told), f"policy.problem.{found.name}"
    if words == (meta.get(db, place) or ""):
        return
    meta.set(db, place, words)
    if not words:
        return
    is_refused = bool(found.problems)
    findings.append(
        db,
        [
            findings.Finding(
                class_="POLICY_UNTRUSTED" if is_refused else "POLICY_DIFFERS",
                severity="block" if is_refused else "warn",
                system=ENGINE,
                entity=KIND,
                document_key=None,
                document_number=None,
                message=f"policy {found.name}: {words}",
                noticed_at=now,
            )
        ],
    )
    _note(db, by, "policy.refused" if is_refused else "policy.differs", found.name, now, {"why": words})


def _note(db: Connection, who: str, what: str, name: str, now: datetime, after: Mapping[str, Any]) -> None:
    audit.record(db, [audit.Entry(who=who, what=what, subject=f"policy:{name}", after=dict(after))], now)
