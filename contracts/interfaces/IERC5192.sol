// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IERC5192
/// @notice Minimal soulbound NFTs (ERC-5192, final).
interface IERC5192 {
    /// @notice The token is locked from now on.
    event Locked(uint256 tokenId);
    /// @notice The token is unlocked from now on. Never emitted here.
    event Unlocked(uint256 tokenId);

    /// @notice Whether the token is locked. Reverts for a token that does not exist.
    function locked(uint256 tokenId) external view returns (bool);
}
