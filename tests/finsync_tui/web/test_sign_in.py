"""People who sign in as themselves: who gets in, as whom, for how long, and what others can't do about it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import tomlkit
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError, web

from finsync_tui.credentials import FOLDER_VARIABLE, Secrets
from finsync_tui.people.sealing import Cost
from finsync_tui.people.sign_ins import SignIns
from finsync_tui.settings import Workspace, create_workspace
from finsync_tui.web.door import COOKIE, door
from finsync_tui.web.gate import Gate
from finsync_tui.web.server import WebServer
from finsync_tui.web.sessions import IDLE, LIFE
from store import audit, open_store
from store.clock import VirtualClock
from tests.builders import MONDAY
from tests.finsync_tui.web.test_server import SLEEPER

pytestmark = pytest.mark.anyio
CHEAP = Cost(n=2, r=1)
PHRASE = "heron quilt basalt"
PEOPLE = {
    "maria": {"web_login": "maria@example.com", "roles": ["analyst"]},
    "tom": {"web_login": "tom", "roles": ["approver"]},
}
SAYS_WHO = [
    sys.executable,
    "-c",
    "import sys,os; print('__GANGLION__', flush=True); a=sys.argv; k=os.read(int(a[4]),64) if len(a)>4 else b'';"
    "t=(a[2]+' '+k.hex()).encode(); o=sys.stdout.buffer;"
    "o.write(b'D'+len(t).to_bytes(4,'big')+t); o.flush(); sys.stdin.buffer.read(1)",
]
"""A workbench that says for whom it was started, and with which key."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Office:
    """A workspace with two web people, its server, and a clock."""

    workspace: Workspace
    sign_ins: SignIns
    clock: VirtualClock
    server: WebServer
    client: ClientSession

    @property
    def gate(self) -> Gate:
        assert self.server.gate is not None
        return self.server.gate

    @property
    def own(self) -> dict[str, str]:
        return {"Origin": self.server.door.origin}

    def list_people(self, people: dict[str, dict[str, object]]) -> None:
        file = self.workspace.path / "profiles" / "own" / "profile.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(tomlkit.dumps({"people": people}))

    def joined(self, name: str = "tom") -> None:
        code = self.sign_ins.invite(name, self.clock.now())
        self.sign_ins.join(name, "login", code, PHRASE, self.clock.now())

    async def post(self, path: str, origin: str | None = None, **fields: str) -> tuple[int, str, str]:
        headers = self.own if origin is None else {"Origin": origin} if origin else {}
        async with self.client.post(path, data=fields, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers.get("Set-Cookie", "")

    async def signs_in(self, login: str = "tom", passphrase: str = PHRASE) -> int:
        return (await self.post("/sign-in", login=login, passphrase=passphrase))[0]

    async def home(self) -> int:
        async with self.client.get("/", allow_redirects=False) as answer:
            return answer.status

    async def socket_refused(self) -> int:
        with pytest.raises(WSServerHandshakeError) as refused:
            await self.client.ws_connect("/ws", origin=self.server.door.origin)
        return refused.value.status

    @property
    def noted(self) -> list[tuple[str, str, str]]:
        with open_store(self.workspace.store_path, self.clock) as store:
            assert audit.verify(store.db).is_intact
            rows = store.db.execute(
                "SELECT json_extract(body, '$.who'), json_extract(body, '$.what'), json_extract(body, '$.source')"
                " FROM audit ORDER BY seq"
            ).fetchall()
        return [tuple(row) for row in rows]


@asynccontextmanager
async def an_office(
    folder: Path, *, takes_token: bool = False, command: list[str] = SLEEPER
) -> AsyncIterator[Office]:
    (folder / "secrets").mkdir()
    workspace = create_workspace(folder / "w", name="office", layers=("own",))
    sign_ins = SignIns(Secrets("office", workspace.path), CHEAP)
    clock = VirtualClock(MONDAY)
    open_store(workspace.store_path, clock).close()
    gate = Gate(workspace, sign_ins, clock)
    server = WebServer(command, door("127.0.0.1", 0), "127.0.0.1", 0, gate=gate)
    runner = web.AppRunner(await server.application(), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.door = door("127.0.0.1", int(runner.addresses[0][1]), takes_token=takes_token)
    try:
        async with ClientSession(server.door.origin, cookie_jar=CookieJar(unsafe=True)) as client:
            office = Office(workspace, sign_ins, clock, server, client)
            office.list_people(PEOPLE)
            yield office
    finally:
        await runner.cleanup()


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "secrets"))
    async with an_office(tmp_path) as found:
        yield found


