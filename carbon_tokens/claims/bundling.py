"""Writing a bundle: a proof with the headers, trees and files that authenticate it, taken from a node and a folder.

Nothing that the node says is taken on trust: headers, transactions and receipts are encoded again and must have the
hashes and roots that the blocks state, and the finished bundle must verify.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address

from carbon_tokens.claims import bundle as bundles
from carbon_tokens.claims import bundle_checks, bundle_encoding, bundle_inputs
from carbon_tokens.claims.bundle import Bundle, CodeEntry, ShareEntry, TreeEntry
from carbon_tokens.claims.bundle_blocks import Header
from carbon_tokens.claims.bundle_checks import Opened
from carbon_tokens.claims.pieces import Place
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.reading import Receipts, hex32
from carbon_tokens.claims.trie import BlockTree, Followed
from carbon_tokens.errors import BundleError, NotInTree
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.events import read_events
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.views import LedgerViews

MOST_HEADERS = 4096  # of an unbroken chain, about 4.5 MB; beyond, only the headers of blocks that are named
_AT_ONCE = 100  # blocks in one batch of requests

Fields = dict[str, Any]


def bundle(
    ledger: LedgerViews,
    proof: Proof,
    path: Path | str,
    *,
    inputs: Path | None = None,
    shares: Iterable[TenantProof] = (),
    head: int | None = None,
) -> Bundle:
    """Writes the bundle of a proof.

    Args:
        ledger: read only; no account is needed.
        inputs: folder of the files that the documents rest on, which then stand in the bundle; None: their hashes only.
        shares: tenants' files, of the months of the proof.
        head: number of the block to which headers go on, e.g. one that many know; None: the last that is named.

    Raises:
        BundleError: a block, transaction or receipt that the node does not give as its hash wants; a file that is not
            what the documents name; a share that was not committed; or the bundle would not verify.
        LedgerError: the node does not answer.
    """
    tenants = sorted(shares, key=lambda each: (each.month, each.tenant))
    entries = tuple(ShareEntry(_committed(ledger, each), each.to_json()) for each in tenants)
    places = [place for _, place in bundles.places(proof)] + [entry.at for entry in entries]
    named = sorted({place.block for place in places})
    blocks = {number: _Block(ledger.chain, fields) for number, fields in _blocks(ledger.chain, named, full=True)}
    wanted = {place.tx for place in places}
    made = Bundle(
        proof=proof,
        headers=_headers(ledger.chain, blocks, head),
        transactions=_entries(blocks, lambda block: (block.transactions, sorted(block.indices(wanted)))),
        receipts=_entries(blocks, lambda block: (block.receipts, range(max(block.indices(wanted), default=-1) + 1))),
        code=_code(ledger.chain, proof, blocks[proof.claim.at.block]),
        inputs=bundle_inputs.entries(proof.months, inputs),
        shares=entries,
        sha256=hex32(0),
    ).sealed()
    if faults := [reason for check in bundle_checks.checks(Opened(made)) for reason in check.reasons]:
        raise BundleError(f"it would not verify: {'; '.join(faults)}", todo="Run it again if the chain moved on.")
    bundles.write(made, path)
    return made


class _Block:
    """A block with its transactions and receipts encoded, in trees whose roots are those of its header."""

    def __init__(self, chain: Chain, fields: Fields) -> None:
        self.number = bundle_encoding.number(fields["number"])
        self.header = bundle_encoding.header(fields)
        self._hashes = [each["hash"] for each in fields["transactions"]]
        self.transactions = self._tree("transactions", fields, map(bundle_encoding.transaction, fields["transactions"]))
        self.receipts = self._tree("receipts", fields, map(bundle_encoding.receipt, _receipts(chain, fields)))

    def indices(self, wanted: Collection[str]) -> list[int]:
        """Of the transactions that are wanted."""
        return [index for index, tx in enumerate(self._hashes) if tx in wanted]

    def _tree(self, name: str, fields: Fields, values: Iterable[bytes]) -> BlockTree:
        tree = BlockTree(list(values))
        if (root := "0x" + tree.root.hex()) != fields[f"{name}Root"]:
            what = f"the {name} that the node gives have the root {root}, the header says {fields[f'{name}Root']}"
            todo = f"This chain's {name} have other fields: bundles cannot hold them."
            raise BundleError(what, where=f"block {self.number}", todo=todo)
        return tree


def _receipts(chain: Chain, fields: Fields) -> Sequence[Fields]:
    """The receipts of a block, at once or, where the node cannot, one by one."""
    try:
        found = chain.rpc.request("eth_getBlockReceipts", [fields["number"]])
    except NodeError:
        found = None
    return found or [each or {} for each in chain.receipts([tx["hash"] for tx in fields["transactions"]])]


def _blocks(chain: Chain, numbers: Sequence[int], *, full: bool = False) -> Iterator[tuple[int, Fields]]:
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        answers = chain.rpc.batch([("eth_getBlockByNumber", [hex(number), full]) for number in part])
        for number, fields in zip(part, answers, strict=True):
            if isinstance(fields, NodeError):
                raise fields
            if not isinstance(fields, dict):
                what = f"{chain.where} has no block {number}"
                raise BundleError(what, where="blocks", todo="Ask a node that has it, or name a lower --head.")
            yield number, fields


def _headers(chain: Chain, blocks: dict[int, _Block], head: int | None) -> tuple[str, ...]:
    """The headers between the blocks that are named, too, where these are not too many; and those up to the head.

    Raises:
        BundleError: the head is below a block that is named, or too far above it.
    """
    first, last = min(blocks), max(blocks)
    if head is not None and not last <= head <= last + MOST_HEADERS:
        what = f"block {head} is not from {last}, the last that is named, to {MOST_HEADERS} above it"
        raise BundleError(what, where="head", todo="Name a block between, or none.")
    top = last if head is None else head
    below = range(first, last) if top - first < MOST_HEADERS else ()
    others = [number for number in (*below, *range(last, top + 1)) if number not in blocks]
    encoded = {number: bundle_encoding.header(fields) for number, fields in _blocks(chain, others)}
    encoded |= {number: block.header for number, block in blocks.items()}
    return tuple("0x" + encoded[number].hex() for number in sorted(encoded))


def _entries(
    blocks: dict[int, _Block], select: Callable[[_Block], tuple[BlockTree, Iterable[int]]]
) -> tuple[TreeEntry, ...]:
    found: list[TreeEntry] = []
    for number, block in sorted(blocks.items()):
        tree, indices = select(block)
        listed = list(indices)
        for index, nodes in zip(listed, tree.prove(listed), strict=True):
            found.append(TreeEntry(number, index, tuple("0x" + node.hex() for node in nodes)))
    return tuple(found)


def _code(chain: Chain, proof: Proof, block: _Block) -> tuple[CodeEntry, ...]:
    """The contracts' accounts in the claim's block; none where the node gives no proofs, or not of that block."""
    tree = Followed(Header.of(block.header).state_root)
    known: set[str] = set()
    found: list[CodeEntry] = []
    try:
        for each in proof.contracts:
            answer = chain.rpc.request("eth_getProof", [each.address, [], hex(block.number)])
            nodes = tuple(node for node in answer["accountProof"] if node not in known)
            tree.value(keccak(to_canonical_address(each.address)), [bytes.fromhex(node[2:]) for node in nodes])
            known.update(nodes)
            found.append(CodeEntry(each.name, block.number, nodes))
    except (NodeError, NotInTree, KeyError, TypeError, ValueError):
        return ()
    return tuple(found)


def _committed(ledger: LedgerViews, share: TenantProof) -> Place:
    """Where the split that a share is of was committed. Raises BundleError if it was not."""
    where = ledger.chain.rpc, ledger.contracts["Allocations"], ledger.address("Allocations"), ("Committed",)
    first = ledger.deployments["Allocations"].block
    for event in read_events(*where, first, about=[share.facility]):
        if (event.args["month"], event.args["version"]) == (share.month.number, share.version):
            return Receipts(ledger).events(event.tx)[event.index].place
    what = f"no split of {share.month} at version {share.version} was committed"
    raise BundleError(what, where="shares", todo="Ask the operator for the share of the present version.")
