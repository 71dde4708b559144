// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";
import {SplitWorld} from "./SplitWorld.sol";

/// @notice Attacks with shares: who claims one moves the own totals, and nothing that an auditor has to say.
contract ShareAttacksTest is SplitWorld {
    INetEmissions.Basis private constant ANNUAL = INetEmissions.Basis.Annual;
    uint256 private _sister; // another site of the same owner, audited and closed
    uint256 private _tenant;

    function setUp() public {
        _deploy();
        (_sister, _tenant) = (_facility(OWNER, ZONE, "sister"), _facility(HOLDER, ZONE, "tenant"));
        _emit(_sister, 1000);
        _close(_sister, MONTH);
    }

    // ------------------------------------------------------------------------------------------------- outrun an auditor
    function testAnOwnerCannotOutrunADisallowanceByClaimingShares(uint8 rounds, uint8 grams) public {
        uint256 offset = _neutral(facility, 1000);
        uint256 claim = net.claim(facility, MONTH, MONTH, ANNUAL);
        (uint16 version, bytes32 evidence) = (_version(facility, MONTH) + 1, _document());
        for (uint256 i = 0; i < rounds % 4; ++i) {
            _handOver(_sister, facility, i % 2 == 0 ? 1 + uint256(grams) : 0);
            if (!_isClosed(facility)) _close(facility, MONTH); // by an auditor who does not know
            _restate(_withScope1(_sister, 1000)); // so that the sister can be split again
        }
        vm.prank(auditor); // what was decided before all that
        ledger.disallow(facility, MONTH, version, offset, 1000, evidence);
        _holds(!net.isValid(claim), "valid on offsets that proved void");
        _same(ledger.accountOf(facility, MONTH).offsets, 0, "disallowed");
    }

    function testAnOwnerCannotOutrunAnAuditOrARestatementByClaimingShares(bool restated) public {
        if (restated) _neutral(facility, 7);
        ICarbonTokens.Statement memory statement = _withScope1(facility, 5000);
        _handOver(_sister, facility, 1);
        vm.prank(auditor);
        if (restated) ledger.restate(statement);
        else ledger.audit(statement);
        _same(ledger.accountOf(facility, MONTH).scope1, 5000, "audited");
    }

    function testACloseThatWasSentBeforeAShareIsRefused() public {
        _emit(facility, 7);
        _handOver(_sister, facility, 1);
        uint32 current = _totalsVersion(facility, MONTH);
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.VersionMismatch.selector, current, 1));
        ledger.close(facility, MONTH, 1);
        _close(facility, MONTH); // having seen the share
    }

    // ----------------------------------------------------------------------------------------------------- empty months
    function testAShareDoesNotOpenAMonthThatNobodyAudited(uint8 grams) public {
        uint256 offset = _issue(offsetSource, HOLDER, 10);
        _retireInto(_tenant, offset, 10);
        _handOver(_sister, _tenant, grams);
        bytes memory reason = abi.encodeWithSelector(ICarbonTokens.MonthNotAudited.selector, _tenant, MONTH);
        uint32 version = _totalsVersion(_tenant, MONTH);
        vm.prank(auditor);
        vm.expectRevert(reason);
        ledger.close(_tenant, MONTH, version);
        ICarbonTokens.Statement memory statement = _statement(_tenant, MONTH);
        vm.prank(auditor);
        vm.expectRevert(reason);
        ledger.restate(statement);
        vm.prank(auditor);
        vm.expectRevert(reason);
        ledger.disallow(_tenant, MONTH, 1, offset, 10, "document");
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthOpen.selector, _tenant, MONTH));
        net.claim(_tenant, MONTH, MONTH, ANNUAL);
    }

    function testAShareThatChangesNothingLeavesTheAccountAsItIs(bool twice) public {
        _neutral(facility, 7);
        uint256 claim = net.claim(facility, MONTH, MONTH, ANNUAL);
        bytes32 before = keccak256(abi.encode(ledger.accountOf(facility, MONTH)));
        if (twice) {
            _handOver(_sister, facility, 5);
            _close(facility, MONTH);
            _retireInto(facility, _issue(offsetSource, HOLDER, 5), 5);
            before = keccak256(abi.encode(ledger.accountOf(facility, MONTH)));
            _restate(_withScope1(_sister, 1000));
        }
        _handOver(_sister, facility, twice ? 5 : 0);
        _same(keccak256(abi.encode(ledger.accountOf(facility, MONTH))), before, "account");
        _holds(net.isValid(claim), "valid");
    }

    function testTwoFacilitiesThatShareNothingInTurnStayAsTheyAre() public {
        _emit(facility, 1);
        _close(facility, MONTH);
        _handOver(_sister, facility, 0);
        _handOver(facility, _sister, 0);
        _same(_totalsVersion(facility, MONTH), 1, "one");
        _same(_totalsVersion(_sister, MONTH), 1, "the other");
        _refuseCommit(facility, abi.encodeWithSelector(IAllocations.AllocationExists.selector, facility, MONTH, 1));
    }

    // ------------------------------------------------------------------------------------------- lower a share afterwards
    function testAShareLoweredAfterClosingOpensTheMonth(uint32 grams) public {
        uint256 all = 2 + uint256(grams);
        _emit(facility, all);
        _close(facility, MONTH);
        _handOver(facility, _tenant, all);
        _neutral(_tenant, 1);
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.NetAboveZero.selector, _tenant, MONTH, all));
        net.claim(_tenant, MONTH, MONTH, ANNUAL);
        _handOver(_sister, facility, 1); // the landlord's totals move, without an auditor
        _refuseCommit(facility, abi.encodeWithSelector(IAllocations.MonthNotComplete.selector, facility, MONTH));
        _close(facility, MONTH); // an auditor who does not see what it is for
        _handOver(facility, _tenant, 0);
        _holds(!_isClosed(_tenant), "closed with another share");
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthOpen.selector, _tenant, MONTH));
        net.claim(_tenant, MONTH, MONTH, ANNUAL);
    }

    function testAShareEndsACertificateUntilAnAuditorClosesTheMonthWithIt() public {
        _neutral(facility, 7);
        uint256 claim = net.claim(facility, MONTH, MONTH, ANNUAL);
        _retireInto(facility, _issue(offsetSource, HOLDER, 3), 3); // enough for the share
        _handOver(_sister, facility, 3);
        _holds(!net.isValid(claim), "valid without an auditor");
        _close(facility, MONTH);
        _holds(net.isValid(claim), "valid with one");
    }

    // ------------------------------------------------------------------------------------------------------- false names
    function testAnAliasOfAFacilityClaimsNothing(uint256 more, bool own) public {
        _emit(facility, 1000);
        _close(facility, MONTH);
        uint256 alias_ = facility | (1 + more % (2 ** 40 - 1)) << 216;
        (uint256 tenant, address owner) = own ? (facility, OWNER) : (_tenant, HOLDER);
        IAllocations.Share[] memory shares = _two(facility, tenant, 600);
        _commit(facility, MONTH, 0, shares);
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), 0);
        bytes memory reason = abi.encodeWithSelector(IAllocations.FacilityInvalid.selector, alias_);
        vm.prank(owner);
        vm.expectRevert(reason);
        allocations.claim(alias_, MONTH, shares[0], 0, path);
        vm.expectRevert(reason);
        allocations.verify(alias_, MONTH, 1, shares[0], 0, path);
        vm.expectRevert(reason);
        allocations.versionOf(alias_, MONTH);
        _same(ledger.accountOf(tenant, MONTH).allocatedLocation, 0, "claimed");
    }

    function testAnAliasIsNotSplitRetiredIntoNorClosed(uint256 more) public {
        _emit(facility, 1);
        _close(facility, MONTH);
        uint256 alias_ = facility | (1 + more % (2 ** 40 - 1)) << 216;
        uint256 offset = _issue(offsetSource, OWNER, 5);
        bytes memory reason = abi.encodeWithSelector(ICarbonTokens.FacilityUnknown.selector, alias_);
        vm.prank(OWNER);
        vm.expectRevert(reason);
        ledger.retire(offset, 5, ICarbonTokens.Retirement(alias_, MONTH, 1, "", ""));
        vm.prank(auditor);
        vm.expectRevert(reason);
        ledger.close(alias_, MONTH, 1);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IAllocations.NotOwner.selector, OWNER, address(0)));
        allocations.commit(alias_, MONTH, 1, 0, 0, "top");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _isClosed(uint256 facility_) private view returns (bool) {
        return ledger.accountOf(facility_, MONTH).closed;
    }

    function _withScope1(uint256 facility_, uint256 grams) private returns (ICarbonTokens.Statement memory statement) {
        statement = _statement(facility_, MONTH);
        statement.scope1 = grams;
    }

    function _emit(uint256 facility_, uint256 grams) private {
        _audit(_withScope1(facility_, grams));
    }

    /// @dev Audits scope 1, offsets it and closes the month; returns the offset.
    function _neutral(uint256 facility_, uint256 grams) private returns (uint256 offset) {
        _emit(facility_, grams);
        offset = _issue(offsetSource, HOLDER, grams);
        _retireInto(facility_, offset, grams);
        _close(facility_, MONTH);
    }

    function _retireInto(uint256 facility_, uint256 id, uint256 amount) private {
        ICarbonTokens.Retirement memory retirement = _retirement(facility_, MONTH);
        vm.prank(HOLDER);
        ledger.retire(id, amount, retirement);
    }

    /// @dev Some of what a landlord emitted to one facility, the rest to nobody's.
    function _two(uint256 landlord, uint256 tenant, uint256 grams)
        private
        view
        returns (IAllocations.Share[] memory shares)
    {
        Totals memory totals = _totals(landlord, MONTH, 0);
        shares = new IAllocations.Share[](2);
        shares[0] = IAllocations.Share(bytes32(tenant), 0, grams, grams, "salt");
        shares[1] =
            IAllocations.Share("nobody", totals.energy, totals.location - grams, totals.market - grams, "another");
    }

    function _handOver(uint256 landlord, uint256 tenant, uint256 grams) private {
        IAllocations.Share[] memory shares = _two(landlord, tenant, grams);
        _commit(landlord, MONTH, 0, shares);
        _claim(landlord, MONTH, shares, 0);
    }

    function _refuseCommit(uint256 facility_, bytes memory reason) private {
        uint32 version = _totalsVersion(facility_, MONTH);
        vm.prank(OWNER);
        vm.expectRevert(reason);
        allocations.commit(facility_, MONTH, version, 0, 0, "top");
    }
}
