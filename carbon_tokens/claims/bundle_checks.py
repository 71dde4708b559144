"""What authenticates a bundle's proof without a chain: headers, trees, events, code, input files and shares.

Everything leads from the events of the proof to hashes of blocks. Only who verifies can say whether those are of the
chain meant: they name block hashes that they trust, see ``trust_check``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from itertools import count

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address

from carbon_tokens.claims import bundle_events, bundle_inputs, bundle_shares
from carbon_tokens.claims.account_events import Confirmed, Disallowed
from carbon_tokens.claims.bundle import Bundle, TreeEntry, octets
from carbon_tokens.claims.bundle_blocks import Header, chain_id
from carbon_tokens.claims.bundle_events import BundledReceipts
from carbon_tokens.claims.checks import Check, Faults
from carbon_tokens.claims.trie import Followed, decoded, index_key
from carbon_tokens.errors import CarbonTokensError, NotInTree

TRUSTED = "every block leads to a block hash that is trusted"
_CODE_HASH = 3  # of an account: nonce, balance, storage root, code hash


class Opened:
    """A bundle with its headers read and its trees followed; what could not be is in ``faults``, by part."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.faults: dict[str, list[str]] = {"headers": [], "transactions": [], "receipts": []}
        self.headers: dict[int, Header] = {}
        for at, encoded in enumerate(bundle.headers):
            try:
                self._add(at, Header.of(octets("headers", encoded)))
            except CarbonTokensError as error:
                self.faults["headers"].append(f"headers[{at}]: {error}")
        self.transactions = self._followed("transactions", lambda header: header.transactions_root)
        self.receipts = self._followed("receipts", lambda header: header.receipts_root)

    @cached_property
    def events(self) -> BundledReceipts:
        """The events of the transactions, where their receipts are there."""
        hashes = {number: header.hash for number, header in self.headers.items()}
        return BundledReceipts(self.bundle.proof, hashes, self.transactions, self.receipts)

    def _add(self, at: int, header: Header) -> None:
        if header.number <= max(self.headers, default=-1):
            self.faults["headers"].append(f"headers[{at}]: block {header.number} is not in ascending order, or twice")
        self.headers.setdefault(header.number, header)

    def _followed(self, part: str, root: Callable[[Header], bytes]) -> dict[tuple[int, int], bytes]:
        """The values that a part's entries lead to, by block and index."""
        trees: dict[int, Followed] = {}
        found: dict[tuple[int, int], bytes] = {}
        entries: tuple[TreeEntry, ...] = getattr(self.bundle, part)
        places = [(entry.block, entry.index) for entry in entries]
        if places != sorted(set(places)):
            self.faults[part].append(f"the {part} are not in ascending order, each once")
        for at, entry in enumerate(entries):
            try:
                if entry.block not in trees:
                    trees[entry.block] = Followed(root(self._header(entry.block)))
                nodes = [octets("nodes", node) for node in entry.nodes]
                found[entry.block, entry.index] = trees[entry.block].value(index_key(entry.index), nodes)
            except CarbonTokensError as error:
                self.faults[part].append(f"{part}[{at}], of block {entry.block}, index {entry.index}: {error}")
        return found

    def _header(self, block: int) -> Header:
        if block not in self.headers:
            raise NotInTree(f"there is no header of block {block}", where="headers")
        return self.headers[block]


def checks(opened: Opened, trusted: Collection[str] = ()) -> list[Check]:
    """Every check of a bundle that needs nothing but the file.

    Args:
        trusted: block hashes of the chain that the verifier means, 0x and 64 digits; none: no hash is compared.
    """
    found = [Check("offline", name, _asked(find, opened)) for name, find in CHECKS.items()]
    return [*found, trust_check(opened, trusted)] if trusted else found


def trust_check(opened: Opened, trusted: Collection[str]) -> Check:
    """Whether every block of the bundle is one of these or an ancestor of one, by the headers between them."""
    hashes = {header.hash for header in opened.headers.values()}
    foreign = [f"no header of the bundle has the trusted hash {each}" for each in trusted if each not in hashes]
    open_ends = [
        f"block {header.number} with hash {header.hash} leads to no trusted block hash; if you trust it, "
        f"add --block-hash {header.hash}"
        for header in untrusted(opened, trusted)
    ]
    return Check("offline", TRUSTED, (*foreign, *open_ends))


def untrusted(opened: Opened, trusted: Collection[str] = ()) -> Iterator[Header]:
    """The last blocks of those chains of headers that no trusted hash ends: on these the bundle rests."""
    above: Header | None = None
    known = False
    for number in sorted(opened.headers, reverse=True):
        header = opened.headers[number]
        linked = above is not None and above.number == number + 1 and above.parent == header.hash
        known = header.hash in trusted or (linked and known)
        if not known and not linked:
            yield header
        above = header


def _asked(find: Callable[[Opened], Faults], opened: Opened) -> tuple[str, ...]:
    """The faults of a check; what cannot even be computed is one."""
    found: list[str] = []
    try:
        found.extend(find(opened))
    except CarbonTokensError as error:
        found.append(str(error))
    return tuple(found)


