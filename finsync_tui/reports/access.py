"""Who may do what, what one person could do alone that is meant for two, and what each did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection

from finsync_tui.governance import duties
from finsync_tui.profile import Profile
from store.clock import text

_ACTS = "SELECT who, count(*), max(at) FROM v_audit WHERE who <> 'engine' GROUP BY who"


def rows(db: Connection, profile: Profile) -> Iterator[Sequence[object]]:
    """Yield each person as they are and as they were; then who acted and is not listed, which shows a name that has gone."""
    yield (
        "person", "os_account", "web_login", "roles", "has_key", "until_at", "duties", "accepted", "acts", "last_act_at", "is_listed",
    )  # fmt: skip
    acts = {who: (count, last) for who, count, last in db.execute(_ACTS)}
    conflicts = {one.person: one for one in duties.conflicts(profile)}
    for name, person in sorted(profile.people.items()):
        for before in person.before:
            yield (
                name, person.os_account, person.web_login, ", ".join(sorted(before.roles)), before.key is not None,
                text(before.until), None, None, None, None, True,
            )  # fmt: skip
        found = conflicts.get(name)
        yield (
            name, person.os_account, person.web_login, ", ".join(sorted(person.roles)), person.key is not None, None,
            "; ".join(found.duties) if found else None, found.accepted if found else None, *acts.pop(name, (0, None)), True,
        )  # fmt: skip
    for name, (count, last) in sorted(acts.items(), key=lambda one: str(one[0])):
        yield (name, None, None, None, None, None, None, None, count, last, False)
