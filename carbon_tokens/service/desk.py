"""The door of the private pages: signing in with an API key, signing out, and the way to the desk of a role.

The form to sign in carries the HMAC of a random cookie of this page, which no other site can set or read (SameSite):
nobody can sign somebody else in under a key of their own. The key is in the body of one request, and never in an
address. Whoever guesses gets 20 attempts, and one each five seconds after that.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Cookie, Form, Query, Request, Response

from carbon_tokens.service import (
    addresses,
    desk_admin,
    desk_asking,
    desk_audits,
    desk_facilities,
    desk_files,
    desk_issuing,
    desk_months,
    desk_prepared,
    desk_queue,
    desk_shares,
    sessions,
)
from carbon_tokens.service.desk_seat import COOKIE, MENU, At, By, limited, moved, router, same_site, shown
from carbon_tokens.service.languages import say
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.rendering import Here

_BEFORE = "before"  # the cookie of the page to sign in
_OWN = re.compile(r"/desk(/[A-Za-z0-9-]+)*")  # where one may go on to
routes = router()


@routes.get("/sign-in")
def sign_in(request: Request, to: Annotated[str, Query()] = "") -> Response:
    """Where a key is pasted."""
    return _door(request, to)


@routes.post("/sign-in")
def signed_in(
    request: Request, node: Here, key: Annotated[str, Form()] = "", form: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "", before: Annotated[str, Cookie()] = "",
) -> Response:  # fmt: skip
    """A new session for a good key."""
    same_site(request)
    limited(_limiter(request), request.client.host if request.client else "")
    if not before or not sessions.is_form_token(before, form):
        return _door(request, to, 403, say("The form was too old, or cookies are off. Try again."))
    with node.engine.begin() as connection:
        token = sessions.begin(connection, key.strip())
    if token is None:
        return _door(request, to, 401, say("This is no key, or it has expired or was revoked."))
    response = moved(to if _OWN.fullmatch(to) else "/desk")
    _give(request, response, COOKIE, token, "/desk")
    response.delete_cookie(_BEFORE, path="/sign-in")
    return response


@routes.post("/desk/sign-out")
def sign_out(node: Here, seat: By) -> Response:
    """Ends the session."""
    with node.engine.begin() as connection:
        sessions.end(connection, seat.token, seat.by)
    response = moved("/sign-in")
    response.delete_cookie(COOKIE, path="/desk")
    return response


@routes.get("/desk")
def desk(seat: At) -> Response:
    """To the first page of a role."""
    return moved(MENU[seat.by.role][0][0])


def _door(request: Request, to: str, status: int = 200, fault: str = "") -> Response:
    token = sessions.random_token()
    response = shown(
        request, "desk_sign_in.html", None, status, form=sessions.form_token(token), fault=fault,
        to=to if _OWN.fullmatch(to) else "",
    )  # fmt: skip
    _give(request, response, _BEFORE, token, "/sign-in")
    return response


def _give(request: Request, response: Response, name: str, token: str, path: str) -> None:
    secure = addresses.is_secure(request)
    response.set_cookie(
        name, token, max_age=sessions.LASTS_S, path=path, secure=secure, httponly=True, samesite="strict"
    )


def _limiter(request: Request) -> Limiter:
    state = request.app.state
    if not hasattr(state, "sign_ins"):
        state.sign_ins = Limiter(rate=0.2, burst=20)
    found: Limiter = state.sign_ins
    return found


for _part in (
    desk_admin, desk_asking, desk_queue, desk_audits, desk_facilities, desk_files, desk_issuing, desk_months,
    desk_prepared, desk_shares,
):  # fmt: skip
    routes.include_router(_part.routes)
