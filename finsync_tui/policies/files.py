"""A policy as people write it: TOML, read from a text or a file, and laid out again from what is recorded.

>>> from finsync_tui.policies.model import Rule
>>> rule = Rule(when='order.total.amount > decimal("100")', then="ask", why="it is large")
>>> print(written(PolicySetup(decides="order_check", rules={"large": rule})), end="")
decides = "order_check"
<BLANKLINE>
[rules.large]
when = 'order.total.amount > decimal("100")'
then = "ask"
why = "it is large"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from finsync_tui.policies.model import PolicySetup
from store.errors import FinsyncError

BYTES_MAX: Final = 400_000
"""Far beyond any policy; more is no text that a person wrote."""
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_TESTS: Final = "tests"


class PolicyUnreadableError(FinsyncError):
    """A text is no policy."""

    code = "POLICY_UNREADABLE"
    exit_code = 2

    def __init__(self, reason: str, source: str = "the text") -> None:
        super().__init__(
            f"{source} is no policy: {reason}. Nothing was changed. `finsync policy show POLICY` prints one as it is written."
        )
        self.reason = reason


def read(text: str, source: str = "the text") -> PolicySetup:
    """Return the policy that a text writes; PolicyUnreadableError says where it is none."""
    try:
        return PolicySetup.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PolicyUnreadableError(str(error).rstrip("."), source) from None
    except RecursionError:
        raise PolicyUnreadableError("it is nested too deeply", source) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise PolicyUnreadableError(f"{place}: {first['msg'].lower()}{more}", source) from None


def read_file(path: Path) -> PolicySetup:
    """Return the policy that a file holds."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise PolicyUnreadableError(f"it has more than {BYTES_MAX:,} bytes", str(path))
        return read(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise PolicyUnreadableError(error.strerror or str(error), str(path)) from None
    except UnicodeDecodeError:
        raise PolicyUnreadableError("it is not a text in UTF-8", str(path)) from None


def problem(text: str) -> str:
    """Return why a text is no policy; empty: it is one."""
    try:
        read(text)
    except PolicyUnreadableError as error:
        return error.reason
    return ""


def written(setup: PolicySetup) -> str:
    """Return a policy as a person would write it; read again, it is the same."""
    values = setup.model_dump(mode="json", exclude_defaults=True)
    tables = {name: values.pop(name, {}) for name in ("rules", _TESTS)}
    blocks = [_lines(values)]
    blocks += [
        f"[{kind}.{_key(name)}]\n{_lines(one, is_test=kind == _TESTS)}"
        for kind, found in tables.items()
        for name, one in found.items()
    ]
    return "\n\n".join(blocks) + "\n"


def _lines(values: Mapping[str, Any], *, is_test: bool = False) -> str:
    return "\n".join(_assignments(values, is_test=is_test))


def _assignments(values: Mapping[str, Any], *, is_test: bool) -> Iterator[str]:
    for name, value in values.items():
        if is_test and name == "given":
            for variable, document in value.items():
                yield f"given.{_key(variable)} = {_value(document)}"
        elif name in ("on", "valid_from", "valid_to"):
            yield f"{name} = {value}"
        else:
            yield f"{_key(name)} = {_value(value)}"


def _key(name: str) -> str:
    """Return a name, in quotes where it needs them; always on one line, as TOML asks for."""
    return name if _PLAIN_KEY.fullmatch(name) else _quoted(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {_value(part)}" for name, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, bool | int):
        return json.dumps(value)
    return _text(str(value))


def _text(value: str) -> str:
    """Return a text in quotes: single ones where it holds double ones, as expressions do; of several lines, as lines."""
    if "\n" in value and "'''" not in value and value.replace("\n", "").isprintable():
        return f"'''\n{value}'''" if not value.endswith("'") else _quoted(value)
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return _quoted(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
