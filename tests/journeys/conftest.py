"""What journeys tell at the end: which seeds they ran with, so that any of them can be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

SAID = "said"


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what the journeys recorded under `said`, also when they ran in other processes."""
    reports = [
        one for found in terminalreporter.stats.values() for one in found if hasattr(one, "user_properties")
    ]
    for line in dict.fromkeys(
        f"{report.nodeid}: {value}"
        for report in reports
        for name, value in report.user_properties
        if name == SAID
    ):
        terminalreporter.write_line(line)
