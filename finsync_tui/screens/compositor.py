"""Putting a screen together, drawing only what will be seen of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class NarrowCompositor(Compositor):
    """Textual draws every widget that lies somewhere in the rectangle around all changes, all of it, and then throws away what
    others cover or what did not change. With each press of a key that is most of the work."""

    def _render_chops(
        self, crop: Region, is_rendered_line: Callable[[int], bool]
    ) -> Sequence[Mapping[int, Strip]]:
        """Fill the pieces of the lines that have changed, from the front to the back."""
        cuts = self.cuts
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(cut_set[:-1]) for cut_set in cuts]
        lines = [y for y in crop.line_range if is_rendered_line(y)]
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if not shown or not crop.overlaps(clip):
                continue
            left, right = shown.column_span
            seen = [
                y
                for y in lines
                if shown.y <= y < shown.bottom
                and any(strip is None and left <= cut < right for cut, strip in chops[y].items())
            ]
            if not seen:
                continue
            first = seen[0]
            part = Region(left - region.x, first - region.y, shown.width, seen[-1] - first + 1)
            drawn = widget.render_lines(part)
            for y in seen:
                line = chops[y]
                ends = [cut for cut in cuts[y] if left <= cut <= right]
                pieces = drawn[y - first].divide([cut - left for cut in ends[1:]])
                for cut, piece in zip(ends, pieces, strict=False):
                    if line[cut] is None:
                        line[cut] = piece
        return chops  # type: ignore[return-value]  # all that is asked for is filled: the screen itself is at the back
