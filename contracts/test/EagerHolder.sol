// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {CarbonTokens} from "../CarbonTokens.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";

/// @title EagerHolder
/// @notice Retires a granular certificate in the middle of the call that issues it, and tries to do so twice.
contract EagerHolder is ERC1155Holder {
    CarbonTokens private immutable ledger;
    IHourlyMatching private immutable hourly;
    IHourlyMatching.Granular private _certificate;
    ICarbonTokens.Retirement private _retirement;
    uint256 public times; // that it was retired

    constructor(CarbonTokens ledger_, IHourlyMatching hourly_) {
        (ledger, hourly) = (ledger_, hourly_);
        ledger.setApprovalForAll(address(hourly), true);
    }

    function waitFor(IHourlyMatching.Granular calldata certificate, ICarbonTokens.Retirement calldata retirement)
        external
    {
        (_certificate, _retirement) = (certificate, retirement);
    }

    function onERC1155Received(address operator, address from, uint256 id, uint256 value, bytes memory data)
        public
        override
        returns (bytes4)
    {
        for (uint256 i = 0; i < 2; ++i) {
            try hourly.retire(_certificate, _retirement) {
                ++times;
            } catch {}
        }
        return super.onERC1155Received(operator, from, id, value, data);
    }
}
