// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HourlyLanes} from "../libraries/HourlyLanes.sol";
import {PlainHours} from "./PlainHours.sol";
import {Check} from "./Vm.sol";

contract HourlyLanesTest is Check {
    uint256 private constant MOST = 2 ** 31 - 1;

    /// @dev What a month of a few words gives.
    struct Sums {
        uint256 consumed;
        uint256 generated;
        uint256 matched;
        bool fits;
    }

    // --------------------------------------------------------------------------------------------------------- a vector
    function testTheSumIsThatOfAllHours(uint256 seed, uint8 words, uint8 kind) public view {
        uint256[] memory hours_ = _hours(seed, 8 * uint256(words % 94), 31);
        if (kind % 8 == 0) hours_ = _filled(8 * 93, MOST);
        (uint256 total, bool fits) = this.sum(PlainHours.encoded(hours_));
        _holds(fits, "fits");
        _same(total, PlainHours.sum(hours_), "sum");
    }

    function testAnHourOf31BitsOrMoreDoesNotFitWhereverItStands(uint256 seed, uint8 words, uint32 large) public view {
        uint256[] memory hours_ = _hours(seed, 8 * (1 + uint256(words % 93)), 31);
        uint256 at = seed % hours_.length;
        hours_[at] = large;
        (uint256 total, bool fits) = this.sum(PlainHours.encoded(hours_));
        _same(fits, large <= MOST, "fits");
        if (fits) _same(total, PlainHours.sum(hours_), "sum");
        (,,, fits) = this.matching(PlainHours.encoded(hours_), new bytes[](0));
        _same(fits, large <= MOST, "consumption fits");
        bytes[] memory vectors = new bytes[](1);
        vectors[0] = PlainHours.encoded(hours_);
        (,,, fits) = this.matching(PlainHours.encoded(_filled(hours_.length, 0)), vectors);
        _same(fits, large <= MOST, "generation fits");
    }

    // --------------------------------------------------------------------------------------------------------- matching
    function testMatchingIsThatOfThePlainTwin(uint256 seed, uint8 words, uint8 count, uint8 kind) public view {
        uint256 bits = kind % 4 == 0 ? 31 : 29; // with 31 bits two vectors together often do not fit
        uint256[] memory load = _hours(seed, 8 * (1 + uint256(words % 93)), 31);
        uint256[][] memory vectors = new uint256[][](count % 5);
        for (uint256 i = 0; i < vectors.length; ++i) {
            vectors[i] = _hours(uint256(keccak256(abi.encode(seed, "vector", i))), load.length, bits);
        }
        if (vectors.length == 1) _bringClose(load, vectors[0], seed);
        _requireMatching(load, vectors);
    }

    /// @dev Every lane, every pair of edges, between neighbours that are all zero or all full.
    function testEveryEdgeOfEveryLaneIsItsOwn() public view {
        uint256[6] memory edges = [uint256(0), 1, 2, 2 ** 30, MOST - 1, MOST];
        uint256[][] memory vectors = new uint256[][](1);
        for (uint256 kind = 0; kind < 4 * 8 * 36; ++kind) {
            uint256[] memory load = _filled(8, kind / 2 % 2 * MOST);
            vectors[0] = _filled(8, kind % 2 * MOST);
            (load[kind / 4 % 8], vectors[0][kind / 4 % 8]) = (edges[kind / 32 % 6], edges[kind / 192]);
            _requireMatching(load, vectors);
        }
    }

    /// @dev Two vectors whose sum in one hour is at the edge, between full neighbours: a carry is never unseen.
    function testTwoVectorsThatTogetherDoNotFitAreSeen(uint8 lane, uint32 first, uint32 second, bool full) public view {
        (first, second) = (first % 2 ** 31, second % 2 ** 31);
        uint256[][] memory vectors = new uint256[][](2);
        (vectors[0], vectors[1]) = (_filled(16, full ? MOST : 0), _filled(16, 0));
        (vectors[0][lane % 16], vectors[1][lane % 16]) = (first, second);
        _requireMatching(_filled(16, MOST), vectors);
    }

    // ------------------------------------------------------------------------------------------------------------ doors
    function sum(bytes calldata hours_) external pure returns (uint256, bool) {
        return HourlyLanes.sum(hours_);
    }

    function matching(bytes calldata consumption, bytes[] calldata vectors)
        external
        pure
        returns (uint256, uint256, uint256, bool)
    {
        uint256[] memory starts = new uint256[](vectors.length);
        for (uint256 i = 0; i < vectors.length; ++i) {
            bytes calldata vector = vectors[i];
            uint256 start;
            assembly ("memory-safe") {
                start := vector.offset
            }
            starts[i] = start;
        }
        return HourlyLanes.matching(consumption, starts);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _requireMatching(uint256[] memory load, uint256[][] memory vectors) private view {
        bytes[] memory data = new bytes[](vectors.length);
        uint256[] memory supply = _filled(load.length, 0);
        bool fits = PlainHours.fit(load);
        for (uint256 i = 0; i < vectors.length; ++i) {
            data[i] = PlainHours.encoded(vectors[i]);
            supply = PlainHours.plus(supply, vectors[i]);
            fits = fits && PlainHours.fit(vectors[i]) && PlainHours.fit(supply);
        }
        Sums memory sums;
        (sums.consumed, sums.generated, sums.matched, sums.fits) = this.matching(PlainHours.encoded(load), data);
        _same(sums.fits, fits, "fits");
        if (!fits) return;
        _same(sums.consumed, PlainHours.sum(load), "consumed");
        _same(sums.generated, PlainHours.sum(supply), "generated");
        _same(sums.matched, PlainHours.matched(load, supply), "matched");
    }

    /// @dev Equal, or one apart, in half of the hours.
    function _bringClose(uint256[] memory load, uint256[] memory supply, uint256 seed) private pure {
        for (uint256 i = 0; i < load.length; ++i) {
            uint256 kind = seed >> i % 250 & 7;
            if (kind < 4) supply[i] = load[i];
            if (kind == 0 && supply[i] > 0) --supply[i];
            if (kind == 1 && supply[i] < MOST) ++supply[i];
        }
    }

    function _hours(uint256 seed, uint256 count, uint256 bits) private pure returns (uint256[] memory hours_) {
        hours_ = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            hours_[i] = _edged(uint256(keccak256(abi.encode(seed, i))), bits);
        }
    }

    function _filled(uint256 count, uint256 hour) private pure returns (uint256[] memory hours_) {
        hours_ = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            hours_[i] = hour;
        }
    }
}
