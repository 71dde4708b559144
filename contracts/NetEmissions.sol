// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Supersedable} from "./Supersedable.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {IERC4906} from "./interfaces/IERC4906.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {IHourlyMatching} from "./interfaces/IHourlyMatching.sol";
import {INetEmissions} from "./interfaces/INetEmissions.sol";
import {CertificateImage} from "./libraries/CertificateImage.sol";
import {CoverSlot, InventorySlot} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title NetEmissions: see INetEmissions
contract NetEmissions is INetEmissions, IERC4906, IERC5192, Supersedable, ERC721 {
    ICarbonTokens public immutable ledger;
    IHourlyMatching public immutable hourly;

    uint256 private constant FACILITY_BITS = 216;
    uint256 private constant MONTH_BITS = 16;
    uint256 private constant BASIS_SHIFT = 248;
    uint256 private constant AUDITED = 1; // TokenId.AUDITED
    uint256 private constant LANE = 0xffffffffffff; // 48 bits, see InventorySlot
    uint256 private constant SHARE_LANE = 0x3ffffffffffff; // 50 bits, see CoverSlot
    uint256 private constant WIDE_LANE = 0x3fffffffffffffffff; // 70 bits, see CoverSlot

    mapping(uint256 claimId => Claim) private _claims;

    /// @param ledger_ the accounts that claims are made about @param hourly_ the matches of their hours
    constructor(ICarbonTokens ledger_, IHourlyMatching hourly_)
        ERC721("carbon-tokens net emissions certificate", "NETCO2E")
    {
        if (hourly_.ledger() != ledger_) revert MatchesOfAnotherLedger(address(hourly_.ledger()));
        (ledger, hourly) = (ledger_, hourly_);
    }

    /// @inheritdoc INetEmissions
    /// @dev TokenId.audited, `_account` and InventorySlot.totals in line, for other contracts ask this. Fuzzed equal to them in
    /// contracts/test.
    function netOf(uint256 facility, uint32 month) external view returns (uint256, uint256, int256) {
        (address target, bytes4 selector) = (address(ledger), ICarbonTokens.slotsOfAccount.selector);
        assembly {
            mstore(0x00, selector)
            mstore(0x04, or(or(shl(248, AUDITED), shl(32, facility)), month))
            if iszero(staticcall(gas(), target, 0x00, 0x24, 0x00, 0x40)) { revert(0x00, 0x00) }
            let inventory := mload(0x00)
            let cover := mload(0x20)
            let energy := and(inventory, LANE)
            let recs := and(cover, WIDE_LANE)
            let market := and(shr(144, inventory), LANE)
            if recs {
                switch lt(recs, energy)
                case 0 { market := 0 }
                default { market := div(add(mul(market, sub(energy, recs)), sub(energy, 1)), energy) }
            }
            let both := add(and(shr(48, inventory), LANE), and(shr(192, inventory), LANE)) // scopes 1 and 3
            market := add(market, add(both, shr(206, cover)))
            mstore(0x00, add(both, add(and(shr(96, inventory), LANE), and(shr(156, cover), SHARE_LANE))))
            mstore(0x20, market)
            mstore(0x40, sub(market, and(shr(70, cover), WIDE_LANE))) // the free memory pointer: nothing runs after this
            return(0x00, 0x60)
        }
    }

    /// @inheritdoc INetEmissions
    function hourlyNetOf(uint256 facility, uint32 month)
        external
        view
        returns (uint256 grossLocation, uint256 grossMarket, int256 net)
    {
        uint256 id = TokenId.audited(facility, month);
        (InventorySlot inventory, CoverSlot cover) = _account(id);
        (uint256 recs, bool known) = _covering(id, inventory, cover, Basis.Hourly);
        if (!known) revert HoursNotMatched(facility, month);
        (grossLocation, grossMarket) = inventory.totals(cover, recs);
        net = int256(grossMarket) - int256(cover.offsets());
    }

    /// @inheritdoc INetEmissions
    function claim(uint256 facility, uint32 from, uint32 thru, Basis basis) external returns (uint256 claimId) {
        _requireCurrent();
        claimId = claimIdOf(facility, from, thru, basis);
        uint64 versions = _requireNeutral(facility, from, thru, basis);
        Claim storage claim_ = _claims[claimId];
        uint32 number = claim_.number + 1;
        (claim_.versions, claim_.number, claim_.time) = (versions, number, uint64(block.timestamp));
        emit Claimed(claimId, facility, number, versions);
        if (number == 1) _issue(claimId);
        else emit MetadataUpdate(claimId);
    }

    /// @inheritdoc INetEmissions
    function isValid(uint256 claimId) public view returns (bool) {
        Claim memory claim_ = _claims[claimId];
        if (claim_.number == 0) return false;
        (uint256 facility, uint32 from, uint32 thru, Basis basis) = _partsOf(claimId);
        uint256 versions = 0;
        for (uint32 month = from; month <= thru; ++month) {
            uint256 id = TokenId.audited(facility, month);
            (InventorySlot inventory, CoverSlot cover) = _account(id);
            (uint256 recs, bool known) = _covering(id, inventory, cover, basis);
            (, uint256 gross) = inventory.totals(cover, recs);
            if (!known || !_isComplete(inventory) || gross > cover.offsets()) return false;
            versions += inventory.version();
        }
        return versions == claim_.versions;
    }

    /// @inheritdoc INetEmissions
    function claimOf(uint256 claimId)
        external
        view
        returns (uint256 facility, uint32 from, uint32 thru, Basis basis, Claim memory claim_)
    {
        (facility, from, thru, basis) = _partsOf(claimId);
        claim_ = _claims[claimId];
    }

    /// @inheritdoc INetEmissions
    function claimIdOf(uint256 facility, uint32 from, uint32 thru, Basis basis) public pure returns (uint256) {
        if (facility >> FACILITY_BITS != 0) revert ICarbonTokens.FacilityUnknown(facility);
        if (from > thru || thru > type(uint16).max) revert MonthsReversed(from, thru);
        return uint256(basis) << BASIS_SHIFT | facility << (2 * MONTH_BITS) | uint256(from) << MONTH_BITS | thru;
    }

    /// @inheritdoc IERC5192
    function locked(uint256 claimId) external view returns (bool) {
        _requireOwned(claimId);
        return true;
    }

    /// @notice The certificate as JSON with an SVG image, both in the URI; figures and validity are those of now.
    function tokenURI(uint256 claimId) public view override returns (string memory) {
        _requireOwned(claimId);
        (uint256 facility, uint32 from, uint32 thru, Basis basis) = _partsOf(claimId);
        CertificateImage.Totals memory totals;
        for (uint32 month = from; month <= thru; ++month) {
            _add(totals, TokenId.audited(facility, month), basis);
        }
        return CertificateImage.uri(
            CertificateImage.Certificate(
                claimId, facility, from, thru, basis == Basis.Hourly, isValid(claimId), _claims[claimId].number
            ),
            totals
        );
    }

    /// @notice The collection (ERC-7572), without a server.
    function contractURI() external pure returns (string memory) {
        return 'data:application/json,{"name":"Net emissions certificates","symbol":"NETCO2E","description":"Soulbound; held by a facility while its audited months are net zero or below"}';
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
        (uint256 facility,,,) = _partsOf(claimId);
        if (_claims[claimId].number != 0) (owner,,,) = ledger.facilityOf(facility);
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

    function _requireNeutral(uint256 facility, uint32 from, uint32 thru, Basis basis)
        private
        view
        returns (uint64 versions)
    {
        for (uint32 month = from; month <= thru; ++month) {
            uint256 id = TokenId.audited(facility, month);
            (InventorySlot inventory, CoverSlot cover) = _account(id);
            if (!_isComplete(inventory)) revert MonthOpen(facility, month);
            (uint256 recs, bool known) = _covering(id, inventory, cover, basis);
            if (!known) revert HoursNotMatched(facility, month);
            (, uint256 gross) = inventory.totals(cover, recs);
            if (gross > cover.offsets()) revert NetAboveZero(facility, month, gross - cover.offsets());
            versions += inventory.version();
        }
    }

    function _isComplete(InventorySlot inventory) private pure returns (bool) {
        return inventory.closed() && !inventory.exhausted();
    }

    /// @dev RECs that count on a basis, Wh; not known if the hours of this version were not matched. Without energy nothing
    /// needs a match.
    function _covering(uint256 id, InventorySlot inventory, CoverSlot cover, Basis basis)
        private
        view
        returns (uint256 recs, bool known)
    {
        if (basis == Basis.Annual) return (cover.recs(), true);
        if (inventory.energy() == 0) return (0, true);
        IHourlyMatching.Matching memory matching = hourly.matchingOf(id);
        return (matching.matched, matching.version == inventory.version());
    }

    /// @dev `ledger.slotsOfAccount(id)`: called in scratch space, for it stands in every net and every month of a claim.
    function _account(uint256 id) private view returns (InventorySlot inventory, CoverSlot cover) {
        (address target, bytes4 selector) = (address(ledger), ICarbonTokens.slotsOfAccount.selector);
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, id)
            if iszero(staticcall(gas(), target, 0x00, 0x24, 0x00, 0x40)) { revert(0x00, 0x00) }
            inventory := mload(0x00)
            cover := mload(0x20)
        }
    }

    function _add(CertificateImage.Totals memory totals, uint256 id, Basis basis) private view {
        (InventorySlot inventory, CoverSlot cover) = _account(id);
        (uint256 recs, bool known) = _covering(id, inventory, cover, basis);
        if (!known) recs = 0; // a match of another version covers nothing
        (uint256 location, uint256 market) = inventory.totals(cover, recs);
        (totals.grossLocation, totals.grossMarket) = (totals.grossLocation + location, totals.grossMarket + market);
        totals.offsets += cover.offsets();
        totals.energy += inventory.energy();
        totals.covered += Math.min(recs, inventory.energy());
    }

    function _partsOf(uint256 claimId) private pure returns (uint256 facility, uint32 from, uint32 thru, Basis basis) {
        facility = claimId << 8 >> 8 + 2 * MONTH_BITS;
        (from, thru) = (uint16(claimId >> MONTH_BITS), uint16(claimId));
        basis = claimId >> BASIS_SHIFT == 0 ? Basis.Annual : Basis.Hourly;
    }

    function _admin() internal view override returns (address) {
        return IAccessControlDefaultAdminRules(address(ledger)).defaultAdmin();
    }
}
