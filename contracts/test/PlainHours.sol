// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title PlainHours
/// @notice Hours one by one: the twin of libraries/HourlyLanes.sol.
library PlainHours {
    uint256 internal constant MOST = 2 ** 31 - 1; // Wh in an hour

    /// @notice 4 bytes an hour, big-endian.
    function encoded(uint256[] memory hours_) internal pure returns (bytes memory data) {
        data = new bytes(4 * hours_.length + 32); // room for the last word
        for (uint256 i = 0; i < hours_.length; i += 8) {
            uint256 word = 0;
            for (uint256 j = i; j < i + 8; ++j) {
                word = word << 32 | (j < hours_.length ? hours_[j] : 0);
            }
            assembly ("memory-safe") {
                mstore(add(add(data, 32), mul(i, 4)), word)
            }
        }
        assembly ("memory-safe") {
            mstore(data, mul(mload(hours_), 4))
        }
    }

    function sum(uint256[] memory hours_) internal pure returns (uint256 total) {
        for (uint256 i = 0; i < hours_.length; ++i) {
            total += hours_[i];
        }
    }

    /// @notice Hour by hour the sum of two vectors.
    function plus(uint256[] memory a, uint256[] memory b) internal pure returns (uint256[] memory both) {
        both = new uint256[](a.length);
        for (uint256 i = 0; i < a.length; ++i) {
            both[i] = a[i] + b[i];
        }
    }

    /// @notice Of each hour the smaller of load and supply, in all.
    function matched(uint256[] memory load, uint256[] memory supply) internal pure returns (uint256 total) {
        for (uint256 i = 0; i < load.length; ++i) {
            total += load[i] < supply[i] ? load[i] : supply[i];
        }
    }

    function fit(uint256[] memory hours_) internal pure returns (bool) {
        for (uint256 i = 0; i < hours_.length; ++i) {
            if (hours_[i] > MOST) return false;
        }
        return true;
    }
}
