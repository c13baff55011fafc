"""Contracts of our own faces: what holds now is what was released, what was released stays, and what goes is announced."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from docs import make_contracts
from docs.make_contracts import RefusedError
from docs.shapes import shape
from finsync_tui import contracts
from finsync_tui.contracts import Kind, changes, checking
from store.canonical import contracts as entities
from store.canonical import event_types
from store.canonical.contracts import breaking_changes
from store.canonical.deprecation import DeprecationError, Notice, mark, marked, notices, unannounced
from store.canonical.schema_fields import fields

ROOT = Path(contracts.__file__).parents[2]
FOLDERS = (contracts.RELEASED, entities.RELEASED)
SPRING, AUTUMN = date(2027, 3, 1), date(2027, 9, 1)


def said(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without its heading."""
    return {name: part for name, part in schema.items() if name not in ("$schema", "$id", "x-owner")}


def test_views_and_codes_are_what_was_released() -> None:
    """When this fails: `make contracts` writes the next version, unless it would break a reader."""
    for kind, now in (("view", make_contracts.views()), ("codes", make_contracts.codes())):
        assert set(now) == set(contracts.names(kind)), f"a {kind} is gone, or new: `make contracts`"  # type: ignore[arg-type]
        for name, body in now.items():
            newest = contracts.contract(kind, name)  # type: ignore[arg-type]
            assert body == said(dict(newest.schema)), f"{name} is not version {newest.version}"


def test_nothing_breaks_what_was_released() -> None:
    """Every version against the one before of its major; every model against its file; the views against their columns."""
    assert [] == list(checking.breaches())


@pytest.mark.parametrize("name", event_types.EVENTS)
def test_an_event_is_what_was_released(name: str) -> None:
    """Another shape is another version; its major is the `v` of its type."""
    one = event_types.EVENTS[name]

    assert event_types.schema(name) == event_types.released(name)[one.version]
    assert one.wire_type.endswith(f".v{one.version.partition('.')[0]}")


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no history here")
def test_no_released_file_was_ever_changed_or_taken_away() -> None:
    """Since there is the rule that says so, and in what is not committed yet."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True)
        return done.stdout.split()

    rule = git("log", "--diff-filter=A", "--format=%H", "--", "docs/contracts.md")
    since = [("log", "--format=", f"{rule[-1]}..HEAD")] if rule else []
    for words in (*since, ("diff", "HEAD")):
        touched = git(*words, "--no-renames", "--diff-filter=MD", "--name-only", "--", *map(str, FOLDERS))
        assert [] == touched


def test_every_contract_has_an_owner_a_version_and_a_name_that_is_its_own() -> None:
    """Nobody has to ask whom to ask."""
    every = list(contracts.all_contracts())

    assert all(one.owner and one.version and one.description for one in every)
    assert len(every) == len({one.schema["$id"] for one in every})
    assert {"entity", "event", "command", "view", "codes"} == {one.kind for one in every}


def schema(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


@pytest.fixture
def face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A view in its first release."""
    monkeypatch.setattr(contracts, "RELEASED", tmp_path)
    contracts._files.cache_clear()
    name = "v_made_up"
    assert make_contracts.release("view", name, schema(a={"type": "integer"}, b={"type": "string"}), SPRING)
    contracts._files.cache_clear()
    yield name
    contracts._files.cache_clear()


def test_what_only_adds_is_a_minor_version(face: str) -> None:
    """And what changes nothing is none."""
    more = schema(a={"type": "integer"}, b={"type": "string"}, c={"type": "string"})

    same = make_contracts.release("view", face, schema(a={"type": "integer"}, b={"type": "string"}), SPRING)
    written = make_contracts.release("view", face, more, SPRING)

    assert None is same
    assert written is not None
    assert "v_made_up-1.1.json" == written.name


@pytest.mark.parametrize(
    "body",
    [
        schema(a={"type": "integer"}),
        schema(a={"type": "string"}, b={"type": "string"}),
        schema(a={"type": ["integer", "null"]}, b={"type": "string"}),
        schema(a={"type": "integer"}, b={"type": "string"}) | {"required": ["a"]},
    ],
    ids=["gone", "another type", "may be null", "may be left out"],
)
def test_what_breaks_a_reader_is_refused(face: str, body: dict[str, Any]) -> None:
    """Without `--major`, and with it what nobody was told of: the files stay as they are."""
    before = sorted(contracts.RELEASED.rglob("*.json"))

    with pytest.raises(RefusedError, match="Nothing was written"):
        make_contracts.release("view", face, body, SPRING)

    assert before == sorted(contracts.RELEASED.rglob("*.json"))


