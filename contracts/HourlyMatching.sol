// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Supersedable} from "./Supersedable.sol";
import {IAuditors} from "./interfaces/IAuditors.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "./interfaces/IHourlyMatching.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {HourlyLanes} from "./libraries/HourlyLanes.sol";
import {CoverSlot, InventorySlot} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title HourlyMatching: see IHourlyMatching
contract HourlyMatching is IHourlyMatching, Supersedable, ERC1155Holder {
    bytes32 private constant MATCH_TYPE = keccak256(
        "Match(address matching,uint256 facility,uint32 month,uint16 version,bytes32 consumption,uint256 deadline)"
    );
    uint256 private constant MILLION = 1_000_000;

    /// @dev Sums over a month, Wh.
    struct Sums {
        uint256 consumed;
        uint256 generated;
        uint256 matched;
    }

    ICarbonTokens public immutable ledger;
    IAuditors public immutable auditors;

    mapping(uint256 auditedId => Matching) private _matchings;
    mapping(uint256 id => uint256 auditedId) private _accountOf;

    /// @param ledger_ the accounts whose hours are matched
    constructor(ICarbonTokens ledger_) {
        (ledger, auditors) = (ledger_, IAuditors(ledger_.auditors()));
    }

    /// @inheritdoc IHourlyMatching
    function retire(Granular calldata certificate, ICarbonTokens.Retirement calldata retirement)
        external
        returns (uint256 id)
    {
        _requireCurrent();
        id = idOf(certificate);
        uint256 auditedId = TokenId.audited(retirement.facility, retirement.month);
        if (_accountOf[id] != 0) revert AlreadyRetired(id, _accountOf[id]);
        _accountOf[id] = auditedId;
        _requireHours(certificate.generation, retirement.month);
        _requireDeliverable(id, retirement);
        if (ledger.disallowedOf(auditedId, id) != 0) revert CertificateDisallowed(id, auditedId);
        (uint256 amount, bool fits) = HourlyLanes.sum(certificate.generation);
        if (!fits) revert HourTooLarge();
        emit GranularRetired(retirement.facility, retirement.month, id, amount);
        IERC1155(address(ledger)).safeTransferFrom(msg.sender, address(this), id, amount, "");
        ledger.retire(id, amount, retirement);
    }

    /// @inheritdoc IHourlyMatching
    function record(
        uint256 facility,
        uint32 month,
        uint16 version,
        bytes calldata consumption,
        Granular[] calldata certificates
    ) external {
        if (!auditors.mayAudit(facility, msg.sender)) revert NotAuditor(msg.sender);
        (Matching memory matching, uint256[] memory ids) = _match(facility, month, version, consumption, certificates);
        address[] memory by = new address[](1);
        by[0] = msg.sender;
        _record(facility, month, matching, ids, by);
    }

    /// @inheritdoc IHourlyMatching
    function recordBySig(
        uint256 facility,
        uint32 month,
        uint16 version,
        bytes calldata consumption,
        Granular[] calldata certificates,
        uint256 deadline,
        IAuditors.Signature[] calldata signatures
    ) external {
        (Matching memory matching, uint256[] memory ids) = _match(facility, month, version, consumption, certificates);
        _requireHigher(TokenId.audited(facility, month), matching);
        bytes32 message = _message(facility, month, version, keccak256(consumption), deadline);
        (, address[] memory by) = auditors.requireSigned(facility, message, deadline, signatures);
        _record(facility, month, matching, ids, by);
    }

    /// @inheritdoc IHourlyMatching
    function matchingOf(uint256 auditedId) external view returns (Matching memory) {
        return _matchings[auditedId];
    }

    /// @inheritdoc IHourlyMatching
    function accountOf(uint256 id) external view returns (uint256) {
        return _accountOf[id];
    }

    /// @inheritdoc IHourlyMatching
    function idOf(Granular calldata certificate) public pure returns (uint256) {
        bytes32 evidence = evidenceOf(certificate.document, certificate.generation);
        return TokenId.batch(TokenId.REC, certificate.registry, evidence);
    }

    /// @inheritdoc IHourlyMatching
    function evidenceOf(bytes32 document, bytes calldata generation) public pure returns (bytes32) {
        return Hashes.efficientKeccak256(document, keccak256(generation));
    }

    /// @inheritdoc IERC1155Receiver
    function onERC1155Received(address operator, address, uint256, uint256, bytes memory)
        public
        view
        override
        returns (bytes4)
    {
        if (operator != address(this)) revert NotFetched(operator);
        return this.onERC1155Received.selector;
    }

    /// @inheritdoc IERC1155Receiver
    function onERC1155BatchReceived(address operator, address, uint256[] memory, uint256[] memory, bytes memory)
        public
        pure
        override
        returns (bytes4)
    {
        revert NotFetched(operator);
    }

    function _record(
        uint256 facility,
        uint32 month,
        Matching memory matching,
        uint256[] memory ids,
        address[] memory by
    ) private {
        _matchings[TokenId.audited(facility, month)] = matching;
        emit Matched(facility, month, matching, ids, by);
    }

    /// @dev Checks the hours against the account as it stands and matches them.
    function _match(
        uint256 facility,
        uint32 month,
        uint16 version,
        bytes calldata consumption,
        Granular[] calldata certificates
    ) private view returns (Matching memory matching, uint256[] memory ids) {
        uint256 auditedId = TokenId.audited(facility, month);
        (InventorySlot inventory, CoverSlot cover) = _account(auditedId);
        if (inventory.version() != version) revert VersionNotCurrent(inventory.version(), version);
        uint256[] memory starts;
        (ids, starts) = _certificates(auditedId, month, certificates);
        _requireHours(consumption, month);
        Sums memory sums = _sums(consumption, starts);
        if (sums.consumed != inventory.energy()) revert ConsumptionNotEnergy(sums.consumed, inventory.energy());
        if (sums.generated > cover.recs()) revert GenerationNotRetired(sums.generated, cover.recs());
        matching = _matching(version, sums, keccak256(abi.encode(keccak256(consumption), ids)));
    }

    /// @dev What was signed can be submitted again while its deadline lasts: it must not undo a better match.
    function _requireHigher(uint256 auditedId, Matching memory matching) private view {
        Matching memory old = _matchings[auditedId];
        if (old.version == matching.version && old.data != 0 && old.matched >= matching.matched) {
            revert MatchNotHigher(old.matched, matching.matched);
        }
    }

    function _message(uint256 facility, uint32 month, uint16 version, bytes32 consumption, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(MATCH_TYPE, address(this), facility, month, version, consumption, deadline));
    }

    function _sums(bytes calldata consumption, uint256[] memory starts) private pure returns (Sums memory sums) {
        bool fits;
        (sums.consumed, sums.generated, sums.matched, fits) = HourlyLanes.matching(consumption, starts);
        if (!fits) revert HourTooLarge();
    }

    /// @dev Energy is below 2^48, and so is what is matched of it.
    function _matching(uint16 version, Sums memory sums, bytes32 data) private pure returns (Matching memory) {
        (uint256 matched, uint256 consumed) = (sums.matched, sums.consumed);
        uint256 score = consumed == 0 ? MILLION : matched * MILLION / consumed;
        return Matching(version, uint48(matched), uint48(consumed - matched), uint24(score), data);
    }

    /// @dev Ids of the certificates, and where their generation stands in the calldata.
    function _certificates(uint256 auditedId, uint32 month, Granular[] calldata certificates)
        private
        view
        returns (uint256[] memory ids, uint256[] memory starts)
    {
        (ids, starts) = (new uint256[](certificates.length), new uint256[](certificates.length));
        uint256 previous = 0;
        for (uint256 i = 0; i < certificates.length; ++i) {
            bytes calldata generation = certificates[i].generation;
            _requireHours(generation, month);
            uint256 id = idOf(certificates[i]);
            if (id <= previous) revert CertificatesUnordered(previous, id);
            if (_accountOf[id] != auditedId) revert NotRetiredHere(id, auditedId);
            if (ledger.disallowedOf(auditedId, id) != 0) revert CertificateDisallowed(id, auditedId);
            assembly ("memory-safe") {
                mstore(add(add(starts, 32), mul(i, 32)), generation.offset)
            }
            (ids[i], previous) = (id, id);
        }
    }

    /// @dev 4 bytes for each hour of a month of 28 to 31 days.
    function _requireHours(bytes calldata hours_, uint256 month) private pure {
        uint256 expected = Calendar.daysOf(month) * 24;
        if (hours_.length != 4 * expected) revert HoursInvalid(hours_.length / 4, expected);
    }

    /// @dev Generated in this month and in the grid region of the facility.
    function _requireDeliverable(uint256 id, ICarbonTokens.Retirement calldata retirement) private view {
        (,, uint24 source, uint256 vintageStart, uint256 vintageMonths) = ledger.batchOf(id);
        if (source == 0) revert ICarbonTokens.BatchUnknown(id);
        if (vintageStart != retirement.month || vintageMonths != 0) revert VintageNotMonth(id, retirement.month);
        (,,,, bytes9 region,,) = ledger.sourceOf(source);
        (,, bytes9 expected,) = ledger.facilityOf(retirement.facility);
        if (region != expected) revert GridRegionMismatch(id, region, expected);
    }

    function _account(uint256 id) private view returns (InventorySlot, CoverSlot) {
        (uint256 inventory, uint256 cover) = ledger.slotsOfAccount(id);
        return (InventorySlot.wrap(inventory), CoverSlot.wrap(cover));
    }

    function _admin() internal view override returns (address) {
        return IAccessControlDefaultAdminRules(address(ledger)).defaultAdmin();
    }
}
