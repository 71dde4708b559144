// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Auditors} from "../Auditors.sol";
import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {Roles} from "../libraries/Roles.sol";
import {BrokenAuditor, ContractAuditor} from "./ContractAuditor.sol";
import {Messages} from "./Messages.sol";
import {PanelWorld} from "./PanelWorld.sol";

/// @notice Whose signature of what counts, without a panel; see Panels.t.sol.
contract AuditorsTest is PanelWorld {
    function setUp() public {
        _deploy();
        _accredit(4, ZONE);
    }

    // -------------------------------------------------------------------------------------------------------- signatures
    function testASignatureCountsOnceAndOnlyForWhatWasSigned(uint8 field, uint256 change) public {
        ICarbonTokens.Statement memory statement = _reading(1_000_000, LOCATION_RATE, RESIDUAL_RATE);
        uint256 deadline = block.timestamp + 1 days;
        IAuditors.Signature[] memory signatures = _sign(statement, deadline, AUDITOR_KEY, address(auditors));
        bytes32 signed = keccak256(abi.encode(statement, deadline));
        deadline = _tamper(statement, deadline, field % 14, change);
        bool intact = keccak256(abi.encode(statement, deadline)) == signed;
        if (!intact && deadline >= block.timestamp) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        } else if (!intact) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.DeadlinePassed.selector, deadline));
        }
        _relay(statement, deadline, signatures);
        if (!intact) return;
        vm.expectPartialRevert(ICarbonTokens.MeterPeriodUsed.selector);
        _relay(statement, deadline, signatures);
    }

    function testASignatureForAnotherContractOrByAnotherKeyIsNone(uint160 verifier, uint128 key) public {
        vm.assume(verifier != uint160(address(auditors)) && key != 0);
        vm.assume(!ledger.hasRole(Roles.auditor(ZONE), vm.addr(key))); // the fuzzer finds the other auditors' keys
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _sign(statement, block.timestamp, AUDITOR_KEY, address(verifier));
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        _relay(statement, block.timestamp, signatures);
        signatures = _sign(statement, block.timestamp, key, address(auditors));
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, 0, 1));
        _relay(statement, block.timestamp, signatures);
        signatures[0].auditor = auditor;
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        _relay(statement, block.timestamp, signatures);
    }

    function testAMessageOfAnotherDomainCountsNothing(uint8 kind) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes32 structHash = Messages.audit(_only(statement), block.timestamp);
        bytes32[5] memory digests = [
            Messages.digest(structHash, "carbon-tokens", "1", block.chainid, address(auditors)),
            Messages.digest(structHash, "carbon-tokens auditors", "2", block.chainid, address(auditors)),
            Messages.digest(structHash, "carbon-tokens auditors", "1", block.chainid + 1, address(auditors)),
            Messages.digest(structHash, "carbon-tokens auditors", "1", block.chainid, address(ledger)),
            structHash
        ];
        IAuditors.Signature[] memory signatures = new IAuditors.Signature[](1);
        signatures[0] = _signDigest(digests[kind % 5], AUDITOR_KEY);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        _relayNow(statement, signatures);
    }

    function testASignatureOfThisChainCountsOnNoFork() public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _sign(statement, block.timestamp, AUDITOR_KEY, address(auditors));
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, auditor));
        _relayNow(statement, signatures);
    }

    function testAMessageCountsUntilItsDeadline(uint32 late) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        uint256 deadline = block.timestamp + 1000;
        IAuditors.Signature[] memory signatures = _sign(statement, deadline, AUDITOR_KEY, address(auditors));
        vm.warp(block.timestamp + late % 2000);
        bool passed = block.timestamp > deadline;
        if (passed) vm.expectRevert(abi.encodeWithSelector(IAuditors.DeadlinePassed.selector, deadline));
        _relay(statement, deadline, signatures);
        _same(_version(facility, MONTH), passed ? 0 : 1, "version");
    }

    function testARevokedSignatureCountsNoMore(uint8 revoker) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes32 digest = _digest(Messages.audit(_only(statement), block.timestamp));
        IAuditors.Signature[] memory signatures = _signAudit(statement, 1);
        address caller = revoker % 2 == 0 ? signatures[0].auditor : STRANGER;
        vm.expectEmit(address(auditors));
        emit IAuditors.Revoked(caller, digest);
        vm.prank(caller);
        auditors.revoke(digest);
        _holds(auditors.isRevoked(caller, digest), "revoked");
        if (revoker % 2 == 0) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureRevoked.selector, caller));
        }
        _relayNow(statement, signatures);
        _same(_version(facility, MONTH), revoker % 2, "only the auditor's own signature is revoked");
    }

    function testSignersStandInAscendingOrderEachOnce(uint8 first, uint8 second) public {
        (first, second) = (first % 4, second % 4);
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes32 structHash = Messages.audit(_only(statement), block.timestamp);
        IAuditors.Signature[] memory signatures = new IAuditors.Signature[](2);
        signatures[0] = _signHash(structHash, auditorKeys[first], address(auditors));
        signatures[1] = _signHash(structHash, auditorKeys[second], address(auditors));
        (address one, address two) = (signatures[0].auditor, signatures[1].auditor);
        if (first >= second) vm.expectRevert(abi.encodeWithSelector(IAuditors.SignaturesUnordered.selector, one, two));
        _relayNow(statement, signatures);
    }

    function testTheZeroAddressSignsNothing() public {
        IAuditors.Signature[] memory signatures = new IAuditors.Signature[](1);
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignaturesUnordered.selector, address(0), address(0)));
        _relayNow(statement, signatures);
    }

    function testWithoutASignatureNothingIsAudited() public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, 0, 1));
        _relayNow(statement, new IAuditors.Signature[](0));
        vm.expectRevert(abi.encodeWithSelector(IAuditors.NoStatements.selector));
        auditors.audit(new ICarbonTokens.Statement[](0), block.timestamp, new IAuditors.Signature[](0));
    }

    // ---------------------------------------------------------------------------------------------------- who may audit
    function testAnAuditorOfAnotherMarketCountsNothing(bool direct) public {
        uint256 european = _facility(OWNER, "EU", "european");
        ICarbonTokens.Statement memory statement = _statement(european, MONTH);
        statement.scope1 = 1;
        IAuditors.Signature[] memory signatures = _signAudit(statement, 15);
        if (direct) {
            vm.expectPartialRevert(bytes4(keccak256("AccessControlUnauthorizedAccount(address,bytes32)")));
            _audit(statement);
        } else {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, european, 0, 1));
            _relayNow(statement, signatures);
        }
        _holds(!auditors.mayAudit(european, auditor), "an auditor of another market");
        _grant(Roles.auditor("EU"), auditor);
        _holds(auditors.mayAudit(european, auditor), "an auditor of both markets");
        _audit(statement);
    }

    function testADatasetOfAnotherMarketIsRefused(bool restated) public {
        bytes32 release = _publish("AIB", "EU", "rev1", LOCATION_RATE, RESIDUAL_RATE);
        _audit(_reading(1_000_000, LOCATION_RATE, RESIDUAL_RATE));
        ICarbonTokens.Statement memory statement = _reading(1_000_000, LOCATION_RATE, RESIDUAL_RATE);
        (statement.release, statement.meter) = (release, restated ? statement.meter : bytes32("another"));
        vm.prank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.DatasetOfOtherMarket.selector, bytes2("EU"), bytes2(ZONE)));
        if (restated) ledger.restate(statement);
        else ledger.audit(statement);
        statement.release = RELEASE;
        if (restated) _restate(statement);
        else _audit(statement);
    }

    function testNobodyAuditsWhatTheyOwnBySignatureEither() public {
        uint256 own = _facility(vm.addr(auditorKeys[0]), ZONE, "own");
        ICarbonTokens.Statement memory statement = _statement(own, MONTH);
        statement.scope1 = 1;
        IAuditors.Signature[] memory signatures = _signAudit(statement, 1);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, own, 0, 1));
        _relayNow(statement, signatures);
        _holds(!auditors.mayAudit(own, vm.addr(auditorKeys[0])), "own");
        _holds(auditors.mayAudit(own, vm.addr(auditorKeys[1])), "another's");
        _relayNow(statement, _signAudit(statement, 3));
    }

    function testAnUnknownFacilityHasNoAuditors(uint256 unknown) public view {
        vm.assume(unknown != facility);
        _holds(!auditors.mayAudit(unknown, auditor), "an unknown facility");
    }

    function testManyAuditsUnderOneSignatureAreAllRecordedOrNone(uint8 count, uint8 faulty, bool sound) public {
        ICarbonTokens.Statement[] memory statements = new ICarbonTokens.Statement[](1 + count % 6);
        for (uint256 i = 0; i < statements.length; ++i) {
            statements[i] = _statement(_facility(OWNER, ZONE, bytes32(i)), MONTH);
            statements[i].scope1 = 1 + i;
        }
        if (!sound) statements[faulty % statements.length].evidence = 0;
        IAuditors.Signature[] memory signatures = _signAll(Messages.audit(statements, block.timestamp), 2);
        if (!sound) vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.EvidenceMissing.selector));
        auditors.audit(statements, block.timestamp, signatures);
        for (uint256 i = 0; i < statements.length; ++i) {
            uint256 scope1 = ledger.accountOf(statements[i].facility, MONTH).scope1;
            _same(scope1, sound ? 1 + i : 0, "all or none");
        }
    }

    function testThoseWhoCountAreNamed(uint8 mask) public {
        vm.assume(mask % 16 != 0);
        uint256 own = _facility(vm.addr(auditorKeys[1]), ZONE, "own"); // the second owns it, the third lost its role
        vm.prank(ADMIN);
        ledger.revokeRole(Roles.auditor(ZONE), vm.addr(auditorKeys[2]));
        ICarbonTokens.Statement memory statement = _statement(own, MONTH);
        statement.scope1 = 1;
        bytes32 digest = _digest(Messages.audit(_only(statement), block.timestamp));
        IAuditors.Signature[] memory signatures = _signAudit(statement, mask % 16);
        if (mask & 9 == 0) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, own, 0, 1));
        } else {
            vm.expectEmit(address(auditors));
            emit IAuditors.Attested(own, MONTH, digest, _auditorsOf(mask & 9));
        }
        _relayNow(statement, signatures);
    }

    // --------------------------------------------------------------------------------------------- contracts as auditors
    function testAContractSignsByErc1271(bool approved, bytes memory signature) public {
        ContractAuditor firm = new ContractAuditor();
        _grant(Roles.auditor(ZONE), address(firm));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        firm.approve(_digest(Messages.audit(_only(statement), block.timestamp)), approved);
        IAuditors.Signature[] memory signatures = new IAuditors.Signature[](1);
        signatures[0] = IAuditors.Signature(address(firm), signature);
        if (!approved) vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, address(firm)));
        _relayNow(statement, signatures);
        _same(_version(facility, MONTH), approved ? 1 : 0, "version");
    }

    function testAContractThatAnswersOtherwiseSignedNothing(bytes memory answer, bool reverts_, uint8 kind) public {
        if (kind % 4 == 0) answer = abi.encodePacked(bytes4(0x1626ba7e)); // too short
        if (kind % 4 == 1) answer = abi.encodePacked(bytes4(0x1626ba7e), uint224(1)); // not clean
        if (kind % 4 == 2) (answer, reverts_) = (abi.encode(bytes4(0x1626ba7e)), true); // right, but reverted
        bool right = !reverts_ && answer.length >= 32 && bytes32(answer) == bytes32(bytes4(0x1626ba7e));
        vm.assume(!right);
        BrokenAuditor broken = new BrokenAuditor(answer, reverts_);
        _grant(Roles.auditor(ZONE), address(broken));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = new IAuditors.Signature[](1);
        signatures[0] = IAuditors.Signature(address(broken), "");
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, address(broken)));
        _relayNow(statement, signatures);
    }

    // ---------------------------------------------------------------------------------------------------- other contracts
    function testAnotherContractsLedgerIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IAuditors.LedgerOfOthers.selector, address(auditors)));
        new Auditors(ledger);
    }

    function testForRulesOfTheirOwnOthersAskWhetherAMessageIsSigned(bytes32 structHash, uint8 mask) public {
        IAuditors.Signature[] memory signatures = _signAll(structHash, mask);
        bool signed = _countOf(mask) != 0;
        if (!signed) vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, 0, 1));
        (bytes32 digest, address[] memory signers) =
            auditors.requireSigned(facility, structHash, block.timestamp, signatures);
        if (!signed) return;
        _same(digest, _digest(structHash), "digest");
        _same(keccak256(abi.encode(signers)), keccak256(abi.encode(_auditorsOf(mask))), "who signed");
    }

    function testTheRoleOfAnAuditorIsThatOfAMarket(bytes2 zone) public view {
        _same(auditors.auditorRole(zone), keccak256(abi.encode(keccak256("AUDITOR_ROLE"), zone)), "role");
    }

    function testOnlyTheNamedContractsChangeTheLedger(address caller) public {
        if (caller != address(auditors)) {
            vm.prank(caller);
            vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.NotContract.selector, caller, address(auditors)));
            ledger.requirePanel(facility, true);
        }
        if (caller == address(allocations)) return;
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.NotContract.selector, caller, address(allocations)));
        ledger.allocate(facility, MONTH, 0, 0, 1, 1);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    /// @dev Replaces one of the fourteen signed values.
    function _tamper(ICarbonTokens.Statement memory statement, uint256 deadline, uint256 field, uint256 change)
        private
        pure
        returns (uint256)
    {
        if (field == 0) statement.facility = change;
        if (field == 1) statement.month = uint32(change);
        if (field == 2) statement.version = uint16(change);
        if (field == 3) statement.energy = change;
        if (field == 4) statement.scope1 = change;
        if (field == 5) statement.scope2Location = change;
        if (field == 6) statement.scope2Residual = change;
        if (field == 7) statement.scope3 = change;
        if (field == 8) statement.start = change;
        if (field == 9) statement.end = change;
        if (field == 10) statement.meter = bytes32(change);
        if (field == 11) statement.release = bytes32(change);
        if (field == 12) statement.evidence = bytes32(change);
        return field == 13 && change % 2 == 0 ? change : deadline;
    }
}
