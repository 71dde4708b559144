// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Roles
/// @notice Who may do what on the ledger and with emission factors; the default admin only grants and revokes these.
library Roles {
    bytes32 internal constant REGISTRAR = keccak256("REGISTRAR_ROLE"); // freezes sources
    bytes32 private constant AUDITOR = keccak256("AUDITOR_ROLE"); // of a market: audits, closes, restates, disallows
    bytes32 internal constant REC_ISSUER = keccak256("REC_ISSUER_ROLE"); // registers devices and issues their RECs
    bytes32 internal constant OFFSET_ISSUER = keccak256("OFFSET_ISSUER_ROLE"); // registers projects and issues their offsets
    bytes32 internal constant PUBLISHER = keccak256("PUBLISHER_ROLE"); // publishes emission factors

    /// @notice An auditor is accredited for one market zone: its facilities, and the factor datasets published for it.
    function auditor(bytes2 marketZone) internal pure returns (bytes32) {
        return Hashes.efficientKeccak256(AUDITOR, marketZone);
    }
}
