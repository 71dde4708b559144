"""Small Green Button (ESPI) files, written out for the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
START = 1_330_560_000  # 2012-03-01T00:00Z
Reading = tuple[int, int, int]  # start, duration, value


def entry(content: str, own: str, related: Sequence[str] = (), title: str = "", up: str = "") -> str:
    links = "".join(f'<link rel="related" href="{each}"/>' for each in related)
    above = f'<link rel="up" href="{up}"/>' if up else ""
    links = f'<link rel="self" href="{own}"/>{above}{links}'
    return f"<entry>{links}<title>{title}</title><content>{content}</content></entry>"


def feed(*entries: str) -> str:
    return (
        f'{HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">\n'
        + "\n".join(entries)
        + "\n</feed>"
    )


def point(name: str = "1", kind: str = "0") -> str:
    content = f"<e:UsagePoint><e:ServiceCategory><e:kind>{kind}</e:kind></e:ServiceCategory></e:UsagePoint>"
    return entry(content, f"/User/9/UsagePoint/{name}", [f"/User/9/UsagePoint/{name}/MeterReading"])


def meter(name: str = "1", number: str = "1", kind: str | None = "T", title: str = "") -> str:
    own = f"/User/9/UsagePoint/{name}/MeterReading/{number}"
    related = [f"{own}/IntervalBlock"] + ([f"/ReadingType/{kind}"] if kind else [])
    return entry("<e:MeterReading/>", own, related, title, up=f"/User/9/UsagePoint/{name}/MeterReading")


def reading_type(name: str = "T", **values: str) -> str:
    stated = {"uom": "72", "powerOfTenMultiplier": "0"} | values
    content = "".join(f"<e:{key}>{value}</e:{key}>" for key, value in stated.items() if value != "-")
    return entry(f"<e:ReadingType>{content}</e:ReadingType>", f"/ReadingType/{name}")


def reading(start: object, duration: object, value: object, more: str = "") -> str:
    period = f"<e:timePeriod><e:duration>{duration}</e:duration><e:start>{start}</e:start></e:timePeriod>"
    return f"<e:IntervalReading>{more}{period}<e:value>{value}</e:value></e:IntervalReading>"


def block(readings: Iterable[str], name: str = "1", number: str = "1", block: int = 1) -> str:
    above = f"/User/9/UsagePoint/{name}/MeterReading/{number}/IntervalBlock"
    content = "<e:IntervalBlock>\n" + "\n".join(readings) + "\n</e:IntervalBlock>"
    return entry(content, f"{above}/{block}", up=above)


def one_meter(readings: Iterable[str], **kind: str) -> str:
    """A feed of one usage point with one meter reading."""
    return feed(point(), meter(), reading_type(**kind), block(readings))


def hourly(values: Sequence[int], start: int = START) -> list[str]:
    return [reading(start + 3600 * index, 3600, value) for index, value in enumerate(values)]


def local_time(offset: int, saving: int = 3600, begins: str = "360E2000", ends: str = "B40E2000") -> str:
    """LocalTimeParameters; the rules are those of the US."""
    values = {"dstEndRule": ends, "dstOffset": saving, "dstStartRule": begins, "tzOffset": offset}
    content = "".join(f"<e:{key}>{value}</e:{key}>" for key, value in values.items())
    return entry(f"<e:LocalTimeParameters>{content}</e:LocalTimeParameters>", "/LocalTimeParameters/01")
