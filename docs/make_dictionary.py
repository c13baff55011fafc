"""Write docs/dictionary.md: every field of every entity and event, from the contracts.

`make docs` runs it; tests/test_docs.py says when the page is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.shapes import kinds_of
from finsync_tui import contracts
from finsync_tui.contracts import EXTENSION, Contract
from finsync_tui.contracts.changes import changelog
from finsync_tui.extensions import ExtensionSetup
from finsync_tui.extensions.model import FOLDER
from finsync_tui.profile import shipped
from finsync_tui.profile.extensions import contracts_of
from finsync_tui.settings import read_toml
from store.canonical.schema_fields import fields

PAGE = Path(__file__).with_name("dictionary.md")
INTRODUCTION = """\
# Data dictionary

<!-- Written by `python -m docs.make_dictionary` from the contracts; do not edit. -->

Every field of every [entity](#entities), [event](#events) and [shipped extension](#extensions), as stored and published. The rule by which they change is in [contracts](contracts.md).
The columns of views are in [the store](store.md#columns-of-the-views), the codes in [errors](errors.md), what commands print in [commands](cli.md).

`[]` is each of a list. *Optional* may be missing; whatever allows `null` is null where it is not known. Money is whole minor units with an ISO 4217 currency; quantities, prices and rates
are decimal text; instants are UTC. `extensions` holds, by name, what [regional extensions](contracts.md#regional-extensions) keep of a record: `version`, and `fields` with the values.
"""


def page() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION, "## Entities\n"]
    parts += [_section(contracts.contract("entity", name)) for name in contracts.names("entity")]
    parts += ["## Events\n", "What an event tells in its `data`, beside the attributes of CloudEvents 1.0.\n"]
    parts += [_section(contracts.contract("event", name)) for name in contracts.names("event")]
    parts += [
        "## Extensions\n",
        "Of the layers that come with finsync; yours are listed by `finsync contract list --kind extension`.\n",
    ]
    declared = (
        ExtensionSetup.model_validate(read_toml(file)) for file in sorted(shipped().rglob(f"{FOLDER}/*.toml"))
    )
    parts += [_section(versions[-1]) for versions in contracts_of(declared).values()]
    return "\n".join(parts)


def _section(one: Contract) -> str:
    rows = "\n".join(_rows(one.schema))
    told = (
        one.description
        if one.kind != EXTENSION
        else f"{one.description}; extends `{one.schema['x-extends']}`"
    )
    table = f"| field | type | | meaning |\n| --- | --- | --- | --- |\n{rows}\n"
    return f"### `{one.name}`\n\n{told}. Version {one.version}, owner {one.owner}.\n\n{table}{_history(one)}"


def _rows(schema: Mapping[str, Any]) -> Iterator[str]:
    required = {f"{path}.{name}" for path, part in fields(schema) for name in part.get("required", ())}
    told = set()
    for path, part in fields(schema):
        if path == "$" or path.endswith("[]") or path in told or path.startswith("$.extensions."):
            continue
        told.add(path)
        shown = path.removeprefix("$.")
        meaning = " ".join(str(part.get("description") or "").split()).replace("|", "\\|")
        going = part.get("x-deprecation")
        gone = f" Goes away from {going['ends']}: {going['instead']}." if going else ""
        yield f"| `{shown}` | {_type(part, schema)} | {'' if path in required else 'optional'} | {meaning}{gone} |"


def _type(part: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """Return in a word or two what may stand there."""
    if "$ref" in part:
        part = root["$defs"][part["$ref"].rpartition("/")[2]]
    if "enum" in part:
        return ", ".join(f"`{word}`" for word in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_type(one, root) for one in part["anyOf"]))
    kinds = " or ".join(kinds_of(part)) or "any"
    if "array" in kinds_of(part) and isinstance(part.get("items"), Mapping):
        return f"list of {_type(part['items'], root)}"
    return f"{kinds}, {part['format']}" if "format" in part else kinds


def _history(one: Contract) -> str:
    """Return what each version but the first changed."""
    lines = [
        f"- {release.version}: {'; '.join(release.changes) or 'wording'}"
        for release in (changelog(one.kind, one.name)[:-1] if one.kind != EXTENSION else [])
    ]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
