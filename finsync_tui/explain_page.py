"""The story of one document as one page of HTML that loads nothing: what happened, what was sent, and the payloads behind it, folded in.

The store holds neither credentials nor whole bank numbers; should a text name one all the same, the page shows its last four characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from sqlite3 import Connection
from typing import Final, Protocol

import msgspec

from finsync_tui import sheets, veil
from finsync_tui.explain import Story
from store import calls, records
from store.clock import text

TEXT_CHARS_MAX: Final = 500_000
"""A payload that is longer is cut, and says so; its digest is that of all of it."""
_NAMES: Final = r"[\w-]*(?:iban|account_?(?:number|num)|bank_?account|acct_?(?:number|num))[\w-]*"
_NAMED: Final = re.compile(
    rf"(?i)(\"{_NAMES}\"\s*:\s*\"?|<{_NAMES}>)([^\"<,}}\]\s][^\"<,}}\]]*?)([^\"<,}}\]]{{0,4}})(?=[\"<,}}\]])"
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2rem; max-width: 80rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .5rem; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; margin: 0; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; }}
th {{ text-align: left; }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid GrayText; vertical-align: top; }}
td {{ overflow-wrap: anywhere; }}
td.at, td.what {{ white-space: nowrap; }}
details {{ border-bottom: 1px solid GrayText; padding: .25rem 0; }}
summary {{ cursor: pointer; overflow-wrap: anywhere; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; margin: .5rem 0 .5rem 1rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
"""


class Veiled(Protocol):
    """What a text is shown as."""

    def __call__(self, text: str, entity: str = "") -> str: ...


_ATTEMPTS: Final = """
SELECT a.started_at, e.system, e.operation, a.number, a.outcome, a.status, a.message, e.body, a.edited_body, a.answer, a.calls
FROM outbox_entry e JOIN attempt a ON a.entry_id = e.id WHERE e.document_key = ? AND e.entity = ? ORDER BY a.started_at, a.id"""


def write(
    db: Connection,
    story: Story,
    path: Path,
    now: datetime,
    written_by: str,
    *,
    replaces: bool = False,
    shows_people: bool = False,
) -> None:
    """Write the page; it appears under its name when it is whole. What names or reaches people is hidden unless it is to be
    shown. Raises SheetError."""
    with (
        sheets.drafted(path, replaces=replaces) as draft,
        draft.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.writelines(_page(db, story, now, written_by, veil.of_text if not shows_people else _as_it_is))


def _page(db: Connection, story: Story, now: datetime, written_by: str, veiled: Veiled) -> Iterator[str]:
    yield _HEAD.format(title=_shown(f"{story.entity.replace('_', ' ')} {story.number}"))
    twins = ", ".join(f"{system} {number or external_id}" for system, external_id, number in story.links)
    facts = {
        "key": story.document_key, "stands at": story.status, "in other systems": twins or "nowhere that is known",
        "written": f"{now:%Y-%m-%d %H:%M} UTC", "by": written_by,
    }  # fmt: skip
    yield f"<dl>{''.join(f'<dt>{name}</dt><dd>{_shown(value)}</dd>' for name, value in facts.items())}</dl>\n"
    yield "<h2>What happened</h2>\n<table><thead><tr><th>at (UTC)</th><th>where</th><th>what</th><th>detail</th></tr></thead><tbody>\n"
    for line in story.lines:
        at = line.at[:16].replace("T", " ")
        yield f'<tr><td class="at">{_shown(at)}</td><td>{_shown(line.place)}</td><td class="what">{_shown(line.what)}</td><td>{_shown(line.detail)}</td></tr>\n'
    yield "</tbody></table>\n<h2>What was sent, and the answers</h2>\n"
    attempts = db.execute(_ATTEMPTS, (story.document_key, story.entity)).fetchall()
    for attempt in attempts:
        yield _attempt(veiled, *attempt)
    if not attempts:
        yield "<p>Nothing was sent.</p>\n"
    yield "<h2>What it was read from</h2>\n"
    for one in story.payloads:
        found = records.payload(db, story.entity, one.system, one.external_id, one.version)
        head = (
            f"{one.system} {one.external_id}, version {one.version} ({one.contract}), {text(one.fetched_at)[:16].replace('T', ' ')}, "
            f"{one.byte_count:,} bytes, SHA-256 {one.sha256}"
        )
        yield _folded(head, [("", veiled(found[0].decode(errors="replace"), story.entity) if found else "")])
    if not story.payloads:
        yield "<p>No payload is held.</p>\n"
    yield "</body>\n</html>\n"


def _as_it_is(text: str, entity: str = "") -> str:
    return text


def _attempt(
    veiled: Veiled, at: str, system: str, operation: str, number: int, outcome: str, status: int | None, message: str | None, body: str,
    edited: str | None, answer: str | None, kept: bytes | None,
) -> str:  # fmt: skip
    status_told = f" ({status})" if status is not None else ""
    told = f": {veiled(message)}" if message else ""
    head = f"{at[:16].replace('T', ' ')} {system} {operation}, attempt {number}: {outcome}{status_told}{told}"
    wire = [
        (f"{one.method} {one.path} -> {'no answer' if one.status is None else one.status}", veiled(one.body))
        for one in calls.unpacked(kept)
    ]
    return _folded(
        head,
        [
            ("decided", veiled(body)),
            ("edited by a person", veiled(edited or "")),
            *wire,
            ("answer", veiled(answer or "")),
        ],
    )


def _folded(head: str, parts: Sequence[tuple[str, str]]) -> str:
    shown = "".join(
        (f"<p>{_shown(name)}</p>" if name else "") + (f"<pre>{_shown(_pretty(part))}</pre>" if part else "")
        for name, part in parts
        if part or "->" in name
    )
    return f"<details><summary>{_shown(head)}</summary>{shown}</details>\n"


def _pretty(part: str) -> str:
    """Return JSON over lines, its values to the character; other text as it is."""
    try:
        told = msgspec.json.format(part, indent=1)
    except msgspec.DecodeError:
        told = part
    if len(told) <= TEXT_CHARS_MAX:
        return told
    return f"{told[:TEXT_CHARS_MAX]}\n[cut: {len(told) - TEXT_CHARS_MAX:,} characters more]"


def _shown(part: str) -> str:
    r"""Return text of a page: nothing of it is markup or turns the reading direction, and no bank number is whole.

    >>> _shown('<b>"iban": "DE89370400440532013000"</b>')
    '&lt;b&gt;&quot;iban&quot;: &quot;\u2022\u2022\u2022\u20223000&quot;&lt;/b&gt;'
    >>> _shown("paid to DE89 3704 0044 0532 0130 00 today")
    'paid to \u2022\u2022\u2022\u202230 00 today'
    """
    hidden = _NAMED.sub(lambda found: f"{found[1]}••••{found[3]}", part)
    hidden = _IBAN.sub(_account, hidden)
    return escape(_CONTROL.sub("\ufffd", hidden))


def _account(found: re.Match[str]) -> str:
    """Hide what its check digits make an IBAN."""
    plain = found[0].replace(" ", "")
    turned = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return f"••••{found[0][-5:] if ' ' in found[0] else found[0][-4:]}" if int(turned) % 97 == 1 else found[0]
