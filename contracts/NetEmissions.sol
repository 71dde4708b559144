// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {INetEmissions} from "./interfaces/INetEmissions.sol";
import {CoverSlot, InventorySlot} from "./libraries/Slots.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CertificateImage} from "./libraries/CertificateImage.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title NetEmissions: see INetEmissions
contract NetEmissions is INetEmissions, IERC5192, ERC721 {
    ICarbonTokens public immutable ledger;

    uint256 private constant FACILITY_BITS = 216;
    uint256 private constant MONTH_BITS = 20;
    uint256 private constant MONTH_MASK = (1 << MONTH_BITS) - 1;

    mapping(uint256 claimId => Claim) private _claims;

    /// @param ledger_ the accounts that claims are made about
    constructor(ICarbonTokens ledger_) ERC721("carbon-tokens net emissions certificate", "NETCO2E") {
        ledger = ledger_;
    }

    /// @inheritdoc INetEmissions
    function netOf(uint256 facility, uint32 month)
        external
        view
        returns (uint256 grossLocation, uint256 grossMarket, int256 net)
    {
        (uint256 inventory, uint256 cover) = ledger.slotsOf(TokenId.audited(facility, month));
        (grossLocation, grossMarket) = InventorySlot.wrap(inventory).totals(uint128(cover));
        unchecked {
            net = int256(grossMarket - (cover >> 128)); // both below 2^128
        }
    }

    /// @inheritdoc INetEmissions
    function claim(uint256 facility, uint32 from, uint32 thru) external returns (uint256 claimId) {
        claimId = claimIdOf(facility, from, thru);
        uint64 versions = _requireNeutral(facility, from, thru);
        Claim storage claim_ = _claims[claimId];
        uint32 number = claim_.number + 1;
        (claim_.versions, claim_.number, claim_.time) = (versions, number, uint64(block.timestamp));
        emit Claimed(claimId, facility, number, versions);
        if (number == 1) _issue(claimId);
    }

    /// @inheritdoc INetEmissions
    function isValid(uint256 claimId) public view returns (bool) {
        Claim memory claim_ = _claims[claimId];
        if (claim_.number == 0) return false;
        (uint256 facility, uint32 from, uint32 thru) = _partsOf(claimId);
        uint256 versions = 0;
        for (uint32 month = from; month <= thru; ++month) {
            (InventorySlot inventory, CoverSlot cover) = _account(facility, month);
            (, uint256 gross) = inventory.totals(cover.recs());
            if (!inventory.closed() || inventory.exhausted() || gross > cover.offsets()) return false;
            versions += inventory.version();
        }
        return versions == claim_.versions;
    }

    /// @inheritdoc INetEmissions
    function claimOf(uint256 claimId)
        external
        view
        returns (uint256 facility, uint32 from, uint32 thru, Claim memory claim_)
    {
        (facility, from, thru) = _partsOf(claimId);
        claim_ = _claims[claimId];
    }

    /// @inheritdoc INetEmissions
    /// @dev facility (216 bits), first month (20), last month (20)
    function claimIdOf(uint256 facility, uint32 from, uint32 thru) public pure returns (uint256) {
        if (facility >> FACILITY_BITS != 0) revert ICarbonTokens.FacilityUnknown(facility);
        if (from > thru || thru > MONTH_MASK) revert MonthsReversed(from, thru);
        return facility << (2 * MONTH_BITS) | uint256(from) << MONTH_BITS | thru;
    }

    /// @inheritdoc IERC5192
    function locked(uint256 claimId) external view returns (bool) {
        _requireOwned(claimId);
        return true;
    }

    /// @notice The certificate as JSON with an SVG image, both in the URI; figures and validity are those of now.
    function tokenURI(uint256 claimId) public view override returns (string memory) {
        _requireOwned(claimId);
        (uint256 facility, uint32 from, uint32 thru) = _partsOf(claimId);
        CertificateImage.Totals memory totals;
        for (uint32 month = from; month <= thru; ++month) {
            _add(totals, facility, month);
        }
        return CertificateImage.uri(
            CertificateImage.Certificate(claimId, facility, from, thru, isValid(claimId), _claims[claimId].number),
            totals
        );
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC5192).interfaceId || interfaceId == type(INetEmissions).interfaceId
            || super.supportsInterface(interfaceId);
    }

    /// @dev ERC-721's mint, without the owner's slot: see `_ownerOf`.
    function _issue(uint256 claimId) private {
        address owner = _ownerOf(claimId);
        _increaseBalance(owner, 1);
        emit Transfer(address(0), owner, claimId);
        emit Locked(claimId);
    }

    /// @dev A certificate belongs to its facility, and so to the facility's owner.
    function _ownerOf(uint256 claimId) internal view override returns (address owner) {
        if (_claims[claimId].number != 0) (owner,,) = ledger.facilityOf(claimId >> (2 * MONTH_BITS));
    }

    /// @dev Issued once, then locked for ever: no transfer, no approval.
    function _update(address, uint256 claimId, address) internal pure override returns (address) {
        revert CertificateLocked(claimId);
    }

    function _approve(address, uint256 claimId, address, bool) internal pure override {
        revert CertificateLocked(claimId);
    }

    function _setApprovalForAll(address, address, bool) internal pure override {
        revert CertificateLocked(0);
    }

    function _requireNeutral(uint256 facility, uint32 from, uint32 thru) private view returns (uint64 versions) {
        for (uint32 month = from; month <= thru; ++month) {
            (InventorySlot inventory, CoverSlot cover) = _account(facility, month);
            if (!inventory.closed() || inventory.exhausted()) revert MonthOpen(facility, month);
            (, uint256 gross) = inventory.totals(cover.recs());
            if (gross > cover.offsets()) revert NetAboveZero(facility, month, gross - cover.offsets());
            versions += inventory.version();
        }
    }

    function _account(uint256 facility, uint32 month) private view returns (InventorySlot, CoverSlot) {
        (uint256 inventory, uint256 cover) = ledger.slotsOf(TokenId.audited(facility, month));
        return (InventorySlot.wrap(inventory), CoverSlot.wrap(cover));
    }

    function _add(CertificateImage.Totals memory totals, uint256 facility, uint32 month) private view {
        (InventorySlot inventory, CoverSlot cover) = _account(facility, month);
        (uint256 location, uint256 market) = inventory.totals(cover.recs());
        (totals.grossLocation, totals.grossMarket) = (totals.grossLocation + location, totals.grossMarket + market);
        totals.offsets += cover.offsets();
        totals.energy += inventory.energy();
        totals.covered += Math.min(cover.recs(), inventory.energy());
    }

    function _partsOf(uint256 claimId) private pure returns (uint256 facility, uint32 from, uint32 thru) {
        return (claimId >> (2 * MONTH_BITS), uint32(claimId >> MONTH_BITS & MONTH_MASK), uint32(claimId & MONTH_MASK));
    }
}
