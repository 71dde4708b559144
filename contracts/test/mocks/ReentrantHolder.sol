// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";

/// @title ReentrantHolder
/// @notice A holder of tokens that calls back while it receives some. It records what became of the calls.
contract ReentrantHolder is ERC1155Holder {
    event Tried(bool success, bytes4 error);

    bytes[] private _calls;

    /// @notice What to call the next time that tokens arrive.
    function prepare(bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            _calls.push(calls[i]);
        }
    }

    /// @notice Makes this contract call another.
    function execute(address target, bytes calldata data) external {
        (bool success, bytes memory output) = target.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(output, 32), mload(output))
            }
        }
    }

    /// @dev The sender of the tokens' message is the ledger.
    function onERC1155Received(address operator, address from, uint256 id, uint256 value, bytes memory data)
        public
        override
        returns (bytes4)
    {
        bytes[] memory calls = _calls;
        delete _calls;
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool success, bytes memory output) = msg.sender.call(calls[i]);
            emit Tried(success, bytes4(output));
        }
        return super.onERC1155Received(operator, from, id, value, data);
    }
}
