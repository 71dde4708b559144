// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Utils} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Utils.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "./interfaces/IEmissionFactors.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Roles} from "./libraries/Roles.sol";
import {
    BatchSlot,
    BatchSlots,
    CoverSlot,
    FacilitySlot,
    FacilitySlots,
    InventorySlot,
    SourceSlot,
    SourceSlots
} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title CarbonTokens: see ICarbonTokens
contract CarbonTokens is ICarbonTokens, ERC1155, AccessControlDefaultAdminRules, EIP712 {
    bytes32 private constant STATEMENT_TYPEHASH = keccak256(
        "Statement(uint256 facility,uint32 month,uint16 version,uint256 energy,uint256 scope1,uint256 scope2Location,uint256 scope2Residual,uint256 scope3,uint256 start,uint256 end,bytes32 meter,bytes32 release,bytes32 evidence,uint256 deadline)"
    );
    uint256 private constant UNITS_PER_SERIAL = 1_000_000; // 1 MWh in Wh, 1 t in g
    uint256 private constant WH_PER_MWH = 1_000_000;

    /// @dev A source: what moves its tokens in one slot, what issuing needs beside it in another.
    struct Described {
        SourceSlot slot;
        bytes12 registry;
        bytes10 gridRegion;
    }

    /// @dev An account.
    struct Slots {
        InventorySlot inventory;
        CoverSlot cover;
    }

    /// @dev An issued batch: its record, and the balances of all but the first holder.
    struct Batched {
        BatchSlot slot;
        mapping(address holder => uint256) balances;
    }

    IEmissionFactors public immutable factors;

    mapping(uint256 facility => FacilitySlot) private _facilities;
    mapping(uint24 source => Described) private _sources;
    mapping(bytes32 registryAndDevice => uint24) private _sourceIds;
    mapping(uint256 auditedId => Slots) private _accounts;
    mapping(uint256 id => Batched) private _batches;
    mapping(bytes32 meter => uint256) private _meters; // audited until, UTC seconds
    mapping(bytes32 evidence => uint256) private _evidence; // audited id that it was used for
    uint24 private _sourceCount;

    /// @param factors_ published emission factors that audits are recomputed with
    /// @param adminDelay seconds before a new admin can accept @param admin first admin
    constructor(IEmissionFactors factors_, uint48 adminDelay, address admin)
        ERC1155("")
        AccessControlDefaultAdminRules(adminDelay, admin)
        EIP712("carbon-tokens", "1")
    {
        factors = factors_;
    }

    // ------------------------------------------------------------------------------------------- facilities and sources
    /// @inheritdoc ICarbonTokens
    function registerFacility(bytes10 gridRegion, bytes2 marketZone, bytes32 metadata)
        external
        returns (uint256 facility)
    {
        if (gridRegion == 0 || marketZone == 0) revert CodeMissing();
        facility = TokenId.facility(msg.sender, metadata);
        if (_facilities[facility].owner() != address(0)) revert FacilityExists(facility);
        _facilities[facility] = FacilitySlots.pack(msg.sender, marketZone, gridRegion);
        emit FacilityRegistered(facility, msg.sender, gridRegion, marketZone, metadata);
    }

    /// @inheritdoc ICarbonTokens
    function registerSource(
        uint8 class,
        bytes12 registry,
        bytes32 device,
        bytes2 marketZone,
        bytes10 gridRegion,
        bytes10 technology
    ) external returns (uint24 source) {
        _checkRole(_issuerRole(class));
        if (registry == 0 || device == 0 || marketZone == 0) revert CodeMissing();
        bytes32 key = Hashes.efficientKeccak256(registry, device);
        if (_sourceIds[key] != 0) revert SourceExists(_sourceIds[key]);
        source = ++_sourceCount;
        _sourceIds[key] = source;
        _sources[source] = Described(SourceSlots.pack(msg.sender, marketZone, class), registry, gridRegion);
        emit SourceRegistered(source, msg.sender, class, registry, device, marketZone, gridRegion, technology);
    }

    /// @inheritdoc ICarbonTokens
    function setFrozen(uint24 source, bool frozen) external onlyRole(Roles.REGISTRAR) {
        SourceSlot slot = _sources[source].slot;
        if (slot.issuer() == address(0)) revert SourceUnknown(source);
        _sources[source].slot = slot.withFrozen(frozen);
        emit SourceFrozen(source, frozen);
    }

    // ------------------------------------------------------------------------------------------------------------ issue
    /// @inheritdoc ICarbonTokens
    function issue(uint24 source, address to, Batch calldata batch) external returns (uint256 id) {
        Described storage described = _sources[source];
        SourceSlot slot = described.slot;
        _checkIssuer(slot, source);
        id = TokenId.batch(slot.class(), described.registry, batch.evidence);
        described.slot = slot.withNextSerial(_record(id, slot.nextSerial(), source, to, batch));
        emit TransferSingle(msg.sender, address(0), to, id, batch.amount);
        if (to.code.length == 0) return id; // saves preparing a check that would not be made
        ERC1155Utils.checkOnERC1155Received(msg.sender, address(0), to, id, batch.amount, "");
    }

    /// @inheritdoc ICarbonTokens
    function issueBatch(uint24 source, address to, Batch[] calldata batches) external {
        SourceSlot slot = _sources[source].slot;
        _checkIssuer(slot, source);
        (uint8 class, bytes12 registry, uint256 next) = (slot.class(), _sources[source].registry, slot.nextSerial());
        (uint256[] memory ids, uint256[] memory amounts) =
            (new uint256[](batches.length), new uint256[](batches.length));
        for (uint256 i = 0; i < batches.length; ++i) {
            Batch calldata batch = batches[i];
            uint256 id = TokenId.batch(class, registry, batch.evidence);
            next = _record(id, next, source, to, batch);
            (ids[i], amounts[i]) = (id, batch.amount);
        }
        _sources[source].slot = slot.withNextSerial(next);
        _mintBatch(to, ids, amounts, "");
    }

    /// @dev Only the issuer of a source that is not frozen, while it holds the role of the source's class.
    function _checkIssuer(SourceSlot slot, uint24 source) private view {
        if (slot.issuer() != msg.sender) revert NotIssuer(msg.sender, slot.issuer());
        if (slot.frozen()) revert SourceIsFrozen(source);
        _checkRole(_issuerRole(slot.class()));
    }

    /// @dev Writes the record of a batch with the recipient as first holder; returns the next unused serial.
    function _record(uint256 id, uint256 next, uint24 source, address to, Batch calldata batch)
        private
        returns (uint256 following)
    {
        if (to == address(0)) revert ERC1155InvalidReceiver(to);
        if (batch.evidence == 0) revert EvidenceMissing();
        Batched storage batched = _batches[id];
        if (batched.slot.holder() != address(0)) revert BatchExists(id);
        following = _checkSerials(batch.serialFrom, batch.serialThru, next, batch.amount);
        (uint256 first, uint256 months) = _vintage(batch.vintageStart, batch.vintageEnd);
        batched.slot = BatchSlots.pack(to, batch.amount, source, first, months);
        _emitIssued(id, source, batch);
    }

    function _emitIssued(uint256 id, uint24 source, Batch calldata batch) private {
        emit Issued(
            id, source, batch.evidence, batch.serialFrom, batch.serialThru, batch.vintageStart, batch.vintageEnd
        );
    }

    function _checkSerials(uint256 from, uint256 thru, uint256 next, uint256 amount) private pure returns (uint256) {
        if (from < next || thru < from || thru >= type(uint64).max) revert SerialRangeInvalid(from, thru, next);
        if (amount == 0) revert ZeroAmount();
        if (amount > type(uint48).max) revert AmountTooLarge();
        unchecked {
            uint256 serials = thru - from + 1;
            if (amount > serials * UNITS_PER_SERIAL) revert AmountExceedsSerials(amount, serials);
            return thru + 1;
        }
    }

    function _vintage(uint256 start, uint256 end) private pure returns (uint256 first, uint256 months) {
        if (start >= end || end > type(uint40).max) revert PeriodInvalid(start, end);
        unchecked {
            first = Calendar.monthOf(start);
            months = Calendar.monthOf(end - 1) - first;
        }
        if (first > type(uint16).max || months > type(uint8).max) revert PeriodInvalid(start, end);
    }

    function _issuerRole(uint8 class) private pure returns (bytes32) {
        if (class == TokenId.REC) return Roles.REC_ISSUER;
        if (class == TokenId.OFFSET) return Roles.OFFSET_ISSUER;
        revert ClassNotIssuable(class);
    }

    // ------------------------------------------------------------------------------------------------------------ audit
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
    function disallow(uint256 facility, uint32 month, uint16 version, uint256 id, uint256 amount, bytes32 evidence)
        external
    {
        _checkAuditor(facility, msg.sender);
        if (amount == 0) revert ZeroAmount();
        if (_batches[id].slot.holder() == address(0)) revert BatchUnknown(id);
        uint256 account = TokenId.audited(facility, month);
        InventorySlot inventory = _accounts[account].inventory;
        if (inventory.version() == 0) revert MonthNotAudited(facility, month);
        _useEvidence(evidence, account);
        _accounts[account].inventory = inventory.next(version);
        CoverSlot cover = _accounts[account].cover;
        bool isRec = TokenId.classOf(id) == TokenId.REC;
        uint256 retired = isRec ? cover.recs() : cover.offsets();
        if (amount > retired) revert DisallowedExceedsRetired(retired, amount);
        _accounts[account].cover = isRec ? cover.minus(amount, 0) : cover.minus(0, amount);
        emit Disallowed(facility, month, msg.sender, version, id, amount, evidence);
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
    function _checkAuditor(uint256 facility, address auditor) private view returns (FacilitySlot slot) {
        _checkRole(Roles.AUDITOR, auditor);
        slot = _facilities[facility];
        if (slot.owner() == address(0)) revert FacilityUnknown(facility);
        if (slot.owner() == auditor) revert SelfAudit(auditor);
    }

    function _useEvidence(bytes32 evidence, uint256 id) private {
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
        if (current > before) emit TransferSingle(msg.sender, address(0), owner, id, current - before);
        else if (current < before) emit TransferSingle(msg.sender, owner, address(0), id, before - current);
    }

    // ----------------------------------------------------------------------------------------------------------- retire
    /// @inheritdoc ICarbonTokens
    function retire(uint256 id, uint256 amount, Retirement calldata retirement) external {
        bytes2 zone = _zoneOf(retirement.facility);
        (uint256 recs, uint256 offsets) = _retire(id, amount, zone, retirement.month);
        emit TransferSingle(msg.sender, msg.sender, address(0), id, amount);
        _credit(retirement, recs, offsets);
    }

    /// @inheritdoc ICarbonTokens
    function retireBatch(uint256[] calldata ids, uint256[] calldata amounts, Retirement calldata retirement) external {
        if (ids.length == 0 || ids.length != amounts.length) {
            revert ERC1155InvalidArrayLength(ids.length, amounts.length);
        }
        bytes2 zone = _zoneOf(retirement.facility);
        (uint256 recs, uint256 offsets) = (0, 0);
        for (uint256 i = 0; i < ids.length; ++i) {
            (uint256 rec, uint256 offset) = _retire(ids[i], amounts[i], zone, retirement.month);
            (recs, offsets) = (recs + rec, offsets + offset);
        }
        emit TransferBatch(msg.sender, msg.sender, address(0), ids, amounts);
        _credit(retirement, recs, offsets);
    }

    function _zoneOf(uint256 facility) private view returns (bytes2) {
        FacilitySlot slot = _facilities[facility];
        if (slot.owner() == address(0)) revert FacilityUnknown(facility);
        return slot.marketZone();
    }

    /// @dev Takes an amount from the caller and returns what it adds to the RECs and to the offsets of an account.
    function _retire(uint256 id, uint256 amount, bytes2 zone, uint256 month)
        private
        returns (uint256 recs, uint256 offsets)
    {
        if (amount == 0) revert ZeroAmount();
        (BatchSlot batch, SourceSlot source) = _move(msg.sender, address(0), id, amount);
        uint256 first = batch.vintageStart();
        if (TokenId.classOf(id) == TokenId.OFFSET) {
            if (first > month) revert VintageMismatch(id, month);
            return (0, amount);
        }
        if (source.marketZone() != zone) revert MarketZoneMismatch(id, source.marketZone(), zone);
        unchecked {
            uint256 january = month - month % 12;
            if (first > january + 11 || first + batch.vintageMonths() < january) revert VintageMismatch(id, month);
        }
        return (amount, 0);
    }

    function _credit(Retirement calldata retirement, uint256 recs, uint256 offsets) private {
        uint256 id = TokenId.audited(retirement.facility, retirement.month);
        Slots storage account = _accounts[id];
        uint16 version = account.inventory.version();
        if (version != retirement.version) revert VersionMismatch(version, retirement.version);
        account.cover = account.cover.plus(recs, offsets);
        emit Retired(
            retirement.facility, retirement.month, msg.sender, recs, offsets, retirement.beneficiary, retirement.purpose
        );
    }

    // -------------------------------------------------------------------------------------------------- ERC-1155 balances
    /// @dev Audited emissions are read from the account, everything else from the batch record and the balances.
    function balanceOf(address account, uint256 id) public view override returns (uint256) {
        if (TokenId.classOf(id) == TokenId.AUDITED) {
            return account == _facilities[TokenId.facilityOf(id)].owner() ? _accounts[id].inventory.gross() : 0;
        }
        Batched storage batched = _batches[id];
        return account == batched.slot.holder() ? batched.slot.amount() : batched.balances[account];
    }

    /// @dev OpenZeppelin's only movement of tokens: transfers, and the events of a batch issue, whose records stand already.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        if (ids.length != values.length) revert ERC1155InvalidArrayLength(ids.length, values.length);
        if (from != address(0)) {
            for (uint256 i = 0; i < ids.length; ++i) {
                _move(from, to, ids[i], values[i]);
            }
        }
        if (ids.length == 1) emit TransferSingle(msg.sender, from, to, ids[0], values[0]);
        else emit TransferBatch(msg.sender, from, to, ids, values);
    }

    /// @dev The only movement of balances. The first holder's stands in the batch record, the others' beside it.
    function _move(address from, address to, uint256 id, uint256 value)
        private
        returns (BatchSlot batch, SourceSlot source)
    {
        if (TokenId.classOf(id) == TokenId.AUDITED) revert Soulbound(id);
        Batched storage batched = _batches[id];
        batch = batched.slot;
        source = _sources[batch.source()].slot;
        if (source.frozen()) revert SourceIsFrozen(batch.source());
        address holder = batch.holder();
        uint256 balance = from == holder ? batch.amount() : batched.balances[from];
        if (value > balance) revert ERC1155InsufficientBalance(from, balance, value, id);
        if (from == to) return (batch, source);
        unchecked {
            if (from == holder) batched.slot = batch.withAmount(balance - value);
            else batched.balances[from] = balance - value;
            if (to == holder) batched.slot = batch.withAmount(batch.amount() + value);
            else if (to != address(0)) batched.balances[to] += value;
        }
    }

    // ------------------------------------------------------------------------------------------------------------ views
    /// @inheritdoc ICarbonTokens
    function facilityOf(uint256 facility) external view returns (address owner, bytes2 marketZone, bytes10 gridRegion) {
        FacilitySlot slot = _facilities[facility];
        return (slot.owner(), slot.marketZone(), slot.gridRegion());
    }

    /// @inheritdoc ICarbonTokens
    function sourceOf(uint24 source)
        external
        view
        returns (
            address issuer,
            uint8 class,
            bytes12 registry,
            bytes2 marketZone,
            bytes10 gridRegion,
            uint256 nextSerial,
            bool frozen
        )
    {
        Described storage described = _sources[source];
        SourceSlot slot = described.slot;
        (registry, gridRegion) = (described.registry, described.gridRegion);
        return (slot.issuer(), slot.class(), registry, slot.marketZone(), gridRegion, slot.nextSerial(), slot.frozen());
    }

    /// @inheritdoc ICarbonTokens
    function sourceIdOf(bytes12 registry, bytes32 device) external view returns (uint24) {
        return _sourceIds[Hashes.efficientKeccak256(registry, device)];
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
    function batchOf(uint256 id)
        external
        view
        returns (address holder, uint256 amount, uint24 source, uint256 vintageStart, uint256 vintageMonths)
    {
        BatchSlot slot = _batches[id].slot;
        return (slot.holder(), slot.amount(), slot.source(), slot.vintageStart(), slot.vintageMonths());
    }

    /// @inheritdoc ICarbonTokens
    function meterAuditedUntil(bytes32 meter) external view returns (uint256) {
        return _meters[meter];
    }

    /// @inheritdoc ICarbonTokens
    function accountOfEvidence(bytes32 evidence) external view returns (uint256) {
        return _evidence[evidence];
    }

    /// @notice Wallets show Wh as MWh and g as t.
    function uri(uint256) public pure override returns (string memory) {
        return 'data:application/json,{"name":"carbon-tokens","decimals":6}';
    }

    /// @inheritdoc ERC1155
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC1155, AccessControlDefaultAdminRules)
        returns (bool)
    {
        return interfaceId == type(ICarbonTokens).interfaceId || super.supportsInterface(interfaceId);
    }
}
