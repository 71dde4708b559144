// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISupersedable} from "./interfaces/ISupersedable.sol";

/// @title Supersedable: see ISupersedable
abstract contract Supersedable is ISupersedable {
    /// @inheritdoc ISupersedable
    address public supersededBy;

    /// @inheritdoc ISupersedable
    function supersede(address by) external {
        address admin = _admin();
        if (msg.sender != admin) revert NotAdmin(msg.sender, admin);
        _requireCurrent();
        if (by.code.length == 0 || by == address(this)) revert SuccessorMissing(by);
        supersededBy = by;
        emit Superseded(by);
    }

    function _requireCurrent() internal view {
        if (supersededBy != address(0)) revert SupersededBy(supersededBy);
    }

    function _admin() internal view virtual returns (address);
}
