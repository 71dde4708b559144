"""What every private page rests on: who sits at the desk, whether a form is of this session, and errors as pages."""

from __future__ import annotations

import http
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Form, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from carbon_tokens.errors import CarbonTokensError, EvidenceLost, LedgerError, Reverted
from carbon_tokens.service import sessions
from carbon_tokens.service.desk_wallet import wallet_words
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.languages import chosen, later, spoken
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict, NotAcceptable
from carbon_tokens.service.rendering import Here, page
from carbon_tokens.service.writing import Refused

COOKIE = "desk"
ChainForm = Annotated[int, Form(ge=1, le=2**31 - 1)]
FacilityForm = Annotated[str, Form(pattern="^0x[0-9a-f]{54}$")]
MENU = {
    "auditor": (("/desk/audits", later("Requests")),),
    "operator": (("/desk/months", later("Months")), ("/desk/audits", later("Audits")),
                 ("/desk/audits/new", later("Ask for an audit"))),
    "issuer": (("/desk/batches", later("Batches")), ("/desk/batches/new", later("Issue"))),
    "customer": (("/desk/shares", later("Shares")),),
    "admin": (("/desk/keys", later("Keys")), ("/desk/actions", later("Log")), ("/desk/audits", later("Audits"))),
}  # fmt: skip
_STATUS = (
    (Unknown, 404), (Conflict, 409), (Reverted, 409), (NotAcceptable, 422), (EvidenceLost, 502), (LedgerError, 503),
    (CarbonTokensError, 422),
)  # fmt: skip
_SAME = ("", "same-origin", "none")  # Sec-Fetch-Site: what browsers of these years send of their own accord


class SignInNeeded(Exception):
    """There is no session, or it has ended."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the desk, and the session's own token."""

    by: Principal
    token: str

    @property
    def form_token(self) -> str:
        """What its forms carry."""
        return sessions.form_token(self.token)


def seated(request: Request, node: Here, desk: Annotated[str, Cookie()] = "") -> Seat:
    """Whose session a request is of. Refuses too many requests of one key."""
    with node.reader.engine.begin() as connection:
        by = sessions.found(connection, desk) if desk else None
    if by is None:
        raise SignInNeeded
    request.state.seat = Seat(by, desk)
    limited(request.app.state.limiter, by.prefix)
    request.app.state.uses.note(by.prefix)
    return Seat(by, desk)


def posted(request: Request, seat: Annotated[Seat, Depends(seated)], form: Annotated[str, Form()] = "") -> Seat:
    """Whose session a form is of. Refuses one of another session or site."""
    same_site(request)
    if not sessions.is_form_token(seat.token, form):
        raise Refused(403, "this form is of another session: open its page again")
    return seat


At = Annotated[Seat, Depends(seated)]
By = Annotated[Seat, Depends(posted)]


def same_site(request: Request) -> None:
    """Refuses a form that another site sends."""
    if request.headers.get("sec-fetch-site", "") not in _SAME:
        raise Refused(403, "this form was sent by another site")


def limited(limiter: Limiter, who: str) -> None:
    """Refuses too many requests of one caller."""
    wait = limiter.wait_s(who)
    if wait:
        raise Refused(429, "too many requests", **{"Retry-After": str(int(wait) + 1)})


def shown(request: Request, name: str, seat: Seat | None, status: int = 200, **content: Any) -> Response:
    """A private page."""
    menu = MENU[seat.by.role] if seat else ()
    return page(request, name, status, seat=seat, menu=menu, wallet_words=wallet_words(), **content)


def moved(path: str) -> Response:
    """To another page after a form, so that loading it again sends nothing again."""
    return RedirectResponse(path, 303)


class DeskRoute(APIRoute):
    """A route whose errors are pages, and whose answers nobody keeps."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        plain = super().get_route_handler()

        async def answered(request: Request) -> Response:
            spoken.set(chosen(request.headers.get("accept-language", "")))  # of this request alone: it has a context
            try:
                response = await plain(request)
            except SignInNeeded:
                response = moved("/sign-in" + (f"?to={request.url.path}" if request.method == "GET" else ""))
            except (Refused, Unknown, CarbonTokensError, RequestValidationError, HTTPException) as error:
                response = _fault(request, error)
            response.headers["Cache-Control"] = "no-store"
            return response

        return answered


def router() -> APIRouter:
    """A router of private pages."""
    return APIRouter(include_in_schema=False, default_response_class=HTMLResponse, route_class=DeskRoute)


def _fault(request: Request, error: Exception) -> Response:
    """What went wrong, where, and what to do, as a page."""
    status, what, where, todo = 503, str(error), "", ""
    headers: dict[str, str] = {}
    if isinstance(error, Refused):
        status, what, headers = error.status, error.what, error.headers
    elif isinstance(error, HTTPException):
        status, what = error.status_code, str(error.detail)
    elif isinstance(error, RequestValidationError):
        first: Any = error.errors()[0]
        status, what, where = 422, str(first["msg"]), str(first["loc"][-1])
    elif isinstance(error, CarbonTokensError):
        what, where, todo = error.what, error.where, error.todo
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), status)
    if isinstance(error, Unknown):
        what = f"there is no {error}"
    seat = getattr(request.state, "seat", None)
    response = shown(request, "desk_fault.html", seat, status, title=http.HTTPStatus(status).phrase, what=what,
                     where=where, todo=todo)  # fmt: skip
    response.headers.update(headers)
    return response
