// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {GhostLedger} from "./GhostLedger.sol";
import {PlainHours} from "./PlainHours.sol";

/// @title GhostShares
/// @notice Splits and granular certificates as the handler made them.
abstract contract GhostShares is GhostLedger {
    struct Split {
        uint256 version; // of the totals; zero: none
        IAllocations.Share[] shares;
    }

    /// @dev A granular certificate; its hours follow from the seed.
    struct Hourly {
        uint256 id;
        bytes32 document;
        uint256 seed;
        uint256 amount;
    }

    uint256 private constant BUSY_HOURS = 8; // the others are zero, so that certificates meet consumption

    mapping(uint256 facility => mapping(uint32 month => Split)) internal _splits; // the latest
    mapping(uint256 facility => mapping(uint32 month => Split)) internal _oldSplits; // the one before
    mapping(uint256 facility => mapping(uint32 month => mapping(uint256 version => Totals))) internal _totalsAt; // split
    mapping(uint256 facility => mapping(uint32 month => Hourly[])) internal _granulars;

    // ------------------------------------------------------------------------------------------------------------ views
    function totalsAt(uint256 facility_, uint32 month, uint256 version) external view returns (Totals memory) {
        return _totalsAt[facility_][month][version];
    }

    function granularsOf(uint256 facility_, uint32 month) external view returns (Hourly[] memory) {
        return _granulars[facility_][month];
    }

    // ------------------------------------------------------------------------------------------------------------ search
    /// @dev The first account from anywhere on that passes a test; facility zero if none does.
    function _anyAccountThat(function(uint256, uint32) view returns (bool) test) internal returns (uint256, uint32) {
        uint256 accounts = facilities.length * MONTHS;
        uint256 start = _random(accounts);
        for (uint256 i = 0; i < accounts; ++i) {
            uint256 at = (start + i) % accounts;
            (uint256 facility_, uint32 month) = (facilities[at / MONTHS], FIRST + uint32(at % MONTHS));
            if (test(facility_, month)) return (facility_, month);
        }
        return (0, 0);
    }

    function _isAudited(uint256 facility_, uint32 month) internal view returns (bool) {
        return _inventories[facility_][month].version != 0;
    }

    function _isClosed(uint256 facility_, uint32 month) internal view returns (bool) {
        return _inventories[facility_][month].closed;
    }

    function _isSplit(uint256 facility_, uint32 month) internal view returns (bool) {
        return _splits[facility_][month].version != 0;
    }

    /// @dev Split at the version that its totals have.
    function _isSplitNow(uint256 facility_, uint32 month) internal view returns (bool) {
        return _isSplit(facility_, month) && _splits[facility_][month].version == totalsVersionOf(facility_, month);
    }

    function _wasSplitBefore(uint256 facility_, uint32 month) internal view returns (bool) {
        return _oldSplits[facility_][month].version != 0;
    }

    function _isClaimedOf(uint256 landlord, uint32 month) internal view returns (bool) {
        return _claimedLeaf(landlord, month) != type(uint256).max;
    }

    /// @dev A leaf of the latest split whose tenant holds a share, of this version or an earlier one.
    function _claimedLeaf(uint256 landlord, uint32 month) internal view returns (uint256) {
        IAllocations.Share[] storage shares = _splits[landlord][month].shares;
        for (uint256 i = 0; i < shares.length; ++i) {
            if (_held[landlord][month][uint256(shares[i].tenant)].version != 0) return i;
        }
        return type(uint256).max;
    }

    function _isClaimedNow(uint256 landlord, uint32 month) internal view returns (bool) {
        return _isSplitNow(landlord, month) && _leafClaimedNow(landlord, month) != type(uint256).max;
    }

    /// @dev A leaf of the latest split whose tenant claimed it.
    function _leafClaimedNow(uint256 landlord, uint32 month) internal view returns (uint256) {
        Split storage split = _splits[landlord][month];
        for (uint256 i = 0; i < split.shares.length; ++i) {
            if (_held[landlord][month][uint256(split.shares[i].tenant)].version == split.version) return i;
        }
        return type(uint256).max;
    }

    function _hasGranulars(uint256 facility_, uint32 month) internal view returns (bool) {
        return _granulars[facility_][month].length != 0;
    }

    function _hasVoidGranular(uint256 facility_, uint32 month) internal view returns (bool) {
        return _voidGranular(facility_, month) != type(uint256).max;
    }

    /// @dev A granular certificate that was disallowed, or a part of it.
    function _voidGranular(uint256 facility_, uint32 month) internal view returns (uint256) {
        Hourly[] storage granulars = _granulars[facility_][month];
        for (uint256 i = 0; i < granulars.length; ++i) {
            if (_isVoid[facility_][month][granulars[i].id]) return i;
        }
        return type(uint256).max;
    }

    /// @dev Others' emissions were claimed into it, and nobody audited its own.
    function _hasOnlyShares(uint256 facility_, uint32 month) internal view returns (bool) {
        Inventory storage twin = _inventories[facility_][month];
        return twin.version == 0 && twin.shares != 0;
    }

    // ------------------------------------------------------------------------------------------------------------ splits
    function _recordSplit(uint256 facility_, uint32 month, IAllocations.Share[] memory shares) internal {
        Split storage latest = _splits[facility_][month];
        if (latest.version != 0) _oldSplits[facility_][month] = latest;
        delete _splits[facility_][month];
        latest.version = totalsVersionOf(facility_, month);
        for (uint256 i = 0; i < shares.length; ++i) {
            latest.shares.push(shares[i]);
        }
    }

    /// @dev One to four tenants: the other facilities, a name, and now and then one of them twice.
    function _anyTenants(uint256 landlord) internal returns (bytes32[] memory tenants) {
        tenants = new bytes32[](1 + _random(4));
        for (uint256 i = 0; i < tenants.length; ++i) {
            uint256 tenant = facilities[_random(facilities.length)];
            tenants[i] = tenant == landlord ? bytes32("a name") : bytes32(tenant);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- hours
    /// @dev An amount in a few hours of a month.
    function _spread(uint256 seed, uint32 month, uint256 amount) internal pure returns (uint256[] memory hours_) {
        hours_ = _evenHours(month, 0);
        for (uint256 i = 0; i < BUSY_HOURS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 part = i == BUSY_HOURS - 1 ? amount : seed % (amount / 2 + 1);
            hours_[i * (hours_.length - 1) / (BUSY_HOURS - 1)] = part;
            amount -= part;
        }
    }

    function _granularAt(uint256 facility_, uint32 month, uint256 index)
        internal
        view
        returns (IHourlyMatching.Granular memory)
    {
        Hourly storage granular = _granulars[facility_][month][index];
        uint256[] memory generation = _spread(granular.seed, month, granular.amount);
        return IHourlyMatching.Granular("registry", granular.document, PlainHours.encoded(generation));
    }
}
