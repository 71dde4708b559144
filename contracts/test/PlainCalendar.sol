// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title PlainCalendar
/// @notice The calendar as one would explain it: years and months are counted off one by one.
library PlainCalendar {
    uint256 internal constant CYCLE = 146_097; // days after which the Gregorian calendar repeats: 400 years

    function isLeap(uint256 year) internal pure returns (bool) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }

    function daysOfYear(uint256 year) internal pure returns (uint256) {
        return isLeap(year) ? 366 : 365;
    }

    /// @param month 0 for January
    function daysOfMonth(uint256 year, uint256 month) internal pure returns (uint256) {
        if (month == 1) return isLeap(year) ? 29 : 28;
        return month == 3 || month == 5 || month == 8 || month == 10 ? 30 : 31;
    }

    function monthOf(uint256 instant) internal pure returns (uint256) {
        uint256 day = instant / 1 days;
        uint256 year = 1970 + 400 * (day / CYCLE);
        day %= CYCLE;
        for (; day >= daysOfYear(year); ++year) {
            day -= daysOfYear(year);
        }
        uint256 month = 0;
        for (; day >= daysOfMonth(year, month); ++month) {
            day -= daysOfMonth(year, month);
        }
        return 12 * (year - 1970) + month;
    }

    /// @notice First instant of a month.
    function startOf(uint256 month) internal pure returns (uint256) {
        uint256 last = 1970 + month / 12;
        uint256 day = 0;
        for (uint256 year = 1970; year < last; ++year) {
            day += daysOfYear(year);
        }
        for (uint256 i = 0; i < month % 12; ++i) {
            day += daysOfMonth(last, i);
        }
        return day * 1 days;
    }
}
