// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "../interfaces/IEmissionFactors.sol";
import {Roles} from "../libraries/Roles.sol";
import {Refusing} from "./Refusing.sol";

contract EmissionFactorsTest is Refusing {
    bytes9 private constant OTHER_REGION = "ERCT";

    function setUp() public {
        _deploy();
    }

    // ---------------------------------------------------------------------------------------------------------- publish
    function testOnlyAPublisherPublishes(address caller) public {
        vm.assume(caller != PUBLISHER);
        bytes memory call = _publishing(_release("rev9"), _rows(1, 2, true));
        _refused(caller, address(factors), call, _roleMissing(caller, Roles.PUBLISHER));
    }

    function testAReleaseIsReadAsItWasPublished(uint64 location, uint64 residual, bool published) public {
        IEmissionFactors.Release memory release = _release("rev9");
        bytes32 id = keccak256(abi.encode(release.dataset, release.year, release.edition));
        vm.expectEmit(address(factors));
        emit IEmissionFactors.ReleasePublished(id, "eGRID", 2023, "rev9", release.fileHash, ZONE);
        vm.expectEmit(address(factors));
        emit IEmissionFactors.FactorPublished(id, REGION, location, published ? residual : 0, published);
        bytes memory answer =
            _accepted(PUBLISHER, address(factors), _publishing(release, _rows(location, residual, published)));
        _same(abi.decode(answer, (bytes32)), id, "the id is the hash of what identifies the release");
        _same(factors.fileHashOf(id), release.fileHash, "hash of the file");
        (uint256 locationRate, uint256 residualRate, bool known, bytes2 zone) = factors.factorOf(id, REGION);
        _same(locationRate, location, "location rate");
        _same(residualRate, published ? residual : location, "the location rate stands in for no residual mix");
        _same(known, published, "whether a residual mix was published");
        _same(bytes32(zone), bytes32(ZONE), "market zone");
    }

    function testAnAuditWithoutAPublishedResidualMixUsesTheLocationRate(uint40 energy) public {
        bytes32 id = abi.decode(
            _accepted(PUBLISHER, address(factors), _publishing(_release("rev9"), _rows(LOCATION_RATE, 1, false))),
            (bytes32)
        );
        uint256 grams = _plainEmissions(uint256(energy) + 1, LOCATION_RATE);
        (bytes memory audit, bytes memory other) = (_auditing(id, energy, grams), _auditing(id, energy, grams - 1));
        _refused(auditor, address(ledger), other, _error(ICarbonTokens.Scope2Mismatch.selector, grams, grams));
        _accepted(auditor, address(ledger), audit);
    }

    function testAFactorIsNeverEdited(uint64 location, uint64 residual, bool published) public {
        bytes memory again = _publishing(_release("rev1"), _rows(location, residual, published));
        _refused(PUBLISHER, address(factors), again, _noEdit(RELEASE));
        (uint256 locationRate, uint256 residualRate,,) = factors.factorOf(RELEASE, REGION);
        _same(locationRate, LOCATION_RATE, "location rate");
        _same(residualRate, RESIDUAL_RATE, "residual rate");
    }

    function testFurtherRegionsAreAddedToARelease(uint64 location) public {
        IEmissionFactors.Factor[] memory rows = _rows(location, 0, false);
        rows[0].region = OTHER_REGION;
        bytes memory answer = _accepted(PUBLISHER, address(factors), _publishing(_release("rev1"), rows));
        _same(abi.decode(answer, (bytes32)), RELEASE, "the same release");
        (uint256 rate,,,) = factors.factorOf(RELEASE, OTHER_REGION);
        _same(rate, location, "the region that was added");
        (rate,,,) = factors.factorOf(RELEASE, REGION);
        _same(rate, LOCATION_RATE, "the region that was there");
    }

    function testRowsAreAllPublishedOrNone() public {
        IEmissionFactors.Factor[] memory rows = new IEmissionFactors.Factor[](2);
        rows[0] = IEmissionFactors.Factor(OTHER_REGION, 1, 2, true);
        rows[1] = IEmissionFactors.Factor(REGION, 1, 2, true);
        _refused(PUBLISHER, address(factors), _publishing(_release("rev1"), rows), _noEdit(RELEASE));
        _unknown(RELEASE, OTHER_REGION);
    }

    // --------------------------------------------------------------------------------------------------------- refusals
    function testAChangedFileIsNotTheSameRelease(bytes32 fileHash) public {
        vm.assume(fileHash != 0 && fileHash != keccak256("file"));
        IEmissionFactors.Release memory release = _release("rev1");
        release.fileHash = fileHash;
        bytes memory reason =
            abi.encodeWithSelector(IEmissionFactors.ReleaseFileDiffers.selector, RELEASE, keccak256("file"), fileHash);
        _refused(PUBLISHER, address(factors), _publishing(release, _rows(1, 2, true)), reason);
    }

    function testAReleaseIsOfOneMarket(bytes2 zone) public {
        vm.assume(zone != 0 && zone != ZONE);
        IEmissionFactors.Release memory release = _release("rev1");
        release.marketZone = zone;
        bytes memory reason =
            abi.encodeWithSelector(IEmissionFactors.ReleaseMarketDiffers.selector, RELEASE, ZONE, zone);
        _refused(PUBLISHER, address(factors), _publishing(release, _rows(1, 2, true)), reason);
    }

    function testAReleaseSaysWhatItIsAndWhereItCameFrom(uint8 field) public {
        IEmissionFactors.Release memory release = _release("rev9");
        field %= 5;
        if (field == 0) release.dataset = "";
        else if (field == 1) release.year = 0;
        else if (field == 2) release.edition = "";
        else if (field == 3) release.fileHash = 0;
        else release.marketZone = 0;
        bytes memory reason = _error(IEmissionFactors.ReleaseIncomplete.selector);
        _refused(PUBLISHER, address(factors), _publishing(release, _rows(1, 2, true)), reason);
    }

    function testARowHasARegion() public {
        IEmissionFactors.Factor[] memory rows = _rows(1, 2, true);
        rows[0].region = 0;
        bytes memory reason = _error(IEmissionFactors.RegionMissing.selector);
        _refused(PUBLISHER, address(factors), _publishing(_release("rev9"), rows), reason);
    }

    function testAnUnknownReleaseOrRegionHasNoFactor(bytes32 release, bytes9 region) public {
        vm.assume(release != RELEASE && region != REGION);
        _unknown(release, REGION);
        _unknown(RELEASE, region);
        _same(factors.fileHashOf(release), 0, "no file");
    }

    function testTheDatasetYearAndEditionOfAReleaseAreToldApart(uint16 year) public view {
        bytes32 id = factors.releaseIdOf("eGRID1", year, "rev1");
        _same(id, keccak256(abi.encode("eGRID1", year, "rev1")), "the hash of all three");
        _holds(id != factors.releaseIdOf("eGRID", year, "1rev1"), "the text is not shifted between them");
        _holds(id != factors.releaseIdOf("eGRID1", year ^ 1, "rev1"), "another year");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _release(string memory edition) private pure returns (IEmissionFactors.Release memory) {
        return IEmissionFactors.Release("eGRID", 2023, edition, keccak256("file"), ZONE);
    }

    function _rows(uint64 location, uint64 residual, bool published)
        private
        pure
        returns (IEmissionFactors.Factor[] memory rows)
    {
        rows = new IEmissionFactors.Factor[](1);
        rows[0] = IEmissionFactors.Factor(REGION, location, residual, published);
    }

    function _publishing(IEmissionFactors.Release memory release, IEmissionFactors.Factor[] memory rows)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(factors.publish, (release, rows));
    }

    function _noEdit(bytes32 release) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEmissionFactors.FactorExists.selector, release, REGION);
    }

    function _unknown(bytes32 release, bytes9 region) private {
        bytes memory reason = abi.encodeWithSelector(IEmissionFactors.FactorUnknown.selector, release, region);
        _refused(STRANGER, address(factors), abi.encodeCall(factors.factorOf, (release, region)), reason);
    }

    function _auditing(bytes32 release, uint256 energy, uint256 residual) private returns (bytes memory) {
        uint256 location = _plainEmissions(energy + 1, LOCATION_RATE);
        ICarbonTokens.Statement memory statement = _reading(energy + 1, location, residual);
        statement.release = release;
        return abi.encodeCall(ledger.audit, (statement));
    }
}
