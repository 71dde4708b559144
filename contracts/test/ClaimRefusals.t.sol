// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IERC5192} from "../interfaces/IERC5192.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {Refusing} from "./Refusing.sol";

/// @title ClaimRefusalsTest
/// @notice What claims are refused for, and what certificates say of themselves and refuse.
contract ClaimRefusalsTest is Refusing {
    INetEmissions.Basis private constant ANNUAL = INetEmissions.Basis.Annual;

    function setUp() public {
        _deploy();
    }

    // ------------------------------------------------------------------------------------------------------------ claim
    function testAPeriodEndsInOrAfterItsFirstMonthAndHas16Bits(uint32 from, uint32 thru, bool hourly_) public {
        vm.assume(from > thru || thru > type(uint16).max);
        bytes memory reason = _error(INetEmissions.MonthsReversed.selector, from, thru);
        _refused(STRANGER, address(net), _claiming(facility, from, thru, hourly_), reason);
    }

    function testAFacilityHas216Bits(uint256 alias_, bool hourly_) public {
        alias_ = (alias_ % ((1 << 40) - 1) + 1) << 216 | facility;
        bytes memory reason = _error(ICarbonTokens.FacilityUnknown.selector, alias_);
        _refused(STRANGER, address(net), _claiming(alias_, MONTH, MONTH, hourly_), reason);
    }

    function testEveryMonthOfAClaimIsClosed(uint8 open, bool hourly_) public {
        open %= 3;
        for (uint32 i = 0; i < 3; ++i) {
            _emit(MONTH + i, 0);
            if (i != open) _close(facility, MONTH + i);
        }
        bytes memory claim = _claiming(facility, MONTH, MONTH + 2, hourly_);
        _refused(STRANGER, address(net), claim, _error(INetEmissions.MonthOpen.selector, facility, MONTH + open));
        _close(facility, MONTH + open);
        _accepted(STRANGER, address(net), claim);
    }

    function testEveryMonthOfAClaimIsNotAboveZeroByItself(uint8 above, uint32 grams, bool hourly_) public {
        above %= 3;
        uint256 extra = _issue(offsetSource, HOLDER, uint256(grams) + 1);
        for (uint32 i = 0; i < 3; ++i) {
            _emit(MONTH + i, i == above ? uint256(grams) + 1 : 0);
            _close(facility, MONTH + i);
        }
        // an offset fits months from its vintage on: a later month of the claim, or the one before its last
        ICarbonTokens.Retirement memory elsewhere = _retirement(facility, above == 2 ? MONTH + 1 : MONTH + 2);
        _accepted(HOLDER, address(ledger), abi.encodeCall(ledger.retire, (extra, uint256(grams) + 1, elsewhere)));
        bytes memory reason = _error(INetEmissions.NetAboveZero.selector, facility, MONTH + above, uint256(grams) + 1);
        _refused(STRANGER, address(net), _claiming(facility, MONTH, MONTH + 2, hourly_), reason);
    }

    function testAnEmptyMonthIsNotNeutral(uint16 month, bool hourly_) public {
        bytes memory reason = _error(INetEmissions.MonthOpen.selector, facility, month);
        _refused(STRANGER, address(net), _claiming(facility, month, month, hourly_), reason);
    }

    function testARuleAndItsMatchesAreOfOneLedger() public {
        bytes memory reason = _error(INetEmissions.MatchesOfAnotherLedger.selector, uint160(address(ledger)));
        vm.expectRevert(reason);
        new NetEmissions(ICarbonTokens(address(factors)), hourly);
    }

    /// The rule reads the ledger in a call of its own, which can run out of gas by itself.
    function testWithTooLittleGasTheRuleAnswersNothing(uint32 grams) public {
        vm.assume(grams != 0);
        _emit(MONTH, grams);
        bytes memory call = abi.encodeCall(net.netOf, (facility, MONTH));
        bytes memory answer = abi.encode(grams, grams, grams);
        uint256 answers = 0;
        for (uint256 given = 200; given < 8000; given += 50) {
            (bool succeeded, bytes memory actual) = address(net).staticcall{gas: given}(call);
            _holds(keccak256(actual) == keccak256(succeeded ? answer : bytes("")), "the totals, or nothing");
            if (succeeded) ++answers;
        }
        _holds(answers != 0 && answers != 156, "some calls had enough gas, and some had not");
    }

    // ------------------------------------------------------------------------------------------------------ certificates
    function testACertificateIsLockedAndHeldByTheOwnerOfTheFacility() public {
        uint256 id = _certificate();
        _same(net.ownerOf(id), OWNER, "owner");
        _same(net.balanceOf(OWNER), 1, "one certificate");
        _holds(net.locked(id), "locked");
        (uint256 facility_, uint32 from, uint32 thru, INetEmissions.Basis basis, INetEmissions.Claim memory claim) =
            net.claimOf(id);
        _same(facility_, facility, "facility");
        _same(from, MONTH, "first month");
        _same(thru, MONTH, "last month");
        _holds(basis == ANNUAL, "basis");
        _same(claim.number, 1, "claimed once");
        _same(claim.versions, 1, "at version 1");
        _same(claim.time, block.timestamp, "now");
    }

    function testARenewalIsNoSecondCertificate() public {
        uint256 id = _certificate();
        vm.expectEmit(address(net));
        emit INetEmissions.Claimed(id, facility, 2, 1);
        _accepted(STRANGER, address(net), _claiming(facility, MONTH, MONTH, false));
        _same(net.balanceOf(OWNER), 1, "one certificate");
    }

    function testACertificateThatWasNeverClaimedIsNone(uint256 id) public {
        bytes memory reason = _error(IERC721Errors.ERC721NonexistentToken.selector, id);
        _refused(STRANGER, address(net), abi.encodeCall(net.locked, (id)), reason);
        _refused(STRANGER, address(net), abi.encodeCall(net.ownerOf, (id)), reason);
        _refused(STRANGER, address(net), abi.encodeCall(net.tokenURI, (id)), reason);
        _holds(!net.isValid(id), "and is not valid");
    }

    function testACertificateNamesItsInterfaces() public view {
        bytes4[4] memory known = [
            type(INetEmissions).interfaceId,
            type(IERC5192).interfaceId,
            bytes4(0x80ac58cd), // ERC-721
            bytes4(0x5b5e139f) // its metadata
        ];
        for (uint256 i = 0; i < known.length; ++i) {
            _holds(net.supportsInterface(known[i]), "interface");
        }
        _same(uint32(type(IERC5192).interfaceId), 0xb45a3c0e, "as ERC-5192 prints it");
        _holds(!net.supportsInterface(0xffffffff) && !net.supportsInterface(0xd9b67a26), "no other");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _claiming(uint256 facility_, uint32 from, uint32 thru, bool hourly_) private view returns (bytes memory) {
        return abi.encodeCall(net.claim, (facility_, from, thru, hourly_ ? INetEmissions.Basis.Hourly : ANNUAL));
    }

    /// @dev Audits a month, without energy; of nothing by restating it.
    function _emit(uint32 month, uint256 grams) private {
        ICarbonTokens.Statement memory statement = _statement(facility, month);
        statement.scope1 = grams == 0 ? 1 : grams;
        _audit(statement);
        if (grams == 0) _restate(_statement(facility, month));
    }

    /// @dev Of a month of 7 g, offset.
    function _certificate() private returns (uint256) {
        _emit(MONTH, 7);
        _retire(HOLDER, _issue(offsetSource, HOLDER, 7), 7);
        _close(facility, MONTH);
        return net.claim(facility, MONTH, MONTH, ANNUAL);
    }
}
