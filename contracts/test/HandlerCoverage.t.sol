// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {InvariantWorld} from "./InvariantWorld.sol";

/// @notice What the handler can do, it does: else the invariants would hold of nothing.
contract HandlerCoverageTest is InvariantWorld {
    mapping(bytes32 act => uint256) private _total;
    uint256 private _lives;

    // -------------------------------------------------------------------------------------------------------- coverage
    /// @dev Ten short lives of a ledger, as an invariant run is one.
    function testEveryActOfTheHandlerSucceedsOften() public {
        for (uint256 life = 0; life < 10; ++life) {
            setUp();
            bytes4[] memory acts = handler.acts();
            for (uint256 i = 0; i < 270; ++i) {
                _call(i % 4 == 3 ? handler.cheat.selector : acts[(i + i / 4) % acts.length], life * 270 + i);
            }
            _holds(bytes(handler.broken()).length == 0, handler.broken());
            _countSuccesses();
        }
    }

    function _countSuccesses() private {
        string[33] memory names = [
            "issueOne",
            "issueMany",
            "send",
            "sendMany",
            "retireOne",
            "retireMany",
            "readMeter",
            "addScopes",
            "relayAudit",
            "closeMonth",
            "restateMonth",
            "takeOut",
            "freeze",
            "unfreeze",
            "claim",
            "renewal",
            "neutralise",
            "callback",
            "reentrantRetirement",
            "changePanel",
            "dissolvePanel",
            "auditByQuorum",
            "auditByOne",
            "revokedSignature",
            "quorumMissing",
            "commitSplit",
            "claimShare",
            "reclaimAfterRestatement",
            "retireGranular",
            "recordHours",
            "hourlyClaim",
            "takeOutGranular",
            "reopen"
        ];
        bool last = ++_lives == 10;
        for (uint256 i = 0; i < names.length; ++i) {
            _total[bytes32(bytes(names[i]))] += handler.succeeded(bytes32(bytes(names[i])));
            _holds(!last || _total[bytes32(bytes(names[i]))] >= 10, names[i]);
        }
        for (uint256 i = 0; i < handler.CHEATS(); ++i) {
            bytes32 name = bytes32(abi.encodePacked("cheat", uint8(i)));
            _total[name] += handler.succeeded(name);
            require(!last || _total[name] >= 4, Unequal("a cheat was hardly tried in earnest", i, _total[name]));
        }
    }

    function _call(bytes4 selector, uint256 seed) private {
        (bool ok,) = address(handler).call(abi.encodeWithSelector(selector, keccak256(abi.encode(seed))));
        _holds(ok, "the handler itself failed");
    }
}
