// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "./ICarbonTokens.sol";

/// @title IAuditors
/// @notice Audits by signature: auditors sign EIP-712 messages off chain, anyone submits them. A facility can have a panel;
/// then only k of its n auditors together audit, close, restate and disallow. Contracts sign by ERC-1271.
/// @dev A signature counts once: each message names the account version that it creates or was made for. Who signs another
/// message for the same version revokes the first. Quorums count accounts: a firm's contract and its member's key are two.
/// An account with code signs by ERC-1271 only, also when the code is a delegation (EIP-7702).
interface IAuditors {
    /// @notice One auditor's signature of a message.
    struct Signature {
        address auditor;
        bytes signature; // 65 bytes of an account, anything of an ERC-1271 contract
    }

    /// @notice k of n: who audits a facility.
    struct Panel {
        uint8 quorum; // k; zero: no panel, any one auditor of the facility's market
        address[] members; // n auditors, ascending
    }

    /// @notice A facility's panel from now on; quorum zero: none.
    event PanelSet(uint256 indexed facility, uint8 quorum, address[] members);
    /// @notice These auditors signed what the ledger records in the same transaction.
    event Attested(uint256 indexed facility, uint32 indexed month, bytes32 indexed digest, address[] auditors);
    /// @notice The auditor's signature of this message counts no more.
    event Revoked(address indexed auditor, bytes32 indexed digest);

    /// @notice The ledger was deployed for another Auditors contract.
    error LedgerOfOthers(address auditors);
    error DeadlinePassed(uint256 deadline);
    error SignatureInvalid(address auditor);
    error SignatureRevoked(address auditor);
    /// @notice Signatures stand in ascending order of their auditors, each once.
    error SignaturesUnordered(address previous, address auditor);
    /// @notice Fewer valid signatures of auditors who may audit this facility than it needs.
    error QuorumMissing(uint256 facility, uint256 valid, uint256 quorum);
    /// @notice A panel has members in ascending order and a quorum of 1 to their number; at most 32.
    error PanelInvalid(uint256 quorum, uint256 members);
    /// @notice Not an auditor of the facility's market, or its owner.
    error MemberNotAuditor(address member);
    /// @notice Only a registrar of the ledger.
    error NotRegistrar(address caller);
    /// @notice Nothing to audit.
    error NoStatements();

    /// @notice Sets or (quorum zero, no members) dissolves a facility's panel. Only a registrar: an owner could shield itself
    /// from the auditors whom it fears. Members whose accreditation ends do not count any more.
    function setPanel(uint256 facility, uint8 quorum, address[] calldata members) external;

    /// @notice Audits under one message: all of them are recorded, or none.
    function audit(ICarbonTokens.Statement[] calldata statements, uint256 deadline, Signature[] calldata signatures)
        external;

    /// @notice `ICarbonTokens.restate` by signature.
    function restate(ICarbonTokens.Statement calldata statement, uint256 deadline, Signature[] calldata signatures)
        external;

    /// @notice `ICarbonTokens.close` by signature.
    function close(uint256 facility, uint32 month, uint32 version, uint256 deadline, Signature[] calldata signatures)
        external;

    /// @notice `ICarbonTokens.disallow` by signature.
    function disallow(
        uint256 facility,
        uint32 month,
        uint16 version,
        uint256 id,
        uint256 amount,
        bytes32 evidence,
        uint256 deadline,
        Signature[] calldata signatures
    ) external;

    /// @notice Takes back the caller's signature of a message that was not submitted yet.
    function revoke(bytes32 digest) external;

    /// @notice For rules of their own: reverts unless enough auditors of the facility signed the EIP-712 message of this
    /// struct hash in this contract's domain. The struct must itself name facility, deadline and the asking contract.
    /// @return digest what was signed
    /// @return auditors the signers who count
    function requireSigned(uint256 facility, bytes32 structHash, uint256 deadline, Signature[] calldata signatures)
        external
        view
        returns (bytes32 digest, address[] memory auditors);

    /// @notice For rules of their own: whether `auditor` alone may audit the facility.
    function mayAudit(uint256 facility, address auditor) external view returns (bool);

    /// @notice A facility's panel.
    function panelOf(uint256 facility) external view returns (Panel memory);

    /// @notice Whether an auditor took back the signature of a message.
    function isRevoked(address auditor, bytes32 digest) external view returns (bool);

    /// @notice The role of the ledger that an auditor of a market zone holds.
    function auditorRole(bytes2 marketZone) external pure returns (bytes32);
}
