// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {ISupersedable} from "../interfaces/ISupersedable.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {PlainHours} from "./PlainHours.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";
import {SplitWorld} from "./SplitWorld.sol";

/// @notice What ends when a contract names its successor, and what stays.
contract SupersedableTest is HourlyWorld, SplitWorld {
    ISupersedable[4] private _contracts;
    address private _successor;

    function setUp() public {
        _deploy();
        _contracts = [
            ISupersedable(address(ledger)),
            ISupersedable(address(allocations)),
            ISupersedable(address(hourly)),
            ISupersedable(address(net))
        ];
        _successor = address(factors); // any contract
    }

    // --------------------------------------------------------------------------------------------------------- the rule
    function testOnlyTheAdminOfTheLedgerNamesASuccessor(address caller) public {
        vm.assume(caller != ADMIN);
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(caller);
            vm.expectRevert(abi.encodeWithSelector(ISupersedable.NotAdmin.selector, caller, ADMIN));
            _contracts[i].supersede(_successor);
            _same(_contracts[i].supersededBy(), address(0), "current");
        }
    }

    function testASuccessorIsNamedOnce(uint8 kind) public {
        ISupersedable old = _contracts[kind % 4];
        vm.expectEmit(address(old));
        emit ISupersedable.Superseded(_successor);
        _supersede(old);
        _same(old.supersededBy(), _successor, "successor");
        address other = address(this);
        vm.prank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ISupersedable.SupersededBy.selector, _successor));
        old.supersede(other);
    }

    function testASuccessorHasCode(address by, uint8 kind) public {
        vm.assume(by.code.length == 0);
        vm.prank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ISupersedable.SuccessorMissing.selector, by));
        _contracts[kind % 4].supersede(by);
    }

    function testNobodyIsSupersededByItself(uint8 kind) public {
        ISupersedable old = _contracts[kind % 4];
        vm.prank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ISupersedable.SuccessorMissing.selector, address(old)));
        old.supersede(address(old)); // else nobody would name the real one any more
        _supersede(old);
    }

    function testWhoeverIsAdminNowNamesTheSuccessor(uint8 kind) public {
        vm.prank(ADMIN);
        ledger.beginDefaultAdminTransfer(BUYER);
        vm.warp(block.timestamp + 1 days + 1);
        vm.prank(BUYER);
        ledger.acceptDefaultAdminTransfer();
        vm.prank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ISupersedable.NotAdmin.selector, ADMIN, BUYER));
        _contracts[kind % 4].supersede(_successor);
        vm.prank(BUYER);
        _contracts[kind % 4].supersede(_successor);
    }

    // ------------------------------------------------------------------------------------------- what stops, what stays
    function testASupersededLedgerOnlyPointsOn() public {
        _supersede(_contracts[0]);
        _audit(_reading(1_000_000, LOCATION_RATE, RESIDUAL_RATE)); // the record of the past is completed
        _retire(HOLDER, _issue(recSource, HOLDER, 1_000_000), 1_000_000);
        _close(facility, MONTH);
        _holds(net.isValid(net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual)), "claims go on");
    }

    function testASupersededRuleTakesNoClaimAndKeepsTheOldOnesLive() public {
        _audit(_reading(1_000_000, 10, 10));
        _retire(HOLDER, _issue(recSource, HOLDER, 1_000_000), 1_000_000);
        _close(facility, MONTH);
        uint256 id = net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        _supersede(_contracts[3]);
        for (uint256 basis = 0; basis < 2; ++basis) {
            vm.expectRevert(abi.encodeWithSelector(ISupersedable.SupersededBy.selector, _successor));
            net.claim(facility, MONTH, MONTH, INetEmissions.Basis(basis)); // neither a new one nor a renewal
        }
        _holds(net.isValid(id), "it stays valid");
        _same(net.ownerOf(id), OWNER, "and where it is");
        _holds(bytes(net.tokenURI(id)).length != 0, "and describes itself");
        _restate(_statement(facility, MONTH));
        _holds(!net.isValid(id), "and ends with a restatement");
    }

    function testASupersededAllocationsTakesNoSplitAndItsSharesStayProvable() public {
        uint256 tenant = _facility(HOLDER, ZONE, "tenant");
        _audit(_reading(1_000_000, 10, 10));
        _close(facility, MONTH);
        bytes32[] memory tenants = new bytes32[](2);
        (tenants[0], tenants[1]) = (bytes32(tenant), "another");
        IAllocations.Share[] memory shares = _shares(_totals(facility, MONTH, 0), tenants, 1);
        _commit(facility, MONTH, 0, shares);
        _supersede(_contracts[1]);
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), 0);
        _holds(allocations.verify(facility, MONTH, 1, shares[0], 0, path), "provable");
        _claim(facility, MONTH, shares, 0); // a committed share is the tenant's: it can still be taken
        _same(ledger.accountOf(tenant, MONTH).allocatedLocation, shares[0].location, "claimed");
        _restate(_statement(facility, MONTH));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ISupersedable.SupersededBy.selector, _successor));
        allocations.commit(facility, MONTH, 2, 0, 0, "top");
    }

    function testASupersededMatchingTakesNoCertificateAndItsMatchesGoOn() public {
        uint256[] memory load = _evenHours(MONTH, 5);
        _auditHours(facility, MONTH, load);
        _close(facility, MONTH);
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, load);
        IHourlyMatching.Granular memory late = _issueGranular(HOLDER, recSource, MONTH, load);
        _retireGranular(HOLDER, certificate, facility, MONTH);
        _record(facility, MONTH, load, _list(certificate));
        _supersede(_contracts[2]);
        bytes memory reason = abi.encodeWithSelector(ISupersedable.SupersededBy.selector, _successor);
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(HOLDER);
        vm.expectRevert(reason);
        hourly.retire(late, retirement);
        _record(facility, MONTH, load, _list(certificate)); // what is retired here can be matched nowhere else
        _holds(net.isValid(net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Hourly)), "its matches stay");
    }

    function _supersede(ISupersedable old) private {
        vm.prank(ADMIN);
        old.supersede(_successor);
    }
}
