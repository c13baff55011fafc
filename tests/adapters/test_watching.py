"""What went over the wire is kept for whoever looks into it: without credentials, bank numbers and files."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from adapters import watching
from adapters.auth import Basic
from adapters.errors import OutcomeUnknownError
from adapters.transport import Transport
from store.calls import BODY_CHARS_MAX, CALLS_MAX, Call
from tests.adapters.test_transport import SECRETS, a_transport, failing

IBAN = "DE89370400440532013000"


def an_answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201 if request.method == "POST" else 200, json={})


def sent(door: Transport, *bodies: object, hidden: tuple[str, ...] = ()) -> tuple[Call, ...]:
    async def send() -> tuple[Call, ...]:
        with watching.watched(hidden) as watch:
            await door.request("GET", "/orders", params={"q": "PO-1"}, is_write=False)
            for body in bodies:
                await door.request("POST", "/orders", json=body, is_write=True)
        return watch.calls

    return asyncio.run(send())


def test_each_request_is_noted_with_its_answer_and_what_it_wrote() -> None:
    """Method and path of what asks, the body of what writes too; the query of neither."""
    assert (
        Call("GET", "/orders", 200),
        Call("POST", "/orders", 201, '{"total":"12.50"}'),
    ) == sent(a_transport(an_answer), {"total": "12.50"})


def test_nothing_that_must_stay_hidden_is_noted() -> None:
    """Credentials, whatever was asked of another system for this call, bank fields by their names, an IBAN anywhere, files."""
    door = a_transport(an_answer, auth=Basic(SECRETS.__getitem__))
    bodies: list[object] = [
        {"note": SECRETS["password"], "client_secret": "abc"},
        {
            "BankAccountNumber": "0532013000",
            "routingNumber": 12345,
            "bank-account": {"account_number": "777"},
        },
        {"text": f"pay to {IBAN} soon", "other": "99-11-22"},
        {"DocumentContent": "QUJD" * 200},
    ]

    found = [one.body for one in sent(door, *bodies, hidden=("99-11-22",)) if one.body]

    assert [
        '{"note":"***","client_secret":"***"}',
        '{"BankAccountNumber":"***","routingNumber":"***","bank-account":{"account_number":"***"}}',
        '{"text":"pay to *** soon","other":"***"}',
        '{"DocumentContent":"(a file, not kept)"}',
    ] == found


def test_a_call_without_an_answer_is_noted_too() -> None:
    """It may have arrived: what was sent is what counts then."""

    async def send() -> tuple[Call, ...]:
        with watching.watched() as watch, pytest.raises(OutcomeUnknownError):
            await a_transport(failing(httpx.ReadError)).request("PUT", "/x", json={"a": 1}, is_write=True)
        return watch.calls

    assert (Call("PUT", "/x", None, '{"a":1}'),) == asyncio.run(send())


def test_what_is_kept_is_bounded() -> None:
    """The newest calls, the beginning of their bodies; a secret at the cut is cut out before."""
    door = a_transport(an_answer, auth=Basic(SECRETS.__getitem__))
    long = {"text": "x" * (BODY_CHARS_MAX - 12) + SECRETS["password"]}

    found = sent(door, *[long] * (CALLS_MAX + 5))

    assert CALLS_MAX == len(found)
    assert {BODY_CHARS_MAX} == {len(one.body) for one in found}
    assert "p4ss" not in "".join(one.body for one in found)


def test_nobody_watching_costs_and_keeps_nothing() -> None:
    """Outside, nothing is noted, and one watch does not see what another one does."""

    async def two() -> tuple[int, int]:
        door = a_transport(an_answer)

        async def one(count: int) -> int:
            with watching.watched() as watch:
                for _ in range(count):
                    await door.request("GET", "/x", is_write=False)
                    await asyncio.sleep(0)
            return len(watch.calls)

        first, second = await asyncio.gather(one(2), one(3))
        return first, second

    assert (2, 3) == asyncio.run(two())
    assert watching.present() is None
