"""A secret that nobody has set yet is configuration: the system waits, says what to set, and goes on by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from adapters import coupa
from adapters.base import Adapter
from finsync_tui.account_key import AccountKeyError
from finsync_tui.assembly import SystemSecrets, open_engine
from finsync_tui.credentials import Secrets
from finsync_tui.profile import Profile
from finsync_tui.settings import Workspace
from store import Store, cases, open_store, systems
from store.clock import Clock, VirtualClock
from tests.adapters.coupa_world import CoupaWorld
from tests.builders import MONDAY
from tests.finsync_tui.test_requests import workspace  # noqa: F401  (a fixture)

NAMES = ("client_id", "client_secret")


def _standing(store: Store) -> tuple[str, list[str]]:
    found = systems.get(store.db, "shelf")
    return (
        found.state if found else "",
        [case.class_ for case in cases.live_for_document(store.db, "shelf")],
    )


def test_a_system_without_its_secrets_waits_and_goes_on_at_the_next_cycle(
    workspace: Workspace,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that is missing is named with the commands, nothing is asked of the system, and nobody has to resume it."""
    world = CoupaWorld()
    world.simulator.put("suppliers", {"name": "Mill", "number": "V-2", "status": "active"})
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()
    secrets = SystemSecrets("shelf", Secrets("test", workspace.path), NAMES)

    def connected(_: Workspace, profile: Profile, clock: Clock) -> dict[str, Adapter]:
        options = profile.systems["shelf"].model_copy(update={"options": {"token_settle_s": 0}})
        door = httpx.ASGITransport(app=world.simulator.app)
        return {"shelf": coupa.connect("shelf", options, secrets, clock, transport=door)}

    async def cycle() -> int:
        async with open_engine(workspace, VirtualClock(MONDAY), connected) as engine:
            return (await engine.cycle(["suppliers"])).rows_read

    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        unread = asyncio.run(cycle())
        before = _standing(store)
        (case,) = cases.live_for_document(store.db, "shelf")
        for name in NAMES:
            (tmp_path / "secrets" / f"shelf.{name}").write_text(world.secrets[name], encoding="utf-8")
        read = asyncio.run(cycle())

        assert (0, ("parked", ["SECRET_MISSING"])) == (unread, before)
        assert {"secrets": list(NAMES)} == case.evidence
        assert all(f"`finsync secrets set shelf {name}`" in case.fix for name in NAMES)
        assert (2, ("ok", [])) == (read, _standing(store))


def test_a_secret_that_is_refused_still_holds_the_system(workspace: Workspace) -> None:  # noqa: F811
    """A wrong secret is no missing one: asking again and again may lock the account."""
    world = CoupaWorld(has_right_secret=False)

    async def cycle() -> None:
        async with open_engine(
            workspace, VirtualClock(MONDAY), lambda *_: {"shelf": world.adapter}
        ) as engine:
            await engine.cycle(["suppliers"])

    asyncio.run(cycle())

    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        assert ("held", ["CREDENTIALS_REFUSED"]) == _standing(store)


def test_no_engine_begins_without_the_key_of_its_bank_accounts(
    workspace: Workspace,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first one makes it; another account, which has none, is told which one is missing, and reads nothing."""
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()
    layer = workspace.path / "profiles" / "own" / "profile.toml"
    reads = "[systems.shelf.options]\nreads_bank_accounts = true\n"
    layer.write_text(f"{layer.read_text('utf-8')}\n{reads}", encoding="utf-8")

    async def cycle() -> int:
        async with open_engine(workspace, VirtualClock(MONDAY), lambda *_: {}) as engine:
            return engine.cycle_count

    asyncio.run(cycle())
    made = (tmp_path / "secrets" / "accounts.fingerprint").rename(tmp_path / "kept")
    with pytest.raises(AccountKeyError, match="not among the secrets"):
        asyncio.run(cycle())

    made.rename(tmp_path / "secrets" / "accounts.fingerprint")
    asyncio.run(cycle())
