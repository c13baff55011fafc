"""What every system's adapter promises, tried against its simulator. `setups.py` says which there are.

Every request and answer that passes is judged by the system's OpenAPI document as well.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from typing import Any, TypeVar, cast

import pytest

import adapters
from adapters.base import Page, Translated, Untranslatable, WindowReader, WriteRequest
from adapters.broken import in_row
from adapters.errors import (
    AdapterError,
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    SettingsError,
    TransientError,
)
from tests.adapters.setups import World, effects_of_one, fault, only_asks, worlds

T = TypeVar("T")
Setup = Callable[..., World]


def written(world: World) -> str | None:
    """Return the method of the write, for worlds whose writes look at the same path first."""
    return getattr(world, "write_method", None)


def window_of(world: World) -> str | None:
    """Return the date by which a world's documents can be asked for; None: they can't."""
    capability = world.adapter.manifest.capability(world.entity)
    return capability.window if capability is not None else None


def is_written_to(adapter: str) -> bool:
    """Say whether a system is written to at all: one that is only a source takes nothing."""
    return any(one.operations for one in adapters.manifest(adapter).capabilities)


every_system = pytest.mark.parametrize("setup", worlds().values(), ids=worlds().keys())
WRITTEN = {name: setup for name, setup in worlds().items() if is_written_to(name.partition(" ")[0])}
every_target = pytest.mark.parametrize("setup", WRITTEN.values(), ids=WRITTEN.keys())
WINDOWED = {name: setup for name, setup in worlds().items() if window_of(setup()) is not None}
every_system_with_a_window = pytest.mark.parametrize("setup", WINDOWED.values(), ids=WINDOWED.keys())

DAY = timedelta(days=1)

READ_FAULTS: list[tuple[str, dict[str, Any], type[AdapterError]]] = [
    ("throttle", {"retry_after_s": 7}, TransientError),
    ("maintenance", {}, MaintenanceError),
    ("unavailable", {"status": 500}, TransientError),
    ("unavailable", {"status": 502}, TransientError),
    ("unavailable", {"status": 503}, TransientError),
    ("unavailable", {"status": 504}, TransientError),
    ("lost_answer", {}, TransientError),
    ("reset", {}, TransientError),
    ("garbage", {}, ProtocolError),
    ("truncated", {}, ProtocolError),
    ("huge", {}, ProtocolError),
]
WRITE_FAULTS: list[tuple[str, dict[str, Any], type[AdapterError]]] = [
    ("throttle", {}, TransientError),
    ("maintenance", {}, MaintenanceError),
    ("unavailable", {"status": 500}, OutcomeUnknownError),
    ("unavailable", {"status": 502}, OutcomeUnknownError),
    ("unavailable", {"status": 503}, OutcomeUnknownError),
    ("unavailable", {"status": 504}, OutcomeUnknownError),
    ("lost_answer", {}, OutcomeUnknownError),
    ("reset", {}, OutcomeUnknownError),
    ("garbage", {}, OutcomeUnknownError),
    ("truncated", {}, OutcomeUnknownError),
    ("invalid_utf8", {}, OutcomeUnknownError),
    ("huge", {}, OutcomeUnknownError),
]


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def pages(world: World, position: str | None = None, most: int | None = None) -> list[Page]:
    """Read pages, all or the first `most`."""

    async def collect() -> list[Page]:
        found: list[Page] = []
        walk = world.adapter.read(world.entity, position)
        async for page in walk:
            found.append(page)
            if len(found) == most:
                break
        await walk.aclose()  # type: ignore[attr-defined]
        await world.adapter.aclose()
        return found

    return run(collect())


def ids(world: World, found: list[Page]) -> list[str]:
    """Translate rows and return their external ids, in order."""
    results = [r for page in found for r in world.adapter.translate(world.entity, page.rows)]
    assert not [r for r in results if isinstance(r, Untranslatable)]
    return [r.external_id or "" for r in results]


@every_system
def test_a_full_read_finds_each_document_once(setup: Setup) -> None:
    """All pages together hold every document exactly once, and the last page says that it is the last."""
    world = setup()
    made = world.add(120)

    found = pages(world)

    assert sorted(made) == sorted(ids(world, found))
    assert [False] * (len(found) - 1) + [True] == [page.is_last for page in found]
    assert len(found) > 1


@every_system
def test_changes_during_a_read_lose_nothing(setup: Setup) -> None:
    """Documents that are changed or made between two pages are found by this read or the next, as they are
    then.
    """
    world = setup()
    made = world.add(120)
    world.clock.advance(DAY)
    changed = iter((made[110], made[3], made[60]))  # ahead of the read, behind it, behind it again

    def meddle() -> None:
        world.clock.advance(timedelta(minutes=15))  # more than the overlap, which must not be what saves us
        external_id = next(changed, None)
        if external_id is not None:
            world.touch(external_id)
            made.extend(world.add(1))

    world.before_each_request(meddle)
    first = pages(world)
    world.before_each_request(None)
    world.clock.advance(DAY)
    second = pages(world, first[-1].position)

    assert set(made) == {*ids(world, first), *ids(world, second)}
    latest = {
        r.external_id: r.record.model_dump_json(exclude=set(r.record.read_fields))
        for page in (*first, *second)
        for r in world.adapter.translate(world.entity, page.rows)
        if isinstance(r, Translated)
    }
    assert latest == {
        r.external_id: r.record.model_dump_json(exclude=set(r.record.read_fields))
        for page in pages(world)
        for r in world.adapter.translate(world.entity, page.rows)
        if isinstance(r, Translated)
    }


@every_system
def test_the_keys_of_a_page_are_the_external_ids_of_its_rows(setup: Setup) -> None:
    """Where a page says its keys, they are those of its records in order: by them known rows are skipped."""
    world = setup()
    world.add(120)

    for page in pages(world):
        if page.keys is not None:
            translated = world.adapter.translate(world.entity, page.rows)
            assert list(page.keys) == [r.external_id for r in translated]


@every_system
def test_a_read_goes_on_where_it_stopped(setup: Setup) -> None:
    """A read that is broken off after its first page goes on with the second, from the position alone."""
    world = setup()
    made = world.add(120)

    first = pages(world, most=1)
    rest = pages(world, first[0].position)

    assert sorted(made) == sorted(ids(world, first) + ids(world, rest))


@every_system
def test_a_second_read_returns_only_what_changed(setup: Setup) -> None:
    """From the last position, only changed documents come again (and those within the overlap); a system that has no
    delta is read whole.
    """
    world = setup()
    old = world.add(60)
    world.clock.advance(DAY)
    (latest,) = world.add(1)
    world.clock.advance(DAY)
    position = pages(world)[-1].position
    world.clock.advance(DAY)
    world.touch(old[7])

    found = ids(world, pages(world, position))

    assert old[7] in found
    capability = world.adapter.manifest.capability(world.entity)
    assert set(found) <= ({old[7], latest} if capability and capability.has_delta else {*old, latest})


@every_system
def test_reading_again_without_a_change_gives_the_same_bytes(setup: Setup) -> None:
    """A document that did not change is the same to the byte, so that its digest is known."""
    world = setup()
    world.add(3)

    first, second = pages(world), pages(world)

    assert first[0].rows == second[0].rows
    assert first[-1].position == second[-1].position


@every_system
def test_named_documents_are_read_afresh(setup: Setup) -> None:
    """Of the ids asked for, those that exist come back; the others are left out, none is an error."""
    world = setup()
    made = world.add(60)

    rows = run(world.adapter.read_many(world.entity, [*made, "999999999"]))

    assert sorted(made) == sorted(r.external_id or "" for r in world.adapter.translate(world.entity, rows))


@every_system_with_a_window
def test_a_window_shows_what_is_dated_in_its_days(setup: Setup) -> None:
    """Each document once, over several pages, and none of another year; by the date that the manifest names."""
    world = setup()
    dated_by = window_of(world)
    assert dated_by is not None
    world.add(120)
    read = [r for page in pages(world) for r in world.adapter.translate(world.entity, page.rows)]
    dates = {r.external_id: getattr(r.record, dated_by) for r in read if isinstance(r, Translated)}
    first, last = min(dates.values()), max(dates.values())

    within = ids(world, window(world, first, last))
    before = ids(world, window(world, first - 365 * DAY, last - 365 * DAY))

    assert sorted(str(one) for one in dates) == sorted(within)
    assert [] == before


def window(world: World, first: date, last: date) -> list[Page]:
    """Read what is dated in these days."""

    async def collect() -> list[Page]:
        found = [p async for p in cast("WindowReader", world.adapter).read_window(world.entity, first, last)]
        await world.adapter.aclose()
        return found

    return run(collect())


@every_target
def test_a_write_that_is_sent_again_has_one_effect(setup: Setup) -> None:
    """A write is found once it has taken effect, not before, and takes effect once."""
    world = setup()
    request = world.a_write()

    before = run(world.adapter.find(request))
    receipt = run(world.adapter.write(request))
    after = run(world.adapter.find(request))

    assert before is None
    assert not receipt.was_found
    assert after is not None
    assert after.was_found
    assert receipt.external_id == after.external_id
    assert effects_of_one(world) == world.effects(request)


@every_target
@pytest.mark.parametrize(
    ("kind", "has_effect"), [("lost_answer", True), ("reset", False), ("truncated", True)]
)
def test_a_lost_answer_is_looked_up(setup: Setup, kind: str, has_effect: bool) -> None:
    """After an answer that never came, `find` tells whether the system acted; then once is enough. A question is asked
    again.
    """
    world = setup()
    request = world.a_write()
    world.faults.add(fault(kind, method=written(world), path=world.write_path))

    with pytest.raises(AdapterError) as caught:
        run(world.adapter.write(request))
    found = run(world.adapter.find(request))
    if found is None:
        run(world.adapter.write(request))

    assert only_asks(world) or OutcomeUnknownError is type(caught.value)
    assert (has_effect and not only_asks(world)) == (found is not None)
    assert effects_of_one(world) == world.effects(request)


@every_system
@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    READ_FAULTS,
    ids=[f"{k}{s.get('status', '')}" for k, s, _ in READ_FAULTS],
)
def test_faults_of_a_read_are_sorted(
    setup: Setup, kind: str, settings: dict[str, Any], expected: type[AdapterError]
) -> None:
    """Each way a read can fail has its class; afterwards the same read works, and nothing is lost."""
    world = setup()
    made = world.add(2)
    world.faults.add(fault(kind, path=world.read_path, **settings))

    with pytest.raises(AdapterError) as caught:
        pages(world)

    assert expected is type(caught.value)
    assert_speaks(world, caught.value)
    if "retry_after_s" in settings:
        assert timedelta(seconds=7) == getattr(caught.value, "retry_after", None)
    assert sorted(made) == sorted(ids(world, pages(world)))


@every_system
def test_bytes_that_are_no_text_cost_one_row_at_most(setup: Setup) -> None:
    """The row they are in has a stand-in and its neighbours come; where they are in none, the page is refused."""
    world = setup()
    made = world.add(5)
    world.faults.add(fault("invalid_utf8", path=world.read_path))

    try:
        rows = [row for page in pages(world) for row in page.rows]
    except ProtocolError as error:
        assert_speaks(world, error)
    else:
        stand_ins = [row for row in rows if in_row(row)]
        assert (len(made), 1) == (len(rows), len(stand_ins))

    assert sorted(made) == sorted(ids(world, pages(world)))


@every_target
@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    WRITE_FAULTS,
    ids=[f"{k}{s.get('status', '')}" for k, s, _ in WRITE_FAULTS],
)
def test_faults_of_a_write_are_sorted(
    setup: Setup, kind: str, settings: dict[str, Any], expected: type[AdapterError]
) -> None:
    """A write that may have been done is unknown, one that was not is tried later; neither is sent twice by
    itself. A question fails as a read does.
    """
    world = setup()
    request = world.a_write()
    world.faults.add(fault(kind, method=written(world), path=world.write_path, **settings))

    with pytest.raises(AdapterError) as caught:
        run(world.adapter.write(request))

    if only_asks(world):
        expected = next(
            e
            for k, s, e in [*READ_FAULTS, ("invalid_utf8", {}, ProtocolError)]
            if (k, s.get("status")) == (kind, settings.get("status"))
        )
    assert expected is type(caught.value)
    assert 1 == world.faults.applied_count(kind)
    assert_speaks(world, caught.value)


@every_system
def test_an_expired_token_is_no_trouble(setup: Setup) -> None:
    """A token that ends early is renewed on the way, for reads and for writes."""
    world = setup()
    made = world.add(60)
    request = world.a_write() if is_written_to(world.adapter.manifest.name) else None
    pages(world, most=1)

    world.end_tokens()
    found = ids(world, pages(world))
    if request is not None:
        world.end_tokens()
        run(world.adapter.write(request))

    assert set(made) <= set(found)
    assert request is None or effects_of_one(world) == world.effects(request)


@every_system
def test_wrong_credentials_stop_at_the_door(setup: Setup) -> None:
    """A wrong secret is a credentials error for reads, writes and the health check, and is not repeated in
    it.
    """
    world = setup(has_right_secret=False)
    attempts: list[Callable[[], object]] = [lambda: pages(world)]
    request = world.a_write() if is_written_to(world.adapter.manifest.name) else None
    if request is not None:
        attempts.append(lambda: run(world.adapter.write(request)))

    for work in attempts:
        with pytest.raises(CredentialsError) as caught:
            work()
        assert_speaks(world, caught.value)
    health = run(world.adapter.check_health())

    assert not health.is_ok
    assert request is None or 0 == world.effects(request)
    assert_no_secret(world, health.message)


@every_system
def test_health_is_known(setup: Setup) -> None:
    """A healthy system says so; one that is away says why without raising."""
    world = setup()

    well = run(world.adapter.check_health())
    world.faults.add(fault("unavailable", times=50))
    ill = run(world.adapter.check_health())

    assert well.is_ok
    assert well.latency_ms is not None
    assert not ill.is_ok
    assert ill.message


@every_system
def test_bad_rows_do_not_hold_up_their_neighbours(setup: Setup) -> None:
    """Translation goes through every row in order; what does not fit is a value with a place and a reason."""
    world = setup()
    world.add(2)
    (good, other) = pages(world)[0].rows
    half, no_object = good[: len(good) // 2], b"[1, 2]"
    stripped = b"{}"

    results = world.adapter.translate(world.entity, [good, half, no_object, stripped, b"\xff\xfe", other])

    kinds = [type(r) for r in results]
    assert [Translated, *[Untranslatable] * 4, Translated] == kinds
    assert all(r.path.startswith("$") and r.reason for r in results if isinstance(r, Untranslatable))


@every_system
def test_what_an_adapter_does_not_do_is_refused_in_words(setup: Setup) -> None:
    """An entity or an operation that the system lacks is a settings error, sent nowhere."""
    world = setup()
    count = world.request_count()

    with pytest.raises(SettingsError, match="weather"):
        run(anext(aiter(world.adapter.read("weather"))))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"order\.frame"):
        run(world.adapter.write(WriteRequest("order.frame", "k", "1", {})))

    assert count == world.request_count()


@every_system
def test_a_position_holds_only_the_systems_own_time(setup: Setup) -> None:
    """A system whose clock is hours away from ours loses nothing: no local time is in a position."""
    world = setup()
    world.add(3)

    position = pages(world)[-1].position

    assert position is not None
    assert isinstance(json.loads(position), dict)
    world.clock.advance(timedelta(hours=5))
    made = world.add(1)
    assert set(made) <= set(ids(world, pages(world, position)))


def assert_speaks(world: World, error: AdapterError) -> None:
    """The message names the system, and nothing that could be printed of the error holds a secret."""
    assert str(error).startswith(f"{world.adapter.system}: ")
    shown = "".join(traceback.format_exception(error)) + error.answer + repr(error) + repr(vars(error))
    assert_no_secret(world, shown)


def assert_no_secret(world: World, shown: str) -> None:
    hidden = [value for name, value in world.secrets.items() if name not in ("user", "client_id")]
    assert hidden
    for value in hidden:
        assert value not in shown
    assert "Bearer ey" not in shown
