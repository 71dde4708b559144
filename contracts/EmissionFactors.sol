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
    }

    mapping(bytes32 releaseId => bytes32) private _fileHashes;
    mapping(bytes32 releaseId => mapping(bytes10 region => Rates)) private _rates;

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
            _add(releaseId, factors[i]);
        }
    }

    /// @inheritdoc IEmissionFactors
    function factorOf(bytes32 releaseId, bytes10 region)
        external
        view
        returns (uint256 location, uint256 residual, bool residualPublished)
    {
        Rates memory rates = _rates[releaseId][region];
        if (!rates.exists) revert FactorUnknown(releaseId, region);
        return (rates.location, rates.residualPublished ? rates.residual : rates.location, rates.residualPublished);
    }

    /// @inheritdoc IEmissionFactors
    function fileHashOf(bytes32 releaseId) external view returns (bytes32) {
        return _fileHashes[releaseId];
    }

    /// @inheritdoc IEmissionFactors
    function releaseIdOf(string calldata dataset, uint16 year, string calldata edition) public pure returns (bytes32) {
        return keccak256(abi.encode(dataset, year, edition));
    }

    function _announce(Release calldata release) private returns (bytes32 releaseId) {
        if (
            bytes(release.dataset).length == 0 || bytes(release.edition).length == 0 || release.year == 0
                || release.fileHash == 0
        ) {
            revert ReleaseIncomplete();
        }
        releaseId = releaseIdOf(release.dataset, release.year, release.edition);
        bytes32 published = _fileHashes[releaseId];
        if (published == release.fileHash) return releaseId;
        if (published != 0) revert ReleaseFileDiffers(releaseId, published, release.fileHash);
        _fileHashes[releaseId] = release.fileHash;
        emit ReleasePublished(releaseId, release.dataset, release.year, release.edition, release.fileHash);
    }

    function _add(bytes32 releaseId, Factor calldata factor) private {
        if (factor.region == 0) revert RegionMissing();
        Rates storage rates = _rates[releaseId][factor.region];
        if (rates.exists) revert FactorExists(releaseId, factor.region);
        (rates.location, rates.residual) = (factor.location, factor.residualPublished ? factor.residual : 0);
        (rates.residualPublished, rates.exists) = (factor.residualPublished, true);
        emit FactorPublished(releaseId, factor.region, factor.location, rates.residual, factor.residualPublished);
    }
}
