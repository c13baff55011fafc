"""What every system offers: read, translate, write, find, check_health.

The engine knows adapters only through this module. `system` is always the configured *instance* (`coupa`,
`oracle-emea`), so that several instances of one adapter can work at the same time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from adapters.drift import Drift
from store.canonical.money import Money
from store.canonical.record import CanonicalRecord
from store.clock import Clock

Direction = Literal["read", "write"]


class Capability(BaseModel):
    """What an adapter can do with one entity."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    entity: str
    directions: tuple[Direction, ...]
    has_delta: bool = False
    """True when a read can start from a watermark."""
    shows: Literal["all", "queue", "one"] = "all"
    """What a read from the beginning shows: everything, only what was not taken over yet, or nothing: such a thing is
    read by its id only."""
    window: str | None = None
    """Path of the date that a read can be limited by, in the canonical record: `invoiced_on`. See `WindowReader`."""
    operations: tuple[str, ...] = ()
    """Write operations, e.g. `order.create`."""
    takes_extensions: bool = False
    """What creates one may carry fields of regional extensions, `extended` in its body, and reading shows them again."""


class Manifest(BaseModel):
    """An adapter's manifest.toml: readable without importing the adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    title: str
    roles: tuple[str, ...]
    capabilities: tuple[Capability, ...]
    credentials: tuple[str, ...] = Field(description="Names of the secrets a connection needs")
    optional_credentials: tuple[str, ...] = ()
    credentials_by: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="Which optional ones an option's value makes needed; its first value is the default",
    )
    requests_per_second: float = 10.0
    connections_max: int = 4
    page_size: int = 50

    def for_options(self, options: Mapping[str, Any]) -> Manifest:
        """Return the manifest of a connection with these options: what it needs is no longer optional."""
        needed = list(self.credentials)
        for option, by_value in self.credentials_by.items():
            needed += by_value.get(str(options.get(option, next(iter(by_value)))), ())
        rest = tuple(name for name in self.optional_credentials if name not in needed)
        return self.model_copy(update={"credentials": tuple(needed), "optional_credentials": rest})

    def capability(self, entity: str) -> Capability | None:
        return next((c for c in self.capabilities if c.entity == entity), None)


class Connection(BaseModel):
    """How one system instance is reached: the common part of `[systems.<name>]` in a profile or workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    adapter: str
    base_url: str
    proxy: str | None = None
    ca_bundle: str | None = Field(default=None, description="File with the certificates of a private CA")
    client_certificate: str | None = Field(default=None, description="PEM file with certificate and key")
    timeout_s: float = Field(default=60.0, gt=0)
    requests_per_second: float | None = Field(
        default=None, gt=0, description="Overrides the manifest's limit"
    )
    connections_max: int | None = Field(default=None, ge=1)
    answer_bytes_max: int = Field(default=32 * 1024 * 1024, ge=1)
    pages_max: int = Field(default=100_000, ge=1)
    retry_after_max: timedelta = Field(
        default=timedelta(hours=24),
        gt=timedelta(),
        description="The longest wait that its Retry-After can ask for",
    )
    secrets_end: dict[str, date] = Field(
        default_factory=dict, description="Last day of each secret, as whoever issued it says"
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Checked by the adapter's own Options model"
    )


class Secrets(Protocol):
    """The secrets of one system."""

    def __call__(self, name: str) -> str:
        """Return the secret of that name; raise CredentialsError when it is not set."""
        ...

    def put(self, name: str, value: str) -> None:
        """Keep a secret that the system gave us, whole or not at all; raise CredentialsError when it can't be
        kept.

        For what changes with use, such as a rotating refresh token: what is read next is what was put last.
        """
        ...

    def account_key(self) -> bytes:
        """Return the workspace's own key, under which bank account numbers become fingerprints (`store.canonical.supplier`);
        raise CredentialsError when it is not here. All systems of a workspace have the same one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Rows exactly as the system sent them, one JSON document each, and how far the read is complete with
    them.

    `position` is opaque to everyone but the adapter, holds only the other system's time, and is stored in the
    transaction that stores the rows. None: this read cannot be resumed or continued from here.
    """

    rows: Sequence[bytes]
    position: str | None
    is_last: bool
    keys: Sequence[str] | None = None
    """External ids of the rows, in the same order, where paging reads them anyway: a row that we hold as it is
    need not be translated then. None: they are not known, and every row is translated.
    """
    wholes: Mapping[str, bytes] = field(default_factory=dict)
    """Where rows are parts of something larger: what was read to its end, by id, with what it says of its last change. A part
    that is held and not among the rows is gone: see `Parts`.
    """


class Translated(msgspec.Struct, frozen=True, gc=False):
    """One row in our shape. A struct: one is made for every row read, at a tenth of a frozen dataclass's
    cost.
    """

    external_id: str
    record: CanonicalRecord
    source_version: str | None = None
    """The source's own ordering of versions of this document: a higher number is newer. Text of an
    integer.
    """
    source_updated_at: datetime | None = None
    changed_by: str | None = None
    """Login that changed it last, where the source says: our own marks an echo."""


