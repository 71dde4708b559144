// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Timelock
/// @notice OpenZeppelin's timelock with one proposer and open execution, as an admin that announces what it will do.
contract Timelock is TimelockController {
    constructor(uint256 delay, address proposer)
        TimelockController(delay, _only(proposer), _only(address(0)), address(0))
    {}

    function _only(address account) private pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = account;
    }
}
