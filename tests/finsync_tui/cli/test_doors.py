"""Doors by which a bad mapping or policy could reach production, each tried with the real commands on a real file.

What two persons have signed is in force before and after, and what was tried is refused or shown. The doors of the workbench are
tried in tests/finsync_tui/screens; what a signature covers, field by field, in tests/finsync_tui/governance.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from finsync_tui import profile
from finsync_tui.credentials import Secrets
from finsync_tui.governance.rules import standings
from finsync_tui.people import Signer, signer
from finsync_tui.people.keys import new_private, signer_from
from finsync_tui.settings import load_workspace
from store import proposals
from tests.finsync_tui.cli.conftest import Finsync, Sit
from tests.finsync_tui.cli.test_policy_changes import agreed as policy_agreed
from tests.finsync_tui.cli.test_policy_changes import layer
from tests.finsync_tui.governance.council import TABLE

GOOD, BAD = "420", "666"
REASON = ("--reason", "because")


class Production:
    """A workspace in which two persons have signed a mapping table and a policy."""

    def __init__(self, office: Finsync, sit: Sit) -> None:
        self.run, self.sit = office, sit
        self.path = office.path
        office("mapping", "propose", TABLE, "--from-profile", *REASON)
        sit("tom")
        assert 0 == office("mapping", "approve", 1).code
        sit("maria")
        layer(office, "100")
        policy_agreed(office, sit)

    def means(self) -> str:
        """Return what the table in force says of cost centre 420."""
        answer = self.run("mapping", "test", TABLE, "420", "--scope", "DE01", "--json")
        return str(answer.json["to"])

    def asks_over(self) -> str:
        """Return the amount over which the rule in force asks."""
        with self.run.store() as store:
            found = standings(store.db, profile.load(load_workspace(self.path)), store.clock.now().date())
        setup = found["orders"].setup
        return "" if setup is None else setup.rules["large"].when.partition("'")[2].partition("'")[0]

    def is_as_it_was(self) -> bool:
        return (GOOD, "100") == (self.means(), self.asks_over())

    def sql(self, *statements: str, values: tuple[object, ...] = ()) -> None:
        """Somebody opens the file with another program and drops whatever is in the way."""
        with closing(sqlite3.connect(self.path / "finsync.db")) as db, db:
            for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall():
                db.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                db.execute(statement, values)

    def key(self, name: str) -> Signer:
        found = load_workspace(self.path)
        return signer(Secrets(found.name, found.path), name)

    def forge(self, kind: str, *, maker: str, checker: str, signs: Callable[[str], Signer | None]) -> int:
        """Write an approved change of the signed one's text into the file, signed with what somebody has; return its number."""
        with self.run.store() as store:
            old = proposals.listed(store.db, kind=kind)[0]
            for (name,) in store.db.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall():
                store.db.execute(f"DROP TRIGGER {name}")
            wrong = old.body.replace('"target":"420"', f'"target":"{BAD}"').replace(
                "decimal('100')", "decimal('1000000')"
            )
            assert wrong != old.body
            now = store.clock.now() + timedelta(hours=1)
            assert old.version is not None
            made = proposals.NewProposal(
                kind=old.kind, name=old.name, base_version=old.version, base_digest=old.digest, body=wrong,
                layer_version=old.layer_version, reason="because", maker=maker, made_at=now, rule="two",
            )  # fmt: skip
            with store.transaction() as db:
                mine, theirs = signs(maker), signs(checker)
                told = proposals.made_statement(proposals.store_id(db), made)
                number = proposals.propose(db, made, mine.sign(told) if mine is not None else None)
                found = proposals.get(db, number)
                assert found is not None
                statement = proposals.decided_statement(
                    proposals.store_id(db), found, checker=checker, decided_at=now, version=old.version + 1
                )
                proposals.decide(
                    db, number, "approved", by=checker, at_=now, decision=None, version=old.version + 1,
                    signature=theirs.sign(statement) if theirs is not None else None,
                )  # fmt: skip
        return number


