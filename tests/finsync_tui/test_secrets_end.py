"""Secrets end, are replaced while the engine runs, and never stand in a profile."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters import coupa
from adapters.base import Adapter
from finsync_tui import expiry
from finsync_tui.assembly import SystemSecrets, open_engine
from finsync_tui.credentials import Secrets
from finsync_tui.profile import Profile, check, load
from finsync_tui.profile.no_secrets import SecretInProfileError
from finsync_tui.settings import Workspace, create_workspace, load_workspace
from store import cases, memory_store, open_store, systems
from store.clock import Clock, VirtualClock
from tests.adapters.coupa_world import CoupaWorld
from tests.builders import MONDAY
from tests.finsync_tui.test_requests import workspace  # noqa: F401  (a fixture)

SECRET = "hunter2-hunter2-hunter2"
COUPA = '[systems.coupa]\nadapter = "coupa"\nbase_url = "{url}"\n{more}\n'


def test_a_secret_is_replaced_while_the_engine_runs(
    workspace: Workspace,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system refuses the old one from one moment to the next; the engine takes the new one from the mounted file and goes on."""
    world = CoupaWorld()
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(folder))
    for name, value in world.secrets.items():
        (folder / f"shelf.{name}").write_text(value, encoding="utf-8")
    secrets = SystemSecrets("shelf", Secrets("test", workspace.path), ("client_id", "client_secret"))

    def connected(_: Workspace, profile: Profile, clock: Clock) -> dict[str, Adapter]:
        options = profile.systems["shelf"].model_copy(update={"options": {"token_settle_s": 0}})
        door = httpx.ASGITransport(app=world.simulator.app)
        return {"shelf": coupa.connect("shelf", options, secrets, clock, transport=door)}

    async def work() -> tuple[int, int]:
        clock = VirtualClock(MONDAY)
        async with open_engine(workspace, clock, connected) as engine:
            world.simulator.put("suppliers", {"name": "Mill", "number": "V-2", "status": "active"})
            before = (await engine.cycle(["suppliers"])).rows_read
            world.simulator.door.client_secret = SECRET
            (folder / "shelf.client_secret").write_text(SECRET, encoding="utf-8")
            world.simulator.put("suppliers", {"name": "Weir", "number": "V-3", "status": "active"})
            clock.advance(timedelta(hours=5))
            return before, (await engine.cycle(["suppliers"])).rows_read

    before, after = asyncio.run(work())

    with open_store(workspace.store_path, VirtualClock(MONDAY)) as store:
        found = systems.get(store.db, "shelf")
        assert before > 0
        assert after > 0
        assert found is not None
        assert ("ok", []) == (found.state, cases.live_for_document(store.db, "shelf"))


def a_profile(ends: date, **more: object) -> Profile:
    system = {
        "adapter": "coupa",
        "base_url": "https://coupa.example.com",
        "secrets_end": {"client_secret": ends},
        **more,
    }
    return Profile.model_validate({"systems": {"coupa": system}})


def test_people_are_told_before_a_secret_ends() -> None:
    """Once 30 days before, once a week before, once afterwards; a new day ends it, and another end is told again."""
    told: list[tuple[int, str]] = []
    ends = date(2026, 6, 30)
    with memory_store(VirtualClock(MONDAY)) as store:
        for days in (40, 30, 29, 7, 6, 0, -1, -2):
            now = datetime(2026, 6, 30, 12, tzinfo=UTC) - timedelta(days=days)
            with store.transaction() as db:
                expiry.note(db, a_profile(ends), now)
            rows = store.db.execute("SELECT message, severity FROM v_finding ORDER BY id").fetchall()
            told += [(days, severity) for _, severity in rows[len(told) :]]
        with store.transaction() as db:
            expiry.note(db, a_profile(ends + timedelta(days=365)), datetime(2026, 7, 2, tzinfo=UTC))
        messages = [m for (m,) in store.db.execute("SELECT message FROM v_finding ORDER BY id")]

    assert [(30, "info"), (7, "warn"), (-1, "warn")] == told
    assert "coupa.client_secret ended on 2026-06-30" in messages[-1]
    assert "finsync secrets set coupa client_secret" in messages[-1]


