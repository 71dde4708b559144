// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IERC4906} from "../interfaces/IERC4906.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {PlainHours} from "./PlainHours.sol";
import {SplitWorld} from "./SplitWorld.sol";

/// @notice Net emissions on the hourly basis, and with shares that were claimed into the account.
contract HourlyClaimsTest is HourlyWorld, SplitWorld {
    INetEmissions.Basis private constant ANNUAL = INetEmissions.Basis.Annual;
    INetEmissions.Basis private constant HOURLY = INetEmissions.Basis.Hourly;

    function setUp() public {
        _deploy();
    }

    // -------------------------------------------------------------------------------------------------------- the rule
    function testOnTheHourlyBasisOnlyMatchedEnergyIsCovered(uint256 seed, uint40 more, uint40 offsets) public {
        uint256[] memory load = _anyHours(seed, MONTH, 31);
        load[0] |= 1;
        _auditHours(facility, MONTH, load);
        uint256[] memory generation = _anyHours(uint256(keccak256(abi.encode(seed))), MONTH, 31);
        generation[0] |= 1;
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, generation);
        _retireGranular(HOLDER, certificate, facility, MONTH);
        if (more != 0) _retire(HOLDER, _issue(recSource, HOLDER, more), more); // RECs without hours
        _offset(offsets);
        _record(facility, MONTH, load, _list(certificate));
        uint256 energy = PlainHours.sum(load);
        uint256 market = _plainMarket(energy, energy, PlainHours.matched(load, generation));
        (uint256 location, uint256 hourlyMarket, int256 hourlyNet) = net.hourlyNetOf(facility, MONTH);
        _same(location, energy, "gross, location-based");
        _same(hourlyMarket, market, "gross, market-based");
        _holds(hourlyNet == int256(market) - int256(uint256(offsets)), "net");
        (, uint256 annualMarket,) = net.netOf(facility, MONTH);
        _same(annualMarket, _plainMarket(energy, energy, PlainHours.sum(generation) + more), "on the annual basis");
        _holds(annualMarket <= hourlyMarket, "the hourly basis is the stricter one");
    }

    function testWithoutEnergyNothingNeedsAMatch(uint32 scope1) public {
        _emit(facility, 1 + uint256(scope1));
        _offset(1 + uint256(scope1));
        _close(facility, MONTH);
        (, uint256 market,) = net.hourlyNetOf(facility, MONTH);
        _same(market, 1 + uint256(scope1), "gross, market-based");
        _holds(net.isValid(net.claim(facility, MONTH, MONTH, HOURLY)), "valid");
    }

    // --------------------------------------------------------------------------------------------------------- claiming
    function testAnHourlyClaimNeedsAMatchOfTheAccountAsItStands(uint16 hour) public {
        uint256[] memory load = _evenHours(MONTH, 1 + uint256(hour));
        _auditHours(facility, MONTH, load);
        _offset(744 * (1 + uint256(hour)));
        _close(facility, MONTH);
        _requireUnmatched();
        _record(facility, MONTH, load, _none());
        uint256 id = net.claim(facility, MONTH, MONTH, HOURLY);
        _holds(net.isValid(id), "valid");
        _restateHours(load);
        _holds(!net.isValid(id), "valid after a restatement");
        _requireUnmatched();
        _record(facility, MONTH, load, _none());
        _holds(!net.isValid(id), "valid without a renewal");
        vm.expectEmit(address(net));
        emit IERC4906.MetadataUpdate(id);
        _same(net.claim(facility, MONTH, MONTH, HOURLY), id, "the same certificate");
        _holds(net.isValid(id), "renewed");
        (,,, INetEmissions.Basis basis, INetEmissions.Claim memory claim) = net.claimOf(id);
        _holds(basis == HOURLY, "basis");
        _same(claim.number, 2, "number");
    }

    function testRecsWithoutTheirHoursDoNotCarryAnHourlyClaim(uint16 hour, uint8 missing) public {
        uint256[] memory load = _evenHours(MONTH, 256 + uint256(hour));
        _auditHours(facility, MONTH, load);
        _retire(HOLDER, _issue(recSource, HOLDER, PlainHours.sum(load)), PlainHours.sum(load));
        uint256[] memory generation = _evenHours(MONTH, 256 + uint256(hour));
        generation[missing] -= missing;
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, generation);
        _retireGranular(HOLDER, certificate, facility, MONTH);
        _record(facility, MONTH, load, _list(certificate));
        _close(facility, MONTH);
        uint256 annual = net.claim(facility, MONTH, MONTH, ANNUAL);
        if (missing != 0) {
            vm.expectRevert(
                abi.encodeWithSelector(INetEmissions.NetAboveZero.selector, facility, MONTH, uint256(missing))
            );
        }
        uint256 id = net.claim(facility, MONTH, MONTH, HOURLY);
        _same(net.balanceOf(OWNER), missing == 0 ? 2 : 1, "two bases, two certificates");
        if (missing != 0) return;
        _holds(id != annual && net.isValid(id) && net.isValid(annual), "both are valid");
    }

    function testADisallowedCertificateEndsTheHourlyClaimItCarried() public {
        uint256[] memory load = _evenHours(MONTH, 5);
        _auditHours(facility, MONTH, load);
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, load);
        uint256 token = _retireGranular(HOLDER, certificate, facility, MONTH);
        _record(facility, MONTH, load, _list(certificate));
        _close(facility, MONTH);
        uint256 id = net.claim(facility, MONTH, MONTH, HOURLY);
        _holds(net.isValid(id), "valid");
        _disallow(facility, MONTH, token, 5 * 744);
        _holds(!net.isValid(id), "valid without its certificate");
        _requireUnmatched();
    }

    function testABetterMatchLeavesAValidClaimValid() public {
        uint256[] memory load = _evenHours(MONTH, 5);
        _auditHours(facility, MONTH, load);
        _offset(5 * 744);
        _close(facility, MONTH);
        _record(facility, MONTH, load, _none());
        uint256 id = net.claim(facility, MONTH, MONTH, HOURLY);
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, load);
        _retireGranular(HOLDER, certificate, facility, MONTH);
        _record(facility, MONTH, load, _list(certificate));
        _holds(net.isValid(id), "valid");
    }

    // ---------------------------------------------------------------------------------------------------- claimed shares
    function testAClaimedShareRaisesTheGrossByBothMethods(uint40 location, uint40 market, uint40 recs) public {
        uint256[] memory load = _evenHours(MONTH, 1000);
        _auditHours(facility, MONTH, load);
        if (recs != 0) _retire(HOLDER, _issue(recSource, HOLDER, recs), recs);
        (uint256 locationBefore, uint256 marketBefore, int256 netBefore) = net.netOf(facility, MONTH);
        _takeShare(location, market);
        (uint256 locationAfter, uint256 marketAfter, int256 netAfter) = net.netOf(facility, MONTH);
        _same(locationAfter, locationBefore + location, "gross, location-based");
        _same(marketAfter, marketBefore + market, "gross, market-based: RECs do not reduce scope 3");
        _holds(netAfter == netBefore + int256(uint256(market)), "net");
        _record(facility, MONTH, load, _none());
        (locationAfter, marketAfter,) = net.hourlyNetOf(facility, MONTH);
        _same(locationAfter, 744_000 + uint256(location), "hourly basis, location-based");
        _same(marketAfter, 744_000 + uint256(market), "hourly basis, market-based");
    }

    function testAClaimedShareEndsAClaimUntilItIsCovered(uint32 location, uint32 market) public {
        _emit(facility, 7);
        _offset(7);
        _close(facility, MONTH);
        uint256 id = net.claim(facility, MONTH, MONTH, ANNUAL);
        _holds(net.isValid(id), "valid");
        _takeShare(location, uint256(market) + 1);
        _holds(!net.isValid(id), "valid with a share that nobody covered");
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthOpen.selector, facility, MONTH));
        net.claim(facility, MONTH, MONTH, ANNUAL);
        _close(facility, MONTH); // with the share
        vm.expectRevert(
            abi.encodeWithSelector(INetEmissions.NetAboveZero.selector, facility, MONTH, uint256(market) + 1)
        );
        net.claim(facility, MONTH, MONTH, ANNUAL);
        _offset(uint256(market) + 1);
        _holds(net.isValid(id), "covered, and closed by an auditor");
    }

    // ------------------------------------------------------------------------------------------------------ certificates
    function testACertificateDescribesItselfOnEitherBasis() public {
        _emit(facility, 7);
        _offset(7);
        _close(facility, MONTH);
        string memory annual = net.tokenURI(net.claim(facility, MONTH, MONTH, ANNUAL));
        string memory hourly_ = net.tokenURI(net.claim(facility, MONTH, MONTH, HOURLY));
        _holds(keccak256(bytes(annual)) != keccak256(bytes(hourly_)), "the basis is named");
        string[3] memory uris = [annual, hourly_, net.contractURI()];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 at = 0; at < 21; ++at) {
                _same(uint8(bytes(uris[i])[at]), uint8(bytes("data:application/json")[at]), "without a server");
            }
        }
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev Another facility emits, and hands all of it to this one.
    function _takeShare(uint256 location, uint256 market) private {
        uint256 landlord = _facility(HOLDER, ZONE, "landlord");
        ICarbonTokens.Statement memory statement = _statement(landlord, MONTH);
        (statement.energy, statement.scope2Location, statement.scope2Residual) = (1, location, market);
        (statement.meter, statement.start, statement.end) = ("landlord", JANUARY, FEBRUARY);
        _audit(statement);
        _close(landlord, MONTH);
        IAllocations.Share[] memory shares = new IAllocations.Share[](1);
        shares[0] = IAllocations.Share(bytes32(facility), 1, location, market, "salt");
        _commit(landlord, MONTH, 0, shares);
        _claim(landlord, MONTH, shares, 0);
    }

    function _restateHours(uint256[] memory load) private {
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.energy = PlainHours.sum(load);
        (statement.scope2Location, statement.scope2Residual) = (statement.energy, statement.energy);
        _restate(statement);
    }

    function _requireUnmatched() private {
        bytes memory reason = abi.encodeWithSelector(INetEmissions.HoursNotMatched.selector, facility, MONTH);
        vm.expectRevert(reason);
        net.claim(facility, MONTH, MONTH, HOURLY);
        vm.expectRevert(reason);
        net.hourlyNetOf(facility, MONTH);
    }

    function _emit(uint256 facility_, uint256 scope1) private {
        ICarbonTokens.Statement memory statement = _statement(facility_, MONTH);
        statement.scope1 = scope1;
        _audit(statement);
    }

    function _offset(uint256 amount) private {
        if (amount != 0) _retire(HOLDER, _issue(offsetSource, HOLDER, amount), amount);
    }
}
