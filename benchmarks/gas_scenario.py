"""One ledger with its actors, from deployment to certificate: the operations whose gas is measured."""

from __future__ import annotations

import calendar
import random
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from gas_meter import Meter
from web3 import Web3
from web3.utils.address import get_create_address

from carbon_tokens.allocation.shares import Share, merkle_sum

MONTH = 12 * (2021 - 1970) + 3  # 2021-04
START, END = (calendar.timegm((2021, m, 1, 0, 0, 0)) for m in (4, 5))
ENERGY, LOCATION, RESIDUAL = 7_906_880, 454_978, 470_001  # Wh, g/MWh, g/MWh
REC, OFFSET = 2, 3
LEVELS = 20  # of a tree of 1,000,000 tenants


def word(text: str, size: int = 32) -> bytes:
    return text.encode().ljust(size, b"\0")


def digest(text: str) -> bytes:
    return bytes(Web3.keccak(text=text))


def batch_id(kind: int, registry: str, evidence: bytes) -> int:
    body = int.from_bytes(Web3.keccak(encode(["bytes12", "bytes32"], [word(registry, 12), evidence])), "big")
    return kind << 248 | body & (1 << 248) - 1


def packed(hours: list[int]) -> bytes:
    """Wh by hour, 4 bytes each."""
    return b"".join(hour.to_bytes(4) for hour in hours)