@pytest.fixture
def production(office: Finsync, sit: Sit) -> Production:
    made = Production(office, sit)
    assert made.is_as_it_was()
    return made


def test_the_command_lets_nothing_bad_in(production: Production) -> None:
    """Rows that contradict each other, a rule that does not fit, one's own approval: refused with a code; a proposal alone only waits."""
    layer(production.run, "many")
    refused = [
        production.run("mapping", "propose", TABLE, "--set", "9..7=1", *REASON),
        production.run("policy", "propose", "orders", *REASON),
    ]
    layer(production.run, "5")
    waiting = [
        production.run("mapping", "propose", TABLE, "--set", f"420={BAD}", *REASON),
        production.run("policy", "propose", "orders", *REASON),
    ]
    own = [production.run("mapping", "approve", 3), production.run("policy", "approve", 4)]

    assert all(one.code in (1, 2) for one in refused)
    assert [0, 0] == [one.code for one in waiting]
    assert [1, 1] == [one.code for one in own]
    assert all("ROLE_MISSING" in one.err for one in own)
    assert production.is_as_it_was()


def test_an_approver_puts_nothing_through_alone(production: Production) -> None:
    """Tom may both propose and approve, but not the same."""
    production.sit("tom")
    layer(production.run, "5")
    production.run("mapping", "propose", TABLE, "--set", f"420={BAD}", *REASON)
    production.run("policy", "propose", "orders", *REASON)
    own = [production.run("mapping", "approve", 3), production.run("policy", "approve", 4)]

    assert [1, 1] == [one.code for one in own]
    assert production.is_as_it_was()


@pytest.mark.parametrize(
    "rows",
    ["from,to\n420,1\n420,2\n", "from,to\n,1\n", "colour,to\n420,1\n", "from,to,valid_from\n420,1,soon\n", "from,to\n9..7,1\n"],
)  # fmt: skip
def test_the_import_lets_nothing_bad_in(production: Production, tmp_path: Path, rows: str) -> None:
    """The place is named, and nothing is kept."""
    file = tmp_path / "rows.csv"
    file.write_text(rows, encoding="utf-8")

    answer = production.run("mapping", "import", TABLE, file, *REASON)

    assert answer.code in (1, 2), answer.out
    assert [] == production.run("mapping", "list", "--proposals", "--json").json
    assert production.is_as_it_was()


def test_a_good_import_and_a_text_of_rules_only_wait(production: Production, tmp_path: Path) -> None:
    """Until another person has signed them."""
    file, text = tmp_path / "rows.csv", tmp_path / "rules.toml"
    file.write_text(f"from,to\n420,{BAD}\n", encoding="utf-8")
    text.write_text(production.run("policy", "show", "orders").out.replace("'100'", "'5'"), encoding="utf-8")

    done = [
        production.run("mapping", "import", TABLE, file, *REASON),
        production.run("policy", "propose", "orders", "--file", text, *REASON),
    ]

    assert [0, 0] == [one.code for one in done], done[1].err
    assert production.is_as_it_was()


def test_a_file_of_the_profile_changes_nothing_that_was_signed(production: Production) -> None:
    """Edited by hand, taken away, or put in another layer after it: what was signed stays, and the doctor says what differs."""
    own = production.path / "profiles" / "own"
    table = own / "mappings" / f"{TABLE}.csv"
    table.write_text(f"from,to\n420,{BAD}\n", encoding="utf-8")
    layer(production.run, "5")
    edited = production.is_as_it_was()
    told = production.run("doctor", "--json").json
    table.unlink()
    (own / "policies" / "orders.toml").unlink()
    gone = production.is_as_it_was()
    later = production.path / "profiles" / "later"
    (later / "mappings").mkdir(parents=True)
    (later / "profile.toml").write_text("", encoding="utf-8")
    (later / "mappings" / f"{TABLE}.csv").write_text(f"from,to,priority\n420,{BAD},99\n", encoding="utf-8")
    settings = production.path / "workspace.toml"
    settings.write_text(
        settings.read_text().replace('layers = ["own"]', 'layers = ["own", "later"]'), encoding="utf-8"
    )

    assert (edited, gone, production.is_as_it_was()) == (True, True, True)
    assert ["layers say something else", "profile's own table"] == [
        words
        for words in ("layers say something else", "profile's own table")
        if any(words in one["found"] for one in told if one["state"] != "ok")
    ], told


