// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {Roles} from "../libraries/Roles.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {Refusing} from "./Refusing.sol";

contract RegistryTest is Refusing {
    function setUp() public {
        _deploy();
    }

    // ------------------------------------------------------------------------------------------------------- facilities
    function testAFacilityIsReadAsItWasRegistered(address owner, bytes9 region, bytes2 zone, bytes32 metadata) public {
        vm.assume(owner != address(0) && owner != OWNER && region != 0 && zone != 0);
        uint256 expected = uint256(keccak256(abi.encode(owner, metadata))) >> 40;
        vm.expectEmit(address(ledger));
        emit ICarbonTokens.FacilityRegistered(expected, owner, region, zone, metadata);
        bytes memory call = abi.encodeCall(ledger.registerFacility, (region, zone, metadata));
        uint256 id = abi.decode(_accepted(owner, address(ledger), call), (uint256));
        _same(id, expected, "the id is the hash of owner and metadata");
        (address owner_, bytes2 zone_, bytes9 region_, bool panelled) = ledger.facilityOf(id);
        _same(owner_, owner, "owner");
        _same(bytes32(zone_), bytes32(zone), "market zone");
        _same(bytes32(region_), bytes32(region), "grid region");
        _same(panelled, false, "no panel yet");
    }

    function testAFacilityIsRegisteredOnce(bytes9 region, bytes2 zone) public {
        vm.assume(region != 0 && zone != 0);
        bytes memory call = abi.encodeCall(ledger.registerFacility, (region, zone, "site"));
        _refused(OWNER, address(ledger), call, _error(ICarbonTokens.FacilityExists.selector, facility));
        bytes memory answer = _accepted(STRANGER, address(ledger), call);
        _holds(abi.decode(answer, (uint256)) != facility, "the same words of another owner are another facility");
    }

    function testAFacilityHasAGridRegionAndAMarketZone(bytes9 region, bytes2 zone, bool first) public {
        bytes memory call =
            abi.encodeCall(ledger.registerFacility, (first ? bytes9(0) : region, first ? zone : bytes2(0), "x"));
        _refused(OWNER, address(ledger), call, _error(ICarbonTokens.CodeMissing.selector));
    }

    // ---------------------------------------------------------------------------------------------------------- sources
    function testASourceIsReadAsItWasRegistered(bool offset, bytes12 registry, bytes32 device, bytes9 region) public {
        vm.assume(registry != 0 && device != 0 && registry != "registry");
        uint8 class = offset ? TokenId.OFFSET : TokenId.REC;
        address issuer = _issuerOf(class);
        vm.expectEmit(address(ledger));
        emit ICarbonTokens.SourceRegistered(3, issuer, class, registry, device, ZONE, region, "PV");
        bytes memory call = abi.encodeCall(ledger.registerSource, (class, registry, device, ZONE, region, "PV"));
        uint24 source = abi.decode(_accepted(issuer, address(ledger), call), (uint24));
        _same(source, 3, "sources are numbered from 1");
        _same(ledger.sourceIdOf(registry, device), 3, "found by the registry's own id");
        _requireSource(source, class, registry, region);
    }

    function testADeviceOfARegistryIsRegisteredOnce(bytes2 zone, bool asProject) public {
        vm.assume(zone != 0);
        uint8 class = asProject ? TokenId.OFFSET : TokenId.REC;
        bytes memory call = abi.encodeCall(ledger.registerSource, (class, "registry", "device", zone, REGION, "PV"));
        _refused(_issuerOf(class), address(ledger), call, _error(ICarbonTokens.SourceExists.selector, recSource));
    }

    function testOnlyAnIssuerOfTheClassRegistersItsSources(address caller, bool offset) public {
        uint8 class = offset ? TokenId.OFFSET : TokenId.REC;
        vm.assume(caller != _issuerOf(class));
        bytes32 role = offset ? Roles.OFFSET_ISSUER : Roles.REC_ISSUER;
        bytes memory call = abi.encodeCall(ledger.registerSource, (class, "registry", "x", ZONE, REGION, "PV"));
        _refused(caller, address(ledger), call, _roleMissing(caller, role));
    }

    function testNoOtherClassHasSources(uint8 class) public {
        vm.assume(class != TokenId.REC && class != TokenId.OFFSET);
        bytes memory call = abi.encodeCall(ledger.registerSource, (class, "registry", "x", ZONE, REGION, "PV"));
        _refused(REC_ISSUER, address(ledger), call, _error(ICarbonTokens.ClassNotIssuable.selector, class));
    }

    function testASourceHasARegistryADeviceAndAMarketZone(uint8 missing) public {
        missing %= 3;
        bytes12 registry = missing == 0 ? bytes12(0) : bytes12("registry");
        bytes32 device = missing == 1 ? bytes32(0) : bytes32("x");
        bytes2 zone = missing == 2 ? bytes2(0) : ZONE;
        bytes memory call = abi.encodeCall(ledger.registerSource, (TokenId.REC, registry, device, zone, REGION, "PV"));
        _refused(REC_ISSUER, address(ledger), call, _error(ICarbonTokens.CodeMissing.selector));
    }

    function testAnUnknownDeviceHasNoSource(bytes12 registry, bytes32 device) public view {
        vm.assume(device != "device" && device != "project");
        _same(ledger.sourceIdOf(registry, device), 0, "no source");
    }

    // ----------------------------------------------------------------------------------------------------------- freeze
    function testOnlyARegistrarFreezes(address caller, bool frozen) public {
        vm.assume(caller != REGISTRAR);
        bytes memory call = abi.encodeCall(ledger.setFrozen, (recSource, frozen));
        _refused(caller, address(ledger), call, _roleMissing(caller, Roles.REGISTRAR));
    }

    function testOnlyARegisteredSourceIsFrozen(uint24 source) public {
        vm.assume(source != recSource && source != offsetSource);
        bytes memory call = abi.encodeCall(ledger.setFrozen, (source, true));
        _refused(REGISTRAR, address(ledger), call, _error(ICarbonTokens.SourceUnknown.selector, source));
    }

    function testNothingOfAFrozenSourceIsIssuedMovedOrRetiredUntilTheFreezeIsLifted() public {
        uint256 id = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, id, 3);
        bytes[4] memory calls = _movements(id);
        address[4] memory callers = [REC_ISSUER, REC_ISSUER, HOLDER, HOLDER];
        _freeze(true);
        for (uint256 i = 0; i < 4; ++i) {
            _refused(callers[i], address(ledger), calls[i], _error(ICarbonTokens.SourceIsFrozen.selector, recSource));
        }
        _same(ledger.accountOf(facility, MONTH).recs, 3, "what was retired before stays");
        _same(ledger.balanceOf(HOLDER, id), 7, "what was held before stays");
        _freeze(false);
        for (uint256 i = 0; i < 4; ++i) {
            _accepted(callers[i], address(ledger), calls[i]);
        }
    }

    function testAFreezeOfOneSourceLeavesTheOthers() public {
        uint256 id = _issue(offsetSource, HOLDER, 10);
        _freeze(true);
        _retire(HOLDER, id, 10);
        _same(ledger.accountOf(facility, MONTH).offsets, 10, "retired from another source");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _freeze(bool frozen) private {
        vm.expectEmit(address(ledger));
        emit ICarbonTokens.SourceFrozen(recSource, frozen);
        _accepted(REGISTRAR, address(ledger), abi.encodeCall(ledger.setFrozen, (recSource, frozen)));
        (,,,,,, bool stored) = ledger.sourceOf(recSource);
        _same(stored, frozen, "frozen");
    }

    /// @dev Issue one, issue several, move, retire.
    function _movements(uint256 id) private returns (bytes[4] memory calls) {
        ICarbonTokens.Batch memory batch = _batch(recSource, 1);
        ICarbonTokens.Batch[] memory batches = new ICarbonTokens.Batch[](1);
        batches[0] = _batch(recSource, 1);
        (batches[0].serialFrom, batches[0].serialThru) = (batch.serialThru + 1, batch.serialThru + 1);
        calls[0] = abi.encodeCall(ledger.issue, (recSource, HOLDER, batch));
        calls[1] = abi.encodeCall(ledger.issueBatch, (recSource, HOLDER, batches));
        calls[2] = abi.encodeCall(ledger.safeTransferFrom, (HOLDER, BUYER, id, 2, ""));
        calls[3] = abi.encodeCall(ledger.retire, (id, 5, _retirement(facility, MONTH)));
    }

    function _requireSource(uint24 source, uint8 class, bytes12 registry, bytes9 region) private view {
        (address issuer, uint8 class_, bytes12 registry_, bytes2 zone, bytes9 region_, uint256 next, bool frozen) =
            ledger.sourceOf(source);
        _same(issuer, _issuerOf(class), "issuer");
        _same(class_, class, "class");
        _same(bytes32(registry_), bytes32(registry), "registry");
        _same(bytes32(zone), bytes32(ZONE), "market zone");
        _same(bytes32(region_), bytes32(region), "grid region, which a project need not have");
        _same(next, 0, "no serial is used");
        _same(frozen, false, "not frozen");
    }
}
