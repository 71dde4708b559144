// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {BatchSlot, BatchSlots, CoverSlot, InventorySlot, SourceSlot, SourceSlots} from "../libraries/Slots.sol";
import {Check} from "./Vm.sol";

/// @notice Every packed record against a plain struct twin.
contract SlotsTest is Check {
    uint256 private constant LANE_MAX = 2 ** 48 - 1;

    struct PlainSource {
        address issuer;
        uint64 nextSerial;
        bytes2 marketZone;
        uint8 class;
        bool frozen;
    }

    struct PlainBatch {
        address holder;
        uint48 amount;
        uint24 source;
        uint16 vintageStart;
        uint8 vintageMonths;
    }

    struct PlainInventory {
        uint256[5] lanes; // energy, scope1, scope2Location, scope2Residual, scope3
        uint256 version;
        bool closed;
    }

    // ----------------------------------------------------------------------------------------------------------- source
    function testANewSourceIsReadAsItWasPacked(address issuer, bytes2 zone, uint8 class) public pure {
        _requireSource(SourceSlots.pack(issuer, zone, class), PlainSource(issuer, 0, zone, class, false));
    }

    function testANextSerialOrAFreezeTouchesOnlyItsField(PlainSource memory plain, uint64 serial, bool frozen)
        public
        pure
    {
        SourceSlot slot = SourceSlots.pack(plain.issuer, plain.marketZone, plain.class);
        slot = slot.withFrozen(plain.frozen).withNextSerial(plain.nextSerial);
        _requireSource(slot, plain);
        (slot, plain.nextSerial) = (slot.withNextSerial(serial), serial);
        _requireSource(slot, plain);
        (slot, plain.frozen) = (slot.withFrozen(frozen), frozen);
        _requireSource(slot, plain);
    }

    // ------------------------------------------------------------------------------------------------------------ batch
    function testABatchIsReadAsItWasPacked(PlainBatch memory plain) public pure {
        _requireBatch(_packed(plain), plain);
    }

    function testAnAmountTouchesOnlyItsField(PlainBatch memory plain, uint48 amount) public pure {
        BatchSlot slot = _packed(plain).withAmount(amount);
        plain.amount = amount;
        _requireBatch(slot, plain);
    }

    // -------------------------------------------------------------------------------------------------------- inventory
    function testAnInventoryIsReadAsItWasPacked(PlainInventory memory plain) public pure {
        _narrow(plain);
        _requireInventory(_packed(plain), plain);
    }

    function testAStatementIsAddedAsFiveCheckedAdditions(PlainInventory memory plain, uint256[5] memory added)
        public
        view
    {
        _narrow(plain);
        plain.closed = false; // only an open month is added to, see the next test
        bool fits = _add(plain, added, 49);
        try this.plus(_packedBefore(plain, added, fits), _statement(added)) returns (InventorySlot slot) {
            _holds(fits, "an overflow was accepted");
            _requireInventory(slot, plain);
        } catch (bytes memory reason) {
            _holds(!fits, "a sum that fits was refused");
            _same(bytes4(reason), ICarbonTokens.AmountTooLarge.selector, "reason");
        }
    }

    function testARestatementOfAClosedMonthIsAddedToEmptyLanes(PlainInventory memory plain, uint256[5] memory added)
        public
        view
    {
        _narrow(plain);
        InventorySlot cleared = _packed(plain).cleared();
        plain.lanes = [uint256(0), 0, 0, 0, 0];
        _requireInventory(cleared, plain);
        bool fits = _add(plain, added, 49);
        try this.plus(cleared, _statement(added)) returns (InventorySlot slot) {
            _holds(fits, "an overflow was accepted");
            _requireInventory(slot, plain);
        } catch {
            _holds(!fits, "a sum that fits was refused");
        }
    }

    function testAnAmountOfMoreThan48BitsIsRefusedWhateverItsBits(uint8 lane, uint256 amount) public view {
        uint256[5] memory added;
        added[lane % 5] = amount | 2 ** (48 + amount % 208);
        try this.plus(InventorySlot.wrap(0), _statement(added)) {
            _holds(false, "an amount above 48 bits was accepted");
        } catch (bytes memory reason) {
            _same(bytes4(reason), ICarbonTokens.AmountTooLarge.selector, "reason");
        }
    }

    function testClosingTouchesOnlyItsField(PlainInventory memory plain) public pure {
        _narrow(plain);
        InventorySlot slot = _packed(plain).withClosed();
        plain.closed = true;
        _requireInventory(slot, plain);
    }

    function testOpeningTouchesOnlyItsField(PlainInventory memory plain) public pure {
        _narrow(plain);
        InventorySlot slot = _packed(plain).withOpen();
        plain.closed = false;
        _requireInventory(slot, plain);
    }

    function testTheNextVersionIsOneMoreAndTouchesOnlyItsField(PlainInventory memory plain, uint16 given) public view {
        _narrow(plain);
        if (given % 2 == 0) given = uint16(plain.version) + 1;
        bool follows = given == plain.version + 1 && given < 2 ** 15;
        try this.next(_packed(plain), given) returns (InventorySlot slot) {
            _holds(follows, "another version was accepted");
            plain.version = given;
            _requireInventory(slot, plain);
        } catch (bytes memory reason) {
            _holds(!follows, "the next version was refused");
            _same(
                keccak256(reason),
                keccak256(abi.encodeWithSelector(ICarbonTokens.VersionMismatch.selector, uint16(plain.version), given)),
                "reason"
            );
        }
    }

    function testAnInventoryIsExhaustedExactlyAtItsLastVersion(PlainInventory memory plain) public pure {
        _narrow(plain);
        _same(_packed(plain).exhausted(), plain.version == 32_767, "exhausted");
    }

    function testGrossIsScopes1And3AndLocationBasedScope2(PlainInventory memory plain) public pure {
        _narrow(plain);
        _same(_packed(plain).gross(), plain.lanes[1] + plain.lanes[2] + plain.lanes[4], "gross");
    }

    function testTheTotalsAreThoseOfThePlainFormula(
        PlainInventory memory plain,
        uint256 recsSeed,
        uint256 shareLocation,
        uint256 shareMarket
    ) public pure {
        _narrow(plain);
        (shareLocation, shareMarket) = (_edged(shareLocation, 50), _edged(shareMarket, 50));
        uint256 recs = _edged(recsSeed, 128);
        if (recsSeed % 3 == 0) recs %= plain.lanes[0] + 2; // around and below the energy
        CoverSlot cover = CoverSlot.wrap(recsSeed % 2 ** 140).withAllocated(shareLocation, shareMarket);
        (uint256 location, uint256 market) = _packed(plain).totals(cover, recs);
        uint256 direct = plain.lanes[1] + plain.lanes[4];
        _same(location, direct + plain.lanes[2] + shareLocation, "location-based");
        _same(market, direct + _residual(plain.lanes[3], plain.lanes[0], recs) + shareMarket, "market-based");
    }

    function testMoreRecsNeverRaiseTheTotalsAndNeverReduceScopes1And3(
        PlainInventory memory plain,
        uint48 recs,
        uint48 more
    ) public pure {
        _narrow(plain);
        (, uint256 market) = _packed(plain).totals(CoverSlot.wrap(0), recs);
        (, uint256 less) = _packed(plain).totals(CoverSlot.wrap(0), uint256(recs) + more);
        _holds(less <= market, "more RECs, more emissions");
        _holds(less >= plain.lanes[1] + plain.lanes[4], "scopes 1 and 3 were reduced");
    }

    // ----------------------------------------------------------------------------------------------------------- doors
    function plus(InventorySlot slot, ICarbonTokens.Statement calldata statement)
        external
        pure
        returns (InventorySlot)
    {
        return slot.plus(statement);
    }

    function next(InventorySlot slot, uint16 given) external pure returns (InventorySlot) {
        return slot.next(given);
    }

    // ----------------------------------------------------------------------------------------------------------- twins
    function _residual(uint256 residual, uint256 energy, uint256 recs) private pure returns (uint256) {
        if (recs == 0) return residual;
        if (recs >= energy) return 0;
        uint256 numerator = residual * (energy - recs);
        return numerator / energy + (numerator % energy == 0 ? 0 : 1);
    }

    function _narrow(PlainInventory memory plain) private pure {
        for (uint256 i = 0; i < 5; ++i) {
            plain.lanes[i] = _edged(plain.lanes[i], 48);
        }
        plain.version = _edged(plain.version, 15);
    }

    /// @dev Lane by lane; false if one leaves its 48 bits. In half of the cases all fit, in a quarter all but one do.
    function _add(PlainInventory memory plain, uint256[5] memory added, uint256 bits) private pure returns (bool fits) {
        fits = true;
        (uint256 mode, uint256 odd) = (added[0] % 4, added[1] % 5);
        for (uint256 i = 0; i < 5; ++i) {
            added[i] = _edged(added[i] >> 2, bits);
            uint256 room = LANE_MAX - plain.lanes[i];
            if (mode == 2 && i == odd) added[i] = room + 1 + added[i] % 2;
            else if (mode != 3 && added[i] > room) added[i] = room - added[i] % 2 % (room + 1);
            plain.lanes[i] += added[i];
            fits = fits && added[i] <= LANE_MAX && plain.lanes[i] <= LANE_MAX;
        }
    }

    function _packedBefore(PlainInventory memory plain, uint256[5] memory added, bool fits)
        private
        pure
        returns (InventorySlot)
    {
        PlainInventory memory before = PlainInventory(plain.lanes, plain.version, plain.closed);
        uint256[5] memory lanes;
        for (uint256 i = 0; i < 5; ++i) {
            lanes[i] = plain.lanes[i] - added[i];
        }
        before.lanes = lanes;
        _holds(!fits || before.lanes[0] <= LANE_MAX, "twin");
        return _packed(before);
    }

    function _statement(uint256[5] memory added) private pure returns (ICarbonTokens.Statement memory statement) {
        (statement.energy, statement.scope1, statement.scope3) = (added[0], added[1], added[4]);
        (statement.scope2Location, statement.scope2Residual) = (added[2], added[3]);
    }

    function _packed(PlainInventory memory plain) private pure returns (InventorySlot) {
        uint256 word = (plain.closed ? 2 ** 15 : 0) + plain.version;
        for (uint256 i = 5; i > 0; --i) {
            word = word * 2 ** 48 + plain.lanes[i - 1];
        }
        return InventorySlot.wrap(word);
    }

    function _packed(PlainBatch memory plain) private pure returns (BatchSlot) {
        return BatchSlots.pack(plain.holder, plain.amount, plain.source, plain.vintageStart, plain.vintageMonths);
    }

    function _requireSource(SourceSlot slot, PlainSource memory plain) private pure {
        _same(slot.issuer(), plain.issuer, "issuer");
        _same(slot.nextSerial(), plain.nextSerial, "next serial");
        _same(bytes32(slot.marketZone()), bytes32(plain.marketZone), "market zone");
        _same(slot.class(), plain.class, "class");
        _same(slot.frozen(), plain.frozen, "frozen");
    }

    function _requireBatch(BatchSlot slot, PlainBatch memory plain) private pure {
        _same(slot.holder(), plain.holder, "holder");
        _same(slot.amount(), plain.amount, "amount");
        _same(slot.source(), plain.source, "source");
        _same(slot.vintageStart(), plain.vintageStart, "first month");
        _same(slot.vintageMonths(), plain.vintageMonths, "months");
    }

    function _requireInventory(InventorySlot slot, PlainInventory memory plain) private pure {
        _same(slot.energy(), plain.lanes[0], "energy");
        _same(slot.scope1(), plain.lanes[1], "scope 1");
        _same(slot.scope2Location(), plain.lanes[2], "scope 2 location-based");
        _same(slot.scope2Residual(), plain.lanes[3], "scope 2 residual mix");
        _same(slot.scope3(), plain.lanes[4], "scope 3");
        _same(slot.version(), plain.version, "version");
        _same(slot.closed(), plain.closed, "closed");
    }
}