def test_what_is_gone_was_announced_for_long_enough(face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announced in a minor version; refused before its day even as a major one; gone afterwards."""
    full, less = schema(a={"type": "integer"}, b={"type": "string"}), schema(a={"type": "integer"})
    with pytest.raises(RefusedError, match=r"nobody was told that \$\.b would go"):
        make_contracts.release("view", face, less, SPRING, is_major=True)

    going = {f"view {face}": (Notice("$.b", SPRING, AUTUMN, "c"),)}
    monkeypatch.setattr(make_contracts, "DEPRECATED", going)
    announced = make_contracts.release("view", face, full, SPRING)
    contracts._files.cache_clear()
    listed = contracts.contract("view", face).notices
    monkeypatch.setattr(make_contracts, "DEPRECATED", {})
    with pytest.raises(RefusedError, match="nobody was told"):
        make_contracts.release("view", face, less, date(2027, 8, 31), is_major=True)
    gone = make_contracts.release("view", face, less, AUTUMN, is_major=True)

    assert announced is not None
    assert gone is not None
    assert ("v_made_up-1.1.json", "v_made_up-2.0.json") == (announced.name, gone.name)
    assert ("$.b", "c") == (listed[0].path, listed[0].instead)


def test_a_notice_gives_time_and_says_what_to_use() -> None:
    """Half a year at least; something in its place; and it names what is there."""
    with pytest.raises(DeprecationError, match="less than 180 days"):
        Notice("$.b", SPRING, date(2027, 4, 1), "c")
    with pytest.raises(DeprecationError, match="nothing says what to use"):
        Notice("$.b", SPRING, AUTUMN, " ")
    with pytest.raises(DeprecationError, match="there is no such thing"):
        marked(schema(a={}), [Notice("$.b", SPRING, AUTUMN, "c")])


def test_a_notice_is_found_wherever_it_stands() -> None:
    """On the whole, on a field, on one in a list behind a reference; and what is below it may go with it."""
    notice = Notice("$.lines[].amount", SPRING, AUTUMN, "total")
    line = schema(amount=schema(minor={"type": "integer"}) | mark(notice))
    old = {"$defs": {"Line": line}, **schema(lines={"type": "array", "items": {"$ref": "#/$defs/Line"}})}
    new = {"$defs": {"Line": schema()}, **schema(lines={"type": "array", "items": {"$ref": "#/$defs/Line"}})}

    assert [notice] == list(notices(old))
    assert [] == unannounced(old, new, AUTUMN)
    assert ["$.lines[].amount", "$.lines[].amount.minor"] == unannounced(old, new, SPRING)
    assert ["$.lines[].amount goes away from 2027-09-01"] == list(
        changes.changes({**old, "$defs": {"Line": schema(amount=schema(minor={"type": "integer"}))}}, old)
    )


def test_what_was_seen_is_described_and_nothing_else() -> None:
    """A shape fits what it was made of; a map breaks where its values do; a value that is not known is no break."""
    one, other = shape([{"n": 1, "by": {"EUR": "1.00"}}]), shape([{"n": 1, "by": {"EUR": 1}}])

    assert ["$.by.* has another type"] == breaking_changes(one, other)
    assert [] == breaking_changes(one, shape([{"n": None, "by": {"EUR": "2"}}, {"n": 2, "by": {"USD": "1"}}]))
    assert "$.by has other keys" in breaking_changes(one, shape([{"n": 1, "by": {"rate": "1.00"}}]))


@pytest.mark.parametrize("kind", ["entity", "event", "view", "codes"])
def test_every_field_says_what_it_is(kind: Kind) -> None:
    """In the version that is published now: a field, a column or a code that nobody has described is found here."""
    undescribed = [
        f"{name} {path}"
        for name in contracts.names(kind)
        for path, part in fields(contracts.contract(kind, name).schema)
        if not path.endswith(("[]", ".*")) and not part.get("description")
    ]

    assert [] == undescribed
