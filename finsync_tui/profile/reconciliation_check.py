"""What is wrong with definitions of reconciliations: names of systems, entities, fields and currencies that do not exist.

A problem names the file and the line: a definition is one file of a layer, and the newest layer that has it is the one to correct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from finsync_tui.profile.extensions import path_of
from finsync_tui.profile.field_paths import leads_somewhere
from finsync_tui.profile.model import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.profile.problem import Problem
from finsync_tui.profile.reconciliation import DEFAULT, Reconciliation, SideSetup, Tolerance

OWN: Final = "finsync"
_PLACE: Final = re.compile(r"\{([^{}|]+)(?:\|[a-z0-9]+)?\}")
_CURRENCY: Final = re.compile("[A-Z]{3}")


def reconciliation_problems(profile: Profile, folder: Path) -> Iterator[Problem]:
    """Yield what definitions name and nobody knows."""
    for name, definition in profile.reconciliations.items():
        for word, message, remedy in _wrong(profile, definition):
            yield Problem(_where(folder, name, word), message, remedy)


_Wrong = tuple[str, str, str]
"""(word to be found in the file, what is wrong, what to do)"""


def _wrong(profile: Profile, definition: Reconciliation) -> Iterator[_Wrong]:
    from store.canonical.contracts import (
        CONTRACTS,
    )  # all shapes there are: loaded where a definition names some

    for one in definition.fields:
        if one.entity is not None and one.entity not in CONTRACTS:
            yield _unknown_entity(one.entity)
        yield from _tolerance(one.tolerance)
    for rule in definition.match:
        yield from _tolerance(rule.tolerance)
    yield from _tolerance(definition.total_tolerance)
    yield from _tolerance(definition.classes.rounding)
    for side, role in ((definition.source, "source"), (definition.target, "target")):
        for system in side.systems:
            if system != OWN and system not in profile.systems:
                yield (
                    system,
                    f"there is no system {system!r}",
                    f"Add [systems.{system}], or correct the name.",
                )
        model = CONTRACTS.get(side.entity)
        if model is None:
            yield _unknown_entity(side.entity)
            continue
        extended = {
            path_of(one.name, name)
            for one in profile.extending
            if one.entity == side.entity
            for name in one.fields
        }
        named = [one.path_of("source" if role == "source" else "target") for one in definition.fields]
        for path in dict.fromkeys([*_paths(side), *named]):
            if path not in extended and not leads_somewhere(model, path, side.each):
                yield (
                    path,
                    f"{side.entity!r} has no field {path!r}",
                    f"`finsync contract show {side.entity}` names them.",
                )
    names = {one.name for one in definition.fields}
    for field in definition.classes.master_fields:
        if field not in names:
            yield field, f"no field is named {field!r}", "Name one of [[fields]]."


def _unknown_entity(entity: str) -> _Wrong:
    return entity, f"there is no entity {entity!r}", "`finsync contract list` names them."


def _tolerance(tolerance: Tolerance) -> Iterator[_Wrong]:
    for currency, amount in tolerance.items():
        if amount < 0:
            yield (
                currency,
                f"a tolerance of {amount} {currency} allows nothing",
                "Give an amount of 0 or more.",
            )
        if currency == DEFAULT:
            continue
        if not _CURRENCY.fullmatch(currency):
            yield currency, f"{currency!r} is no currency", "Use a code of ISO 4217, or `default`."


def _paths(side: SideSetup) -> Iterator[str]:
    """Yield every path that a side names."""
    templates = [side.key, *([side.document.key] if side.document and side.document.key else [])]
    for template in templates:
        yield from (name for name in _PLACE.findall(template) if not name.startswith("@"))
    for path in (side.each, side.period, side.currency, side.amount, side.number):
        if path is not None:
            yield path
    if side.legal_entity is not None:
        yield side.legal_entity.path
    if side.document is not None and side.document.path is not None:
        yield side.document.path
    for one in (*side.keep, *side.expected, *side.zero_when):
        if not one.path.startswith("@"):
            yield one.path


def _where(folder: Path, name: str, word: str) -> str:
    """Return the file, and the first line in it that says the word."""
    own = sorted(folder.glob(f"profiles/*/reconciliations/{name}.toml"))
    files = [*own, shipped() / "shared" / "reconciliations" / f"{name}.toml"]
    for file in files:
        if file.is_file():
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                if re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", line):
                    shown = (
                        file.relative_to(folder)
                        if file.is_relative_to(folder)
                        else file.relative_to(shipped())
                    )
                    return f"{shown.as_posix()} line {number}"
    return f"reconciliations.{name}"
