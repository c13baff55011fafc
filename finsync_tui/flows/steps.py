"""What a step of a flow sees and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from sqlite3 import Connection
from typing import Any, Literal, Protocol

from finsync_tui.mapping import Table
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Profile
from store.canonical.event import Event
from store.canonical.money import Money
from store.canonical.record import CanonicalRecord
from store.outbox import Claim
from store.workflows import Workflow


@dataclass(frozen=True, slots=True)
class Done:
    """The step is decided; go on with the next, or with `goto`. `detail` is kept: rules, versions, from, to."""

    detail: Mapping[str, Any] = field(default_factory=dict)
    goto: str | None = None
    is_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until somebody else has acted. Waking runs the same step again."""

    waiting_for: str
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A person must look: this becomes an exception of that class."""

    class_: str
    cause: str
    fix: str
    system: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    entry_id: int | None = None
    amount: Money | None = None
    """What is at risk; None: the document's amount."""
    is_same: bool = False
    """True: what was held for before goes on. It is the same exception, with its owner and notes."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The instance ends here."""

    state: Literal["done", "aborted", "superseded"] = "done"
    detail: Mapping[str, Any] = field(default_factory=dict)


Answer = Done | Wait | Hold | Finish


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine knows besides the store: configuration as it is in force, and by which versions."""

    profile: Profile
    tables: Mapping[str, Table]
    policy_version: str
    mapping_version: str
    judges: Mapping[str, Judging] = field(default_factory=dict)
    """Who judges by the company's own rules, by decision."""
    rules_change_on: date | None = None
    """The next day from which other rules are in force; None: none is known of."""
    emergency_until: datetime | None = None
    """When the first change ends that one person put in force at once; None: no such change is in force."""
    judges_on: Callable[[date], Mapping[str, Judging]] | None = None
    """Who judges as of a day; None: no version of rules begins on a day of its own."""

    @property
    def versions(self) -> dict[str, str]:
        """By which versions something is decided now, as it is kept with what was decided."""
        return {"policy_version": self.policy_version, "mapping_version": self.mapping_version}

    def judge(self, decision: str, on: date) -> Judging | None:
        """Return who judges a document that is posted on that day; None: nobody has rules for it."""
        judges = self.judges if self.judges_on is None else self.judges_on(on)
        return judges.get(decision)


@dataclass(slots=True)
class Context:
    """One run of one step. `data` is what the instance's steps have decided so far; what is put there is kept."""

    db: Connection
    now: datetime
    facts: Facts
    workflow: Workflow
    data: dict[str, Any]
    is_trial: bool = False
    """True: only asked what it would decide, as a change's impact is; it must write nothing, and its store may not let it."""

    @property
    def generation(self) -> int:
        return self.workflow.generation


Step = Callable[[Context], Answer]


class Flow(Protocol):
    """A process: its name, the documents it is about, its steps in order."""

    name: str

    @property
    def model(self) -> type[CanonicalRecord]:
        """The documents that start it."""
        ...

    @property
    def listens_to(self) -> tuple[str, ...]:
        """Beginnings of the types of the events that start or wake its instances."""
        ...

    @property
    def under_way(self) -> frozenset[str]:
        """Steps at which a system may already hold something of the instance: it ends before a newer version begins."""
        ...

    @property
    def rechecks(self) -> frozenset[str]:
        """Steps that decide without writing: held there, an instance is looked at again when news comes that it may have
        waited for, and goes on by itself if nothing stops it any more."""
        ...

    @property
    def settled_at(self) -> frozenset[str]:
        """Steps that ask about what is done already, or tell it: who resolves that leaves it, and the instance stays done."""
        ...

    def settled(self, db: Connection, workflow: Workflow) -> Mapping[str, Any]:
        """Return the data of an instance that somebody has settled and that stays done, or goes on."""
        ...

    def goes_on(self, db: Connection, workflow: Workflow) -> str | None:
        """Return the step at which an instance goes on that somebody has settled, since what it made is in force and has to be
        followed; None: it ends."""
        ...

    @property
    def is_followed_behind(self) -> bool:
        """Whether news makes a done instance go on while newer ones have decided nothing to be sent, one that is held for example."""
        ...

    def steps(self, kind: str) -> Mapping[str, Step]:
        """Return the steps of one kind of instance, in order."""
        ...

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """Return which kind of instance a document needs as it is; None: no instance."""
        ...

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        """Say whether a newer instance of that kind waits until this one has ended, wherever it stands."""
        ...

    def notices(self, db: Connection, profile: Profile, event: Event, now: datetime) -> None:
        """Note what a system's news says that no instance is about."""
        ...

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        """Return the keys of the documents whose instances may wait for this news from a system."""
        ...

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        """Return the step at which news makes a done instance go on; None: it stays done."""
        ...

    @property
    def returns_at(self) -> str | None:
        """The step that tells the source why a document can't go on; None: this flow can't."""
        ...

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        """Return why a held instance can't go back to its sender any more; None: it can."""
        ...

    @property
    def is_signed(self) -> bool:
        """True when persons agree on what it writes: nobody edits that on its way, and before it leaves it is compared
        with what they agreed on."""
        ...

    def anew(self, workflow: Workflow) -> str:
        """Return what to do, in a sentence, instead of editing what an instance writes."""
        ...

    def disagreement(
        self, db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
    ) -> str | None:
        """Return why a write that is about to leave is not what was agreed on; None: it is, or it takes nobody's word."""
        ...

    @property
    def repeatable(self) -> frozenset[str]:
        """Writes of this flow that make nothing: a newer version takes the place of one that has sent them."""
        ...

    @property
    def undoes_itself(self) -> bool:
        """True when an instance changes this store before it writes anywhere, so that giving it up always undoes something."""
        ...

    @property
    def undoing_is_read_back(self) -> bool:
        """True when an instance that is given up ends only when each undoing was looked up and found."""
        ...

    def refuses_end(self, workflow: Workflow) -> str | None:
        """Return why nobody may end an instance by a word alone, and what to do instead; None: a person may."""
        ...

    def stopped(self, db: Connection, workflow: Workflow, why: str, now: datetime) -> None:
        """Close what of an instance waits for persons: it does not come to its own end, and why."""
        ...

    def give_up(self, context: Context) -> None:
        """Take back what an instance has changed in this store, once all that it had written is undone."""
        ...

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        """Return where a retry goes on after a hold at `step`, and whether it is a new decision."""
        ...
