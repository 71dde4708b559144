"""Bundles: everything that a sceptic needs in one file, on each chain; and every change of it is found and named."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_account import Account

from carbon_tokens.allocation.shares import Allocation, shares_of, tenant_of_name
from carbon_tokens.claims import Documents, bundle_encoding, bundling, offline, prove, verify
from carbon_tokens.claims import bundle as bundles
from carbon_tokens.claims import bundle_checks as checking
from carbon_tokens.claims import proof as proofs
from carbon_tokens.claims.bundle import Bundle, InputEntry
from carbon_tokens.claims.bundle_inputs import unpack
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.verifying import recomputed
from carbon_tokens.errors import BundleError, StatementError
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id
from carbon_tokens.ledger.mnemonic import dev_key
from carbon_tokens.ledger.rpc import Call
from carbon_tokens.periods import Month
from tests.integration.journey import ROOT, answered, command, run_demo
from tests.integration.test_tampering import changed, leaves, other

Json = dict[str, Any]
INPUTS = ROOT / "data" / "demo"
MONTH = Month.parse("2021-04")
TENANTS = {tenant_of_name(name): weight for name, weight in (("Acme", 5), ("Birch", 3), ("Cedar", 1))}


class Bundled:
    """The demonstration on an embedded chain, its account split among tenants, and a bundle of it all."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "chain.db"
        chain = Chain.connect(state=self.state)
        found = run_demo(chain, ["--state", str(self.state)], folder)
        self.claim = str(found["claim_id"])
        operator = account("dev:operator", chain)
        self.ledger = Ledger.connect(chain, operator, deployments=folder / "deployments", home=folder)
        self.documents = Documents(folder / "documents")
        self.share = self._split(int(str(found["facility"]), 16))
        proof = prove(self.ledger, int(self.claim, 16), folder / "proof.json", self.documents)
        self.path = folder / "bundle.json"
        bundling.bundle(self.ledger, proof, self.path, inputs=INPUTS, shares=[self.share])
        self.content: Json = json.loads(self.path.read_text())
        self.hash = verify(self.path).blocks[-1][1]

    def _split(self, facility: int) -> TenantProof:
        totals = self.ledger.totals_to_split(facility, MONTH)
        allocation = Allocation(shares_of(totals.amounts, TENANTS), totals.amounts)
        self.ledger.commit(facility, MONTH, allocation, totals)
        place = self.ledger.chain.id, self.ledger.chain.genesis, self.ledger.address("Allocations"), facility, MONTH
        root = allocation.root(audited_id(facility, MONTH.number), totals.version)
        return TenantProof(*place, totals.version, root, allocation.prove(tenant_of_name("Acme")))

    def reasons(self, content: Json) -> list[str]:
        """Why a bundle that somebody changed and sealed again is refused by who trusts the block's hash."""
        try:
            sealed = content | {"proof": Proof.from_json(content["proof"]).sealed().to_json()}
            bundle = Bundle.from_json(sealed).sealed()
        except StatementError as error:
            return [str(error)]
        checks = offline.checks(bundle.proof) + checking.checks(checking.Opened(bundle), [self.hash])
        return [reason for check in checks for reason in check.reasons]


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundled]:
    found = Bundled(tmp_path_factory.mktemp("bundles"))
    yield found
    found.ledger.close_files()
    found.ledger.chain.close()


# ------------------------------------------------------------------------------------------------------- good bundles
def test_a_bundle_of_each_chain_verifies_offline_against_one_block_hash(chain: Chain, tmp_path: Path) -> None:
    """Embedded, Anvil and Ganache: their headers, transactions, receipts and accounts lead to one hash."""
    options = ["--rpc", chain.where] if chain.where.startswith("http") else ["--state", chain.where]
    found = run_demo(chain, options, tmp_path)
    ledger = Ledger.connect(chain, deployments=tmp_path / "deployments")
    path = tmp_path / "bundle.json"
    made = bundling.bundle(ledger, proofs.read(str(found["proof"])), path, inputs=INPUTS)
    assert len(made.code) == 6 and len(made.headers) == made.last - made.proof.facility.at.block + 1
    ((number, block),) = verify(path).blocks
    assert number == made.proof.claim.at.block and block == made.proof.claim.at.block_hash
    alone = verify(path, block_hashes=[block], recompute=True, deployments=tmp_path / "deployments")
    assert alone.verified and not alone.notes, alone.reasons
    assert alone.depths == {"offline": True, "inputs": True, "chain": None}
    where = {"rpc": chain.where} if chain.where.startswith("http") else {"state": chain.where}
    asked = verify(path, **where, block_hashes=[block])
    assert asked.verified, asked.reasons
    assert "the bundle's blocks are the chain's" in {check.name for check in asked.checks}


