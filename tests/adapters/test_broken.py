"""A row that is no JSON: its neighbours are as they came, it is refused with what was sent, and doubt splits nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from adapters.answer import Answer
from adapters.base import Translated, Untranslatable
from adapters.broken import in_row, mended, translated
from adapters.coupa import bank
from adapters.errors import ProtocolError
from adapters.oracle_fusion.inbound import redacted_bank_account
from adapters.paging import split_rows
from adapters.transport import Transport
from tests.adapters.coupa_world import CoupaWorld
from tests.adapters.held_secrets import ACCOUNT_KEY

FIRST, LAST = b'{"id": 1, "name": "a, [b] {c} \\" d"}', b'{"id":3,"lines":[{"n":1},{"n":2}]}'
BROKEN = {
    "utf-8": (b'{"id":2,"name":"M\xfcller"}', "$.name", "it is not UTF-8 at byte 17"),
    "nan": (b'{"id":2,"price":NaN}', "$.price", "it is not JSON at byte 16 (invalid character)"),
    "infinity": (b'{"id":2,"price":-Infinity}', "$.price", "it is not JSON at byte 17 (invalid character)"),
    "surrogate": (b'{"id":2,"name":"\\ud800"}', "$.name", "it holds half of a surrogate pair, which is no character"),
    "control": (b'{"id":2,"name":"a\x00b"}', "$.name", "it is not JSON at byte 17 (invalid character)"),
    "escape": (b'{"id":2,"name":"\\q"}', "$.name", "it is not JSON at byte 17 (invalid escaped character)"),
    "number": (b'{"id":2,"price":01}', "$.price", "it is not JSON at byte 17 (invalid number)"),
    "nested": (b'{"id":2,"lines":[{"x":1,"y":+1}]}', "$.lines", "it is not JSON at byte 28 (invalid character)"),
    "endless": (b'{"id":2,"d":' + b"[" * 5000 + b"]" * 5000 + b"}", "$.d", "it is nested more deeply than any document of ours"),
}  # fmt: skip


def an_answer(content: bytes, *, is_private: bool = False) -> Answer:
    return Answer(200, httpx.Headers(), content, "coupa", "GET", "/api/x", is_private=is_private)


@pytest.mark.parametrize(("row", "path", "reason"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("envelope", [b"[%s]", b'{"links":[], "items" : [%s ], "hasMore":false}'])
def test_a_broken_row_has_a_stand_in_and_its_neighbours_are_to_the_byte_what_came(
    row: bytes, path: str, reason: str, envelope: bytes
) -> None:
    """Alone in its place, whatever is wrong with it: it keeps the id it has, and says what came and what is wrong."""
    page = mended(an_answer(envelope % b" ,".join([FIRST, row, LAST])))

    first, middle, last = split_rows(page, "items" if envelope.startswith(b"{") else None)
    broken = in_row(middle)

    assert (FIRST, LAST) == (first, last)
    assert broken is not None
    assert (path, reason, row) == (broken.path, broken.reason, broken.row)
    assert 2 == json.loads(middle)["id"]
    assert None is in_row(first) is in_row(last)


@pytest.mark.parametrize(
    "page",
    [
        b"<html>maintenance page</html>",
        b'[{"id":1},{"id":2',
        b'[{"id":1},{"id":2,"x":[}]',
        b'[{"id":1},{"id":2,"x":"5" pipe"},{"id":3,"y":"NaN"}]',
        b'[{"id":1},{"id":2,"x":"a"b"},{"id":3}]',
        b'[{"id":1},{"id":2,"x":"a},{"id":3}]',
        b'[{"id":1},{"id":2,"x":NaN}] [1]',
        b'[{"id":1},,{"id":2,"x":NaN}]',
        b'{"items":[{"id":1}],"hasMore":NaN}',
        b"NaN",
        b"",
    ],
)
def test_a_page_whose_rows_are_in_doubt_is_left_as_it_is(page: bytes) -> None:
    """Cut off, a quote or bracket too many, an envelope that is broken itself: it is refused whole, and its beginning kept."""
    answer = mended(an_answer(page))

    with pytest.raises(ProtocolError) as caught:
        split_rows(answer, "items")

    assert page == answer.content
    assert page.decode() == caught.value.answer


def test_of_what_may_hold_account_numbers_nothing_is_kept() -> None:
    """Neither of a broken row nor of an answer that can't be read at all."""
    profile = (
        b'{"id":7,"supplier-information-addresses":[{"id":8,"iban-number":"DE89370400440532013000"}],"x":NaN}'
    )
    account = b'{"BankAccountId":9,"IBAN":"DE89370400440532013000","BankName":"\xff"}'

    (shown,) = bank.redacted(split_rows(mended(an_answer(b"[%s]" % profile, is_private=True))), ACCOUNT_KEY)
    other = redacted_bank_account(
        split_rows(mended(an_answer(b"[%s]" % account, is_private=True)))[0], ACCOUNT_KEY
    )
    with pytest.raises(ProtocolError) as caught:
        split_rows(an_answer(b"[%s" % account, is_private=True))

    assert ("7-unreadable", 9) == (json.loads(shown)["id"], json.loads(other)["BankAccountId"])
    for row in (shown, other):
        broken = in_row(row)
        assert broken is not None
        assert broken.row is None
        assert b"3704" not in row
    assert "" == caught.value.answer


def test_a_stand_in_is_never_translated_however_much_of_it_fits() -> None:
    """What broke may be what nobody needs: the document is refused all the same, with number and money it states."""
    world = CoupaWorld()
    (external_id,) = world.add(1)
    (row,) = asyncio.run(world.adapter.read_many("purchase_order", [external_id]))
    page = an_answer(
        b"[%s]" % row.replace(b'"Paper"', b'"Pa\xffper"', 1).replace(b'{"id"', b'{"junk":NaN,"id"', 1)
    )

    (sound,) = translated(world.adapter, "purchase_order", [row])
    (refused,) = translated(world.adapter, "purchase_order", split_rows(mended(page)))

    assert isinstance(sound, Translated)
    assert isinstance(refused, Untranslatable)
    assert (external_id, "PO-1", "$.junk") == (refused.external_id, refused.number, refused.path)
    assert refused.payload is not None
    assert b"Pa\xffper" in refused.payload


def test_an_answer_that_is_too_large_keeps_its_beginning() -> None:
    """Announced or streamed: what it began with tells an analyst what came."""
    world = CoupaWorld(answer_bytes_max=4000)
    world.add(20)

    async def read() -> None:
        async for _ in world.adapter.read("purchase_order"):
            pass

    with pytest.raises(ProtocolError, match="larger than 4,000 bytes") as caught:
        asyncio.run(read())

    assert caught.value.answer.startswith('[{"id":')


def test_an_excerpt_hides_credentials() -> None:
    """What a system echoes of a secret is not kept with its answer."""
    answer = replace(
        an_answer(b'{"access_token": "abc", "echo": "c0upa-s3cr3t", oops'),
        clean=Transport.clean.__get__(_Door()),
    )

    assert '{"access_token": "***", "echo": "***", oops' == answer.excerpt()


class _Door:
    """As much of a transport as cleaning needs."""

    _auth = None
    _hidden = ("c0upa-s3cr3t",)
    _secrets: tuple[str, ...] = ()
