"""What is wrong with a profile, found offline: collected, not raised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.base import Connection, Manifest
from finsync_tui.credentials import is_inside
from finsync_tui.policies.model import Ruled
from finsync_tui.profile.country_codes import country_problems
from finsync_tui.profile.directory import directory_problems
from finsync_tui.profile.expense_check import expense_problems
from finsync_tui.profile.extensions import extension_problems
from finsync_tui.profile.invoice_check import invoice_problems
from finsync_tui.profile.model import LegalEntitySetup, Profile, Schedule
from finsync_tui.profile.no_secrets import SecretInProfileError
from finsync_tui.profile.overlay import load_or_misfits, rules, sources, to_correct
from finsync_tui.profile.owners_check import owner_problems
from finsync_tui.profile.people_check import people_problems
from finsync_tui.profile.places import Source
from finsync_tui.profile.policies_check import policy_problems
from finsync_tui.profile.problem import Problem
from finsync_tui.profile.reconciliation_check import reconciliation_problems
from finsync_tui.profile.suppliers_check import supplier_problems
from finsync_tui.profile.tax import TABLE
from finsync_tui.settings import FILE_NAME, SettingsFileError, Workspace
from store.errors import FinsyncError
from store.wording import nearest, plain

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def check(workspace: Workspace) -> list[Problem]:
    """Return every problem of the workspace's profile, in order of place."""
    try:
        profile = load_or_misfits(workspace)
        read = sources(workspace)
    except SecretInProfileError as error:
        return [_misfit(error)]
    except SettingsFileError as error:
        text = str(error).removesuffix(".")
        return [Problem("profile", text, "Correct it and check again.", str(error.path), error.line)]
    except FinsyncError as error:
        return [Problem("profile", str(error).removesuffix("."), "Correct it and check again.")]
    own = list(_secrets_folder(workspace))
    if not isinstance(profile, Profile):
        return [*own, *(_misfit(error) for error in profile)]
    found = sorted(problems(profile, workspace.path), key=lambda p: (p.place, p.message))
    return [*own, *(_placed(workspace, problem, read) for problem in found)]


def check_rules(workspace: Workspace) -> list[Problem]:
    """Return every problem of the company's own rules, in order of place; the rest of the profile may be unfinished."""
    found = rules(workspace)
    if not isinstance(found, Ruled):
        return [_misfit(error) for error in found]
    read = sources(workspace)
    return [
        _placed(workspace, one, read)
        for one in sorted(policy_problems(found), key=lambda p: (p.place, p.message))
    ]


def _secrets_folder(workspace: Workspace) -> Iterator[Problem]:
    """Yield that secrets would lie where backups and colleagues get them."""
    folder = workspace.secrets_dir
    if folder is not None and is_inside(folder.resolve(), workspace.path):
        yield Problem(
            "secrets_dir",
            f"it names a folder inside the workspace ({folder}); backups and colleagues would get the secrets",
            "Keep them in a folder of their own outside of it, and name that.",
            str(workspace.path / FILE_NAME),
        )


def _misfit(error: SettingsFileError) -> Problem:
    """Return a setting that does not fit in the parts that are shown beside each other."""
    return Problem(error.place, error.problem, error.remedy, str(error.path), error.line)


def _placed(workspace: Workspace, problem: Problem, read: list[Source]) -> Problem:
    """Add to a problem which file is to be corrected, on which line."""
    file, line = to_correct(workspace, read, problem.place)
    return replace(problem, file=str(file), line=line)


def problems(profile: Profile, folder: Path) -> Iterator[Problem]:
    """Yield what does not fit together in a profile that reads well."""
    yield from _systems(profile)
    for number, setup in profile.legal_entities.items():
        yield from _legal_entity(profile, number, setup)
    for name, schedule in profile.schedules.items():
        yield from _schedule(profile, name, schedule)
    for name, flow in profile.flows.items():
        if flow.is_enabled and flow.source not in profile.systems:
            yield _unknown_system(f"flows.{name}.source", flow.source)
    for name in set(profile.retry) - {"default"} - set(profile.systems):
        yield _unknown_system(f"retry.{name}", name)
    yield from _tax_provider(profile)
    yield from expense_problems(profile)
    yield from invoice_problems(profile)
    yield from people_problems(profile)
    yield from directory_problems(profile.directory, profile.systems)
    yield from reconciliation_problems(profile, folder)
    yield from supplier_problems(profile)
    yield from country_problems(profile)
    yield from policy_problems(profile.ruled)
    yield from extension_problems(profile)
    yield from owner_problems(profile)
    for entity, path in profile.extracts.items():
        if not (folder / path).is_file():
            yield Problem(
                f"extracts.{entity}", f"the file {path} is not there", "Put it there, or take the line out."
            )


def _address(text: str) -> SplitResult | None:
    """Read an address over http(s); None: it is none."""
    try:
        url = urlsplit(text)
        is_fine = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # brackets that nobody closed, a port beyond all ports
        return None
    return url if is_fine else None