def test_a_bundle_says_that_its_block_hashes_were_compared_with_none(bundled: Bundled) -> None:
    note = "block hashes not compared with trusted ones; name the block that you trust with --block-hash"
    assert verify(bundled.path).notes == (note,)
    assert note in verify(bundled.path, state=bundled.state).notes  # which may have come with the bundle
    assert not verify(bundled.path, block_hashes=[bundled.hash]).notes


def test_another_block_hash_is_refused_and_the_needed_one_is_named(bundled: Bundled) -> None:
    foreign = "0x" + 64 * "1"
    found = verify(bundled.path, block_hashes=[foreign])
    assert not found.verified and f"no header of the bundle has the trusted hash {foreign}" in found.reasons
    assert any(f"add --block-hash {bundled.hash}" in reason for reason in found.reasons)


def test_a_hash_of_an_earlier_block_does_not_vouch_for_those_after_it(bundled: Bundled) -> None:
    earlier = bundled.content["proof"]["facility"]["at"]["block_hash"]
    found = verify(bundled.path, block_hashes=[earlier])
    assert not found.verified and any("leads to no trusted block hash" in reason for reason in found.reasons)


def test_headers_go_on_to_a_block_that_was_asked_for(bundled: Bundled, tmp_path: Path) -> None:
    chain = bundled.ledger.chain
    for _ in range(3):
        chain.rpc.request("evm_mine")
    head = chain.block_number()
    proof = Proof.from_json(bundled.content["proof"])
    bundling.bundle(bundled.ledger, proof, tmp_path / "b.json", head=head)
    block = chain.rpc.request("eth_getBlockByNumber", [hex(head), False])["hash"]
    found = verify(tmp_path / "b.json", block_hashes=[block])
    assert found.verified and found.blocks == ((head, block),)
    with pytest.raises(BundleError, match="is not from"):
        bundling.bundle(bundled.ledger, proof, tmp_path / "b.json", head=proof.facility.at.block)
    with pytest.raises(BundleError, match=f"has no block {head + 1}"):
        bundling.bundle(bundled.ledger, proof, tmp_path / "b.json", head=head + 2)


def test_where_the_chain_of_headers_is_too_long_every_hash_that_is_needed_is_named(
    bundled: Bundled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundling, "MOST_HEADERS", 3)
    path = tmp_path / "b.json"
    made = bundling.bundle(bundled.ledger, Proof.from_json(bundled.content["proof"]), path)
    named = {place.block for _, place in made.places}
    assert len(made.headers) == len(named)
    blocks = verify(path).blocks
    assert len(blocks) > 1 and {number for number, _ in blocks} <= named
    some = verify(path, block_hashes=[blocks[-1][1]])
    needed = [reason for reason in some.reasons if "leads to no trusted block hash" in reason]
    assert not some.verified and len(needed) == len(blocks) - 1
    assert verify(path, block_hashes=[block for _, block in blocks]).verified


def test_a_bundle_without_input_files_names_them_by_hash_and_is_recomputed_from_a_folder(
    bundled: Bundled, tmp_path: Path
) -> None:
    path = tmp_path / "b.json"
    bundling.bundle(bundled.ledger, Proof.from_json(bundled.content["proof"]), path)
    found = verify(path, recompute=True)
    assert "2 input files are in the bundle by their hash only" in found.notes
    assert not found.verified and "only the hash of electricity.csv, facility.toml" in found.reasons[0]
    assert verify(path, inputs=INPUTS).verified


