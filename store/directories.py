"""Accounts and groups of a directory as they were read last: who belongs to what, and by which way."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from store import records
from store.canonical.directory import DirectoryGroup, DirectoryUser

READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Membership:
    """One way by which an account belongs to a group."""

    account: str
    """Id of the account in the directory."""
    path: tuple[str, ...]
    """Names of the groups from the one that was asked for down to the one that the account is in."""


def accounts(db: sqlite3.Connection, system: str) -> Iterator[tuple[str, DirectoryUser]]:
    """Yield every account with its id, in order of ids."""
    ids = records.external_ids(db, DirectoryUser.entity, system)
    while some := list(islice(ids, READ_AT_ONCE)):
        for external_id, held in records.get_many(db, DirectoryUser, system, some).items():
            yield external_id, held.record


def groups(db: sqlite3.Connection, system: str) -> dict[str, DirectoryGroup]:
    """Return every group by its id."""
    ids = list(records.external_ids(db, DirectoryGroup.entity, system))
    return {
        external_id: held.record
        for external_id, held in records.get_many(db, DirectoryGroup, system, ids).items()
    }


def members(held: Mapping[str, DirectoryGroup], group_id: str) -> Iterator[Membership]:
    """Yield the accounts of a group and of the groups in it, each once, by the shortest way. Groups may hold each other.

    >>> from store.canonical.directory import GroupMember as M
    >>> a = DirectoryGroup(number="A", members=(M(id="b", kind="group"), M(id="1", kind="user")))
    >>> b = DirectoryGroup(number="B", members=(M(id="a", kind="group"), M(id="1", kind="user"), M(id="2", kind="user")))
    >>> [(one.account, one.path) for one in members({"a": a, "b": b}, "a")]
    [('1', ('A',)), ('2', ('A', 'B'))]
    """
    found, entered = set[str](), {group_id}
    waiting: deque[tuple[str, tuple[str, ...]]] = deque([(group_id, ())] if group_id in held else [])
    while waiting:
        current, before = waiting.popleft()
        path = (*before, held[current].number)
        for member in held[current].members:
            if member.kind == "user" and member.id not in found:
                found.add(member.id)
                yield Membership(member.id, path)
            elif member.kind == "group" and member.id in held and member.id not in entered:
                entered.add(member.id)
                waiting.append((member.id, path))


__all__ = ["Membership", "accounts", "groups", "members"]
