// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title TokenId
/// @notice Token ids are content, and their top byte is their class: what a token is can be read from its id alone.
library TokenId {
    uint8 internal constant AUDITED = 1; // audited emissions of a facility-month, g: a liability, soulbound
    uint8 internal constant REC = 2; // renewable energy certificates, Wh
    uint8 internal constant OFFSET = 3; // offsets, g
    uint8 internal constant ALLOCATED = 4; // shares of other accounts claimed into a facility-month, g: scope 3, soulbound
    uint256 private constant CLASS_SHIFT = 248;
    uint256 private constant BODY = (1 << CLASS_SHIFT) - 1;

    /// @notice class of a token
    function classOf(uint256 id) internal pure returns (uint8) {
        return uint8(id >> CLASS_SHIFT);
    }

    /// @notice facility: hash of owner and metadata, cut to the 216 bits that stand in the id of its audited emissions
    function facility(address owner, bytes32 metadata) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(owner, metadata))) >> 40;
    }

    /// @notice audited emissions: class, facility (216 bits), month (32 bits)
    function audited(uint256 facility_, uint32 month) internal pure returns (uint256) {
        return uint256(AUDITED) << CLASS_SHIFT | facility_ << 32 | month;
    }

    /// @notice shares claimed into an account: class, facility, month as in the id of its audited emissions
    function allocated(uint256 facility_, uint32 month) internal pure returns (uint256) {
        return uint256(ALLOCATED) << CLASS_SHIFT | facility_ << 32 | month;
    }

    /// @notice id of the audited emissions of the account that a token of audited or allocated emissions belongs to
    function accountOf(uint256 id) internal pure returns (uint256) {
        return uint256(AUDITED) << CLASS_SHIFT | id & BODY;
    }

    /// @notice audited and allocated emissions are liabilities: soulbound, read from the account
    function isLiability(uint256 id) internal pure returns (bool) {
        uint8 class = classOf(id);
        return class == AUDITED || class == ALLOCATED;
    }

    /// @notice facility of a token of audited or allocated emissions
    function facilityOf(uint256 id) internal pure returns (uint256) {
        return (id & BODY) >> 32;
    }

    /// @notice batch of RECs or offsets: class, hash of the registry's document
    function batch(uint8 class, bytes12 registry, bytes32 evidence) internal pure returns (uint256) {
        return uint256(class) << CLASS_SHIFT | (uint256(Hashes.efficientKeccak256(registry, evidence)) & BODY);
    }
}
