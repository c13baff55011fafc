"""A stuck order, from its Coupa number to its posting: one person writes the rule, another approves, both by keys only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import tomlkit
from textual.pilot import Pilot

import adapters
from adapters.base import Adapter
from finsync_tui.assembly import Engine, SystemSecrets, open_engine
from finsync_tui.credentials import Secrets, variable
from finsync_tui.mapping import files
from finsync_tui.profile import MappingRow, Profile
from finsync_tui.profile.overlay import read_mapping
from finsync_tui.rehearse import systems, world
from finsync_tui.rehearse import workspace as rehearsal
from finsync_tui.rehearse.shapes import Order
from finsync_tui.settings import Workspace
from store import open_store
from store.clock import Clock, VirtualClock
from tests.finsync_tui.governance.council import PEOPLE
from tests.finsync_tui.screens import mapping_store
from tests.finsync_tui.screens.driving import NARROW, finish, press, screen_text, settle, write

pytestmark = pytest.mark.anyio

KEYS = systems.Secrets("one", "two", "three", "four")
ENTITIES = ("purchase_order", "supplier", "approval", "ledger", "account_combination", "cost_centre")


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio."""
    return "asyncio"


class Company:
    """A rehearsed company whose first sound order needs a cost centre that its table lacks."""

    def __init__(self, folder: Path) -> None:
        self.world = world.make(7, 0.01, "none", KEYS)
        orders = sorted(self.world.scenario.company.orders.values(), key=lambda one: one.issued_at)
        planted = {plant.subject for plant in self.world.plants}
        self.order: Order = next(one for one in orders if one.number not in planted)
        self.centre = self.order.lines[0].splits[0].cost_centre
        apps = {"coupa": self.world.systems.coupa.app}
        apps |= {name: erp.app for name, erp in self.world.systems.erps.items()}
        self.apps = apps
        urls = {name: f"http://{name}.test" for name in (*apps, "concur")}
        self.workspace: Workspace = rehearsal.write(folder, self.world.scenario.company, urls)
        self.missing = self._narrowed()
        self.world.move(self.order.issued_at + timedelta(minutes=5))
        self.clock = VirtualClock(self.world.now())
        open_store(self.workspace.store_path, self.clock).close()

    def _narrowed(self) -> MappingRow:
        """List two people, read only what orders need, and take one rule out; return that rule."""
        layer = next((self.workspace.path / "profiles").iterdir())
        profile = tomlkit.parse((layer / "profile.toml").read_text())
        wanted = {
            name: rhythm
            for name, rhythm in profile["schedules"].unwrap().items()
            if set(rhythm["entities"]) & set(ENTITIES) and rhythm["system"] in self.apps
        }
        (layer / "profile.toml").write_text(
            tomlkit.dumps({**profile.unwrap(), "schedules": wanted, "people": PEOPLE})
        )
        table = layer / "mappings" / "cost_centre.csv"
        rows = read_mapping(table)
        gone = next(row for row in rows if (row.scope, row.source) == (self.order.legal_entity, self.centre))
        table.write_text(files.csv_text(row for row in rows if row != gone))
        return gone

    def connect(self, workspace: Workspace, profile: Profile, clock: Clock) -> dict[str, Adapter]:
        secrets = Secrets(workspace.name, workspace.path)
        return {
            name: adapters.load(profile.systems[name].adapter).connect(
                name,
                profile.systems[name],
                SystemSecrets(name, secrets),
                clock,
                transport=httpx.ASGITransport(app=app),
            )
            for name, app in self.apps.items()
        }

    async def runs(self, engine: Engine, hours: int) -> None:
        """Let so many hours pass, a cycle every four."""
        for _ in range(0, hours, 4):
            self.world.move(self.world.now() + timedelta(hours=4))
            self.clock.advance_to(self.world.now())
            await engine.cycle(engine.due(self.clock.now()))

    @asynccontextmanager
    async def desk(self, who: str) -> AsyncIterator[Pilot[None]]:
        """Somebody opens the workbench, under their own account and with their own key."""
        app = mapping_store.an_app(self.workspace, who)
        async with app.run_test(size=NARROW, notifications=True) as pilot:
            await settle(pilot)
            yield pilot


async def test_a_stuck_order_is_found_explained_mapped_approved_and_posted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maria finds it by its Coupa number, sees why, writes the rule; she can't approve it, Tom can; then the ERP has it."""
    company = Company(tmp_path / "w")
    for name, value in (
        (variable("coupa", "client_id"), systems.CLIENT_ID),
        (variable("coupa", "client_secret"), KEYS.coupa),
        *((variable(erp, "user"), systems.ERP_USER) for erp in company.world.systems.erps),
        *((variable(erp, "password"), KEYS.erp) for erp in company.world.systems.erps),
        ("FINSYNC_SECRETS_DIR", str(mapping_store.keys(tmp_path / "keys", "maria", "tom"))),
    ):
        monkeypatch.setenv(name, value)
    number, target = company.order.number, company.missing.target

    async with open_engine(company.workspace, company.clock, company.connect) as engine:
        await engine.cycle(sorted(engine.profile.schedules))
        async with company.desk("maria") as pilot:
            await press(pilot, "2", "slash")
            await write(pilot, number)
            await press(pilot, "enter", "enter")
            why = screen_text(pilot)
            await press(pilot, "m")
            await write(pilot, company.centre if target == "=" else target)
            editor = screen_text(pilot)
            await press(pilot, "enter")
            impact = screen_text(pilot)
            await write(pilot, "opened in January")
            await press(pilot, "enter")
            await finish(pilot)
            await press(pilot, "5", "right_square_bracket", "right_square_bracket", "A")
            own = screen_text(pilot)
        async with company.desk("tom") as pilot:
            await press(pilot, "5", "right_square_bracket", "right_square_bracket", "A")
            judged = screen_text(pilot)
            await press(pilot, "enter")
            await finish(pilot)
            approved = screen_text(pilot)
        await engine.settle()
        async with company.desk("maria") as pilot:
            await press(pilot, "2")
            gone = screen_text(pilot)
            await company.runs(engine, 72)
            await press(pilot, "3", "slash")
            await write(pilot, number)
            await press(pilot, "enter")
            posted = screen_text(pilot)
        noted = [
            row[0]
            for row in engine.store.db.execute(
                "SELECT who || ' ' || what FROM v_audit WHERE what LIKE 'mapping.%'"
            )
        ]
    held = [one for one in company.world.report().target_orders if number in one.marker and one.is_issued]

    value = company.missing.source
    assert f"cost centre {value} of account" in why
    assert f"m write the rule · cost_centre has no rule for {value}" in why
    assert "1 document waits" in editor
    assert "●        1  would go on" in impact
    assert "✕        0  would break" in impact
    assert "maria has the role analyst; this" in own
    assert f"+  {value}" in judged
    assert "approved" in approved
    assert "version 2" in approved
    assert "Nothing matches this filter" in gone
    assert f"●  done        {number}" in posted
    assert ["maria mapping.proposed", "tom mapping.approved"] == [
        one for one in noted if not one.startswith("engine")
    ]
    assert 1 == len(held)
