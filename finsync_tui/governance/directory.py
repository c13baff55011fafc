"""The people of the profile held against the directory: whose account is off, whose roles no group gives, who is missing.

The directory never gives anybody a role by itself: what was read of it lies in the store, and writing into the file must not be
enough to approve something. It says what the profile should say; who signs is decided by the profile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Connection
from typing import Final, Literal

from finsync_tui.governance import duties
from finsync_tui.profile import Person, Profile, Role
from finsync_tui.profile.directory import Directory
from store import directories, watermarks
from store.canonical.directory import DirectoryGroup, DirectoryUser

Code = Literal[
    "ACCOUNT_MISSING", "ACCOUNT_AMBIGUOUS", "ACCOUNT_OFF", "ROLE_NOT_IN_DIRECTORY", "ROLE_NOT_LISTED", "NOT_LISTED",
    "DUTIES", "GROUP_MISSING",
]  # fmt: skip
REMEDY: Final[Mapping[Code, str]] = {
    "ACCOUNT_MISSING": "take the person out of the profile, or correct os_account or web_login",
    "ACCOUNT_AMBIGUOUS": "give the person a web_login that one account alone has",
    "ACCOUNT_OFF": "take the roles away with a date under `before`: what they approved until then stays good",
    "ROLE_NOT_IN_DIRECTORY": "take the role away, or put the account into a group that gives it",
    "ROLE_NOT_LISTED": "give the role in the profile, or take the account out of the group",
    "NOT_LISTED": "list the person in the profile, or take the account out of the group",
    "DUTIES": "take the account out of one of the groups, or say in governance.duties_accepted why it stays",
    "GROUP_MISSING": "correct the name under [directory.roles]; names of groups are as the directory shows them",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in which the profile and the directory differ."""

    code: Code
    person: str
    """Name in the profile, else the login; empty for a group."""
    what: str

    @property
    def remedy(self) -> str:
        return REMEDY[self.code]


