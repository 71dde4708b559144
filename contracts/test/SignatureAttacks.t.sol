// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {Messages} from "./Messages.sol";
import {PanelWorld} from "./PanelWorld.sol";
import {SplitWorld} from "./SplitWorld.sol";

/// @notice Attacks with what auditors signed: submitted in part, in another order, after other acts, or bent.
contract SignatureAttacksTest is PanelWorld, SplitWorld {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141; // secp256k1
    uint256 private _sister; // another site of the same owner, audited and closed
    uint256 private _deadline;

    function setUp() public {
        _deploy();
        _accredit(4, ZONE);
        _sister = _facility(OWNER, ZONE, "sister");
        _audit(_scope1(_sister, 1000));
        _close(_sister, MONTH);
        _deadline = block.timestamp + 1 days;
    }

    // ------------------------------------------------------------------------------------------------- submitted in part
    function testASignedCloseDoesNotCloseAMonthWithoutItsAudit(uint8 grams) public {
        ICarbonTokens.Statement memory bill = _reading(10_000_000, 99, 99);
        IAuditors.Signature[] memory audit = _sign(bill, _deadline, AUDITOR_KEY, address(auditors));
        IAuditors.Signature[] memory close = _one(Messages.close(facility, MONTH, 1, _deadline));
        _handOver(grams);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.MonthNotAudited.selector, facility, MONTH));
        auditors.close(facility, MONTH, 1, _deadline, close);
        vm.expectRevert(abi.encodeWithSelector(INetEmissions.MonthOpen.selector, facility, MONTH));
        net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        _relay(bill, _deadline, audit);
        _same(ledger.accountOf(facility, MONTH).energy, 10_000_000, "the bill counts");
    }

    /// @dev Two bills and a close of both are signed; the owner keeps the second back and takes a share in its place.
    function testASignedCloseIsNotSpentOnAShareInsteadOfABill(uint8 grams) public {
        ICarbonTokens.Statement memory small = _scope1(facility, 1);
        ICarbonTokens.Statement memory large = _reading(10_000_000, 99, 99);
        large.version = 2;
        IAuditors.Signature[] memory first = _sign(small, _deadline, AUDITOR_KEY, address(auditors));
        IAuditors.Signature[] memory second = _sign(large, _deadline, AUDITOR_KEY, address(auditors));
        IAuditors.Signature[] memory close = _one(Messages.close(facility, MONTH, 2, _deadline));
        _relay(small, _deadline, first);
        _handOver(1 + uint256(grams));
        vm.expectPartialRevert(ICarbonTokens.VersionMismatch.selector);
        auditors.close(facility, MONTH, 2, _deadline, close);
        _relay(large, _deadline, second);
        _same(ledger.accountOf(facility, MONTH).energy, 10_000_000, "the large bill counts");
    }

    function testASignedDisallowanceIsNotSkipped(uint8 grams) public {
        uint256 rec = _retiredAndClosed();
        bytes32 evidence = _document();
        ICarbonTokens.Statement memory statement = _reading(10, 9, 9);
        statement.version = 3; // signed together: the disallowance first
        IAuditors.Signature[] memory second = _signAll(Messages.restate(statement, _deadline), 3);
        IAuditors.Signature[] memory first =
            _signAll(Messages.disallow(facility, MONTH, 2, rec, 10, evidence, _deadline), 3);
        _handOver(grams);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.VersionMismatch.selector, 1, 3));
        auditors.restate(statement, _deadline, second);
        auditors.disallow(facility, MONTH, 2, rec, 10, evidence, _deadline, first);
        auditors.restate(statement, _deadline, second);
        _same(ledger.accountOf(facility, MONTH).recs, 0, "disallowed");
    }

    // ------------------------------------------------------------------------------------------------- after other acts
    function testAPanelsDisallowanceIsNotVoidedByShares(uint8 grams) public {
        uint256 rec = _retiredAndClosed();
        uint256 claim = net.claim(facility, MONTH, MONTH, INetEmissions.Basis.Annual);
        bytes32 evidence = _document();
        IAuditors.Signature[] memory signatures =
            _signAll(Messages.disallow(facility, MONTH, 2, rec, 10, evidence, _deadline), 3);
        _handOver(grams);
        auditors.disallow(facility, MONTH, 2, rec, 10, evidence, _deadline, signatures);
        _holds(!net.isValid(claim), "valid on void RECs");
    }

    function testABundleOfOthersIsNotStoppedByAShare(uint8 grams) public {
        ICarbonTokens.Statement[] memory bundle = new ICarbonTokens.Statement[](2);
        bundle[0] = _scope1(_facility(HOLDER, ZONE, "another's"), 1);
        bundle[1] = _scope1(facility, 1);
        IAuditors.Signature[] memory signatures = _signAll(Messages.audit(bundle, _deadline), 1);
        _handOver(grams); // one owner of the bundle
        auditors.audit(bundle, _deadline, signatures);
        _same(_version(bundle[0].facility, MONTH), 1, "the other one");
    }

    function testASignedCloseCountsOnceOfAMonthThatAShareOpened() public {
        _audit(_scope1(facility, 7));
        IAuditors.Signature[] memory close = _one(Messages.close(facility, MONTH, 1, _deadline));
        auditors.close(facility, MONTH, 1, _deadline, close);
        _handOver(1);
        _holds(!ledger.accountOf(facility, MONTH).closed, "opened");
        vm.expectPartialRevert(ICarbonTokens.VersionMismatch.selector);
        auditors.close(facility, MONTH, 1, _deadline, close);
    }

    // ------------------------------------------------------------------------------------------------------------ bent
    function testAMalleableOrShortenedSignatureIsNone(uint8 kind) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _signAudit(statement, 1);
        signatures[0].signature = _bent(signatures[0].signature, kind % 4);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.SignatureInvalid.selector, signatures[0].auditor));
        _relayNow(statement, signatures);
    }

    function testBitsAboveAMonthOrAVersionAreRefused(uint8 at, uint8 bits) public {
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        IAuditors.Signature[] memory signatures = _signAudit(statement, 1);
        bytes memory data = abi.encodeCall(auditors.audit, (_only(statement), block.timestamp, signatures));
        uint256 word = 4 + 4 * 32 + (at % 2 == 0 ? 32 : 64); // of the first statement: its month, its version
        data[word + at % 28] = bytes1(1 + bits % 255);
        (bool succeeded,) = address(auditors).call(data);
        _holds(!succeeded, "two ways to write one statement");
        _relayNow(statement, signatures);
    }

    function testASignatureThatTheCalldataNamesTwiceCountsOnce() public {
        _setPanel(facility, 2, _auditorsOf(3));
        ICarbonTokens.Statement memory statement = _reading(1, 1, 1);
        bytes memory data =
            abi.encodeCall(auditors.audit, (_only(statement), block.timestamp, _signAudit(statement, 3)));
        uint256 offsets = 4 + 4 * 32 + 13 * 32 + 32; // of the two signatures
        for (uint256 i = offsets; i < offsets + 32; ++i) {
            data[i + 32] = data[i];
        }
        (bool succeeded, bytes memory answer) = address(auditors).call(data);
        _holds(!succeeded, "one member was a quorum of two");
        _same(bytes4(answer), IAuditors.SignaturesUnordered.selector, "reason");
    }

    function testAStatementCountsOnceInItsBundle() public {
        ICarbonTokens.Statement[] memory bundle = new ICarbonTokens.Statement[](2);
        bundle[0] = _scope1(facility, 1);
        bundle[1] = bundle[0];
        IAuditors.Signature[] memory signatures = _signAll(Messages.audit(bundle, _deadline), 1);
        vm.expectRevert(abi.encodeWithSelector(ICarbonTokens.EvidenceUsed.selector, bundle[0].evidence));
        auditors.audit(bundle, _deadline, signatures);
    }

    function testAFalseNameHasNoQuorum(uint256 more) public {
        _audit(_reading(10, 10, 10));
        uint256 alias_ = facility | (1 + more % (2 ** 40 - 1)) << 216;
        IAuditors.Signature[] memory signatures = _signAll(Messages.close(alias_, MONTH, 1, _deadline), 15);
        vm.expectRevert(abi.encodeWithSelector(IAuditors.QuorumMissing.selector, alias_, 0, 1));
        auditors.close(alias_, MONTH, 1, _deadline, signatures);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _scope1(uint256 facility_, uint256 grams) private returns (ICarbonTokens.Statement memory statement) {
        statement = _statement(facility_, MONTH);
        statement.scope1 = grams;
    }

    function _one(bytes32 structHash) private view returns (IAuditors.Signature[] memory signatures) {
        signatures = new IAuditors.Signature[](1);
        signatures[0] = _signHash(structHash, AUDITOR_KEY, address(auditors));
    }

    /// @dev A month of 10 Wh, covered by RECs and closed, then with a panel of two; returns the RECs.
    function _retiredAndClosed() private returns (uint256 rec) {
        rec = _issue(recSource, OWNER, 10);
        _audit(_reading(10, 10, 10));
        _retire(OWNER, rec, 10);
        _close(facility, MONTH);
        _setPanel(facility, 2, _auditorsOf(3));
    }

    /// @dev The sister's owner hands some of her emissions to the facility.
    function _handOver(uint256 grams) private {
        IAllocations.Share[] memory shares = new IAllocations.Share[](2);
        shares[0] = IAllocations.Share(bytes32(facility), 0, grams, grams, "salt");
        shares[1] = IAllocations.Share("nobody", 0, 1000 - grams, 1000 - grams, "another");
        _commit(_sister, MONTH, 0, shares);
        _claim(_sister, MONTH, shares, 0);
    }

    /// @dev The other root of the curve, the compact form, a low v, and one byte too many.
    function _bent(bytes memory signature, uint256 kind) private pure returns (bytes memory) {
        (bytes32 r, uint256 s, uint8 v) = (0, 0, uint8(signature[64]));
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        if (kind == 0) return abi.encodePacked(r, ORDER - s, uint8(55 - v));
        if (kind == 1) return abi.encodePacked(r, s | uint256(v - 27) << 255);
        if (kind == 2) return abi.encodePacked(r, s, uint8(v - 27));
        return abi.encodePacked(signature, uint8(0));
    }
}
