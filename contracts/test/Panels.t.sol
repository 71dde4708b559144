// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {Roles} from "../libraries/Roles.sol";
import {Messages} from "./Messages.sol";
import {PanelWorld} from "./PanelWorld.sol";

/// @notice k of n: what a panel of auditors does together, and nobody without it.
contract PanelsTest is PanelWorld {
    function setUp() public {
        _deploy();
        _accredit(6, ZONE);
    }

    // ---------------------------------------------------------------------------------------------------------- quorum
    function testExactlyAQuorumOfMembersAudits(uint8 members, uint8 quorum, uint8 signers) public {
        (members, signers) = (members % 64, signers % 64);
        if (members == 0) members = 63;
        quorum = uint8(1 + quorum % _countOf(members));
        _setPanel(facility, quorum, _auditorsOf(members));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes32 digest = _digest(Messages.audit(_only(statement), block.timestamp));
        IAuditors.Signature[] memory signatures = _signAudit(statement, signers);
        uint256 valid = _countOf(signers & members); // who is not a member does not count, and does no harm
        if (valid < quorum) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, valid, quorum));
        } else {
            vm.expectEmit(address(auditors));
            emit IAuditors.Attested(facility, MONTH, digest, _auditorsOf(signers & members));
        }
        _relayNow(statement, signatures);
        _same(_version(facility, MONTH), valid < quorum ? 0 : 1, "version");
    }

    function testAMemberWhoSignsTwiceCountsOnce() public {
        _setPanel(facility, 2, _auditorsOf(3));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _signAudit(statement, 3);
        signatures[1] = signatures[0];
        address member = signatures[0].auditor;
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignaturesUnordered.selector, member, member));
        _relayNow(statement, signatures);
    }

    function testARevokedSignatureIsMissingInAQuorum() public {
        _setPanel(facility, 2, _auditorsOf(7));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes32 digest = _digest(Messages.audit(_only(statement), block.timestamp));
        IAuditors.Signature[] memory signatures = _signAudit(statement, 3);
        vm.prank(signatures[1].auditor);
        auditors.revoke(digest);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureRevoked.selector, signatures[1].auditor));
        _relayNow(statement, signatures);
        _relayNow(statement, _signAudit(statement, 5)); // the two others
    }

    function testAMemberWhoLostTheRoleDoesNotCount() public {
        _setPanel(facility, 2, _auditorsOf(7));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _signAudit(statement, 3);
        vm.prank(ADMIN);
        ledger.revokeRole(Roles.auditor(ZONE), signatures[0].auditor);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, 1, 2));
        _relayNow(statement, signatures);
        _relayNow(statement, _signAudit(statement, 7));
    }

    function testOneSignatureOfManyFacilitiesNeedsTheQuorumOfEach() public {
        uint256 other = _facility(OWNER, ZONE, "other");
        _setPanel(facility, 2, _auditorsOf(3));
        _setPanel(other, 2, _auditorsOf(6));
        ICarbonTokens.Statement[] memory statements = new ICarbonTokens.Statement[](2);
        (statements[0], statements[1]) = (_statement(facility, MONTH), _statement(other, MONTH));
        (statements[0].scope1, statements[1].scope1) = (1, 1);
        bytes32 structHash = Messages.audit(statements, block.timestamp);
        IAuditors.Signature[] memory signatures = _signAll(structHash, 3);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, other, 1, 2));
        auditors.audit(statements, block.timestamp, signatures);
        _same(_version(facility, MONTH), 0, "all or none");
        auditors.audit(statements, block.timestamp, _signAll(structHash, 7));
    }

    // ----------------------------------------------------------------------------------------- all that auditors can do
    function testAPanelClosesRestatesAndDisallowsTogether(uint8 signers) public {
        signers %= 64;
        uint256 id = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, id, 10);
        _audit(_reading(10, 10, 10));
        _setPanel(facility, 3, _auditorsOf(63));
        bool enough = _countOf(signers) >= 3;
        bytes memory reason = abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, _countOf(signers), 3);
        IAuditors.Signature[] memory signatures = _signAll(Messages.close(facility, MONTH, 1, block.timestamp), signers);
        if (!enough) vm.expectRevert(reason);
        auditors.close(facility, MONTH, 1, block.timestamp, signatures);
        _same(ledger.accountOf(facility, MONTH).closed, enough, "closed");

        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.scope1 = 7;
        signatures = _signAll(Messages.restate(statement, block.timestamp), signers);
        if (!enough) vm.expectRevert(reason);
        auditors.restate(statement, block.timestamp, signatures);
        _same(ledger.accountOf(facility, MONTH).scope1, enough ? 7 : 0, "restated");

        (uint16 version, bytes32 evidence) = (_version(facility, MONTH) + 1, _document());
        signatures = _signAll(Messages.disallow(facility, MONTH, version, id, 4, evidence, block.timestamp), signers);
        if (!enough) vm.expectRevert(reason);
        auditors.disallow(facility, MONTH, version, id, 4, evidence, block.timestamp, signatures);
        _same(ledger.accountOf(facility, MONTH).recs, enough ? 6 : 10, "disallowed");
        if (!enough) return;
        vm.expectPartialRevert(ICarbonTokens.EvidenceUsed.selector); // a signature counts once
        auditors.disallow(facility, MONTH, version, id, 4, evidence, block.timestamp, signatures);
        signatures = _signAll(Messages.close(facility, MONTH, 1, block.timestamp), signers);
        vm.expectPartialRevert(ICarbonTokens.VersionMismatch.selector);
        auditors.close(facility, MONTH, 1, block.timestamp, signatures);
    }

    function testASignatureOfOneActIsNoneOfAnother() public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _signAudit(statement, 1);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, signatures[0].auditor));
        auditors.restate(statement, block.timestamp, signatures);
    }

    function testNoMemberAuditsAloneWhileThereIsAPanel() public {
        uint256 id = _issue(recSource, HOLDER, 10);
        _retire(HOLDER, id, 10);
        _audit(_reading(1, 1, 1));
        _setPanel(facility, 1, _auditorsOf(1));
        address member = _auditorsOf(1)[0];
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.scope1 = 1;
        bytes memory reason = abi.encodeWithSelector(ICarbonTokens.PanelMissing.selector, facility);
        vm.prank(member);
        vm.expectRevert(reason);
        ledger.audit(statement);
        vm.prank(auditor);
        vm.expectRevert(reason);
        ledger.restate(statement);
        vm.prank(member);
        vm.expectRevert(reason);
        ledger.close(facility, MONTH, 1);
        vm.prank(auditor);
        vm.expectRevert(reason);
        ledger.disallow(facility, MONTH, 2, id, 1, "evidence");
        _holds(!auditors.mayAudit(facility, member), "a member alone");
        _setPanel(facility, 0, new address[](0));
        _holds(auditors.mayAudit(facility, member), "any auditor again");
        vm.prank(member);
        ledger.audit(statement);
    }

    // ------------------------------------------------------------------------------------------------- panels that change
    function testAPendingSignatureCountsForThePanelOfItsSubmission() public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _signAudit(statement, 3);
        _setPanel(facility, 2, _auditorsOf(3));
        _setPanel(facility, 2, _auditorsOf(12)); // before it is submitted
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, 0, 2));
        _relayNow(statement, signatures);
        _setPanel(facility, 3, _auditorsOf(7));
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, facility, 2, 3));
        _relayNow(statement, signatures);
        _setPanel(facility, 0, new address[](0)); // any one auditor counts
        _relayNow(statement, signatures);
        _same(_version(facility, MONTH), 1, "version");
    }

    function testAPanelIsReadAsItWasSet(uint8 members, uint8 quorum) public {
        members %= 64;
        quorum = members == 0 ? 0 : uint8(1 + quorum % _countOf(members));
        vm.expectEmit(address(ledger));
        emit ICarbonTokens.PanelRequired(facility, quorum != 0);
        vm.expectEmit(address(auditors));
        emit IAuditors.PanelSet(facility, quorum, _auditorsOf(members));
        _setPanel(facility, quorum, _auditorsOf(members));
        IAuditors.Panel memory panel = auditors.panelOf(facility);
        _same(panel.quorum, quorum, "quorum");
        _same(keccak256(abi.encode(panel.members)), keccak256(abi.encode(_auditorsOf(members))), "members");
        (,,, bool panelled) = ledger.facilityOf(facility);
        _same(panelled, quorum != 0, "panelled");
    }

    // -------------------------------------------------------------------------------------------------- who sets a panel
    function testOnlyARegistrarSetsAPanel(address caller) public {
        vm.assume(caller != REGISTRAR);
        address[] memory members = _auditorsOf(7);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.NotRegistrar.selector, caller));
        auditors.setPanel(facility, 1, members);
    }

    function testAPanelHasAQuorumAndMembersInOrder(uint8 quorum, uint8 kind) public {
        address[] memory members = _auditorsOf(kind % 8);
        bool valid = quorum <= members.length && (quorum != 0 || members.length == 0);
        if (members.length > 1 && kind >= 64) {
            (members[0], members[1]) = (members[1], kind >= 128 ? members[1] : members[0]); // one twice, or out of order
            valid = false;
        }
        vm.prank(REGISTRAR);
        if (!valid) {
            vm.expectRevert(abi.encodeWithSelector(IAuditors.PanelInvalid.selector, quorum, members.length));
        }
        auditors.setPanel(facility, quorum, members);
    }

    function testAPanelHasAtMost32Members() public {
        _accredit(27, ZONE);
        address[] memory members = _auditorsOf(2 ** 33 - 1);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.PanelInvalid.selector, 33, 33));
        auditors.setPanel(facility, 33, members);
        _setPanel(facility, 32, _auditorsOf(2 ** 32 - 1));
    }

    function testAMemberIsAnAuditorOfTheMarketAndNotTheOwner(uint8 place) public {
        address[] memory members = _auditorsOf(7);
        address member = members[place % 3];
        uint256 own = _facility(member, ZONE, "own");
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.MemberNotAuditor.selector, member));
        auditors.setPanel(own, 2, members);
        uint256 european = _facility(OWNER, "EU", "european");
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.MemberNotAuditor.selector, members[0]));
        auditors.setPanel(european, 2, members);
        vm.prank(ADMIN);
        ledger.revokeRole(Roles.auditor(ZONE), member);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.MemberNotAuditor.selector, member));
        auditors.setPanel(facility, 2, members);
    }

    function testAnUnknownFacilityHasNoPanel(uint256 unknown) public {
        vm.assume(unknown != facility);
        address[] memory members = _auditorsOf(1);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.MemberNotAuditor.selector, members[0]));
        auditors.setPanel(unknown, 1, members);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.FacilityUnknown.selector, unknown));
        auditors.setPanel(unknown, 0, new address[](0));
    }
}