def test_a_file_that_was_not_audited_does_not_get_into_a_bundle(bundled: Bundled, tmp_path: Path) -> None:
    (tmp_path / "electricity.csv").write_text("other")
    with pytest.raises(BundleError, match=r"electricity.csv has sha-256 0x.* a document names 0x"):
        bundling.bundle(bundled.ledger, Proof.from_json(bundled.content["proof"]), tmp_path / "b", inputs=tmp_path)


# ----------------------------------------------------------------------------------------------------- many in a block
class Crowded:
    """A chain that mines what others send, too, in the same block and before: a hundred approvals of other people."""

    def __init__(self, chain: Chain, contract: str) -> None:
        self.inner, self.where, self._contract = chain.rpc, chain.where, contract

    def request(self, method: str, params: Sequence[object] = ()) -> Any:
        if method == "eth_sendRawTransaction":
            return self.inner.batch([*self._crowd(), (method, params)])[-1]
        return self.inner.request(method, params)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        return self.inner.batch(calls)

    def close(self) -> None:
        pass

    def _crowd(self) -> Iterator[Call]:
        """``setApprovalForAll`` of another account, each with one log, as legacy, listed and dynamic transactions."""
        key = dev_key("anyone")
        who = key.public_key.to_checksum_address()
        first = int(self.inner.request("eth_getTransactionCount", [who, "latest"]), 16)
        chain = int(self.inner.request("eth_chainId"), 16)
        for number in range(100):
            approve = f"0xa22cb465{number + 1:064x}{number % 2:064x}"
            fields: Json = {"nonce": first + number, "gas": 60_000, "to": self._contract, "data": approve, "value": 0}
            fields["chainId"] = chain
            fields |= (
                {"gasPrice": 10**10},
                {"gasPrice": 10**10, "type": 1, "accessList": []},
                {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1, "type": 2},
            )[number % 3]
            raw = Account.sign_transaction(fields, key.to_bytes()).raw_transaction
            yield "eth_sendRawTransaction", ["0x" + bytes(raw).hex()]


def test_an_event_behind_a_hundred_transactions_of_its_block_is_proven_with_its_index(
    bundled: Bundled, tmp_path: Path
) -> None:
    crowded = Chain(Crowded(bundled.ledger.chain, bundled.ledger.address("CarbonTokens")))
    operator = account("dev:operator", crowded)
    ledger = Ledger.connect(crowded, operator, deployments=bundled.folder / "deployments", home=tmp_path)
    ledger.claim(int(bundled.claim, 16) >> 32 & (1 << 216) - 1, MONTH)
    ledger.close_files()
    proof = prove(bundled.ledger, int(bundled.claim, 16), tmp_path / "p.json", bundled.documents)
    path = tmp_path / "b.json"
    made = bundling.bundle(bundled.ledger, proof, path)
    assert proof.claim.at.index == 100
    ours = [entry for entry in made.receipts if entry.block == proof.claim.at.block]
    assert [entry.index for entry in ours] == list(range(101))
    assert [entry.index for entry in made.transactions if entry.block == proof.claim.at.block] == [100]
    assert verify(path, block_hashes=[proof.claim.at.block_hash]).verified
    content = json.loads(path.read_text())
    at = next(n for n, each in enumerate(content["receipts"]) if each["block"] == proof.claim.at.block)
    content["receipts"].pop(at + 50)
    reasons = bundled.reasons(content)
    assert any("receipt 50 of block" in reason and "log indices cannot be counted" in reason for reason in reasons)


# -------------------------------------------------------------------------------------------------------- tampered ones
def flipped(text: str) -> str:
    """The same with its last digit changed."""
    return text[:-1] + format((int(text[-1], 16) + 1) % 16, "x")


def put(*path: Any, change: Callable[[Any], Any] = other) -> Callable[[Json], Json]:
    return lambda content: changed(content, path, change)


def without(*path: Any) -> Callable[[Json], Json]:
    *to, at = path
    return put(*to, change=lambda items: items[:at] + items[at + 1 :])


def in_its_middle(text: str) -> str:
    """The same with a digit changed inside of what it holds."""
    return text[:-40] + flipped(text[-40:-39]) + text[-39:]


