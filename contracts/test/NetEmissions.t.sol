// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {World} from "./World.sol";

contract NetEmissionsTest is World {
    uint256 private constant MONTHS = 3;

    struct Amounts {
        uint256 energy;
        uint256 scope1;
        uint256 location;
        uint256 residual;
        uint256 scope3;
        uint256 recs;
        uint256 offsets;
    }

    function setUp() public {
        _deploy();
    }

    // -------------------------------------------------------------------------------------------------------- the rule
    function testTheThreeTotalsAreThoseOfThePlainFormula(Amounts memory amounts) public {
        _settle(amounts);
        (uint256 location, uint256 market, int256 netTotal) = net.netOf(facility, MONTH);
        _same(location, amounts.scope1 + amounts.location + amounts.scope3, "gross, location-based");
        _same(market, _market(amounts), "gross, market-based");
        _holds(netTotal == int256(_market(amounts)) - int256(amounts.offsets), "net");
    }

    function testOffsetsReduceTheNetByTheirAmountAndNeverTheGross(Amounts memory amounts, uint40 more) public {
        _settle(amounts);
        (uint256 location, uint256 market, int256 before) = net.netOf(facility, MONTH);
        _offset(uint256(more) + 1);
        (uint256 locationAfter, uint256 marketAfter, int256 netAfter) = net.netOf(facility, MONTH);
        _same(locationAfter, location, "gross, location-based");
        _same(marketAfter, market, "gross, market-based");
        _holds(netAfter == before - int256(uint256(more) + 1), "net");
    }

    function testRecsReduceScope2OnlyAndNeverRaiseTheNet(Amounts memory amounts, uint40 more) public {
        _settle(amounts);
        (uint256 location, uint256 market, int256 before) = net.netOf(facility, MONTH);
        _retire(HOLDER, _issue(recSource, HOLDER, uint256(more) + 1), uint256(more) + 1);
        (uint256 locationAfter, uint256 marketAfter, int256 netAfter) = net.netOf(facility, MONTH);
        _same(locationAfter, location, "gross, location-based");
        _holds(marketAfter <= market, "more RECs, more emissions");
        _holds(marketAfter >= amounts.scope1 + amounts.scope3, "scopes 1 and 3 were reduced");
        _holds(netAfter <= before, "more RECs, higher net");
    }

    // --------------------------------------------------------------------------------------------------------- claiming
    function testAMonthIsClaimedExactlyWhenItIsClosedAndNotAboveZero(Amounts memory amounts, uint8 kind) public {
        amounts.offsets = 0;
        _settle(amounts);
        uint256 gross = _market(amounts);
        uint256 offsets = kind % 4 == 0 && gross > 0 ? gross - 1 : gross + kind / 4 % 2;
        _offset(offsets);
        bool closed = kind % 3 != 0;
        if (closed) _close(facility, MONTH);
        if (!closed) {
            vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthOpen.selector, facility, MONTH));
        } else if (offsets < gross) {
            vm.expectRevert(abi.encodeWithSelector(INetEmissions.NetAboveZero.selector, facility, MONTH, 1));
        }
        uint256 id = net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        if (!closed || offsets < gross) return;
        _holds(net.isValid(id), "valid");
        _same(net.ownerOf(id), OWNER, "the owner of the facility holds it");
    }

    function testACertificateIsValidExactlyAsItsDefinitionSays(uint256[10] memory acts) public {
        for (uint32 month = MONTH; month < MONTH + MONTHS; ++month) {
            _emit(month, 5);
        }
        for (uint256 i = 0; i < acts.length; ++i) {
            _act(acts[i]);
            for (uint32 from = MONTH; from < MONTH + MONTHS; ++from) {
                for (uint32 thru = from; thru < MONTH + MONTHS; ++thru) {
                    _requireDefinition(from, thru);
                }
            }
        }
    }

    function testARestatementEndsAClaimUntilItIsClaimedAgain(uint32 amount, uint32 restated) public {
        _emit(MONTH, amount);
        _offset(uint256(amount) + restated);
        _close(facility, MONTH);
        uint256 id = net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.scope1 = restated; // even if the net stays below zero
        _restate(statement);
        _holds(!net.isValid(id), "a claim survived a restatement");
        _same(net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual), id, "the same certificate");
        _holds(net.isValid(id), "a renewed claim is valid");
        (,,,, INetEmissions.Claim memory claim) = net.claimOf(id);
        _same(claim.number, 2, "number");
        _same(net.balanceOf(OWNER), 1, "one certificate");
    }

    // ------------------------------------------------------------------------------------------------------ certificate
    function testNobodyMovesOrApprovesACertificate(address caller, address to) public {
        vm.assume(caller != address(0) && to != address(0));
        _emit(MONTH, 0);
        _close(facility, MONTH);
        uint256 id = net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        address[2] memory callers = [caller, OWNER];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(INetEmissions.CertificateLocked.selector, id));
            net.transferFrom(OWNER, to, id);
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(INetEmissions.CertificateLocked.selector, id));
            net.safeTransferFrom(OWNER, to, id, "");
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(INetEmissions.CertificateLocked.selector, id));
            net.approve(to, id);
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(INetEmissions.CertificateLocked.selector, 0));
            net.setApprovalForAll(to, true);
        }
        _same(net.ownerOf(id), OWNER, "owner");
        _holds(net.locked(id), "locked");
    }

    function testTheIdOfAClaimTellsFacilityMonthsAndBasis(uint256 facility_, uint32 from, uint32 thru, bool hourly_)
        public
    {
        facility_ %= 2 ** 216;
        if (from % 4 != 0) (from, thru) = (from % 2 ** 16, thru % 2 ** 17);
        INetEmissions.Basis basis = hourly_ ? INetEmissions.Basis.Hourly : INetEmissions.Basis.Annual;
        bool inOrder = from <= thru && thru < 2 ** 16;
        if (!inOrder) vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthsReversed.selector, from, thru));
        uint256 id = net.claimIdOf(facility_, from, thru, basis);
        if (!inOrder) return;
        _same(id, (hourly_ ? 2 ** 248 : 0) + facility_ * 2 ** 32 + uint256(from) * 2 ** 16 + thru, "id");
        (uint256 facilityRead, uint32 fromRead, uint32 thruRead, INetEmissions.Basis basisRead,) = net.claimOf(id);
        _same(facilityRead, facility_, "facility");
        _same(fromRead, from, "from");
        _same(thruRead, thru, "thru");
        _same(uint256(basisRead), uint256(basis), "basis");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _market(Amounts memory amounts) private pure returns (uint256) {
        return amounts.scope1 + _plainMarket(amounts.energy, amounts.residual, amounts.recs) + amounts.scope3;
    }

    /// @dev Audits the amounts, narrowed to what a month can hold, and retires the RECs and offsets.
    function _settle(Amounts memory amounts) private {
        (amounts.energy, amounts.scope1) = (_edged(amounts.energy, 48), _edged(amounts.scope1, 48));
        (amounts.location, amounts.residual) = (_edged(amounts.location, 48), _edged(amounts.residual, 48));
        (amounts.scope3, amounts.offsets) = (_edged(amounts.scope3, 48), _edged(amounts.offsets, 48));
        if (amounts.energy == 0) (amounts.location, amounts.residual) = (0, 0);
        bool near = amounts.recs % 2 == 0;
        amounts.recs = _edged(amounts.recs >> 1, 48);
        if (near) amounts.recs %= amounts.energy + 1; // part of the energy
        ICarbonTokens.Statement memory statement = _reading(amounts.energy, amounts.location, amounts.residual);
        (statement.scope1, statement.scope3) = (amounts.scope1, amounts.scope3);
        _audit(statement);
        if (amounts.recs != 0) _retire(HOLDER, _issue(recSource, HOLDER, amounts.recs), amounts.recs);
        _offset(amounts.offsets);
    }

    /// @dev Offsets of any amount, in batches that fit.
    function _offset(uint256 amount) private {
        while (amount != 0) {
            uint256 part = amount < 2 ** 47 ? amount : 2 ** 47;
            _retire(HOLDER, _issue(offsetSource, HOLDER, part), part);
            amount -= part;
        }
    }

    function _emit(uint32 month, uint256 scope1) private {
        ICarbonTokens.Statement memory statement = _statement(facility, month);
        (statement.scope1, statement.scope3) = (scope1, scope1 == 0 ? 1 : 0);
        _audit(statement);
        if (scope1 == 0) {
            statement = _statement(facility, month);
            _restate(statement); // to nothing at all
        }
    }

    /// @dev One act on one of the months: offset, close, claim, restate or disallow.
    function _act(uint256 seed) private {
        uint32 month = MONTH + uint32(seed % MONTHS);
        uint256 kind = (seed >> 8) % 6;
        ICarbonTokens.Account memory account = ledger.accountOf(facility, month);
        if (kind < 2) {
            uint256 id = _issue(offsetSource, HOLDER, 1 + (seed >> 16) % 6);
            ICarbonTokens.Retirement memory retirement = _retirement(facility, month);
            (, uint256 amount,,,) = ledger.batchOf(id);
            vm.prank(HOLDER);
            ledger.retire(id, amount, retirement);
        } else if (kind == 2) {
            if (!account.closed) _close(facility, month);
        } else if (kind == 3) {
            try net.claim(facility, month, MONTH + uint32(MONTHS) - 1, INetEmissions.Basis.Annual) {} catch {}
            try net.claim(facility, month, month, INetEmissions.Basis.Annual) {} catch {}
        } else if (kind == 4) {
            ICarbonTokens.Statement memory statement = _statement(facility, month);
            statement.scope1 = (seed >> 16) % 10;
            _restate(statement);
        } else if (account.offsets != 0) {
            _disallow(facility, month, _issue(offsetSource, HOLDER, 1), 1 + (seed >> 16) % account.offsets);
        }
    }

    /// @dev Claimed, every month closed, no net above zero, no version changed since.
    function _requireDefinition(uint32 from, uint32 thru) private view {
        uint256 id = net.claimIdOf(facility, from, thru, INetEmissions.Basis.Annual);
        (,,,, INetEmissions.Claim memory claim) = net.claimOf(id);
        (bool neutral, uint256 versions) = (claim.number != 0, 0);
        for (uint32 month = from; month <= thru; ++month) {
            ICarbonTokens.Account memory account = ledger.accountOf(facility, month);
            neutral = neutral && account.closed && account.scope1 + account.scope3 <= account.offsets;
            versions += account.version;
        }
        _same(net.isValid(id), neutral && versions == claim.versions, "valid");
    }
}
