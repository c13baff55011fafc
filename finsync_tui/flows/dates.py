"""Which day it is for a document: that of the company it belongs to. Periods and budgets go by it."""

from __future__ import annotations

from datetime import date

from finsync_tui.flows.steps import Context


def today(context: Context) -> date:
    """Return the day where the document's company is."""
    return context.facts.profile.legal_entities[str(context.data["legal_entity"])].day(context.now)
