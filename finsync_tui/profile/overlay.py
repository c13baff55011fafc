"""Finding, reading and merging the layers of a profile."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from finsync_tui.extensions.model import FOLDER as EXTENSIONS
from finsync_tui.policies.model import Ruled
from finsync_tui.profile.extensions import with_compared
from finsync_tui.profile.model import CONDITIONS, MappingRow, Profile, is_condition
from finsync_tui.profile.no_secrets import SecretInProfileError, found_in
from finsync_tui.profile.people import Staff
from finsync_tui.profile.places import Source, where
from finsync_tui.settings import FILE_NAME as WORKSPACE_FILE
from finsync_tui.settings import SettingsFileError, Workspace, read_toml
from store.wording import plain

FILE_NAME = "profile.toml"
MAPPING_ROWS_MAX = 1_000_000
_COLUMNS = {"from": "source", "to": "target", "scope": "scope", "priority": "priority"}
_DATES = ("valid_from", "valid_to")
NOTE = "note"
"""A column that nobody but people reads."""


def shipped() -> Path:
    """Return the folder of the profiles that come with the program: in the wheel, else beside the checkout."""
    inside = Path(__file__).parent.parent / "_profiles"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "profiles"


def layer_folders(workspace: Workspace) -> list[Path]:
    """Return the folder of each layer; the workspace's own come before shipped ones of the same name."""
    folders = []
    for layer in workspace.layers:
        if ".." in Path(layer).parts or Path(layer).is_absolute():
            raise SettingsFileError(
                workspace.path / WORKSPACE_FILE,
                "layers",
                f"{layer!r} is not a layer's name",
                "Name a folder below profiles/.",
            )
        candidates = [root / layer for root in (workspace.path / "profiles", shipped())]
        found = next((folder for folder in candidates if (folder / FILE_NAME).is_file()), None)
        if found is None:
            raise SettingsFileError(
                workspace.path / WORKSPACE_FILE,
                "layers",
                f"the profile layer {layer!r} is nowhere (looked for {', '.join(str(c / FILE_NAME) for c in candidates)})",
                "Correct the name, or make the folder.",
            )
        folders.append(found)
    return folders


def load(workspace: Workspace) -> Profile:
    """Merge the workspace's layers, later over earlier, workspace.toml's systems last."""
    found = load_or_misfits(workspace)
    if isinstance(found, Profile):
        return found
    raise found[0]


def load_or_misfits(workspace: Workspace) -> Profile | list[SettingsFileError]:
    """Return the profile, or everything that keeps the layers together from being one, in order of place."""
    merged: dict[str, Any] = {}
    mappings: dict[str, tuple[MappingRow, ...]] = {}
    read = sources(workspace)
    for source in read:
        merged = merge(merged, source.document)
    for folder in layer_folders(workspace):
        for table in sorted((folder / "mappings").glob("*.csv")):
            mappings[table.stem] = (*mappings.get(table.stem, ()), *read_mapping(table))
    try:
        return with_compared(Profile.model_validate({**merged, "mappings": mappings}))
    except ValidationError as error:
        return _worded(workspace, read, error)


def rules(workspace: Workspace) -> Ruled | list[SettingsFileError]:
    """Return the company's own rules alone, or what keeps them from being read: nothing else has to be complete."""
    merged: dict[str, Any] = {}
    read = sources(workspace)
    for source in read:
        merged = merge(merged, source.document)
    try:
        return Ruled.model_validate(merged)
    except ValidationError as error:
        return _worded(workspace, read, error)


def load_people(workspace: Workspace) -> Staff:
    """Return who works here alone; the first thing that keeps the people from being read is raised."""
    merged: dict[str, Any] = {}
    read = sources(workspace)
    for source in read:
        merged = merge(merged, source.document)
    try:
        return Staff.model_validate(merged)
    except ValidationError as error:
        raise _worded(workspace, read, error)[0] from None


def load_rules(workspace: Workspace) -> Ruled:
    """Return the company's own rules alone; the first thing that keeps them from being read is raised."""
    found = rules(workspace)
    if isinstance(found, Ruled):
        return found
    raise found[0]


def sources(workspace: Workspace) -> list[Source]:
    """Read every file that the profile is merged from, in the order in which they are merged."""
    found: list[Source] = []
    for folder in layer_folders(workspace):
        found.append(Source(folder / FILE_NAME, read_toml(folder / FILE_NAME)))
        found += [
            _definition(part, file)
            for part in ("reconciliations", "policies", EXTENSIONS)
            for file in sorted((folder / part).glob("*.toml"))
        ]
    found.append(Source(workspace.path / WORKSPACE_FILE, {"systems": workspace.systems}))
    for source in found:
        for place, what in found_in(source.document):
            raise SecretInProfileError(source.file, place, what, where([source], place)[1])
    return found


