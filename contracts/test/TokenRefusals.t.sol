// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {Roles} from "../libraries/Roles.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {Refusing} from "./Refusing.sol";

/// @title TokenRefusalsTest
/// @notice What issues, transfers and retirements are refused for, each with the values of its error.
contract TokenRefusalsTest is Refusing {
    uint256 private constant MARCH = 1_709_251_200; // 2024-03-01
    uint256 private constant YEAR_BEFORE = 1_672_531_200; // 2023-01-01

    function setUp() public {
        _deploy();
    }

    // ------------------------------------------------------------------------------------------------------------ issue
    function testOnlyTheSourcesIssuerIssues(address caller, bool batch) public {
        vm.assume(caller != REC_ISSUER);
        bytes memory reason = abi.encodeWithSelector(ICarbonTokens.NotIssuer.selector, caller, REC_ISSUER);
        _refused(caller, address(ledger), _issuing(_batch(recSource, 1), HOLDER, batch), reason);
    }

    function testAnIssuerWhoLostItsRoleIssuesNothing(bool batch) public {
        vm.prank(ADMIN);
        ledger.revokeRole(Roles.REC_ISSUER, REC_ISSUER);
        bytes memory reason = _roleMissing(REC_ISSUER, Roles.REC_ISSUER);
        _issues(_batch(recSource, 1), batch, reason);
    }

    function testSomebodyHoldsWhatIsIssued(bool batch) public {
        bytes memory reason = _error(IERC1155Errors.ERC1155InvalidReceiver.selector, 0);
        _refused(REC_ISSUER, address(ledger), _issuing(_batch(recSource, 1), address(0), batch), reason);
    }

    function testAContractThatTakesNoTokensIsIssuedNone(bool batch) public {
        bytes memory reason = _error(IERC1155Errors.ERC1155InvalidReceiver.selector, uint160(address(factors)));
        _refused(REC_ISSUER, address(ledger), _issuing(_batch(recSource, 1), address(factors), batch), reason);
    }

    function testABatchHasADocumentThatIsIssuedOnce(bool batch) public {
        ICarbonTokens.Batch memory first = _batch(recSource, 1);
        bytes32 evidence = first.evidence;
        first.evidence = 0;
        _issues(first, batch, _error(ICarbonTokens.EvidenceMissing.selector));
        first.evidence = evidence;
        uint256 id = _issue(recSource, HOLDER, first);
        ICarbonTokens.Batch memory second = _batch(recSource, 1);
        second.evidence = evidence;
        _issues(second, batch, _error(ICarbonTokens.BatchExists.selector, id));
    }

    function testSerialsRiseAndHave64Bits(uint64 next, uint64 from, bool batch) public {
        next = next % 1_000_000 + 1;
        ICarbonTokens.Batch memory given = _batch(recSource, 1);
        (given.serialFrom, given.serialThru) = (next - 1, next - 1);
        _issue(recSource, HOLDER, given);
        (,,,,, uint256 stored,) = ledger.sourceOf(recSource);
        _same(stored, next, "the lowest unused serial");
        _serials(from % next, next, next, batch); // some are used
        _serials(next + 1, next, next, batch); // reversed
        _serials(next, type(uint64).max, next, batch); // no number would be left for the next
        _serials(next, type(uint256).max, next, batch);
    }

    function testAmountsAreNotZeroHave48BitsAndASerialForEachMillion(uint32 serials, bool batch) public {
        uint256 most = (uint256(serials) % 281_000_000 + 1) * 1_000_000;
        ICarbonTokens.Batch memory given = _batch(recSource, 0);
        _issues(given, batch, _error(ICarbonTokens.ZeroAmount.selector));
        (given.amount, given.serialThru) = (1 << 48, type(uint64).max - 1);
        _issues(given, batch, _error(ICarbonTokens.AmountTooLarge.selector));
        (given.amount, given.serialThru) = (most + 1, most / 1_000_000 - 1);
        bytes memory reason = _error(ICarbonTokens.AmountExceedsSerials.selector, most + 1, most / 1_000_000);
        _issues(given, batch, reason);
        given.amount = most;
        _accepted(REC_ISSUER, address(ledger), _issuing(given, HOLDER, batch));
    }

    function testAVintageIsAPeriodThatTheRecordHolds(bool batch) public {
        _vintage(JANUARY, JANUARY, batch);
        _vintage(JANUARY, JANUARY - 1, batch);
        _vintage(JANUARY, block.timestamp + 1, batch); // in the future
        _vintage(JANUARY - 24 * 366 days, JANUARY, batch); // longer than 255 months
        uint256 farFuture = 173_000_000_000; // month 65,786
        vm.warp(farFuture + 1);
        _vintage(farFuture, farFuture + 1, batch);
    }

    // ---------------------------------------------------------------------------------------------------------- transfer
    function testOnlyTheHolderOrWhoItApprovedMovesTokens() public {
        uint256 id = _issue(recSource, HOLDER, 10);
        bytes memory call = abi.encodeCall(ledger.safeTransferFrom, (HOLDER, BUYER, id, 4, ""));
        bytes memory reason =
            abi.encodeWithSelector(IERC1155Errors.ERC1155MissingApprovalForAll.selector, STRANGER, HOLDER);
        _refused(STRANGER, address(ledger), call, reason);
        vm.prank(HOLDER);
        ledger.setApprovalForAll(STRANGER, true);
        _accepted(STRANGER, address(ledger), call);
        _same(ledger.balanceOf(BUYER, id), 4, "moved");
    }

    function testNobodyMovesMoreThanItHolds(uint48 held, uint48 more, bool firstHolder) public {
        vm.assume(held != 0 && more != 0);
        uint256 id = _issue(recSource, firstHolder ? BUYER : HOLDER, held);
        if (!firstHolder) _accepted(HOLDER, address(ledger), _moving(HOLDER, BUYER, id, held));
        uint256 amount = uint256(held) + more;
        bytes memory reason =
            abi.encodeWithSelector(IERC1155Errors.ERC1155InsufficientBalance.selector, BUYER, held, amount, id);
        _refused(BUYER, address(ledger), _moving(BUYER, HOLDER, id, amount), reason);
        _refused(BUYER, address(ledger), _retiring(id, amount), reason);
    }

    function testIdsAndAmountsStandInPairs() public {
        uint256 id = _issue(recSource, HOLDER, 10);
        (uint256[] memory ids, uint256[] memory amounts) = (new uint256[](1), new uint256[](2));
        (ids[0], amounts[0], amounts[1]) = (id, 1, 1);
        bytes memory reason = _error(IERC1155Errors.ERC1155InvalidArrayLength.selector, 1, 2);
        bytes memory call = abi.encodeCall(ledger.safeBatchTransferFrom, (HOLDER, BUYER, ids, amounts, ""));
        _refused(HOLDER, address(ledger), call, reason);
        call = abi.encodeCall(ledger.retireBatch, (ids, amounts, _retirement(facility, MONTH)));
        _refused(HOLDER, address(ledger), call, reason);
    }

    function testTokensGoToSomebodyWhoTakesThem() public {
        uint256 id = _issue(recSource, HOLDER, 10);
        address[2] memory receivers = [address(0), address(factors)];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory reason = _error(IERC1155Errors.ERC1155InvalidReceiver.selector, uint160(receivers[i]));
            _refused(HOLDER, address(ledger), _moving(HOLDER, receivers[i], id, 1), reason);
        }
    }

    // ----------------------------------------------------------------------------------------------------------- retire
    function testOnlyAKnownFacilityIsCredited(uint256 unknown) public {
        unknown >>= 40;
        vm.assume(unknown != facility);
        ICarbonTokens.Retirement memory retirement = _retirement(unknown, MONTH);
        _retires(_issue(recSource, HOLDER, 1), 1, retirement, _error(ICarbonTokens.FacilityUnknown.selector, unknown));
    }

    function testNothingIsNotRetired() public {
        uint256 id = _issue(recSource, HOLDER, 1);
        _retires(id, 0, _retirement(facility, MONTH), _error(ICarbonTokens.ZeroAmount.selector));
        uint256[] memory none = new uint256[](0);
        bytes memory call = abi.encodeCall(ledger.retireBatch, (none, none, _retirement(facility, MONTH)));
        _refused(HOLDER, address(ledger), call, _error(ICarbonTokens.ZeroAmount.selector));
    }

    function testTheHolderHasSeenTheAccountAsItStands(uint16 version) public {
        vm.assume(version != 0);
        uint256 id = _issue(recSource, HOLDER, 1);
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        retirement.version = version;
        _retires(id, 1, retirement, _error(ICarbonTokens.VersionMismatch.selector, 0, version));
    }

    function testARecIsOfTheFacilitysMarketAndAnOffsetOfAny(bytes2 zone) public {
        vm.assume(zone != 0 && zone != ZONE);
        uint256 id = _issue(_source(TokenId.REC, "abroad", zone), HOLDER, 1);
        bytes memory reason = abi.encodeWithSelector(ICarbonTokens.MarketZoneMismatch.selector, id, zone, ZONE);
        _retires(id, 1, _retirement(facility, MONTH), reason);
        _retire(HOLDER, _issue(_source(TokenId.OFFSET, "forest", zone), HOLDER, 1), 1);
        _same(ledger.accountOf(facility, MONTH).offsets, 1, "an offset counts wherever it was made");
    }

    function testAVintageFitsTheMonth() public {
        _mismatch(recSource, YEAR_BEFORE, JANUARY); // ends with the year before
        _mismatch(recSource, JANUARY + 366 days, JANUARY + 367 days); // begins with the year after
        _mismatch(offsetSource, FEBRUARY, MARCH); // begins after the month
        uint256 id = _issueOf(recSource, YEAR_BEFORE, JANUARY + 1);
        _retire(HOLDER, id, 1);
        _retire(HOLDER, _issueOf(offsetSource, FEBRUARY - 1, MARCH), 1);
    }

    function testAuditedEmissionsStayWithTheFacility() public {
        _audit(_reading(5, 5, 5));
        uint256 id = TokenId.audited(facility, MONTH);
        _same(ledger.balanceOf(OWNER, id), 5, "held by the owner");
        _same(ledger.balanceOf(HOLDER, id), 0, "by nobody else");
        bytes memory reason = _error(ICarbonTokens.Soulbound.selector, id);
        _refused(OWNER, address(ledger), _moving(OWNER, BUYER, id, 1), reason);
        _refused(OWNER, address(ledger), _retiring(id, 1), reason);
    }

    // ------------------------------------------------------------------------------------------------------------ views
    function testABatchIsReadAsItWasIssued(uint48 amount, uint8 months) public {
        vm.assume(amount != 0);
        ICarbonTokens.Batch memory batch = _batch(recSource, amount);
        months %= 36; // until now
        batch.vintageEnd = JANUARY + uint256(months) * 30 days + 1;
        uint256 id = _issue(recSource, HOLDER, batch);
        (address holder, uint256 held, uint24 source, uint256 start, uint256 length) = ledger.batchOf(id);
        _same(holder, HOLDER, "first holder");
        _same(held, amount, "what it holds");
        _same(source, recSource, "source");
        _same(start, MONTH, "first month");
        _holds(length <= months && months <= length + length / 30 + 2, "months to the last");
        (holder, held,,,) = ledger.batchOf(id + 1);
        _same(holder, address(0), "an unknown batch");
    }

    function testTheLedgerSaysWhatItIs() public view {
        bytes4[3] memory known = [type(ICarbonTokens).interfaceId, bytes4(0xd9b67a26), bytes4(0x7965db0b)];
        for (uint256 i = 0; i < known.length; ++i) {
            _holds(ledger.supportsInterface(known[i]), "its own, ERC-1155 and access control");
        }
        _holds(!ledger.supportsInterface(0xffffffff) && !ledger.supportsInterface(0x80ac58cd), "no other");
        string memory units = 'data:application/json,{"name":"carbon-tokens","decimals":6}';
        _same(keccak256(bytes(ledger.uri(1))), keccak256(bytes(units)), "Wh are shown as MWh, g as t");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _issuing(ICarbonTokens.Batch memory batch, address to, bool several) private view returns (bytes memory) {
        if (!several) return abi.encodeCall(ledger.issue, (recSource, to, batch));
        ICarbonTokens.Batch[] memory batches = new ICarbonTokens.Batch[](1);
        batches[0] = batch;
        return abi.encodeCall(ledger.issueBatch, (recSource, to, batches));
    }

    function _issues(ICarbonTokens.Batch memory batch, bool several, bytes memory reason) private {
        _refused(REC_ISSUER, address(ledger), _issuing(batch, HOLDER, several), reason);
    }

    function _serials(uint256 from, uint256 thru, uint256 next, bool several) private {
        ICarbonTokens.Batch memory batch = _batch(recSource, 1);
        (batch.serialFrom, batch.serialThru) = (from, thru);
        _issues(batch, several, _error(ICarbonTokens.SerialRangeInvalid.selector, from, thru, next));
    }

    function _vintage(uint256 start, uint256 end, bool several) private {
        ICarbonTokens.Batch memory batch = _batch(recSource, 1);
        (batch.vintageStart, batch.vintageEnd) = (start, end);
        _issues(batch, several, _error(ICarbonTokens.PeriodInvalid.selector, start, end));
    }

    function _moving(address from, address to, uint256 id, uint256 amount) private view returns (bytes memory) {
        return abi.encodeCall(ledger.safeTransferFrom, (from, to, id, amount, ""));
    }

    function _retiring(uint256 id, uint256 amount) private view returns (bytes memory) {
        return abi.encodeCall(ledger.retire, (id, amount, _retirement(facility, MONTH)));
    }

    function _retires(uint256 id, uint256 amount, ICarbonTokens.Retirement memory retirement, bytes memory reason)
        private
    {
        _refused(HOLDER, address(ledger), abi.encodeCall(ledger.retire, (id, amount, retirement)), reason);
    }

    function _issueOf(uint24 source, uint256 start, uint256 end) private returns (uint256) {
        ICarbonTokens.Batch memory batch = _batch(source, 1);
        (batch.vintageStart, batch.vintageEnd) = (start, end);
        return _issue(source, HOLDER, batch);
    }

    function _mismatch(uint24 source, uint256 start, uint256 end) private {
        uint256 id = _issueOf(source, start, end);
        _retires(id, 1, _retirement(facility, MONTH), _error(ICarbonTokens.VintageMismatch.selector, id, MONTH));
    }
}
