// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {PlainCalendar} from "./PlainCalendar.sol";
import {World} from "./World.sol";

contract CarbonTokensTest is World {
    uint256 private constant MAX = 2 ** 48 - 1;
    address[4] private _people = [HOLDER, BUYER, OWNER, STRANGER];
    mapping(address => uint256) private _balances; // plain twin of one batch

    struct Range {
        uint256 from;
        uint256 thru;
    }

    Range[] private _ranges;

    function setUp() public {
        _deploy();
    }

    // ----------------------------------------------------------------------------------------------------- conservation
    function testEveryBalanceIsThatOfAPlainMappingWhoeverHeldFirst(uint256 amount, uint256[16] memory moves) public {
        amount = _edged(amount, 48);
        if (amount == 0) amount = 1;
        uint256 id = _issue(recSource, HOLDER, amount);
        _balances[HOLDER] = amount;
        uint256 retired = 0;
        for (uint256 i = 0; i < moves.length; ++i) {
            retired += _moveBoth(id, moves[i]);
            _requireBalances(id, amount - retired);
        }
        _same(ledger.accountOf(facility, MONTH).recs, retired, "retired");
    }

    function testADocumentIsIssuedOnce(uint256 amount, bool again) public {
        ICarbonTokens.Batch memory batch = _batch(recSource, _edged(amount, 48) | 1);
        uint256 id = _issue(recSource, HOLDER, batch);
        (batch.serialFrom, batch.serialThru) = (batch.serialThru + 1, 2 * batch.serialThru + 1);
        uint24 source = again ? recSource : _source(TokenId.REC, "other", ZONE); // of the same registry
        vm.prank(REC_ISSUER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.BatchExists.selector, id));
        ledger.issue(source, HOLDER, batch);
        _retire(HOLDER, id, batch.amount);
        vm.prank(REC_ISSUER); // not even after all of it was retired
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.BatchExists.selector, id));
        ledger.issue(source, BUYER, batch);
    }

    function testBatchesIssuedAtOnceAreThoseIssuedOneByOne(uint256[5] memory amounts) public {
        uint24 twin = _source(TokenId.REC, "twin", ZONE);
        ICarbonTokens.Batch[] memory batches = new ICarbonTokens.Batch[](amounts.length);
        uint256 next = 7;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = 1 + _edged(amounts[i], 47);
            batches[i] = ICarbonTokens.Batch(_document(), amount, next, next + amount / 1e6, JANUARY, FEBRUARY);
            next += amount / 1e6 + 1;
        }
        vm.prank(REC_ISSUER);
        ledger.issueBatch(recSource, HOLDER, batches);
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 many = TokenId.batch(TokenId.REC, "registry", batches[i].evidence);
            batches[i].evidence = _document();
            _requireTwinBatches(many, _issue(twin, HOLDER, batches[i]));
        }
        (,,,,, uint256 nextOfMany,) = ledger.sourceOf(recSource);
        (,,,,, uint256 nextOfOne,) = ledger.sourceOf(twin);
        _same(nextOfMany, nextOfOne, "next serial");
    }

    function testRetiringAtOnceIsRetiringOneByOne(uint256[4] memory amounts, uint8 split) public {
        uint256[] memory ids = new uint256[](amounts.length);
        uint256[] memory values = new uint256[](amounts.length);
        uint256 other = _facility(OWNER, ZONE, "twin");
        for (uint256 i = 0; i < amounts.length; ++i) {
            values[i] = 1 + _edged(amounts[i], 46);
            ids[i] = _issue(i < split % 5 ? recSource : offsetSource, HOLDER, 2 * values[i]);
            ICarbonTokens.Retirement memory alone = _retirement(other, MONTH);
            vm.prank(HOLDER);
            ledger.retire(ids[i], values[i], alone);
        }
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(HOLDER);
        ledger.retireBatch(ids, values, retirement);
        (, uint256 cover) = ledger.slotsOfAccount(TokenId.audited(facility, MONTH));
        (, uint256 twin) = ledger.slotsOfAccount(TokenId.audited(other, MONTH));
        _same(cover, twin, "cover");
        for (uint256 i = 0; i < amounts.length; ++i) {
            _same(ledger.balanceOf(HOLDER, ids[i]), 0, "left");
        }
    }

    // ---------------------------------------------------------------------------------------------------------- serials
    function testSerialRangesOfASourceNeverOverlap(uint256[10] memory seeds) public {
        uint256 next = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            ICarbonTokens.Batch memory batch = _oddBatch(seeds[i], next);
            bool valid = batch.serialFrom >= next && batch.serialThru >= batch.serialFrom
                && batch.serialThru < type(uint64).max
                && (batch.amount - 1) / 1_000_000 <= batch.serialThru - batch.serialFrom;
            vm.prank(REC_ISSUER);
            try ledger.issue(recSource, HOLDER, batch) {
                _holds(valid, "an invalid range was accepted");
                _requireDisjoint(batch.serialFrom, batch.serialThru);
                next = batch.serialThru + 1;
            } catch {
                _holds(!valid, "a valid range was refused");
            }
        }
    }

    // ----------------------------------------------------------------------------------------------------------- meters
    function testAMeterNeverCountsAPeriodTwice(uint256[12] memory seeds) public {
        uint256 until = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
            (statement.start, statement.end) = _oddPeriod(seeds[i], until);
            bool valid = statement.start < statement.end && statement.start >= JANUARY && statement.end <= FEBRUARY
                && statement.start >= until;
            vm.prank(auditor);
            try ledger.audit(statement) {
                _holds(valid, "an invalid period was accepted");
                _requireDisjoint(statement.start, statement.end - 1);
                until = statement.end;
            } catch {
                _holds(!valid, "a valid period was refused");
            }
            _same(ledger.meterAuditedUntil("meter"), until, "cursor");
        }
        _same(ledger.accountOf(facility, MONTH).energy, _ranges.length, "each reading counts once");
    }

    function testAReadingLiesWithinItsMonth(uint40 start, uint32 length, uint32 month, uint8 kind) public {
        uint256 end = uint256(start) + length % 40 days + 1;
        vm.assume(end <= type(uint40).max);
        if (kind % 4 != 0) month = uint32(PlainCalendar.monthOf(start));
        bool within = PlainCalendar.monthOf(start) == month && PlainCalendar.monthOf(end - 1) == month;
        vm.warp(type(uint40).max);
        ICarbonTokens.Statement memory statement = _statement(facility, month);
        (statement.energy, statement.meter, statement.start, statement.end) = (1, "meter", start, end);
        vm.prank(auditor);
        try ledger.audit(statement) {
            _holds(within, "a reading outside its month was accepted");
        } catch (bytes memory reason) {
            _holds(!within, "a reading within its month was refused");
            _same(bytes4(reason), ICarbonTokens.PeriodOutsideMonth.selector, "reason");
        }
    }

    // ---------------------------------------------------------------------------------------------------------- scope 2
    function testScope2IsEnergyTimesFactorRoundedUp(uint48 energy, uint32 rate, uint32 residualRate, uint8 slip)
        public
    {
        vm.assume(energy != 0);
        bytes32 release = _publish("other", rate, residualRate);
        (uint256 location, uint256 residual) = (_plainEmissions(energy, rate), _plainEmissions(energy, residualRate));
        vm.assume(location <= MAX && residual <= MAX);
        ICarbonTokens.Statement memory statement = _reading(energy, location, residual);
        statement.release = release;
        if (slip % 4 == 0) ++statement.scope2Location;
        if (slip % 4 == 1) ++statement.scope2Residual;
        if (slip % 4 == 2 && location > 0) --statement.scope2Location;
        bool exact = statement.scope2Location == location && statement.scope2Residual == residual;
        vm.prank(auditor);
        if (!exact) {
            vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.Scope2Mismatch.selector, location, residual));
        }
        ledger.audit(statement);
        if (exact) _same(ledger.accountOf(facility, MONTH).scope2Location, location, "scope 2");
    }

    function testARestatementReplacesTheTotalsAndFollowsTheSameFactor(uint48 energy, uint48 scope1, bool closed)
        public
    {
        _audit(_reading(5_000_000, 1_000_000, 2_000_000));
        if (closed) _close(facility, MONTH);
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.energy = energy >> 8;
        (statement.scope1, statement.release) = (scope1, RELEASE);
        statement.scope2Location = _plainEmissions(statement.energy, LOCATION_RATE);
        statement.scope2Residual = _plainEmissions(statement.energy, RESIDUAL_RATE);
        _restate(statement);
        ICarbonTokens.Account memory account = ledger.accountOf(facility, MONTH);
        _same(account.energy, statement.energy, "energy");
        _same(account.scope1, scope1, "scope 1");
        _same(account.scope2Residual, statement.scope2Residual, "residual");
        _same(account.version, 2, "version");
        _same(account.closed, closed, "closed");
        uint256 gross = scope1 + statement.scope2Location;
        _same(ledger.balanceOf(OWNER, TokenId.audited(facility, MONTH)), gross, "audited emissions");
    }

    // --------------------------------------------------------------------------------------------------------- vintages
    function testARecCoversMonthsOfTheYearsOfItsVintage(uint32 start, uint32 length, uint32 month) public {
        _requireVintageRule(TokenId.REC, recSource, start, length, month);
    }

    function testAnOffsetCoversMonthsFromTheStartOfItsVintageOn(uint32 start, uint32 length, uint32 month) public {
        _requireVintageRule(TokenId.OFFSET, offsetSource, start, length, month);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev One transfer or retirement on the ledger and on the plain twin; what was retired.
    function _moveBoth(uint256 id, uint256 seed) private returns (uint256 retired) {
        (address from, address to) = (_people[seed % 4], _people[(seed >> 8) % 4]);
        uint256 amount = (seed >> 16) % 3 == 0 ? _balances[from] : (seed >> 24) % (_balances[from] + 2);
        bool enough = amount <= _balances[from];
        if ((seed >> 12) % 4 == 0) {
            ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
            vm.prank(from);
            try ledger.retire(id, amount, retirement) {
                _holds(enough && amount != 0, "a retirement went through");
                _balances[from] -= amount;
                return amount;
            } catch {
                _holds(!enough || amount == 0, "a retirement was refused");
            }
        } else {
            vm.prank(from);
            try ledger.safeTransferFrom(from, to, id, amount, "") {
                _holds(enough, "a transfer went through");
                (_balances[from], _balances[to]) = (_balances[from] - amount, _balances[to] + (from == to ? 0 : amount));
                if (from == to) _balances[from] += amount;
            } catch {
                _holds(!enough, "a transfer was refused");
            }
        }
    }

    function _requireBalances(uint256 id, uint256 total) private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < 4; ++i) {
            _same(ledger.balanceOf(_people[i], id), _balances[_people[i]], "balance");
            sum += _balances[_people[i]];
        }
        _same(sum, total, "issued = held + retired");
        (address holder, uint256 amount,,,) = ledger.batchOf(id);
        _same(holder, HOLDER, "the first holder stays");
        _same(amount, _balances[HOLDER], "what the first holder still holds");
    }

    function _requireTwinBatches(uint256 a, uint256 b) private view {
        (address holder, uint256 amount,, uint256 start, uint256 months) = ledger.batchOf(a);
        (address holderB, uint256 amountB,, uint256 startB, uint256 monthsB) = ledger.batchOf(b);
        _same(holder, holderB, "holder");
        _same(amount, amountB, "amount");
        _same(start, startB, "first month");
        _same(months, monthsB, "months");
    }

    /// @dev Ranges that touch, overlap, precede, end before they start, or exceed 64 bits.
    function _oddBatch(uint256 seed, uint256 next) private returns (ICarbonTokens.Batch memory) {
        uint256 from = next + seed % 3;
        if (seed % 5 == 0) from = (seed >> 8) % (next + 1);
        uint256 thru = from + (seed >> 16) % 50;
        if (seed % 7 == 0 && from > 0) thru = from - 1;
        if (seed % 31 == 0) thru = type(uint64).max - (seed >> 32) % 2;
        uint256 amount = 1 + (seed >> 64) % ((seed >> 128) % 4 == 0 ? 100_000_000 : 1_000_000);
        return ICarbonTokens.Batch(_document(), amount, from, thru, JANUARY, FEBRUARY);
    }

    /// @dev Periods that touch, leave a gap, overlap, precede, are empty, reversed or leave the month.
    function _oddPeriod(uint256 seed, uint256 until) private pure returns (uint256 start, uint256 end) {
        if (until == 0) until = JANUARY;
        start = until + (seed % 2) * ((seed >> 8) % 1 days);
        if (seed % 5 == 0) start = JANUARY - 10 + (seed >> 8) % (until - JANUARY + 11);
        end = start + 1 + (seed >> 64) % 6 days;
        if (seed % 7 == 0) end = start - (seed >> 64) % 2;
        if (seed % 11 == 0) end = FEBRUARY + (seed >> 64) % 2;
    }

    function _requireDisjoint(uint256 from, uint256 thru) private {
        for (uint256 i = 0; i < _ranges.length; ++i) {
            _holds(thru < _ranges[i].from || from > _ranges[i].thru, "overlap");
        }
        _ranges.push(Range(from, thru));
    }

    function _requireVintageRule(uint8 class, uint24 source, uint256 start, uint256 length, uint32 month) private {
        vm.warp(2 ** 34); // all of these vintages are over
        ICarbonTokens.Batch memory batch = _batch(source, 10);
        (batch.vintageStart, batch.vintageEnd) = (start, start + 1 + length % 900 days);
        (uint256 first, uint256 last) = (PlainCalendar.monthOf(start), PlainCalendar.monthOf(batch.vintageEnd - 1));
        month = month % 5 == 0 ? month : uint32(first + month % 60 - (first > 30 ? 30 : first));
        uint256 id = _issue(source, HOLDER, batch);
        bool fits = _plainFits(class, first, last, month);
        ICarbonTokens.Retirement memory retirement = _retirement(facility, month);
        vm.prank(HOLDER);
        if (!fits) vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.VintageMismatch.selector, id, month));
        ledger.retire(id, 10, retirement);
    }
}
