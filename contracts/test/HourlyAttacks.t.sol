// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HourlyMatching} from "../HourlyMatching.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {CertificateImage} from "../libraries/CertificateImage.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {Messages} from "./Messages.sol";
import {PlainHours} from "./PlainHours.sol";

/// @notice Attacks by the hour: void certificates, matches of elsewhere, and signatures used for more than was signed.
contract HourlyAttacksTest is HourlyWorld {
    INetEmissions.Basis private constant HOURLY = INetEmissions.Basis.Hourly;
    uint256 private constant HOUR = 5; // Wh consumed in each
    uint256 private constant ENERGY = 744 * HOUR;

    function setUp() public {
        _deploy();
        _auditHours(facility, MONTH, _load());
    }

    // -------------------------------------------------------------------------------------------------- void certificates
    function testADisallowedGranularCertificateCountsNoMoreWhateverElseIsRetired(uint16 amount, bool signed) public {
        IHourlyMatching.Granular memory certificate = _retired();
        _record(facility, MONTH, _load(), _list(certificate));
        _close(facility, MONTH);
        uint256 claim = net.claim(facility, MONTH, MONTH, HOURLY);
        uint256 id = hourly.idOf(certificate);
        _disallow(facility, MONTH, id, 1 + amount % ENERGY); // a Wh of it or all of it
        _retireElsewhere(2 * ENERGY);
        bytes memory reason = abi.encodeWithSelector(
            IHourlyMatching.CertificateDisallowed.selector, id, TokenId.audited(facility, MONTH)
        );
        if (signed) _refuseSigned(2, _list(certificate), reason);
        else _refuse(2, _list(certificate), reason);
        _holds(!net.isValid(claim), "valid on a void certificate");
    }

    function testWhatWasDisallowedBeforeIsNotRetiredByTheHourLater() public {
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, _load());
        uint256 id = hourly.idOf(certificate);
        _retireElsewhere(ENERGY);
        _disallow(facility, MONTH, id, 1); // known to be void before it came
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(HOLDER);
        vm.expectRevert(
            abi.encodeWithSelector(IHourlyMatching.CertificateDisallowed.selector, id, TokenId.audited(facility, MONTH))
        );
        hourly.retire(certificate, retirement);
    }

    function testADisallowanceElsewhereLeavesACertificateHere() public {
        IHourlyMatching.Granular memory certificate = _retired();
        uint256 other = _facility(OWNER, ZONE, "other");
        _auditHours(other, MONTH, _load());
        uint256 rec = _issue(recSource, HOLDER, 10);
        ICarbonTokens.Retirement memory retirement = _retirement(other, MONTH);
        vm.prank(HOLDER);
        ledger.retire(rec, 10, retirement);
        _disallow(other, MONTH, hourly.idOf(certificate), 10);
        _record(facility, MONTH, _load(), _list(certificate));
        _same(_matched(), ENERGY, "matched");
    }

    function testAnHourlyCertificateShowsNoMatchOfAnOldVersion() public {
        IHourlyMatching.Granular memory certificate = _retired();
        _record(facility, MONTH, _load(), _list(certificate));
        _close(facility, MONTH);
        uint256 claim = net.claim(facility, MONTH, MONTH, HOURLY);
        _requireUri(claim, true, 0, ENERGY);
        _disallow(facility, MONTH, hourly.idOf(certificate), ENERGY);
        _requireUri(claim, false, ENERGY, 0); // nothing is covered
    }

    // ------------------------------------------------------------------------------------------------- matches of elsewhere
    function testMatchesOfAnotherLedgerAreRefused() public {
        HourlyMatching old = hourly;
        _deployLedger(1 days);
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.MatchesOfAnotherLedger.selector, address(old.ledger())));
        new NetEmissions(ledger, old);
        new NetEmissions(ledger, new HourlyMatching(ledger));
    }

    function testASignedMatchCountsInItsContractOnly() public {
        HourlyMatching second = new HourlyMatching(ledger);
        bytes memory consumption = PlainHours.encoded(_load());
        IAuditors.Signature[] memory signatures = _signed(1);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        second.recordBySig(facility, MONTH, 1, consumption, _none(), block.timestamp, signatures);
        hourly.recordBySig(facility, MONTH, 1, consumption, _none(), block.timestamp, signatures);
    }

    // ------------------------------------------------------------------------------------------------ signatures used twice
    function testASignedMatchThatIsSubmittedAgainUndoesNoBetterOne(uint8 hour) public {
        uint256 each = hour % HOUR; // less than what is consumed
        IHourlyMatching.Granular memory all = _retired();
        IHourlyMatching.Granular[] memory some = _none();
        if (each != 0) some = _list(_retired(_evenHours(MONTH, each)));
        (bytes memory consumption, IAuditors.Signature[] memory signatures) = (PlainHours.encoded(_load()), _signed(1));
        vm.prank(STRANGER); // who is first, with less
        hourly.recordBySig(facility, MONTH, 1, consumption, some, block.timestamp, signatures);
        _same(_matched(), 744 * each, "less");
        hourly.recordBySig(facility, MONTH, 1, consumption, _list(all), block.timestamp, signatures);
        _same(_matched(), ENERGY, "the owner is not blocked");
        _refuseSigned(1, some, abi.encodeWithSelector(IHourlyMatching.MatchNotHigher.selector, ENERGY, 744 * each));
        _refuseSigned(1, _list(all), abi.encodeWithSelector(IHourlyMatching.MatchNotHigher.selector, ENERGY, ENERGY));
    }

    function testATooHighMatchIsCorrectedByAnAuditor() public {
        IHourlyMatching.Granular memory certificate = _retired();
        _record(facility, MONTH, _load(), _list(certificate)); // a flat profile, by mistake
        _close(facility, MONTH);
        uint256 claim = net.claim(facility, MONTH, MONTH, HOURLY);
        uint256[] memory load = _load();
        (load[0], load[1]) = (2 * HOUR, 0);
        _record(facility, MONTH, load, _list(certificate));
        _same(_matched(), ENERGY - HOUR, "corrected");
        _holds(!net.isValid(claim), "valid on the mistake");
    }

    function testASignedMatchIsOfTheVersionThatWasSigned() public {
        IHourlyMatching.Granular memory certificate = _retired();
        uint256 rec = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, rec, 10);
        IAuditors.Signature[] memory signatures = _signed(1);
        _disallow(facility, MONTH, rec, 10);
        bytes memory consumption = PlainHours.encoded(_load());
        vm.expectRevert(abi.encodeWithSelector(IHourlyMatching.VersionNotCurrent.selector, 2, 1));
        hourly.recordBySig(facility, MONTH, 1, consumption, _list(certificate), block.timestamp, signatures);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        hourly.recordBySig(facility, MONTH, 2, consumption, _list(certificate), block.timestamp, signatures);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _load() private pure returns (uint256[] memory) {
        return _evenHours(MONTH, HOUR);
    }

    function _retired() private returns (IHourlyMatching.Granular memory) {
        return _retired(_load());
    }

    function _retired(uint256[] memory generation) private returns (IHourlyMatching.Granular memory certificate) {
        certificate = _issueGranular(HOLDER, recSource, MONTH, generation);
        _retireGranular(HOLDER, certificate, facility, MONTH);
    }

    /// @dev RECs without hours, of another grid region and another month of the year.
    function _retireElsewhere(uint256 amount) private {
        vm.prank(REC_ISSUER);
        uint24 far = ledger.registerSource(TokenId.REC, "registry", "far away", ZONE, "ERCT", "WIND");
        ICarbonTokens.Batch memory batch = _batch(far, amount);
        (batch.vintageStart, batch.vintageEnd) = (FEBRUARY, FEBRUARY + 1 days);
        _retire(OWNER, _issue(far, OWNER, batch), amount);
    }

    function _matched() private view returns (uint256) {
        return hourly.matchingOf(TokenId.audited(facility, MONTH)).matched;
    }

    /// @dev The auditor's signature of the consumption, at a version of the account.
    function _signed(uint16 version) private view returns (IAuditors.Signature[] memory signatures) {
        bytes memory load = PlainHours.encoded(_load());
        bytes32 message = Messages.matched(address(hourly), facility, MONTH, version, load, block.timestamp);
        signatures = new IAuditors.Signature[](1);
        signatures[0] = _signHash(message, AUDITOR_KEY, address(auditors));
    }

    function _refuseSigned(uint16 version, IHourlyMatching.Granular[] memory certificates, bytes memory reason)
        private
    {
        (bytes memory load, IAuditors.Signature[] memory signatures) = (PlainHours.encoded(_load()), _signed(version));
        vm.prank(STRANGER);
        vm.expectRevert(reason);
        hourly.recordBySig(facility, MONTH, version, load, certificates, block.timestamp, signatures);
    }

    function _refuse(uint16 version, IHourlyMatching.Granular[] memory certificates, bytes memory reason) private {
        bytes memory load = PlainHours.encoded(_load());
        vm.prank(auditor);
        vm.expectRevert(reason);
        hourly.record(facility, MONTH, version, load, certificates);
    }

    function _requireUri(uint256 claim, bool valid, uint256 market, uint256 covered) private view {
        string memory expected = CertificateImage.uri(
            CertificateImage.Certificate(claim, facility, MONTH, MONTH, true, valid, 1),
            CertificateImage.Totals(ENERGY, market, 0, ENERGY, covered)
        );
        _same(keccak256(bytes(net.tokenURI(claim))), keccak256(bytes(expected)), "certificate");
    }
}
