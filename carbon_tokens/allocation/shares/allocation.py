"""An allocation: an account's energy and emissions split among tenants, under one root."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from operator import attrgetter

from carbon_tokens.allocation.shares import merkle_sum
from carbon_tokens.allocation.shares.keccak import Keccak, keccak256
from carbon_tokens.allocation.shares.merkle_sum import LANES, LEAF, RECORD, Progress
from carbon_tokens.allocation.shares.proof import ShareProof
from carbon_tokens.allocation.shares.share import Amounts, Share, contents
from carbon_tokens.errors import AllocationError, DuplicateTenant, SharesNotEqualTotal

_BATCH = 1 << 10  # shares that stay in the processor's cache while they are read


class Allocation:
    """Shares that add up to the totals of an account, and the Merkle-sum tree over them in the order given.

    Neighbours in that order see each other's amounts, so an order that says nothing is best. A million shares take
    about 330 MB: 82 bytes a share, 100 bytes of tree, and the index by tenant.

    Args:
        shares: at least one, each tenant once; read once.
        totals: what they must add up to: the audited totals of the account.
        progress: called with the hashes done and the hashes in all.

    Raises:
        SharesNotEqualTotal: the sum of a quantity is not its total.
        DuplicateTenant: a tenant has two shares.
        AllocationError: no shares.
    """

    def __init__(
        self, shares: Iterable[Share], totals: Amounts, *, progress: Progress | None = None, keccak: Keccak = keccak256
    ) -> None:
        self._contents, self._places, sums = _gathered(shares)
        if not self._places:
            raise AllocationError("there are no shares", todo="Give at least one; the operator's own use is one too.")
        _check_sums(sums, totals)  # before the tree, whose lanes cannot spill once the sums fit
        self.totals = totals
        self._levels = merkle_sum.levels(self._contents, progress=progress, keccak=keccak)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Share]:
        return (self.share(index) for index in range(len(self)))

    @property
    def depth(self) -> int:
        """Levels above the leaves: ceil(log2 of the number of shares)."""
        return len(self._levels) - 1

    @property
    def top(self) -> bytes:
        """Hash of the topmost node, 32 bytes: what a root is made of, with depth and totals."""
        return bytes(self._levels[-1][:32])

    def root(self, audited_id: int, version: int) -> bytes:
        """What is stored on chain: the tree, bound to the account (id of its audited token) and its version.

        Raises:
            AllocationError: an id or version that is no uint256.
        """
        return merkle_sum.root(audited_id, version, self.depth, bytes(self._levels[-1]))

    def share(self, which: int | bytes) -> Share:
        """A share by index or tenant. Raises AllocationError if there is none."""
        index = self.index(which)
        return Share.of_content(bytes(self._contents[index * LEAF : (index + 1) * LEAF]))

    def index(self, which: int | bytes) -> int:
        """Place of a tenant's share, or the index itself. Raises AllocationError if there is none."""
        if isinstance(which, bytes):
            if which in self._places:
                return self._places[which]
            raise AllocationError("has no share in this allocation", where=f"tenant 0x{which.hex()}")
        if not 0 <= which < len(self):
            raise AllocationError(f"there is no share {which} among {len(self)}", where="index")
        return which

    def prove(self, which: int | bytes) -> ShareProof:
        """The proof of a share, by index or tenant. Raises AllocationError if there is none."""
        index = self.index(which)
        places = [(index >> height ^ 1) * RECORD for height in range(self.depth)]
        siblings = [level[at : at + RECORD] for level, at in zip(self._levels, places, strict=False)]
        return ShareProof(self.share(index), index, b"".join(siblings))


def _gathered(shares: Iterable[Share]) -> tuple[bytearray, dict[bytes, int], dict[str, int]]:
    """Contents of all leaves, place of each tenant, and sums by quantity, in batches: one share at a time is slow."""
    found, places, sums, count = bytearray(), dict[bytes, int](), dict.fromkeys(LANES, 0), 0
    shares = iter(shares)
    while batch := list(islice(shares, _BATCH)):
        places.update(zip((share.tenant for share in batch), range(count, count + len(batch)), strict=True))
        if len(places) < count + len(batch):
            raise _duplicate(bytes(found), batch)
        count += len(batch)
        found += contents(batch)
        for name in sums:
            sums[name] += sum(map(attrgetter(name), batch))
    return found, places, sums


def _check_sums(sums: dict[str, int], totals: Amounts) -> None:
    differences = {name: excess for name, each in sums.items() if (excess := each - getattr(totals, name))}
    if differences:
        listed = ", ".join(f"{name} by {excess:+d}" for name, excess in differences.items())
        raise SharesNotEqualTotal(
            f"the shares miss the totals of the account: {listed}",
            todo="Split the audited totals with split(), which adds up exactly.",
            differences=differences,
        )


def _duplicate(earlier: bytes, batch: list[Share]) -> DuplicateTenant:
    seen = {earlier[start : start + 32] for start in range(0, len(earlier), LEAF)}
    for share in batch:
        if (twice := share.tenant) in seen:
            break
        seen.add(twice)
    return DuplicateTenant("has two shares", where=f"tenant 0x{twice.hex()}", todo="Add them up.")
