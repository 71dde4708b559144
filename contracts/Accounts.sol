// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Registry} from "./Registry.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "./interfaces/IEmissionFactors.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Roles} from "./libraries/Roles.sol";
import {CoverSlot, FacilitySlot, InventorySlot} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title Accounts: the audited inventories of CarbonTokens
abstract contract Accounts is Registry, EIP712 {
    bytes32 private constant STATEMENT_TYPEHASH = keccak256(
        "Statement(uint256 facility,uint32 month,uint16 version,uint256 energy,uint256 scope1,uint256 scope2Location,uint256 scope2Residual,uint256 scope3,uint256 start,uint256 end,bytes32 meter,bytes32 release,bytes32 evidence,uint256 deadline)"
    );
    uint256 private constant WH_PER_MWH = 1_000_000;

    /// @dev An account.
    struct Slots {
        InventorySlot inventory;
        CoverSlot cover;
    }

    IEmissionFactors public immutable factors;

    mapping(uint256 auditedId => Slots) internal _accounts;
    mapping(bytes32 meter => uint256) private _meters; // audited until, UTC seconds
    mapping(bytes32 evidence => uint256) private _evidence; // audited id that it was used for

    constructor(IEmissionFactors factors_) EIP712("carbon-tokens", "1") {
        factors = factors_;
    }

    /// @inheritdoc ICarbonTokens
    function audit(Statement calldata statement) external {
        _audit(statement, msg.sender);
    }

    /// @inheritdoc ICarbonTokens
    function auditBySig(Statement calldata statement, address auditor, uint256 deadline, bytes calldata signature)
        external
    {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(STATEMENT_TYPEHASH, statement, deadline)));
        if (!SignatureChecker.isValidSignatureNow(auditor, digest, signature)) revert SignatureInvalid(auditor);
        _audit(statement, auditor);
    }

    /// @inheritdoc ICarbonTokens
    function close(uint256 facility, uint32 month, uint16 version) external {
        _checkAuditor(facility, msg.sender);
        uint256 id = TokenId.audited(facility, month);
        InventorySlot inventory = _accounts[id].inventory;
        if (version == 0) revert MonthNotAudited(facility, month);
        if (Calendar.monthOf(block.timestamp) <= month) revert MonthNotOver(month);
        if (inventory.version() != version) revert VersionMismatch(inventory.version(), version);
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
            if (statement.end > _meters[statement.meter]) _meters[statement.meter] = statement.end;
        }
        _write(id, inventory, inventory.cleared(), statement, msg.sender);
        emit Restated(statement.facility, msg.sender, statement);
    }

    /// @inheritdoc ICarbonTokens
    function accountOf(uint256 facility, uint32 month) external view returns (Account memory account) {
        uint256 id = TokenId.audited(facility, month);
        (InventorySlot inventory, CoverSlot cover) = (_accounts[id].inventory, _accounts[id].cover);
        (account.energy, account.scope1, account.scope3) = (inventory.energy(), inventory.scope1(), inventory.scope3());
        (account.scope2Location, account.scope2Residual) = (inventory.scope2Location(), inventory.scope2Residual());
        (account.version, account.closed) = (inventory.version(), inventory.closed());
        (account.recs, account.offsets) = (cover.recs(), cover.offsets());
    }

    /// @inheritdoc ICarbonTokens
    function slotsOf(uint256 auditedId) external view returns (uint256 inventory, uint256 cover) {
        Slots storage account = _accounts[auditedId];
        return (InventorySlot.unwrap(account.inventory), CoverSlot.unwrap(account.cover));
    }

    /// @inheritdoc ICarbonTokens
    function meterAuditedUntil(bytes32 meter) external view returns (uint256) {
        return _meters[meter];
    }

    /// @inheritdoc ICarbonTokens
    function accountOfEvidence(bytes32 evidence) external view returns (uint256) {
        return _evidence[evidence];
    }

    function _audit(Statement calldata statement, address auditor) private {
        uint256 id = TokenId.audited(statement.facility, statement.month);
        InventorySlot inventory = _accounts[id].inventory;
        if (inventory.closed()) revert MonthIsClosed(statement.facility, statement.month);
        _useMeter(statement);
        _write(id, inventory, inventory, statement, auditor);
        emit Audited(statement.facility, auditor, statement);
    }

    /// @dev Checks a statement, adds it to `base` and stores that as the account's inventory in place of `old`.
    function _write(uint256 id, InventorySlot old, InventorySlot base, Statement calldata statement, address auditor)
        private
    {
        FacilitySlot facility = _checkAuditor(statement.facility, auditor);
        _useEvidence(statement.evidence, id);
        _checkScope2(statement, facility.gridRegion());
        InventorySlot current = base.next(statement.version).plus(statement);
        _accounts[id].inventory = current;
        _emitLiability(facility.owner(), id, old.gross(), current.gross());
    }

    /// @dev Only an auditor who does not own the facility.
    function _checkAuditor(uint256 facility, address auditor) internal view returns (FacilitySlot slot) {
        _checkRole(Roles.AUDITOR, auditor);
        slot = _facilities[facility];
        if (slot.owner() == address(0)) revert FacilityUnknown(facility);
        if (slot.owner() == auditor) revert SelfAudit(auditor);
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
        uint256 audited = _meters[meter];
        if (statement.start < audited) revert MeterPeriodUsed(meter, statement.start, audited);
        _meters[meter] = statement.end;
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
    function _checkScope2(Statement calldata statement, bytes10 region) private view {
        (uint256 energy, uint256 location, uint256 residual) =
            (statement.energy, statement.scope2Location, statement.scope2Residual);
        if (energy == 0 && location | residual != 0) revert Scope2WithoutEnergy();
        if (statement.release == 0) return;
        (uint256 locationRate, uint256 residualRate,) = factors.factorOf(statement.release, region);
        (locationRate, residualRate) = (_emissions(energy, locationRate), _emissions(energy, residualRate));
        if (location != locationRate || residual != residualRate) revert Scope2Mismatch(locationRate, residualRate);
    }

    function _emissions(uint256 energy, uint256 rate) private pure returns (uint256) {
        return (energy * rate + WH_PER_MWH - 1) / WH_PER_MWH;
    }

    /// @dev The balance of audited emissions follows the account; the event keeps ERC-1155 readers right.
    function _emitLiability(address owner, uint256 id, uint256 before, uint256 current) private {
        if (current > before) emit IERC1155.TransferSingle(msg.sender, address(0), owner, id, current - before);
        else if (current < before) emit IERC1155.TransferSingle(msg.sender, owner, address(0), id, before - current);
    }
}
