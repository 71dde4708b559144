// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {Roles} from "../libraries/Roles.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {World} from "./World.sol";

/// @notice Attacks that were found by looking for them: each test says what must not be possible.
contract AttacksTest is World {
    function setUp() public {
        _deploy();
    }

    // ---------------------------------------------------------------------------------------------------- cheat the net
    function testADisallowanceDoesNotOpenAMonthThatNobodyAudited() public {
        uint256 id = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, id, 5);
        bytes32 evidence = _document();
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.MonthNotAudited.selector, facility, MONTH));
        ledger.disallow(facility, MONTH, 1, id, 5, evidence); // else it could be closed, and claimed as empty
    }

    function testAMonthIsNotClosedBeforeItIsOver(uint256 time) public {
        ICarbonTokens.Statement memory statement = _reading(0, 0, 0);
        statement.end = JANUARY + 1;
        _audit(statement);
        vm.warp(JANUARY + time % (FEBRUARY - JANUARY));
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.MonthNotOver.selector, MONTH));
        ledger.close(facility, MONTH, 1);
        vm.warp(FEBRUARY);
        _close(facility, MONTH);
    }

    function testAReadingIsOfThePast(uint256 time) public {
        vm.warp(JANUARY + time % (FEBRUARY - JANUARY));
        ICarbonTokens.Statement memory statement = _reading(10, 10, 10);
        vm.prank(auditor); // a slip in the year would also block the meter until then
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.PeriodInvalid.selector, JANUARY, FEBRUARY));
        ledger.audit(statement);
        vm.warp(FEBRUARY);
        _audit(statement);
    }

    function testAClaimThatNoAuditorCouldEndIsNotValid() public {
        _closeEmpty(MONTH);
        _closeEmpty(MONTH - 1);
        _exhaust(facility, MONTH - 1); // of another month: nothing changes
        uint256 claim = net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        _holds(net.isValid(claim), "valid while it can be corrected");
        _exhaust(facility, MONTH);
        _holds(!net.isValid(claim), "valid for ever");
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthOpen.selector, facility, MONTH));
        net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
    }

    // ----------------------------------------------------------------------------------------------------- double count
    function testAPeriodThatARestatementFilledIsNotAuditedAgain() public {
        ICarbonTokens.Statement memory statement = _reading(10, 10, 10);
        statement.end = JANUARY + 10 days;
        _audit(statement);
        statement = _reading(30, 30, 30); // the month's new totals, with the meter's missing days
        statement.start = JANUARY + 10 days;
        _restate(statement);
        statement = _reading(20, 20, 20);
        statement.start = JANUARY + 10 days;
        vm.prank(auditor);
        vm.expectRevert(
            abi.encodeWithSelector(ICarbonTokens.MeterPeriodUsed.selector, statement.meter, statement.start, FEBRUARY)
        );
        ledger.audit(statement);
    }

    function testAMeterOfAnotherFacilityIsNotCited() public {
        _audit(_reading(10, 10, 10)); // the meter's whole January
        uint256 other = _facility(HOLDER, ZONE, "other");
        ICarbonTokens.Statement memory statement = _statement(other, MONTH);
        statement.scope1 = 1;
        _audit(statement);
        statement = _reading(10, 10, 10);
        (statement.facility, statement.version) = (other, 2);
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.MeterOfAnother.selector, bytes32("meter"), facility));
        ledger.restate(statement);
        statement.meter = "its own"; // which was never audited: its gap can stand nowhere else
        _restate(statement);
        statement = _reading(10, 10, 10);
        statement.meter = "its own";
        vm.prank(auditor);
        vm.expectRevert(
            abi.encodeWithSelector(ICarbonTokens.MeterPeriodUsed.selector, bytes32("its own"), JANUARY, FEBRUARY)
        );
        ledger.audit(statement);
    }

    function testAMeterThatMovedIsCitedWhereItWasAuditedLast() public {
        uint256 other = _facility(HOLDER, ZONE, "other");
        ICarbonTokens.Statement memory statement = _reading(10, 10, 10);
        statement.end = JANUARY + 10 days;
        _audit(statement);
        statement = _reading(10, 10, 10); // the meter moves on the tenth
        (statement.facility, statement.version, statement.start) = (other, 1, JANUARY + 10 days);
        _audit(statement);
        statement = _reading(10, 10, 10);
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.MeterOfAnother.selector, bytes32("meter"), other));
        ledger.restate(statement);
        statement.meter = 0; // new totals need no citation
        _restate(statement);
    }

    function testARestatementNeverTurnsAMeterBack() public {
        _audit(_reading(10, 10, 10));
        ICarbonTokens.Statement memory statement = _reading(10, 10, 10);
        statement.end = JANUARY + 1 days;
        _restate(statement);
        _same(ledger.meterAuditedUntil(statement.meter), FEBRUARY, "cursor");
    }

    function testARestatementCitesAPeriodOfItsMonth() public {
        _audit(_reading(10, 10, 10));
        ICarbonTokens.Statement memory statement = _reading(10, 10, 10);
        statement.end = FEBRUARY + 1;
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.PeriodOutsideMonth.selector, JANUARY, FEBRUARY + 1, MONTH));
        ledger.restate(statement);
    }

    function testAVintageIsOverWhenItIsIssued(uint32 early) public {
        vm.warp(FEBRUARY + early % 30 days);
        ICarbonTokens.Batch memory batch = _batch(recSource, 1_000_000);
        (batch.vintageStart, batch.vintageEnd) = (FEBRUARY, block.timestamp + 1 + early % 300 days);
        vm.prank(REC_ISSUER);
        vm.expectRevert(
            abi.encodeWithSelector(ICarbonTokens.PeriodInvalid.selector, batch.vintageStart, batch.vintageEnd)
        );
        ledger.issue(recSource, OWNER, batch); // what was not generated yet covers nothing
        vm.warp(batch.vintageEnd);
        _issue(recSource, OWNER, batch);
    }

    // ------------------------------------------------------------------------------------------------------ false names
    function testAClaimNamesARegisteredFacility(uint256 alias_) public {
        alias_ = facility + (1 + alias_ % 2 ** 39 << 216);
        _closeEmpty(MONTH);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.FacilityUnknown.selector, alias_));
        net.claim(alias_, MONTH, MONTH, INetEmissions.Basis.Annual);
    }

    function testNobodyEntersTheLogOfAFacilityByRetiringNothing() public {
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.ZeroAmount.selector));
        ledger.retireBatch(new uint256[](0), new uint256[](0), retirement);
    }

    // --------------------------------------------------------------------------------------- block an owner or an issuer
    function testAGiftOfAnyAmountDoesNotBlockAnOwner(uint48 gift) public {
        _audit(_reading(1_000_000, 10, 10));
        if (gift != 0) _retire(STRANGER, _issue(recSource, STRANGER, gift), gift);
        if (gift != 0) _retire(STRANGER, _issue(offsetSource, STRANGER, gift), gift);
        _retire(OWNER, _issue(recSource, OWNER, 1_000_000), 1_000_000);
        _close(facility, MONTH);
        _holds(net.isValid(net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual)), "blocked");
    }

    function testAMissedBillIsAuditedAfterALaterOne() public {
        ICarbonTokens.Statement memory statement = _reading(10, 10, 10);
        (statement.month, statement.start, statement.end) = (MONTH + 1, FEBRUARY, FEBRUARY + 1 days);
        _audit(statement);
        statement = _statement(facility, MONTH); // a gram opens the month, and the restatement brings the bill
        statement.scope1 = 1;
        _audit(statement);
        _restate(_reading(10, 10, 10));
        _same(ledger.accountOf(facility, MONTH).energy, 10, "the missed bill");
        _same(ledger.meterAuditedUntil("meter"), FEBRUARY + 1 days, "cursor");
    }

    /// @notice Accepted: that a document counts once weighs more than who brings it. An accredited rival who issues what
    /// another issuer showed in the mempool is frozen by the registrar, and the document is written anew.
    function testADocumentOfARegistryCountsOnceWhoeverIssuesIt() public {
        address rival = address(0xA9);
        _grant(Roles.REC_ISSUER, rival);
        ICarbonTokens.Batch memory batch = _batch(recSource, 5);
        vm.prank(rival);
        uint24 source = ledger.registerSource(TokenId.REC, "registry", "made up", ZONE, REGION, "PV");
        vm.prank(rival);
        uint256 id = ledger.issue(source, rival, batch);
        vm.prank(REGISTRAR);
        ledger.setFrozen(source, true);
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(rival);
        try ledger.retire(id, 5, retirement) {
            _holds(false, "the rival's tokens count although they are frozen");
        } catch {}
        batch.evidence = _document();
        _issue(recSource, HOLDER, batch);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _closeEmpty(uint32 month) private {
        ICarbonTokens.Statement memory statement = _statement(facility, month);
        statement.scope1 = 1;
        _audit(statement);
        _restate(_statement(facility, month));
        _close(facility, month);
    }
}
