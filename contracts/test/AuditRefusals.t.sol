// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "../interfaces/IEmissionFactors.sol";
import {Roles} from "../libraries/Roles.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {Refusing} from "./Refusing.sol";

/// @title AuditRefusalsTest
/// @notice What audits, closings, restatements and disallowances are refused for, each with the values of its error.
contract AuditRefusalsTest is Refusing {
    uint256 private constant TOO_LARGE = 1 << 48;

    function setUp() public {
        _deploy();
    }

    // ---------------------------------------------------------------------------------------------------------- auditor
    function testOnlyAnAuditorOfTheMarketAuditsClosesRestatesAndDisallows(address caller) public {
        vm.assume(caller != auditor && caller != OWNER && caller != address(auditors));
        _forEachAct(caller, _roleMissing(caller, Roles.auditor(ZONE)));
    }

    function testNobodyAuditsWhatTheyOwnEvenWithTheRole() public {
        _grant(Roles.auditor(ZONE), OWNER);
        _forEachAct(OWNER, _error(ICarbonTokens.SelfAudit.selector, uint160(OWNER)));
    }

    function testAnUnknownFacilityIsNotAudited(uint256 unknown) public {
        unknown >>= 40;
        vm.assume(unknown != facility);
        ICarbonTokens.Statement memory statement = _statement(unknown, MONTH);
        statement.scope1 = 1;
        _audits(statement, _error(ICarbonTokens.FacilityUnknown.selector, unknown));
        bytes memory call = abi.encodeCall(ledger.close, (unknown, MONTH, 1));
        _refused(auditor, address(ledger), call, _error(ICarbonTokens.FacilityUnknown.selector, unknown));
    }

    // ------------------------------------------------------------------------------------------------------ a statement
    function testAClosedMonthIsNotAuditedFurther() public {
        _audit(_reading(1, 1, 1));
        _close(facility, MONTH);
        _audits(_reading(1, 1, 1), _error(ICarbonTokens.MonthIsClosed.selector, facility, MONTH));
    }

    function testAStatementNamesTheNextVersion(uint16 version) public {
        vm.assume(version != 1);
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        statement.version = version;
        _audits(statement, _error(ICarbonTokens.VersionMismatch.selector, 0, version));
    }

    function testEnergyHasAMeter() public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        statement.meter = 0;
        _audits(statement, _error(ICarbonTokens.MeterMissing.selector));
    }

    function testAnAuditOfNothingIsRefused() public {
        _audits(_statement(facility, MONTH), _error(ICarbonTokens.ZeroAmount.selector));
    }

    function testScope1OrScope3AloneIsAudited(bool first, uint48 grams) public {
        vm.assume(grams != 0);
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        (statement.scope1, statement.scope3) = first ? (uint256(grams), uint256(0)) : (uint256(0), uint256(grams));
        _audit(statement);
        ICarbonTokens.Account memory account = ledger.accountOf(facility, MONTH);
        _same(account.scope1, statement.scope1, "scope 1");
        _same(account.scope3, statement.scope3, "scope 3");
    }

    function testScope2EmissionsNeedEnergy(bool location) public {
        ICarbonTokens.Statement memory statement = _reading(0, location ? 1 : 0, location ? 0 : 1);
        _audits(statement, _error(ICarbonTokens.Scope2WithoutEnergy.selector));
    }

    function testAPeriodIsNotEmptyReversedOrInTheFuture(uint8 kind) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        kind %= 3;
        if (kind == 0) statement.end = JANUARY;
        else if (kind == 1) statement.end = JANUARY - 1;
        else vm.warp(FEBRUARY - 1);
        _audits(statement, _error(ICarbonTokens.PeriodInvalid.selector, statement.start, statement.end));
    }

    function testAPeriodIsWithinTheMonth(bool early) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        if (early) statement.start = JANUARY - 1;
        else statement.end = FEBRUARY + 1;
        bytes4 selector = ICarbonTokens.PeriodOutsideMonth.selector;
        _audits(statement, _error(selector, statement.start, statement.end, MONTH));
    }

    function testAPeriodIsAuditedOnce(uint24 overlap) public {
        vm.assume(overlap > 0 && overlap < FEBRUARY - JANUARY - 1);
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        statement.end = JANUARY + overlap;
        _audit(statement);
        _same(ledger.meterAuditedUntil("meter"), statement.end, "the meter's cursor");
        statement = _reading(1, 1, 1);
        statement.start = JANUARY + overlap - 1;
        bytes memory reason = abi.encodeWithSelector(
            ICarbonTokens.MeterPeriodUsed.selector, bytes32("meter"), statement.start, JANUARY + overlap
        );
        _audits(statement, reason);
        statement.start = JANUARY + overlap;
        _audit(statement);
    }

    function testADocumentIsNamedAndCountsOnce() public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes32 evidence = statement.evidence;
        statement.evidence = 0;
        _audits(statement, _error(ICarbonTokens.EvidenceMissing.selector));
        statement.evidence = evidence;
        _audit(statement);
        _same(ledger.accountOfEvidence(evidence), TokenId.audited(facility, MONTH), "what it was used for");
        statement = _statement(facility, MONTH);
        (statement.scope1, statement.evidence) = (1, evidence);
        _audits(statement, _error(ICarbonTokens.EvidenceUsed.selector, uint256(evidence)));
    }

    function testScope2IsEnergyTimesThePublishedFactors(uint40 energy, bool location, int8 slip) public {
        vm.assume(energy > 1000 && slip != 0);
        uint256 plainLocation = _plainEmissions(energy, LOCATION_RATE);
        uint256 plainResidual = _plainEmissions(energy, RESIDUAL_RATE);
        ICarbonTokens.Statement memory statement = _reading(energy, plainLocation, plainResidual);
        statement.release = RELEASE;
        if (location) statement.scope2Location = uint256(int256(plainLocation) + slip);
        else statement.scope2Residual = uint256(int256(plainResidual) + slip);
        _audits(statement, _error(ICarbonTokens.Scope2Mismatch.selector, plainLocation, plainResidual));
    }

    function testANamedReleaseHasTheFacilitysRegion() public {
        uint256 elsewhere = abi.decode(
            _accepted(OWNER, address(ledger), abi.encodeCall(ledger.registerFacility, ("ERCT", ZONE, "b"))), (uint256)
        );
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        (statement.facility, statement.release) = (elsewhere, RELEASE);
        bytes9 region = "ERCT";
        _audits(statement, abi.encodeWithSelector(IEmissionFactors.FactorUnknown.selector, RELEASE, region));
    }

    function testAmountsAndTotalsHave48Bits(uint8 field, bool sum) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        if (sum) {
            (statement.scope1, statement.scope3) = (1, 1);
            (statement.start, statement.end) = (JANUARY, JANUARY + 1);
            _audit(statement);
            statement = _reading(1, 1, 1);
            statement.start = JANUARY + 1;
        }
        field %= 5;
        uint256 amount = TOO_LARGE - (sum ? 1 : 0);
        if (field == 0) statement.energy = amount;
        else if (field == 1) statement.scope1 = amount;
        else if (field == 2) statement.scope2Location = amount;
        else if (field == 3) statement.scope2Residual = amount;
        else statement.scope3 = amount;
        _audits(statement, _error(ICarbonTokens.AmountTooLarge.selector));
    }

    // -------------------------------------------------------------------------------------------------- close, restate
    function testAMonthIsClosedAsItStandsAndOnce() public {
        _closes(0, _error(ICarbonTokens.MonthNotAudited.selector, facility, MONTH));
        _audit(_reading(1, 1, 1));
        _closes(0, _error(ICarbonTokens.VersionMismatch.selector, 1, 0));
        _closes(2, _error(ICarbonTokens.VersionMismatch.selector, 1, 2));
        vm.expectEmit(address(ledger));
        emit ICarbonTokens.Closed(facility, MONTH, auditor, 1);
        _close(facility, MONTH);
        _closes(1, _error(ICarbonTokens.MonthIsClosed.selector, facility, MONTH));
    }

    function testOnlyAnAuditedMonthIsRestated() public {
        bytes memory call = abi.encodeCall(ledger.restate, (_reading(1, 1, 1)));
        _refused(auditor, address(ledger), call, _error(ICarbonTokens.MonthNotAudited.selector, facility, MONTH));
    }

    function testARestatementToNothingIsAllowed() public {
        _audit(_reading(7, 7, 7));
        _restate(_statement(facility, MONTH));
        ICarbonTokens.Account memory account = ledger.accountOf(facility, MONTH);
        _same(account.energy + account.scope2Location + account.scope2Residual, 0, "all of it was wrong");
        _same(account.version, 2, "the next version");
    }

    // --------------------------------------------------------------------------------------------------------- disallow
    function testADisallowanceTakesItsAmountOfOneClass(uint48 retired, uint48 taken, bool offset) public {
        vm.assume(retired != 0);
        taken = taken % retired + 1 > retired ? retired : taken % retired + 1;
        _audit(_reading(1, 1, 1));
        uint256 rec = _issue(recSource, HOLDER, retired);
        uint256 credit = _issue(offsetSource, HOLDER, retired);
        _retire(HOLDER, rec, retired);
        _retire(HOLDER, credit, retired);
        _disallow(facility, MONTH, offset ? credit : rec, taken);
        ICarbonTokens.Account memory account = ledger.accountOf(facility, MONTH);
        _same(account.recs, offset ? retired : retired - taken, "RECs");
        _same(account.offsets, offset ? retired - taken : retired, "offsets");
        _same(account.version, 2, "the next version");
        _same(ledger.balanceOf(HOLDER, offset ? credit : rec), 0, "nobody gets it back");
    }

    function testADisallowanceIsOfSomethingRetiredAndKnown() public {
        _audit(_reading(1, 1, 1));
        uint256 id = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, id, 4);
        _disallows(2, id, 0, "d", _error(ICarbonTokens.ZeroAmount.selector));
        _disallows(2, id + 1, 1, "d", _error(ICarbonTokens.BatchUnknown.selector, id + 1));
        _disallows(2, id, 5, "d", _error(ICarbonTokens.DisallowedExceedsRetired.selector, 4, 5));
        _disallows(3, id, 1, "d", _error(ICarbonTokens.VersionMismatch.selector, 1, 3));
        _disallows(2, id, 1, 0, _error(ICarbonTokens.EvidenceMissing.selector));
        _disallow(facility, MONTH, id, 4);
        _disallows(3, id, 1, "d", _error(ICarbonTokens.DisallowedExceedsRetired.selector, 0, 1));
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev The four acts of an auditor, each of which would succeed for the right one.
    function _forEachAct(address caller, bytes memory reason) private {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        statement.end = JANUARY + 1;
        _audit(statement);
        uint256 id = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, id, 4);
        statement = _reading(1, 1, 1);
        statement.start = JANUARY + 1;
        bytes[4] memory calls = [
            abi.encodeCall(ledger.audit, (statement)),
            abi.encodeCall(ledger.close, (facility, MONTH, 1)),
            abi.encodeCall(ledger.restate, (_statement(facility, MONTH))),
            abi.encodeCall(ledger.disallow, (facility, MONTH, 2, id, 1, "d"))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            _refused(caller, address(ledger), calls[i], reason);
        }
    }

    function _audits(ICarbonTokens.Statement memory statement, bytes memory reason) private {
        _refused(auditor, address(ledger), abi.encodeCall(ledger.audit, (statement)), reason);
    }

    function _closes(uint16 version, bytes memory reason) private {
        _refused(auditor, address(ledger), abi.encodeCall(ledger.close, (facility, MONTH, version)), reason);
    }

    function _disallows(uint16 version, uint256 id, uint256 amount, bytes32 evidence, bytes memory reason) private {
        bytes memory call = abi.encodeCall(ledger.disallow, (facility, MONTH, version, id, amount, evidence));
        _refused(auditor, address(ledger), call, reason);
    }
}
