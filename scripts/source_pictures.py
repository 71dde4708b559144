"""Draws the pictures of docs/sources from numbers that the package computes: of the files that the pages show, of what
is shipped in data, and of small days that are written down in the scripts. The same bytes each time.

    python -m scripts.source_pictures
"""

from __future__ import annotations

from collections.abc import Callable

from scripts import energy_pictures, factor_pictures, site_pictures
from scripts.drawing import Picture
from scripts.source_pages import FOLDER

DRAWN: dict[str, Callable[[], Picture]] = {
    "tiers.svg": site_pictures.tiers,
    "bills.svg": energy_pictures.bills,
    "green-button.svg": energy_pictures.green_button,
    "meters.svg": energy_pictures.meters,
    "ups.svg": energy_pictures.ups,
    "servers.svg": site_pictures.servers,
    "cooling.svg": site_pictures.cooling,
    "precedence.svg": site_pictures.precedence,
    "activity.svg": site_pictures.activity,
    "direct.svg": site_pictures.direct,
    "egrid.svg": factor_pictures.egrid,
    "countries.svg": factor_pictures.countries,
    "hourly.svg": factor_pictures.hourly,
    "certificates.svg": factor_pictures.certificates,
    "offsets.svg": factor_pictures.offsets,
}


def pictures() -> dict[str, str]:
    """Each file's text by its name."""
    return {name: draw().svg() for name, draw in DRAWN.items()}


def main() -> None:
    """Writes them."""
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
        print(f"{name}: {len(svg.encode()):,} bytes")


if __name__ == "__main__":
    main()
