"""CanonicalRecord: what every canonical shape has in common, and how its content is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from store.canonical.money import Money

HASH_BYTES = 16


class CanonicalModel(BaseModel):
    """A part of a record: frozen, and nothing may be in it that the contract does not name.

    Its validator is built when it is first used: most runs see few of the contracts, and all of them would take longer to
    build than an idle cycle takes to ask its systems.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Extension(CanonicalModel):
    """What a region keeps of a record beside the shared contract, as its declared extension of that version says."""

    version: str = Field(description="Version of the extension that its values were read by: 1.0")
    fields: dict[str, bool | str | Money] = Field(
        description="Values by field: decimals, dates and codes as text, amounts as money; what is not said is left out"
    )


class CanonicalRecord(CanonicalModel):
    """One business thing in our shape. Subclasses name their contract, for example `supplier/1`."""

    entity: ClassVar[str]
    """The entity's name: `supplier`, `purchase_order` ..."""
    contract: ClassVar[str]
    """Entity and contract version, `supplier/1.0`: additive changes raise the minor, others the major."""
    owner: ClassVar[str] = "finance"
    """Who answers for the contract."""
    echo_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields we wrote into the source ourselves: stored, but no part of the content hash, so that reading
    our own write back is no change."""
    read_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that say how it was read: stored with a version, but no part of the content. Reading the same content in
    another way, or as of a later moment, makes no new version."""

    @classmethod
    def checked(cls, fields: Mapping[str, Any]) -> Self:
        """Return the record of these plain values, parts of it as dicts; what does not fit its contract is an error.

        The compiled validator builds the whole tree: half the cost of making its parts first, one by one.
        """
        record: Self = cls.__pydantic_validator__.validate_python(fields)
        return record

    number: str = Field(description="What people call it: the natural key within its system")
    extensions: dict[str, Extension] = Field(
        default_factory=dict,
        exclude_if=lambda found: not found,  # a record without any is stored, and hashed, as it always was
        description="Values of regional extensions, by the extension's name; missing where there are none",
    )

    def canonical_json(self) -> bytes:
        """Return the one JSON form that is stored."""
        return self.__pydantic_serializer__.to_json(self)

    def content_hash(self) -> bytes:
        """Return 16 bytes of SHA-256 over the canonical JSON without `echo_fields` and `read_fields`."""
        left_out = self.echo_fields | self.read_fields
        body = (
            self.__pydantic_serializer__.to_json(self, exclude=set(left_out))
            if left_out
            else self.canonical_json()
        )
        return hashlib.sha256(body).digest()[:HASH_BYTES]

    def canonical_form(self) -> tuple[bytes, bytes]:
        """Return `canonical_json()` and `content_hash()`, mostly for the price of the first alone.

        A field that holds nothing is cut out of the JSON instead of writing all of it a second time: a key with a
        bare quotation mark before it can't stand inside a text, where such a mark is escaped.
        """
        body = self.canonical_json()
        content = body
        for name in self.echo_fields | self.read_fields:
            if getattr(self, name) is not None:
                return body, self.content_hash()
            content = content.replace(b',"%s":null' % name.encode(), b"", 1)
        return body, hashlib.sha256(content).digest()[:HASH_BYTES]

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """Return (kind, normalised value) pairs by which a twin in another system can be found."""
        return ()


def raw_digest(payload: bytes) -> bytes:
    """Return 16 bytes of SHA-256 over a payload exactly as it was read."""
    return hashlib.sha256(payload).digest()[:HASH_BYTES]
