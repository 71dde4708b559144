// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title ContractAuditor
/// @notice An audit firm that signs by ERC-1271: what it approved before is signed.
contract ContractAuditor {
    mapping(bytes32 digest => bool) private _approved;

    function approve(bytes32 digest, bool approved) external {
        _approved[digest] = approved;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return _approved[digest] ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @title BrokenAuditor
/// @notice Answers every question with the same bytes, or reverts with them.
contract BrokenAuditor {
    bytes private _answer;
    bool private _reverts;

    constructor(bytes memory answer, bool reverts_) {
        (_answer, _reverts) = (answer, reverts_);
    }

    fallback(bytes calldata) external returns (bytes memory) {
        bytes memory answer = _answer;
        if (!_reverts) return answer;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}