@pytest.mark.parametrize("kind", ["mapping", "policy"])
@pytest.mark.parametrize(
    ("maker", "checker", "with_keys_of"),
    [
        ("maria", "tom", ""),  # nobody signed
        ("maria", "tom", "maria"),  # one signed for both
        ("maria", "maria", "maria"),  # one is both
        ("tom", "tom", "tom"),
        ("maria", "tom", "stranger"),  # a key that the profile does not list
        ("vera", "tom", "each"),  # a maker without the role
        ("maria", "vera", "each"),  # a checker without it
        ("nobody", "tom", "tom"),
    ],
)
def test_a_row_written_into_the_file_is_not_in_force(
    production: Production, kind: str, maker: str, checker: str, with_keys_of: str
) -> None:
    """Unsigned, self-signed, signed with a stranger's key or by people who may not: the signed version stays, and it is said."""
    stranger = signer_from("stranger", new_private())

    def signs(name: str) -> Signer | None:
        if not with_keys_of:
            return None
        if with_keys_of == "stranger":
            return stranger
        return production.key(name if with_keys_of == "each" else with_keys_of)

    number = production.forge(kind, maker=maker, checker=checker, signs=signs)

    assert production.is_as_it_was()
    assert f"proposal {number} is not in force" in production.run("doctor").out


def test_the_forger_would_get_through_with_both_keys(production: Production) -> None:
    """What the other tests write differs from a good change in its signatures and roles only."""
    production.forge("mapping", maker="maria", checker="tom", signs=production.key)
    production.forge("policy", maker="maria", checker="tom", signs=production.key)

    assert (BAD, "1000000") == (production.means(), production.asks_over())


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [("mapping", '"target":"420"', f'"target":"{BAD}"'), ("policy", "'100'", "'1000000'")],
)
def test_an_old_signature_covers_no_other_content(
    production: Production, kind: str, old: str, new: str
) -> None:
    """Neither in the row that was signed nor in the version it became."""
    production.sql(
        f"UPDATE ruleset_version SET body=replace(body, ?, ?) WHERE kind='{kind}'", values=(old, new)
    )
    versions = production.is_as_it_was()
    production.sql(f"UPDATE proposal SET body=replace(body, ?, ?) WHERE kind='{kind}'", values=(old, new))
    told = production.run("doctor").out

    assert versions
    assert "is not in force" in told
    assert production.is_as_it_was()  # the layers say the same as was signed


def test_a_view_changes_nothing(production: Production) -> None:
    """No view can be written to; one that somebody makes anew shows what they like, and nothing goes by it."""
    with closing(sqlite3.connect(production.path / "finsync.db")) as db:
        views = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='view'")]
        for name in views:
            column = db.execute(f"SELECT name FROM pragma_table_info('{name}')").fetchone()[0]
            for statement in (
                f"UPDATE {name} SET {column}=NULL",
                f"DELETE FROM {name}",
                f"INSERT INTO {name}({column}) VALUES (1)",
            ):
                with pytest.raises(sqlite3.OperationalError, match="cannot modify"):
                    db.execute(statement)
    production.run("mapping", "propose", TABLE, "--set", f"420={BAD}", *REASON)
    production.sql(
        "DROP VIEW v_proposal",
        "CREATE VIEW v_proposal AS SELECT id, kind, name, 'approved' AS state, 'tom' AS checker, 9 AS version FROM proposal",
    )

    assert len(views) > 20
    assert production.is_as_it_was()
    assert ["open"] == [
        one["state"] for one in production.run("mapping", "list", "--proposals", "--json").json
    ]
