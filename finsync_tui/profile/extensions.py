"""Extensions in a profile: what does not fit, what a new version breaks, and that what is written to a target is compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from finsync_tui.contracts import EXTENSION, Contract
from finsync_tui.extensions import ExtensionField, ExtensionSetup, schema
from finsync_tui.extensions.changes import breaches
from finsync_tui.profile.field_paths import leads_somewhere
from finsync_tui.profile.problem import Problem
from finsync_tui.profile.reconciliation import FieldKind, FieldSetup, Reconciliation
from store.wording import nearest

if TYPE_CHECKING:
    from finsync_tui.profile.model import Profile

_COMPARED: Final[dict[str, FieldKind]] = {"decimal": "number", "money": "money", "date": "date"}


def with_compared(profile: Profile) -> Profile:
    """Return the profile with each field that is written to a target among those that reconciliation compares."""
    written = [
        (one, name, field) for one in profile.extending for name, field in one.fields.items() if field.target
    ]
    if not written:
        return profile
    targets = {one.target for one in profile.legal_entities.values()}
    compared = {}
    for key, definition in profile.reconciliations.items():
        fields = [_compared(*one, targets) for one in written if _is_of(definition, one[0])]
        compared[key] = (
            definition.model_copy(update={"fields": (*definition.fields, *fields)}) if fields else definition
        )
    return profile.model_copy(update={"reconciliations": compared})


def _is_of(definition: Reconciliation, setup: ExtensionSetup) -> bool:
    """Say whether both sides of a definition are records of the extended entity, as the systems hold them."""
    sides = (definition.source, definition.target)
    return all(one.entity == setup.entity and one.each is None and not one.systems for one in sides)


def _compared(setup: ExtensionSetup, name: str, field: ExtensionField, targets: set[str]) -> FieldSetup:
    return FieldSetup(
        name=f"{setup.name}.{name}",
        kind=_COMPARED.get(field.kind, "text"),
        path=path_of(setup.name, name),
        is_optional=not targets <= field.target.keys(),  # another target never gets it
    )


def path_of(extension: str, field: str) -> str:
    """Return where a record has an extension's value."""
    return f"extensions.{extension}.fields.{field}"


def extension_problems(profile: Profile) -> Iterator[Problem]:
    """Yield what does not fit together in the extensions, and rules of mapping tables that ask for what none has."""
    for stem, setup in profile.extensions.items():
        for place, message, remedy in _wrong(profile, stem, setup):
            yield Problem(f"extensions.{stem}{place}", message, remedy)
    known = {f"extension.{one.name}.{name}" for one in profile.extending for name in one.fields}
    for table, rows in profile.mappings.items():
        asked = {name for row in rows for name, _ in row.where if name.startswith("extension.")}
        for name in sorted(asked - known):
            yield Problem(
                f"mappings.{table}",
                f"no extension has {name!r}: {nearest(name, known)}",
                "Correct the column.",
            )


def _wrong(profile: Profile, stem: str, setup: ExtensionSetup) -> Iterator[tuple[str, str, str]]:
    from store.canonical.contracts import (
        CONTRACTS,
    )  # all shapes there are: loaded where an extension names some

    if stem != f"{setup.name}-{setup.version}":
        yield "", f"it is {setup.name} {setup.version}", f"Name the file {setup.name}-{setup.version}.toml."
    model = CONTRACTS.get(setup.entity)
    if model is None:
        yield (
            ".entity",
            f"there is no entity {setup.entity!r}: {nearest(setup.entity, CONTRACTS)}",
            "Correct the name.",
        )
        return
    for path in setup.where:
        if not leads_somewhere(model, path, None):
            yield (
                f".where.{path}", f"{setup.entity!r} has no field {path!r}",
                f"`finsync contract show {setup.entity}` names them.",
            )  # fmt: skip
    for name, field in setup.fields.items():
        for word, systems in (("from", field.source), ("to", field.target)):
            for system in systems:
                problem = _system_problem(profile, system, setup.entity, word)
                if problem is not None:
                    yield (
                        f".fields.{name}.{word}.{system}",
                        problem,
                        "Correct the name of the system, or take it out.",
                    )


def _system_problem(profile: Profile, system: str, entity: str, word: str) -> str | None:
    import adapters

    connection: Any = profile.systems.get(system)
    if connection is None:
        return f"there is no system {system!r}"
    if connection.adapter not in adapters.names():
        return None  # said of the system itself
    capability = adapters.manifest(connection.adapter).capability(entity)
    if capability is None or "read" not in capability.directions:
        return f"{connection.adapter} does not read {entity!r}"
    if word == "to" and not capability.takes_extensions:
        return f"{connection.adapter} writes no fields of extensions to {entity!r}"
    return None


def contracts_of(declared: Iterable[ExtensionSetup]) -> dict[str, list[Contract]]:
    """Return extensions as contracts by name, each version of them, the newest last."""
    found: dict[str, list[Contract]] = {}
    for one in sorted(declared, key=lambda one: (one.name, one.order)):
        found.setdefault(one.name, []).append(Contract(EXTENSION, one.name, one.version, schema(one)))
    return found


def incompatible(profile: Profile) -> Iterator[Problem]:
    """Yield versions of extensions that break an earlier one of the same major version."""
    for setup, message in breaches(profile.extensions.values()):
        yield Problem(
            f"extensions.{setup.name}-{setup.version}", message,
            f"Leave what was there as it is, or raise the major version: {setup.name}-{setup.order[0] + 1}.0.toml.",
        )  # fmt: skip