def _definition(part: str, file: Path) -> Source:
    """Read what a layer has compared, decided by rules, or extended: one file each, in a folder of that part's name."""
    return Source(file, {part: {file.stem: read_toml(file)}}, f"{part}.{file.stem}")


def _worded(workspace: Workspace, read: list[Source], error: ValidationError) -> list[SettingsFileError]:
    """Say each thing that pydantic found in one sentence, with the file to correct and the line that says it."""
    return [
        _misfit(workspace, read, one)
        for one in sorted(
            error.errors(include_url=False, include_input=False), key=lambda one: [str(p) for p in one["loc"]]
        )
    ]


def _misfit(workspace: Workspace, read: list[Source], found: ErrorDetails) -> SettingsFileError:
    place = ".".join(str(part) for part in found["loc"])
    file, line = to_correct(workspace, read, place)
    remedy = "See docs/connect.md."
    match found["loc"]:
        case ("systems", system, "base_url") if found["type"] == "missing":
            remedy = (
                f'Say where your {system} is: write base_url = "https://..." below [systems.{system}] there.'
            )
    return SettingsFileError(file, place, plain(found), remedy, line=line)


def to_correct(workspace: Workspace, read: list[Source], place: str) -> tuple[Path, int | None]:
    """Return the file, and the line in it, where a person corrects what stands at `place`.

    What comes with finsync is nobody's to edit: a setting that it leaves to its user belongs into workspace.toml.
    """
    file, line = where(read, place)
    if file is None or file.is_relative_to(shipped()):
        return workspace.path / WORKSPACE_FILE, None
    return file, line


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return `below` with what `above` mentions changed: tables deeply, everything else replaced.

    >>> merge({"a": {"x": 1, "y": [1]}, "b": 1}, {"a": {"y": [2]}})
    {'a': {'x': 1, 'y': [2]}, 'b': 1}
    """
    result = dict(below)
    for key, value in above.items():
        known = result.get(key)
        result[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def read_mapping(path: Path) -> tuple[MappingRow, ...]:
    """Read a mapping table; a bad row is named with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source)
            return mapping_rows(path, reader.fieldnames or (), ((reader.line_num, row) for row in reader))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsFileError(
            path, "", f"it is not a UTF-8 CSV file ({error})", "Save it as CSV UTF-8."
        ) from None
    except OSError as error:
        raise SettingsFileError(
            path, "", f"it can't be read ({error.strerror})", "Check its permissions."
        ) from None


def mapping_rows(
    path: Path, columns: Iterable[str], lines: Iterable[tuple[int, dict[str, str | None]]]
) -> tuple[MappingRow, ...]:
    """Return the rows of a table whose cells were read as text, each with the line it stands on."""
    known = [column for column in columns if column]
    missing = {"from", "to"} - set(known)
    if missing:
        raise SettingsFileError(
            path,
            "line 1",
            f"the column {sorted(missing)[0]!r} is missing",
            "A mapping table starts with from,to,scope,priority,valid_from,valid_to.",
        )
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice is not None:
        raise SettingsFileError(
            path, "line 1", f"the column {twice!r} is there twice", "Take one of them out."
        )
    for column in known:
        if column not in (*_COLUMNS, *_DATES, NOTE) and not is_condition(column):
            raise SettingsFileError(
                path,
                "line 1",
                f"the column {column!r} is not known",
                f"Conditions are called {', '.join(CONDITIONS)}, extension.NAME.FIELD; a column for people is called {NOTE}.",
            )
    rows: list[MappingRow] = []
    for number, line in lines:
        if len(rows) >= MAPPING_ROWS_MAX:
            raise SettingsFileError(path, f"line {number}", "too many rows", "Split the table.")
        if any(cell.strip() for cell in cast("dict[object, list[str]]", line).get(None, ())):
            raise SettingsFileError(
                path,
                f"line {number}",
                "it has more cells than there are columns",
                "Quote a cell that holds a comma.",
            )
        rows.append(_row(path, number, line))
    return tuple(rows)


def _row(path: Path, line: int, row: dict[str, str | None]) -> MappingRow:
    values = {name: (row.get(column) or "").strip() for column, name in _COLUMNS.items()}
    values["priority"] = values["priority"] or "0"
    dates = {column: (row.get(column) or "").strip() or None for column in _DATES}
    if not values["source"]:
        raise SettingsFileError(path, f"line {line}", "`from` is empty", "Fill it in, or take the row out.")
    where = tuple(
        (name, cell) for name in row if name and is_condition(name) and (cell := (row[name] or "").strip())
    )
    try:
        return MappingRow.model_validate({**values, **dates, "where": where})
    except ValidationError as error:
        raise SettingsFileError(
            path, f"line {line}", plain(error.errors(include_url=False)[0]), "Correct that row."
        ) from None
