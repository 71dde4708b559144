// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";

/// @title Slots
/// @notice The records of the ledger, each in one storage slot, with one function a field. Lowest bits first.

/// @notice owner 160 · marketZone 16 · gridRegion 72 · panelled 8
type FacilitySlot is uint256;
/// @notice issuer 160 · nextSerial 64 · marketZone 16 · class 8 · frozen 8
type SourceSlot is uint256;
/// @notice holder 160 · amount 48 · source 24 · vintageStart 16 · vintageMonths 8
type BatchSlot is uint256;
/// @notice energy, scope1, scope2Location, scope2Residual, scope3 48 each · version 15 · closed 1
type InventorySlot is uint256;
/// @notice recs 70 · offsets 70 · shares 16 · allocatedLocation 50 · allocatedMarket 50
type CoverSlot is uint256;

using FacilitySlots for FacilitySlot global;
using SourceSlots for SourceSlot global;
using BatchSlots for BatchSlot global;
using InventorySlots for InventorySlot global;
using CoverSlots for CoverSlot global;

library FacilitySlots {
    uint256 private constant PANELLED = 1 << 248;

    function pack(address owner_, bytes2 marketZone_, bytes9 gridRegion_) internal pure returns (FacilitySlot) {
        return
            FacilitySlot.wrap(
                uint160(owner_) | uint256(uint16(marketZone_)) << 160 | uint256(uint72(gridRegion_)) << 176
            );
    }

    function owner(FacilitySlot slot) internal pure returns (address) {
        return address(uint160(FacilitySlot.unwrap(slot)));
    }

    function marketZone(FacilitySlot slot) internal pure returns (bytes2) {
        return bytes2(uint16(FacilitySlot.unwrap(slot) >> 160));
    }

    function gridRegion(FacilitySlot slot) internal pure returns (bytes9) {
        return bytes9(uint72(FacilitySlot.unwrap(slot) >> 176));
    }

    function panelled(FacilitySlot slot) internal pure returns (bool) {
        return FacilitySlot.unwrap(slot) & PANELLED != 0;
    }

    function withPanelled(FacilitySlot slot, bool panelled_) internal pure returns (FacilitySlot) {
        uint256 word = FacilitySlot.unwrap(slot);
        return FacilitySlot.wrap(panelled_ ? word | PANELLED : word & ~PANELLED);
    }
}

library SourceSlots {
    uint256 private constant FROZEN = 1 << 248;

    function pack(address issuer_, bytes2 marketZone_, uint8 class_) internal pure returns (SourceSlot) {
        return SourceSlot.wrap(uint160(issuer_) | uint256(uint16(marketZone_)) << 224 | uint256(class_) << 240);
    }

    function issuer(SourceSlot slot) internal pure returns (address) {
        return address(uint160(SourceSlot.unwrap(slot)));
    }

    function nextSerial(SourceSlot slot) internal pure returns (uint256) {
        return uint64(SourceSlot.unwrap(slot) >> 160);
    }

    function marketZone(SourceSlot slot) internal pure returns (bytes2) {
        return bytes2(uint16(SourceSlot.unwrap(slot) >> 224));
    }

    function class(SourceSlot slot) internal pure returns (uint8) {
        return uint8(SourceSlot.unwrap(slot) >> 240);
    }

    function frozen(SourceSlot slot) internal pure returns (bool) {
        return SourceSlot.unwrap(slot) & FROZEN != 0;
    }

    function withNextSerial(SourceSlot slot, uint256 next) internal pure returns (SourceSlot) {
        return SourceSlot.wrap(SourceSlot.unwrap(slot) & ~(uint256(type(uint64).max) << 160) | next << 160);
    }

    function withFrozen(SourceSlot slot, bool frozen_) internal pure returns (SourceSlot) {
        uint256 word = SourceSlot.unwrap(slot);
        return SourceSlot.wrap(frozen_ ? word | FROZEN : word & ~FROZEN);
    }
}

