// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {IAuditors} from "../interfaces/IAuditors.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {AuditingHandler} from "./AuditingHandler.sol";
import {Messages} from "./Messages.sol";
import {PlainHours} from "./PlainHours.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";

/// @title SharingHandler
/// @notice What operators and tenants do with shares, and auditors with hours; see LedgerHandler.
abstract contract SharingHandler is AuditingHandler {
    // ----------------------------------------------------------------------------------------------------------- shares
    function commitSplit(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _random(3) == 0 ? _anyAccount() : _anyAccountThat(_isClosed);
        if (facility_ == 0) return;
        bool allowed = _isClosed(facility_, month) && !_isSplitNow(facility_, month);
        bool done = _commitBoth(facility_, month, _anyTenants(facility_));
        _require(done == allowed, done ? "an account was split that must not be" : "a split was blocked");
        if (done) _did("commitSplit");
    }

    function claimShare(uint256 seed) external act(seed) {
        (uint256 landlord, uint32 month) = _random(4) == 0 ? _anyAccountThat(_isSplit) : _anyAccountThat(_isSplitNow);
        if (landlord == 0) return;
        _claimShareBoth(landlord, month, _random(_splits[landlord][month].shares.length));
    }

    /// @dev An account of which something was claimed is restated and split again, and a tenant follows.
    function reclaimAfterRestatement(uint256 seed) external act(seed) {
        (uint256 landlord, uint32 month) = _anyAccountThat(_isClaimedOf);
        if (landlord == 0) return;
        uint256 leaf = _claimedLeaf(landlord, month);
        _restateBoth(landlord, month);
        if (!_isClosed(landlord, month)) _closeBoth(landlord, month); // a share that it claimed itself had opened it
        IAllocations.Share[] storage old = _splits[landlord][month].shares;
        bytes32[] memory tenants = new bytes32[](old.length);
        for (uint256 i = 0; i < tenants.length; ++i) {
            tenants[i] = old[i].tenant;
        }
        _require(_commitBoth(landlord, month, tenants), "a split of a restated account was blocked");
        _require(_claimShareBoth(landlord, month, leaf), "a share of a restated account was blocked");
        _did("reclaimAfterRestatement");
    }

    function _commitBoth(uint256 facility_, uint32 month, bytes32[] memory tenants) private returns (bool) {
        Inventory storage twin = _inventories[facility_][month];
        uint256 recs = _random(twin.recsRetired - twin.recsDisallowed + 1);
        Totals memory totals = _totals(facility_, month, recs);
        IAllocations.Share[] memory shares = _shares(totals, tenants, _random(type(uint256).max));
        (address owner,,,) = ledger.facilityOf(facility_);
        bytes32 top = PlainMerkleSum.topOf(_leaves(shares)).hash;
        (uint32 version, uint8 depth) = (totalsVersionOf(facility_, month), PlainMerkleSum.depthOf(shares.length));
        vm.prank(owner);
        try allocations.commit(facility_, month, version, recs, depth, top) {
            _recordSplit(facility_, month, shares);
            _totalsAt[facility_][month][version] = totals;
            return true;
        } catch {
            return false;
        }
    }

    function _claimShareBoth(uint256 landlord, uint32 month, uint256 index) private returns (bool) {
        IAllocations.Share[] memory shares = _splits[landlord][month].shares;
        uint256 tenant = uint256(shares[index].tenant);
        (address owner,,,) = ledger.facilityOf(tenant);
        if (owner == address(0)) return false;
        uint256 version = totalsVersionOf(landlord, month);
        Held storage held = _held[landlord][month][tenant];
        bool allowed = _isSplitNow(landlord, month) && held.version != version;
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), index);
        vm.prank(owner);
        try allocations.claim(landlord, month, shares[index], index, path) {
            _require(allowed, "a share counted twice, or after its version");
            _did(held.version == 0 ? bytes32("claimShare") : bytes32("replaceShare"));
            _recordShare(tenant, month, held, shares[index]);
            held.version = version;
            return true;
        } catch {
            _require(!allowed, "a claim of a share was blocked");
            return false;
        }
    }

    /// @dev A share that changes nothing leaves the tenant's month as it was; another one opens it.
    function _recordShare(uint256 tenant, uint32 month, Held storage held, IAllocations.Share memory share) private {
        if (held.location != share.location || held.market != share.market) {
            Inventory storage twin = _inventories[tenant][month];
            if (twin.closed) _did("reopen");
            (twin.shares, twin.closed) = (twin.shares + 1, false);
        }
        (held.energy, held.location, held.market) = (share.energy, share.location, share.market);
    }

    // ------------------------------------------------------------------------------------------------------------ hours
    function retireGranular(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _random(2) == 0 ? _anyAccount() : _anyAccountThat(_isAudited);
        if (facility_ == 0) return;
        uint24 source = zoneOf[facility_] == ZONE ? sources[0] : sources[1];
        if (isFrozen[source]) return;
        Hourly memory granular = Hourly(0, 0, _random(type(uint256).max), _amount(3_000_000));
        IHourlyMatching.Granular memory certificate =
            _issueGranular(HOLDER, source, month, _spread(granular.seed, month, granular.amount));
        (granular.id, granular.document) = (hourly.idOf(certificate), certificate.document);
        _recordIssue(granular.id, source, granular.amount, month, month);
        _retireGranular(HOLDER, certificate, facility_, month);
        _recordRetirement(granular.id, granular.amount, facility_, month);
        _granulars[facility_][month].push(granular);
        _did("retireGranular");
    }

    /// @dev A granular certificate proves void, or a part of it.
    function takeOutGranular(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccountThat(_hasGranulars);
        if (facility_ == 0) return;
        Hourly[] storage granulars = _granulars[facility_][month];
        if (_takeOut(facility_, month, granulars[_random(granulars.length)].id)) _did("takeOutGranular");
    }

    /// @dev With the first few certificates, or all.
    function recordHours(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) =
            _random(2) == 0 ? _anyAccountThat(_isAudited) : _anyAccountThat(_hasGranulars);
        if (facility_ == 0 || !_isAudited(facility_, month)) return;
        uint256 count = _granulars[facility_][month].length;
        if (count > 4) count = 4;
        if (_recordHoursBoth(facility_, month, _random(3) == 0 ? _random(count + 1) : count)) _did("recordHours");
    }

    function _recordHoursBoth(uint256 facility_, uint32 month, uint256 count) internal returns (bool) {
        Inventory storage twin = _inventories[facility_][month];
        uint256[] memory load = _spread(_random(type(uint256).max), month, twin.energy);
        (uint256[] memory supply, IHourlyMatching.Granular[] memory certificates) = _supply(facility_, month, count);
        uint256 matched = PlainHours.matched(load, supply);
        bool allowed =
            _allStand(facility_, month, count) && PlainHours.sum(supply) <= twin.recsRetired - twin.recsDisallowed;
        // what was signed can be submitted by anyone, and again: only for a better match
        if (_isPanelled(facility_) && isMatched(facility_, month)) {
            allowed = allowed && matched > _matches[facility_][month].matched;
        }
        bool done = _submitHours(facility_, month, PlainHours.encoded(load), certificates);
        _require(done == allowed, done ? "a match was recorded that must not be" : "a match was blocked");
        if (done) _matches[facility_][month] = Match(twin.version, matched, true);
        return done;
    }

    /// @dev None of the first certificates was disallowed.
    function _allStand(uint256 facility_, uint32 month, uint256 count) private view returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (_isVoid[facility_][month][_granulars[facility_][month][i].id]) return false;
        }
        return true;
    }

    function _supply(uint256 facility_, uint32 month, uint256 count)
        private
        view
        returns (uint256[] memory supply, IHourlyMatching.Granular[] memory certificates)
    {
        (supply, certificates) = (_evenHours(month, 0), new IHourlyMatching.Granular[](count));
        for (uint256 i = 0; i < count; ++i) {
            Hourly storage granular = _granulars[facility_][month][i];
            supply = PlainHours.plus(supply, _spread(granular.seed, month, granular.amount));
            certificates[i] = _granularAt(facility_, month, i);
        }
        _sortById(certificates);
    }

    function _submitHours(
        uint256 facility_,
        uint32 month,
        bytes memory consumption,
        IHourlyMatching.Granular[] memory certificates
    ) private returns (bool) {
        uint16 version = uint16(_inventories[facility_][month].version);
        bytes memory data = abi.encodeCall(hourly.record, (facility_, month, version, consumption, certificates));
        if (_isPanelled(facility_)) {
            bytes32 structHash =
                Messages.matched(address(hourly), facility_, month, version, consumption, block.timestamp);
            IAuditors.Signature[] memory signatures = _signMembers(facility_, structHash);
            data = abi.encodeCall(
                hourly.recordBySig, (facility_, month, version, consumption, certificates, block.timestamp, signatures)
            );
        } else {
            vm.prank(auditor);
        }
        (bool done,) = address(hourly).call(data);
        return done;
    }
}