@dataclass(frozen=True, slots=True)
class Standing:
    """One person as the profile and as the directory know them."""

    person: str
    """Name in the profile; None of it: the login."""
    is_listed: bool
    login: str | None
    is_active: bool | None
    """Whether the account can sign in; None: there is none."""
    listed: tuple[Role, ...]
    given: tuple[Role, ...]
    """Roles that groups give."""
    ways: tuple[str, ...]
    """By which groups: `finsync approvers > Controllers`."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it, and when the directory was read."""

    read_at: datetime | None
    """None: it never was, to its end."""
    standings: tuple[Standing, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Given:
    """What groups give one account."""

    roles: set[Role] = field(default_factory=set)
    ways: list[str] = field(default_factory=list)


def compare(db: Connection, profile: Profile, directory: Directory) -> Comparison:
    """Hold the people of the profile against the accounts and groups that were read last."""
    groups = directories.groups(db, directory.system)
    accounts = dict(directories.accounts(db, directory.system))
    given, findings = _given(directory, groups)
    standings: list[Standing] = []
    seen: set[str] = set()
    for name, person in sorted(profile.people.items()):
        fitting = [one for one, account in accounts.items() if _is(person, account)]
        if len(fitting) == 1:
            seen.add(fitting[0])
            standing = _standing(name, person, accounts[fitting[0]], given.get(fitting[0], _Given()))
        else:
            seen.update(fitting)
            standing = Standing(name, True, None, None, _ordered(person.roles), (), ())
            findings += _unknown(name, person, [_shown(accounts[one]) for one in fitting])
        standings.append(standing)
        findings += _differences(standing, profile.governance.duties_accepted)
    for account_id, gift in sorted(given.items(), key=lambda one: _login(accounts, one[0])):
        account = accounts.get(account_id)
        if account_id not in seen and account is not None and account.is_active:
            login = _shown(account)
            standing = Standing(login, False, login, True, (), _ordered(gift.roles), tuple(gift.ways))
            standings.append(standing)
            findings.append(
                Finding(
                    "NOT_LISTED",
                    login,
                    f"{account.name} is {' and '.join(standing.given)} by {', '.join(gift.ways)}, and the profile lists no "
                    "such person",
                )
            )
            findings += _conflicts(standing, {})
    return Comparison(_read_at(db, directory.system), tuple(standings), tuple(findings))


def _given(
    directory: Directory, groups: Mapping[str, DirectoryGroup]
) -> tuple[dict[str, _Given], list[Finding]]:
    """Return what the groups of the profile give each account, and the groups that are not there."""
    found: dict[str, _Given] = defaultdict(_Given)
    missing = []
    for name, role in sorted(directory.roles.items()):
        ids = [one for one, group in groups.items() if group.number.casefold() == name.casefold()]
        if not ids:
            missing.append(Finding("GROUP_MISSING", "", f"the directory has no group {name!r}"))
        for group_id in ids:
            for membership in directories.members(groups, group_id):
                gift = found[membership.account]
                gift.roles.add(role)
                gift.ways.append(" > ".join(membership.path))
    return dict(found), missing


def _is(person: Person, account: DirectoryUser) -> bool:
    """Say whether an account is a person's: by the sign-in to the web, or by the account of the operating system."""
    names = {name.casefold() for name in (account.login, account.email) if name}
    if person.web_login:
        return person.web_login.casefold() in names
    wanted = person.os_account.casefold()
    return bool(wanted) and (wanted in names or wanted == _shown(account).partition("@")[0].casefold())


def _standing(name: str, person: Person, account: DirectoryUser, gift: _Given) -> Standing:
    return Standing(
        name, True, _shown(account), account.is_active, _ordered(person.roles), _ordered(gift.roles), tuple(gift.ways)
    )  # fmt: skip


def _unknown(name: str, person: Person, logins: Sequence[str]) -> Iterator[Finding]:
    known_as = person.web_login or person.os_account or "nothing"
    if logins:
        yield Finding(
            "ACCOUNT_AMBIGUOUS", name, f"{known_as} may be {' or '.join(sorted(logins))} in the directory"
        )
    elif person.roles:
        yield Finding("ACCOUNT_MISSING", name, f"the directory has no account {known_as}")


def _differences(standing: Standing, accepted: Mapping[str, str]) -> Iterator[Finding]:
    if standing.is_active is None:
        return
    if not standing.is_active:
        if standing.listed:
            yield Finding(
                "ACCOUNT_OFF",
                standing.person,
                f"the account {standing.login} is off, and the profile still says {' and '.join(standing.listed)}",
            )
        return
    for role in standing.listed:
        if role not in standing.given:
            yield Finding(
                "ROLE_NOT_IN_DIRECTORY",
                standing.person,
                f"{role} in the profile, and by no group of the directory",
            )
    for role in standing.given:
        if role not in standing.listed:
            yield Finding(
                "ROLE_NOT_LISTED",
                standing.person,
                f"{role} by a group of the directory ({', '.join(standing.ways)}), and not in the profile",
            )
    yield from _conflicts(standing, accepted)


def _conflicts(standing: Standing, accepted: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the groups alone would let one person do that belongs in two hands, unless the profile says why."""
    found = duties.together(frozenset(standing.given))
    if found and not accepted.get(standing.person):
        yield Finding(
            "DUTIES", standing.person, f"by {', '.join(standing.ways)} one person could {'; '.join(found)}"
        )


def _ordered(roles: Sequence[Role] | set[Role]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))


def _shown(account: DirectoryUser) -> str:
    """Return what an account is called: its login, where the directory says it."""
    return account.login or account.number


def _login(accounts: Mapping[str, DirectoryUser], account_id: str) -> str:
    found = accounts.get(account_id)
    return _shown(found) if found is not None else account_id


def _read_at(db: Connection, system: str) -> datetime | None:
    """Return when accounts and groups were last read to their end, by the older of both."""
    marks = [watermarks.get(db, system, one.entity) for one in (DirectoryUser, DirectoryGroup)]
    if any(mark is None or not mark.is_complete for mark in marks):
        return None
    return min(mark.moved_at for mark in marks if mark is not None)
