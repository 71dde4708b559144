// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {Roles} from "./libraries/Roles.sol";
import {FacilitySlot, FacilitySlots, SourceSlot, SourceSlots} from "./libraries/Slots.sol";
import {TokenId} from "./libraries/TokenId.sol";

/// @title Registry: the facilities, devices and projects of CarbonTokens
abstract contract Registry is ICarbonTokens, AccessControlDefaultAdminRules {
    /// @dev A source: what moves its tokens in one slot, what issuing needs beside it in another.
    struct Described {
        SourceSlot slot;
        bytes12 registry;
        bytes9 gridRegion;
    }

    mapping(uint256 facility => FacilitySlot) internal _facilities;
    mapping(uint24 source => Described) internal _sources;
    mapping(bytes32 registryAndDevice => uint24) private _sourceIds;
    uint24 private _sourceCount;

    /// @inheritdoc ICarbonTokens
    function registerFacility(bytes9 gridRegion, bytes2 marketZone, bytes32 metadata)
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
        bytes9 gridRegion,
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

    /// @inheritdoc ICarbonTokens
    function facilityOf(uint256 facility)
        external
        view
        returns (address owner, bytes2 marketZone, bytes9 gridRegion, bool panelled)
    {
        FacilitySlot slot = _facilities[facility];
        return (slot.owner(), slot.marketZone(), slot.gridRegion(), slot.panelled());
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
            bytes9 gridRegion,
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

    function _facilityAt(uint256 facility) internal view returns (FacilitySlot slot) {
        slot = _facilities[facility];
        if (slot.owner() == address(0)) revert FacilityUnknown(facility);
    }

    function _issuerRole(uint8 class) internal pure returns (bytes32) {
        if (class == TokenId.REC) return Roles.REC_ISSUER;
        if (class == TokenId.OFFSET) return Roles.OFFSET_ISSUER;
        revert ClassNotIssuable(class);
    }
}
