// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";
import {SplitWorld} from "./SplitWorld.sol";

/// @notice Shares that tenants claim into scope 3 of their own accounts.
contract SharesTest is SplitWorld {
    uint256 private _tenantA;
    uint256 private _tenantB;
    bytes32[] private _tenants;

    function setUp() public {
        _deploy();
        (_tenantA, _tenantB) = (_facility(HOLDER, ZONE, "a"), _facility(BUYER, "EU", "b"));
        _tenants = [bytes32(_tenantA), bytes32(_tenantB), "nobody's facility"];
    }

    // ------------------------------------------------------------------------------------------------------------ claim
    function testAShareIsClaimedIntoTheTenantsOwnAccount(uint40 scope1, uint256 seed, bool audited) public {
        if (audited) _emit(_tenantA, 77);
        IAllocations.Share[] memory shares = _splitOf(facility, scope1, seed);
        IAllocations.Share memory share = shares[0];
        vm.expectEmit(address(allocations));
        emit IAllocations.ShareClaimed(facility, MONTH, _tenantA, 1, share.energy, share.location, share.market);
        bool changes = share.location | share.market != 0;
        if (changes) vm.expectEmit(address(ledger));
        if (changes) emit ICarbonTokens.Allocated(_tenantA, MONTH, share.location, share.market);
        uint256 token = TokenId.allocated(_tenantA, MONTH);
        if (share.location != 0) {
            vm.expectEmit(address(ledger));
            emit IERC1155.TransferSingle(address(allocations), address(0), HOLDER, token, share.location);
        }
        _claim(facility, MONTH, shares, 0);
        ICarbonTokens.Account memory account = ledger.accountOf(_tenantA, MONTH);
        _same(account.allocatedLocation, share.location, "scope 3, location-based");
        _same(account.allocatedMarket, share.market, "scope 3, market-based");
        _same(account.version, audited ? 1 : 0, "the version counts what auditors do");
        _same(account.shares, changes ? 1 : 0, "changes of claimed shares");
        _same(account.scope1, audited ? 77 : 0, "the audited amounts stay");
        _same(_sharesHeld(_tenantA, MONTH), share.location, "balance");
        _same(keccak256(abi.encode(allocations.claimedBy(facility, MONTH, _tenantA))), _claimed(1, share), "by tenant");
        _same(keccak256(abi.encode(allocations.claimedOf(facility, MONTH))), _claimed(1, share), "in all");
    }

    function testAShareIsClaimedOnceAVersion(uint40 scope1, uint256 seed) public {
        IAllocations.Share[] memory shares = _splitOf(facility, scope1, seed);
        _claim(facility, MONTH, shares, 0);
        _requireRefused(
            HOLDER,
            shares,
            0,
            abi.encodeWithSelector(IAllocations.ShareAlreadyClaimed.selector, facility, MONTH, _tenantA)
        );
    }

    function testASecondLeafOfOneTenantIsNotClaimedAgain(uint256 seed) public {
        _tenants[1] = _tenants[0];
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, seed);
        _claim(facility, MONTH, shares, 0);
        _requireRefused(
            HOLDER,
            shares,
            1,
            abi.encodeWithSelector(IAllocations.ShareAlreadyClaimed.selector, facility, MONTH, _tenantA)
        );
    }

    function testOnlyTheOwnerOfTheTenantsFacilityClaims(address caller) public {
        vm.assume(caller != HOLDER);
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, 1);
        _requireRefused(caller, shares, 0, abi.encodeWithSelector(IAllocations.NotOwner.selector, caller, HOLDER));
        if (caller == address(0)) return;
        _requireRefused(caller, shares, 2, abi.encodeWithSelector(IAllocations.NotOwner.selector, caller, address(0)));
    }

    function testAnAccountTakesNoShareOfItself() public {
        _tenants[1] = bytes32(facility);
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, 1);
        _requireRefused(OWNER, shares, 1, abi.encodeWithSelector(IAllocations.OwnShare.selector, facility));
    }

    function testWhatIsNotProvenIsNotClaimed(uint48 more, uint8 field) public {
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, 1);
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), 0);
        bytes32[3] memory before = [bytes32(shares[0].location), bytes32(shares[0].market), shares[0].salt];
        if (field % 3 == 0) shares[0].location = more;
        if (field % 3 == 1) shares[0].market = more;
        if (field % 3 == 2) shares[0].salt = bytes32(uint256(more));
        bytes32[3] memory current = [bytes32(shares[0].location), bytes32(shares[0].market), shares[0].salt];
        bool same = keccak256(abi.encode(before)) == keccak256(abi.encode(current));
        vm.prank(HOLDER);
        if (!same) {
            vm.expectRevert(
                abi.encodeWithSelector(IAllocations.ShareNotProven.selector, facility, MONTH, bytes32(_tenantA))
            );
        }
        allocations.claim(facility, MONTH, shares[0], 0, path);
    }

    function testATenantWhoseVersionsAreUsedUpStillTakesItsShare() public {
        _emit(_tenantA, 1);
        _exhaust(_tenantA, MONTH);
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, 1);
        _claim(facility, MONTH, shares, 0);
        _same(_sharesHeld(_tenantA, MONTH), shares[0].location, "claimed");
        _same(_version(_tenantA, MONTH), 32_767, "version");
    }

    // ------------------------------------------------------------------------------------------------------ restatement
    function testAfterARestatementTheNewShareReplacesTheOld(uint40[5] memory totals, uint256 seed, uint8 skipped)
        public
    {
        IAllocations.Share[] memory shares;
        for (uint256 i = 0; i < totals.length; ++i) {
            IAllocations.Share[] memory old = shares;
            shares = _splitOf(facility, totals[i], seed / 2 + i);
            if (skipped >> i & 1 != 0) continue; // a version that nobody claimed of
            if (i > 0 && old.length != 0 && keccak256(abi.encode(old[0])) != keccak256(abi.encode(shares[0]))) {
                _requireRefused(
                    HOLDER,
                    old,
                    0,
                    abi.encodeWithSelector(IAllocations.ShareNotProven.selector, facility, MONTH, bytes32(_tenantA))
                );
            }
            uint256 before = _sharesHeld(_tenantA, MONTH);
            _expectDelta(before, shares[0].location);
            _claim(facility, MONTH, shares, 0);
            ICarbonTokens.Account memory account = ledger.accountOf(_tenantA, MONTH);
            _same(account.allocatedLocation, shares[0].location, "replaced, not added: location-based");
            _same(account.allocatedMarket, shares[0].market, "replaced, not added: market-based");
            _same(_sharesHeld(_tenantA, MONTH), shares[0].location, "balance");
            bytes32 claimed = keccak256(abi.encode(allocations.claimedOf(facility, MONTH)));
            _same(claimed, _claimed(_totalsVersion(facility, MONTH), shares[0]), "claimed of the new version");
        }
    }

    function testUntilTheNewSplitTheOldShareStays(uint256 seed) public {
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, seed);
        _claim(facility, MONTH, shares, 0);
        _restate(_statement(facility, MONTH));
        _requireRefused(
            HOLDER,
            shares,
            0,
            abi.encodeWithSelector(IAllocations.ShareNotProven.selector, facility, MONTH, bytes32(_tenantA))
        );
        _same(_sharesHeld(_tenantA, MONTH), shares[0].location, "the old share stays until it is replaced");
    }

    function testARestatementOfTheTenantKeepsItsShares(uint48 scope1, uint256 seed) public {
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, seed);
        _emit(_tenantA, 5);
        _claim(facility, MONTH, shares, 0);
        ICarbonTokens.Statement memory statement = _statement(_tenantA, MONTH);
        statement.scope1 = scope1;
        _restate(statement);
        ICarbonTokens.Account memory account = ledger.accountOf(_tenantA, MONTH);
        _same(account.allocatedLocation, shares[0].location, "location-based");
        _same(account.allocatedMarket, shares[0].market, "market-based");
        _same(account.scope1, scope1, "scope 1");
    }

    // ----------------------------------------------------------------------------------------------------- conservation
    function testClaimedSharesNeverExceedTheTotalsAndAllOfThemAreTheTotals(uint40 scope1, uint256 seed, uint8 mask)
        public
    {
        _tenants[2] = bytes32(_facility(STRANGER, ZONE, "c"));
        IAllocations.Share[] memory shares = _splitOf(facility, scope1, seed);
        Totals memory totals = _totals(facility, MONTH, 0);
        for (uint256 i = 0; i < 3; ++i) {
            if (mask >> i & 1 != 0) _claim(facility, MONTH, shares, i);
        }
        IAllocations.Claimed memory claimed = allocations.claimedOf(facility, MONTH);
        _holds(claimed.energy <= totals.energy, "energy");
        _holds(claimed.location <= totals.location, "location-based");
        _holds(claimed.market <= totals.market, "market-based");
        if (mask % 8 == 7) {
            _same(claimed.energy, totals.energy, "all energy");
            _same(claimed.location, totals.location, "all, location-based");
            _same(claimed.market, totals.market, "all, market-based");
        }
    }

    function testSharesOfSeveralAccountsAddUpAndArePassedOn(uint40 first, uint40 second, uint256 seed) public {
        uint256 other = _facility(OWNER, ZONE, "other");
        IAllocations.Share[] memory shares = _splitOf(facility, first, seed);
        IAllocations.Share[] memory more = _splitOf(other, second, seed / 2 + 1);
        _claim(facility, MONTH, shares, 0);
        _claim(other, MONTH, more, 0);
        uint256 sum = shares[0].location + more[0].location;
        _same(_sharesHeld(_tenantA, MONTH), sum, "both");
        _emit(_tenantA, 9); // the tenant resells: its own split contains what it was allocated
        _close(_tenantA, MONTH);
        _tenants[0] = bytes32(facility);
        IAllocations.Share[] memory resold = _shares(_totals(_tenantA, MONTH, 0), _tenants, seed);
        _commit(_tenantA, MONTH, 0, resold);
        _same(resold[0].location + resold[1].location + resold[2].location, sum + 9, "passed on");
        _claim(_tenantA, MONTH, resold, 1);
        _same(_sharesHeld(_tenantB, MONTH), resold[1].location, "down the chain");
    }

    // -------------------------------------------------------------------------------------------------------- soulbound
    function testAllocatedEmissionsAreSoulbound(address to, uint8 value) public {
        vm.assume(to != address(0));
        IAllocations.Share[] memory shares = _splitOf(facility, 1000, 1);
        _claim(facility, MONTH, shares, 0);
        uint256 id = TokenId.allocated(_tenantA, MONTH);
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.Soulbound.selector, id));
        ledger.safeTransferFrom(HOLDER, to, id, value, "");
        ICarbonTokens.Retirement memory retirement = _retirement(_tenantA, MONTH);
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.Soulbound.selector, id));
        ledger.retire(id, 1 + uint256(value), retirement);
        if (to != HOLDER) _same(ledger.balanceOf(to, id), 0, "nobody else has them");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev Audits or restates a month to an amount of scope 1, closes it and commits any split of it.
    function _splitOf(uint256 facility_, uint256 scope1, uint256 seed)
        private
        returns (IAllocations.Share[] memory shares)
    {
        _emit(facility_, scope1);
        if (!ledger.accountOf(facility_, MONTH).closed) _close(facility_, MONTH);
        shares = _shares(_totals(facility_, MONTH, 0), _tenants, seed);
        _commit(facility_, MONTH, 0, shares);
    }

    function _emit(uint256 facility_, uint256 scope1) private {
        ICarbonTokens.Statement memory statement = _statement(facility_, MONTH);
        statement.scope1 = scope1;
        if (statement.version != 1) return _restate(statement);
        if (scope1 == 0) statement.scope3 = 1;
        _audit(statement);
    }

    function _expectDelta(uint256 before, uint256 current) private {
        if (before == current) return;
        (address from, address to) = before > current ? (HOLDER, address(0)) : (address(0), HOLDER);
        uint256 amount = before > current ? before - current : current - before;
        vm.expectEmit(address(ledger));
        emit IERC1155.TransferSingle(address(allocations), from, to, TokenId.allocated(_tenantA, MONTH), amount);
    }

    function _claimed(uint32 version, IAllocations.Share memory share) private pure returns (bytes32) {
        return keccak256(abi.encode(version, share.energy, share.location, share.market));
    }

    function _requireRefused(address caller, IAllocations.Share[] memory shares, uint256 index, bytes memory reason)
        private
    {
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), index);
        vm.prank(caller);
        vm.expectRevert(reason);
        allocations.claim(facility, MONTH, shares[index], index, path);
    }
}
