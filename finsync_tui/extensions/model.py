"""The shape of a declared extension: `extensions/<name>-<version>.toml` in a layer, a file for each version.

name = "it_invoicing"
version = "1.0"
owner = "tax"
entity = "invoice"
description = "What the Italian exchange system needs of an invoice"
where = { ship_to_country = ["IT"] }

[fields.split_payment]
kind = "boolean"
meaning = "The customer pays the tax to the state itself"
from = { coupa = "custom-fields.cf-split-payment" }
"""

from __future__ import annotations

import re
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from finsync_tui.extensions.paths import steps
from store.canonical.money import CurrencyCode

FieldKind = Literal["text", "decimal", "money", "date", "boolean", "code"]
FOLDER: Final = "extensions"
_NAME: Final = re.compile("[a-z][a-z0-9_]{0,39}")
_VERSION: Final = re.compile(r"[1-9]\d{0,3}\.\d{1,4}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _only_names(found: dict[str, object]) -> None:
    for name in found:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name; use small letters, digits and _, such as it_invoicing")


class ExtensionField(_Part):
    """One field of an extension."""

    kind: FieldKind
    meaning: str = Field(min_length=1, description="What it is, as the data dictionary says it")
    is_required: bool = Field(
        default=False, description="A document of its source that does not say it becomes an exception"
    )
    source: dict[str, str] = Field(
        default_factory=dict, alias="from", description="By system: where it stands in what is read of it"
    )
    target: dict[str, str] = Field(
        default_factory=dict, alias="to", description="By system: where it is written to, and read back from"
    )
    codes: dict[str, str] = Field(
        default_factory=dict, description="Of a code: what it may be, and what each means"
    )
    pattern: str | None = Field(default=None, description="Of a text: what the whole of it looks like")
    currency: CurrencyCode | None = Field(default=None, description="Of money; not set: the document's")

    @field_validator("source", "target")
    @classmethod
    def _paths(cls, found: dict[str, str]) -> dict[str, str]:
        for path in found.values():
            steps(path)
        return found

    @field_validator("target")
    @classmethod
    def _ends_in_a_name(cls, found: dict[str, str]) -> dict[str, str]:
        for path in found.values():
            if not isinstance(steps(path)[-1], str):
                raise ValueError(f"{path!r} names one of a list; say which field of it is written")
        return found

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _fits_its_kind(self) -> ExtensionField:
        if (self.kind == "code") != bool(self.codes):
            raise ValueError("a code, and only a code, names its `codes`")
        if self.pattern is not None and self.kind != "text":
            raise ValueError("only a text has a `pattern`")
        if self.currency is not None and self.kind != "money":
            raise ValueError("only money has a `currency`")
        if not self.source:
            raise ValueError("it comes from nowhere: say `from = { SYSTEM = PATH }`")
        return self


class ExtensionSetup(_Part):
    """One version of an extension."""

    name: str
    version: str = Field(description="Additive changes raise the minor version, others the major")
    owner: str = Field(min_length=1, description="The role that answers for it")
    entity: str = Field(description="The contract that it extends")
    description: str = Field(min_length=1)
    where: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Which records it is for: paths into the entity, and what one may say there; none: all of them",
    )
    fields: dict[str, ExtensionField] = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        _only_names({name: None})
        return name

    @field_validator("version")
    @classmethod
    def _is_version(cls, version: str) -> str:
        if not _VERSION.fullmatch(version):
            raise ValueError(f"{version!r} is no version; write 1.0")
        return version

    @field_validator("fields")
    @classmethod
    def _are_names(cls, fields: dict[str, ExtensionField]) -> dict[str, ExtensionField]:
        _only_names(dict(fields))
        return fields

    @property
    def order(self) -> tuple[int, int]:
        """Major and minor version."""
        major, _, minor = self.version.partition(".")
        return int(major), int(minor)
