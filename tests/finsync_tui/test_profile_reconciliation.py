"""What `finsync profile check` says of definitions of reconciliations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finsync_tui.profile import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.profile.reconciliation_check import reconciliation_problems
from finsync_tui.settings import read_toml

ORDERS = shipped() / "shared" / "reconciliations" / "orders.toml"


def problems(folder: Path, text: str) -> list[tuple[str, str]]:
    """Return (place, message) of each problem of a definition that stands in a layer of its own."""
    file = folder / "profiles" / "own" / "reconciliations" / "orders.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    profile = Profile.model_validate({"systems": {}, "reconciliations": {"orders": read_toml(file)}})
    return [(one.place, one.message) for one in reconciliation_problems(profile, folder)]


def test_the_shipped_definitions_name_only_what_there_is(tmp_path: Path) -> None:
    """Every entity, path and currency of them exists."""
    found: dict[str, Any] = {one.stem: read_toml(one) for one in ORDERS.parent.glob("*.toml")}

    assert [] == list(
        reconciliation_problems(Profile.model_validate({"systems": {}, "reconciliations": found}), tmp_path)
    )
    assert 16 == len(found)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        (
            'role = "erp"\nentity = "purchase_order"',
            'role = "erp"\nentity = "order"',
            22,
            "no entity 'order'",
        ),
        ('amount = "total"', 'amount = "sum"', 15, "'purchase_order' has no field 'sum'"),
        ("lines.distributions.chart", "lines.chart", 13, "has no field 'lines.chart'"),
        ("{@system}:{number}", "{@system}:{nummer}", 12, "has no field 'nummer'"),
        ('role = "procurement"', 'systems = ["koupa"]', 10, "no system 'koupa'"),
        ('kind = "money"', 'kind = "money"\ntolerance = { EURO = "0.01" }', 38, "'EURO' is no currency"),
        ('kind = "money"', 'kind = "money"\ntolerance = { EUR = "-1" }', 38, "allows nothing"),
        ('master_fields = ["supplier"]', 'master_fields = ["payee"]', 57, "no field is named 'payee'"),
    ],
)
def test_what_nobody_knows_is_named_with_file_and_line(
    tmp_path: Path, right: str, wrong: str, line: int, message: str
) -> None:
    """An unknown entity, field, system or currency, and a tolerance that can't be."""
    text = ORDERS.read_text(encoding="utf-8")
    assert right in text

    found = problems(tmp_path, text.replace(right, wrong, 1))

    assert (f"profiles/own/reconciliations/orders.toml line {line}", True) == (
        found[0][0],
        message in found[0][1],
    ), found
