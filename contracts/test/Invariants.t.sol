// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {GhostLedger} from "./GhostLedger.sol";
import {InvariantWorld} from "./InvariantWorld.sol";

contract InvariantsTest is InvariantWorld {
    mapping(uint256 auditedId => uint256) private _lastVersion;

    // ------------------------------------------------------------------------------------------------------ invariants
    function invariantNothingForbiddenHappensAndNothingAllowedIsBlocked() public view {
        _holds(bytes(handler.broken()).length == 0, handler.broken());
    }

    function invariantIssuedIsHeldPlusRetiredForEveryToken() public view {
        (uint256 tokens,,,) = handler.sizes();
        for (uint256 i = 0; i < tokens; ++i) {
            uint256 id = handler.ids(i);
            GhostLedger.Issued memory issued = handler.issuedOf(id);
            _same(handler.heldOf(id) + issued.retired, issued.amount, "issued = held + retired");
        }
    }

    function invariantAFrozenSourcesTokensDoNotMove() public view {
        for (uint256 i = 0; i < 4; ++i) {
            uint24 source = handler.sources(i);
            if (!handler.isFrozen(source)) continue;
            _same(handler.holdingsOf(source), handler.holdingsWhenFrozen(source), "holdings of a frozen source");
        }
    }

    function invariantEveryAccountIsThatOfThePlainModel() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            ICarbonTokens.Account memory account = ledger.accountOf(facility_, month);
            _same(account.energy, twin.energy, "energy");
            _same(account.scope1, twin.scope1, "scope 1");
            _same(account.scope2Location, twin.location, "scope 2, location-based");
            _same(account.scope2Residual, twin.residual, "scope 2, residual mix");
            _same(account.scope3, twin.scope3, "scope 3");
            _same(account.closed, twin.closed, "closed");
            (uint256 location, uint256 market) = handler.sharesOf(facility_, month);
            _same(account.allocatedLocation, location, "allocated = claimed shares, location-based");
            _same(account.allocatedMarket, market, "allocated = claimed shares, market-based");
            _same(account.recs, twin.recsRetired - twin.recsDisallowed, "retirement is irreversible: RECs");
            _same(account.offsets, twin.offsetsRetired - twin.offsetsDisallowed, "retirement is irreversible: offsets");
        }
    }

    function invariantAVersionOnlyGrows() public {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            uint256 version = ledger.accountOf(facility_, month).version;
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            _same(version, twin.version, "version counts what auditors did");
            _same(ledger.accountOf(facility_, month).shares, twin.shares, "changes of claimed shares");
            _same(allocations.versionOf(facility_, month), twin.version | twin.shares << 16, "version of the totals");
            _holds(version >= _lastVersion[TokenId.audited(facility_, month)], "a version fell");
            _lastVersion[TokenId.audited(facility_, month)] = version;
        }
    }

    function invariantAuditedEmissionsStayWithTheirFacility() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            uint256 id = TokenId.audited(facility_, month);
            (address owner,,,) = ledger.facilityOf(facility_);
            _same(ledger.balanceOf(owner, id), twin.scope1 + twin.location + twin.scope3, "audited emissions");
            _same(handler.heldOf(id), twin.scope1 + twin.location + twin.scope3, "nobody else has them");
        }
    }

    function invariantOffsetsNeverLowerTheGross() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            (uint256 market, uint256 offsets) = handler.coverOf(facility_, month, false);
            (uint256 shares,) = handler.sharesOf(facility_, month);
            (uint256 grossLocation, uint256 grossMarket, int256 netTotal) = net.netOf(facility_, month);
            _same(grossLocation, twin.scope1 + twin.location + twin.scope3 + shares, "gross, location-based");
            _same(grossMarket, market, "gross, market-based");
            _holds(netTotal == int256(market) - int256(offsets), "net");
        }
    }

    function invariantNoClaimIsValidWithNetAboveZeroOrAChangedMonth() public view {
        (, uint256 count,,) = handler.sizes();
        for (uint256 i = 0; i < count; ++i) {
            uint256 id = handler.claims(i);
            GhostLedger.Certificate memory certificate = handler.certificateOf(id);
            (uint256 facility_, uint32 from, uint32 thru) = (certificate.facility, certificate.from, certificate.thru);
            bool valid = handler.isNeutral(facility_, from, certificate.hourly)
                && handler.isNeutral(facility_, thru, certificate.hourly)
                && handler.inventoryOf(facility_, from).version == certificate.versions[0]
                && handler.inventoryOf(facility_, thru).version == certificate.versions[1];
            _same(net.isValid(id), valid, "valid");
            (address owner,,,) = ledger.facilityOf(facility_);
            _same(net.ownerOf(id), owner, "the facility's owner holds it");
        }
    }

    function invariantDocumentsAndMeterPeriodsCountOnce() public view {
        (,, uint256 meters, uint256 documents) = handler.sizes();
        for (uint256 i = 0; i < meters; ++i) {
            bytes32 meter = handler.meters(i);
            _same(ledger.meterAuditedUntil(meter), handler.auditedUntil(meter), "cursor");
        }
        for (uint256 i = 0; i < documents; ++i) {
            _same(handler.timesUsed(handler.evidences(i)), 1, "a document counts once");
            _holds(ledger.accountOfEvidence(handler.evidences(i)) != 0, "a used document is known");
        }
    }
}