library BatchSlots {
    uint256 private constant AMOUNT = uint256(type(uint48).max) << 160;

    function pack(address holder_, uint256 amount_, uint24 source_, uint256 vintageStart_, uint256 vintageMonths_)
        internal
        pure
        returns (BatchSlot)
    {
        return BatchSlot.wrap(
            uint160(holder_) | amount_ << 160 | uint256(source_) << 208 | vintageStart_ << 232 | vintageMonths_ << 248
        );
    }

    function holder(BatchSlot slot) internal pure returns (address) {
        return address(uint160(BatchSlot.unwrap(slot)));
    }

    function amount(BatchSlot slot) internal pure returns (uint256) {
        return uint48(BatchSlot.unwrap(slot) >> 160);
    }

    function source(BatchSlot slot) internal pure returns (uint24) {
        return uint24(BatchSlot.unwrap(slot) >> 208);
    }

    function vintageStart(BatchSlot slot) internal pure returns (uint256) {
        return uint16(BatchSlot.unwrap(slot) >> 232);
    }

    function vintageMonths(BatchSlot slot) internal pure returns (uint256) {
        return BatchSlot.unwrap(slot) >> 248;
    }

    /// @dev `amount_` never exceeds what was issued, and so its 48 bits
    function withAmount(BatchSlot slot, uint256 amount_) internal pure returns (BatchSlot) {
        return BatchSlot.wrap(BatchSlot.unwrap(slot) & ~AMOUNT | amount_ << 160);
    }
}

library InventorySlots {
    uint256 private constant SHARE_LANE = (1 << 50) - 1;
    uint256 private constant LANE = 48;
    uint256 private constant LANES = (1 << 240) - 1;
    uint256 private constant VERSION = 1 << 240;
    uint256 private constant CLOSED = 1 << 255;

    /// @notice Adds the amounts of a statement.
    function plus(InventorySlot slot, ICarbonTokens.Statement calldata statement)
        internal
        pure
        returns (InventorySlot)
    {
        (uint256 energy_, uint256 scope1_, uint256 scope3_) = (statement.energy, statement.scope1, statement.scope3);
        (uint256 location, uint256 residual) = (statement.scope2Location, statement.scope2Residual);
        if ((energy_ | scope1_ | location | residual | scope3_) >> LANE != 0) revert ICarbonTokens.AmountTooLarge();
        uint256 word = InventorySlot.unwrap(slot);
        uint256 sum = word + (energy_ | scope1_ << 48 | location << 96 | residual << 144 | scope3_ << 192);
        if (_carries(word, sum, energy_ | scope1_ << 48 | location << 96 | residual << 144 | scope3_ << 192)) {
            revert ICarbonTokens.AmountTooLarge();
        }
        return InventorySlot.wrap(sum);
    }

    /// @notice Without its amounts; version and closed stay.
    function cleared(InventorySlot slot) internal pure returns (InventorySlot) {
        return InventorySlot.wrap(InventorySlot.unwrap(slot) & ~LANES);
    }

    function withClosed(InventorySlot slot) internal pure returns (InventorySlot) {
        return InventorySlot.wrap(InventorySlot.unwrap(slot) | CLOSED);
    }

    function withOpen(InventorySlot slot) internal pure returns (InventorySlot) {
        return InventorySlot.wrap(InventorySlot.unwrap(slot) & ~CLOSED);
    }

    /// @notice With the next version, which must be the given one.
    function next(InventorySlot slot, uint16 given) internal pure returns (InventorySlot) {
        uint16 current = slot.version();
        if (given != uint256(current) + 1 || given >> 15 != 0) revert ICarbonTokens.VersionMismatch(current, given);
        return InventorySlot.wrap(InventorySlot.unwrap(slot) + VERSION);
    }

    function energy(InventorySlot slot) internal pure returns (uint256) {
        return uint48(InventorySlot.unwrap(slot));
    }

    function scope1(InventorySlot slot) internal pure returns (uint256) {
        return uint48(InventorySlot.unwrap(slot) >> 48);
    }

    function scope2Location(InventorySlot slot) internal pure returns (uint256) {
        return uint48(InventorySlot.unwrap(slot) >> 96);
    }

    function scope2Residual(InventorySlot slot) internal pure returns (uint256) {
        return uint48(InventorySlot.unwrap(slot) >> 144);
    }

    function scope3(InventorySlot slot) internal pure returns (uint256) {
        return uint48(InventorySlot.unwrap(slot) >> 192);
    }

    function version(InventorySlot slot) internal pure returns (uint16) {
        return uint16(InventorySlot.unwrap(slot) >> 240) & 0x7fff;
    }

    function closed(InventorySlot slot) internal pure returns (bool) {
        return InventorySlot.unwrap(slot) & CLOSED != 0;
    }

    /// @notice No further version is left: nobody could restate or disallow any more, so nothing may rest on it.
    function exhausted(InventorySlot slot) internal pure returns (bool) {
        return slot.version() == 0x7fff;
    }

    /// @notice scope 1 + scope 2 location-based + scope 3: the balance of audited emissions
    function gross(InventorySlot slot) internal pure returns (uint256) {
        uint256 word = InventorySlot.unwrap(slot);
        unchecked {
            return uint256(uint48(word >> 48)) + uint48(word >> 96) + uint48(word >> 192);
        }
    }

    /// @notice Gross emissions by both methods, with the shares of other accounts that were claimed here. Market-based, scope 2
    /// is the residual-mix emissions of the energy that `recs` Wh of RECs do not cover, rounded up.
    /// @dev Lanes are at most 50 bits wide: no sum or product can overflow.
    function totals(InventorySlot slot, CoverSlot cover, uint256 recs)
        internal
        pure
        returns (uint256 location, uint256 market)
    {
        (uint256 word, uint256 shares) = (InventorySlot.unwrap(slot), CoverSlot.unwrap(cover) >> 156);
        unchecked {
            market = uint48(word >> 144);
            if (recs != 0) {
                uint256 energy_ = uint48(word);
                market = recs < energy_ ? (market * (energy_ - recs) + energy_ - 1) / energy_ : 0;
            }
            location = uint256(uint48(word >> 48)) + uint48(word >> 192); // scopes 1 and 3 are in both
            market += location + (shares >> 50);
            location += uint256(uint48(word >> 96)) + (shares & SHARE_LANE);
        }
    }

    /// @dev A lane overflowed if the sum's lowest bit of the lane above differs from that of the bare xor.
    function _carries(uint256 a, uint256 sum, uint256 b) private pure returns (bool) {
        uint256 lowest = 1 << 48 | 1 << 96 | 1 << 144 | 1 << 192 | 1 << 240;
        return (a ^ b ^ sum) & lowest != 0;
    }
}

