// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {CheatingHandler} from "./CheatingHandler.sol";
import {PlainCalendar} from "./PlainCalendar.sol";

/// @title AuditingHandler
/// @notice What an honest auditor does; see LedgerHandler.
abstract contract AuditingHandler is CheatingHandler {
    // ------------------------------------------------------------------------------------------------------------ audit
    function readMeter(uint256 seed) external act(seed) {
        (ICarbonTokens.Statement memory statement, bool exists) = _anyReading();
        if (!exists) return;
        bool closed = _inventories[statement.facility][statement.month].closed;
        vm.prank(auditor);
        try ledger.audit(statement) {
            _recordAudit(statement);
            _did("readMeter");
        } catch {
            _require(closed, "an audit was blocked");
        }
    }

    function addScopes(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        (statement.scope1, statement.scope3) = (_amount(1000), _random(1000));
        bool closed = _inventories[facility_][month].closed;
        vm.prank(auditor);
        try ledger.audit(statement) {
            _recordAudit(statement);
            _did("addScopes");
        } catch {
            _require(closed, "an audit was blocked");
        }
    }

    /// @dev Anyone relays what the auditor signed, and once only.
    function relayAudit(uint256 seed) external act(seed) {
        (ICarbonTokens.Statement memory statement, bool exists) = _anyReading();
        if (!exists) return;
        bool closed = _inventories[statement.facility][statement.month].closed;
        bytes memory signature = _sign(statement, block.timestamp, AUDITOR_KEY, address(ledger));
        vm.prank(_anyActor());
        try ledger.auditBySig(statement, auditor, block.timestamp, signature) {
            _recordAudit(statement);
            _did("relayAudit");
        } catch {
            _require(closed, "a signed audit was blocked");
        }
        try ledger.auditBySig(statement, auditor, block.timestamp, signature) {
            _require(false, "a signature counted twice");
        } catch {}
    }

    function closeMonth(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        _closeBoth(facility_, month);
    }

    function restateMonth(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        Inventory storage twin = _inventories[facility_][month];
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        (statement.energy, statement.scope1, statement.scope3) = (_random(50_000_000), _random(5000), _random(5000));
        statement.release = RELEASE;
        if (_random(2) == 0) _citeGap(statement);
        _computeScope2(statement);
        vm.prank(auditor);
        try ledger.restate(statement) {
            _require(twin.version != 0, "a month without an audit was restated");
            (twin.energy, twin.scope1, twin.location, twin.residual, twin.scope3) = (0, 0, 0, 0, 0);
            _recordStatement(statement);
            if (statement.end > auditedUntil[statement.meter]) auditedUntil[statement.meter] = statement.end;
            _did("restateMonth");
        } catch {
            _require(twin.version == 0, "a restatement was blocked");
        }
    }

    /// @dev A disallowance, wherever something was retired.
    function takeOut(uint256 seed) external act(seed) {
        if (ids.length == 0) return;
        uint256 id = ids[_random(ids.length)];
        uint256 start = _random(facilities.length * MONTHS);
        for (uint256 i = 0; i < facilities.length * MONTHS; ++i) {
            uint256 at = (start + i) % (facilities.length * MONTHS);
            (uint256 facility_, uint32 month) = (facilities[at / MONTHS], FIRST + uint32(at % MONTHS));
            if (_takeOut(facility_, month, id)) return;
        }
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev The next reading of a meter, right after the last or with a gap; none if the month is used up.
    function _anyReading() private returns (ICarbonTokens.Statement memory statement, bool exists) {
        (uint256 facility_, uint32 month) = _anyAccount();
        statement = _statement(facility_, month);
        statement.meter = keccak256(abi.encode(facility_, 1 + _random(2)));
        (uint256 start, uint256 end) = (PlainCalendar.startOf(month), PlainCalendar.startOf(month + 1));
        if (auditedUntil[statement.meter] > start) start = auditedUntil[statement.meter];
        start += _random(2) * _random(1 days);
        if (start >= end) return (statement, false);
        (statement.start, statement.end) = (start, start + _amount(end - start));
        if (statement.end > start + 10 days) statement.end = start + 10 days;
        (statement.energy, statement.release) = (_random(20_000_000), RELEASE);
        _computeScope2(statement);
        return (statement, true);
    }

    /// @dev Any days of a meter in the month, audited before or not.
    function _citeGap(ICarbonTokens.Statement memory statement) private {
        statement.meter = keccak256(abi.encode(statement.facility, 1 + _random(2)));
        statement.start = PlainCalendar.startOf(statement.month) + _random(20 days);
        statement.end = statement.start + 1 + _random(5 days);
    }

    function _computeScope2(ICarbonTokens.Statement memory statement) private pure {
        statement.scope2Location = _plainEmissions(statement.energy, LOCATION_RATE);
        statement.scope2Residual = _plainEmissions(statement.energy, RESIDUAL_RATE);
    }

    function _recordAudit(ICarbonTokens.Statement memory statement) private {
        _require(!_inventories[statement.facility][statement.month].closed, "a closed month was audited");
        _recordStatement(statement);
        if (statement.meter == 0) return;
        _require(statement.start >= auditedUntil[statement.meter], "a period was audited twice");
        auditedUntil[statement.meter] = statement.end;
    }

    function _recordStatement(ICarbonTokens.Statement memory statement) private {
        _useEvidence(statement.evidence);
        Inventory storage twin = _inventories[statement.facility][statement.month];
        (twin.energy, twin.scope1) = (twin.energy + statement.energy, twin.scope1 + statement.scope1);
        twin.location += statement.scope2Location;
        twin.residual += statement.scope2Residual;
        (twin.scope3, twin.version) = (twin.scope3 + statement.scope3, twin.version + 1);
    }

    function _closeBoth(uint256 facility_, uint32 month) internal {
        Inventory storage twin = _inventories[facility_][month];
        bool allowed = twin.version != 0 && !twin.closed;
        vm.prank(auditor);
        try ledger.close(facility_, month, uint16(twin.version)) {
            _require(allowed, "an empty or closed month was closed");
            twin.closed = true;
            _did("closeMonth");
        } catch {
            _require(!allowed, "a close was blocked");
        }
    }

    function _takeOut(uint256 facility_, uint32 month, uint256 id) private returns (bool) {
        Inventory storage twin = _inventories[facility_][month];
        bool isRec = _issued[id].class == TokenId.REC;
        uint256 left = isRec ? twin.recsRetired - twin.recsDisallowed : twin.offsetsRetired - twin.offsetsDisallowed;
        if (left == 0 || twin.version == 0) return false;
        (uint256 amount, bytes32 evidence) = (_amount(left), _document());
        vm.prank(auditor);
        ledger.disallow(facility_, month, uint16(twin.version + 1), id, amount, evidence);
        _useEvidence(evidence);
        ++twin.version;
        if (isRec) twin.recsDisallowed += amount;
        else twin.offsetsDisallowed += amount;
        _did("takeOut");
        return true;
    }
}
