// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CarbonTokens} from "../CarbonTokens.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {PlainCalendar} from "./PlainCalendar.sol";
import {SharingHandler} from "./SharingHandler.sol";

/// @title LedgerHandler
/// @notice What honest actors do. Each act predicts whether it is allowed: one that is must succeed, whatever cheats did
/// before, and one that is not must fail.
contract LedgerHandler is SharingHandler {
    constructor(CarbonTokens ledger_, NetEmissions net_) {
        _settle(ledger_, net_);
    }

    /// @notice Every act, for the invariant runner and for the coverage test.
    function acts() external pure returns (bytes4[] memory all) {
        all = new bytes4[](24);
        (all[0], all[1], all[2]) = (this.issueOne.selector, this.issueMany.selector, this.send.selector);
        (all[3], all[4], all[5]) = (this.sendMany.selector, this.retireOne.selector, this.retireMany.selector);
        (all[6], all[7], all[8]) = (this.readMeter.selector, this.addScopes.selector, this.relayAudit.selector);
        (all[9], all[10], all[11]) = (this.closeMonth.selector, this.restateMonth.selector, this.takeOut.selector);
        (all[12], all[13], all[14]) = (this.freeze.selector, this.claimMonths.selector, this.neutralise.selector);
        (all[15], all[16], all[17]) = (this.cheat.selector, this.changePanel.selector, this.auditByQuorum.selector);
        (all[18], all[19]) = (this.commitSplit.selector, this.claimShare.selector);
        (all[20], all[21]) = (this.reclaimAfterRestatement.selector, this.retireGranular.selector);
        (all[22], all[23]) = (this.recordHours.selector, this.takeOutGranular.selector);
    }

    // ------------------------------------------------------------------------------------------------------------ issue
    function issueOne(uint256 seed) external act(seed) {
        (uint24 source, address to) = (sources[_random(sources.length)], _anyActor());
        ICarbonTokens.Batch memory batch = _anyBatch(source, 0);
        (address issuer, uint8 class, bytes12 registry,,,,) = ledger.sourceOf(source);
        uint256 id = TokenId.batch(class, registry, batch.evidence);
        // before the call: the thief retires of it while it is called back
        if (!isFrozen[source]) _recordBatch(id, source, batch);
        vm.prank(issuer);
        try ledger.issue(source, to, batch) returns (uint256 issued) {
            _require(issued == id && !isFrozen[source], "issue by a frozen source");
            _did("issueOne");
        } catch {
            _require(isFrozen[source], "an issue was blocked");
        }
    }

    function issueMany(uint256 seed) external act(seed) {
        (uint24 source, address to) = (sources[_random(sources.length)], _anyActor());
        ICarbonTokens.Batch[] memory batches = new ICarbonTokens.Batch[](1 + _random(3));
        (address issuer, uint8 class, bytes12 registry,,,,) = ledger.sourceOf(source);
        uint256 after_ = 0;
        for (uint256 i = 0; i < batches.length; ++i) {
            batches[i] = _anyBatch(source, after_);
            after_ = batches[i].serialThru + 1;
            if (isFrozen[source]) continue;
            _recordBatch(TokenId.batch(class, registry, batches[i].evidence), source, batches[i]);
        }
        vm.prank(issuer);
        try ledger.issueBatch(source, to, batches) {
            _require(!isFrozen[source], "issue by a frozen source");
            _did("issueMany");
        } catch {
            _require(isFrozen[source], "an issue was blocked");
        }
    }

    // --------------------------------------------------------------------------------------------------------- transfer
    function send(uint256 seed) external act(seed) {
        (uint256 id, address from, uint256 balance) = _anyHolding();
        if (id == 0) return;
        (address to, uint256 amount) = (_anyActor(), _amount(balance));
        bool frozen = isFrozen[_issued[id].source];
        vm.prank(from);
        try ledger.safeTransferFrom(from, to, id, amount, "") {
            _require(!frozen, "a frozen source's token moved");
            _did("send");
        } catch {
            _require(frozen, "a transfer was blocked");
        }
    }

    /// @dev Two holdings of one holder at once, often of the same token, by an operator.
    function sendMany(uint256 seed) external act(seed) {
        (uint256 id, address from, uint256 balance) = _anyHolding();
        if (id == 0) return;
        address to = _anyActor();
        (uint256[] memory pair, uint256[] memory amounts) = (new uint256[](2), new uint256[](2));
        (pair[0], pair[1]) = (id, ids[_random(ids.length)]);
        amounts[0] = _amount(balance);
        amounts[1] = pair[1] == id ? balance - amounts[0] : ledger.balanceOf(from, pair[1]);
        bool frozen = isFrozen[_issued[id].source] || isFrozen[_issued[pair[1]].source];
        vm.prank(from);
        ledger.setApprovalForAll(REGISTRAR, true);
        vm.prank(REGISTRAR);
        try ledger.safeBatchTransferFrom(from, to, pair, amounts, "") {
            _require(!frozen, "a frozen source's token moved");
            _did("sendMany");
        } catch {
            _require(frozen, "a transfer was blocked");
        }
        vm.prank(from);
        ledger.setApprovalForAll(REGISTRAR, false);
    }

    // ----------------------------------------------------------------------------------------------------------- retire
    function retireOne(uint256 seed) external act(seed) {
        (uint256 id, address holder, uint256 balance) = _anyHolding();
        if (id == 0) return;
        (uint256 facility_, uint32 month) = _anyAccount();
        uint256 amount = _amount(balance);
        bool allowed = _fits(id, facility_, month) && !isFrozen[_issued[id].source];
        ICarbonTokens.Retirement memory retirement = _retirement(facility_, month);
        vm.prank(holder);
        try ledger.retire(id, amount, retirement) {
            _recordRetirement(id, amount, facility_, month);
            _did("retireOne");
        } catch {
            _require(!allowed, "a retirement was blocked");
        }
    }

    /// @dev One token in two parts.
    function retireMany(uint256 seed) external act(seed) {
        (uint256 id, address holder, uint256 balance) = _anyHolding();
        if (id == 0 || balance < 2) return;
        (uint256 facility_, uint32 month) = _anyAccount();
        (uint256[] memory pair, uint256[] memory amounts) = (new uint256[](2), new uint256[](2));
        (pair[0], pair[1], amounts[0]) = (id, id, _amount(balance - 1));
        amounts[1] = _amount(balance - amounts[0]);
        bool allowed = _fits(id, facility_, month) && !isFrozen[_issued[id].source];
        ICarbonTokens.Retirement memory retirement = _retirement(facility_, month);
        vm.prank(holder);
        try ledger.retireBatch(pair, amounts, retirement) {
            _recordRetirement(id, amounts[0] + amounts[1], facility_, month);
            _did("retireMany");
        } catch {
            _require(!allowed, "a retirement was blocked");
        }
    }

    // --------------------------------------------------------------------------------------------------------- registrar
    /// @dev Freezes one source, or lifts every freeze.
    function freeze(uint256 seed) external act(seed) {
        uint24 chosen = _random(3) == 0 ? sources[_random(sources.length)] : 0;
        for (uint256 i = 0; i < sources.length; ++i) {
            uint24 source = sources[i];
            if (isFrozen[source]) _require(holdingsOf(source) == holdingsWhenFrozen[source], "a frozen holding moved");
            isFrozen[source] = source == chosen;
            holdingsWhenFrozen[source] = holdingsOf(source);
            vm.prank(REGISTRAR);
            ledger.setFrozen(source, source == chosen);
        }
        _did(chosen == 0 ? bytes32("unfreeze") : bytes32("freeze"));
    }

    // ----------------------------------------------------------------------------------------------------------- claim
    function claimMonths(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 from) = _anyAccount();
        uint32 thru = from + uint32(_random(2));
        _claimBoth(facility_, from, thru > FIRST + MONTHS - 1 ? from : thru, _random(2) == 0);
    }

    /// @dev Closes a month, matches its hours if it needs it, retires exactly the missing offsets, and claims.
    function neutralise(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccountThat(_isAudited);
        if (facility_ == 0 || isFrozen[sources[2]]) return;
        bool hourly_ = _random(2) == 0;
        if (!_inventories[facility_][month].closed) _closeBoth(facility_, month);
        if (hourly_ && !isMatched(facility_, month)) _recordHoursBoth(facility_, month, 0);
        (uint256 market, uint256 offsets) = coverOf(facility_, month, hourly_);
        if (market > offsets) _offset(facility_, month, market - offsets);
        _claimBoth(facility_, month, month, hourly_);
        _did("neutralise");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _anyBatch(uint24 source, uint256 atLeast) private returns (ICarbonTokens.Batch memory batch) {
        batch = _batch(source, _amount(3_000_000));
        uint256 gap = _random(2) * _random(100) + (atLeast > batch.serialFrom ? atLeast - batch.serialFrom : 0);
        (batch.serialFrom, batch.serialThru) = (batch.serialFrom + gap, batch.serialThru + gap);
        batch.vintageStart = PlainCalendar.startOf(FIRST - 6 + _random(10)) + _random(20 days);
        batch.vintageEnd = batch.vintageStart + 1 + _random(200 days);
    }

    function _offset(uint256 facility_, uint32 month, uint256 amount) private {
        ICarbonTokens.Batch memory batch = _batch(sources[2], amount);
        (batch.vintageStart, batch.vintageEnd) = (1_600_000_000, 1_600_000_001);
        uint256 id = _issue(sources[2], OWNER, batch);
        _recordBatch(id, sources[2], batch);
        ICarbonTokens.Retirement memory retirement = _retirement(facility_, month);
        vm.prank(OWNER);
        ledger.retire(id, amount, retirement);
        _recordRetirement(id, amount, facility_, month);
    }

    function _recordBatch(uint256 id, uint24 source, ICarbonTokens.Batch memory batch) private {
        uint256 first = PlainCalendar.monthOf(batch.vintageStart);
        _recordIssue(id, source, batch.amount, first, PlainCalendar.monthOf(batch.vintageEnd - 1));
    }

    function _claimBoth(uint256 facility_, uint32 from, uint32 thru, bool hourly_) private {
        bool allowed = isNeutral(facility_, from, hourly_) && isNeutral(facility_, thru, hourly_);
        INetEmissions.Basis basis = hourly_ ? INetEmissions.Basis.Hourly : INetEmissions.Basis.Annual;
        vm.prank(_anyActor());
        try net.claim(facility_, from, thru, basis) returns (uint256 id) {
            _require(allowed, "a month above zero was claimed");
            Certificate storage certificate = _certificates[id];
            if (certificate.number == 0) claims.push(id);
            (certificate.facility, certificate.from, certificate.thru) = (facility_, from, thru);
            (certificate.hourly, certificate.number) = (hourly_, certificate.number + 1);
            certificate.versions = [_inventories[facility_][from].version, _inventories[facility_][thru].version];
            _did(certificate.number != 1 ? bytes32("renewal") : hourly_ ? bytes32("hourlyClaim") : bytes32("claim"));
        } catch {
            _require(!allowed, "a claim was blocked");
        }
    }
}
