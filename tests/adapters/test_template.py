"""The template is a working adapter: whoever copies it starts from something that runs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import adapters
from adapters._template.simulator import Simulator
from adapters.base import Adapter, Connection, Page, Translated, Untranslatable, WriteRequest
from adapters.errors import CredentialsError, OutcomeUnknownError, SettingsError
from adapters.simulation import Fault, FaultPlan
from store.clock import VirtualClock
from tests.adapters.held_secrets import HeldSecrets

SAMPLES = Path(adapters.__file__).parent / "_template/samples"


def a_pair(password: str = "right", **faults: str) -> tuple[Simulator, Adapter]:
    clock = VirtualClock(datetime(2026, 1, 5, 9, tzinfo=UTC))
    plan = FaultPlan(clock, [Fault(id=kind, kind=kind, method=method) for kind, method in faults.items()])  # type: ignore[arg-type]
    simulator = Simulator(clock, user="finsync", password="right", faults=plan)
    secrets = {"user": "finsync", "password": password}
    connection = Connection(adapter="_template", base_url="http://template.test", requests_per_second=1e6)
    adapter = adapters.load("_template").connect(
        "template",
        connection,
        HeldSecrets("template", secrets),
        clock,
        transport=httpx.ASGITransport(app=simulator.app),  # type: ignore[call-arg]
    )
    return simulator, adapter


def a_read(adapter: Adapter, position: str | None = None) -> list[Page]:
    async def collect() -> list[Page]:
        return [page async for page in adapter.read("cost_centre", position)]

    return asyncio.run(collect())


def a_write() -> WriteRequest:
    return WriteRequest("order.write_back", "k", "5", {"fields": {"erp_number": "300200"}})


def test_it_is_no_system() -> None:
    """It can be loaded by its name, but nobody is offered it."""
    assert "_template" not in adapters.names()
    assert "_template" == adapters.load("_template").MANIFEST.name


def test_it_reads_all_and_then_what_changed() -> None:
    """Two pages, then only the one that changed."""
    simulator, adapter = a_pair()
    for n in range(1, 131):
        simulator.put(n, str(n), "Centre")

    first = a_read(adapter)
    simulator.put(17, "17", "Renamed")
    second = a_read(adapter, first[-1].position)

    assert [100, 30] == [len(page.rows) for page in first]
    assert ["17"] == [r.external_id for page in second for r in adapter.translate("cost_centre", page.rows)]
    assert 2 == len(asyncio.run(adapter.read_many("cost_centre", ["1", "2", "999"])))


def test_its_sample_becomes_its_twin() -> None:
    """The pair that lies beside the code."""
    _, adapter = a_pair()

    good, bad = adapter.translate("cost_centre", [(SAMPLES / "cost_centre.json").read_bytes(), b'{"id": 8}'])

    assert isinstance(good, Translated)
    assert isinstance(bad, Untranslatable)
    assert json.loads((SAMPLES / "cost_centre.canonical.json").read_text()) == json.loads(
        good.record.canonical_json()
    )
    assert ("8", "$.code") == (bad.external_id, bad.path)


def test_a_write_whose_answer_is_lost_is_found() -> None:
    """Unknown, looked up, done once."""
    simulator, adapter = a_pair(lost_answer="PUT")
    simulator.orders[5] = {"id": 5, "erpNumber": None}

    before = asyncio.run(adapter.find(a_write()))
    with pytest.raises(OutcomeUnknownError):
        asyncio.run(adapter.write(a_write()))
    after = asyncio.run(adapter.find(a_write()))

    assert before is None
    assert after is not None
    assert after.was_found
    assert "300200" == asyncio.run(adapter.write(a_write())).number


def test_it_says_no_in_the_usual_classes() -> None:
    """Wrong password, unknown entity, unknown operation."""
    _, stranger = a_pair("wrong")
    _, adapter = a_pair()

    with pytest.raises(CredentialsError):
        a_read(stranger)
    with pytest.raises(SettingsError):
        adapter.translate("weather", [])
    with pytest.raises(SettingsError):
        asyncio.run(adapter.write(WriteRequest("order.frame", "k", "5", {})))
    assert not asyncio.run(stranger.check_health()).is_ok
    assert asyncio.run(adapter.check_health()).is_ok


def test_an_unknown_adapter_is_told_with_those_there_are() -> None:
    """A slip in a profile is answered with the list."""
    with pytest.raises(SettingsError, match=r"coupa.*oracle_fusion"):
        adapters.load("copua")
    with pytest.raises(SettingsError, match="there is no such adapter"):
        adapters.manifest("../store")
