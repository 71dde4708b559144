// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {Roles} from "../libraries/Roles.sol";
import {Messages} from "./Messages.sol";
import {World} from "./World.sol";

/// @title PanelWorld
/// @notice Several auditors, their panels and their signatures. A mask names some of them: bit i for the i-th by address.
abstract contract PanelWorld is World {
    uint256[] internal auditorKeys; // ascending by address

    /// @dev New auditors of a market.
    function _accredit(uint256 count, bytes2 zone) internal {
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = uint128(uint256(keccak256(abi.encode("auditor", auditorKeys.length)))) + 1;
            _grant(Roles.auditor(zone), vm.addr(key));
            auditorKeys.push(key);
            for (uint256 at = auditorKeys.length - 1; at > 0 && _before(at, at - 1); --at) {
                (auditorKeys[at], auditorKeys[at - 1]) = (auditorKeys[at - 1], auditorKeys[at]);
            }
        }
    }

    function _before(uint256 i, uint256 j) private view returns (bool) {
        return vm.addr(auditorKeys[i]) < vm.addr(auditorKeys[j]);
    }

    function _keysOf(uint256 mask) internal view returns (uint256[] memory some) {
        some = new uint256[](_countOf(mask));
        uint256 next = 0;
        for (uint256 i = 0; i < auditorKeys.length; ++i) {
            if (mask >> i & 1 != 0) some[next++] = auditorKeys[i];
        }
    }

    function _countOf(uint256 mask) internal view returns (uint256 count) {
        for (uint256 i = 0; i < auditorKeys.length; ++i) {
            count += mask >> i & 1;
        }
    }

    function _auditorsOf(uint256 mask) internal view returns (address[] memory some) {
        uint256[] memory keys = _keysOf(mask);
        some = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            some[i] = vm.addr(keys[i]);
        }
    }

    function _setPanel(uint256 facility_, uint8 quorum, address[] memory members) internal {
        vm.prank(REGISTRAR);
        auditors.setPanel(facility_, quorum, members);
    }

    // ------------------------------------------------------------------------------------------------------- signatures
    function _signAll(bytes32 structHash, uint256 mask)
        internal
        view
        returns (IAuditors.Signature[] memory signatures)
    {
        uint256[] memory keys = _keysOf(mask);
        signatures = new IAuditors.Signature[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            signatures[i] = _signHash(structHash, keys[i], address(auditors));
        }
    }

    /// @dev Of one statement, with the end of today's block as deadline.
    function _signAudit(ICarbonTokens.Statement memory statement, uint256 mask)
        internal
        view
        returns (IAuditors.Signature[] memory)
    {
        return _signAll(Messages.audit(_only(statement), block.timestamp), mask);
    }

    function _relayNow(ICarbonTokens.Statement memory statement, IAuditors.Signature[] memory signatures) internal {
        auditors.audit(_only(statement), block.timestamp, signatures);
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return Messages.digest(structHash, address(auditors));
    }
}
