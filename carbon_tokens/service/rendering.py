"""Pages from templates: in the language that a browser asks for, with numbers to the gram and to the Wh."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from carbon_tokens.service import languages
from carbon_tokens.service.api import node_of
from carbon_tokens.service.node import Node

Here = Annotated[Node, Depends(node_of)]
DEMONSTRATION = "facilities.json"  # stands beside the deployments of a demonstration
FOLDER = Path(str(resources.files("carbon_tokens.service") / "templates"))


def environment() -> Environment:
    """The templates' own environment: everything is escaped, and a name that is not given is an error."""
    found = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.i18n"]
    )
    found.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        lambda message: languages.spoken.get().gettext(message),
        lambda one, several, number: languages.spoken.get().ngettext(one, several, number),
        newstyle=True,
    )
    found.policies["ext.i18n.trimmed"] = True
    found.filters |= {"t": tonnes, "mwh": megawatt_hours, "count": count, "short": short, "decimal": decimal}
    return found


def page(request: Request, name: str, status: int = 200, **content: Any) -> Response:
    """A page of a template, with what it shows."""
    language = languages.chosen(request.headers.get("accept-language", ""))
    token = languages.spoken.set(language)
    try:
        headers = {"Content-Language": language.code, "Vary": "Accept-Language"}
        content |= {"lang": language.code, "demonstration": _demonstrates(request.app.state.node)}
        return _TEMPLATES.TemplateResponse(request, name, content, status_code=status, headers=headers)
    finally:
        languages.spoken.reset(token)


def _demonstrates(node: Node) -> bool:
    """Whether a chain of the node is the demonstration's: its pages say what of it is real."""
    return any((each.network.deployments.parent / DEMONSTRATION).is_file() for each in node.followers.values())


def tonnes(grams: int) -> str:
    """g as t, to the gram, with signs as people write them."""
    sign = "−" if grams < 0 else ""
    return languages.spoken.get().number(f"{sign}{abs(grams) // 1_000_000:,}.{abs(grams) % 1_000_000:06d}")


def megawatt_hours(watt_hours: int) -> str:
    """Wh as MWh, to the Wh."""
    return tonnes(watt_hours)


def count(number: int) -> str:
    """A number with its thousands apart."""
    return languages.spoken.get().number(f"{number:,}")


def decimal(text: str) -> str:
    """A number that is written out already, with the language's own point."""
    return languages.spoken.get().number(text)


def short(text: str) -> str:
    """An id or address that is recognised by its ends."""
    return text if len(text) <= 22 else f"{text[:10]}…{text[-6:]}"


_TEMPLATES = Jinja2Templates(env=environment())
