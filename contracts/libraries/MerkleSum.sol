// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title MerkleSum
/// @notice A Merkle tree whose every node also carries the sum of what is below it, so that the leaves of a proven root add
/// up to its total. Amounts are three lanes of 48 bits: energy Wh, location-based g << 48, market-based g << 96.
/// leaf = H(0 · tenant · amounts · salt), node = H(1 · left · its amounts · right · its amounts),
/// root = H(2 · account · version · depth · top · total), amounts as 18 bytes but in the root.
/// @dev A plain twin in contracts/test is fuzzed equal.
library MerkleSum {
    uint256 private constant LANE = 48;
    uint256 private constant LOWEST = 1 << 48 | 1 << 96 | 1 << 144;
    uint256 internal constant SIBLING = 50; // bytes: hash 32, amounts 18

    /// @notice The three amounts in one word; `fits` is false if one is 2^48 or more.
    function pack(uint256 energy, uint256 location, uint256 market) internal pure returns (uint256 amounts, bool fits) {
        return (energy | location << 48 | market << 96, (energy | location | market) >> LANE == 0);
    }

    function leaf(bytes32 tenant, uint256 amounts, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), tenant, uint144(amounts), salt));
    }

    function root(uint256 account, uint256 version, uint256 depth, bytes32 top, uint256 total)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(uint8(2), account, version, depth, top, total));
    }

    /// @notice Folds a leaf with its siblings, 50 bytes each from the leaf upwards, to the top of its tree. `sound` is false if
    /// the index is not below 2^depth, a sum leaves its lane or a sibling is cut short.
    function fold(bytes32 node, uint256 amounts, uint256 index, bytes calldata siblings)
        internal
        pure
        returns (bytes32 top, uint256 total, bool sound)
    {
        uint256 carried = 0;
        (top, total) = (node, amounts);
        assembly ("memory-safe") {
            let data := mload(0x40) // 1 · left record · right record
            mstore8(data, 1)
            let both := add(mul(data, 2), 52) // the places of the two records, added
            let end := add(siblings.offset, siblings.length)
            for { let at := siblings.offset } lt(at, end) { at := add(at, SIBLING) } {
                let own := add(add(data, 1), mul(SIBLING, and(index, 1)))
                mstore(own, top)
                mstore(add(own, 32), shl(112, total)) // its tail falls on the sibling's record, or behind both
                calldatacopy(sub(both, own), at, SIBLING)
                top := keccak256(data, 101)
                let sum := shr(112, calldataload(add(at, 32)))
                let next := add(total, sum)
                carried := or(carried, xor(xor(total, sum), next))
                total := next
                index := shr(1, index)
            }
        }
        sound = index == 0 && carried & LOWEST == 0 && siblings.length % SIBLING == 0;
    }
}