def with_other_energy(content: Json) -> Json:
    """The table of bills with another amount, and its entry's hash set right."""
    found = copy.deepcopy(content)
    entry = next(each for each in found["inputs"] if each["name"] == "electricity.csv")
    table = base64.b64decode(entry["content"]).replace(b"47704.84", b"47704.85")
    entry |= {"content": base64.b64encode(table).decode(), "sha256": "0x" + hashlib.sha256(table).hexdigest()}
    return found


def with_share(**change: Any) -> Callable[[Json], Json]:
    return put("shares", 0, "share", "share", change=lambda share: share | {k: v(share[k]) for k, v in change.items()})


NAMED: dict[str, tuple[Callable[[Json], Json], str]] = {
    "a header": (put("headers", 3, change=flipped), "has the parent 0x"),
    "the last header": (put("headers", -1, change=flipped), "has the trusted hash"),
    "a header left out": (without("headers", 0), "facility: there is no header of block"),
    "a link left out": (without("headers", 5), "there is no header of block"),
    "headers in another order": (put("headers", change=lambda h: h[::-1]), "is not in ascending order, or twice"),
    "a header twice": (put("headers", change=lambda h: [*h, h[-1]]), "is not in ascending order, or twice"),
    "no header": (put("headers", 2, change=lambda _: "0xc0"), "headers[2]: headers: this is no block header"),
    "a receipt's node": (put("receipts", 2, "nodes", -1, change=flipped), "receipts[2], of block"),
    "a log's data": (put("receipts", -1, "nodes", -1, change=in_its_middle), "is not given"),
    "a receipt left out": (without("receipts", 1), "without it log indices cannot be counted"),
    "a receipt twice": (put("receipts", change=lambda r: [*r, r[-1]]), "not in ascending order, each once"),
    "a receipt of another index": (put("receipts", 0, "index"), "receipts[0], of block"),
    "a receipt too many": (
        put("receipts", change=lambda r: [*r, {**r[-1], "index": 9, "nodes": []}]), "receipt 9 of block 28 is not"),
    "a transaction's node": (put("transactions", 1, "nodes", -1, change=flipped), "transactions[1], of block"),
    "a transaction left out": (without("transactions", 1), "holds no transaction 0x"),
    "a place's transaction": (put("proof", "claim", "at", "tx"), "claim: block"),
    "a place's log": (put("proof", "claim", "at", "index"), "claim: no Claimed event of these contracts is log"),
    "a place's block": (put("proof", "claim", "at", "block"), "by its header, it says 0x"),
    "a place's block hash": (put("proof", "claim", "at", "block_hash"), "by its header, it says 0x"),
    "an auditor": (put("proof", "months", 0, "events", 1, "auditor"), "months[0].events[1].auditor is"),
    "who signed": (put("proof", "months", 0, "events", 0, "attested", 0), "months[0].events[0].attested[0] is"),
    "a serial": (put("proof", "tokens", 0, "serial_from"), "tokens[0].serial_from is"),
    "an amount issued": (put("proof", "tokens", 0, "amount"), "tokens[0].amount is"),
    "when it was claimed": (put("proof", "claim", "time"), "claim.time is"),
    "the chain's id": (put("proof", "chain", "id"), "the proof of chain"),
    "an issuer": (put("proof", "sources", 0, "issuer"), "sources[0].issuer is"),
    "the code's hash": (put("proof", "contracts", 1, "code_hash"), "CarbonTokens has code with the hash"),
    "a contract's address": (put("proof", "contracts", 5, "address"), "no Claimed event of these contracts"),
    "a claim before a restatement": (
        put("proof", "claim", "at", "block", change=lambda _: 3), "Restated of version 3 follows the claim"),
    "an account of an earlier block": (put("code", 0, "block", change=lambda block: block - 1), "before the claim's"),
    "an account's node": (put("code", 2, "nodes", 0, change=flipped), "Auditors: nodes:"),
    "an account left out": (without("code", 2), "not those of the proof's contracts"),
    "an input's content": (put("inputs", 0, "content", change=lambda text: "QUJD" + text[4:]), "its entry says"),
    "an input's content and hash": (with_other_energy, "electricity.csv with sha-256 0x3b6d"),
    "an input left out": (without("inputs", 0), "is named by a document and not given as that"),
    "inputs in another order": (put("inputs", change=lambda i: i[::-1]), "not in the order of name and sha-256"),
    "an input that nobody named": (
        put("inputs", change=lambda i: [*i, i[-1] | {"name": "z.csv"}]), "z.csv with sha-256 0x1d0a"),
    "an input outside": (put("inputs", 0, "name", change=lambda _: "../x.csv"), "leaves the folder of inputs"),
    "a share's energy": (with_share(energy_wh=other), "shares[0]: the share leads to the root"),
    "a share's sibling": (with_share(siblings=flipped), "shares[0]: the share leads to the root"),
    "a share's root": (put("shares", 0, "share", "root"), "shares[0]: the share leads to the root"),
    "a share's month": (put("shares", 0, "share", "month", change=lambda _: "2021-05"), "2021-05 is no month"),
    "a share's version": (put("shares", 0, "share", "version"), "the claim rests on 3; ask for the present one"),
    "a share's facility": (put("shares", 0, "share", "facility", change=flipped), "it is of facility 0x"),
    "a share's contract": (put("shares", 0, "share", "allocations", change=flipped), "it is of 0x"),
    "a share's place": (put("shares", 0, "at", "index"), "shares[0]: no Committed event"),
    "a share twice": (put("shares", change=lambda s: [*s, *s]), "the order of month and tenant, each once"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_every_kind_of_tampering_is_named(bundled: Bundled, name: str) -> None:
    """By somebody who computes the seals again."""
    change, sentence = NAMED[name]
    reasons = bundled.reasons(change(bundled.content))
    assert any(sentence in reason for reason in reasons), reasons


def test_headers_and_transactions_that_nothing_needs_are_named(bundled: Bundled) -> None:
    """They would make two bundles of one claim, and hide what somebody wants to hide in them."""
    rpc = bundled.ledger.chain.rpc
    first = "0x" + bundle_encoding.header(rpc.request("eth_getBlockByNumber", ["0x0", False])).hex()
    found = changed(bundled.content, ("headers",), lambda headers: [first, *headers])
    assert "block 0 is named nowhere, and does not follow a block that is" in bundled.reasons(found)
    named = {each["block"] for each in bundled.content["transactions"]}
    other_block = next(number for number in range(min(named), max(named)) if number not in named)
    (fields,) = rpc.request("eth_getBlockByNumber", [hex(other_block), True])["transactions"]
    node = rlp.encode([b"\x20\x80", bundle_encoding.transaction(fields)])  # a tree of one leaf
    entry = {"block": other_block, "index": 0, "nodes": ["0x" + node.hex()]}
    found = changed(bundled.content, ("transactions",), lambda all_: sorted([*all_, entry], key=lambda e: e["block"]))
    assert f"transaction {fields['hash']} of block {other_block} is named nowhere" in bundled.reasons(found)


def refused(bundled: Bundled, content: Json) -> bool:
    """As ``reasons``, by the first that is found."""
    try:
        if any(check.reasons for check in offline.checks(Proof.from_json(content["proof"]).sealed())):
            return True
    except StatementError:
        return True
    return bool(bundled.reasons(content))


def test_with_one_trusted_block_hash_no_field_can_be_changed(bundled: Bundled) -> None:
    """Documents' fields, which a hash covers, are left to test_tampering. The tenant's file holds the genesis, too."""
    seals = (("sha256",), ("proof", "sha256"))
    paths = [path for path in leaves(bundled.content) if path not in seals and "document" not in path]
    assert len(paths) > 300
    survivors = [path for path in paths if not refused(bundled, changed(bundled.content, path, other))]
    assert survivors == []


def test_a_change_that_was_not_sealed_again_is_seen_at_once(bundled: Bundled, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps(changed(bundled.content, ("headers", 0), flipped)))
    assert any("the bundle was changed: its content has sha-256" in reason for reason in verify(path).reasons)


def test_a_statement_that_is_one_wh_off_its_bills_is_named_when_it_is_taken_again(bundled: Bundled) -> None:
    document = ("proof", "months", 0, "events", 0, "document", "energy_wh")
    found = changed(bundled.content, document, lambda energy: energy + 1)
    bundle = Bundle.from_json(found | {"proof": Proof.from_json(found["proof"]).to_json()})
    assert recomputed(Bundle.from_json(bundled.content)).reasons == ()
    assert recomputed(bundle).reasons == ("2021-04, version 1: energy_wh is 7906881, electricity.csv gives 7906880",)


def test_files_that_are_a_folder_for_others_are_refused_by_name(bundled: Bundled, tmp_path: Path) -> None:
    entries = tuple(InputEntry(name, "0x" + 64 * "0", "QUJD") for name in ("a", "a/b"))
    with pytest.raises(BundleError, match="'a/b' cannot be written"):
        unpack(Bundle.from_json(bundled.content | {"inputs": [each.to_json() for each in entries]}), tmp_path)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", ".", "./x", "a//b", "a/", "C:/x", "a\\b", "a\0b"])
def test_an_inputs_name_never_leaves_its_folder(name: str) -> None:
    with pytest.raises(StatementError):
        InputEntry(name, "0x" + 64 * "0", None)


@pytest.mark.parametrize("part", ["headers", "transactions", "receipts", "code", "inputs", "shares", "proof", "sha256"])
def test_a_missing_part_is_found(bundled: Bundled, tmp_path: Path, part: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps({name: item for name, item in bundled.content.items() if name != part}))
    assert f"this is no bundle: Bundle: missing field {part}" in verify(path).reasons[0]


# ------------------------------------------------------------------------------------------------------ with the chain
class Renamed:
    """A chain whose node calls itself otherwise: what is final then counts."""

    def __init__(self, inner: Any, final: str) -> None:
        self.inner, self.where, self._final = inner, inner.where, final

    def request(self, method: str, params: Sequence[object] = ()) -> Any:
        if method == "web3_clientVersion":
            return "a node of a public chain"
        if method == "eth_getBlockByNumber" and params[0] == "finalized":
            return self.inner.request(method, [self._final, False]) if self._final else None
        return self.inner.request(method, params)


@pytest.mark.parametrize(
    ("final", "sentence"),
    [("0x3", "is not final: the last that is is 3; verify again later"), ("", "blocks above it, not 64")],
)
def test_blocks_that_are_not_final_yet_are_named(bundled: Bundled, final: str, sentence: str) -> None:
    from carbon_tokens.claims import bundle_chain

    opened = checking.Opened(Bundle.from_json(bundled.content))
    chain = Chain(Renamed(bundled.ledger.chain.rpc, final))  # type: ignore[arg-type]
    (_, finality), notes = bundle_chain.checks(opened, chain)
    assert not notes and sentence in finality.reasons[0]


def test_blocks_that_the_chain_does_not_have_are_named(bundled: Bundled, tmp_path: Path) -> None:
    forked = changed(bundled.content, ("headers", -1), flipped)
    bundle = Bundle.from_json(forked)
    from carbon_tokens.claims import bundle_chain

    (check,), _ = bundle_chain.checks(checking.Opened(bundle), bundled.ledger.chain)
    assert any("on the chain, 0x" in reason and "in the bundle" in reason for reason in check.reasons)


def test_the_commands_write_a_bundle_and_verify_it(bundled: Bundled, tmp_path: Path) -> None:
    bundled.share.write(tmp_path / "share.json")
    reach = ["--state", bundled.state, "--deployment", bundled.folder / "deployments"]
    told = ["--documents", bundled.folder / "documents", "--inputs", INPUTS, "--share", tmp_path / "share.json"]
    made = answered(command("prove", bundled.claim, *reach, *told, "--bundle", "b.json", "--json", cwd=tmp_path))
    assert made["inputs"] == 2 and made["shares"] == 1 and len(made["blocks"]) == 1
    known = ["--block-hash", made["blocks"][0]["hash"], "--deployment", bundled.folder / "deployments"]
    done = command("verify", "b.json", *known, "--recompute", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.endswith("CONSISTENT WITH THE TRUSTED BLOCKS\n"), done.stdout
    found = command("verify", "proof.json", "--block-hash", "0x" + 64 * "1", cwd=tmp_path)
    assert found.returncode == 1 and "Ask for the bundle" in found.stderr


def test_a_bundle_is_read_as_it_was_written(bundled: Bundled) -> None:
    found = bundles.read(bundled.path)
    assert isinstance(found, Bundle) and found.canonical() == bundled.path.read_bytes()
