"""Read by Brownie when it loads the project.

Forge's tests are not its business, and compiling them costs half a minute.
"""

from __future__ import annotations

from pathlib import Path


def brownie_load_source(path: Path, source: str) -> str:
    """The source that Brownie compiles: all of contracts/, but of contracts/test/ only the mocks."""
    folders = path.parts[:-1]
    return "" if "test" in folders and "mocks" not in folders else source
