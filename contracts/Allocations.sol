// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {Supersedable} from "./Supersedable.sol";
import {IAllocations} from "./interfaces/IAllocations.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {MerkleSum} from "./libraries/MerkleSum.sol";
import {CoverSlot, InventorySlot} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title Allocations: see IAllocations
contract Allocations is IAllocations, Supersedable {
    uint256 private constant MOST_LEVELS = 32;
    uint256 private constant FACILITY_BITS = 216;

    ICarbonTokens public immutable ledger;

    mapping(uint256 auditedId => mapping(uint256 version => bytes32)) private _roots;
    mapping(uint256 auditedId => Claimed) private _claimed;
    mapping(uint256 auditedId => mapping(uint256 tenant => Claimed)) private _claimedBy;

    /// @param ledger_ the ledger that was deployed for this contract
    constructor(ICarbonTokens ledger_) {
        if (ledger_.allocations() != address(this)) revert LedgerOfOthers(ledger_.allocations());
        ledger = ledger_;
    }

    /// @inheritdoc IAllocations
    function commit(uint256 facility, uint32 month, uint32 version, uint256 recs, uint8 depth, bytes32 top) external {
        _requireCurrent();
        _requireOwner(facility);
        if (depth > MOST_LEVELS) revert DepthTooLarge(depth);
        uint256 id = _idOf(facility, month);
        (InventorySlot inventory, CoverSlot cover) = _account(id);
        if (!inventory.closed() || inventory.exhausted()) revert MonthNotComplete(facility, month);
        uint32 current = _version(inventory, cover);
        if (current != version) revert VersionNotCurrent(current, version);
        if (_roots[id][version] != 0) revert AllocationExists(facility, month, version);
        if (recs > cover.recs()) revert RecsNotRetired(cover.recs(), recs);
        uint256 total = _total(inventory, cover, recs);
        bytes32 root = MerkleSum.root(id, version, depth, top, total);
        _roots[id][version] = root;
        emit Committed(facility, month, version, root, depth, total, recs);
    }

    /// @inheritdoc IAllocations
    function claim(uint256 facility, uint32 month, Share calldata share, uint256 index, bytes calldata siblings)
        external
    {
        uint256 tenant = uint256(share.tenant);
        if (tenant == facility) revert OwnShare(facility);
        _requireOwner(tenant);
        uint256 id = _idOf(facility, month);
        uint32 version = _versionOf(id);
        if (!_isPart(id, version, share, index, siblings)) revert ShareNotProven(facility, month, share.tenant);
        Claimed memory old = _claimedBy[id][tenant];
        if (old.version == version) revert ShareAlreadyClaimed(facility, month, tenant);
        Claimed memory taken = _taken(version, share);
        _claimedBy[id][tenant] = taken;
        _count(id, taken);
        emit ShareClaimed(facility, month, tenant, version, taken.energy, taken.location, taken.market);
        if (old.location == taken.location && old.market == taken.market) return; // the tenant's totals do not change
        ledger.allocate(tenant, month, old.location, old.market, taken.location, taken.market);
    }

    /// @inheritdoc IAllocations
    function verify(
        uint256 facility,
        uint32 month,
        uint32 version,
        Share calldata share,
        uint256 index,
        bytes calldata siblings
    ) external view returns (bool) {
        return _isPart(_idOf(facility, month), version, share, index, siblings);
    }

    /// @inheritdoc IAllocations
    function versionOf(uint256 facility, uint32 month) external view returns (uint32) {
        return _versionOf(_idOf(facility, month));
    }

    /// @inheritdoc IAllocations
    function rootOf(uint256 facility, uint32 month, uint32 version) external view returns (bytes32) {
        return _roots[_idOf(facility, month)][version];
    }

    /// @inheritdoc IAllocations
    function claimedOf(uint256 facility, uint32 month) external view returns (Claimed memory) {
        return _claimed[_idOf(facility, month)];
    }

    /// @inheritdoc IAllocations
    function claimedBy(uint256 facility, uint32 month, uint256 tenant) external view returns (Claimed memory) {
        return _claimedBy[_idOf(facility, month)][tenant];
    }

    /// @dev More than 216 bits would name another facility's account.
    function _idOf(uint256 facility, uint32 month) private pure returns (uint256) {
        if (facility >> FACILITY_BITS != 0) revert FacilityInvalid(facility);
        return TokenId.audited(facility, month);
    }

    function _versionOf(uint256 id) private view returns (uint32) {
        (InventorySlot inventory, CoverSlot cover) = _account(id);
        return _version(inventory, cover);
    }

    /// @dev 15 and 16 bits.
    function _version(InventorySlot inventory, CoverSlot cover) private pure returns (uint32) {
        return uint32(inventory.version() | cover.shares() << 16);
    }

    function _total(InventorySlot inventory, CoverSlot cover, uint256 recs) private pure returns (uint256 total) {
        bool fits;
        (uint256 location, uint256 market) = inventory.totals(cover, recs);
        (total, fits) = MerkleSum.pack(inventory.energy(), location, market);
        if (!fits) revert TotalTooLarge();
    }

    /// @dev A proven share has amounts below 2^48.
    function _taken(uint32 version, Share calldata share) private pure returns (Claimed memory) {
        return Claimed(version, uint48(share.energy), uint48(share.location), uint48(share.market));
    }

    /// @dev The total of a version: shares of one version are disjoint leaves of one tree, so no sum exceeds its total.
    function _count(uint256 id, Claimed memory taken) private {
        Claimed memory sum = _claimed[id];
        if (sum.version == taken.version) {
            sum.energy += taken.energy;
            sum.location += taken.location;
            sum.market += taken.market;
            _claimed[id] = sum;
        } else {
            _claimed[id] = taken;
        }
    }

    function _isPart(uint256 id, uint256 version, Share calldata share, uint256 index, bytes calldata siblings)
        private
        view
        returns (bool)
    {
        (uint256 amounts, bool fits) = MerkleSum.pack(share.energy, share.location, share.market);
        bytes32 leaf = MerkleSum.leaf(share.tenant, amounts, share.salt);
        (bytes32 top, uint256 total, bool sound) = MerkleSum.fold(leaf, amounts, index, siblings);
        bytes32 root = MerkleSum.root(id, version, siblings.length / MerkleSum.SIBLING, top, total);
        return fits && sound && root == _roots[id][version];
    }

    function _requireOwner(uint256 facility) private view {
        (address owner,,,) = ledger.facilityOf(facility);
        if (msg.sender != owner) revert NotOwner(msg.sender, owner);
    }

    function _account(uint256 id) private view returns (InventorySlot, CoverSlot) {
        (uint256 inventory, uint256 cover) = ledger.slotsOfAccount(id);
        return (InventorySlot.wrap(inventory), CoverSlot.wrap(cover));
    }

    function _admin() internal view override returns (address) {
        return IAccessControlDefaultAdminRules(address(ledger)).defaultAdmin();
    }
}
