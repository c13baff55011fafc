"""A document's text on its way through an editor: laid out for people, bank details masked, and put back. Pure.

>>> shown = laid_out('{"payee":{"iban":"DE89370400440532013000"},"total":"10.00"}')
>>> print(shown)
{
  "payee": {
    "iban": "••••3000"
  },
  "total": "10.00"
}
>>> restored(shown.replace("10.00", "11.00"), '{"payee":{"iban":"DE89370400440532013000"},"total":"10.00"}')
'{"payee":{"iban":"DE89370400440532013000"},"total":"11.00"}'
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

from finsync_tui.screens.dossiers import masked

MASK = "••••"
TEXT_BYTES_MAX = 400_000
"""Larger bodies are for the command line: an editor in a terminal would crawl."""


def laid_out(body: str) -> str:
    """Return a JSON body as people edit it. Bank details show their last four characters only."""
    return json.dumps(
        _walked(json.loads(body), lambda name, value: masked(name, value)), indent=2, ensure_ascii=False
    )


def problem(text: str) -> str:
    """Return why a text can't be sent; empty: it can."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg.lower()}"
    except RecursionError:
        return "nested too deeply"
    return "" if isinstance(value, dict) else "the body must be an object in braces"


def restored(text: str, body: str) -> str:
    """Return the edited text as it is sent: masked values that nobody touched are the original's again.

    A ValueError says where a masked value was moved or changed by half.
    """
    edited = _restored(json.loads(text), json.loads(body), "")
    return json.dumps(edited, ensure_ascii=False, separators=(",", ":"))


def changes(before: str, after: str) -> list[str]:
    """Return the changed lines, those that go with a minus in front and those that come with a plus."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in list(found)[2:] if not line.startswith("@@")]


def _walked(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _walked(item, change, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_walked(item, change, name) for item in value]
    return change(name, value) if isinstance(value, str) else value


def _restored(edited: Any, original: Any, place: str, name: str = "") -> Any:
    if isinstance(edited, dict):
        known = original if isinstance(original, dict) else {}
        return {key: _restored(item, known.get(key), f"{place}.{key}", key) for key, item in edited.items()}
    if isinstance(edited, list):
        beside = original if isinstance(original, list) else []
        return [
            _restored(item, beside[n] if n < len(beside) else None, f"{place}[{n}]", name)
            for n, item in enumerate(edited)
        ]
    if isinstance(edited, str) and MASK in edited:
        if isinstance(original, str) and edited == masked(name, original):
            return original
        raise ValueError(f"{place.lstrip('.')} is masked: leave it as it was, or write the whole value")
    return edited
