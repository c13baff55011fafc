"""Whose document is it? The chart of accounts that it is coded in says."""

from __future__ import annotations

from collections.abc import Iterable

from finsync_tui.flows.steps import Context, Hold
from store.canonical.keys import RecordKey


def by_chart(context: Context, charts: Iterable[str | None], what: str) -> str | Hold:
    """Return the number of the legal entity that keeps these charts, or say why there is not exactly one."""
    source = RecordKey.parse(context.workflow.document_key).system
    named = sorted({chart or "" for chart in charts})
    entities = {chart: context.facts.profile.legal_entity_of_chart(chart) for chart in named}
    unknown = [chart for chart, number in entities.items() if number is None]
    if unknown or not named:
        cause = (
            f"no legal entity keeps the chart of accounts {unknown[0]!r}"
            if named
            else f"the {what} has no account to tell its legal entity by"
        )
        return Hold(
            "MAPPING_MISSING",
            cause,
            "Name the chart in the profile as a legal entity's source_chart, then retry.",
            source,
            {"charts": named},
        )
    numbers = sorted({number for number in entities.values() if number})
    if len(numbers) > 1:
        return Hold(
            "MAPPING_MISSING",
            f"the {what} is charged to several legal entities ({', '.join(numbers)})",
            f"Split the {what} in the procurement system: it belongs to one company.",
            source,
            {"legal_entities": numbers},
        )
    return numbers[0]