library CoverSlots {
    uint256 private constant WIDE_LANE = (1 << 70) - 1;
    uint256 private constant SHARE_LANE = (1 << 50) - 1;
    uint256 private constant COVER = (1 << 140) - 1;

    /// @dev An amount is below 2^48: a lane of RECs or offsets is full after 4,194,304 of the largest.
    function plus(CoverSlot slot, uint256 recs_, uint256 offsets_) internal pure returns (CoverSlot) {
        return CoverSlot.wrap(CoverSlot.unwrap(slot) + (recs_ | offsets_ << 70));
    }

    function minus(CoverSlot slot, uint256 recs_, uint256 offsets_) internal pure returns (CoverSlot) {
        return CoverSlot.wrap(CoverSlot.unwrap(slot) - (recs_ | offsets_ << 70));
    }

    /// @notice With other claimed shares, and one more change of them counted.
    function withAllocated(CoverSlot slot, uint256 location, uint256 market) internal pure returns (CoverSlot) {
        uint256 changes = slot.shares() + 1;
        if (location > SHARE_LANE || market > SHARE_LANE || changes > type(uint16).max) {
            revert ICarbonTokens.AmountTooLarge();
        }
        return CoverSlot.wrap(CoverSlot.unwrap(slot) & COVER | changes << 140 | location << 156 | market << 206);
    }

    function recs(CoverSlot slot) internal pure returns (uint256) {
        return CoverSlot.unwrap(slot) & WIDE_LANE;
    }

    function offsets(CoverSlot slot) internal pure returns (uint256) {
        return CoverSlot.unwrap(slot) >> 70 & WIDE_LANE;
    }

    function allocatedLocation(CoverSlot slot) internal pure returns (uint256) {
        return CoverSlot.unwrap(slot) >> 156 & SHARE_LANE;
    }

    function allocatedMarket(CoverSlot slot) internal pure returns (uint256) {
        return CoverSlot.unwrap(slot) >> 206;
    }

    /// @notice How often claimed shares changed.
    function shares(CoverSlot slot) internal pure returns (uint256) {
        return uint16(CoverSlot.unwrap(slot) >> 140);
    }
}
