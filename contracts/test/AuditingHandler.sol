// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {PanelHandler} from "./PanelHandler.sol";
import {PlainCalendar} from "./PlainCalendar.sol";

/// @title AuditingHandler
/// @notice What an honest auditor does; see LedgerHandler.
abstract contract AuditingHandler is PanelHandler {
    // ------------------------------------------------------------------------------------------------------------ audit
    function readMeter(uint256 seed) external act(seed) {
        (ICarbonTokens.Statement memory statement, bool exists) = _anyReading();
        if (exists && _auditBoth(statement)) _did("readMeter");
    }

    function addScopes(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        (statement.scope1, statement.scope3) = (_amount(1000), _random(1000));
        if (_auditBoth(statement)) _did("addScopes");
    }

    /// @dev Anyone relays what one auditor signed, and once only; a panel needs its members.
    function relayAudit(uint256 seed) external act(seed) {
        (ICarbonTokens.Statement memory statement, bool exists) = _anyReading();
        if (!exists) return;
        bool allowed = !_isClosed(statement.facility, statement.month) && !_isPanelled(statement.facility);
        IAuditors.Signature[] memory signatures = _sign(statement, block.timestamp, AUDITOR_KEY, address(auditors));
        bool done = _relays(statement, signatures);
        _require(done == allowed, done ? "a signature counted that must not" : "a signed audit was blocked");
        _require(!_relays(statement, signatures), "a signature counted twice");
        if (!done) return;
        _recordAudit(statement);
        _did("relayAudit");
    }

    function closeMonth(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        _closeBoth(facility_, month);
    }

    function restateMonth(uint256 seed) external act(seed) {
        (uint256 facility_, uint32 month) = _anyAccount();
        if (_restateBoth(facility_, month)) _did("restateMonth");
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
        (statement.energy, statement.release) = (_random(20_000_000), releaseOf[facility_]);
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

    function _auditBoth(ICarbonTokens.Statement memory statement) private returns (bool done) {
        bool closed = _isClosed(statement.facility, statement.month);
        done = _submitAudit(statement);
        _require(done != closed, "an audit was blocked");
        if (done) _recordAudit(statement);
    }

    function _restateBoth(uint256 facility_, uint32 month) internal returns (bool done) {
        Inventory storage twin = _inventories[facility_][month];
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        (statement.energy, statement.scope1, statement.scope3) = (_random(50_000_000), _random(5000), _random(5000));
        statement.release = releaseOf[facility_];
        if (_random(2) == 0) _citeGap(statement);
        _computeScope2(statement);
        done = _submitRestatement(statement);
        _require(done == (twin.version != 0), done ? "an empty month was restated" : "a restatement was blocked");
        if (done) _recordRestatement(statement);
    }

    function _closeBoth(uint256 facility_, uint32 month) internal {
        Inventory storage twin = _inventories[facility_][month];
        bool allowed = twin.version != 0 && !twin.closed;
        bool done = _submitClose(facility_, month, totalsVersionOf(facility_, month));
        _require(done == allowed, done ? "an empty or closed month was closed" : "a close was blocked");
        if (!done) return;
        twin.closed = true;
        _did("closeMonth");
    }

    function _takeOut(uint256 facility_, uint32 month, uint256 id) internal returns (bool) {
        Inventory storage twin = _inventories[facility_][month];
        bool isRec = _issued[id].class == TokenId.REC;
        uint256 left = isRec ? twin.recsRetired - twin.recsDisallowed : twin.offsetsRetired - twin.offsetsDisallowed;
        if (left == 0 || twin.version == 0) return false;
        (uint256 amount, bytes32 evidence) = (_amount(left), _document());
        _submitDisallowance(facility_, month, uint16(twin.version + 1), id, amount, evidence);
        _useEvidence(evidence);
        ++twin.version;
        _isVoid[facility_][month][id] = true;
        if (isRec) twin.recsDisallowed += amount;
        else twin.offsetsDisallowed += amount;
        _did("takeOut");
        return true;
    }
}