async def test_an_invited_person_chooses_a_passphrase_and_signs_in(office: Office) -> None:
    """The page prints the line of their key; the cookie is for no script and no other site; all of it is noted."""
    code = office.sign_ins.invite("tom", office.clock.now())

    joined, welcome, _ = await office.post("/join", login="tom", code=code, passphrase=PHRASE, again=PHRASE)
    entered, _, cookie = await office.post("/sign-in", login="tom", passphrase=PHRASE)
    found = office.sign_ins.sign_in("tom", PHRASE)

    assert found is not None
    assert (200, 303, 200) == (joined, entered, await office.home())
    assert found.public in welcome.replace("&#x27;", "'")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert [("tom", "person.joined", "web"), ("tom", "person.signed_in", "web")] == office.noted


async def test_strangers_are_asked_who_they_are(office: Office) -> None:
    """The first page leads to the sign-in page; everything else stays closed, and so does the token."""
    async with office.client.get("/", allow_redirects=False) as answer:
        place = answer.headers["Location"]
    async with office.client.get("/sign-in") as answer:
        text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    statuses = []
    for path in (f"/?token={office.server.door.token}", "/page.js", "/static/js/textual.js", "/download/x"):
        async with office.client.get(
            path, headers={"Cookie": f"{COOKIE}={office.server.door.session}"}
        ) as answer:
            statuses.append(answer.status)

    assert "/sign-in" == place
    assert "Passphrase" in text
    assert "script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in policy
    assert [401] * 4 == statuses
    assert 401 == await office.socket_refused()


@pytest.mark.parametrize(
    ("login", "passphrase"),
    [("tom", "wrong"), ("tom", ""), ("nobody", PHRASE), ("", ""), ("maria@example.com", PHRASE), ("TOM", PHRASE),
     ("<script>", "x" * 9_000)],
)  # fmt: skip
async def test_a_wrong_passphrase_opens_nothing(office: Office, login: str, passphrase: str) -> None:
    """Unknown names and wrong passphrases are refused in the same words; no cookie is given, nothing echoed raw."""
    office.joined()

    status, text, cookie = await office.post("/sign-in", login=login, passphrase=passphrase)

    assert 401 == status
    assert "That is no sign-in name and passphrase of this workspace." in text
    assert "<script>" not in text
    assert "" == cookie
    assert 303 == await office.home()


async def test_guessing_gets_slow(office: Office) -> None:
    """After five wrong tries even the right passphrase has to wait, for unknown names too; the audit log names it."""
    office.joined()
    tried = [await office.signs_in(passphrase=f"wrong {n}") for n in range(5)]
    unknown = [await office.signs_in("nobody") for _ in range(6)]

    locked, other = await office.signs_in(), await office.signs_in("maria@example.com", "wrong")
    office.clock.advance(timedelta(seconds=16))
    opened = await office.signs_in()

    assert [401] * 5 == tried
    assert [401] * 5 + [429] == unknown
    assert (429, 401, 303) == (locked, other, opened)
    assert [("tom", "person.refused", "web"), ("tom", "person.signed_in", "web")] == office.noted


async def test_an_invitation_is_not_replayed(office: Office) -> None:
    """Whoever finds the code later changes nothing; guessing codes gets slow like guessing passphrases."""
    code = office.sign_ins.invite("tom", office.clock.now())
    mine = {"login": "tom", "code": code, "again": PHRASE, "passphrase": PHRASE}
    theirs = {"login": "tom", "code": code, "again": "an intruder's own", "passphrase": "an intruder's own"}

    typo = await office.post("/join", **{**mine, "again": "something else"})
    first, again = await office.post("/join", **mine), await office.post("/join", **theirs)
    more = [(await office.post("/join", **theirs))[0] for _ in range(5)]

    assert (400, 200, 403) == (typo[0], first[0], again[0])
    assert 429 == more[-1]
    assert office.sign_ins.sign_in("tom", "an intruder's own") is None
    assert office.sign_ins.sign_in("tom", PHRASE) is not None


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
async def test_another_page_signs_nobody_in_or_out(office: Office, origin: str) -> None:
    """Forms count from our own pages only."""
    office.joined()
    await office.signs_in()

    statuses = [
        (await office.post(path, origin, login="tom", passphrase=PHRASE))[0]
        for path in ("/sign-in", "/join", "/sign-out")
    ]

    assert [403] * 3 == statuses
    assert 200 == await office.home()


