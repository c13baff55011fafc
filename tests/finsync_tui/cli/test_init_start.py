"""`finsync init --start`: each profile to start from is whole, and passes what a company's pipeline asks of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from finsync_tui import extracts, profile
from finsync_tui.profile.starting import starts, systems_of
from finsync_tui.settings import load_workspace
from store import open_store
from tests.builders import a_clock
from tests.finsync_tui.cli.conftest import Answer

STARTS = {one.name: one for one in starts()}


def begin(command: Callable[..., Answer], path: Path, name: str, *more: object) -> Answer:
    addresses = [
        word for one in systems_of(STARTS[name]) for word in ("--address", f"{one}=https://{one}.example.com")
    ]
    return command("init", "--workspace", path, "--start", name, *addresses, *more)


@pytest.mark.parametrize("name", STARTS)
def test_it_passes_the_strict_check(command: Callable[..., Answer], tmp_path: Path, name: str) -> None:
    """With nothing but the addresses of its systems; its tax codes and periods are read without a trouble."""
    path = tmp_path / "books"
    made = begin(command, path, name, "--json")
    checked = command("profile", "check", "--strict", "--workspace", path, "--json")
    tested = command("policy", "test", "--workspace", path)

    assert (0, name, ["shared", "controls", "own"]) == (made.code, made.json["start"], made.json["layers"])
    assert (0, []) == (checked.code, checked.json)
    assert 0 == tested.code
    found = load_workspace(path)
    with open_store(found.store_path, a_clock()) as store:
        extracts.read(store, profile.load(found), found.path, a_clock())
        read = dict(store.db.execute("SELECT entity, count(*) FROM record GROUP BY entity").fetchall())
        assert 0 == store.db.execute("SELECT count(*) FROM exception_case").fetchone()[0]
    companies = profile.load(found).legal_entities
    assert read["tax_code"] >= 4
    assert 24 * len(companies) == read["fiscal_period"]


@pytest.mark.parametrize("name", STARTS)
def test_everything_in_it_has_an_owner_and_a_deputy(
    command: Callable[..., Answer], tmp_path: Path, name: str
) -> None:
    """Flows, systems, contracts, tables and policies."""
    begin(command, tmp_path / "books", name)
    found = command("profile", "owners", "--workspace", tmp_path / "books", "--json").json

    assert {"flow", "system", "contract", "mapping", "policy"} == {one["kind"] for one in found}
    assert [] == [one["name"] for one in found if not (one["owner"] and one["deputy"])]


def test_without_addresses_it_says_which_are_missing(command: Callable[..., Answer], tmp_path: Path) -> None:
    """None comes with finsync, and nothing is asked of anybody before they are named."""
    made = command("init", "--workspace", tmp_path / "books", "--start", "uk")
    checked = command("profile", "check", "--workspace", tmp_path / "books", "--json")

    assert "name the base_url of coupa, oracle-uk" in made.err
    assert ["systems.coupa.base_url", "systems.oracle-uk.base_url"] == [one["place"] for one in checked.json]


def test_a_plain_workspace_names_what_there_is_to_start_from(
    command: Callable[..., Answer], tmp_path: Path
) -> None:
    """All of them, with what each is."""
    made = command("init", "--workspace", tmp_path / "books")

    assert {"eu", "uk", "us"} == set(STARTS)
    assert [] == [one for one in STARTS if f"finsync init --start {one} " not in made.err]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--start", "mars"], "START_UNKNOWN"),
        (["--start", "uk", "--profile", "shared"], "not both"),
        (
            ["--start", "uk", "--address", "oracle=https://x.example"],
            "is not SYSTEM=URL of one of coupa, oracle-uk",
        ),
        (["--start", "uk", "--address", "coupa"], "is not SYSTEM=URL"),
        (["--address", "coupa=https://x.example"], "--address goes with --start"),
    ],
)
def test_what_does_not_fit_makes_nothing(
    command: Callable[..., Answer], tmp_path: Path, words: list[str], said: str
) -> None:
    """Exit code 2, and no folder."""
    answer = command("init", "--workspace", tmp_path / "books", *words)

    assert 2 == answer.code
    assert said in answer.err
    assert not (tmp_path / "books").exists()


def test_what_is_edited_is_ones_own(command: Callable[..., Answer], tmp_path: Path) -> None:
    """The copy in the workspace, with file and line; what comes with finsync stays as it is."""
    begin(command, tmp_path / "books", "eu")
    file = tmp_path / "books" / "profiles" / "own" / "mappings" / "company.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("01,101,DE01", "01,555,DE01"), encoding="utf-8")
    (wrong,) = command("profile", "check", "--strict", "--workspace", tmp_path / "books", "--json").json

    assert "is charged to 555-410-6100-0000-000, not to 101" in wrong["message"]
    assert str(tmp_path) in wrong["file"]
    assert "01,101,DE01" in (STARTS["eu"].folder / "mappings" / "company.csv").read_text(encoding="utf-8")
