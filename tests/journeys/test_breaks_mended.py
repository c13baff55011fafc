"""What differs between real simulators, mended by commands: sent again, read again, adopted, explained, written off."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters import transport
from finsync_tui.cli import run
from finsync_tui.credentials import FOLDER_VARIABLE, variable
from finsync_tui.rehearse import catalogue, editing, expense_catalogue, systems, world
from finsync_tui.rehearse import workspace as rehearsal
from finsync_tui.rehearse.expense_systems import COMPANY_UUID
from store import open_store
from store.clock import SystemClock

KEYS = systems.Secrets("one", "two", "three", "four")
FOUND = 3
DAYS = 33


class Office:
    """A small company with its systems in this process; one clock for all of them and for finsync."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.world = world.make(7, 0.01, "none", KEYS)
        own = self.world.systems
        apps: dict[str, Any] = {"coupa": own.coupa.app, "concur": own.concur.app}
        apps |= {name: erp.app for name, erp in own.erps.items()}
        patch.setattr(transport, "_pool", lambda system, *_: httpx.ASGITransport(apps[system]))
        patch.setattr(SystemClock, "now", lambda _: self.world.now())
        urls = dict.fromkeys(apps, "http://127.0.0.1:1")
        self.path = rehearsal.write(folder / "w", self.world.scenario.company, urls).path
        source, tool = "coupa", expense_catalogue.SOURCE
        secrets = {
            variable(source, "client_id"): systems.CLIENT_ID, variable(source, "client_secret"): KEYS.coupa,
            variable(tool, "client_id"): systems.CLIENT_ID, variable(tool, "client_secret"): KEYS.concur,
            variable(tool, "company_uuid"): COMPANY_UUID, variable(tool, "request_token"): KEYS.request_token,
            FOLDER_VARIABLE: str(folder / "secrets"),
        }  # fmt: skip
        (folder / "secrets").mkdir(mode=0o700)
        for name in own.erps:
            secrets |= {variable(name, "user"): systems.ERP_USER, variable(name, "password"): KEYS.erp}
        for name, value in secrets.items():
            patch.setenv(name, value)
        open_store(self.path / "finsync.db", SystemClock()).close()
        self.known: set[int] = set()
        """Breaks that were there before: their documents are on their way."""

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run one command line; return what it printed."""
        self.capsys.readouterr()
        ended = run([*map(str, arguments), "--workspace", str(self.path)])
        said = self.capsys.readouterr()
        assert code == ended, (arguments, said.out, said.err)
        return said.out

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))

    def pass_days(self, days: float) -> None:
        """Let time pass, and the engine run once at its end."""
        self.world.move(self.world.now() + timedelta(days=days))
        self("run", "--once")

    def posted(self) -> list[editing._Posted]:
        return list(editing._posted(self.world.systems))

    def only_break(self, definition: str) -> dict[str, Any]:
        listed = self.json("breaks", "list", "--definition", definition)
        (found,) = [one for one in listed if one["id"] not in self.known]
        assert isinstance(found, dict)
        return found

    def agrees(self, definition: str) -> None:
        """Both sides are compared afresh, and nothing new is open."""
        found = self.json("reconcile", definition, "--full", code=FOUND if self.known else 0)
        assert (len(self.known), 0) == (found["open"], sum(run["opened"] for run in found["runs"]))


def test_what_differs_between_real_systems_is_mended_by_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command over real systems: what it is for happens in them, once, and both sides agree afterwards."""
    office = Office(tmp_path, monkeypatch, capsys)
    office.pass_days(DAYS)
    for _ in range(3):
        office.pass_days(1)
    gone, changed, *_ = office.posted()
    office.known = {one["id"] for one in office.json("breaks", "list", "--definition", "invoices")}
    office.agrees("invoices")

    # Deleted in the ERP: sent again, it is there once.
    editing._delete(gone)
    office.json("reconcile", "invoices", "--full", code=FOUND)
    missing = office.only_break("invoices")
    assert ("missing_in_target", "manual_change") == (missing["kind"], missing["class"])
    office("breaks", "resend", missing["id"], "--reason", "the ERP lost it")
    office.pass_days(0.1)
    office.pass_days(0.5)
    assert 1 == [one.document_key for one in office.posted()].count(gone.document_key)
    assert "fixed" == office.json("breaks", "show", missing["id"])["state"]

    # Another amount: read again it is the same difference; written off by one, as nobody is listed.
    editing._change_amount(changed)
    assert FOUND == run(["reconcile", "invoices", "--full", "--workspace", str(office.path)])
    differing = office.only_break("invoices")
    office("breaks", "reread", differing["id"])
    office.pass_days(0.1)
    again = office.json("breaks", "show", differing["id"])
    assert ("open", "reread", differing["seen_count"] + 1) == (
        again["state"],
        again["fix"],
        again["seen_count"],
    )
    totals = [row for row in office.json("breaks", "totals", "invoices") if row["difference"] != "0.00"]
    assert "-10.00" in {row["difference"] for row in totals}
    exported = csv.DictReader(io.StringIO(office("breaks", "export", "--definition", "invoices")))
    (row,) = [one for one in exported if one["id"] == str(differing["id"])]
    assert (differing["document_number"], "manual_change") == (row["document_number"], row["class"])
    office("breaks", "write-off", differing["id"], "--reason", "ten euros, the supplier is gone")
    office.agrees("invoices")
    assert "written_off" == office.json("breaks", "show", differing["id"])["state"]

    # A cost centre that its master has closed: the procurement system gets the value, and both agree.
    buyer = catalogue.LEGAL_ENTITIES[0]
    erp = office.world.systems.erps[buyer.system]
    erp.set_value(systems.value_set(buyer.system, "Cost Centre"), "410", is_enabled=False)
    office("reconcile", "cost_centres", "--full", code=FOUND)
    closed = office.only_break("cost_centres")
    assert [["in use", "true", "false"]] == closed["fields"]
    office("breaks", "adopt", closed["id"], "--reason", "closed for good")
    office.pass_days(0.1)
    value = office.world.systems.coupa.document("lookup_values", int(closed["source_id"]))
    assert value["active"] is False
    assert ("fixed", "adopt") == tuple(
        office.json("breaks", "show", closed["id"])[name] for name in ("state", "fix")
    )
    open_now = office.json("breaks", "list", "--definition", "cost_centres")
    assert buyer.system not in {one["target_system"] for one in open_now}
