// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IAllocations
/// @notice The split of an account among tenants. The operator commits a Merkle-sum root whose total is the account's
/// total at a version; each tenant proves its share against it, and takes it into scope 3 of an account of its own.
/// @dev The version here is that of the account's totals: the account's own version, which counts what auditors do, and
/// << 16 the number of changes of the shares claimed into it. No two states of the totals have the same.
interface IAllocations {
    /// @notice A tenant's share of an account, as its operator handed it over.
    struct Share {
        bytes32 tenant; // facility of the tenant; any other identifier if it has none
        uint256 energy; // Wh
        uint256 location; // g, location-based
        uint256 market; // g, market-based
        bytes32 salt; // secret until proven: hides the shares of others
    }

    /// @notice What was claimed of an account, or by one tenant of it.
    struct Claimed {
        uint32 version; // of the account's totals that were split
        uint48 energy; // Wh
        uint48 location; // g
        uint48 market; // g
    }

    /// @notice An account was split. `total` is energy Wh | location-based g << 48 | market-based g << 96.
    event Committed(
        uint256 indexed facility,
        uint32 indexed month,
        uint32 version,
        bytes32 root,
        uint8 depth,
        uint256 total,
        uint256 recs
    );
    /// @notice A tenant took its share into its own account of the same month.
    event ShareClaimed(
        uint256 indexed facility,
        uint32 indexed month,
        uint256 indexed tenant,
        uint32 version,
        uint256 energy,
        uint256 location,
        uint256 market
    );

    /// @notice The ledger was deployed for another Allocations contract.
    error LedgerOfOthers(address allocations);
    /// @notice Only the owner of the facility: of the account to commit, of the tenant's to claim.
    error NotOwner(address caller, address owner);
    /// @notice The month was not declared complete, or has no version left.
    error MonthNotComplete(uint256 facility, uint32 month);
    /// @notice The account moved on: split it as it stands.
    error VersionNotCurrent(uint32 current, uint32 given);
    /// @notice This version of the account was split before; its split is never replaced.
    error AllocationExists(uint256 facility, uint32 month, uint32 version);
    /// @notice More RECs are counted than were retired into the account.
    error RecsNotRetired(uint256 retired, uint256 given);
    /// @notice Totals of 2^48 Wh or g or more are not split.
    error TotalTooLarge();
    /// @notice A tree of more than 32 levels.
    error DepthTooLarge(uint256 depth);
    /// @notice The share is not a leaf of the split of this account at its current version.
    error ShareNotProven(uint256 facility, uint32 month, bytes32 tenant);
    /// @notice This tenant's share of this version was claimed.
    error ShareAlreadyClaimed(uint256 facility, uint32 month, uint256 tenant);
    /// @notice An id of more than 216 bits names no facility.
    error FacilityInvalid(uint256 facility);
    /// @notice An account takes no share of itself.
    error OwnShare(uint256 facility);

    /// @notice Splits a complete month. Only the owner of the facility, once for each version of the account: a wrong top stands
    /// until it changes. The sums of the tree must be the account's energy, gross location-based and gross market-based emissions: other trees prove nothing.
    /// @param recs RECs that the market-based total counts, Wh: at most what is retired, so that a stranger's gift cannot
    /// change the total while the split is under way
    /// @param depth levels of the tree, 0 for one tenant @param top hash at the top of the tree
    function commit(uint256 facility, uint32 month, uint32 version, uint256 recs, uint8 depth, bytes32 top) external;

    /// @notice Takes a share into the tenant's account of the same month: scope 3, location-based and market-based. Only the
    /// owner of the tenant's facility. After a restatement the share of the new split replaces that of the old one.
    /// @param index position of the leaf @param siblings 50 bytes for each level, see MerkleSum
    function claim(uint256 facility, uint32 month, Share calldata share, uint256 index, bytes calldata siblings)
        external;

    /// @notice Whether the share is part of the split of the account at a version, which need not be the current one.
    function verify(
        uint256 facility,
        uint32 month,
        uint32 version,
        Share calldata share,
        uint256 index,
        bytes calldata siblings
    ) external view returns (bool);

    /// @notice The version of an account's totals.
    function versionOf(uint256 facility, uint32 month) external view returns (uint32);

    /// @notice Root of the split of an account at a version; zero if there is none.
    function rootOf(uint256 facility, uint32 month, uint32 version) external view returns (bytes32);

    /// @notice What was claimed of an account at the latest version of which anything was claimed.
    function claimedOf(uint256 facility, uint32 month) external view returns (Claimed memory);

    /// @notice What a tenant's account holds of an account.
    function claimedBy(uint256 facility, uint32 month, uint256 tenant) external view returns (Claimed memory);
}
