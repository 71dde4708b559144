// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {FacilitySlot, FacilitySlots} from "../libraries/Slots.sol";
import {Check} from "./Vm.sol";

contract FacilitySlotTest is Check {
    function testAFacilityIsReadAsItWasPacked(address owner, bytes2 zone, bytes9 region) public pure {
        FacilitySlot slot = FacilitySlots.pack(owner, zone, region);
        _requireFacility(slot, owner, zone, region);
        _holds(!slot.panelled(), "a new facility needs no panel");
    }

    function testAPanelTouchesOnlyItsField(address owner, bytes2 zone, bytes9 region, bool before, bool required)
        public
        pure
    {
        FacilitySlot slot = FacilitySlots.pack(owner, zone, region).withPanelled(before).withPanelled(required);
        _same(slot.panelled(), required, "panelled");
        _requireFacility(slot, owner, zone, region);
    }

    function _requireFacility(FacilitySlot slot, address owner, bytes2 zone, bytes9 region) private pure {
        _same(slot.owner(), owner, "owner");
        _same(bytes32(slot.marketZone()), bytes32(zone), "market zone");
        _same(bytes32(slot.gridRegion()), bytes32(region), "grid region");
    }
}
