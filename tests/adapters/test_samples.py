"""Each system's sample documents become the canonical records that lie beside them.

`samples/` of an adapter holds `<entity>.json` with `<entity>.canonical.json`; `options.json` are the options they
are read with. A system without `options.json` tests its values by itself; its pairs must be whole all the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import adapters
from adapters import coupa
from adapters.base import Adapter, Connection, Translated
from adapters.coupa import outbound
from store.clock import SystemClock
from tests.adapters.held_secrets import HeldSecrets

FOLDERS = {name: Path(adapters.__file__).parent / name / "samples" for name in adapters.names()}
CANONICAL = ".canonical.json"
PAIRS = [
    (name, path.name.removesuffix(CANONICAL))
    for name, folder in FOLDERS.items()
    if (folder / "options.json").exists()
    for path in sorted(folder.glob(f"*{CANONICAL}"))
    if adapters.manifest(name).capability(path.name.removesuffix(CANONICAL))
]


def an_adapter(name: str) -> Adapter:
    options = json.loads((FOLDERS[name] / "options.json").read_text("utf-8"))
    connection = Connection(adapter=name, base_url="https://system.example.com", options=options)
    return adapters.load(name).connect(name, connection, HeldSecrets(name, {}), SystemClock())


def test_there_are_pairs_to_compare() -> None:
    """The search for samples finds some."""
    assert {"purchase_order", "supplier"} <= {entity for _, entity in PAIRS}


@pytest.mark.parametrize(("name", "entity"), PAIRS)
def test_a_sample_becomes_its_canonical_twin(name: str, entity: str) -> None:
    """A document as the system sends it, and the record that it must become."""
    row = (FOLDERS[name] / f"{entity}.json").read_bytes()
    expected = json.loads((FOLDERS[name] / f"{entity}{CANONICAL}").read_text("utf-8"))

    (found,) = an_adapter(name).translate(entity, [row])

    assert isinstance(found, Translated), found
    assert expected == json.loads(found.record.canonical_json())


@pytest.mark.parametrize(("name", "entity"), PAIRS)
def test_a_sample_shows_no_drift_of_kind(name: str, entity: str) -> None:
    """No field of a sample has another kind than the one described."""
    adapter = an_adapter(name)
    if not hasattr(adapter, "drift"):
        pytest.skip("this adapter does not notice drift")
    row = (FOLDERS[name] / f"{entity}.json").read_bytes()

    found = adapter.drift(entity, [row])

    assert [] == [d for d in found if d.kind == "retyped"]


@pytest.mark.parametrize("name", FOLDERS)
def test_every_entity_that_is_read_has_a_sample(name: str) -> None:
    """The manifest promises no entity without a sample and its twin."""
    read = {c.entity for c in adapters.manifest(name).capabilities if "read" in c.directions}

    missing = {e for e in read if not (FOLDERS[name] / f"{e}.json").exists()}
    alone = {e for e in read if not (FOLDERS[name] / f"{e}{CANONICAL}").exists()}

    assert (set(), set()) == (missing, alone)


def test_a_write_back_becomes_its_request() -> None:
    """The sample of what we decide and the sample of what Coupa is sent belong together."""
    folder = FOLDERS["coupa"]
    decided = json.loads((folder / f"order_write_back{CANONICAL}").read_text("utf-8"))

    sent = outbound.body(outbound.write_back("purchase_order", decided, coupa.Options()))

    assert json.loads((folder / "order_write_back.request.json").read_text("utf-8")) == sent


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({}, ("user", "password")),
        ({"auth": "client_credentials"}, ("client_id", "client_secret")),
        ({"auth": "password"}, ("client_id", "client_secret", "user", "password")),
    ],
)
def test_a_connections_options_say_which_secrets_it_needs(
    options: dict[str, str], needed: tuple[str, ...]
) -> None:
    """So that what is missing is found before the first call."""
    manifest = adapters.manifest("oracle_fusion").for_options(options)

    assert needed == manifest.credentials
    assert not set(needed) & set(manifest.optional_credentials)
