"""Proof files of an organisation, each verified before anything in it is counted.

Offline every file is recomputed. With the files behind the statements they are taken again; with a chain it is asked
whether each certificate holds now. A proof can be consistent and invented: only a chain tells, so what was not checked
is part of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from carbon_tokens.claims import Verification, onchain, verify
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.verifying import input_check
from carbon_tokens.errors import NoProofs, NotVerified
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.nesting import loads

TYPES = ("carbon-tokens/proof/", "carbon-tokens/bundle/")
MOST_BYTES = 64 * 1024 * 1024  # of a file that is looked into

Progress = Callable[[int, int], None]  # files done, of all


@dataclass(frozen=True, slots=True)
class Held:
    """A verified proof and where it came from.

    ``copies`` are other files with the same proof. ``valid_now``: what the chain said of the certificate; None: it was
    not asked. ``inputs``: whether the statements were taken again from their files.
    """

    file: str
    proof: Proof
    copies: tuple[str, ...] = ()
    inputs: bool = False
    valid_now: bool | None = None
    reasons: tuple[str, ...] = ()  # why the chain says that it does not hold
    blocks: tuple[tuple[int, str], ...] = ()  # numbers and hashes that a bundle leads to
    trusted: bool = False  # whether somebody named these hashes as those of the chain
    deployment: bool = False  # whether somebody named its contracts as the ones to trust

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.proof.chain.id, self.proof.chain.genesis, self.proof.address("CarbonTokens"))


@dataclass(frozen=True, order=True, slots=True)
class Ledger:
    """A CarbonTokens contract on a chain. The same code deployed twice is two ledgers, which know nothing of each
    other: what one refuses to count twice, the other accepts once more."""

    chain: int
    genesis: str
    address: str

    @property
    def key(self) -> str:
        """All of it as a text; the shorter form for people could be met by somebody who tries many addresses."""
        return f"{self.chain} {self.genesis} {self.address}"

    def __str__(self) -> str:
        return f"chain {self.chain} ({self.genesis[:10]}…) {self.address[:8]}…"


def found(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Files to read, and those of folders that are no proofs: their type says otherwise, or they are no JSON.

    Raises:
        NoProofs: a path that does not exist, or no file at all.
    """
    files: list[Path] = []
    others: list[str] = []
    for path in paths:
        if path.is_dir():
            for each in sorted(path.rglob("*.json")):
                if _is_proof(each):
                    files.append(each)
                else:
                    others.append(str(each.relative_to(path)))
        elif path.is_file():
            files.append(path)
        else:
            raise NoProofs("there is no such file or folder", where=str(path), todo="Check the path.")
    if not files:
        raise NoProofs("there is no proof among these files", todo="Name files that `prove` wrote, or their folder.")
    return list(dict.fromkeys(files)), others


def read(
    files: Sequence[Path],
    *,
    inputs: Path | None = None,
    chains: Sequence[Chain] = (),
    deployments: Path | None = None,
    block_hashes: Collection[str] = (),
    progress: Progress | None = None,
) -> list[Held]:
    """The proofs in these files, each once, in the order of their hashes.

    Args:
        inputs: folder of the files behind the statements; a folder in it named by a facility's id is that facility's.
        chains: open chains; each proof is checked on its own, if it is among them.
        deployments: folder of ``<chain id>.json`` that names the contracts to trust.
        block_hashes: of blocks of whatever chain that are trusted: every bundle has to end in one of them.

    Raises:
        NotVerified: a proof does not verify offline or against its files, or a bundle ends in no trusted block;
            ``reasons`` are by file.
        LedgerError: a chain does not answer.
    """
    shown = _names(files)
    bad: dict[str, tuple[str, ...]] = {}
    once: dict[str, Held] = {}
    for done, path in enumerate(sorted(files, key=lambda each: shown[each])):
        checked = verify(path, deployments=deployments)
        reasons = [*_reasons(checked, inputs), *_untrusted(checked, block_hashes)]
        if reasons or checked.proof is None:
            bad[shown[path]] = tuple(reasons)
        elif (digest := checked.proof.digest()) in once:
            once[digest] = _with_copy(once[digest], shown[path], checked, bool(block_hashes))
        else:
            trusted = bool(checked.blocks and block_hashes)
            held = Held(shown[path], checked.proof, inputs=inputs is not None, blocks=checked.blocks, trusted=trusted)
            once[digest] = _asked(replace(held, deployment=deployments is not None), chains)
        if progress:
            progress(done + 1, len(files))
    if bad:
        raise NotVerified(_said(bad), todo="Ask for the original file, or leave it out.", reasons=bad)
    return [once[digest] for digest in sorted(once)]


def names(held: Iterable[Held]) -> tuple[str, ...]:
    """Names of files, sorted, each once."""
    return tuple(sorted({each.file for each in held}))


def _reasons(checked: Verification, inputs: Path | None) -> list[str]:
    if checked.reasons or checked.proof is None or inputs is None:
        return checked.reasons
    own = inputs / checked.proof.facility.id
    return list(input_check(checked.proof, own if own.is_dir() else inputs).reasons)


def _untrusted(checked: Verification, trusted: Collection[str]) -> list[str]:
    if not trusted:
        return []
    return [f"it ends in block {number}, whose hash {each} is none of those that are trusted"
            for number, each in checked.blocks if each not in trusted]  # fmt: skip


def _with_copy(held: Held, file: str, checked: Verification, trusted: bool) -> Held:
    """The same proof once more; where one of the files is a bundle, with what that leads to."""
    found = replace(held, copies=(*held.copies, file))
    return replace(found, blocks=checked.blocks, trusted=trusted) if checked.blocks and not held.blocks else found


def _asked(held: Held, chains: Sequence[Chain]) -> Held:
    """With what the chain says of it, if its chain is among those that are open."""
    part = held.proof.chain
    mine = next((each for each in chains if (each.id, each.genesis) == (part.id, part.genesis)), None)
    if mine is None:
        return held
    reasons = tuple(reason for check in onchain.checks(held.proof, mine) for reason in check.reasons)
    return replace(held, valid_now=not reasons, reasons=reasons)


def _is_proof(path: Path) -> bool:
    try:
        if path.stat().st_size > MOST_BYTES:
            return False
        value = loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(value, Mapping) and str(value.get("type")).startswith(TYPES)


def _names(files: Sequence[Path]) -> dict[Path, str]:
    """How files are called in the result: by their name, with as much of their folder as tells them apart."""
    parts = 1
    while parts < 10 and len({path.parts[-parts:] for path in files}) < len({path.parts for path in files}):
        parts += 1
    return {path: "/".join(path.parts[-parts:]) for path in files}


def _said(bad: Mapping[str, tuple[str, ...]]) -> str:
    lines = "; ".join(_first(name, reasons) for name, reasons in bad.items())
    return f"{len(bad)} of the proofs do not verify: {lines}"


def _first(name: str, reasons: tuple[str, ...]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{name}: {reasons[0] if reasons else 'it is no proof'}{more}"


def unchecked(held: Iterable[Held]) -> Iterator[str]:
    """What was not checked, as sentences."""
    kept = list(held)
    plain = sum(each.valid_now is None and not each.trusted for each in kept)
    if plain:
        yield f"{plain} of {len(kept)} proofs were not checked on a chain: they are consistent, and may be invented"
    past = sum(each.valid_now is None and each.trusted for each in kept)
    if past:
        yield f"{past} of {len(kept)} proofs are proven up to a trusted block; whether they hold now was not asked"
    if not all(each.inputs for each in kept):
        yield "the statements were not taken again from the files behind them"
