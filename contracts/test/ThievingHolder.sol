// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {CarbonTokens} from "../CarbonTokens.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";

/// @title ThievingHolder
/// @notice Receives tokens and, while it is called back, tries to use them twice, to take what is the sender's and to act
/// in others' names. What it may do with its own it does, in the middle of the call.
contract ThievingHolder is IERC1155Receiver {
    CarbonTokens private immutable ledger;
    NetEmissions private immutable net;
    address public immutable accomplice = address(0xACC);
    uint256 private _facility;
    uint32 private _month;
    uint256 private _retiredId;
    uint256 private _retiredAmount;
    uint256 public callbacks;
    uint256 public thefts;
    string public loot; // what worked and must not

    constructor(CarbonTokens ledger_, NetEmissions net_) {
        (ledger, net) = (ledger_, net_);
    }

    function aimAt(uint256 facility, uint32 month) external {
        (_facility, _month) = (facility, month);
    }

    /// @notice What it retired of its own since the last call.
    function takeRetirement() external returns (uint256 id, uint256 amount) {
        (id, amount) = (_retiredId, _retiredAmount);
        (_retiredId, _retiredAmount) = (0, 0);
    }

    function onERC1155Received(address, address from, uint256 id, uint256 value, bytes calldata)
        external
        returns (bytes4)
    {
        _steal(from, id, value);
        return this.onERC1155Received.selector;
    }

    function onERC1155BatchReceived(
        address,
        address from,
        uint256[] calldata ids,
        uint256[] calldata values,
        bytes calldata
    ) external returns (bytes4) {
        if (ids.length != 0) _steal(from, ids[0], values[0]);
        return this.onERC1155BatchReceived.selector;
    }

    function supportsInterface(bytes4) external pure returns (bool) {
        return true;
    }

    function _steal(address from, uint256 id, uint256 value) private {
        ++callbacks;
        uint256 balance = ledger.balanceOf(address(this), id);
        if (balance < value) _caught("the token is not there yet when it is announced");
        ICarbonTokens.Retirement memory retirement = ICarbonTokens.Retirement(
            _facility, _month, uint16(ledger.accountOf(_facility, _month).version), "thief", "double use"
        );
        _retire(id, balance, retirement);
        balance = ledger.balanceOf(address(this), id);
        if (balance > 1) ledger.safeTransferFrom(address(this), accomplice, id, balance / 2, "");
        balance = ledger.balanceOf(address(this), id);
        try ledger.safeTransferFrom(address(this), accomplice, id, balance + 1, "") {
            _caught("a token was sent twice");
        } catch {}
        try ledger.retire(id, balance + 1, retirement) {
            _caught("a token was retired twice");
        } catch {}
        _takeFrom(from, id);
    }

    /// @dev Retires one of its own tokens while it is being paid.
    function _retire(uint256 id, uint256 balance, ICarbonTokens.Retirement memory retirement) private {
        if (balance == 0) return;
        try ledger.retire(id, 1, retirement) {
            (_retiredId, _retiredAmount) = (id, 1);
        } catch {}
    }

    function _takeFrom(address from, uint256 id) private {
        if (from == address(0) || from == address(this) || ledger.balanceOf(from, id) == 0) return;
        if (ledger.isApprovedForAll(from, address(this))) return;
        try ledger.safeTransferFrom(from, address(this), id, 1, "") {
            _caught("the sender was robbed");
        } catch {}
    }

    function _caught(string memory what) private {
        ++thefts;
        loot = what;
    }
}
