"""Lists and their items: long codes, levels, sharing, deletion; what the list services write goes through here.

A long code is the parent's long code, a hyphen, and the item's own short code. Short codes may hold hyphens
themselves, so a long code can't be taken apart again; that one long code names two items is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapters.concur.simulator_state import ConcurList, ListItem
from adapters.concur.simulator_world import World

LEVELS_MAX = 10
MESSAGES = {
    "item.duplicate.code": "An item with this code exists",
    "item.duplicate.code.deleted": "An item with this code exists and is deleted",
    "item.duplicate.item.shared": "The item exists in another list of the same structure",
    "item.parent.not.found": "The parent item does not exist",
    "item.parent.deleted": "The parent item is deleted",
    "item.not.found": "The item does not exist",
    "item.deleted": "The item is deleted",
    "item.list.id.not.match.parent": "The parent item belongs to another list",
    "item.max.level.exceeded": "The list has no further level",
    "list.not.found": "The list does not exist",
    "list.deleted": "The list is deleted",
    "list.read.only": "The list is read only",
    "list.managed": "The list is managed by another application",
}


class ListProblemError(Exception):
    """What speaks against a change of a list, by its published id."""

    def __init__(self, problem_id: str) -> None:
        super().__init__(MESSAGES[problem_id])
        self.id = problem_id


class ListDesk:
    """Keeps lists and items."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_list(self, name: str, *, level_count: int = 1, list_id: str | None = None) -> ConcurList:
        if not 1 <= level_count <= LEVELS_MAX:
            raise ValueError(f"a list has 1 to {LEVELS_MAX} levels, not {level_count}")
        world = self._world
        found = ConcurList(
            list_id or world.uuid("list"), name, level_count, world.uuid("list category"), "Custom"
        )
        world.state.lists[found.id] = found
        return found

    def live_list(self, list_id: str, *, is_writing: bool = False) -> ConcurList:
        found = self._world.state.lists.get(list_id)
        if found is None:
            raise ListProblemError("list.not.found")
        if found.is_deleted:
            raise ListProblemError("list.deleted")
        if is_writing and found.is_read_only:
            raise ListProblemError("list.read.only")
        if is_writing and found.managed_by not in (None, f"appId:{self._world.client_id}"):
            raise ListProblemError("list.managed")
        return found

    def add_item(
        self,
        list_id: str,
        short_code: str,
        value: str,
        *,
        parent_code: str | None = None,
        parent_id: str | None = None,
    ) -> ListItem:
        """Create an item below its parent, or on the first level."""
        world = self._world
        owner = self.live_list(list_id, is_writing=True)
        parent = self._parent(list_id, parent_code, parent_id)
        level = parent.level + 1 if parent else 1
        if level > owner.level_count:
            raise ListProblemError("item.max.level.exceeded")
        code = f"{parent.code}-{short_code}" if parent else short_code
        known = world.item_by_code(list_id, code)
        if known is not None:
            raise ListProblemError(
                "item.duplicate.code.deleted" if known.is_deleted else "item.duplicate.code"
            )
        if any(world.item_by_code(other, code) for other in self._sharing(list_id)):
            raise ListProblemError("item.duplicate.item.shared")
        item = ListItem(
            id=world.uuid("item"),
            v3_id=world.protected_id("item"),
            code=code,
            short_code=short_code,
            value=value,
            level=level,
            parent_id=parent.id if parent else None,
            list_ids=[list_id],
        )
        world.state.items[item.id] = item
        return item

    def share(self, item: ListItem, list_id: str) -> None:
        """Let an item and all below it belong to one more list."""
        for one in [item, *self.below(item)]:
            if list_id not in one.list_ids:
                one.list_ids.append(list_id)

    def update(self, item: ListItem, *, short_code: str | None = None, value: str | None = None) -> None:
        if short_code is not None and short_code != item.short_code:
            parent = self._world.state.items.get(item.parent_id or "")
            code = f"{parent.code}-{short_code}" if parent else short_code
            for list_id in item.list_ids:
                known = self._world.item_by_code(list_id, code)
                if known is not None and known is not item:
                    raise ListProblemError("item.duplicate.code")
            item.short_code = short_code
            self._recode(item, code)
        if value is not None:
            item.value = value

    def delete(self, item: ListItem) -> None:
        """Delete an item and all below it, in every list."""
        for one in [item, *self.below(item)]:
            one.is_deleted = True

    def take_out(self, item: ListItem, list_id: str) -> None:
        """Take an item and all below it out of one list; what is in no list any more is deleted."""
        for one in [item, *self.below(item)]:
            if list_id not in one.list_ids:
                continue
            if len(one.list_ids) == 1:
                one.is_deleted = True
            else:
                one.list_ids.remove(list_id)

    def restore(self, item: ListItem) -> None:
        parent = self._world.state.items.get(item.parent_id or "")
        if parent is not None and parent.is_deleted:
            raise ListProblemError("item.parent.deleted")
        item.is_deleted = False

    def below(self, item: ListItem) -> list[ListItem]:
        """Return everything below an item."""
        children = [one for one in self._world.state.items.values() if one.parent_id == item.id]
        return children + [one for child in children for one in self.below(child)]

    def parents_in_use(self) -> set[tuple[str, str]]:
        """Return (list, item) of items that have live children there."""
        return {
            (list_id, one.parent_id)
            for one in self._world.state.items.values()
            if one.parent_id is not None and not one.is_deleted
            for list_id in one.list_ids
        }

    def _parent(self, list_id: str, code: str | None, item_id: str | None) -> ListItem | None:
        if item_id is not None:
            parent = self._world.state.items.get(item_id)
            if parent is not None and list_id not in parent.list_ids:
                raise ListProblemError("item.list.id.not.match.parent")
        elif code:
            parent = self._world.item_by_code(list_id, code)
        else:
            return None
        if parent is None:
            raise ListProblemError("item.parent.not.found")
        if parent.is_deleted:
            raise ListProblemError("item.parent.deleted")
        return parent

    def _sharing(self, list_id: str) -> Iterable[str]:
        """Return the other lists that share items with this one."""
        shared: set[str] = set()
        for one in self._world.state.items.values():
            if len(one.list_ids) > 1 and list_id in one.list_ids:
                shared |= set(one.list_ids)
        return sorted(shared - {list_id})

    def _recode(self, item: ListItem, code: str) -> None:
        item.code = code
        for one in self._world.state.items.values():
            if one.parent_id == item.id:
                self._recode(one, f"{code}-{one.short_code}")
