// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

/// @title ChoosyHolder
/// @notice A receiver of ERC-1155 tokens that answers as it was told to, and repeats what it was asked.
contract ChoosyHolder is IERC1155Receiver, ERC165 {
    enum Answer {
        Accept,
        WrongMagic,
        NamedError,
        Reason,
        Silence,
        Panic
    }

    event Received(address operator, address from, uint256 id, uint256 value, bytes data);
    event BatchReceived(address operator, address from, uint256[] ids, uint256[] values, bytes data);

    error Unwanted(uint256 id);

    Answer private immutable _answer;

    constructor(Answer answer) {
        _answer = answer;
    }

    /// @inheritdoc IERC1155Receiver
    function onERC1155Received(address operator, address from, uint256 id, uint256 value, bytes calldata data)
        external
        returns (bytes4)
    {
        emit Received(operator, from, id, value, data);
        return _answered(this.onERC1155Received.selector, id);
    }

    /// @inheritdoc IERC1155Receiver
    function onERC1155BatchReceived(
        address operator,
        address from,
        uint256[] calldata ids,
        uint256[] calldata values,
        bytes calldata data
    ) external returns (bytes4) {
        emit BatchReceived(operator, from, ids, values, data);
        return _answered(this.onERC1155BatchReceived.selector, ids[0]);
    }

    function _answered(bytes4 magic, uint256 id) private view returns (bytes4) {
        if (_answer == Answer.WrongMagic) return 0xf00dbabe;
        if (_answer == Answer.NamedError) revert Unwanted(id);
        require(_answer != Answer.Reason, "not wanted");
        assert(_answer != Answer.Panic);
        if (_answer == Answer.Silence) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        return magic;
    }
}
