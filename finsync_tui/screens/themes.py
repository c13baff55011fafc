"""Our two themes. Blue for good, never green against red; measured contrast is in the guide."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="finsync-dark",
    primary="#56B4E9",
    secondary="#8FB8D8",
    accent="#9CC9EC",
    success="#56B4E9",
    warning="#F0E442",
    error="#FF7A45",
    foreground="#D9E1EA",
    background="#151B22",
    surface="#1A222B",
    panel="#232E39",
    dark=True,
    variables={
        "muted": "#8B9AAB",
        "faint": "#33404D",
        "header": "#AAB8C6",
        "cursor-row": "#2B4A63",
        "cursor-row-blurred": "#222E3A",
        "marked-row": "#2A3140",
        "border-blurred": "#33404D",
        "border": "#56B4E9",
        "block-cursor-background": "#2B4A63",
        "block-cursor-foreground": "#FFFFFF",
        "block-cursor-text-style": "none",
        "input-cursor-background": "#D9E1EA",
        "footer-key-foreground": "#56B4E9",
        "scrollbar": "#33404D",
        "scrollbar-background": "#1A222B",
        "scrollbar-corner-color": "#1A222B",
    },
)
LIGHT = Theme(
    name="finsync-light",
    primary="#005FB8",
    secondary="#3A6EA5",
    accent="#0B5394",
    success="#005FB8",
    warning="#9A6700",
    error="#A4133C",
    foreground="#1B232C",
    background="#FFFFFF",
    surface="#F4F6F8",
    panel="#E6EBF0",
    dark=False,
    variables={
        "muted": "#5B6875",
        "faint": "#C9D2DB",
        "header": "#44515E",
        "cursor-row": "#CFE4F7",
        "cursor-row-blurred": "#E9EFF5",
        "marked-row": "#F3EBD3",
        "border-blurred": "#C9D2DB",
        "border": "#005FB8",
        "block-cursor-background": "#CFE4F7",
        "block-cursor-foreground": "#1B232C",
        "block-cursor-text-style": "none",
        "input-cursor-background": "#1B232C",
        "footer-key-foreground": "#005FB8",
        "scrollbar": "#C9D2DB",
        "scrollbar-background": "#F4F6F8",
        "scrollbar-corner-color": "#F4F6F8",
    },
)
FALLBACK = {
    "muted": "#8A8A8A",
    "faint": "#666666",
    "header": "#8A8A8A",
    "cursor-row": "#3A5A78",
    "cursor-row-blurred": "#4A4A4A",
    "marked-row": "#5A5030",
}
"""Our own colour names for themes that are not ours."""
