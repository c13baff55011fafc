"""Commands about the configuration."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from finsync_tui.profile import places
from tests.finsync_tui.cli.conftest import Finsync


def with_layer(finsync: Finsync, name: str, text: str, table: str = "") -> Finsync:
    folder = finsync.path / "profiles" / name
    (folder / "mappings").mkdir(parents=True)
    (folder / "profile.toml").write_text(text, encoding="utf-8")
    if table:
        (folder / "mappings" / "cost_centre.csv").write_text(table, encoding="utf-8")
    return finsync


def test_each_file_is_read_for_lines_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its settings are asked for; the first line of a place counts, else that of the table around it."""
    parsed: list[str] = []
    lines = places._lines

    def counted(text: str) -> Iterable[tuple[int, str]]:
        parsed.append(text)
        return lines(text)

    monkeypatch.setattr(places, "_lines", counted)
    text = "# own\n[a]\n" + "".join(f"x{n} = {n}\n" for n in range(50)) + '[a."b c"]\nd = 1\n'

    assert [n + 3 for n in range(50)] == [places.line_of(text, f"a.x{n}") for n in range(50)]
    assert [54, 53, 2, None] == [places.line_of(text, one) for one in ("a.b c.d", "a.b c.e", "a.other", "z")]
    assert [text] == parsed


def test_each_setting_says_where_it_comes_from(finsync: Finsync) -> None:
    """File and line of the last layer that says it; what nobody says is not listed, and asking for it says why."""
    with_layer(finsync, "late", "\n[retry.default]\nattempts_max = 3\n")
    file = finsync.path / "workspace.toml"
    file.write_text(file.read_text().replace('layers = ["own"]', 'layers = ["own", "late"]'))

    (found,) = finsync("profile", "show", "retry.default.attempts_max", "--explain", "--json").json
    unsaid = finsync("profile", "show", "delivery.batch", "--explain")

    assert (3, str(finsync.path / "profiles" / "late" / "profile.toml"), 3) == (
        found["value"],
        found["file"],
        found["line"],
    )
    assert "it has its default" in unsaid.err


def test_credentials_in_an_address_are_not_shown_around(finsync: Finsync) -> None:
    """They don't belong there, every command says so, and none repeats them."""
    file = finsync.path / "workspace.toml"
    file.write_text(
        file.read_text() + '\n[systems.coupa]\nbase_url = "https://ana:geheim@coupa.example.com"\n'
    )
    with_layer(finsync, "bare", "")

    explained = finsync("profile", "show", "systems", "--explain", "--json")
    differing = finsync("profile", "diff", "bare", "--json")

    assert [2, 2] == [explained.code, differing.code]
    assert "SECRET_IN_PROFILE" in explained.err
    assert "geheim" not in explained.out + differing.out + explained.err + differing.err


def test_two_sets_of_layers_are_compared(finsync: Finsync) -> None:
    """Setting by setting, and mapping tables row by row; what both say alike is left out."""
    with_layer(finsync, "test", "[delivery]\nworkers = 2\nbatch = 7\n", "from,to\n1,A\n2,B\n")
    with_layer(finsync, "prod", "[delivery]\nworkers = 8\nbatch = 7\n", "from,to\n1,A\n2,C\n3,D\n")

    found = finsync("profile", "diff", "test", "prod", "--json")

    assert [
        ("delivery.workers", 2, 8),
        ("mappings.cost_centre[2]", "B", "C"),
        ("mappings.cost_centre[3]", None, "D"),
    ] == [(one["place"], one["one"], one["other"]) for one in found.json]
    assert "1 difference" not in finsync("profile", "diff", "test", "prod").err
    assert "nothere" in finsync("profile", "diff", "test", "nothere").err
