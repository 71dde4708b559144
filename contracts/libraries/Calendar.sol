// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Calendar
/// @notice UTC calendar months, counted from 1970-01.
library Calendar {
    /// @notice The month that holds an instant given in UTC seconds.
    /// @dev Proleptic Gregorian calendar with years that begin in March, so that the leap day comes last and months follow
    /// from the day of the year by a line. Euclidean affine functions of Neri and Schneider, "Euclidean affine functions and
    /// their application to calendar algorithms", 2022; exact for every uint40 instant.
    function monthOf(uint256 instant) internal pure returns (uint256) {
        unchecked {
            uint256 quarterDays = 4 * (instant / 1 days) + 2_877_875; // since 0000-03-01, plus 3
            uint256 yearOfCentury = 2_939_745 * (quarterDays % 146_097 | 3); // in 2^-32 years
            uint256 dayOfYear = uint256(uint32(yearOfCentury)) / 11_758_980;
            uint256 year = 100 * (quarterDays / 146_097) + (yearOfCentury >> 32);
            return 12 * year + (2141 * dayOfYear + 197_913 >> 16) - 23_641; // March is 3, January and February 13 and 14
        }
    }

    /// @notice Days of a month.
    function daysOf(uint256 month) internal pure returns (uint256) {
        unchecked {
            uint256 number = month % 12 + 1;
            if (number != 2) return 30 | (number ^ number >> 3); // 31 and 30 alternate, and again from August on
            uint256 year = 1970 + month / 12;
            return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
        }
    }
}
