"""`finsync contract`: the canonical shapes, as JSON Schema."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli._context import JsonOption, example
from finsync_tui.cli._output import say, say_json, table

app = typer.Typer(name="contract", help="The shapes documents are translated into.", no_args_is_help=True)


@app.command("list", epilog=example("finsync contract list"))
def list_(json: JsonOption = False) -> None:
    """List the contracts with their version and owner."""
    from store.canonical.contracts import CONTRACTS

    found = [
        {
            "entity": model.entity,
            "contract": model.contract,
            "owner": model.owner,
            "description": _first_sentence(model.__doc__ or ""),
        }
        for model in CONTRACTS.values()
    ]
    if json:
        say_json(found)
    else:
        say(table(["entity", "contract", "owner", "description"], [list(row.values()) for row in found]))


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).split(". ")[0].rstrip(".")


@app.command(epilog=example("finsync contract show supplier"))
def show(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Name of the entity, e.g. supplier.")],
    json: JsonOption = False,
) -> None:
    """Print the JSON Schema of a contract (it is JSON either way)."""
    from store.canonical.contracts import CONTRACTS, schema
    from store.errors import NotFoundError

    del json  # a schema has no other form
    if entity not in CONTRACTS:
        raise NotFoundError("contract", entity, f"Known: {', '.join(CONTRACTS)}.")
    say_json(schema(entity))
