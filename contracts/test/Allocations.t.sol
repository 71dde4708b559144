// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Allocations} from "../Allocations.sol";
import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";
import {SplitWorld} from "./SplitWorld.sol";

/// @notice Commits, and which shares they prove; see Shares.t.sol for what is claimed.
contract AllocationsTest is SplitWorld {
    bytes32[] private _tenants;

    struct Amounts {
        uint256 energy;
        uint256 location;
        uint256 residual;
        uint256 scope1;
        uint256 scope3;
        uint256 recs;
    }

    function setUp() public {
        _deploy();
        _tenants = [bytes32(_facility(HOLDER, ZONE, "a")), bytes32(_facility(BUYER, ZONE, "b")), "a name", "another"];
    }

    // ----------------------------------------------------------------------------------------------------------- commit
    function testASplitThatAddsUpProvesEveryShare(Amounts memory amounts, uint256 seed, uint8 count) public {
        _narrow(amounts);
        _settle(amounts);
        IAllocations.Share[] memory shares =
            _shares(_totals(facility, MONTH, amounts.recs), _someTenants(1 + count % 20), seed);
        _commit(facility, MONTH, amounts.recs, shares);
        for (uint256 i = 0; i < shares.length; ++i) {
            bytes memory path = PlainMerkleSum.siblings(_leaves(shares), i);
            _holds(allocations.verify(facility, MONTH, 1, shares[i], i, path), "not proven");
        }
    }

    function testASplitThatDoesNotAddUpProvesNothing(Amounts memory amounts, uint256 seed, uint8 count, uint8 kind)
        public
    {
        _narrow(amounts);
        _settle(amounts);
        SplitWorld.Totals memory totals = _totals(facility, MONTH, amounts.recs);
        if (kind % 3 == 0) totals.energy += 1 + seed % 1000;
        if (kind % 3 == 1) totals.location += 1 + seed % 1000;
        if (kind % 3 == 2) totals.market = totals.market == 0 ? 1 : totals.market - 1;
        IAllocations.Share[] memory shares = _shares(totals, _someTenants(1 + count % 20), seed);
        _commit(facility, MONTH, amounts.recs, shares);
        for (uint256 i = 0; i < shares.length; ++i) {
            bytes memory path = PlainMerkleSum.siblings(_leaves(shares), i);
            _holds(!allocations.verify(facility, MONTH, 1, shares[i], i, path), "proven");
        }
    }

    function testTheRootIsThatOfTheTreeWithTheAccountsTotals(Amounts memory amounts, uint8 depth, bytes32 top) public {
        _narrow(amounts);
        _settle(amounts);
        depth %= 33;
        Totals memory totals = _totals(facility, MONTH, amounts.recs);
        uint256 total = totals.energy + totals.location * 2 ** 48 + totals.market * 2 ** 96;
        PlainMerkleSum.Node memory node = PlainMerkleSum.Node(top, totals.energy, totals.location, totals.market);
        bytes32 root = PlainMerkleSum.root(2 ** 248 + facility * 2 ** 32 + MONTH, 1, depth, node);
        vm.expectEmit(address(allocations));
        emit IAllocations.Committed(facility, MONTH, 1, root, depth, total, amounts.recs);
        vm.prank(OWNER);
        allocations.commit(facility, MONTH, 1, amounts.recs, depth, top);
        _same(allocations.rootOf(facility, MONTH, 1), root, "root");
    }

    function testOnlyTheOwnerCommits(address caller) public {
        vm.assume(caller != OWNER);
        _settle(Amounts(10, 10, 10, 1, 1, 0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IAllocations.NotOwner.selector, caller, OWNER));
        allocations.commit(facility, MONTH, 1, 0, 0, "top");
    }

    function testOnlyACompleteMonthIsSplit() public {
        _audit(_reading(10, 10, 10));
        _requireRefused(1, 0, 0, abi.encodeWithSelector(IAllocations.MonthNotComplete.selector, facility, MONTH));
        _close(facility, MONTH);
        _exhaust(facility, MONTH); // nobody could correct it any more
        _requireRefused(32_767, 0, 0, abi.encodeWithSelector(IAllocations.MonthNotComplete.selector, facility, MONTH));
    }

    function testOnlyTheAccountAsItStandsIsSplit(uint16 version) public {
        _settle(Amounts(10, 10, 10, 1, 1, 0));
        vm.assume(version != 1);
        _requireRefused(version, 0, 0, abi.encodeWithSelector(IAllocations.VersionNotCurrent.selector, 1, version));
    }

    function testAVersionIsSplitOnce() public {
        _settle(Amounts(10, 10, 10, 1, 1, 0));
        vm.prank(OWNER);
        allocations.commit(facility, MONTH, 1, 0, 0, "top");
        _requireRefused(1, 0, 0, abi.encodeWithSelector(IAllocations.AllocationExists.selector, facility, MONTH, 1));
        _restate(_statement(facility, MONTH));
        vm.prank(OWNER);
        allocations.commit(facility, MONTH, 2, 0, 0, "top");
    }

    function testATreeHasAtMost32Levels(uint8 depth) public {
        _settle(Amounts(10, 10, 10, 1, 1, 0));
        if (depth > 32) {
            _requireRefused(1, 0, depth, abi.encodeWithSelector(IAllocations.DepthTooLarge.selector, depth));
        } else {
            vm.prank(OWNER);
            allocations.commit(facility, MONTH, 1, 0, depth, "top");
        }
    }

    function testNoMoreRecsCountThanAreRetired(uint48 retired, uint256 counted) public {
        _settle(Amounts(10, 10, 10, 1, 1, retired));
        if (counted % 2 == 0) counted = counted / 2 % (uint256(retired) + 3);
        if (counted > retired) {
            _requireRefused(
                1, counted, 0, abi.encodeWithSelector(IAllocations.RecsNotRetired.selector, retired, counted)
            );
        } else {
            vm.prank(OWNER);
            allocations.commit(facility, MONTH, 1, counted, 0, "top");
        }
    }

    function testTotalsOf48BitsOrMoreAreNotSplit(uint48 scope1, uint48 scope3) public {
        (scope1, scope3) = (scope1 | 2 ** 47, scope3 % 2 ** 47);
        if (scope3 % 4 == 0) scope3 = uint48(2 ** 48 - 1) - scope1 + scope3 / 4 % 2;
        _settle(Amounts(0, 0, 0, scope1, scope3, 0));
        if (uint256(scope1) + scope3 >= 2 ** 48) {
            _requireRefused(1, 0, 0, abi.encodeWithSelector(IAllocations.TotalTooLarge.selector));
        } else {
            vm.prank(OWNER);
            allocations.commit(facility, MONTH, 1, 0, 0, "top");
        }
    }

    /// @dev Else a stranger with 1 Wh could make every prepared split wrong.
    function testAStrangersGiftDoesNotBlockASplit(uint40 gift, uint256 seed) public {
        _settle(Amounts(1_000_000, 500_000, 700_000, 1, 1, 300_000));
        IAllocations.Share[] memory shares = _shares(_totals(facility, MONTH, 300_000), _tenants, seed);
        uint256 amount = uint256(gift) + 1;
        _retire(STRANGER, _issue(recSource, STRANGER, amount), amount);
        _retire(STRANGER, _issue(offsetSource, STRANGER, amount), amount);
        _commit(facility, MONTH, 300_000, shares);
        _claim(facility, MONTH, shares, 0);
        _claim(facility, MONTH, shares, 1);
    }

    // ------------------------------------------------------------------------------------------------------------ proof
    function testNoOtherShareThanACommittedOneIsProven(uint256 seed, uint8 field, uint256 change) public {
        _settle(Amounts(1_000_000, 500_000, 700_000, 1, 1, 0));
        IAllocations.Share[] memory shares = _shares(_totals(facility, MONTH, 0), _tenants, seed);
        _commit(facility, MONTH, 0, shares);
        uint256 index = seed % 4;
        IAllocations.Share memory share = shares[index];
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), index);
        bytes32 before = keccak256(abi.encode(share, index, path));
        if (field % 7 == 0) share.tenant = bytes32(change);
        if (field % 7 == 1) share.energy = change;
        if (field % 7 == 2) share.location = change;
        if (field % 7 == 3) share.market = change;
        if (field % 7 == 4) share.salt = bytes32(change);
        if (field % 7 == 5) index = change;
        if (field % 7 == 6) path[change % path.length] ^= bytes1(uint8(change >> 8));
        bool same = keccak256(abi.encode(share, index, path)) == before;
        _same(allocations.verify(facility, MONTH, 1, share, index, path), same, "proven");
    }

    function testAShareIsProvenForItsAccountAndVersionOnly(uint256 seed) public {
        _settle(Amounts(10, 10, 10, 1, 1, 0));
        IAllocations.Share[] memory shares = _shares(_totals(facility, MONTH, 0), _tenants, seed);
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), 0);
        _holds(!allocations.verify(facility, MONTH, 1, shares[0], 0, path), "before the commit");
        _commit(facility, MONTH, 0, shares);
        _holds(allocations.verify(facility, MONTH, 1, shares[0], 0, path), "proven");
        _holds(!allocations.verify(facility, MONTH, 2, shares[0], 0, path), "of another version");
        _holds(!allocations.verify(facility, MONTH + 1, 1, shares[0], 0, path), "of another month");
        _holds(!allocations.verify(uint256(_tenants[0]), MONTH, 1, shares[0], 0, path), "of another facility");
        _restate(_statement(facility, MONTH));
        _holds(allocations.verify(facility, MONTH, 1, shares[0], 0, path), "history stays provable");
    }

    function testAnotherContractsLedgerIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IAllocations.LedgerOfOthers.selector, address(allocations)));
        new Allocations(ledger);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev Audits the amounts, retires the RECs and closes the month.
    function _settle(Amounts memory amounts) private {
        ICarbonTokens.Statement memory statement = _reading(amounts.energy, amounts.location, amounts.residual);
        (statement.scope1, statement.scope3) = (amounts.scope1, amounts.scope3);
        _audit(statement);
        if (amounts.recs != 0) _retire(HOLDER, _issue(recSource, HOLDER, amounts.recs), amounts.recs);
        _close(facility, MONTH);
    }

    /// @dev Amounts whose totals fit, often at an edge.
    function _narrow(Amounts memory amounts) private pure {
        (amounts.energy, amounts.location) = (_edged(amounts.energy, 48), _edged(amounts.location, 46));
        (amounts.residual, amounts.scope1) = (_edged(amounts.residual, 46), _edged(amounts.scope1, 46));
        (amounts.scope3, amounts.recs) = (_edged(amounts.scope3, 46), _edged(amounts.recs, 48));
        if (amounts.energy == 0) (amounts.location, amounts.residual) = (0, 0);
    }

    function _requireRefused(uint16 version, uint256 recs, uint8 depth, bytes memory reason) private {
        vm.prank(OWNER);
        vm.expectRevert(reason);
        allocations.commit(facility, MONTH, version, recs, depth, "top");
    }

    function _someTenants(uint256 count) private view returns (bytes32[] memory tenants) {
        tenants = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            tenants[i] = i < 4 ? _tenants[i] : bytes32(i);
        }
    }
}
