"""A change set: what one environment's layers say otherwise than another's, file by file, as it is signed and handed over.

Only layers that both workspaces name are compared, and only files that a profile is made of. Layers below `environments` are what
environments differ in on purpose, and workspace.toml is each workspace's own: neither is ever part of a change set.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from finsync_tui.settings import FILE_NAME, SettingsFileError, Workspace
from store.clock import text
from store.columns import encode
from store.errors import FinsyncError
from store.wording import plain

FORMAT: Final = "finsync.change_set/1"
BYTES_MAX: Final = 50_000_000
ENVIRONMENTS: Final = "environments"
_FILE: Final = re.compile(
    r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*/"
    r"(?:profile\.toml|(?:mappings|samples)/[\w.-]+\.csv|(?:policies|reconciliations)/[\w.-]+\.toml)"
)
_PARTS: Final = (
    "profile.toml", "mappings/*.csv", "policies/*.toml", "reconciliations/*.toml", "samples/*.csv",
)  # fmt: skip


class ChangeSetInvalidError(FinsyncError):
    """The file is no change set, or was edited since it was made."""

    code = "CHANGE_SET_INVALID"
    exit_code = 2

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"{what} is no change set that can be used: {why}. Nothing was changed. Make it anew."
        )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileChange(_Part):
    """One file of a layer: what it said and what it says."""

    path: str
    before: str | None = Field(description="SHA-256 of what the target had; None: it had no such file")
    after: str | None = Field(description="SHA-256 of what it shall have; None: no such file")
    text: str | None

    @field_validator("path")
    @classmethod
    def _is_of_a_profile(cls, path: str) -> str:
        if (
            not _FILE.fullmatch(path) or path.split("/", 1)[0].casefold() == ENVIRONMENTS
        ):  # some file systems know one name in any case
            raise ValueError("that is no file of a layer that environments share")
        return path


class Approval(_Part):
    """A second person's word."""

    checker: str
    approved_at: AwareDatetime
    comment: str = ""
    signature: str


class ChangeSet(_Part):
    """What is signed and handed over."""

    format: Literal["finsync.change_set/1"] = FORMAT
    source: str = Field(description="Name of the workspace that it was made from")
    target: str = Field(description="Id of the store of the workspace that it is for")
    target_name: str
    maker: str
    made_at: AwareDatetime
    reason: str
    files: tuple[FileChange, ...] = Field(min_length=1)
    maker_signature: str | None = None
    approvals: tuple[Approval, ...] = ()

    def said(self) -> dict[str, Any]:
        """Return all that its maker stands for."""
        return {
            "format": self.format,
            "source": self.source,
            "target": self.target,
            "maker": self.maker,
            "made_at": text(self.made_at),
            "reason": self.reason,
            "files": [[one.path, one.before, one.after] for one in self.files],
        }

    @property
    def digest(self) -> str:
        """Return what stands for the change set, whoever has approved it."""
        return sha256(encode(self.said())).hexdigest()

    def made_statement(self) -> bytes:
        return encode({"act": "change_set_made", **self.said()})

    def approved_statement(self, checker: str, approved_at: str, comment: str) -> bytes:
        return encode(
            {
                "act": "change_set_approved",
                **self.said(),
                "maker_signature": self.maker_signature,
                "checker": checker,
                "approved_at": approved_at,
                "comment": comment,
            }
        )


def read(file: Path) -> ChangeSet:
    """Read a change set; what its files say must be what their digests stand for."""
    try:
        if file.stat().st_size > BYTES_MAX:
            raise ChangeSetInvalidError(str(file), "it is larger than 50 MB")
        found = ChangeSet.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ChangeSetInvalidError(str(file), f"it can't be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ChangeSetInvalidError(
            str(file), f"{place}: {plain(first)}" if place else plain(first)
        ) from None
    for one in found.files:
        if digest(one.text) != one.after:
            raise ChangeSetInvalidError(str(file), f"{one.path} is not the text that was signed")
    return found


def digest(content: str | None) -> str | None:
    return None if content is None else sha256(content.encode()).hexdigest()


def layers(source: Workspace, target: Workspace) -> tuple[list[str], list[str]]:
    """Return the layers that a change set moves, and those that the target does not name, so that they stay behind."""
    own = [
        one
        for one in source.layers
        if Path(one).parts[0].casefold() != ENVIRONMENTS and (source.path / "profiles" / one).is_dir()
    ]
    return [one for one in own if one in target.layers], [one for one in own if one not in target.layers]


def texts(workspace: Workspace, some: Iterable[str]) -> dict[str, str]:
    """Return what these layers of a workspace's own say, by path."""
    found: dict[str, str] = {}
    for layer in some:
        folder = workspace.path / "profiles" / layer
        for file in sorted(file for part in _PARTS for file in folder.glob(part)):
            found[f"{layer}/{file.relative_to(folder).as_posix()}"] = _text(file)
    return found


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileChange, ...]:
    """Return what has to change, in order of path.

    >>> [(one.path, one.text) for one in changes({"a/profile.toml": "x"}, {"b/profile.toml": "y"})]
    [('a/profile.toml', None), ('b/profile.toml', 'y')]
    """
    return tuple(
        FileChange(
            path=path, before=digest(before.get(path)), after=digest(after.get(path)), text=after.get(path)
        )
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


def now(workspace: Workspace, path: str) -> str | None:
    """Return what a file of a workspace's own layers says; None: it is not there."""
    file = workspace.path / "profiles" / path
    return _text(file) if file.is_file() else None


def write(workspace: Workspace, wanted: Mapping[str, str | None]) -> None:
    """Write these files of a workspace's own layers, each whole or not at all; what is None is taken away."""
    for path, content in wanted.items():
        file = workspace.path / "profiles" / path
        if content is None:
            file.unlink(missing_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.new")
        beside.write_bytes(content.encode())
        if file.exists():
            shutil.copymode(file, beside)
        beside.replace(file)


@contextmanager
def staged(workspace: Workspace, wanted: Mapping[str, str | None]) -> Iterator[Workspace]:
    """Make a workspace beside this one that says what this one would say; it has no store."""
    with tempfile.TemporaryDirectory(prefix="finsync-") as folder:
        path = Path(folder)
        shutil.copy2(workspace.path / FILE_NAME, path / FILE_NAME)
        if (workspace.path / "profiles").is_dir():
            shutil.copytree(workspace.path / "profiles", path / "profiles")
        beside = replace(workspace, path=path)
        write(beside, wanted)
        yield beside


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise SettingsFileError(
            file, f"byte {error.start}", "it is not UTF-8 text", "Save the file as UTF-8 and try again."
        ) from None
    except OSError as error:
        raise SettingsFileError(
            file, "", f"it can't be read ({error.strerror})", "Check its permissions."
        ) from None
