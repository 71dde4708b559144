// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IAuditors} from "./interfaces/IAuditors.sol";
import {ICarbonTokens} from "./interfaces/ICarbonTokens.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title Auditors: see IAuditors
contract Auditors is IAuditors, EIP712 {
    string private constant STATEMENT =
        "Statement(uint256 facility,uint32 month,uint16 version,uint256 energy,uint256 scope1,uint256 scope2Location,uint256 scope2Residual,uint256 scope3,uint256 start,uint256 end,bytes32 meter,bytes32 release,bytes32 evidence)";
    bytes32 private constant STATEMENT_TYPE = keccak256(bytes(STATEMENT));
    bytes32 private constant AUDIT_TYPE =
        keccak256(abi.encodePacked("Audit(Statement[] statements,uint256 deadline)", STATEMENT));
    bytes32 private constant RESTATE_TYPE =
        keccak256(abi.encodePacked("Restate(Statement statement,uint256 deadline)", STATEMENT));
    bytes32 private constant CLOSE_TYPE =
        keccak256("Close(uint256 facility,uint32 month,uint32 version,uint256 deadline)");
    bytes32 private constant DISALLOW_TYPE = keccak256(
        "Disallow(uint256 facility,uint32 month,uint16 version,uint256 id,uint256 amount,bytes32 evidence,uint256 deadline)"
    );
    uint256 private constant MOST_MEMBERS = 32;

    ICarbonTokens public immutable ledger;

    mapping(uint256 facility => Panel) private _panels;
    mapping(address auditor => mapping(bytes32 digest => bool)) private _revoked;

    /// @param ledger_ the ledger that was deployed for this contract
    constructor(ICarbonTokens ledger_) EIP712("carbon-tokens auditors", "1") {
        if (ledger_.auditors() != address(this)) revert LedgerOfOthers(ledger_.auditors());
        ledger = ledger_;
    }

    /// @inheritdoc IAuditors
    function setPanel(uint256 facility, uint8 quorum, address[] calldata members) external {
        if (!_hasRole(Roles.REGISTRAR, msg.sender)) revert NotRegistrar(msg.sender);
        if (quorum > members.length || members.length > MOST_MEMBERS || (quorum == 0 && members.length != 0)) {
            revert PanelInvalid(quorum, members.length);
        }
        (address owner, bytes2 zone,,) = ledger.facilityOf(facility);
        address previous = address(0);
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i] <= previous) revert PanelInvalid(quorum, members.length);
            previous = members[i];
            if (!_isAuditor(previous, owner, zone)) revert MemberNotAuditor(previous);
        }
        _panels[facility] = Panel(quorum, members);
        ledger.requirePanel(facility, quorum != 0);
        emit PanelSet(facility, quorum, members);
    }

    /// @inheritdoc IAuditors
    function audit(ICarbonTokens.Statement[] calldata statements, uint256 deadline, Signature[] calldata signatures)
        external
    {
        if (statements.length == 0) revert NoStatements();
        bytes32[] memory hashes = new bytes32[](statements.length);
        for (uint256 i = 0; i < statements.length; ++i) {
            hashes[i] = _hash(statements[i]);
        }
        bytes32 digest = _signed(
            keccak256(abi.encode(AUDIT_TYPE, keccak256(abi.encodePacked(hashes)), deadline)), deadline, signatures
        );
        for (uint256 i = 0; i < statements.length; ++i) {
            _attest(statements[i].facility, statements[i].month, digest, signatures);
            ledger.audit(statements[i]);
        }
    }

    /// @inheritdoc IAuditors
    function restate(ICarbonTokens.Statement calldata statement, uint256 deadline, Signature[] calldata signatures)
        external
    {
        bytes32 digest = _signed(keccak256(abi.encode(RESTATE_TYPE, _hash(statement), deadline)), deadline, signatures);
        _attest(statement.facility, statement.month, digest, signatures);
        ledger.restate(statement);
    }

    /// @inheritdoc IAuditors
    function close(uint256 facility, uint32 month, uint32 version, uint256 deadline, Signature[] calldata signatures)
        external
    {
        bytes32 digest =
            _signed(keccak256(abi.encode(CLOSE_TYPE, facility, month, version, deadline)), deadline, signatures);
        _attest(facility, month, digest, signatures);
        ledger.close(facility, month, version);
    }

    /// @inheritdoc IAuditors
    function disallow(
        uint256 facility,
        uint32 month,
        uint16 version,
        uint256 id,
        uint256 amount,
        bytes32 evidence,
        uint256 deadline,
        Signature[] calldata signatures
    ) external {
        bytes32 structHash = keccak256(
            abi.encode(DISALLOW_TYPE, facility, month, version, id, amount, evidence, deadline)
        );
        _attest(facility, month, _signed(structHash, deadline, signatures), signatures);
        ledger.disallow(facility, month, version, id, amount, evidence);
    }

    /// @inheritdoc IAuditors
    function revoke(bytes32 digest) external {
        _revoked[msg.sender][digest] = true;
        emit Revoked(msg.sender, digest);
    }

    /// @inheritdoc IAuditors
    function requireSigned(uint256 facility, bytes32 structHash, uint256 deadline, Signature[] calldata signatures)
        external
        view
        returns (bytes32 digest, address[] memory auditors)
    {
        digest = _signed(structHash, deadline, signatures);
        auditors = _requireQuorum(facility, signatures);
    }

    /// @inheritdoc IAuditors
    function mayAudit(uint256 facility, address auditor) external view returns (bool) {
        (address owner, bytes2 zone,, bool panelled) = ledger.facilityOf(facility);
        return !panelled && _isAuditor(auditor, owner, zone);
    }

    /// @inheritdoc IAuditors
    function panelOf(uint256 facility) external view returns (Panel memory) {
        return _panels[facility];
    }

    /// @inheritdoc IAuditors
    function isRevoked(address auditor, bytes32 digest) external view returns (bool) {
        return _revoked[auditor][digest];
    }

    /// @inheritdoc IAuditors
    function auditorRole(bytes2 marketZone) external pure returns (bytes32) {
        return Roles.auditor(marketZone);
    }

    /// @dev Checks every signature of a message and returns its digest. Ascending order makes the auditors distinct.
    function _signed(bytes32 structHash, uint256 deadline, Signature[] calldata signatures)
        private
        view
        returns (bytes32 digest)
    {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        digest = _hashTypedDataV4(structHash);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address auditor = signatures[i].auditor;
            if (auditor <= previous) revert SignaturesUnordered(previous, auditor);
            previous = auditor;
            if (_revoked[auditor][digest]) revert SignatureRevoked(auditor);
            if (!SignatureChecker.isValidSignatureNow(auditor, digest, signatures[i].signature)) {
                revert SignatureInvalid(auditor);
            }
        }
    }

    function _attest(uint256 facility, uint32 month, bytes32 digest, Signature[] calldata signatures) private {
        emit Attested(facility, month, digest, _requireQuorum(facility, signatures));
    }

    /// @dev The auditors among the signers who may audit this facility; at least its quorum.
    function _requireQuorum(uint256 facility, Signature[] calldata signatures)
        private
        view
        returns (address[] memory auditors)
    {
        (address owner, bytes2 zone,, bool panelled) = ledger.facilityOf(facility);
        Panel storage panel = _panels[facility];
        auditors = new address[](signatures.length);
        uint256 valid = 0;
        for (uint256 i = 0; i < signatures.length; ++i) {
            address auditor = signatures[i].auditor;
            if (panelled && !_isMember(panel, auditor)) continue;
            if (_isAuditor(auditor, owner, zone)) auditors[valid++] = auditor;
        }
        uint256 quorum = panelled ? panel.quorum : 1;
        if (valid < quorum) revert QuorumMissing(facility, valid, quorum);
        assembly ("memory-safe") {
            mstore(auditors, valid) // shorten to those who count
        }
    }

    function _isMember(Panel storage panel, address auditor) private view returns (bool) {
        for (uint256 i = 0; i < panel.members.length; ++i) {
            if (panel.members[i] == auditor) return true;
        }
        return false;
    }

    function _isAuditor(address auditor, address owner, bytes2 zone) private view returns (bool) {
        return owner != address(0) && auditor != owner && _hasRole(Roles.auditor(zone), auditor);
    }

    function _hasRole(bytes32 role, address account) private view returns (bool) {
        return IAccessControl(address(ledger)).hasRole(role, account);
    }

    function _hash(ICarbonTokens.Statement calldata statement) private pure returns (bytes32) {
        return keccak256(abi.encode(STATEMENT_TYPE, statement));
    }
}
