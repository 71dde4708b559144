// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IERC4906
/// @notice Metadata updates of NFTs (ERC-4906, final): a renewal announces itself. Its interface id is not announced, for a
/// certificate also changes with the ledger, which cannot tell it.
interface IERC4906 {
    /// @notice The metadata of a token changed: read it again.
    event MetadataUpdate(uint256 _tokenId);
}
