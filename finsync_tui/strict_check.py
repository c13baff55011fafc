"""What a company's own pipeline asks of its profile before a change of it is merged: more than an engine needs to start.

mapping tables    rows that contradict each other, or that can never be asked
samples           accounts that no rule leads to, or that lead elsewhere than they should
policies          rules without a case, policies that nobody answers for
extensions        versions that break an earlier one without a new major version
owners            things that nobody answers for, roles that nobody has
people            duties that one person has together
"""

from __future__ import annotations

from collections.abc import Iterator

from finsync_tui.flows import accounts, deriving
from finsync_tui.flows.accounts import Unresolved
from finsync_tui.governance.duties import conflicts
from finsync_tui.governance.judging import judges
from finsync_tui.mapping import Table
from finsync_tui.mapping.editing import remarks
from finsync_tui.policies.verdicts import LEDGER_DERIVATION, Judging
from finsync_tui.profile import Problem, Profile
from finsync_tui.profile.extensions import incompatible
from finsync_tui.profile.owners_check import unanswered
from finsync_tui.profile.samples import DELIMITER, Sample, samples
from finsync_tui.settings import SettingsFileError, Workspace


def strict_problems(workspace: Workspace, profile: Profile) -> Iterator[Problem]:
    """Yield what a profile that an engine would start on should not have."""
    yield from _mappings(profile)
    yield from _samples(workspace, profile)
    yield from _policies(profile)
    yield from incompatible(profile)
    yield from unanswered(profile)
    yield from _duties(profile)


def _mappings(profile: Profile) -> Iterator[Problem]:
    for name, rows in sorted(profile.mappings.items()):
        for one in remarks(profile, rows):
            yield Problem(
                f"mappings.{name}", f"row {one.row}: {one.message}", "Correct the rows.", f"mappings/{name}.csv"
            )  # fmt: skip


def _samples(workspace: Workspace, profile: Profile) -> Iterator[Problem]:
    tables = {name: Table(name, 0, tuple(rows), profile.regions) for name, rows in profile.mappings.items()}
    has_any = False
    judge = judges(profile.policies, profile.extending).get(LEDGER_DERIVATION)
    try:
        for one in samples(workspace):
            has_any = True
            problem = _sample(profile, tables, judge, one)
            if problem is not None:
                message, remedy = problem
                yield Problem(f"samples.{one.account}", message, remedy, str(one.file), one.line)
    except SettingsFileError as error:
        yield Problem(error.place, error.problem, error.remedy, str(error.path), error.line)
        return
    if not has_any and profile.mappings:
        yield Problem(
            "samples",
            "there are no sample accounts, so nobody knows whether the mapping tables cover what documents show",
            "Write some into samples/accounts.csv of a layer: company,account,on,expects (docs/governance.md).",
        )


def _sample(
    profile: Profile, tables: dict[str, Table], judge: Judging | None, one: Sample
) -> tuple[str, str] | None:
    setup = profile.legal_entities.get(one.company)
    if setup is None:
        return f"there is no company {one.company!r}", "Name one of [legal_entities]."
    found = accounts.combination(
        setup, tables, one.account.split(DELIMITER), shown=one.account, scope=one.company, on=one.on, given=one.given,
        derive=deriving.by(judge, one.company, setup.region or "", one.on),
    )  # fmt: skip
    if isinstance(found, Unresolved):
        return found.cause, found.fix
    if one.expects and found.charge_account != one.expects:
        return (
            f"account {one.account} of {one.company} is charged to {found.charge_account}, not to {one.expects}",
            "Correct the mapping, or the sample.",
        )
    return None


def _policies(profile: Profile) -> Iterator[Problem]:
    if not profile.policies:
        return
    from finsync_tui.policies.testing import untested  # brings the evaluator of expressions

    for rule in untested(profile.policies):
        name, _, key = rule.partition("/")
        yield Problem(
            f"policies.{name}.rules.{key}",
            "no case expects this rule",
            f"Add one below [tests] of policies/{name}.toml.",
        )
    for name, policy in sorted(profile.policies.items()):
        for field in ("owner", "deputy"):
            if not getattr(policy, field):
                yield Problem(
                    f"policies.{name}.{field}",
                    f"it names no {field}",
                    f'Say who answers for it: {field} = "..."',
                )


def _duties(profile: Profile) -> Iterator[Problem]:
    for one in conflicts(profile):
        if not one.accepted:
            yield Problem(
                f"people.{one.person}.roles",
                f"{one.person} could {one.duties[0]}"
                + (f" (and {len(one.duties) - 1} more)" if len(one.duties) > 1 else ""),
                f'Part the roles, or say why the company lives with it: [governance.duties_accepted] {one.person} = "...". '
                "`finsync people duties` lists all.",
            )
