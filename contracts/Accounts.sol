// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {Registry} from "./Registry.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "./interfaces/IEmissionFactors.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Roles} from "./libraries/Roles.sol";
import {CoverSlot, FacilitySlot, InventorySlot} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title Accounts: the audited inventories of CarbonTokens
abstract contract Accounts is Registry {
    uint256 private constant WH_PER_MWH = 1_000_000;

    /// @dev An account.
    struct Slots {
        InventorySlot inventory;
        CoverSlot cover;
    }

    IEmissionFactors public immutable factors;
    address public immutable auditors; // checks signatures and panels, see IAuditors
    address public immutable allocations; // checks shares, see IAllocations

    mapping(uint256 auditedId => Slots) internal _accounts;
    mapping(bytes32 meter => uint256) private _meters; // facility audited last << 40 | until, UTC seconds
    mapping(bytes32 evidence => uint256) private _evidence; // audited id that it was used for
    mapping(uint256 auditedId => mapping(uint256 id => uint256)) internal _disallowed;

    constructor(IEmissionFactors factors_, address auditors_, address allocations_) {
        (factors, auditors, allocations) = (factors_, auditors_, allocations_);
    }

    /// @inheritdoc ICarbonTokens
    function audit(Statement calldata statement) external {
        uint256 id = TokenId.audited(statement.facility, statement.month);
        InventorySlot inventory = _accounts[id].inventory;
        if (inventory.closed()) revert MonthIsClosed(statement.facility, statement.month);
        _useMeter(statement);
        _write(id, inventory, inventory, statement);
        emit Audited(statement.facility, msg.sender, statement);
    }

    /// @inheritdoc ICarbonTokens
    function close(uint256 facility, uint32 month, uint32 version) external {
        _checkAuditor(facility);
        uint256 id = TokenId.audited(facility, month);
        InventorySlot inventory = _accounts[id].inventory;
        if (inventory.version() == 0) revert MonthNotAudited(facility, month);
        if (Calendar.monthOf(block.timestamp) <= month) revert MonthNotOver(month);
        uint256 current = inventory.version() | _accounts[id].cover.shares() << 16;
        if (version != current) revert VersionMismatch(uint32(current), version);
        if (inventory.closed()) revert MonthIsClosed(facility, month);
        _accounts[id].inventory = inventory.withClosed();
        emit Closed(facility, month, msg.sender, version);
    }

    /// @inheritdoc ICarbonTokens
    function restate(Statement calldata statement) external {
        uint256 id = TokenId.audited(statement.facility, statement.month);
        InventorySlot inventory = _accounts[id].inventory;
        if (inventory.version() == 0) revert MonthNotAudited(statement.facility, statement.month);
        if (statement.meter != 0) {
            _checkPeriod(statement);
            _citeGap(statement);
        }
        _write(id, inventory, inventory.cleared(), statement);
        emit Restated(statement.facility, msg.sender, statement);
    }

    /// @inheritdoc ICarbonTokens
    function requirePanel(uint256 facility, bool required) external {
        _checkContract(auditors);
        _facilities[facility] = _facilityAt(facility).withPanelled(required);
        emit PanelRequired(facility, required);
    }

    /// @inheritdoc ICarbonTokens
    function allocate(
        uint256 facility,
        uint32 month,
        uint256 location,
        uint256 market,
        uint256 newLocation,
        uint256 newMarket
    ) external {
        _checkContract(allocations);
        address owner = _facilityAt(facility).owner();
        uint256 id = TokenId.audited(facility, month);
        CoverSlot cover = _accounts[id].cover;
        (uint256 allLocation, uint256 allMarket) =
            (cover.allocatedLocation() + newLocation - location, cover.allocatedMarket() + newMarket - market);
        _accounts[id].cover = cover.withAllocated(allLocation, allMarket);
        _accounts[id].inventory = _accounts[id].inventory.withOpen(); // it was complete without this share
        emit Allocated(facility, month, allLocation, allMarket);
        _emitLiability(owner, TokenId.allocated(facility, month), location, newLocation);
    }

    /// @inheritdoc ICarbonTokens
    function accountOf(uint256 facility, uint32 month) external view returns (Account memory account) {
        uint256 id = TokenId.audited(facility, month);
        (InventorySlot inventory, CoverSlot cover) = (_accounts[id].inventory, _accounts[id].cover);
        (account.energy, account.scope1, account.scope3) = (inventory.energy(), inventory.scope1(), inventory.scope3());
        (account.scope2Location, account.scope2Residual) = (inventory.scope2Location(), inventory.scope2Residual());
        (account.version, account.closed) = (inventory.version(), inventory.closed());
        (account.recs, account.offsets) = (cover.recs(), cover.offsets());
        (account.allocatedLocation, account.allocatedMarket) = (cover.allocatedLocation(), cover.allocatedMarket());
        account.shares = cover.shares();
    }

    /// @inheritdoc ICarbonTokens
    function slotsOfAccount(uint256 auditedId) external view returns (uint256 inventory, uint256 cover) {
        Slots storage account = _accounts[auditedId];
        return (InventorySlot.unwrap(account.inventory), CoverSlot.unwrap(account.cover));
    }

    /// @inheritdoc ICarbonTokens
    function meterAuditedUntil(bytes32 meter) external view returns (uint256) {
        return uint40(_meters[meter]);
    }

    /// @inheritdoc ICarbonTokens
    function disallowedOf(uint256 auditedId, uint256 id) external view returns (uint256) {
        return _disallowed[auditedId][id];
    }

    /// @inheritdoc ICarbonTokens
    function accountOfEvidence(bytes32 evidence) external view returns (uint256) {
        return _evidence[evidence];
    }

    /// @dev Checks a statement, adds it to `base` and stores that as the account's inventory in place of `old`.
    function _write(uint256 id, InventorySlot old, InventorySlot base, Statement calldata statement) private {
        FacilitySlot facility = _checkAuditor(statement.facility);
        _useEvidence(statement.evidence, id);
        _checkScope2(statement, facility);
        InventorySlot current = base.next(statement.version).plus(statement);
        _accounts[id].inventory = current;
        _emitLiability(facility.owner(), id, old.gross(), current.gross());
    }

    /// @dev Only an auditor of the facility's market who does not own it, or the contract that has checked such auditors.
    function _checkAuditor(uint256 facility) internal view returns (FacilitySlot slot) {
        slot = _facilityAt(facility);
        if (msg.sender == auditors) return slot;
        if (slot.owner() == msg.sender) revert SelfAudit(msg.sender);
        if (slot.panelled()) revert PanelMissing(facility);
        _checkRole(Roles.auditor(slot.marketZone()));
    }

    function _useEvidence(bytes32 evidence, uint256 id) internal {
        if (evidence == 0) revert EvidenceMissing();
        if (_evidence[evidence] != 0) revert EvidenceUsed(evidence);
        _evidence[evidence] = id;
    }

    /// @dev A meter's cursor only moves forward: no period is audited twice or overlapping.
    function _useMeter(Statement calldata statement) private {
        bytes32 meter = statement.meter;
        if (meter == 0) {
            if (statement.energy != 0) revert MeterMissing();
            if (statement.scope1 | statement.scope3 == 0) revert ZeroAmount();
            return;
        }
        _checkPeriod(statement);
        uint256 audited = uint40(_meters[meter]);
        if (statement.start < audited) revert MeterPeriodUsed(meter, statement.start, audited);
        _meters[meter] = statement.facility << 40 | statement.end;
    }

    /// @dev A gap is one of the facility that the meter was audited for last, or of none: elsewhere it could stand already.
    function _citeGap(Statement calldata statement) private {
        uint256 audited = _meters[statement.meter];
        uint256 facility = audited >> 40;
        if (audited != 0 && facility != statement.facility) revert MeterOfAnother(statement.meter, facility);
        if (statement.end > uint40(audited)) _meters[statement.meter] = statement.facility << 40 | statement.end;
    }

    /// @dev A reading is of its month, and of the past.
    function _checkPeriod(Statement calldata statement) private view {
        (uint256 start, uint256 end, uint256 month) = (statement.start, statement.end, statement.month);
        if (start >= end || end > block.timestamp) revert PeriodInvalid(start, end);
        unchecked {
            if (Calendar.monthOf(start) != month || Calendar.monthOf(end - 1) != month) {
                revert PeriodOutsideMonth(start, end, month);
            }
        }
    }

    /// @dev Scope 2 with a named release is energy x its factors, rounded up.
    function _checkScope2(Statement calldata statement, FacilitySlot facility) private view {
        (uint256 energy, uint256 location, uint256 residual) =
            (statement.energy, statement.scope2Location, statement.scope2Residual);
        if (energy == 0 && location | residual != 0) revert Scope2WithoutEnergy();
        if (statement.release == 0) return;
        (uint256 locationRate, uint256 residualRate,, bytes2 zone) =
            factors.factorOf(statement.release, facility.gridRegion());
        if (zone != facility.marketZone()) revert DatasetOfOtherMarket(zone, facility.marketZone());
        (locationRate, residualRate) = (_emissions(energy, locationRate), _emissions(energy, residualRate));
        if (location != locationRate || residual != residualRate) revert Scope2Mismatch(locationRate, residualRate);
    }

    function _emissions(uint256 energy, uint256 rate) private pure returns (uint256) {
        return (energy * rate + WH_PER_MWH - 1) / WH_PER_MWH;
    }

    function _checkContract(address expected) private view {
        if (msg.sender != expected) revert NotContract(msg.sender, expected);
    }

    /// @dev The balance of audited emissions follows the account; the event keeps ERC-1155 readers right.
    function _emitLiability(address owner, uint256 id, uint256 before, uint256 current) private {
        if (current > before) emit IERC1155.TransferSingle(msg.sender, address(0), owner, id, current - before);
        else if (current < before) emit IERC1155.TransferSingle(msg.sender, owner, address(0), id, before - current);
    }
}