class Scenario:
    """One ledger with its actors, measured from deployment to certificate."""

    def __init__(self, web3: Web3, *, floor: bool) -> None:
        self.meter = Meter(web3, floor)
        self.admin, self.operator, self.auditor, self.issuer, self.buyer, self.tenant = web3.eth.accounts[:6]
        self.signers = sorted(
            (Account.from_key(digest(f"auditor {i}")) for i in range(3)), key=lambda a: a.address.lower()
        )
        deploy = self.meter.deploy
        admin, nonce = self.admin, web3.eth.get_transaction_count(self.admin)
        self.factors = deploy("EmissionFactors", 0, admin, sender=admin, key="deploy_emission_factors")
        following = [get_create_address(admin, nonce + 2 + i) for i in range(2)]  # Auditors, Allocations
        args = (self.factors.address, *following, 0, admin)
        self.ledger = deploy("CarbonTokens", *args, sender=admin, key="deploy_carbon_tokens")
        address = self.ledger.address
        self.auditors = deploy("Auditors", address, sender=admin, key="deploy_auditors")
        self.allocations = deploy("Allocations", address, sender=admin, key="deploy_allocations")
        self.hourly = deploy("HourlyMatching", address, sender=admin, key="deploy_hourly_matching")
        self.net = deploy("NetEmissions", address, self.hourly.address, sender=admin, key="deploy_net_emissions")
        self.issued = 0

    def run(self) -> Meter:
        """Every operation in the order of a facility's month."""
        self.register()
        self.issue()
        self.audit()
        self.transfer_and_retire()
        self.claim()
        self.allocate()
        self.match()
        self.sign()
        return self.meter

    def register(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        send(self.factors.functions.grantRole(digest("PUBLISHER_ROLE"), self.admin), self.admin)
        for role, account in {
            "REGISTRAR_ROLE": self.admin,
            "REC_ISSUER_ROLE": self.issuer,
            "OFFSET_ISSUER_ROLE": self.issuer,
        }.items():
            send(ledger.grantRole(digest(role), account), self.admin)
        role = self.auditors.functions.auditorRole(b"US").call()
        for account in (self.auditor, *(signer.address for signer in self.signers)):
            send(ledger.grantRole(role, account), self.admin)
        release = ("eGRID", 2021, "gas", digest("file"), b"US")
        regions = [(word(f"R{i:03d}", 9), LOCATION, RESIDUAL, True) for i in range(99)]
        send(self.factors.functions.publish(release, [(word("MROW", 9), LOCATION, RESIDUAL, True)]), self.admin)
        send(self.factors.functions.publish(release, regions), self.admin, "publish_factors_99_per_region", 99)
        self.release = self.factors.functions.releaseIdOf(*release[:3]).call()
        own = ledger.registerFacility(word("MROW", 9), b"US", digest("tenant"))
        self.tenants_facility = own.call({"from": self.tenant})
        send(own, self.tenant)
        register = ledger.registerFacility(word("MROW", 9), b"US", digest("facility"))
        self.facility = register.call({"from": self.operator})
        send(register, self.operator, "register_facility")
        source = (word("NAR", 12), digest("GEN2613"), b"US", word("SPNO", 9), word("wind", 10))
        send(ledger.registerSource(REC, *source), self.issuer, "register_source")
        offset = (word("ACR", 12), digest("ACR774"), b"US", word("", 9), word("forestry", 10))
        send(ledger.registerSource(OFFSET, *offset), self.issuer)

    def batch(self, name: str) -> tuple[bytes, int, int, int, int, int]:
        """The next 9 MWh, or 9 t, under a document of that name."""
        first = 1_100_000_000 + 10 * self.issued
        self.issued += 1
        return digest(name), 9_000_000, first, first + 8, START, END

    def issue(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        send(ledger.issue(1, self.issuer, self.batch("first of all")), self.issuer)  # the source's cursor leaves zero
        send(ledger.issue(1, self.issuer, self.batch("kept")), self.issuer, "issue_first")
        send(ledger.issue(1, self.buyer, self.batch("sold")), self.issuer, "issue_first_to_buyer")
        many = [self.batch(f"batch {i}") for i in range(100)]
        send(ledger.issueBatch(1, self.buyer, many), self.issuer, "issue_100_per_item", 100)
        send(ledger.issue(2, self.operator, self.batch("offset")), self.issuer)

    def statement(self, version: int, energy: int, meter: str, evidence: str) -> tuple[Any, ...]:
        scope2 = [-(-energy * rate // 1_000_000) for rate in (LOCATION, RESIDUAL)]
        tail = (START, END, digest(meter), self.release, digest(evidence))
        return (self.facility, MONTH, version, energy, 102_427, *scope2, 1_400_000, *tail)

    def audit(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        send(ledger.audit(self.statement(1, ENERGY, "meter 1", "bill 1")), self.auditor, "audit_first")
        send(ledger.audit(self.statement(2, ENERGY, "meter 2", "bill 2")), self.auditor, "audit_next")

    def transfer_and_retire(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        sold, offset = batch_id(REC, "NAR", digest("sold")), batch_id(OFFSET, "ACR", digest("offset"))
        transfer = ledger.safeTransferFrom(self.buyer, self.operator, sold, 4_000_000, b"")
        send(transfer, self.buyer, "transfer_new_holder")
        into = (self.facility, MONTH, 2, word("Example Data Center"), word("net zero 2021-04"))
        send(ledger.retire(sold, 2_000_000, into), self.buyer, "retire_first")
        send(ledger.retire(sold, 1_000_000, into), self.buyer, "retire_next")
        send(ledger.retire(sold, 1_000_000, into), self.operator, "retire_next_later_holder")
        ids = [batch_id(REC, "NAR", digest(f"batch {i}")) for i in range(100)]
        retire = ledger.retireBatch(ids, [9_000_000] * 100, into)
        send(retire, self.buyer, "retire_100_per_item", 100)
        send(ledger.retire(offset, 4_000_000, into), self.operator, "retire_offset_next")

    def allocate(self) -> None:
        """A split among a million tenants: one path of such a tree is all that the chain ever sees of it."""
        send, split = self.meter.send, self.allocations.functions
        version = split.versionOf(self.facility, MONTH).call()
        recs = self.ledger.functions.accountOf(self.facility, MONTH).call()[7]
        energy, location, market = 2 * ENERGY + 1, *self.gross()
        share = Share(self.tenants_facility.to_bytes(32), 12_345_678, 5_678_901, 0, salt=digest("salt"))
        rest = [energy - share.energy_wh, location - share.location_g, market - share.market_g]
        siblings, index = b"", 0b1010_1100_0111_0101_1001
        for level in range(LEVELS):
            part = [amount if level == LEVELS - 1 else amount // 3 for amount in rest]
            rest = [amount - taken for amount, taken in zip(rest, part, strict=True)]
            siblings += digest(f"sibling {level}") + b"".join(lane.to_bytes(6) for lane in reversed(part))
        top = merkle_sum.climb(merkle_sum.leaf(share.content()), index, siblings)
        commit = split.commit(self.facility, MONTH, version, recs, LEVELS, top[:32])
        send(commit, self.operator, "allocation_commit")
        leaf = (share.tenant, share.energy_wh, share.location_g, share.market_g, share.salt)
        verify = split.verify(self.facility, MONTH, version, leaf, index, siblings)
        assert verify.call() is True
        self.meter.view(verify, self.tenant, "share_verify_1e6")
        send(split.claim(self.facility, MONTH, leaf, index, siblings), self.tenant, "share_claim_1e6")

    def gross(self) -> list[int]:
        return self.net.functions.netOf(self.facility, MONTH).call()[:2]

    def match(self) -> None:
        """31 days of a load of 100 MW, and of one and of three granular certificates."""
        send, ledger, month = self.meter.send, self.ledger.functions, MONTH + 1  # 2021-05
        start, end = (calendar.timegm((2021, m, 1, 0, 0, 0)) for m in (5, 6))
        random_ = random.Random(744)
        load = [random_.randrange(60_000_000, 100_000_000) for _ in range(744)]
        supply = [[random_.choice((0, random_.randrange(40_000_000))) for _ in range(744)] for _ in range(3)]
        energy = sum(load)
        scope2 = [-(-energy * rate // 1_000_000) for rate in (LOCATION, RESIDUAL)]
        tail = (start, end, digest("meter 1"), self.release, digest("bill of May"))
        send(ledger.audit((self.facility, month, 1, energy, 0, *scope2, 0, *tail)), self.auditor)
        source = (word("NAR", 12), digest("near by"), b"US", word("MROW", 9), word("wind", 10))
        send(ledger.registerSource(REC, *source), self.issuer)
        send(ledger.setApprovalForAll(self.hourly.address, True), self.operator)
        hourly = self.hourly.functions
        certificates = [(word("NAR", 12), digest(f"document {i}"), packed(row)) for i, row in enumerate(supply)]
        certificates.sort(key=lambda c: hourly.idOf(c).call())
        into = (self.facility, month, 1, word("Example Data Center"), word("24/7"))
        serial = 1
        for registry, document, generation in certificates:
            amount = sum(int.from_bytes(generation[i : i + 4]) for i in range(0, len(generation), 4))
            evidence = hourly.evidenceOf(document, generation).call()
            last = serial + amount // 1_000_000
            send(ledger.issue(3, self.operator, (evidence, amount, serial, last, start, end)), self.issuer)
            send(hourly.retire((registry, document, generation), into), self.operator, "hourly_retire_744h")
            serial = last + 1
        for count, key in ((1, "hourly_match_744h"), (3, "hourly_match_744h_3_certificates")):
            match = hourly.record(self.facility, month, 1, packed(load), certificates[:count])
            send(match, self.auditor, key)

    def sign(self) -> None:
        """A panel of 2 of 3, and ten audits under one message."""
        send, auditors = self.meter.send, self.auditors.functions
        panel = auditors.setPanel(self.facility, 2, [signer.address for signer in self.signers])
        send(panel, self.admin, "panel_set_2_of_3")
        start = calendar.timegm((2021, 6, 1, 0, 0, 0))
        for count, key in ((1, "audit_by_panel_2_of_3"), (10, "audit_10_under_one_message_per_item")):
            version = self.ledger.functions.accountOf(self.facility, MONTH + 2).call()[5]
            statements = [self.daily(version + 1 + i, start + (version + i) * 86_400) for i in range(count)]
            signatures = self.signatures(statements)
            send(auditors.audit(statements, END * 2, signatures), self.buyer, key, count)

    def daily(self, version: int, start: int) -> tuple[Any, ...]:
        scope2 = [-(-ENERGY * rate // 1_000_000) for rate in (LOCATION, RESIDUAL)]
        tail = (start, start + 86_400, digest("meter 3"), self.release, digest(f"day {version}"))
        return (self.facility, MONTH + 2, version, ENERGY, 1, *scope2, 0, *tail)

    def signatures(self, statements: list[tuple[Any, ...]]) -> list[tuple[str, bytes]]:
        """Two auditors' signatures of the statements."""
        abi = next(f for f in self.ledger.abi if f.get("name") == "audit")["inputs"][0]["components"]
        fields = [{"name": item["name"], "type": item["type"]} for item in abi]
        names = [item["name"] for item in fields]
        domain = {"name": "carbon-tokens auditors", "version": "1", "chainId": self.meter.web3.eth.chain_id}
        types = {
            "Audit": [{"name": "statements", "type": "Statement[]"}, {"name": "deadline", "type": "uint256"}],
            "Statement": fields,
        }
        message = {"statements": [dict(zip(names, s, strict=True)) for s in statements], "deadline": END * 2}
        signable = encode_typed_data(domain | {"verifyingContract": self.auditors.address}, types, message)
        return [(signer.address, bytes(signer.sign_message(signable).signature)) for signer in self.signers[:2]]

    def claim(self) -> None:
        send, ledger, net = self.meter.send, self.ledger.functions, self.net.functions
        self.meter.view(net.netOf(self.facility, MONTH), self.operator, "net_view")
        for i in range(40):
            many = [self.batch(f"one of many {i} {j}") for j in range(248)]
            send(ledger.issueBatch(1, self.buyer, many), self.issuer)
        self.meter.view(net.netOf(self.facility, MONTH), self.operator, "net_view_with_10000_ids")
        assert self.issued > 10_000, self.issued
        send(ledger.close(self.facility, MONTH, 2), self.auditor, "close")
        send(net.claim(self.facility, MONTH, MONTH, 0), self.operator, "claim_one_month")
        restated = self.statement(3, 2 * ENERGY + 1, "meter 1", "restatement")
        send(ledger.restate(restated), self.auditor, "restate")
        send(net.claim(self.facility, MONTH, MONTH, 0), self.operator, "claim_renewed")
        offset = batch_id(OFFSET, "ACR", digest("offset"))
        send(ledger.disallow(self.facility, MONTH, 4, offset, 1, digest("fraud")), self.auditor, "disallow")
        send(ledger.setFrozen(1, True), self.admin, "freeze")
