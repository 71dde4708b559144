// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "../interfaces/IAuditors.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {Messages} from "./Messages.sol";
import {PanelWorld} from "./PanelWorld.sol";
import {PlainHours} from "./PlainHours.sol";

/// @notice Records of what was matched; see GranularRetirement.t.sol for the certificates.
contract HourlyMatchingTest is HourlyWorld, PanelWorld {
    function setUp() public {
        _deploy();
        _accredit(3, ZONE);
    }

    // ----------------------------------------------------------------------------------------------------------- record
    function testARecordIsThatOfThePlainTwinInMonthsOf28To31Days(uint256 seed, uint8 kind, uint8 count) public {
        uint32 month = [uint32(637), 649, 651, 648][kind % 4]; // February 2023 and 2024, April, January
        (uint256[] memory load, uint256[] memory supply) = (_anyHours(seed, month, 31), _evenHours(month, 0));
        _auditHours(facility, month, load);
        IHourlyMatching.Granular[] memory certificates = new IHourlyMatching.Granular[](count % 4);
        for (uint256 i = 0; i < certificates.length; ++i) {
            uint256[] memory generation = _anyHours(uint256(keccak256(abi.encode(seed, i))), month, 29);
            generation[0] |= 1; // not nothing
            certificates[i] = _retired(month, generation);
            supply = PlainHours.plus(supply, generation);
        }
        _sortById(certificates);
        _requireRecord(month, load, certificates, PlainHours.matched(load, supply));
    }

    function testWithoutConsumptionEverythingIsMatched() public {
        uint256[] memory load = _evenHours(MONTH, 0);
        _auditHours(facility, MONTH, load);
        _record(facility, MONTH, load, _none());
        _same(hourly.matchingOf(TokenId.audited(facility, MONTH)).score, 1_000_000, "score");
    }

    function testTheScoreIsRoundedDown() public {
        uint256[] memory load = _evenHours(MONTH, 0);
        load[5] = 1_000_003;
        _auditHours(facility, MONTH, load);
        uint256[] memory generation = _evenHours(MONTH, 0);
        generation[5] = 1_000_002;
        _requireRecord(MONTH, load, _list(_retired(MONTH, generation)), 1_000_002);
        _same(hourly.matchingOf(TokenId.audited(facility, MONTH)).score, 999_999, "not all of it");
    }

    // ----------------------------------------------------------------------------------------------------- what is refused
    function testTheHoursAreThoseOfTheMonth(uint16 length, uint8 kind) public {
        uint32 month = [uint32(637), 649, 651, 648][kind % 4];
        uint256[] memory load = _evenHours(month, 1);
        _auditHours(facility, month, load);
        bytes memory consumption = new bytes(kind < 128 ? length % 3100 : 4 * (length % 800));
        vm.assume(consumption.length != 4 * load.length);
        vm.prank(auditor);
        vm.expectRevert(
            abi.encodeWithSelector(IHourlyMatching.HoursInvalid.selector, consumption.length / 4, load.length)
        );
        hourly.record(facility, month, 1, consumption, _none());
    }

    function testTheHoursAddUpToTheAuditedEnergy(uint256 seed, uint16 hour, bool more) public {
        uint256[] memory load = _anyHours(seed, MONTH, 30);
        load[hour % load.length] |= 1;
        _auditHours(facility, MONTH, load);
        uint256 energy = PlainHours.sum(load);
        load[hour % load.length] = more ? load[hour % load.length] + 1 : load[hour % load.length] - 1;
        uint256 given = PlainHours.sum(load);
        _requireRefused(
            load, _none(), abi.encodeWithSelector(IHourlyMatching.ConsumptionNotEnergy.selector, given, energy)
        );
    }

    function testAnHourOf31BitsOrMoreIsRefused(uint16 at, uint32 first, uint32 second) public {
        (first, second) = (1 + first % (2 ** 31 - 1), 1 + second % (2 ** 31 - 1));
        uint256[] memory load = _evenHours(MONTH, 1);
        _auditHours(facility, MONTH, load);
        IHourlyMatching.Granular[] memory pair = new IHourlyMatching.Granular[](2);
        uint256[] memory generation = _evenHours(MONTH, 0);
        generation[at % 744] = first;
        pair[0] = _retired(MONTH, generation);
        generation[at % 744] = second;
        pair[1] = _retired(MONTH, generation);
        _sortById(pair);
        bytes memory reason = abi.encodeWithSelector(IHourlyMatching.HourTooLarge.selector);
        if (uint256(first) + second >= 2 ** 31) _requireRefused(load, pair, reason);
        else _record(facility, MONTH, load, pair);
        load[at % 744] = uint256(first) | 2 ** 31;
        _requireRefused(load, _none(), reason);
    }

    function testACertificateCountsOnceInARecord(uint256 seed) public {
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        IHourlyMatching.Granular[] memory pair = new IHourlyMatching.Granular[](2);
        pair[0] = _retired(MONTH, _evenHours(MONTH, 3));
        pair[1] = seed % 2 == 0 ? pair[0] : _retired(MONTH, _evenHours(MONTH, 4));
        _sortById(pair);
        (pair[0], pair[1]) = (pair[1], pair[0]);
        (uint256 first, uint256 second) = (hourly.idOf(pair[0]), hourly.idOf(pair[1]));
        _requireRefused(
            load, pair, abi.encodeWithSelector(IHourlyMatching.CertificatesUnordered.selector, first, second)
        );
    }

    function testACertificateCountsInTheAccountItWasRetiredInto(uint8 kind) public {
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        _retire(HOLDER, _issue(recSource, HOLDER, 10_000), 10_000); // other RECs, without hours
        uint256 other = kind % 3 == 0 ? _facility(OWNER, ZONE, "other") : facility;
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, _evenHours(MONTH, 3));
        if (kind % 3 == 0) _retireGranular(HOLDER, certificate, other, MONTH);
        if (kind % 3 == 1) _retire(HOLDER, hourly.idOf(certificate), 3 * 744); // not through the contract
        bytes memory reason = abi.encodeWithSelector(
            IHourlyMatching.NotRetiredHere.selector, hourly.idOf(certificate), TokenId.audited(facility, MONTH)
        );
        _requireRefused(load, _list(certificate), reason);
    }

    function testAChangedHourIsAnotherCertificate(uint16 hour, uint32 amount) public {
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        uint256[] memory generation = _evenHours(MONTH, 3);
        IHourlyMatching.Granular memory certificate = _retired(MONTH, generation);
        generation[hour % 744] = uint256(amount) + 4;
        vm.assume(generation[hour % 744] < 2 ** 32);
        certificate.generation = PlainHours.encoded(generation);
        bytes memory reason = abi.encodeWithSelector(
            IHourlyMatching.NotRetiredHere.selector, hourly.idOf(certificate), TokenId.audited(facility, MONTH)
        );
        _requireRefused(load, _list(certificate), reason);
    }

    function testWhatWasDisallowedDoesNotCount(uint8 amount) public {
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        IHourlyMatching.Granular memory certificate = _retired(MONTH, _evenHours(MONTH, 3));
        _record(facility, MONTH, load, _list(certificate));
        _disallow(facility, MONTH, hourly.idOf(certificate), 1 + uint256(amount));
        _same(hourly.matchingOf(TokenId.audited(facility, MONTH)).version, 1, "the record is of the old version");
        _requireRefused(
            load,
            _list(certificate),
            abi.encodeWithSelector(
                IHourlyMatching.CertificateDisallowed.selector,
                hourly.idOf(certificate),
                TokenId.audited(facility, MONTH)
            )
        );
        _record(facility, MONTH, load, _none());
    }

    function testTheAccountMustNotHaveMovedOn(uint16 version) public {
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        vm.assume(version != 1);
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(IHourlyMatching.VersionNotCurrent.selector, 1, version));
        hourly.record(facility, MONTH, version, PlainHours.encoded(load), _none());
    }

    function testAnAuditorReplacesAnyMatchAndASignatureOnlyALowerOne(uint8 first, uint8 second, bool signed) public {
        uint256[] memory load = _evenHours(MONTH, 300);
        _auditHours(facility, MONTH, load);
        IHourlyMatching.Granular memory one = _retired(MONTH, _evenHours(MONTH, 1 + uint256(first)));
        IHourlyMatching.Granular memory two = _retired(MONTH, _evenHours(MONTH, 1 + uint256(second)));
        (uint256 matched, uint256 next) = (744 * (1 + uint256(first)), 744 * (1 + uint256(second)));
        _requireRecord(MONTH, load, _list(one), matched);
        if (signed) {
            bytes memory consumption = PlainHours.encoded(load);
            bytes32 structHash = Messages.matched(address(hourly), facility, MONTH, 1, consumption, block.timestamp);
            IAuditors.Signature[] memory signatures = _signAll(structHash, 1);
            if (next <= matched) {
                vm.expectRevert(abi.encodeWithSelector(IHourlyMatching.MatchNotHigher.selector, matched, next));
            }
            hourly.recordBySig(facility, MONTH, 1, consumption, _list(two), block.timestamp, signatures);
            bool kept = next <= matched;
            _same(hourly.matchingOf(TokenId.audited(facility, MONTH)).matched, kept ? matched : next, "the higher");
        } else {
            _requireRecord(MONTH, load, _list(two), next);
        }
        _disallow(facility, MONTH, hourly.idOf(one), 1);
        _requireRecord(MONTH, load, _none(), 0); // of the next version, which is lower
    }

    // -------------------------------------------------------------------------------------------------------- who records
    function testOnlyAnAuditorOfTheFacilityRecords(address caller) public {
        vm.assume(caller != auditor);
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IHourlyMatching.NotAuditor.selector, caller));
        hourly.record(facility, MONTH, 1, PlainHours.encoded(load), _none());
        _setPanel(facility, 2, _auditorsOf(7));
        _requireRefused(load, _none(), abi.encodeWithSelector(IHourlyMatching.NotAuditor.selector, auditor));
    }

    function testAQuorumRecordsBySignature(uint8 signers, uint16 changed) public {
        uint256[] memory load = _evenHours(MONTH, 10);
        _auditHours(facility, MONTH, load);
        _setPanel(facility, 2, _auditorsOf(7));
        bytes memory consumption = PlainHours.encoded(load);
        bytes32 structHash = Messages.matched(address(hourly), facility, MONTH, 1, consumption, block.timestamp);
        IAuditors.Signature[] memory signatures = _signAll(structHash, signers % 8);
        if (signatures.length != 0 && changed % 4 == 0) {
            uint256 hour = changed % 744; // other hours than were signed, with the same sum
            (consumption[4 * hour + 3], consumption[4 * ((hour + 1) % 744) + 3]) = (bytes1(uint8(9)), bytes1(uint8(11)));
            vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, signatures[0].auditor));
        } else if (signatures.length < 2) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, signatures.length, 2));
        }
        _recordSigned(consumption, signatures);
    }

    function _recordSigned(bytes memory consumption, IAuditors.Signature[] memory signatures) private {
        hourly.recordBySig(facility, MONTH, 1, consumption, _none(), block.timestamp, signatures);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev A granular certificate that stands retired in the facility's month.
    function _retired(uint32 month, uint256[] memory generation)
        private
        returns (IHourlyMatching.Granular memory certificate)
    {
        certificate = _issueGranular(HOLDER, recSource, month, generation);
        _retireGranular(HOLDER, certificate, facility, month);
    }

    function _requireRecord(
        uint32 month,
        uint256[] memory load,
        IHourlyMatching.Granular[] memory certificates,
        uint256 matched
    ) private {
        _record(facility, month, load, certificates);
        IHourlyMatching.Matching memory matching = hourly.matchingOf(TokenId.audited(facility, month));
        uint256 energy = PlainHours.sum(load);
        uint256[] memory ids = new uint256[](certificates.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = hourly.idOf(certificates[i]);
        }
        _same(matching.version, _version(facility, month), "version");
        _same(matching.matched, matched, "matched");
        _same(matching.unmatched, energy - matched, "unmatched");
        _same(matching.score, energy == 0 ? 1_000_000 : matched * 1_000_000 / energy, "score");
        _same(matching.data, keccak256(abi.encode(keccak256(PlainHours.encoded(load)), ids)), "data");
    }

    function _requireRefused(uint256[] memory load, IHourlyMatching.Granular[] memory certificates, bytes memory reason)
        private
    {
        uint16 version = _version(facility, MONTH);
        bytes memory consumption = PlainHours.encoded(load);
        vm.prank(auditor);
        vm.expectRevert(reason);
        hourly.record(facility, MONTH, version, consumption, certificates);
    }
}