def test_the_end_of_a_certificate_is_read_from_its_file(tmp_path: Path) -> None:
    """Nobody has to write it down; a file that is none says nothing here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "finsync")])
    ends = datetime(2026, 6, 30, tzinfo=UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(ends - timedelta(days=90)).not_valid_after(ends).sign(key, hashes.SHA256())
    )  # fmt: skip
    file, other = tmp_path / "client.pem", tmp_path / "other.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    other.write_text("no certificate", encoding="utf-8")

    near = expiry.near(a_profile(date(2027, 6, 30), client_certificate=str(file)), date(2026, 6, 20))

    assert [("client_certificate", ends.date())] == [(one.name, one.ends_on) for one in near]
    assert None is expiry.certificate_ends_on(other)
    assert None is expiry.certificate_ends_on(tmp_path / "none.pem")


def a_workspace(folder: Path, text: str) -> Workspace:
    create_workspace(folder, layers=("own",), name="test")
    layer = folder / "profiles" / "own"
    layer.mkdir(parents=True)
    (layer / "profile.toml").write_text(text, encoding="utf-8")
    return load_workspace(folder)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("systems.coupa.password", COUPA.format(url="https://x.example.com", more=f'password = "{SECRET}"')),
        ("systems.coupa.options.client_secret", COUPA.format(url="https://x.example.com", more=f'options.client_secret = "{SECRET}"')),
        ("systems.coupa.proxy", COUPA.format(url="https://x.example.com", more=f'proxy = "http://me:{SECRET}@proxy:80"')),
        ("systems.coupa.base_url", COUPA.format(url=f"https://me:{SECRET}@x.example.com", more="")),
        ("systems.coupa.base_url", COUPA.format(url=f"htps://me:{SECRET}@x.example.com", more="")),
        ("systems.coupa.base_url", COUPA.format(url=f"https://x.example.com/?api_key={SECRET}", more="")),
        ("systems.coupa.ca_bundle", COUPA.format(url="https://x.example.com", more=f'ca_bundle = "-----BEGIN EC PRIVATE KEY-----{SECRET}"')),
        ("systems.coupa.options.token_path", COUPA.format(url="https://x.example.com", more=f'options.token_path = "Bearer {SECRET}"')),
        ("token", f'token = "{SECRET}"\n'),
        ("people.maria.passphrase", f'[people.maria]\nos_account = "maria"\npassphrase = "{SECRET}"\n'),
    ],
)  # fmt: skip
def test_no_secret_is_accepted_in_a_profile(tmp_path: Path, place: str, text: str) -> None:
    """By its name or by what it looks like, in any layer: neither checked nor loaded, with file and line, and never repeated."""
    found = a_workspace(tmp_path / "w", text)

    (problem,) = check(found)
    with pytest.raises(SecretInProfileError) as refused:
        load(found)

    assert problem.line is not None
    assert f"at {place}" in str(refused.value)
    assert SECRET not in f"{problem} {refused.value}"


def test_the_workspace_file_takes_no_secret_either(tmp_path: Path) -> None:
    """Its systems are merged last."""
    found = a_workspace(tmp_path / "w", COUPA.format(url="https://x.example.com", more=""))
    file = found.path / "workspace.toml"
    file.write_text(
        file.read_text() + f'\n[systems.coupa]\nproxy = "http://me:{SECRET}@proxy:80"\n', encoding="utf-8"
    )

    with pytest.raises(SecretInProfileError, match=r"workspace\.toml"):
        load(load_workspace(found.path))


def test_days_names_and_addresses_are_no_secrets(tmp_path: Path) -> None:
    """What a profile has to say is not taken for one; a day for a secret that is none is told."""
    fine = COUPA.format(
        url="https://x.example.com:8443/path?team=key",
        more='proxy = "http://proxy:8080"\nsecrets_end.client_secret = 2027-03-31',
    )
    other = COUPA.format(url="https://x.example.com", more="secrets_end.pin = 2027-03-31")

    assert [] == check(a_workspace(tmp_path / "a", fine))
    (problem,) = check(a_workspace(tmp_path / "b", other))
    assert "coupa knows no secret 'pin'" in problem.message
