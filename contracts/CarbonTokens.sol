// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Utils} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Utils.sol";
import {Accounts} from "./Accounts.sol";
import {Supersedable} from "./Supersedable.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "./interfaces/IEmissionFactors.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {BatchSlot, BatchSlots, CoverSlot, InventorySlot, SourceSlot} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title CarbonTokens: the tokens of the ledger, see ICarbonTokens
contract CarbonTokens is Accounts, Supersedable, ERC1155 {
    uint256 private constant UNITS_PER_SERIAL = 1_000_000; // 1 MWh in Wh, 1 t in g

    /// @dev An issued batch: its record, and the balances of all but the first holder.
    struct Batched {
        BatchSlot slot;
        mapping(address holder => uint256) balances;
    }

    mapping(uint256 id => Batched) private _batches;

    /// @param factors_ published emission factors that audits are recomputed with
    /// @param adminDelay seconds before a new admin can accept @param admin first admin
    /// @param auditors_ Auditors @param allocations_ Allocations, both of this ledger
    constructor(IEmissionFactors factors_, address auditors_, address allocations_, uint48 adminDelay, address admin)
        ERC1155("")
        AccessControlDefaultAdminRules(adminDelay, admin)
        Accounts(factors_, auditors_, allocations_)
    {}

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

    function _vintage(uint256 start, uint256 end) private view returns (uint256 first, uint256 months) {
        if (start >= end || end > block.timestamp) revert PeriodInvalid(start, end);
        unchecked {
            first = Calendar.monthOf(start);
            months = Calendar.monthOf(end - 1) - first;
        }
        if (first > type(uint16).max || months > type(uint8).max) revert PeriodInvalid(start, end);
    }

    // ----------------------------------------------------------------------------------------------------------- retire
    /// @inheritdoc ICarbonTokens
    function retire(uint256 id, uint256 amount, Retirement calldata retirement) external {
        bytes2 zone = _facilityAt(retirement.facility).marketZone();
        (uint256 recs, uint256 offsets) = _retire(id, amount, zone, retirement.month);
        emit TransferSingle(msg.sender, msg.sender, address(0), id, amount);
        _credit(retirement, recs, offsets);
    }

    /// @inheritdoc ICarbonTokens
    function retireBatch(uint256[] calldata ids, uint256[] calldata amounts, Retirement calldata retirement) external {
        if (ids.length != amounts.length) revert ERC1155InvalidArrayLength(ids.length, amounts.length);
        if (ids.length == 0) revert ZeroAmount();
        bytes2 zone = _facilityAt(retirement.facility).marketZone();
        (uint256 recs, uint256 offsets) = (0, 0);
        for (uint256 i = 0; i < ids.length; ++i) {
            (uint256 rec, uint256 offset) = _retire(ids[i], amounts[i], zone, retirement.month);
            (recs, offsets) = (recs + rec, offsets + offset);
        }
        emit TransferBatch(msg.sender, msg.sender, address(0), ids, amounts);
        _credit(retirement, recs, offsets);
    }

    /// @inheritdoc ICarbonTokens
    function disallow(uint256 facility, uint32 month, uint16 version, uint256 id, uint256 amount, bytes32 evidence)
        external
    {
        _checkAuditor(facility);
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
        _disallowed[account][id] += amount;
        emit Disallowed(facility, month, msg.sender, version, id, amount, evidence);
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
    /// @dev Audited and allocated emissions are read from the account, everything else from the batch record and the balances.
    function balanceOf(address account, uint256 id) public view override returns (uint256) {
        if (TokenId.isLiability(id)) {
            if (account != _facilities[TokenId.facilityOf(id)].owner()) return 0;
            Slots storage slots = _accounts[TokenId.accountOf(id)];
            return TokenId.classOf(id) == TokenId.AUDITED ? slots.inventory.gross() : slots.cover.allocatedLocation();
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
        if (TokenId.isLiability(id)) revert Soulbound(id);
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
    function batchOf(uint256 id)
        external
        view
        returns (address holder, uint256 amount, uint24 source, uint256 vintageStart, uint256 vintageMonths)
    {
        BatchSlot slot = _batches[id].slot;
        return (slot.holder(), slot.amount(), slot.source(), slot.vintageStart(), slot.vintageMonths());
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

    function _admin() internal view override returns (address) {
        return defaultAdmin();
    }
}
