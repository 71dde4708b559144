"""Messages that auditors sign offline: they need neither a connection nor funds, and anyone may submit the signatures.

A message is a call of Auditors without its deadline and signatures: ``audit`` of one or many statements, ``restate``,
``close`` or ``disallow``. Several auditors sign one message each for themselves; ``merged`` puts them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eth_utils.address import to_checksum_address

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.contracts import Contract, plain
from carbon_tokens.ledger.records import Audit, Message, Signature, SignedMessage
from carbon_tokens.ledger.typed_data import Layout, TypedData


def audits(*statements: Audit) -> Message:
    """All of these audits, or none. Raises LedgerError when there are none."""
    if not statements:
        raise LedgerError("there is nothing to audit", where="audits", todo="State what is audited.")
    return Message("audit", (statements,))


def restatement(statement: Audit) -> Message:
    """The new totals of a month."""
    return Message("restate", (statement,))


def closing(facility: int, month: int, version: int) -> Message:
    """A month, complete as it stands at a version."""
    return Message("close", (facility, month, version))


def disallowance(facility: int, month: int, version: int, token: int, amount: int, evidence: bytes) -> Message:
    """Void RECs (Wh) or offsets (g) to take out of an account, whose version after it is ``version``."""
    return Message("disallow", (facility, month, version, token, amount, evidence))


def sign(signer: Signer, message: Message, deadline: int, *, chain_id: int, contract: str) -> SignedMessage:
    """Signs a message for one Auditors contract on one chain, good until ``deadline`` (UTC seconds)."""
    signature = signer.sign_typed(typed_data(message, deadline, chain_id=chain_id, contract=contract))
    return SignedMessage(message, deadline, (Signature(signer.address, signature),))


def merged(*signed: SignedMessage) -> SignedMessage:
    """The signatures of one message in ascending order of their auditors, as the contract takes them.

    Raises:
        LedgerError: none, other messages or deadlines, or an auditor with two different signatures.
    """
    if not signed:
        raise LedgerError("there is no signed message", where="signatures", todo="Let the auditors sign first.")
    first = signed[0]
    if any(each.message != first.message for each in signed):
        raise LedgerError(
            "the auditors signed different messages", where="signatures", todo="Let all sign the same documents."
        )
    if deadlines := {each.deadline for each in signed} - {first.deadline}:
        what = f"the signatures are good until {first.deadline} and until {', '.join(map(str, sorted(deadlines)))}"
        raise LedgerError(what, where="signatures", todo="Let all sign with the same deadline.")
    found: dict[int, Signature] = {}
    for each in (one for many in signed for one in many.signatures):
        if found.setdefault(int(each.auditor, 16), each) != each:
            raise LedgerError(f"{each.auditor} signed twice", where="signatures", todo="Keep one of the signatures.")
    return replace(first, signatures=tuple(found[number] for number in sorted(found)))


def typed_data(message: Message, deadline: int, *, chain_id: int, contract: str) -> TypedData:
    """What is signed: the arguments of the contract's function up to the deadline, as a struct of its name."""
    inputs = next(each for each in Contract.load("Auditors").abi if each.get("name") == message.action)["inputs"][:-1]
    name, types = message.action.capitalize(), _layouts(inputs)
    values = dict(zip([each["name"] for each in inputs], [*message.args, deadline], strict=True))
    named = {each["name"]: _named(each, plain(values[each["name"]])) for each in inputs}
    return TypedData(chain_id, contract, name, {name: _layout(inputs), **types}, named)


def to_json(signed: SignedMessage) -> dict[str, Any]:
    """A signed message as parsed JSON: integers, and bytes in hex."""
    signatures = [{"auditor": each.auditor, "signature": "0x" + each.signature.hex()} for each in signed.signatures]
    args = _shown(plain(list(signed.message.args)))
    return {"action": signed.message.action, "args": args, "deadline": signed.deadline, "signatures": signatures}


def from_json(value: Mapping[str, Any]) -> SignedMessage:
    """A signed message from parsed JSON. Raises LedgerError if it is none."""
    try:
        action, args = str(value["action"]), _read(value["args"])
        kept: tuple[Any, ...] = tuple(args)
        if action == "audit":
            kept = (tuple(Audit(*each) for each in args[0]),)
        elif action == "restate":
            kept = (Audit(*args[0]),)
        signatures = tuple(
            Signature(to_checksum_address(each["auditor"]), bytes.fromhex(each["signature"][2:]))
            for each in value["signatures"]
        )
        signed = SignedMessage(Message(action, kept), int(value["deadline"]), signatures)
        typed_data(signed.message, signed.deadline, chain_id=0, contract="0x" + 40 * "0").digest()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration, OverflowError) as failure:
        raise LedgerError(
            f"this is no signed message: {type(failure).__name__}", where="signed message", todo="Sign it again."
        ) from failure
    return signed


def _layouts(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Layout]:
    structs = [each for each in inputs if each["type"].startswith("tuple")]
    return {_struct(each): _layout(each["components"]) for each in structs}


def _layout(inputs: Sequence[Mapping[str, Any]]) -> Layout:
    return tuple((each["name"], each["type"].replace("tuple", _struct(each))) for each in inputs)


def _struct(entry: Mapping[str, Any]) -> str:
    """The name of a struct in Solidity, without its contract and brackets."""
    return str(entry["internalType"]).rpartition(".")[2].removesuffix("[]").removeprefix("struct ")


def _named(entry: Mapping[str, Any], value: Any) -> Any:
    """Tuples as mappings by their fields' names."""
    if entry["type"].endswith("[]"):
        return [_named({**entry, "type": entry["type"][:-2]}, item) for item in value]
    if entry["type"] != "tuple":
        return value
    return {part["name"]: item for part, item in zip(entry["components"], value, strict=True)}


def _shown(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    return bytes.fromhex(value[2:]) if isinstance(value, str) else value
