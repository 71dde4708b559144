// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {LedgerHandler} from "./LedgerHandler.sol";
import {World} from "./World.sol";

/// @title InvariantWorld
/// @notice A ledger and the handler that acts on it in any order.
abstract contract InvariantWorld is World {
    LedgerHandler internal handler;
    uint32 internal constant FIRST = MONTH - 2;
    uint32 internal constant MONTHS = 4;
    uint256 internal constant FACILITIES = 3;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _deploy();
        handler = new LedgerHandler(ledger, net);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), handler.acts());
    }

    /// @dev A run whose acts mostly fail would prove little. A shorter one is a found failure, shrunk and played again.
    function afterInvariant() external view {
        _holds(
            handler.attempts() < 64 || 3 * handler.successes() >= handler.attempts(),
            "most acts of this run did nothing"
        );
    }

    function _account(uint256 i) internal view returns (uint256 facility_, uint32 month) {
        return (handler.facilities(i / MONTHS), FIRST + uint32(i % MONTHS));
    }
}
