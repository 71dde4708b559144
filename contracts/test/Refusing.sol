// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {World} from "./World.sol";

/// @title Refusing
/// @notice Calls that must be refused with exactly one error and its values.
abstract contract Refusing is World {
    error NotRefused(address target, bytes data);
    error RefusedOtherwise(bytes actual, bytes expected);

    function _refused(address caller, address target, bytes memory data, bytes memory reason) internal {
        vm.prank(caller);
        (bool succeeded, bytes memory answer) = target.call(data);
        require(!succeeded, NotRefused(target, data));
        require(keccak256(answer) == keccak256(reason), RefusedOtherwise(answer, reason));
    }

    function _accepted(address caller, address target, bytes memory data) internal returns (bytes memory answer) {
        bool succeeded;
        vm.prank(caller);
        (succeeded, answer) = target.call(data);
        require(succeeded, RefusedOtherwise(answer, ""));
    }

    function _error(bytes4 selector) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }

    function _error(bytes4 selector, uint256 value) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, value);
    }

    function _error(bytes4 selector, uint256 first, uint256 second) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, first, second);
    }

    function _error(bytes4 selector, uint256 first, uint256 second, uint256 third)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(selector, first, second, third);
    }

    function _roleMissing(address account, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role);
    }
}
