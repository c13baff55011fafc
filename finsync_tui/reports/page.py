"""A report as one page of HTML that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Final

from finsync_tui.reports.stamp import CURRENCY, Stamp, Totals, Value, readable, words

_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2rem; }}
h1 {{ font-size: 1.4rem; margin: 0; }}
p {{ margin: .2rem 0 1rem; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; margin: 0 0 1.5rem; }}
dt, caption {{ font-weight: 600; text-align: left; }}
dd {{ margin: 0; }}
table {{ border-collapse: collapse; margin-bottom: 2rem; }}
th {{ position: sticky; top: 0; background: Canvas; text-align: left; white-space: nowrap; }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid GrayText; vertical-align: top; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
@media print {{ body {{ margin: 0; font-size: 9px; }} th {{ position: static; }} thead {{ display: table-header-group; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
<dl>{stamp}</dl>
"""


@contextmanager
def writing(
    draft: Path, _path: Path, stamp: Stamp, header: Sequence[str]
) -> Iterator[Callable[[Sequence[Sequence[Value]]], None]]:
    """Give a function that writes rows; totals follow the last of them."""
    totals, count = Totals(header, stamp.totalled), 0
    places = readable(header, stamp)
    with draft.open("w", encoding="utf-8") as file:

        def add(rows: Sequence[Sequence[Value]]) -> None:
            nonlocal count
            for row in rows:
                totals.add(row)
                file.write(f"<tr>{''.join(_cell(row[at]) for at in places)}</tr>\n")
            count += len(rows)

        told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in stamp.lines())
        file.write(_HEAD.format(title=escape(stamp.title), about=escape(stamp.about), stamp=told))
        file.write(_begun([header[at] for at in places]))
        yield add
        file.write("</tbody></table>\n")
        file.write(f"<p>{count:,} rows. Times are UTC.</p>\n")
        if totals.rows():
            names = [name for name in stamp.totalled if name in header]
            file.write("<h2>Totals</h2>\n" + _begun([CURRENCY, *names]))
            for currency, sums in totals.rows():
                cells = [currency, *(sums.get(name) for name in names)]
                file.write(f"<tr>{''.join(map(_cell, cells))}</tr>\n")
            file.write("</tbody></table>\n")
        file.write("</body>\n</html>\n")


def _begun(header: Sequence[str]) -> str:
    names = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in header)
    return f"<table><thead><tr>{names}</tr></thead><tbody>\n"


def _cell(value: Value) -> str:
    kind = ' class="number"' if isinstance(value, int | Decimal) else ""
    return f"<td{kind}>{escape(words(value))}</td>"
