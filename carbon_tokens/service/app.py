"""The node as a web application: API, pages, health, metrics. Errors are problem+json (RFC 9457), with what to do."""

from __future__ import annotations

import http
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from carbon_tokens.errors import (
    AllocationError,
    CarbonTokensError,
    EnergyError,
    EvidenceFull,
    EvidenceLost,
    EvidenceRefused,
    FactorError,
    Reverted,
    StatementError,
)
from carbon_tokens.nesting import LIMIT as NESTING
from carbon_tokens.nesting import too_deep
from carbon_tokens.service import (
    addresses,
    api,
    audits_api,
    desk,
    facilities,
    factor_api,
    keeping,
    keys_api,
    logs,
    pages,
    shares_api,
    statements_api,
    transactions,
    uploads,
    writing,
)
from carbon_tokens.service.answers import Health, Problem
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.metrics import Metrics
from carbon_tokens.service.node import Node
from carbon_tokens.service.quotas import QUOTA, Amount
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict, NotAcceptable
from carbon_tokens.service.signers import Signers
from carbon_tokens.service.uses import Uses

BODY_LIMIT = 20_000_000  # bytes: a proof of a year with all its documents has less than one of them
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STATUS = {  # else the chain does not answer
    Conflict: 409, Reverted: 409, NotAcceptable: 422, StatementError: 422, EnergyError: 422, FactorError: 422,
    AllocationError: 422, EvidenceRefused: 422, EvidenceLost: 502,
    EvidenceFull: 413,
}  # fmt: skip
Next = Callable[[Request], Awaitable[Response]]


def create(
    node: Node, evidence: str = "", signers: Signers | None = None, public_url: str = "", quota: Amount = QUOTA
) -> FastAPI:
    """The application of a node; the node starts and stops with it.

    Args:
        evidence: the address of its store of evidence.
        quota: what each organisation may keep there.
        public_url: where people reach it, for links and QR codes; "": what each request calls it.

    Raises:
        EvidenceRefused, LedgerError: an address that is none.
    """
    metrics = Metrics(node)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        node.start()
        yield
        app.state.uses.close()
        node.stop()

    app = FastAPI(
        title="carbon-tokens node", version=version("carbon-tokens"), lifespan=lifespan, docs_url=None, redoc_url=None,
        description="What the chain recorded of facilities, their months and claims; and verification of proofs.",
    )  # fmt: skip
    app.state.node, app.state.limiter, app.state.uses = node, Limiter(), Uses(node.engine)
    app.state.signers, app.state.public_url = signers or Signers(), addresses.public(public_url)
    app.state.evidence, app.state.quota = keeping.store_for(node.engine, evidence), quota
    app.include_router(api.router)
    for each in (keys_api, audits_api, facilities, statements_api, shares_api, factor_api, transactions, uploads):
        app.include_router(each.router)
    app.include_router(pages.router)
    app.include_router(desk.routes)
    app.mount("/static", StaticFiles(directory=Path(str(resources.files("carbon_tokens.service") / "static"))))
    _errors(app)
    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(kind, without_database)
    _health(app, node, metrics)
    _describe(app)

    @app.middleware("http")
    async def guarded(request: Request, call: Next) -> Response:
        length = request.headers.get("content-length", "")
        chunked = "transfer-encoding" in request.headers
        if (length.isdecimal() and int(length) > BODY_LIMIT) or chunked:
            status = 411 if chunked else 413
            return problem(status, f"a body of known length, {BODY_LIMIT:,} bytes at most")
        if "json" in request.headers.get("content-type", "json").lower():  # what FastAPI parses as JSON
            body = await request.body()
            if await run_in_threadpool(too_deep, body):
                return problem(422, f"the JSON nests deeper than {NESTING} levels")
        number = request.state.number = logs.request_id(request)
        with logs.logged(request, number) as logged, metrics.request(request) as seen:
            response = await call(request)
            seen(response.status_code)
            logged(response.status_code)
        response.headers.update({**_HEADERS, "X-Request-Id": number})
        return response

    return app


def problem(status: int, detail: str = "", where: str = "", todo: str = "") -> JSONResponse:
    """An error in the form of RFC 9457."""
    content = Problem(title=http.HTTPStatus(status).phrase, status=status, detail=detail, where=where, todo=todo)
    return JSONResponse(content.model_dump(), status, _HEADERS, media_type="application/problem+json")


async def without_database(_: Request, __: Exception) -> Response:
    """The answer while the database is away, or all connections to it are taken."""
    return problem(503, "the database does not answer", todo="Ask again later.")


def _errors(app: FastAPI) -> None:
    @app.exception_handler(Unknown)
    async def unknown(request: Request, error: Unknown) -> Response:
        if pages.wanted(request):
            return pages.not_found(request, str(error))
        return problem(404, f"there is no {error}")

    async def refused(request: Request, error: Any) -> Response:
        if error.status_code == 404 and pages.wanted(request):
            return pages.not_found(request, "page of this address")
        return problem(error.status_code, str(error.detail))

    for status in (400, 404, 405, 406, 415):  # what routing and parsing raise
        app.add_exception_handler(status, refused)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first: Any = error.errors()[0]
        return problem(422, str(first["msg"]), ".".join(map(str, first["loc"])), "See /openapi.json.")

    @app.exception_handler(writing.Refused)
    async def not_allowed(_: Request, error: writing.Refused) -> Response:
        response = problem(error.status, error.what)
        response.headers.update(error.headers)
        return response

    @app.exception_handler(Exception)
    async def broken(request: Request, _: Exception) -> Response:
        number = getattr(request.state, "number", "")
        response = problem(500, "something is broken here", todo=f"Tell who runs this node: request {number}.")
        response.headers["X-Request-Id"] = number
        return response

    @app.exception_handler(CarbonTokensError)
    async def failed(_: Request, error: CarbonTokensError) -> Response:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 503)
        return problem(status, error.what, error.where, error.todo)


def _describe(app: FastAPI) -> None:
    """The OpenAPI description with errors as they are: problem+json, also where FastAPI describes its own form."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        found = plain()
        of_problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        for operation in (each for path in found["paths"].values() for each in path.values()):
            for status, answer in operation["responses"].items():
                forms = [each.get("schema", {}) for each in answer.get("content", {}).values()] or [{}]
                form = str(forms[0].get("$ref", ""))
                if status == "422" or form.endswith("/Problem"):
                    answer["content"] = {"application/problem+json": of_problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            found["components"]["schemas"].pop(unused, None)
        return found

    app.openapi = described  # type: ignore[method-assign]


def _health(app: FastAPI, node: Node, metrics: Metrics) -> None:
    @app.get("/health/live", response_model=Health, tags=["health"])
    async def live() -> Any:  # not in a thread of the pool, which may all be waiting
        """The process answers."""
        return {"status": "live"}

    @app.get("/health/ready", response_model=Health, responses={503: {"model": Health}}, tags=["health"])
    async def ready() -> Any:
        """Every chain answers, and the index is at its head."""
        found = node.ready
        status = "ready" if not any(found.values()) else "not ready"
        return JSONResponse({"status": status, "chains": found}, 200 if status == "ready" else 503)

    @app.get("/metrics", response_class=PlainTextResponse, tags=["health"])
    def measured() -> Any:
        """For Prometheus."""
        return PlainTextResponse(metrics.text(), media_type="text/plain; version=0.0.4")
