// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title ISupersedable
/// @notice Code is never changed: a new rule is a new contract on the same ledger. The old one says who follows it and from
/// then on refuses new claims (NetEmissions), splits (Allocations) and retirements (HourlyMatching). What stands in it stays
/// readable, shares of committed splits can be claimed, and what was retired can be matched. The ledger itself only points.
interface ISupersedable {
    /// @notice `by` takes over; set once.
    event Superseded(address indexed by);

    /// @notice Another contract took over: go there.
    error SupersededBy(address by);
    /// @notice Only the ledger's admin.
    error NotAdmin(address caller, address admin);
    /// @notice The successor has no code, or is the contract itself.
    error SuccessorMissing(address by);

    /// @notice Names the contract that takes over. Only the ledger's admin, once.
    function supersede(address by) external;

    /// @notice The contract that took over; zero while this one is current.
    function supersededBy() external view returns (address);
}
