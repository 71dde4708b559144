// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {CoverSlot} from "../libraries/Slots.sol";
import {Check} from "./Vm.sol";

/// @notice What was retired into an account, and claimed into it, against a plain struct.
contract CoverSlotTest is Check {
    struct PlainCover {
        uint256 recs;
        uint256 offsets;
        uint256 shares; // how often claimed shares changed
        uint256 location;
        uint256 market;
    }

    function testACoverIsReadAsItWasPacked(PlainCover memory plain) public pure {
        _narrow(plain);
        _requireCover(_packed(plain), plain);
    }

    function testRecsAndOffsetsAreCountedApart(PlainCover memory plain, uint256 recs, uint256 offsets) public pure {
        _narrow(plain);
        (recs, offsets) = (_edged(recs, 48), _edged(offsets, 48)); // what one retirement can add
        if (plain.recs + recs >= 2 ** 70) plain.recs -= recs;
        if (plain.offsets + offsets >= 2 ** 70) plain.offsets -= offsets;
        CoverSlot slot = _packed(plain).plus(recs, offsets);
        (plain.recs, plain.offsets) = (plain.recs + recs, plain.offsets + offsets);
        _requireCover(slot, plain);
        plain.recs -= recs;
        _requireCover(slot.minus(recs, 0), plain);
        plain.offsets -= offsets;
        _requireCover(slot.minus(recs, 0).minus(0, offsets), plain);
    }

    function testAClaimedShareIsCountedAndStaysBelow50Bits(PlainCover memory plain, uint256 location, uint256 market)
        public
        view
    {
        _narrow(plain);
        (location, market) = (_edged(location, 52), _edged(market, 52));
        bool fits = location < 2 ** 50 && market < 2 ** 50 && plain.shares < 65_535;
        try this.withAllocated(_packed(plain), location, market) returns (CoverSlot slot) {
            _holds(fits, "a sum above 50 bits or a 65,536th change was accepted");
            (plain.shares, plain.location, plain.market) = (plain.shares + 1, location, market);
            _requireCover(slot, plain);
        } catch (bytes memory reason) {
            _holds(!fits, "a sum that fits was refused");
            _same(bytes4(reason), ICarbonTokens.AmountTooLarge.selector, "reason");
        }
    }

    /// @notice A call of its own, so that it can fail.
    function withAllocated(CoverSlot slot, uint256 location, uint256 market) external pure returns (CoverSlot) {
        return slot.withAllocated(location, market);
    }

    function _narrow(PlainCover memory plain) private pure {
        (plain.recs, plain.offsets) = (_edged(plain.recs, 70), _edged(plain.offsets, 70));
        (plain.location, plain.market) = (_edged(plain.location, 50), _edged(plain.market, 50));
        plain.shares = _edged(plain.shares, 16);
    }

    function _packed(PlainCover memory plain) private pure returns (CoverSlot) {
        uint256 claimed = plain.shares * 2 ** 140 + plain.location * 2 ** 156 + plain.market * 2 ** 206;
        return CoverSlot.wrap(plain.recs + plain.offsets * 2 ** 70 + claimed);
    }

    function _requireCover(CoverSlot slot, PlainCover memory plain) private pure {
        _same(slot.recs(), plain.recs, "RECs");
        _same(slot.offsets(), plain.offsets, "offsets");
        _same(slot.shares(), plain.shares, "changes of claimed shares");
        _same(slot.allocatedLocation(), plain.location, "claimed shares, location-based");
        _same(slot.allocatedMarket(), plain.market, "claimed shares, market-based");
    }
}
