// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {CheatingHandler} from "./CheatingHandler.sol";
import {Messages} from "./Messages.sol";

/// @title PanelHandler
/// @notice How what auditors confirm reaches the ledger: directly, or, while a facility has a panel, with the signatures of
/// its members. The second facility has a panel now and then.
abstract contract PanelHandler is CheatingHandler {
    // ------------------------------------------------------------------------------------------------------------- acts
    function changePanel(uint256 seed) external act(seed) {
        uint256 members = _random(4) == 0 ? 0 : _random(2) == 0 ? 15 : 1 + _random(15);
        uint256 quorum = members == 0 ? 0 : 1 + _random(_countOf(members));
        _setPanel(facilities[1], uint8(quorum), _auditorsOf(members));
        _panels[facilities[1]] = Panel(quorum, members);
        _did(members == 0 ? bytes32("dissolvePanel") : bytes32("changePanel"));
    }

    /// @dev Any auditors sign an audit, or a restatement of a closed month; sometimes one takes the signature back.
    function auditByQuorum(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        if (_random(4) != 0) facility_ = facilities[1];
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        statement.scope1 = _amount(1000);
        bool closed = _isClosed(facility_, month);
        bytes32 structHash =
            closed ? Messages.restate(statement, block.timestamp) : Messages.audit(_only(statement), block.timestamp);
        uint256 signers = _random(2) == 0 ? 15 : _random(16);
        IAuditors.Signature[] memory signatures = _signAll(structHash, signers);
        bool revoked = signatures.length != 0 && _random(5) == 0;
        if (revoked) _revoke(structHash, signatures[_random(signatures.length)].auditor);
        bool allowed = _isQuorum(facility_, signers) && !revoked;
        bool done = closed ? _relaysRestatement(statement, signatures) : _relays(statement, signatures);
        _require(done == allowed, done ? "audited without a quorum" : "a quorum was blocked");
        if (!done) return _did(revoked ? bytes32("revokedSignature") : bytes32("quorumMissing"));
        if (closed) _recordRestatement(statement);
        else _recordAudit(statement);
        _did(_panels[facility_].quorum > 1 ? bytes32("auditByQuorum") : bytes32("auditByOne"));
    }

    /// @notice A call of its own, so that it can fail.
    function relay(ICarbonTokens.Statement calldata statement, IAuditors.Signature[] calldata signatures) external {
        _relayNow(statement, signatures);
    }

    function _relays(ICarbonTokens.Statement memory statement, IAuditors.Signature[] memory signatures)
        internal
        returns (bool)
    {
        try this.relay(statement, signatures) {
            return true;
        } catch {
            return false;
        }
    }

    function _relaysRestatement(ICarbonTokens.Statement memory statement, IAuditors.Signature[] memory signatures)
        private
        returns (bool)
    {
        try auditors.restate(statement, block.timestamp, signatures) {
            return true;
        } catch {
            return false;
        }
    }

    function _revoke(bytes32 structHash, address signer) private {
        vm.prank(signer);
        auditors.revoke(_digest(structHash));
    }

    function _isQuorum(uint256 facility_, uint256 signers) private view returns (bool) {
        Panel storage panel = _panels[facility_];
        if (panel.quorum == 0) return signers != 0;
        return _countOf(signers & panel.members) >= panel.quorum;
    }

    // ------------------------------------------------------------------------------------------------------- submission
    function _isPanelled(uint256 facility_) internal view returns (bool) {
        return _panels[facility_].quorum != 0;
    }

    function _submitAudit(ICarbonTokens.Statement memory statement) internal returns (bool) {
        if (_isPanelled(statement.facility)) {
            return _relays(statement, _signAudit(statement, _panels[statement.facility].members));
        }
        vm.prank(auditor);
        try ledger.audit(statement) {
            return true;
        } catch {
            return false;
        }
    }

    function _submitRestatement(ICarbonTokens.Statement memory statement) internal returns (bool) {
        if (!_isPanelled(statement.facility)) {
            vm.prank(auditor);
            try ledger.restate(statement) {
                return true;
            } catch {
                return false;
            }
        }
        bytes32 structHash = Messages.restate(statement, block.timestamp);
        return _relaysRestatement(statement, _signMembers(statement.facility, structHash));
    }

    function _submitClose(uint256 facility_, uint32 month, uint32 version) internal returns (bool) {
        if (!_isPanelled(facility_)) {
            vm.prank(auditor);
            try ledger.close(facility_, month, version) {
                return true;
            } catch {
                return false;
            }
        }
        bytes32 structHash = Messages.close(facility_, month, version, block.timestamp);
        IAuditors.Signature[] memory signatures = _signMembers(facility_, structHash);
        try auditors.close(facility_, month, version, block.timestamp, signatures) {
            return true;
        } catch {
            return false;
        }
    }

    function _submitDisallowance(
        uint256 facility_,
        uint32 month,
        uint16 version,
        uint256 id,
        uint256 amount,
        bytes32 evidence
    ) internal {
        if (!_isPanelled(facility_)) {
            vm.prank(auditor);
            ledger.disallow(facility_, month, version, id, amount, evidence);
            return;
        }
        bytes32 structHash = Messages.disallow(facility_, month, version, id, amount, evidence, block.timestamp);
        IAuditors.Signature[] memory signatures = _signMembers(facility_, structHash);
        auditors.disallow(facility_, month, version, id, amount, evidence, block.timestamp, signatures);
    }

    function _signMembers(uint256 facility_, bytes32 structHash) internal view returns (IAuditors.Signature[] memory) {
        return _signAll(structHash, _panels[facility_].members);
    }

    // ---------------------------------------------------------------------------------------------------------- records
    function _recordAudit(ICarbonTokens.Statement memory statement) internal {
        _require(!_inventories[statement.facility][statement.month].closed, "a closed month was audited");
        _recordStatement(statement);
        if (statement.meter == 0) return;
        _require(statement.start >= auditedUntil[statement.meter], "a period was audited twice");
        auditedUntil[statement.meter] = statement.end;
    }

    function _recordRestatement(ICarbonTokens.Statement memory statement) internal {
        Inventory storage twin = _inventories[statement.facility][statement.month];
        (twin.energy, twin.scope1, twin.location, twin.residual, twin.scope3) = (0, 0, 0, 0, 0);
        _recordStatement(statement);
        if (statement.end > auditedUntil[statement.meter]) auditedUntil[statement.meter] = statement.end;
    }

    function _recordStatement(ICarbonTokens.Statement memory statement) internal {
        _useEvidence(statement.evidence);
        Inventory storage twin = _inventories[statement.facility][statement.month];
        (twin.energy, twin.scope1) = (twin.energy + statement.energy, twin.scope1 + statement.scope1);
        twin.location += statement.scope2Location;
        twin.residual += statement.scope2Residual;
        (twin.scope3, twin.version) = (twin.scope3 + statement.scope3, twin.version + 1);
    }
}
