"""Words in the frame of a panel."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


def entitle(panel: Widget, title: str | None = None, subtitle: str | None = None) -> None:
    """Give a panel a title, a subtitle or both. Textual draws a panel anew, all of it, with each title that it is given: here
    only when it is another one."""
    if title is not None and Content(title).markup != (panel.border_title or ""):
        panel.border_title = Content(title)
    if subtitle is not None and Content(subtitle).markup != (panel.border_subtitle or ""):
        panel.border_subtitle = Content(subtitle)