@dataclass(frozen=True, slots=True)
class Untranslatable:
    """One row that does not fit its contract; it becomes an exception with its payload."""

    external_id: str | None
    number: str | None
    path: str
    """Where in the document, e.g. `$.order-lines[0].price`."""
    reason: str
    amount: Money | None = None
    """What the document itself states that it comes to; None where it states none that can be relied on."""
    payload: bytes | None = None
    """What the system really sent, where the row only stands for it; None: the row is what it sent."""


@dataclass(frozen=True, slots=True, repr=False)
class BankDetails:
    """A bank account as its system has it. It goes from one system to the other and is never stored, logged or shown."""

    number: str
    """IBAN, or the account number where there is none."""
    is_iban: bool
    bic: str | None = None
    country: str | None = None
    fingerprint: str = ""
    """What the number is known by, under the workspace's key: made where the number is read. Nothing that was approved has none."""
    terms: str = ""

    def __repr__(self) -> str:
        return "BankDetails(...)"


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One decision to change something in a system."""

    operation: str
    """`order.create`, `order.change`, `order.submit`, `order.cancel`, `order.close`, `order.discard`,
    `order.write_back`.
    """
    idempotency_key: str
    external_id: str | None
    """The document in that system, when it is there already."""
    body: Mapping[str, Any]
    """What the operation needs, as JSON values (see `docs/operations.md`)."""
    private: BankDetails | None = None
    """What only the call itself may hold: it was asked of its system a moment ago, and is in no store."""
    sent_at: datetime | None = None
    """When it was sent last without our learning the outcome. A system that works on its own time may still be at it."""


def not_these(request: WriteRequest) -> frozenset[str]:
    """Return which records of the system, by their ids, a person said are others than the one that is to be made."""
    told = request.body.get("not_these")
    return frozenset(str(one) for one in told) if isinstance(told, list) else frozenset()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the system said yes with. `delivered` is not `verified`: reading back comes later."""

    external_id: str | None
    number: str | None = None
    revision: str | None = None
    is_pending: bool = False
    """The system took it and decides later."""
    answer: Mapping[str, Any] = field(default_factory=dict)
    """The part of the answer worth keeping, secrets removed."""
    was_found: bool = False
    """It was there already: found by natural key, or a repeated action that had been done."""


@dataclass(frozen=True, slots=True)
class Health:
    """What a cheap, harmless call says about a system."""

    is_ok: bool
    message: str
    latency_ms: float | None = None


class Adapter(Protocol):
    """One connected system instance."""

    system: str
    manifest: Manifest

    @property
    def own_login(self) -> str | None:
        """The login our own writes show up under, where the system has one."""
        ...

    def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk all rows of `entity` changed since `position` (None: all). Bounded memory: one page at a
        time.
        """
        ...

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these documents afresh. Ids that do not exist are left out."""
        ...

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        """Turn rows into canonical records, in order. Pure; never raises for a bad row."""
        ...

    def drift(self, entity: str, rows: Sequence[bytes]) -> Sequence[Drift]:
        """Say which fields of a sample of these rows came, went or changed their kind. Pure."""
        ...

    async def write(self, request: WriteRequest) -> Receipt:
        """Do it once. Raises an AdapterError by class of failure."""
        ...

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether `request` has taken effect already, by natural key. None: it has not."""
        ...

    async def check_health(self) -> Health:
        """Try the credentials and one harmless read."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Queue(Protocol):
    """A system that shows some documents only until they were taken over."""

    def read_taken(
        self, entity: str, position: str | None, is_known: Callable[[str], bool]
    ) -> AsyncIterator[Page]:
        """Walk what was taken over in our name and is not at its end, since `position` (None: as far back as it
        may matter). A store that was lost, or put back to an older copy, knows nothing of it, and no queue shows it again.

        `is_known` says of the business thing behind a document (an expense report) whether we hold it: it need not be
        read then.
        """
        ...


@runtime_checkable
class Parts(Protocol):
    """A system some of whose records are parts of larger ones, `<id of the whole>-<id of the part>`, and simply vanish from them."""

    def gone(self, entity: str, row: bytes, whole: bytes) -> bytes:
        """Return a row that is held of a part as one that says that it was deleted, by whoever changed the whole."""
        ...


@runtime_checkable
class Reveals(Protocol):
    """A system that tells a bank account's number to whoever carries it to another system."""

    async def reveal_account(self, external_id: str) -> BankDetails | None:
        """Return the details of a bank account as they are now; None: it is not there."""
        ...


class WindowReader(Protocol):
    """A system that can be asked for the documents of some days."""

    def read_window(self, entity: str, first: date, last: date) -> AsyncIterator[Page]:
        """Walk the rows of `entity` whose date, that of its capability's `window`, lies in these days, and perhaps a few
        beside them. A document that was moved to another date meanwhile is not among them.
        """
        ...


class Connect(Protocol):
    """An adapter package exports `connect` of this shape and `MANIFEST`."""

    def __call__(self, system: str, connection: Connection, secrets: Secrets, clock: Clock) -> Adapter: ...