async def test_a_forged_cookie_is_nobody(office: Office) -> None:
    """Made up, cut, with a name in it, or the digest that the server keeps: none of them opens anything."""
    office.joined()
    _, _, cookie = await office.post("/sign-in", login="tom", passphrase=PHRASE)
    real = cookie.split("=", 1)[1].split(";")[0]
    office.client.cookie_jar.clear()

    statuses = []
    for forged in ("", "tom", real[:-1], real + "x", real.swapcase(), office.server.door.session):
        async with office.client.get("/page.js", headers={"Cookie": f"{COOKIE}={forged}"}) as answer:
            statuses.append(answer.status)

    assert [401] * 6 == statuses


async def test_each_workbench_gets_its_own_persons_name_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people at once: neither process has the other's key; with a token asked for, its holder has none at all."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "secrets"))
    async with an_office(tmp_path, takes_token=True, command=SAYS_WHO) as office:
        said = []
        for name in ("tom", "maria"):
            office.joined(name)
            office.client.cookie_jar.clear()
            await office.signs_in(str(PEOPLE[name]["web_login"]))
            async with office.client.ws_connect("/ws", origin=office.server.door.origin) as socket:
                said.append((await socket.receive_bytes(timeout=20)).decode())
        keys = [office.sign_ins.sign_in(name, PHRASE) for name in ("tom", "maria")]
        office.client.cookie_jar.clear()
        async with office.client.get(f"/?token={office.server.door.token}") as answer:
            as_host = (answer.status, "sign-out" in await answer.text())

    assert [
        f"{login} {key.private().hex()}"
        for login, key in zip(("tom", "maria@example.com"), keys, strict=True)
        if key
    ] == said
    assert (200, False) == as_host


async def until_closed(office: Office) -> None:
    for _ in range(1_000):
        if not office.server.session_count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the workbench is open still")


@pytest.mark.parametrize("how", ["removed", "renamed", "revoked", "idle", "old", "signed out"])
async def test_a_session_ends_with_its_workbench(office: Office, how: str) -> None:
    """Taken out of the profile, another person now, revoked, away, too long, or signed out: the open tab closes."""
    office.joined()
    await office.signs_in()
    async with office.client.ws_connect("/ws", origin=office.server.door.origin):
        assert 1 == office.server.session_count
        match how:
            case "removed":
                office.list_people({"maria": PEOPLE["maria"]})
            case "renamed":
                office.list_people({"maria": PEOPLE["maria"], "eve": PEOPLE["tom"]})
            case "revoked":
                office.sign_ins.revoke("tom")
            case "idle":
                office.clock.advance(IDLE)
            case "old":
                for _ in range(LIFE // IDLE * 2):
                    office.clock.advance(IDLE / 2)
                    await office.home()
            case _:
                await office.post("/sign-out")
        await office.server.look()
        await until_closed(office)

    assert 303 == await office.home()
    assert 401 == await office.socket_refused()
    assert ("tom", "person.signed_out", "web") == office.noted[-1]


async def test_a_broken_profile_lets_nobody_new_in(office: Office) -> None:
    """While somebody edits it: who is there stays, who comes is told."""
    office.joined()
    await office.signs_in()
    (office.workspace.path / "profiles" / "own" / "profile.toml").write_text("people = [")

    await office.server.look()

    assert 200 == await office.home()
    assert 503 == await office.signs_in()


async def test_a_form_is_small_and_a_form(office: Office) -> None:
    """Neither a file nor a flood is read."""
    async with office.client.post(
        "/sign-in",
        data=b"x" * 100_000,
        headers={**office.own, "Content-Type": "application/x-www-form-urlencoded"},
    ) as flood:
        pass
    async with office.client.post("/sign-in", json={"login": "tom"}, headers=office.own) as other:
        pass

    assert (413, 415) == (flood.status, other.status)
