"""How every command runs: its common options, its one answer, its errors and exit codes.

Exit codes: 0 done, 1 not verified or refused by a rule, 2 wrong usage, 3 the chain or the environment failed.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from carbon_tokens.errors import (
    AllocationError,
    CarbonTokensError,
    EnergyError,
    EvidenceLost,
    EvidenceRefused,
    FactorError,
    PeriodError,
    ProofError,
    Reverted,
    StatementError,
    UnitError,
)

if TYPE_CHECKING:
    from rich.console import Console

    from carbon_tokens.claims import Documents
    from carbon_tokens.ledger import Chain, Ledger, Receipt
    from carbon_tokens.periods import Month

HOME = Path(".carbon-tokens")
STATE = HOME / "chain.db"
REFUSED, ENVIRONMENT = 1, 3
_RULES = (
    AllocationError, Reverted, StatementError, EnergyError, FactorError, UnitError, PeriodError, ProofError,
    EvidenceLost, EvidenceRefused,
)  # fmt: skip

Rpc = Annotated[str | None, typer.Option("--rpc", help="URL of a node; without it the embedded chain is used.")]
State = Annotated[Path | None, typer.Option("--state", help=f"State file of the embedded chain.  [default: {STATE}]")]
Deployments = Annotated[
    Path | None,
    typer.Option(
        "--deployment", "--deployments", help="Folder of <chain id>.json, which says where the contracts are."
    ),
]
Account = Annotated[
    str | None,
    typer.Option("--account", help="dev:NAME (local chains), keystore:FILE, env:VARIABLE, file:FILE or node:ADDRESS."),
]
DocumentsFolder = Annotated[Path | None, typer.Option("--documents", help="Folder of documents by their hash.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

COMMON: dict[str, Any] = {
    "rpc": Rpc, "state": State, "deployment": Deployments, "account": Account, "documents": DocumentsFolder,
}  # fmt: skip
CHAIN = ("rpc", "state", "deployment")

Show = Callable[["Console"], None]


class Run:
    """One command while it runs: the chain, the account that writes, the documents, and its answer."""

    def __init__(self, *, as_json: bool, writer: str | None, options: dict[str, Any]) -> None:
        self.as_json, self._writer = as_json, writer
        self.rpc: str | None = options.get("rpc")
        self.given_state: Path | None = options.get("state")
        self.state = self.given_state or STATE
        self.home = self.state.parent if self.rpc is None else HOME
        self.given_deployments: Path | None = options.get("deployment")
        self._account: str | None = options.get("account")
        self._folder: Path | None = options.get("documents")
        self.refused: dict[str, Any] = {}  # what the JSON answer says beside an error
        self.warnings: list[str] = []  # for the JSON answer; people read them on stderr at once
        self._chain: Chain | None = None
        self._ledger: Ledger | None = None

    @property
    def chain(self) -> Chain:
        """The chain that the options name. Raises LedgerError when it does not answer."""
        from carbon_tokens.ledger import Chain

        self._chain = self._chain or Chain.connect(self.rpc, state=None if self.rpc else self.state)
        return self._chain

    @property
    def deployments(self) -> Path:
        """``deployments`` for a node; beside the state file for the embedded chain."""
        return self.given_deployments or (Path("deployments") if self.rpc else self.state.parent / "deployments")

    def signer(self) -> Any:
        """The account of ``--account``; on local chains, the development account whose part the command is."""
        from carbon_tokens.ledger import account

        return account(self._account or f"dev:{self._writer}", self.chain)

    def play(self, writer: str) -> None:
        """Says whose part the command is where only its input tells."""
        self._writer = writer

    def address(self, text: str) -> str:
        """An address, or that of ``dev:NAME``. Raises typer.BadParameter for anything else."""
        from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address

        from carbon_tokens.ledger import account

        if text.startswith("dev:"):
            return account(text, self.chain).address
        if not is_hex_address(text):
            raise typer.BadParameter(f"{text!r} is no address")
        digits = text[-40:]
        if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(f"0x{digits}"):
            raise typer.BadParameter(f"{text!r} has a wrong checksum (EIP-55): a letter or digit of it may be mistyped")
        return to_checksum_address(text)

    @property
    def ledger(self) -> Ledger:
        """The deployed contracts. Raises LedgerError when there are none."""
        from carbon_tokens.ledger import Ledger

        signer = self.signer() if self._writer else None
        self._ledger = self._ledger or Ledger.connect(self.chain, signer, deployments=self.deployments, home=self.home)
        return self._ledger

    @property
    def documents(self) -> Documents:
        from carbon_tokens.claims import Documents

        return Documents(self._folder or self.home / "documents")

    @contextmanager
    def bar(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """A progress bar on stderr where that is a terminal; called with what is done and all of it."""
        from rich.progress import Progress

        shown = self.progress
        with Progress(console=shown, transient=True, disable=not shown.is_terminal) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def close(self) -> None:
        if self._ledger:
            self._ledger.close_files()
        if self._chain:
            self._chain.close()

    # ------------------------------------------------------------------------------------------------------- answers
    @property
    def progress(self) -> Console:
        """Where progress and tables of a running command go: beside the answer, never into it."""
        return console(stderr=self.as_json)

    def answer(self, content: dict[str, Any], show: Show) -> None:
        """Prints the one answer of the command, as JSON or for people."""
        if self.as_json:
            sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
        else:
            show(console())

    def warn(self, what: str) -> None:
        """Says on stderr, or keeps for the JSON answer, what is no error but should be known."""
        self.warnings.append(what)
        if not self.as_json:
            sys.stderr.write(f"Warning: {what}\n")

    def written(self, receipt: Receipt, **more: Any) -> None:
        """Answers a write by its transaction."""
        content = {"action": receipt.action, "tx": receipt.tx, "block": receipt.block, "gas_used": receipt.gas_used}
        content |= {"existed": receipt.existed} | more
        done = (
            "stood on the chain already" if receipt.existed else f"transaction {receipt.tx}, gas {receipt.gas_used:,}"
        )
        named = "".join(f"\n  {name.replace('_', ' ')}: {_plain(value)}" for name, value in more.items())
        self.answer(content, lambda out: out.print(f"{receipt.action}: {done}{named}", highlight=False, soft_wrap=True))


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def console(*, stderr: bool = False) -> Console:
    """A console without colour codes where the output is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, width=None if sys.stdout.isatty() else 160)


