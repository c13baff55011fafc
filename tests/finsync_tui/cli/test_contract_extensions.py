"""`finsync contract` and `finsync policy fields` where a layer of the workspace extends a contract."""

from __future__ import annotations

from tests.finsync_tui.cli.conftest import Finsync
from tests.finsync_tui.test_extensions import DECLARED


def test_commands_show_extensions_beside_the_contracts(finsync: Finsync) -> None:
    """Listed, shown by version, compared, exported and checked against what was kept; rules see their fields."""
    folder = finsync.path / "profiles" / "own" / "extensions"
    folder.mkdir(parents=True)
    (folder / "it_tax-1.0.toml").write_text(DECLARED.format(version="1.0", kind="boolean", more=""))
    kept = finsync.path / "kept"
    assert 0 == finsync("contract", "export", str(kept)).code
    (folder / "it_tax-1.1.toml").write_text(DECLARED.format(version="1.1", kind="text", more=""))

    (listed,) = finsync("contract", "list", "--kind", "extension", "--json").json
    shown = [
        finsync("contract", "show", "it_tax", *version).json["$id"] for version in ((), ("--version", "1.0"))
    ]
    changed = finsync("contract", "show", "it_tax", "--changes", "--json").json
    checked, against = (
        finsync("contract", "check", "--json"),
        finsync("contract", "check", "--against", str(kept), "--json"),
    )
    fields = finsync("policy", "fields", "invoice_check", "--json").json

    assert ("extension", "it_tax", "invoice", "1.1", "tax") == tuple(
        listed[name] for name in ("kind", "name", "entity", "version", "owner")
    )
    assert ["urn:finsync:schema:extension:it_tax:1.1", "urn:finsync:schema:extension:it_tax:1.0"] == shown
    assert ["1.1", "1.0"] == [one["version"] for one in changed]
    for answer in (checked, against):
        assert 3 == answer.code
        assert ["$.split has another type"] == [one["message"] for one in answer.json["breaches"]]
    assert {"name": "invoice.extensions.it_tax.split", "kind": "text", "may_be_missing": True} in fields
