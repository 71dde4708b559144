// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IEmissionFactors} from "./interfaces/IEmissionFactors.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title EmissionFactors: see IEmissionFactors
contract EmissionFactors is IEmissionFactors, AccessControlDefaultAdminRules {
    struct Rates {
        uint64 location;
        uint64 residual;
        bool residualPublished;
        bool exists;
        bytes2 marketZone;
    }

    struct Announced {
        bytes32 fileHash;
        bytes2 marketZone;
    }

    mapping(bytes32 releaseId => Announced) private _releases;
    mapping(bytes32 releaseId => mapping(bytes9 region => Rates)) private _rates;

    /// @param adminDelay seconds before a new admin can accept @param admin first admin
    constructor(uint48 adminDelay, address admin) AccessControlDefaultAdminRules(adminDelay, admin) {}

    /// @inheritdoc IEmissionFactors
    function publish(Release calldata release, Factor[] calldata factors)
        external
        onlyRole(Roles.PUBLISHER)
        returns (bytes32 releaseId)
    {
        releaseId = _announce(release);
        for (uint256 i = 0; i < factors.length; ++i) {
            _add(releaseId, release.marketZone, factors[i]);
        }
    }

    /// @inheritdoc IEmissionFactors
    function factorOf(bytes32 releaseId, bytes9 region)
        external
        view
        returns (uint256 location, uint256 residual, bool residualPublished, bytes2 marketZone)
    {
        Rates memory rates = _rates[releaseId][region];
        if (!rates.exists) revert FactorUnknown(releaseId, region);
        (location, residualPublished, marketZone) = (rates.location, rates.residualPublished, rates.marketZone);
        residual = residualPublished ? rates.residual : location;
    }

    /// @inheritdoc IEmissionFactors
    function fileHashOf(bytes32 releaseId) external view returns (bytes32) {
        return _releases[releaseId].fileHash;
    }

    /// @inheritdoc IEmissionFactors
    function releaseIdOf(string calldata dataset, uint16 year, string calldata edition) public pure returns (bytes32) {
        return keccak256(abi.encode(dataset, year, edition));
    }

    function _announce(Release calldata release) private returns (bytes32 releaseId) {
        if (
            bytes(release.dataset).length == 0 || bytes(release.edition).length == 0 || release.year == 0
                || release.fileHash == 0 || release.marketZone == 0
        ) {
            revert ReleaseIncomplete();
        }
        releaseId = releaseIdOf(release.dataset, release.year, release.edition);
        Announced memory old = _releases[releaseId];
        if (old.fileHash != 0) {
            if (old.fileHash != release.fileHash) revert ReleaseFileDiffers(releaseId, old.fileHash, release.fileHash);
            if (old.marketZone == release.marketZone) return releaseId;
            revert ReleaseMarketDiffers(releaseId, old.marketZone, release.marketZone);
        }
        _releases[releaseId] = Announced(release.fileHash, release.marketZone);
        emit ReleasePublished(
            releaseId, release.dataset, release.year, release.edition, release.fileHash, release.marketZone
        );
    }

    function _add(bytes32 releaseId, bytes2 marketZone, Factor calldata factor) private {
        if (factor.region == 0) revert RegionMissing();
        Rates storage rates = _rates[releaseId][factor.region];
        if (rates.exists) revert FactorExists(releaseId, factor.region);
        (rates.location, rates.residual) = (factor.location, factor.residualPublished ? factor.residual : 0);
        (rates.residualPublished, rates.exists, rates.marketZone) = (factor.residualPublished, true, marketZone);
        emit FactorPublished(releaseId, factor.region, factor.location, rates.residual, factor.residualPublished);
    }
}
