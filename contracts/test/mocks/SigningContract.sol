// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title SigningContract
/// @notice An account that is a contract, as a firm of auditors may have: what its member signs, it has signed (ERC-1271).
contract SigningContract is IERC1271 {
    address private immutable _member;

    constructor(address member) {
        _member = member;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecover(hash, signature);
        return signer == _member ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
