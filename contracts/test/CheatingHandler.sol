// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC1155Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {PlainCalendar} from "./PlainCalendar.sol";
import {SharingCheats} from "./SharingCheats.sol";

/// @title CheatingHandler
/// @notice What nobody may do, tried by those who would: none of it may ever succeed.
abstract contract CheatingHandler is SharingCheats {
    uint256 public constant CHEATS = 40;

    function cheat(uint256 seed) external act(seed) {
        uint256 kind = _random(CHEATS);
        Cheat memory plan = _plan(kind);
        if (plan.cheater == address(0)) return;
        vm.prank(plan.cheater);
        (bool worked, bytes memory answer) = plan.target.call(plan.data);
        _require(!worked, plan.meaning);
        // counted when it failed for its own reason, not because a month was closed or a source frozen
        if (bytes4(answer) == plan.reason) _did(bytes32(abi.encodePacked("cheat", uint8(kind))));
    }

    function _plan(uint256 kind) private returns (Cheat memory) {
        if (kind < 5) return _cheatWithTransfers(kind);
        if (kind < 8) return _cheatWithRetirements(kind);
        if (kind < 14) return _cheatAsIssuer(kind);
        if (kind < 24) return kind < 20 ? _cheatAsAuditor(kind) : _cheatElsewhere(kind);
        if (kind < 28) return _cheatWithShares(kind - 24);
        if (kind < 36) return kind < 32 ? _cheatWithSplits(kind - 24) : _cheatWithHoursOrPanels(kind - 24);
        return _cheatWithWhatIsNotTheirs(kind - 24);
    }

    function _onLedger(address cheater, bytes memory data, bytes4 reason, string memory meaning)
        private
        view
        returns (Cheat memory)
    {
        return Cheat(cheater, address(ledger), data, reason, meaning);
    }

    function _cheatWithTransfers(uint256 kind) private returns (Cheat memory) {
        (uint256 facility_, uint32 month) = _anyAccount();
        uint256 audited = TokenId.audited(facility_, month);
        if (kind == 0) {
            return _onLedger(
                OWNER,
                _transferCall(OWNER, STRANGER, audited, 0),
                ICarbonTokens.Soulbound.selector,
                "audited emissions moved"
            );
        }
        (uint256 id, address holder, uint256 balance) = _anyHolding();
        if (id == 0) return _nothing();
        address to = holder == BUYER ? STRANGER : BUYER;
        if (kind == 1) {
            return _onLedger(
                ADMIN,
                _transferCall(holder, ADMIN, id, 1),
                IERC1155Errors.ERC1155MissingApprovalForAll.selector,
                "a token was stolen"
            );
        }
        if (kind == 2) {
            return _onLedger(
                holder,
                _transferCall(holder, to, id, balance + 1),
                IERC1155Errors.ERC1155InsufficientBalance.selector,
                "more than the balance moved"
            );
        }
        if (kind == 3) {
            return _onLedger(
                holder,
                _transferCall(holder, address(0), id, balance),
                IERC1155Errors.ERC1155InvalidReceiver.selector,
                "a token was destroyed"
            );
        }
        (uint256[] memory two, uint256[] memory amounts) = (new uint256[](2), new uint256[](2));
        (two[0], two[1], amounts[0], amounts[1]) = (id, id, balance, 1);
        bytes memory both = abi.encodeCall(ledger.safeBatchTransferFrom, (holder, to, two, amounts, ""));
        return _onLedger(
            holder, both, IERC1155Errors.ERC1155InsufficientBalance.selector, "one balance moved twice in a batch"
        );
    }

    function _cheatWithRetirements(uint256 kind) private returns (Cheat memory) {
        (uint256 id, address holder,) = _anyHolding();
        (uint256 facility_, uint32 month) = _anyAccount();
        ICarbonTokens.Retirement memory into = _retirement(facility_, month);
        uint256 audited = TokenId.audited(facility_, month);
        if (kind == 5) {
            return _onLedger(
                OWNER, _retireCall(audited, 1, into), ICarbonTokens.Soulbound.selector, "a liability was retired"
            );
        }
        if (id == 0) return _nothing();
        if (kind == 6) {
            return _onLedger(
                ADMIN,
                _retireCall(id, 1, into),
                IERC1155Errors.ERC1155InsufficientBalance.selector,
                "retired by a non-holder"
            );
        }
        ++into.version;
        return _onLedger(
            holder,
            _retireCall(id, 1, into),
            ICarbonTokens.VersionMismatch.selector,
            "retired into a version that is not there"
        );
    }

    function _cheatAsIssuer(uint256 kind) private returns (Cheat memory) {
        uint24 source = sources[_random(sources.length)];
        ICarbonTokens.Batch memory batch = _batch(source, 1);
        (address issuer,,,,,,) = ledger.sourceOf(source);
        (bytes4 reason, string memory meaning) = (ICarbonTokens.NotIssuer.selector, "an issue was forged");
        if (kind == 8) issuer = _random(2) == 0 ? ADMIN : STRANGER;
        if (kind == 9) issuer = issuer == REC_ISSUER ? OFFSET_ISSUER : REC_ISSUER;
        if (kind == 10) {
            if (batch.serialFrom == 0) return _nothing();
            --batch.serialFrom;
            (reason, meaning) = (ICarbonTokens.SerialRangeInvalid.selector, "a serial was issued twice");
        }
        if (kind == 11) {
            batch.amount = 1_000_001;
            (reason, meaning) = (ICarbonTokens.AmountExceedsSerials.selector, "a serial of more than one unit");
        }
        if (kind == 12) {
            batch.vintageEnd = batch.vintageStart;
            (reason, meaning) = (ICarbonTokens.PeriodInvalid.selector, "an empty vintage");
        }
        if (kind == 13) return _forgeSource(issuer);
        return _onLedger(issuer, abi.encodeCall(ledger.issue, (source, BUYER, batch)), reason, meaning);
    }

    function _forgeSource(address issuer) private view returns (Cheat memory) {
        bytes memory register = abi.encodeCall(
            ledger.registerSource, (TokenId.AUDITED, "registry", keccak256("forged"), ZONE, REGION, "PV")
        );
        bytes4 reason = ICarbonTokens.ClassNotIssuable.selector;
        return _onLedger(issuer, register, reason, "a source of audited emissions was registered");
    }

    function _cheatAsAuditor(uint256 kind) private returns (Cheat memory) {
        (uint256 facility_, uint32 month) = _anyAccount();
        ICarbonTokens.Statement memory statement = _statement(facility_, month);
        (statement.scope1, statement.scope2Location) = (1, 0);
        if (kind == 14) {
            return _onLedger(
                ADMIN,
                abi.encodeCall(ledger.audit, (statement)),
                IAccessControl.AccessControlUnauthorizedAccount.selector,
                "the admin audited"
            );
        }
        if (kind == 15) {
            if (evidences.length == 0) return _nothing();
            statement.evidence = evidences[_random(evidences.length)];
            return _onLedger(
                auditor,
                abi.encodeCall(ledger.audit, (statement)),
                ICarbonTokens.EvidenceUsed.selector,
                "a document counted twice"
            );
        }
        if (kind == 16) {
            --statement.version;
            return _onLedger(
                auditor,
                abi.encodeCall(ledger.audit, (statement)),
                ICarbonTokens.VersionMismatch.selector,
                "a version was repeated"
            );
        }
        if (kind == 17) {
            uint256 until = auditedUntil[meters[0]];
            if (until == 0) return _nothing();
            statement = _statement(facilities[0], uint32(PlainCalendar.monthOf(until - 1)));
            (statement.meter, statement.start, statement.end) = (meters[0], until - 1, until);
            return _onLedger(
                auditor,
                abi.encodeCall(ledger.audit, (statement)),
                ICarbonTokens.MeterPeriodUsed.selector,
                "an instant counted twice"
            );
        }
        if (kind == 18) {
            statement.scope2Location = 1;
            return _onLedger(
                auditor,
                abi.encodeCall(ledger.audit, (statement)),
                ICarbonTokens.Scope2WithoutEnergy.selector,
                "scope 2 without energy"
            );
        }
        statement = _statement(facilities[2], month);
        statement.scope1 = 1;
        bytes memory audit = abi.encodeCall(ledger.audit, (statement));
        return _onLedger(HOLDER, audit, ICarbonTokens.SelfAudit.selector, "an auditor audited what they own");
    }

    function _cheatElsewhere(uint256 kind) private returns (Cheat memory) {
        (uint256 facility_, uint32 month) = _anyAccount();
        uint16 version = uint16(_inventories[facility_][month].version);
        if (kind == 20) {
            bytes memory close = abi.encodeCall(ledger.close, (facility_, month, version));
            return _onLedger(
                _random(2) == 0 ? ADMIN : OWNER,
                close,
                IAccessControl.AccessControlUnauthorizedAccount.selector,
                "a stranger closed a month"
            );
        }
        if (kind == 21) {
            bytes memory thaw = abi.encodeCall(ledger.setFrozen, (sources[_random(sources.length)], false));
            return _onLedger(
                _random(2) == 0 ? ADMIN : REC_ISSUER,
                thaw,
                IAccessControl.AccessControlUnauthorizedAccount.selector,
                "a freeze was lifted"
            );
        }
        if (kind == 22) {
            uint256 id = ids.length == 0 ? 0 : ids[_random(ids.length)];
            bytes memory disallow =
                abi.encodeCall(ledger.disallow, (facility_, month, version + 1, id, 1, keccak256("forged")));
            return _onLedger(
                _random(2) == 0 ? ADMIN : BUYER,
                disallow,
                IAccessControl.AccessControlUnauthorizedAccount.selector,
                "a stranger disallowed"
            );
        }
        if (claims.length == 0) return _nothing();
        uint256 claim = claims[_random(claims.length)];
        address owner = net.ownerOf(claim);
        return Cheat(
            owner,
            address(net),
            abi.encodeCall(net.transferFrom, (owner, BUYER, claim)),
            INetEmissions.CertificateLocked.selector,
            "a certificate moved"
        );
    }

    function _transferCall(address from, address to, uint256 id, uint256 amount) private view returns (bytes memory) {
        return abi.encodeCall(ledger.safeTransferFrom, (from, to, id, amount, ""));
    }

    function _retireCall(uint256 id, uint256 amount, ICarbonTokens.Retirement memory into)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(ledger.retire, (id, amount, into));
    }
}
