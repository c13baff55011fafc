"""Write docs/privacy.md: where data of people and bank details is kept, from the store's own list and the contracts.

`make docs` runs it; tests/test_docs.py says when the page is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from store import holdings
from store.canonical import contracts, privacy

PAGE = Path(__file__).with_name("privacy.md")
BEGIN = "<!-- Inventory: written by `python -m docs.make_privacy`; do not edit. -->"
END = "<!-- End of the inventory. -->"


def section() -> str:
    """Return the part of the page that is made."""
    return "\n".join([BEGIN, "", *_places(), "", *_fields(), "", END])


def page() -> str:
    """Return the whole page with the inventory as it is."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + section() + rest.partition(END)[2]


def _places() -> Iterator[str]:
    yield "### Places\n"
    yield "| holds | what that is |\n| --- | --- |"
    yield from (f"| {kind} | {told} |" for kind, told in holdings.MEANING.items())
    yield "\n| place | columns | holds | why | how it ends | who sees it |\n| --- | --- | --- | --- | --- | --- |"
    for one in holdings.HOLDINGS:
        place = f"`{one.place}`" if one.columns else one.place
        columns = " ".join(f"`{name}`" for name in one.columns.split())
        yield f"| {place} | {columns} | {', '.join(one.holds)} | {one.why} | {one.ends} | {one.seen} |"


def _fields() -> Iterator[str]:
    yield "### Fields of records\n"
    yield "| class | what that is |\n| --- | --- |"
    yield from (f"| {kind} | {told} |" for kind, told in privacy.MEANING.items())
    yield "\n| entity | class | fields |\n| --- | --- | --- |"
    for entity in sorted(contracts.CONTRACTS):
        told = [(kind, privacy.fields(entity, kind)) for kind in privacy.CLASSES if kind != "none"]
        for kind, paths in told:
            if paths:
                yield f"| `{entity}` | {kind} | {', '.join(f'`{path}`' for path in paths)} |"
    without = [
        name for name in sorted(contracts.CONTRACTS) if set(privacy.classes(name).values()) == {"none"}
    ]
    yield f"\nFields that are not named have the class none; {', '.join(f'`{name}`' for name in without)} have no other."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
