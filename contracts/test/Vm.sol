// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Vm
/// @notice What the tests use of forge's cheat codes.
interface Vm {
    function prank(address caller) external;
    function expectRevert(bytes calldata reason) external;
    function expectPartialRevert(bytes4 reason) external;
    function expectEmit(address emitter) external;
    function assume(bool condition) external pure;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function load(address target, bytes32 slot) external view returns (bytes32);
    function store(address target, bytes32 slot, bytes32 value) external;
    function warp(uint256 time) external;
    function chainId(uint256 id) external;
    function getNonce(address account) external view returns (uint64);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
}

/// @title Check
/// @notice Assertions: a test fails by reverting with what differs.
abstract contract Check {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bool public constant IS_TEST = true;

    error Unequal(string what, uint256 actual, uint256 expected);
    error Untrue(string what);

    function _same(uint256 actual, uint256 expected, string memory what) internal pure {
        require(actual == expected, Unequal(what, actual, expected));
    }

    function _same(bytes32 actual, bytes32 expected, string memory what) internal pure {
        _same(uint256(actual), uint256(expected), what);
    }

    function _same(address actual, address expected, string memory what) internal pure {
        _same(uint160(actual), uint160(expected), what);
    }

    function _same(bool actual, bool expected, string memory what) internal pure {
        _same(actual ? 1 : 0, expected ? 1 : 0, what);
    }

    function _holds(bool condition, string memory what) internal pure {
        require(condition, Untrue(what));
    }

    /// @dev An amount below 2^bits, often at an edge, where carries and rounding go wrong.
    function _edged(uint256 seed, uint256 bits) internal pure returns (uint256) {
        uint256 top = (1 << bits) - 1;
        uint256 kind = seed % 8;
        seed >>= 3;
        if (kind == 0) return 0;
        if (kind == 1) return top;
        if (kind == 2) return top - seed % 4;
        if (kind == 3) return seed % 4;
        if (kind == 4) return 1 << (seed % bits);
        return seed & top >> (seed >> 240) % bits;
    }
}
