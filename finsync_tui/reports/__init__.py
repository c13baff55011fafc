"""Reports: what the store holds, as rows for a spreadsheet or another program. The catalogue; one file a kind of source."""

from finsync_tui.reports.catalogue import REPORTS, Question, Report, UnknownReportError, find
from finsync_tui.reports.narrowing import QuestionError, can_be_of, narrowed, of_days
from finsync_tui.reports.writing import FORMATS, Format, StoppedError, preview, write

__all__ = [
    "FORMATS",
    "REPORTS",
    "Format",
    "Question",
    "QuestionError",
    "Report",
    "StoppedError",
    "UnknownReportError",
    "can_be_of",
    "find",
    "narrowed",
    "of_days",
    "preview",
    "write",
]
