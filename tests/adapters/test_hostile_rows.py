"""Promise 2 at the door: whatever a row holds, translating it gives a record or a reason, and its neighbours go on."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.answer import Answer
from adapters.base import Translated, Untranslatable
from adapters.errors import ProtocolError
from adapters.paging import split_rows
from store.records import Incoming, put_page
from tests.adapters.test_samples import FOLDERS, PAIRS, an_adapter
from tests.builders import a_store

DEEP = b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BROKEN = (b"", b"{", b"null", b"[]", b"1", b'"text"', b'{"id":"\xff\xfe"}', b'{"id":1,"id":2}', DEEP)
STRANGE: tuple[Any, ...] = (
    None, "", 0, -1, 1e308, 10**40, float("inf"), "x" * 5000, [], {}, [[]], [None], {"id": {}}, True, "NaN", "Infinity",
    "1e999999", "1E+50", "12,5", "٣", "\u0000", "\x1b[31mred", "2026-99-99", "2026-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0.0000000000000000000000001",
)  # fmt: skip
PER_FIELD = 4
"""So many strange values are tried in each field, drawn anew for each by a fixed seed."""

Path = tuple[str | int, ...]


def paths(value: Any, begun: Path = ()) -> Iterator[Path]:
    """Yield the place of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield (*begun, name)
        yield from paths(item, (*begun, name))


def changed(document: Any, path: Path, value: Any, *, is_removed: bool = False) -> bytes:
    other = copy.deepcopy(document)
    place = other
    for name in path[:-1]:
        place = place[name]
    if is_removed:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(other).encode()


def hostile(name: str, entity: str) -> list[bytes]:
    document = json.loads((FOLDERS[name] / f"{entity}.json").read_bytes())
    chance = random.Random(f"{name}/{entity}")
    rows = list(BROKEN)
    for path in paths(document):
        rows.append(changed(document, path, None, is_removed=True))
        rows += [changed(document, path, value) for value in chance.sample(STRANGE, PER_FIELD)]
    return rows


@pytest.mark.parametrize(("name", "entity"), PAIRS)
def test_no_row_stops_its_neighbours(name: str, entity: str) -> None:
    """Fields that are missing, of another kind or beyond every bound: each row has its own result, in order, and
    what was translated can be stored.
    """
    rows = hostile(name, entity)
    store = a_store()

    found = an_adapter(name).translate(entity, rows)

    assert len(rows) == len(found)
    for row, result in zip(rows, found, strict=True):
        if isinstance(result, Translated):
            incoming = Incoming(
                result.external_id, result.record, row, result.source_version, result.source_updated_at
            )
            with store.transaction() as db:
                assert 1 == len(put_page(db, entity, name, [incoming], store.clock.now()))
        else:
            assert isinstance(result, Untranslatable)
            assert result.path.startswith("$"), row[:200]
            assert result.reason, row[:200]


def test_an_answer_without_end_is_refused() -> None:
    """An answer nested deeper than can be read is a protocol error that names the path, not a defect of ours."""
    answer = Answer(200, headers=httpx.Headers(), content=b"[" + DEEP + b"]", system="coupa", path="/api/x")

    with pytest.raises(ProtocolError, match="GET /api/x could not be read: it is nested more deeply"):
        split_rows(answer)
