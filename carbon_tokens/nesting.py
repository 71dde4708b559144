"""JSON that nests too deep to be read safely.

Python's parser stops at the interpreter's recursion limit, which libraries of the chain raise so far that the stack
ends first: a file of brackets alone would end the process instead of raising an error.
"""

from __future__ import annotations

import json
import re
from typing import Any

LIMIT = 100  # levels; the deepest document of this package has 8
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def loads(text: str | bytes, **options: Any) -> Any:
    """The value of a JSON text, as ``json.loads``. Raises ValueError for what is no JSON or nests too deep."""
    if too_deep(text):
        raise ValueError(f"it nests deeper than {LIMIT} levels")
    return json.loads(text, **options)


def too_deep(text: str | bytes) -> bool:
    """Whether a JSON text, or what claims to be one, nests deeper than ``LIMIT``."""
    content = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if content.count("[") + content.count("{") <= LIMIT:
        return False
    level = 0
    for found in _TOKENS.finditer(content):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if level > LIMIT:
            return True
    return False
