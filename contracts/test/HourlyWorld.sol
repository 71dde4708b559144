// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {PlainCalendar} from "./PlainCalendar.sol";
import {PlainHours} from "./PlainHours.sol";
import {World} from "./World.sol";

/// @title HourlyWorld
/// @notice Months hour by hour: readings, granular certificates, retirements and records.
abstract contract HourlyWorld is World {
    function _hoursOf(uint32 month) internal pure returns (uint256) {
        return 24 * PlainCalendar.daysOfMonth(1970 + month / 12, month % 12);
    }

    /// @dev Any hours of a month, each below 2^bits; many at an edge.
    function _anyHours(uint256 seed, uint32 month, uint256 bits) internal pure returns (uint256[] memory hours_) {
        hours_ = new uint256[](_hoursOf(month));
        for (uint256 i = 0; i < hours_.length; ++i) {
            hours_[i] = _edged(uint256(keccak256(abi.encode(seed, i))), bits);
        }
    }

    /// @dev The same amount in each hour.
    function _evenHours(uint32 month, uint256 hour) internal pure returns (uint256[] memory hours_) {
        hours_ = new uint256[](_hoursOf(month));
        for (uint256 i = 0; i < hours_.length; ++i) {
            hours_[i] = hour;
        }
    }

    /// @dev A month of hours as audited energy, with declared scope 2 of as many g.
    function _auditHours(uint256 facility_, uint32 month, uint256[] memory load) internal {
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        statement.energy = PlainHours.sum(load);
        if (statement.energy == 0) statement.scope1 = 1;
        (statement.scope2Location, statement.scope2Residual) = (statement.energy, statement.energy);
        statement.meter = keccak256(abi.encode(facility_, "hourly"));
        (statement.start, statement.end) = (PlainCalendar.startOf(month), PlainCalendar.startOf(month + 1));
        _audit(statement);
    }

    // ----------------------------------------------------------------------------------------------------- certificates
    function _granular(uint256[] memory generation) internal returns (IHourlyMatching.Granular memory) {
        return IHourlyMatching.Granular("registry", _document(), PlainHours.encoded(generation));
    }

    /// @dev The batch that a granular certificate is issued as.
    function _granularBatch(IHourlyMatching.Granular memory certificate, uint24 source, uint32 month, uint256 amount)
        internal
        returns (ICarbonTokens.Batch memory batch)
    {
        batch = _batch(source, amount);
        batch.evidence = keccak256(abi.encode(certificate.document, keccak256(certificate.generation)));
        (batch.vintageStart, batch.vintageEnd) = (PlainCalendar.startOf(month), PlainCalendar.startOf(month + 1));
    }

    /// @dev A certificate of these hours, issued to a holder who lets it be fetched.
    function _issueGranular(address holder, uint24 source, uint32 month, uint256[] memory generation)
        internal
        returns (IHourlyMatching.Granular memory certificate)
    {
        certificate = _granular(generation);
        _issue(source, holder, _granularBatch(certificate, source, month, PlainHours.sum(generation)));
        vm.prank(holder);
        ledger.setApprovalForAll(address(hourly), true);
    }

    function _retireGranular(
        address holder,
        IHourlyMatching.Granular memory certificate,
        uint256 facility_,
        uint32 month
    ) internal returns (uint256) {
        ICarbonTokens.Retirement memory retirement = _retirement(facility_, month);
        vm.prank(holder);
        return hourly.retire(certificate, retirement);
    }

    /// @dev In ascending order of their ids.
    function _sortById(IHourlyMatching.Granular[] memory certificates) internal view {
        for (uint256 i = 1; i < certificates.length; ++i) {
            for (uint256 at = i; at > 0; --at) {
                if (hourly.idOf(certificates[at]) > hourly.idOf(certificates[at - 1])) break;
                (certificates[at], certificates[at - 1]) = (certificates[at - 1], certificates[at]);
            }
        }
    }

    function _none() internal pure returns (IHourlyMatching.Granular[] memory) {
        return new IHourlyMatching.Granular[](0);
    }

    function _list(IHourlyMatching.Granular memory certificate)
        internal
        pure
        returns (IHourlyMatching.Granular[] memory certificates)
    {
        certificates = new IHourlyMatching.Granular[](1);
        certificates[0] = certificate;
    }

    // ----------------------------------------------------------------------------------------------------------- record
    function _record(
        uint256 facility_,
        uint32 month,
        uint256[] memory load,
        IHourlyMatching.Granular[] memory certificates
    ) internal {
        uint16 version = _version(facility_, month);
        bytes memory consumption = PlainHours.encoded(load);
        vm.prank(auditor);
        hourly.record(facility_, month, version, consumption, certificates);
    }
}
