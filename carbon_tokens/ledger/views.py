"""What the contracts say: reads that need no account and cost nothing."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.contracts import Contract, code_text, text_bytes
from carbon_tokens.ledger.deployments import Deployment
from carbon_tokens.ledger.events import read_events
from carbon_tokens.ledger.ids import ANNUAL, HOURLY, region_bytes, role_id
from carbon_tokens.ledger.records import Account, BatchRecord, Claim, Event, Facility, Factor, Source, Status
from carbon_tokens.periods import Month

_ZERO = "0x" + 40 * "0"


class LedgerViews:
    """The contracts of one deployment, read only. Energy in Wh, mass in g, factors in g/MWh."""

    def __init__(self, chain: Chain, deployments: Mapping[str, Deployment]) -> None:
        self.chain, self.deployments = chain, deployments
        self.contracts = {name: Contract.load(name) for name in deployments}

    def address(self, contract: str) -> str:
        """Address of a contract by name. Raises LedgerError when it is not deployed."""
        if contract not in self.deployments:
            raise LedgerError(f"{contract} is not deployed on chain {self.chain.id}", todo="Deploy it.")
        return self.deployments[contract].address

    def call(self, contract: str, function: str, *args: object, block: str = "latest") -> Any:
        """The result of any reading function. Raises Reverted with the contract's error."""
        data = self.contracts[contract].encode(function, args)
        return self.contracts[contract].decode(function, self.chain.call(self.address(contract), data, block=block))

    # ------------------------------------------------------------------------------------------------ CarbonTokens
    def facility(self, facility: int) -> Facility:
        """A registered facility. Raises LedgerError when there is none of this id."""
        found = self.call("CarbonTokens", "facilityOf", facility)
        if found["owner"] == _ZERO:
            raise LedgerError(f"no facility 0x{facility:054x} is registered", todo="Add the facility first.")
        return Facility(
            found["owner"], code_text(found["marketZone"]), code_text(found["gridRegion"]), found["panelled"]
        )

    def source(self, source: int) -> Source:
        """A registered source. Raises LedgerError when there is none of this number."""
        found = self.call("CarbonTokens", "sourceOf", source)
        if found["issuer"] == _ZERO:
            raise LedgerError(f"no source {source} is registered", todo="Add the source first.")
        registry, zone, region = (code_text(found[name]) for name in ("registry", "marketZone", "gridRegion"))
        return Source(found["issuer"], found["class"], registry, zone, region, found["nextSerial"], found["frozen"])

    def source_id(self, registry: str, device: bytes) -> int:
        """Number of the source of a registry's device or project; 0: none."""
        return int(self.call("CarbonTokens", "sourceIdOf", text_bytes(registry, 12, where="registry"), device))

    def account(self, facility: int, month: Month, *, block: str = "latest") -> Account:
        """The inventory of a facility-month; all zero when nothing was audited."""
        found = self.call("CarbonTokens", "accountOf", facility, month.number, block=block)
        return Account(**{_snake(name): value for name, value in found.items()})

    def batch(self, token: int) -> BatchRecord | None:
        """An issued batch; None: never issued."""
        found = self.call("CarbonTokens", "batchOf", token)
        if found["holder"] == _ZERO:
            return None
        return BatchRecord(**{_snake(name): value for name, value in found.items()})

    def balance(self, holder: str, token: int) -> int:
        """What an account holds of a token: Wh of a REC, g of an offset or of audited emissions."""
        return int(self.call("CarbonTokens", "balanceOf", holder, token))

    def audited_until(self, meter: bytes) -> int:
        """Until when a meter's energy is audited, UTC seconds; 0: never."""
        return int(self.call("CarbonTokens", "meterAuditedUntil", meter))

    def account_of_evidence(self, evidence: bytes) -> int:
        """Id of the audited emissions that a document was used for; 0: it is unused."""
        return int(self.call("CarbonTokens", "accountOfEvidence", evidence))

    def has_role(self, contract: str, role: str, address: str, market_zone: str = "") -> bool:
        """Whether an account holds a role, named as in the contract; ``AUDITOR_ROLE`` of a market zone, e.g. ``US``."""
        return bool(self.call(contract, "hasRole", role_id(role, market_zone), address))

    # --------------------------------------------------------------------------------------------- EmissionFactors
    def factor(self, release: bytes, region: str) -> Factor:
        """A published factor. Raises Reverted (FactorUnknown) when the release states none for the region."""
        return _factor(region, self.call("EmissionFactors", "factorOf", release, region_bytes(region)))

    def factors(self, release: bytes, regions: Sequence[str]) -> dict[str, Factor]:
        """The published factors among those of the regions, asked for in batches."""
        contract = self.contracts["EmissionFactors"]
        codes = [region_bytes(region) for region in regions]
        outputs = self.chain.calls(
            self.address("EmissionFactors"), [contract.encode("factorOf", (release, c)) for c in codes]
        )
        found = {}
        for region, output in zip(regions, outputs, strict=True):
            if isinstance(output, LedgerError):
                if not (isinstance(output, Reverted) and output.error == "FactorUnknown"):
                    raise output
                continue
            found[region] = _factor(region, contract.decode("factorOf", output))
        return found

    def factor_zone(self, release: bytes, region: str) -> str:
        """Market zone that a published factor is for. Raises Reverted (FactorUnknown) as ``factor`` does."""
        return code_text(self.call("EmissionFactors", "factorOf", release, region_bytes(region))["marketZone"])

    def release_file(self, release: bytes) -> bytes:
        """sha256 of the file behind a release; zeros: unknown release."""
        return bytes(self.call("EmissionFactors", "fileHashOf", release))

    # ------------------------------------------------------------------------------------------------ NetEmissions
    def status(self, facility: int, months: Month | Iterable[Month], *, block: str = "latest") -> tuple[Status, ...]:
        """The three totals of facility-months side by side, all as of one block."""
        wanted = (months,) if isinstance(months, Month) else tuple(months)
        at = hex(self.chain.block_number()) if block == "latest" else block
        return tuple(self._status(facility, month, at) for month in wanted)

    def totals(
        self, facility: int, month: Month, basis: int = ANNUAL, *, block: str = "latest"
    ) -> tuple[int, int, int]:
        """Gross location-based, gross market-based and net emissions on a basis, g.

        Raises:
            Reverted: HoursNotMatched, on the hourly basis.
        """
        function = "hourlyNetOf" if basis == HOURLY else "netOf"
        found = self.call("NetEmissions", function, facility, month.number, block=block)
        location, market, net = found.values() if isinstance(found, dict) else found
        return location, market, net

    def _status(self, facility: int, month: Month, block: str) -> Status:
        account = self.account(facility, month, block=block)
        return Status(
            facility, month.number, *self.totals(facility, month, block=block), account.energy,
            min(account.recs, account.energy), account.offsets, account.version, account.closed,
            account.allocated_location, account.allocated_market,
        )  # fmt: skip

    def claim_of(self, claim: int) -> Claim:
        """A certificate. Raises LedgerError when it was never claimed."""
        found = self.call("NetEmissions", "claimOf", claim)
        state = found["claim_"]
        if not state["number"]:
            raise LedgerError(f"there is no claim {claim}", todo="Claim it first.")
        months = (found["facility"], found["from"], found["thru"])
        stated = (state["versions"], state["number"], state["time"])
        return Claim(claim, *months, *stated, self.is_valid(claim), found["basis"])

    def is_valid(self, claim: int) -> bool:
        """Whether a certificate holds now; False too for one that was never claimed."""
        return bool(self.call("NetEmissions", "isValid", claim))

    def certificate(self, claim: int) -> dict[str, Any]:
        """The certificate's on-chain JSON; its ``image`` is an SVG as data URI. Raises Reverted when there is none."""
        uri = str(self.call("NetEmissions", "tokenURI", claim))
        content: dict[str, Any] = json.loads(data_uri(uri))
        return content

    def certificate_owner(self, claim: int) -> str:
        """Who holds the certificate. Raises Reverted when there is none."""
        return str(self.call("NetEmissions", "ownerOf", claim))

    def superseded_by(self, contract: str) -> str | None:
        """The contract that took over from one of this deployment; None while it is current."""
        successor = str(self.call(contract, "supersededBy"))
        return None if successor == _ZERO else successor

    # ------------------------------------------------------------------------------------------------------ events
    def events(
        self, contract: str, names: Iterable[str] = (), first: int | None = None, last: int | None = None
    ) -> Iterator[Event]:
        """Events by name (none: all) in the blocks first (None: the contract's creation) to last (None: the head)."""
        start = self.deployments[contract].block if first is None else first
        return read_events(self.chain.rpc, self.contracts[contract], self.address(contract), names, start, last)


def data_uri(uri: str) -> bytes:
    """The content of a data URI, base64 or plain. Raises LedgerError when it is none."""
    from urllib.parse import unquote_to_bytes

    head, comma, body = uri.partition(",")
    if not comma or not head.startswith("data:"):
        raise LedgerError("not a data URI", where="tokenURI")
    return base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)


def _factor(region: str, found: Mapping[str, Any]) -> Factor:
    return Factor(region, found["location"], found["residual"] if found["residualPublished"] else None)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)
