// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title PlainMerkleSum
/// @notice The Merkle-sum tree as one would explain it, the whole of it in memory: the twin of libraries/MerkleSum.sol.
library PlainMerkleSum {
    /// @notice A hash and the sums of the leaves below it.
    struct Node {
        bytes32 hash;
        uint256 energy;
        uint256 location;
        uint256 market;
    }

    function leaf(bytes32 tenant, uint256 energy, uint256 location, uint256 market, bytes32 salt)
        internal
        pure
        returns (Node memory)
    {
        bytes32 hash =
            keccak256(abi.encodePacked(uint8(0), tenant, uint48(market), uint48(location), uint48(energy), salt));
        return Node(hash, energy, location, market);
    }

    /// @notice A place without a leaf.
    function nothing() internal pure returns (Node memory) {
        return Node(0, 0, 0, 0);
    }

    function parent(Node memory left, Node memory right) internal pure returns (Node memory) {
        bytes32 hash = keccak256(abi.encodePacked(uint8(1), encoded(left), encoded(right)));
        return Node(hash, left.energy + right.energy, left.location + right.location, left.market + right.market);
    }

    /// @notice 50 bytes: hash, market-based, location-based, energy.
    function encoded(Node memory node) internal pure returns (bytes memory) {
        return abi.encodePacked(node.hash, uint48(node.market), uint48(node.location), uint48(node.energy));
    }

    function root(uint256 account, uint256 version, uint256 depth, Node memory top) internal pure returns (bytes32) {
        uint256 total = top.energy + top.location * 2 ** 48 + top.market * 2 ** 96;
        return keccak256(abi.encodePacked(uint8(2), account, version, depth, top.hash, total));
    }

    /// @notice The level above one, or the same if it is the top.
    function above(Node[] memory level) internal pure returns (Node[] memory higher) {
        if (level.length == 1) return level;
        higher = new Node[]((level.length + 1) / 2);
        for (uint256 i = 0; i < higher.length; ++i) {
            higher[i] = parent(level[2 * i], 2 * i + 1 < level.length ? level[2 * i + 1] : nothing());
        }
    }

    function depthOf(uint256 leaves) internal pure returns (uint8 depth) {
        while (2 ** uint256(depth) < leaves) ++depth;
    }

    function topOf(Node[] memory leaves) internal pure returns (Node memory) {
        while (leaves.length > 1) leaves = above(leaves);
        return leaves[0];
    }

    /// @notice The siblings of a leaf from the lowest upwards.
    function siblings(Node[] memory leaves, uint256 index) internal pure returns (bytes memory path) {
        for (; leaves.length > 1; index /= 2) {
            uint256 sibling = index % 2 == 0 ? index + 1 : index - 1;
            path = bytes.concat(path, encoded(sibling < leaves.length ? leaves[sibling] : nothing()));
            leaves = above(leaves);
        }
    }

    /// @notice A leaf folded with its siblings; not sound if the index is not below 2^depth, a sum needs more than 48 bits or
    /// a sibling is cut short.
    function fold(Node memory node, uint256 index, bytes calldata path)
        internal
        pure
        returns (Node memory, bool sound)
    {
        if (path.length % 50 != 0 || index >= 2 ** (path.length / 50)) {
            return (node, false);
        }
        for (uint256 at = 0; at < path.length; at += 50) {
            Node memory sibling = decoded(path[at:at + 50]);
            node = index % 2 == 0 ? parent(node, sibling) : parent(sibling, node);
            if (node.energy >= 2 ** 48 || node.location >= 2 ** 48 || node.market >= 2 ** 48) return (node, false);
            index /= 2;
        }
        return (node, true);
    }

    function decoded(bytes calldata sibling) internal pure returns (Node memory) {
        return Node(
            bytes32(sibling[:32]),
            uint48(bytes6(sibling[44:50])),
            uint48(bytes6(sibling[38:44])),
            uint48(bytes6(sibling[32:38]))
        );
    }
}