def _seal(opened: Opened) -> Faults:
    if (digest := opened.bundle.digest()) != opened.bundle.sha256:
        yield f"the bundle was changed: its content has sha-256 {digest}, it says {opened.bundle.sha256}"


def _headers(opened: Opened) -> Faults:
    yield from opened.faults["headers"]
    headers, named = opened.headers, {place.block for _, place in opened.bundle.places}
    for number, header in headers.items():
        before = headers.get(number - 1)
        if before and before.hash != header.parent:
            yield f"block {number} has the parent {header.parent}, block {number - 1} has the hash {before.hash}"
        if before is None and number not in named:
            yield f"block {number} is named nowhere, and does not follow a block that is"
    for path, place in opened.bundle.places:
        header_ = headers.get(place.block)
        if header_ is None:
            yield f"{path}: there is no header of block {place.block}"
        elif header_.hash != place.block_hash:
            yield f"{path}: block {place.block} has the hash {header_.hash} by its header, it says {place.block_hash}"


def _transactions(opened: Opened) -> Faults:
    yield from opened.faults["transactions"]
    found = {(block, _hash(value)) for (block, _), value in opened.transactions.items()}
    named = {(place.block, place.tx): path for path, place in opened.bundle.places}
    yield from (f"{path}: block {at[0]} holds no transaction {at[1]}" for at, path in named.items() if at not in found)
    yield from (f"transaction {tx} of block {block} is named nowhere" for block, tx in sorted(found - set(named)))
    for (block, index), value in opened.transactions.items():
        meant = opened.bundle.proof.chain.id
        if (said := chain_id(value)) not in (None, meant):
            yield f"transaction {index} of block {block} is of chain {said}, the proof of chain {meant}"


def _receipts(opened: Opened) -> Faults:
    """All from the first to the last that is named: log indices count from the first."""
    yield from opened.faults["receipts"]
    named: dict[int, int] = {}
    for block, index in _named_indices(opened):
        named[block] = max(index, named.get(block, 0))
    given: dict[int, set[int]] = {block: set() for block in named}
    for entry in opened.bundle.receipts:
        if entry.index > named.get(entry.block, -1):
            yield f"receipt {entry.index} of block {entry.block} is not needed"
        else:
            given[entry.block].add(entry.index)
    for block, last in named.items():
        if len(given[block]) <= last:  # the first that is missing: a stranger's index may be as large as they like
            missing = next(index for index in count() if index not in given[block])
            yield f"receipt {missing} of block {block} is not given: without it log indices cannot be counted"


def _named_indices(opened: Opened) -> Iterator[tuple[int, int]]:
    """Block and index of every transaction that stands in its block and that a place names."""
    named = {place.tx for _, place in opened.bundle.places}
    for (block, index), value in opened.transactions.items():
        if _hash(value) in named:
            yield block, index


def _order(opened: Opened) -> Faults:
    proof = opened.bundle.proof
    claimed = proof.claim.at.block, proof.claim.at.index
    for month in proof.months:
        for event in month.events:
            if isinstance(event, Confirmed | Disallowed) and (event.at.block, event.at.index) > claimed:
                yield f"{month.month}: {event.event} of version {event.version} follows the claim, which it ended"


def _code(opened: Opened) -> Faults:
    entries, proof = opened.bundle.code, opened.bundle.proof
    if entries and [entry.name for entry in entries] != [each.name for each in proof.contracts]:
        yield "the accounts are not those of the proof's contracts, in their order"
        return
    trees: dict[int, Followed] = {}
    for entry, contract in zip(entries, proof.contracts, strict=False):
        header = opened.headers.get(entry.block)
        if header is None or entry.block < proof.claim.at.block:
            yield f"{entry.name}: block {entry.block} has no header here, or is before the claim's"
            continue
        tree = trees.setdefault(entry.block, Followed(header.state_root))
        key = keccak(to_canonical_address(contract.address))
        try:
            account = decoded(tree.value(key, [octets("nodes", node) for node in entry.nodes]))
            found = "0x" + account[_CODE_HASH].hex() if isinstance(account, list) and len(account) == 4 else None
        except CarbonTokensError as error:
            yield f"{entry.name}: {error}"
            continue
        if found != contract.code_hash:
            yield f"{entry.name} has code with the hash {found} in block {entry.block}, the proof {contract.code_hash}"


def _hash(value: bytes) -> str:
    return "0x" + keccak(value).hex()


CHECKS: Mapping[str, Callable[[Opened], Faults]] = {
    "the bundle is as it was written": _seal,
    "every header has its hash and leads to the next": _headers,
    "every transaction stands in its block": _transactions,
    "every receipt stands in its block, and those before it": _receipts,
    "every event stands in its receipt as in the proof": lambda opened: bundle_events.faults(
        opened.bundle.proof, opened.headers, opened.events
    ),
    "no audit, restatement or disallowance follows the claim": _order,
    "the contracts hold the code of the proof": _code,
    "every input is one that a document names": lambda opened: bundle_inputs.faults(
        opened.bundle.proof.months, opened.bundle.inputs
    ),
    "every share leads to the root that was committed": lambda opened: bundle_shares.faults(
        opened.bundle, opened.events
    ),
}
