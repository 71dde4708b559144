// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {GhostShares} from "./GhostShares.sol";
import {PlainCalendar} from "./PlainCalendar.sol";
import {PlainHours} from "./PlainHours.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";

/// @title SharingCheats
/// @notice What nobody may do with shares, hours and panels; see CheatingHandler.
abstract contract SharingCheats is GhostShares {
    /// @dev Who calls what, and what it would mean if it worked. No cheater: nothing to cheat with yet.
    struct Cheat {
        address cheater;
        address target;
        bytes data;
        bytes4 reason;
        string meaning;
    }

    function _nothing() internal pure returns (Cheat memory plan) {}

    /// @dev Kinds 0 to 3: a share that is not there, of an old version, claimed twice, or another's.
    function _cheatWithShares(uint256 kind) internal returns (Cheat memory) {
        if (kind == 1) return _cheatWithOldShare();
        (uint256 landlord, uint32 month) = _anyAccountThat(kind == 2 ? _isClaimedNow : _isSplitNow);
        if (landlord == 0) return _nothing();
        IAllocations.Share[] memory shares = _splits[landlord][month].shares;
        uint256 index = kind == 2 ? _leafClaimedNow(landlord, month) : _random(shares.length);
        if (index >= shares.length) return _nothing();
        (address owner,,,) = ledger.facilityOf(uint256(shares[index].tenant));
        if (owner == address(0)) return _nothing();
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), index);
        (bytes4 reason, string memory meaning) =
            (IAllocations.ShareNotProven.selector, "a share was claimed that is not in the split");
        if (kind == 0) {
            if (_random(2) == 0) ++shares[index].market;
            else index += 1 + _random(4);
        } else if (kind == 2) {
            (reason, meaning) = (IAllocations.ShareAlreadyClaimed.selector, "a share was claimed twice");
        } else {
            owner = _random(2) == 0 ? ADMIN : STRANGER;
            (reason, meaning) = (IAllocations.NotOwner.selector, "a stranger claimed a share");
        }
        IAllocations.Share memory share = shares[index % shares.length];
        return _claimCheat(owner, landlord, month, share, index, path, reason, meaning);
    }

    function _claimCheat(
        address owner,
        uint256 landlord,
        uint32 month,
        IAllocations.Share memory share,
        uint256 index,
        bytes memory path,
        bytes4 reason,
        string memory meaning
    ) private view returns (Cheat memory plan) {
        (plan.cheater, plan.target, plan.reason, plan.meaning) = (owner, address(allocations), reason, meaning);
        plan.data = abi.encodeCall(allocations.claim, (landlord, month, share, index, path));
    }

    function _cheatWithOldShare() private returns (Cheat memory) {
        (uint256 landlord, uint32 month) = _anyAccountThat(_wasSplitBefore);
        if (landlord == 0) return _nothing();
        IAllocations.Share[] memory shares = _oldSplits[landlord][month].shares;
        (address owner,,,) = ledger.facilityOf(uint256(shares[0].tenant));
        if (owner == address(0)) return _nothing();
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), 0);
        return _claimCheat(
            owner,
            landlord,
            month,
            shares[0],
            0,
            path,
            IAllocations.ShareNotProven.selector,
            "a share of an old version was claimed"
        );
    }

    /// @dev Kinds 4 to 7: who may split, and what becomes of allocated emissions.
    function _cheatWithSplits(uint256 kind) internal returns (Cheat memory plan) {
        (uint256 facility_, uint32 month) = _anyAccount();
        plan.target = address(allocations);
        uint32 version = totalsVersionOf(facility_, month);
        plan.data = abi.encodeCall(allocations.commit, (facility_, month, version, 0, 0, "top"));
        if (kind == 4) {
            (plan.cheater, plan.reason) = (_random(2) == 0 ? ADMIN : BUYER, IAllocations.NotOwner.selector);
            plan.meaning = "a stranger split an account";
            return plan;
        }
        if (kind == 5) {
            (facility_, month) = _anyAccountThat(_isSplitNow);
            if (facility_ == 0) return _nothing();
            (plan.cheater,,,) = ledger.facilityOf(facility_);
            version = totalsVersionOf(facility_, month);
            plan.data = abi.encodeCall(allocations.commit, (facility_, month, version, 0, 0, "top"));
            (plan.reason, plan.meaning) = (IAllocations.AllocationExists.selector, "a split was replaced");
            return plan;
        }
        plan.target = address(ledger);
        if (kind == 6) {
            (plan.cheater,,,) = ledger.facilityOf(facility_);
            uint256 id = TokenId.allocated(facility_, month);
            plan.data = abi.encodeCall(ledger.safeTransferFrom, (plan.cheater, STRANGER, id, 0, ""));
            (plan.reason, plan.meaning) = (ICarbonTokens.Soulbound.selector, "allocated emissions moved");
            return plan;
        }
        plan.cheater = _random(2) == 0 ? ADMIN : OWNER;
        plan.data = abi.encodeCall(ledger.allocate, (facility_, month, 0, 0, 0, 0));
        (plan.reason, plan.meaning) = (ICarbonTokens.NotContract.selector, "a share was invented");
    }

    /// @dev Kinds 8 to 11: certificates that count twice, and those who are no auditors.
    function _cheatWithHoursOrPanels(uint256 kind) internal returns (Cheat memory plan) {
        (uint256 facility_, uint32 month) = _anyAccountThat(_hasGranulars);
        if (kind == 8) {
            if (facility_ == 0) return _nothing();
            (plan.cheater, plan.target) = (HOLDER, address(hourly));
            IHourlyMatching.Granular memory again = _granularAt(facility_, month, 0);
            plan.data = abi.encodeCall(hourly.retire, (again, _retirement(facility_, month)));
            (plan.reason, plan.meaning) = (IHourlyMatching.AlreadyRetired.selector, "a certificate was retired twice");
            return plan;
        }
        (facility_, month) = _anyAccount();
        if (kind == 9) {
            (plan.cheater,,,) = ledger.facilityOf(facility_);
            plan.target = address(hourly);
            uint16 version = uint16(_inventories[facility_][month].version);
            plan.data = abi.encodeCall(hourly.record, (facility_, month, version, "", _none()));
            (plan.reason, plan.meaning) = (IHourlyMatching.NotAuditor.selector, "an owner matched the own hours");
            return plan;
        }
        if (kind == 10) {
            (plan.cheater, plan.target) = (_random(2) == 0 ? ADMIN : OWNER, address(auditors));
            plan.data = abi.encodeCall(auditors.setPanel, (facility_, 0, new address[](0)));
            (plan.reason, plan.meaning) = (IAuditors.NotRegistrar.selector, "a panel was dissolved");
            return plan;
        }
        if (_panels[facilities[1]].quorum == 0) return _nothing();
        (plan.cheater, plan.target) = (vm.addr(auditorKeys[_random(4)]), address(ledger));
        ICarbonTokens.Statement memory statement = _statement(facilities[1], month);
        statement.scope1 = 1;
        plan.data = abi.encodeCall(ledger.restate, (statement));
        plan.reason = ICarbonTokens.PanelMissing.selector;
        if (statement.version == 1) return _nothing();
        plan.meaning = "an auditor went round the panel";
    }

    /// @dev Kinds 12 to 15: what a share, a void certificate or another's meter must not be good for.
    function _cheatWithWhatIsNotTheirs(uint256 kind) internal returns (Cheat memory plan) {
        if (kind == 12) return _cheatWithAlias();
        if (kind == 13) return _cheatWithVoidHours();
        (plan.cheater, plan.target) = (auditor, address(ledger));
        if (kind == 14) {
            (uint256 facility_, uint32 month) = _anyAccountThat(_isAudited);
            bytes32 meter = meters[_random(meters.length)];
            if (facility_ == 0 || auditedUntil[meter] == 0 || _isMeterOf(meter, facility_)) return _nothing();
            ICarbonTokens.Statement memory statement = _statement(facility_, month);
            (statement.meter, statement.start) = (meter, PlainCalendar.startOf(month));
            statement.end = statement.start + 1;
            plan.data = abi.encodeCall(ledger.restate, (statement));
            (plan.reason, plan.meaning) = (ICarbonTokens.MeterOfAnother.selector, "another's meter was cited");
            return plan;
        }
        (uint256 empty, uint32 at) = _anyAccountThat(_hasOnlyShares);
        if (empty == 0) (empty, at) = (facilities[_random(facilities.length)], FIRST + MONTHS); // over, never audited
        plan.data = abi.encodeCall(ledger.close, (empty, at, totalsVersionOf(empty, at)));
        (plan.reason, plan.meaning) = (ICarbonTokens.MonthNotAudited.selector, "a month that nobody audited was closed");
    }

    function _cheatWithAlias() private returns (Cheat memory) {
        (uint256 landlord, uint32 month) = _anyAccountThat(_isSplitNow);
        if (landlord == 0) return _nothing();
        IAllocations.Share[] memory shares = _splits[landlord][month].shares;
        (address owner,,,) = ledger.facilityOf(uint256(shares[0].tenant));
        if (owner == address(0)) return _nothing();
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), 0);
        uint256 alias_ = landlord + (1 << 216 + _random(40));
        return _claimCheat(
            owner,
            alias_,
            month,
            shares[0],
            0,
            path,
            IAllocations.FacilityInvalid.selector,
            "a share was claimed under a false name"
        );
    }

    function _cheatWithVoidHours() private returns (Cheat memory plan) {
        (uint256 facility_, uint32 month) = _anyAccountThat(_hasVoidGranular);
        if (facility_ == 0) return _nothing();
        uint256 energy = _inventories[facility_][month].energy;
        bytes memory load = PlainHours.encoded(_spread(_random(type(uint256).max), month, energy));
        (plan.cheater, plan.target, plan.reason) =
        (auditor, address(hourly), IHourlyMatching.CertificateDisallowed.selector);
        IHourlyMatching.Granular memory certificate = _granularAt(facility_, month, _voidGranular(facility_, month));
        uint16 version = uint16(_inventories[facility_][month].version);
        plan.data = abi.encodeCall(hourly.record, (facility_, month, version, load, _list(certificate)));
        plan.meaning = "a void certificate counted";
    }

    function _isMeterOf(bytes32 meter, uint256 facility_) private pure returns (bool) {
        return meter == keccak256(abi.encode(facility_, 1)) || meter == keccak256(abi.encode(facility_, 2));
    }
}
