// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";

/// @title Messages
/// @notice The EIP-712 messages that auditors sign, written out: struct hashes, and the digest in a domain.
library Messages {
    string private constant STATEMENT =
        "Statement(uint256 facility,uint32 month,uint16 version,uint256 energy,uint256 scope1,uint256 scope2Location,uint256 scope2Residual,uint256 scope3,uint256 start,uint256 end,bytes32 meter,bytes32 release,bytes32 evidence)";

    function audit(ICarbonTokens.Statement[] memory statements, uint256 deadline) internal pure returns (bytes32) {
        bytes memory list = "";
        for (uint256 i = 0; i < statements.length; ++i) {
            list = bytes.concat(list, _hash(statements[i]));
        }
        bytes32 type_ = keccak256(bytes.concat("Audit(Statement[] statements,uint256 deadline)", bytes(STATEMENT)));
        return keccak256(abi.encode(type_, keccak256(list), deadline));
    }

    function restate(ICarbonTokens.Statement memory statement, uint256 deadline) internal pure returns (bytes32) {
        bytes32 type_ = keccak256(bytes.concat("Restate(Statement statement,uint256 deadline)", bytes(STATEMENT)));
        return keccak256(abi.encode(type_, _hash(statement), deadline));
    }

    function close(uint256 facility, uint32 month, uint32 version, uint256 deadline) internal pure returns (bytes32) {
        bytes32 type_ = keccak256("Close(uint256 facility,uint32 month,uint32 version,uint256 deadline)");
        return keccak256(abi.encode(type_, facility, month, version, deadline));
    }

    function disallow(
        uint256 facility,
        uint32 month,
        uint16 version,
        uint256 id,
        uint256 amount,
        bytes32 evidence,
        uint256 deadline
    ) internal pure returns (bytes32) {
        bytes32 type_ = keccak256(
            "Disallow(uint256 facility,uint32 month,uint16 version,uint256 id,uint256 amount,bytes32 evidence,uint256 deadline)"
        );
        return keccak256(abi.encode(type_, facility, month, version, id, amount, evidence, deadline));
    }

    /// @param matching the contract that the match is for
    function matched(
        address matching,
        uint256 facility,
        uint32 month,
        uint16 version,
        bytes memory consumption,
        uint256 deadline
    ) internal pure returns (bytes32) {
        bytes32 type_ = keccak256(
            "Match(address matching,uint256 facility,uint32 month,uint16 version,bytes32 consumption,uint256 deadline)"
        );
        return keccak256(abi.encode(type_, matching, facility, month, version, keccak256(consumption), deadline));
    }

    /// @notice What is signed, for a contract on this chain.
    function digest(bytes32 structHash, address verifier) internal view returns (bytes32) {
        return digest(structHash, "carbon-tokens auditors", "1", block.chainid, verifier);
    }

    function digest(bytes32 structHash, string memory name, string memory version, uint256 chain, address verifier)
        internal
        pure
        returns (bytes32)
    {
        bytes32 type_ = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain =
            keccak256(abi.encode(type_, keccak256(bytes(name)), keccak256(bytes(version)), chain, verifier));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _hash(ICarbonTokens.Statement memory statement) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(STATEMENT)), statement));
    }
}
