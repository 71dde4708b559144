// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {EagerHolder} from "./EagerHolder.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {PlainHours} from "./PlainHours.sol";

/// @notice Granular certificates: whole, once, of the month and of the grid region.
contract GranularRetirementTest is HourlyWorld {
    function setUp() public {
        _deploy();
    }

    function testAWholeCertificateIsRetiredIntoTheAccount(uint256 seed, uint8 kind) public {
        uint32 month = [uint32(637), 649, 651, 648][kind % 4];
        uint256[] memory generation = _anyHours(seed, month, 31);
        generation[0] |= 1;
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, month, generation);
        (uint256 id, uint256 amount) = (hourly.idOf(certificate), PlainHours.sum(generation));
        _same(ledger.balanceOf(HOLDER, id), amount, "issued");
        vm.expectEmit(address(hourly));
        emit IHourlyMatching.GranularRetired(facility, month, id, amount);
        _same(_retireGranular(HOLDER, certificate, facility, month), id, "token");
        _same(ledger.balanceOf(HOLDER, id) + ledger.balanceOf(address(hourly), id), 0, "nothing is left");
        _same(ledger.accountOf(facility, month).recs, amount, "RECs");
        _same(hourly.accountOf(id), TokenId.audited(facility, month), "account");
    }

    function testACertificateIsRetiredOnce(bool elsewhere) public {
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, _evenHours(MONTH, 1));
        uint256 id = _retireGranular(HOLDER, certificate, facility, MONTH);
        uint256 other = elsewhere ? _facility(OWNER, ZONE, "other") : facility;
        _requireRefused(
            certificate,
            other,
            abi.encodeWithSelector(IHourlyMatching.AlreadyRetired.selector, id, TokenId.audited(facility, MONTH))
        );
    }

    function testAPartOfACertificateIsNotRetired(uint16 sold, bool retired) public {
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, _evenHours(MONTH, 100));
        (uint256 id, uint256 amount) = (hourly.idOf(certificate), 1 + uint256(sold) % 74_400);
        vm.prank(HOLDER);
        if (!retired) ledger.safeTransferFrom(HOLDER, BUYER, id, amount, "");
        else ledger.retire(id, amount, ICarbonTokens.Retirement(facility, MONTH, 0, "", ""));
        _requireRefused(
            certificate,
            facility,
            abi.encodeWithSelector(
                IERC1155Errors.ERC1155InsufficientBalance.selector, HOLDER, 74_400 - amount, 74_400, id
            )
        );
        _same(hourly.accountOf(id), 0, "not retired");
    }

    function testACertificateOfAnotherHolderIsNotFetched() public {
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, _evenHours(MONTH, 1));
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IERC1155Errors.ERC1155MissingApprovalForAll.selector);
        hourly.retire(certificate, retirement);
        vm.prank(STRANGER);
        ledger.setApprovalForAll(address(hourly), true);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IERC1155Errors.ERC1155InsufficientBalance.selector);
        hourly.retire(certificate, retirement);
    }

    function testTheGridRegionIsThatOfTheFacility(bytes9 region) public {
        vm.assume(region != REGION);
        vm.prank(REC_ISSUER);
        uint24 source = ledger.registerSource(TokenId.REC, "registry", "far away", ZONE, region, "PV");
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, source, MONTH, _evenHours(MONTH, 1));
        _requireRefused(
            certificate,
            facility,
            abi.encodeWithSelector(
                IHourlyMatching.GridRegionMismatch.selector, hourly.idOf(certificate), region, REGION
            )
        );
    }

    function testTheVintageIsTheMonth(uint8 kind) public {
        IHourlyMatching.Granular memory certificate = _granular(_evenHours(MONTH, 1));
        ICarbonTokens.Batch memory batch = _granularBatch(certificate, recSource, MONTH, 744);
        if (kind % 3 == 0) ++batch.vintageEnd; // of two months
        if (kind % 3 == 1) --batch.vintageStart; // of two months as well
        if (kind % 3 == 2) (batch.vintageStart, batch.vintageEnd) = (FEBRUARY, FEBRUARY + 1);
        _issue(recSource, HOLDER, batch);
        vm.prank(HOLDER);
        ledger.setApprovalForAll(address(hourly), true);
        _requireRefused(
            certificate,
            facility,
            abi.encodeWithSelector(IHourlyMatching.VintageNotMonth.selector, hourly.idOf(certificate), MONTH)
        );
    }

    function testGenerationHasTheHoursOfTheMonth(uint16 count) public {
        vm.assume(count % 800 != 744);
        IHourlyMatching.Granular memory certificate = _granular(new uint256[](count % 800));
        _requireRefused(
            certificate, facility, abi.encodeWithSelector(IHourlyMatching.HoursInvalid.selector, count % 800, 744)
        );
    }

    function testAnHourOf31BitsOrMoreIsNotRetired(uint16 at, uint32 large) public {
        uint256[] memory generation = _evenHours(MONTH, 1);
        generation[at % 744] = large | 2 ** 31;
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, generation);
        _requireRefused(certificate, facility, abi.encodeWithSelector(IHourlyMatching.HourTooLarge.selector));
    }

    function testAnUnknownOrChangedCertificateIsNotRetired(uint16 at) public {
        uint256[] memory generation = _evenHours(MONTH, 1);
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, generation);
        (generation[at % 744], generation[(uint256(at) + 1) % 744]) = (2, 0); // the same in all
        certificate.generation = PlainHours.encoded(generation);
        uint256 id = hourly.idOf(certificate);
        _requireRefused(certificate, facility, abi.encodeWithSelector(ICarbonTokens.BatchUnknown.selector, id));
    }

    function testTheRulesOfTheLedgerHoldAsWell() public {
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, _evenHours(MONTH, 1));
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        retirement.version = 1;
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.VersionMismatch.selector, 0, 1));
        hourly.retire(certificate, retirement);
        vm.prank(REGISTRAR);
        ledger.setFrozen(recSource, true);
        _requireRefused(certificate, facility, abi.encodeWithSelector(ICarbonTokens.SourceIsFrozen.selector, recSource));
    }

    // -------------------------------------------------------------------------------------------------- foreign tokens
    function testTokensSentToTheContractAreRefused(uint8 amount, bool batch) public {
        uint256 id = _issue(recSource, HOLDER, 1000);
        vm.prank(HOLDER);
        vm.expectRevert(abi.encodeWithSelector(IHourlyMatching.NotFetched.selector, HOLDER));
        if (!batch) {
            ledger.safeTransferFrom(HOLDER, address(hourly), id, amount, "");
            return;
        }
        (uint256[] memory ids, uint256[] memory amounts) = (new uint256[](2), new uint256[](2));
        (ids[0], ids[1], amounts[0]) = (id, id, amount);
        ledger.safeBatchTransferFrom(HOLDER, address(hourly), ids, amounts, "");
    }

    function testTokensAreNotIssuedToTheContract() public {
        ICarbonTokens.Batch memory batch = _batch(recSource, 10);
        vm.prank(REC_ISSUER);
        vm.expectRevert(abi.encodeWithSelector(IHourlyMatching.NotFetched.selector, REC_ISSUER));
        ledger.issue(recSource, address(hourly), batch);
    }

    function testACertificateRetiredWhileItIsIssuedCountsOnce(uint16 hour) public {
        EagerHolder holder = new EagerHolder(ledger, hourly);
        uint256[] memory generation = _evenHours(MONTH, uint256(hour) + 1);
        IHourlyMatching.Granular memory certificate = _granular(generation);
        holder.waitFor(certificate, _retirement(facility, MONTH));
        uint256 amount = PlainHours.sum(generation);
        uint256 id = _issue(recSource, address(holder), _granularBatch(certificate, recSource, MONTH, amount));
        _same(holder.times(), 1, "once");
        _same(ledger.accountOf(facility, MONTH).recs, amount, "RECs");
        _same(ledger.balanceOf(address(holder), id), 0, "nothing is left");
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev By the holder, into January.
    function _requireRefused(IHourlyMatching.Granular memory certificate, uint256 facility_, bytes memory reason)
        private
    {
        ICarbonTokens.Retirement memory retirement = _retirement(facility_, MONTH);
        vm.prank(HOLDER);
        vm.expectRevert(reason);
        hourly.retire(certificate, retirement);
    }
}
