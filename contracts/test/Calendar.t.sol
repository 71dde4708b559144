// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Calendar} from "../libraries/Calendar.sol";
import {PlainCalendar} from "./PlainCalendar.sol";
import {Check} from "./Vm.sol";

contract CalendarTest is Check {
    function testTheMonthOfAnyInstantIsThatOfThePlainCalendar(uint40 instant) public pure {
        _same(Calendar.monthOf(instant), PlainCalendar.monthOf(instant), "month");
    }

    function testAnInstantNearTheEndOfADayIsInTheMonthOfThePlainCalendar(uint40 instant, uint8 seconds_) public pure {
        uint256 midnight = uint256(instant) / 1 days * 1 days;
        uint256 before = midnight - (midnight == 0 ? 0 : 1);
        _same(Calendar.monthOf(before), PlainCalendar.monthOf(before), "before midnight");
        _same(Calendar.monthOf(midnight + seconds_), PlainCalendar.monthOf(midnight + seconds_), "after midnight");
    }

    function testEveryMonthOfTheCycleOf400YearsBeginsAndEndsWhereItShould() public pure {
        uint256 start = 0;
        for (uint256 month = 0; month < 4800; ++month) {
            uint256 end = start + PlainCalendar.daysOfMonth(1970 + month / 12, month % 12) * 1 days;
            _same(Calendar.monthOf(start), month, "first instant");
            _same(Calendar.monthOf(end - 1), month, "last instant");
            start = end;
        }
        _same(start, PlainCalendar.CYCLE * 1 days, "the cycle");
    }

    function testEveryCycleOf400YearsIsLikeTheFirst(uint256 cycle, uint32 instant) public pure {
        cycle %= type(uint40).max / (PlainCalendar.CYCLE * 1 days); // 87 whole cycles fit
        uint256 later = instant + cycle * PlainCalendar.CYCLE * 1 days;
        _same(Calendar.monthOf(later), Calendar.monthOf(instant) + 4800 * cycle, "a cycle has 4800 months");
    }

    function testTheKnownDatesAreInTheirMonths() public pure {
        _same(Calendar.monthOf(0), 0, "1970-01-01");
        _same(Calendar.monthOf(951_782_400), 361, "2000-02-29");
        _same(Calendar.monthOf(951_868_799), 361, "2000-02-29, last second");
        _same(Calendar.monthOf(951_868_800), 362, "2000-03-01");
        _same(Calendar.monthOf(1_704_067_199), 647, "2023-12-31, last second");
        _same(Calendar.monthOf(1_704_067_200), 648, "2024-01-01");
        _same(Calendar.monthOf(4_107_542_399), 1561, "2100-02-28, last second");
        _same(Calendar.monthOf(4_107_542_400), 1562, "2100-03-01: no leap day");
        _same(Calendar.monthOf(type(uint40).max), PlainCalendar.monthOf(type(uint40).max), "the last instant");
    }

    function testAMonthNeverPrecedesThatOfAnEarlierInstant(uint40 a, uint40 b) public pure {
        if (a > b) (a, b) = (b, a);
        _holds(Calendar.monthOf(a) <= Calendar.monthOf(b), "order");
    }

    function testAMonthHasTheDaysUntilTheNextBegins(uint32 month) public pure {
        if (month % 3 == 0) month = 12 * (month / 3 % 400) + 1; // a February
        _same(Calendar.daysOf(month), PlainCalendar.daysOfMonth(1970 + month / 12, month % 12), "days");
    }
}
