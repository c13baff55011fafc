"""Employees: identity and spend in one search, approvers and delegates from the spend profiles.

The search goes by an indexed copy that is some minutes late, and knows no approvers; whoever changes only an
approver may move no date of the identity. So there is an overlap, and all are read again once in a while.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from adapters.base import Page
from adapters.broken import MARK, mended
from adapters.concur import ids, position, wire, wire_people
from adapters.concur.inbound_parts import moment
from adapters.concur.options import Options
from adapters.concur.position import Position
from adapters.concur.reading import decoded_or_none
from adapters.concur.session import Session
from adapters.concur.walk import PageRead, walk_stages
from adapters.judgement import server_time
from adapters.paging import Place, chunks, split_rows

SEARCH: Final = "/profile/v4/Users/.search"
SPEND: Final = "/profile/spend/v4.1/Users"
IDENTITY: Final = "/profile/identity/v4.1/Users"
SEARCH_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
COUNT: Final = 500
SPEND_COUNT: Final = 100
SINGLY_MAX: Final = 25
"""Up to so many users of a page have their spend profiles read one by one; beyond, all are read in a list."""
IDS_PER_SEARCH: Final = 20
NUMBERS_MAX: Final = 200_000
_KEPT: Final = (wire_people.APPROVER, wire_people.APPROVER_LIMIT, wire_people.DELEGATE)

_Raws = dict[str, msgspec.Raw]


class _Page(wire.Camel):
    next_cursor: str | None = None


class _SpendPage(wire.Camel):
    total_results: int | None = None


class People:
    """The users of one company."""

    def __init__(self, session: Session, options: Options, pages_max: int) -> None:
        self._session = session
        self._options = options
        self._pages_max = pages_max
        self._place = Place(session.system, SEARCH, pages_max)
        self._numbers: dict[str, str] = {}
        """Employee numbers by user id, as far as we have met them."""
        self._profiles: dict[str, bytes] | None = None
        """Spend profiles of everybody, for as long as one read needs them."""
        self._ids: dict[str, str] = {}
        """User ids by login, as far as we have met them."""

    async def read(self, stored: str | None) -> AsyncIterator[Page]:
        every = timedelta(hours=self._options.employees_whole_every_hours)
        at = position.parse(self._session.system, stored)
        try:
            async for page in walk_stages(self._place, at, every, self._page):
                yield page
        finally:
            self._profiles = None

    async def read_many(self, external_ids: Sequence[str]) -> list[bytes]:
        wanted = [one for one in dict.fromkeys(external_ids) if ids.ID.fullmatch(one)]
        rows: list[bytes] = []
        for part in chunks(wanted, IDS_PER_SEARCH):
            condition = " or ".join(f'id eq "{one}"' for one in part)
            page = await self._search(condition, None)
            rows += page.rows
        return rows

    async def named(self, login: Any, number: Any) -> list[bytes]:
        """Return the user of that login, else of that employee number."""
        conditions = ((login, "userName"), (number, f"{wire_people.ENTERPRISE}:employeeNumber"))
        for value, attribute in conditions:
            text = str(value or "")
            if not text or '"' in text or "\\" in text:
                continue
            page = await self._search(f'{attribute} eq "{text}"', None)
            if page.rows:
                return list(page.rows)
        return []

    async def user_id(self, login: str) -> str | None:
        """Return the id of the user of that login; None: there is none, or the search does not know them yet."""
        key = login.casefold()
        if key not in self._ids and login and '"' not in login and "\\" not in login:
            body = {"schemas": [SEARCH_SCHEMA], "count": 2, "filter": f'userName eq "{login}"'}
            answer = await self._session.request("POST", SEARCH, json=body, is_write=False, expects=(200,))
            for raw in split_rows(answer, "Resources"):
                self._note(_user(raw))
        found = self._ids.get(key)
        return found if found and ids.ID.fullmatch(found) else None

    async def login(self, user_id: str) -> str | None:
        """Return the login of a user."""
        if not ids.ID.fullmatch(user_id):
            return None
        answer = await self._session.request(
            "GET", f"{IDENTITY}/{user_id}", is_write=False, expects=(200, 404)
        )
        if answer.status == 404:
            return None
        user = answer.decode(wire_people.User)
        self._note(user)
        return user.user_name

    async def roles(self, user_id: str) -> list[dict[str, Any]]:
        """Return the roles that a spend profile holds, as they are."""
        answer = await self._session.request("GET", f"{SPEND}/{user_id}", is_write=False, expects=(200, 404))
        if answer.status == 404:
            return []
        extension = answer.decode(dict[str, Any]).get(wire_people.ROLE) or {}
        return [dict(one) for one in extension.get("roles") or () if isinstance(one, dict)]

    async def _page(self, at: Position) -> PageRead:
        condition = None
        if at.stage == "changed" and at.since is not None:
            since = at.since - timedelta(minutes=self._options.employee_overlap_minutes)
            condition = f'meta.lastModified gt "{since.strftime("%Y-%m-%dT%H:%M:%SZ")}"'
        return await self._search(condition, at.cursor)

    async def _search(self, condition: str | None, cursor: str | None) -> PageRead:
        body: dict[str, Any] = {"schemas": [SEARCH_SCHEMA], "count": COUNT}
        if condition:
            body["filter"] = condition
        if cursor:
            body["cursor"] = cursor
        answer = mended(
            await self._session.request("POST", SEARCH, json=body, is_write=False, expects=(200,))
        )
        raws = split_rows(answer, "Resources")
        users = [_user(raw) for raw in raws]
        for user in users:
            self._note(user)
        profiles = await self._profiles_of(users) if self._options.reads_approvers else {}
        rows = [
            await self._row(raw, profiles.get(user.id or "")) for raw, user in zip(raws, users, strict=True)
        ]
        times = (moment(user.meta.last_modified) if user.meta else None for user in users)
        changed = [one for one in times if one is not None]
        return PageRead(rows, changed, answer.decode(_Page).next_cursor or None, server_time(answer))

    async def _profiles_of(self, users: Sequence[wire_people.User]) -> dict[str, bytes]:
        """Return the spend profiles of these users, without what we do not read."""
        if self._profiles is None and len(users) > SINGLY_MAX:
            self._profiles = await self._all_profiles()
        if self._profiles is not None:
            return self._profiles
        found: dict[str, bytes] = {}
        for user in users:
            if user.id is None or not ids.ID.fullmatch(user.id):
                continue
            answer = await self._session.request(
                "GET", f"{SPEND}/{user.id}", is_write=False, expects=(200, 404)
            )
            if answer.status == 200:
                found[user.id] = _excerpt(answer.decode(_Raws))
        return found

    async def _all_profiles(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        start, count = 1, 0
        place = Place(self._session.system, SPEND, self._pages_max)
        while True:
            count += 1
            params: dict[str, str | int] = {"startIndex": start, "count": SPEND_COUNT}
            answer = mended(
                await self._session.request("GET", SPEND, params=params, is_write=False, expects=(200,))
            )
            raws = split_rows(answer, "Resources")
            for raw in raws:
                head = decoded_or_none(raw, wire_people.SpendProfile)
                profile = decoded_or_none(raw, _Raws)
                if head and head.id and profile is not None:
                    found[head.id] = _excerpt(profile)
            start += len(raws)
            total = answer.decode(_SpendPage).total_results
            if not raws or (len(raws) < SPEND_COUNT if total is None else start > total):
                return found
            if count >= self._pages_max:
                raise place.too_many()

    async def _row(self, raw: bytes, profile: bytes | None) -> bytes:
        named = _named(raw, profile)
        numbers = {one: await self._number(one) for one in named}
        return msgspec.json.encode(
            {
                "user": msgspec.Raw(raw),
                "profile": msgspec.Raw(profile or b"null"),
                "numbers": {one: number for one, number in sorted(numbers.items()) if number},
            }
        )

    async def _number(self, user_id: str) -> str:
        """Return the employee number of somebody whom a profile names by id only."""
        known = self._numbers.get(user_id)
        if known is None:
            answer = await self._session.request(
                "GET", f"{IDENTITY}/{user_id}", is_write=False, expects=(200, 404)
            )
            user = answer.decode(wire_people.User) if answer.status == 200 else wire_people.User(id=user_id)
            self._note(user)
            known = self._numbers.get(user_id, "")
        return known

    def _note(self, user: wire_people.User) -> None:
        if user.id and len(self._numbers) < NUMBERS_MAX:
            self._numbers[user.id] = (user.enterprise.employee_number if user.enterprise else None) or ""
            if user.user_name:
                self._ids[user.user_name.casefold()] = user.id


def _user(raw: bytes) -> wire_people.User:
    # One that can't be read is refused by translation, with its place.
    return decoded_or_none(raw, wire_people.User) or wire_people.User()


def _excerpt(profile: _Raws) -> bytes:
    return msgspec.json.encode({name: profile[name] for name in ("id", MARK, *_KEPT) if name in profile})


def _named(raw: bytes, profile: bytes | None) -> list[str]:
    """Return the ids of those a user's profiles name without an employee number."""
    people: list[wire_people.Person | None] = []
    user = _user(raw)
    people.append(user.enterprise.manager if user.enterprise else None)
    if profile is not None:
        spend = decoded_or_none(profile, wire_people.SpendProfile) or wire_people.SpendProfile()
        people += [one.approver for one in (spend.approver.report if spend.approver else None) or ()]
        people += [one.delegate for one in (spend.delegate.expense if spend.delegate else None) or ()]
    return list(dict.fromkeys(_unnumbered(people)))


def _unnumbered(people: Iterable[wire_people.Person | None]) -> list[str]:
    return [
        person.value
        for person in people
        if person and person.value and not person.employee_number and ids.ID.fullmatch(person.value)
    ]