def verb(
    app: typer.Typer,
    name: str,
    *,
    options: tuple[str, ...] = CHAIN,
    writer: str | None = None,
    documents: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a function as a command, with the common options that it needs; its first parameter is the Run.

    Args:
        options: how it reaches a chain, names of COMMON; none if it needs no chain.
        writer: whose part it is, the default account on local chains; None: it only reads.
        documents: whether it keeps or reads documents.
    """
    wanted = (*options, *(("account",) if writer else ()), *(("documents",) if documents else ()))
    common = {each: (COMMON[each], None) for each in wanted} | {"as_json": (AsJson, False)}

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def command(**given: Any) -> None:
            as_json = bool(given.pop("as_json"))
            chosen = {each: given.pop(each) for each in wanted}
            _execute(Run(as_json=as_json, writer=writer, options=chosen), function, given)

        _describe(command, function, common)
        app.command(name)(command)
        return function

    return register


def _describe(command: Callable[..., None], function: Callable[..., None], common: dict[str, tuple[Any, Any]]) -> None:
    """Gives a command the parameters of its function, but the Run, and the common options."""
    hints = get_type_hints(function, include_extras=True)
    _run, *own = inspect.signature(function).parameters.values()
    parameters = [each.replace(annotation=hints[each.name], kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in common.items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}


def _execute(run: Run, function: Callable[..., None], given: dict[str, Any]) -> None:
    try:
        _refuse_reversed(given.get("month"), given.get("thru"))
        function(run, **given)
    except CarbonTokensError as error:
        _refuse(run, type(error).__name__, error.what, error.where, error.todo)
        raise typer.Exit(REFUSED if isinstance(error, _RULES) else ENVIRONMENT) from error
    except OSError as error:
        _refuse(run, "OSError", error.strerror or type(error).__name__, str(error.filename or ""), "Check the path.")
        raise typer.Exit(ENVIRONMENT) from error
    finally:
        run.close()


def _refuse_reversed(first: Month | None, last: Month | None) -> None:
    """Raises PeriodError, in the words of the contract, for months that end before they start."""
    if first and last and last.number < first.number:
        from carbon_tokens.ledger.reasons import sentence

        what, todo = sentence("MonthsReversed", {"from": first.number, "thru": last.number})
        raise PeriodError(what, where="--thru", todo=todo)


def _refuse(run: Run, kind: str, what: str, where: str, todo: str) -> None:
    """What is wrong, where, and what to do: as the JSON answer, or on stderr."""
    if run.as_json:
        error = {"kind": kind, "what": what, "where": where, "todo": todo}
        run.answer(run.refused | {"error": error}, lambda _: None)
        return
    lines = [f"Error: {what}", f"  where: {where}" if where else "", f"  do:    {todo}" if todo else ""]
    sys.stderr.write("".join(f"{line}\n" for line in lines if line))
