// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Multisig
/// @notice The proposer of a timelock: a call is made as soon as two members asked for it.
contract Multisig {
    error NotMember(address caller);
    error AlreadyAsked(address caller);

    mapping(address account => bool) public isMember;
    mapping(bytes32 call => mapping(address member => bool)) private _asked;
    mapping(bytes32 call => uint256) private _count;

    constructor(address[] memory members) {
        for (uint256 i = 0; i < members.length; ++i) {
            isMember[members[i]] = true;
        }
    }

    /// @notice Asks for a call; the second member who does makes it.
    function ask(address target, bytes calldata data) external {
        if (!isMember[msg.sender]) revert NotMember(msg.sender);
        bytes32 call = keccak256(abi.encode(target, data));
        if (_asked[call][msg.sender]) revert AlreadyAsked(msg.sender);
        _asked[call][msg.sender] = true;
        if (++_count[call] != 2) return;
        (bool success, bytes memory output) = target.call(data);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(output, 32), mload(output))
        }
    }
}
