// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title HourlyLanes
/// @notice Hours in words: eight lanes of 32 bits, Wh, the earlier hour in the higher lane. The top bit of a lane stays
/// free (an hour is below 2^31 Wh = 2.1 GWh), which makes sums and minima of eight hours one operation.
/// @dev Plain twins in contracts/test, hour by hour, are fuzzed equal.
library HourlyLanes {
    uint256 private constant HIGH = 0x8000000080000000800000008000000080000000800000008000000080000000;
    uint256 private constant EVEN = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;

    /// @notice The sum of all hours, a multiple of eight; `fits` is false if one is 2^31 or more.
    function sum(bytes calldata hours_) internal pure returns (uint256 total, bool fits) {
        (uint256 sums, uint256 all, uint256 even) = (0, 0, EVEN);
        assembly ("memory-safe") {
            let end := add(hours_.offset, hours_.length)
            for { let at := hours_.offset } lt(at, end) { at := add(at, 32) } {
                let word := calldataload(at)
                all := or(all, word)
                sums := add(sums, add(and(word, even), and(shr(32, word), even)))
            }
        }
        return (_total(sums), all & HIGH == 0);
    }

    /// @notice Hour by hour: what is consumed, what all vectors generate together, and the smaller of the two, summed; `fits`
    /// is false if an hour of a vector, or of all together, is 2^31 or more.
    /// @param starts where each vector stands in the calldata; as long as the consumption
    function matching(bytes calldata consumption, uint256[] memory starts)
        internal
        pure
        returns (uint256 consumed, uint256 generated, uint256 matched, bool fits)
    {
        (uint256 all, uint256 even, uint256 high) = (0, EVEN, HIGH); // on the stack: the optimizer would fetch the constant from code each time
        assembly ("memory-safe") {
            let last := add(starts, mul(mload(starts), 32))
            for { let at := 0 } lt(at, consumption.length) { at := add(at, 32) } {
                let load := calldataload(add(consumption.offset, at))
                all := or(all, load)
                consumed := add(consumed, add(and(load, even), and(shr(32, load), even)))
                let supply := 0
                for { let vector := starts } lt(vector, last) {} {
                    vector := add(vector, 32)
                    let word := calldataload(add(mload(vector), at))
                    supply := add(supply, word) // carries into no other lane unless `all` shows it
                    all := or(all, or(word, supply))
                }
                generated := add(generated, add(and(supply, even), and(shr(32, supply), even)))
                let mask := and(sub(or(load, high), supply), high) // the top bit of the lanes with load >= supply
                mask := or(mask, sub(mask, shr(31, mask))) // all bits of those lanes
                supply := or(and(supply, mask), and(load, not(mask)))
                matched := add(matched, add(and(supply, even), and(shr(32, supply), even)))
            }
        }
        return (_total(consumed), _total(generated), _total(matched), all & HIGH == 0);
    }

    /// @dev Adds four lanes of 64 bits.
    function _total(uint256 sums) private pure returns (uint256) {
        unchecked {
            return uint256(uint64(sums)) + uint64(sums >> 64) + uint64(sums >> 128) + (sums >> 192);
        }
    }
}
