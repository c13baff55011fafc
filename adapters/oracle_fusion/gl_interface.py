"""The layout of `GlInterface.csv`, the file that Import Journals reads (contract sheet, section 12.3). Pure.

150 columns by position, no heading row, the last one the literal END.

>>> COLUMNS.index("REFERENCE1") + 1, COLUMNS.index("GROUP_ID") + 1, len(COLUMNS)
(43, 67, 150)
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final

FILE_NAME: Final = "GlInterface.csv"
END: Final = "END"
SEGMENTS_MAX: Final = 30
LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The time in the archive: the earliest there is, so that the same journal gives the same bytes."""


def _numbered(name: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{name}{number}" for number in range(first, last + 1))


COLUMNS: Final[tuple[str, ...]] = (
    *("STATUS", "LEDGER_ID", "ACCOUNTING_DATE", "USER_JE_SOURCE_NAME", "USER_JE_CATEGORY_NAME"),
    *("CURRENCY_CODE", "DATE_CREATED", "ACTUAL_FLAG"),
    *_numbered("SEGMENT", 1, SEGMENTS_MAX),
    *("ENTERED_DR", "ENTERED_CR", "ACCOUNTED_DR", "ACCOUNTED_CR"),
    *_numbered("REFERENCE", 1, 10),
    *_numbered("REFERENCE", 21, 30),
    *("STAT_AMOUNT", "USER_CURRENCY_CONVERSION_TYPE", "CURRENCY_CONVERSION_DATE", "CURRENCY_CONVERSION_RATE"),
    "GROUP_ID",
    *("ATTRIBUTE_CATEGORY", *_numbered("ATTRIBUTE", 1, 20), "ATTRIBUTE_CATEGORY3"),
    *("AVERAGE_JOURNAL_FLAG", "ORIGINATING_BAL_SEG_VALUE", "LEDGER_NAME", "ENCUMBRANCE_TYPE_ID"),
    *("JGZZ_RECON_REF", "PERIOD_NAME"),
    *_numbered("REFERENCE", 18, 20),
    *(*_numbered("ATTRIBUTE_DATE", 1, 10), *_numbered("ATTRIBUTE_NUMBER", 1, 10)),
    *("GLOBAL_ATTRIBUTE_CATEGORY", *_numbered("GLOBAL_ATTRIBUTE", 1, 20)),
    *(*_numbered("GLOBAL_ATTRIBUTE_DATE", 1, 5), *_numbered("GLOBAL_ATTRIBUTE_NUMBER", 1, 5)),
    END,
)


def archive(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return a zip with the one file; the same rows give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        unknown = set(row) - set(COLUMNS)
        assert not unknown, unknown
        writer.writerow([END if name == END else row.get(name, "") for name in COLUMNS])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as target:
        target.writestr(zipfile.ZipInfo(FILE_NAME, LONG_AGO), text.getvalue().encode())
    return content.getvalue()
