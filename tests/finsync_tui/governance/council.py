"""People with keys, a company whose mapping changes take two of them, and words for what they do."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.actions.mappings import Approved, Proposed
from finsync_tui.mapping import MappingRow, Standing, recording, standings
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import Store, audit, proposals
from store.proposals import Proposal
from tests.builders import a_clock, a_store
from tests.finsync_tui.flows.desk import PROFILE

TABLE = "cost_centre"


def a_key(seed: str) -> Ed25519PrivateKey:
    """Return a key that is the same in each run."""
    return Ed25519PrivateKey.from_private_bytes(seed.encode().ljust(32, b".")[:32])


def public(seed: str) -> str:
    return base64.b64encode(a_key(seed).public_key().public_bytes_raw()).decode()


def a_signer(name: str, seed: str = "") -> Signer:
    return Signer(name, public(seed or name), a_key(seed or name))


def a_person(name: str, *roles: str, **changes: Any) -> dict[str, Any]:
    return {"os_account": name, "roles": list(roles), "key": public(name), **changes}


PEOPLE: dict[str, Any] = {
    "maria": a_person("maria", "analyst"),
    "tom": a_person("tom", "approver", "analyst"),
    "vera": a_person("vera", "viewer"),
    "otto": a_person("otto", "auditor"),
}


def a_row(source: str, target: str, **changes: object) -> MappingRow:
    return MappingRow.model_validate({"source": source, "target": target, **changes})


class Council:
    """A workspace with people; each word below is one thing that somebody does."""

    def __init__(
        self, people: dict[str, Any] | None = None, *, store: Store | None = None, **profile: Any
    ) -> None:
        self.store = store or a_store(a_clock())
        self.people = PEOPLE if people is None else people
        self.extra = profile
        self.own: dict[str, Sequence[MappingRow]] = {TABLE: (a_row("420", "420"),)}

    @property
    def profile(self) -> Profile:
        return Profile.model_validate({**PROFILE, "people": self.people, "mappings": self.own, **self.extra})

    def who(self, name: str) -> Actor:
        return actions.acting(self.profile, "cli", os_account=name)

    def propose(self, *rows: MappingRow, by: str = "maria", table: str = TABLE, **more: Any) -> Proposed:
        signer = more.pop("signer", a_signer(by))
        return actions.propose_mapping(
            self.store, self.profile, self.who(by), table, rows, "because", signer=signer, **more
        )

    def approve(self, proposal: int | Proposed, by: str = "tom", signer: Signer | None = None) -> Approved:
        number = proposal if isinstance(proposal, int) else proposal.proposal
        return actions.approve_mapping(self.store, self.profile, self.who(by), number, signer or a_signer(by))

    def agreed(self, *rows: MappingRow) -> Approved:
        """Maria proposes, Tom approves."""
        return self.approve(self.propose(*rows))

    def sql(self, statement: str, *values: object) -> None:
        """Somebody writes into the file, triggers or not."""
        for (name,) in self.store.db.execute(
            "SELECT name FROM sqlite_schema WHERE type='trigger' AND tbl_name='proposal'"
        ).fetchall():
            self.store.db.execute(f"DROP TRIGGER {name}")
        self.store.db.execute(statement, values)

    def engine_starts(self) -> dict[str, Standing]:
        with self.store.transaction() as db:
            return recording.record(db, self.profile, self.store.clock.now())

    @property
    def table(self) -> Standing:
        return standings(self.store.db, self.profile)[TABLE]

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(row.source, row.target) for row in self.table.rows]

    def proposal(self, number: int) -> Proposal:
        found = proposals.get(self.store.db, number)
        assert found is not None
        return found

    @property
    def noted(self) -> list[tuple[str, str]]:
        """Who did what, as the audit log has it; the log itself is whole."""
        assert audit.verify(self.store.db).is_intact
        return [
            (row[0], row[1]) for row in self.store.db.execute("SELECT who, what FROM v_audit ORDER BY seq")
        ]