def _systems(profile: Profile) -> Iterator[Problem]:
    import adapters

    if not profile.systems:
        yield Problem("systems", "no system is connected", "Add a [systems.<name>] table (docs/connect.md).")
    for name, connection in profile.systems.items():
        place = f"systems.{name}"
        if not _NAME.fullmatch(name):
            yield Problem(
                place,
                f"{name!r} can't be the name of a system",
                "Use letters, digits, - and _, such as oracle-emea; at most 40.",
            )
        if connection.adapter not in adapters.names():
            yield Problem(
                f"{place}.adapter",
                f"there is no adapter {connection.adapter!r}",
                f"Known: {', '.join(adapters.names())}.",
            )
        else:
            yield from _options(place, connection.adapter, connection.options)
            yield from _ends(place, adapters.manifest(connection.adapter), connection)
        url = _address(connection.base_url)
        if url is None:
            yield Problem(
                f"{place}.base_url", f"{connection.base_url!r} is no http(s) address", "Give scheme and host."
            )
        elif url.scheme == "http" and url.hostname not in ("127.0.0.1", "localhost", "::1"):
            yield Problem(f"{place}.base_url", "credentials would travel unencrypted", "Use https.")
        if url is not None and (url.username or url.password):
            yield Problem(
                f"{place}.base_url",
                "it holds credentials",
                "Take them out; use `finsync secrets set SYSTEM NAME`.",
            )
        if connection.proxy is not None and _address(connection.proxy) is None:
            yield Problem(
                f"{place}.proxy",
                "it is no http(s) address",
                "Give scheme and host, such as http://proxy.example.com:8080.",
            )
        for key in ("ca_bundle", "client_certificate"):
            path = getattr(connection, key)
            if path and not Path(path).is_file():
                yield Problem(f"{place}.{key}", f"the file {path} is not there", "Correct the path.")


def _ends(place: str, manifest: Manifest, connection: Connection) -> Iterator[Problem]:
    known = (*manifest.credentials, *manifest.optional_credentials)
    known += tuple(
        name for names in manifest.credentials_by.values() for one in names.values() for name in one
    )
    for name in connection.secrets_end:
        if name not in known:
            yield Problem(
                f"{place}.secrets_end.{name}",
                f"{connection.adapter} knows no secret {name!r}",
                f"Known: {', '.join(dict.fromkeys(known))}.",
            )


def _options(place: str, adapter: str, options: dict[str, object]) -> Iterator[Problem]:
    from pydantic import ValidationError

    import adapters

    try:
        adapters.load(adapter).Options.model_validate(options)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in item["loc"])
            yield Problem(
                f"{place}.options.{where}", plain(item), f"See the README of the {adapter} adapter."
            )


def _legal_entity(profile: Profile, number: str, setup: LegalEntitySetup) -> Iterator[Problem]:
    place = f"legal_entities.{number}"
    if setup.target not in profile.systems:
        yield _unknown_system(f"{place}.target", setup.target)
    else:
        units = profile.systems[setup.target].options.get("business_units")
        if isinstance(units, dict) and setup.business_unit not in units:
            yield Problem(
                f"{place}.business_unit",
                f"{setup.target} has no business unit {setup.business_unit!r}: {nearest(setup.business_unit, units)}",
                f"Correct the name, or add it below [systems.{setup.target}.options.business_units].",
            )
    for segment in setup.segments:
        if segment.table and segment.table not in profile.mappings:
            yield Problem(
                f"{place}.segments.{segment.name}",
                f"there is no mapping table {segment.table!r}",
                f"Add mappings/{segment.table}.csv to a layer.",
            )
    twin = profile.legal_entity_of_chart(setup.source_chart)
    if twin != number:
        yield Problem(
            f"{place}.source_chart",
            f"{setup.source_chart!r} belongs to {twin} already",
            "One chart, one company.",
        )


def _schedule(profile: Profile, name: str, schedule: Schedule) -> Iterator[Problem]:
    import adapters

    place = f"schedules.{name}"
    connection = profile.systems.get(schedule.system)
    if connection is None:
        yield _unknown_system(f"{place}.system", schedule.system)
    elif connection.adapter in adapters.names():
        manifest = adapters.manifest(connection.adapter)
        for entity in schedule.entities:
            capability = manifest.capability(entity)
            if capability is None or "read" not in capability.directions:
                yield Problem(
                    f"{place}.entities", f"{connection.adapter} does not read {entity!r}", "Take it out."
                )
    try:
        ZoneInfo(schedule.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Problem(
            f"{place}.timezone", f"{schedule.timezone!r} is no time zone", "Use a name such as Europe/Berlin."
        )
        return
    if schedule.cron is not None:
        from apscheduler.triggers.cron import CronTrigger

        try:
            CronTrigger.from_crontab(schedule.cron, timezone=schedule.timezone)
        except ValueError as error:
            yield Problem(f"{place}.cron", str(error), "Write five fields: minute hour day month weekday.")


def _tax_provider(profile: Profile) -> Iterator[Problem]:
    import adapters

    name = profile.tax.provider
    if name == TABLE:
        return
    connection = profile.systems.get(name)
    if connection is None:
        yield _unknown_system("tax.provider", name)
    elif connection.adapter in adapters.names():
        capabilities = adapters.manifest(connection.adapter).capabilities
        if not any("tax.determine" in capability.operations for capability in capabilities):
            yield Problem(
                "tax.provider", f"{connection.adapter} determines no tax", f"Name a tax system, or {TABLE!r}."
            )


def _unknown_system(place: str, name: str) -> Problem:
    return Problem(place, f"there is no system {name!r}", f"Add [systems.{name}], or correct the name.")
