// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";
import {World} from "./World.sol";

/// @title SplitWorld
/// @notice Splits of accounts among tenants: shares, the tree above them, commits and claims.
abstract contract SplitWorld is World {
    /// @dev What a split adds up to.
    struct Totals {
        uint256 energy;
        uint256 location;
        uint256 market;
    }

    /// @dev Totals of an account by the plain formula, market-based with `recs` Wh of RECs.
    function _totals(uint256 facility_, uint32 month, uint256 recs) internal view returns (Totals memory) {
        ICarbonTokens.Account memory account = ledger.accountOf(facility_, month);
        uint256 direct = account.scope1 + account.scope3;
        return Totals(
            account.energy,
            direct + account.scope2Location + account.allocatedLocation,
            direct + _plainMarket(account.energy, account.scope2Residual, recs) + account.allocatedMarket
        );
    }

    /// @dev Any shares of the tenants that add up to the totals; the last takes what is left.
    function _shares(Totals memory totals, bytes32[] memory tenants, uint256 seed)
        internal
        pure
        returns (IAllocations.Share[] memory shares)
    {
        shares = new IAllocations.Share[](tenants.length);
        Totals memory left = Totals(totals.energy, totals.location, totals.market);
        for (uint256 i = 0; i < tenants.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed, i)));
            Totals memory part = left;
            if (i != tenants.length - 1) {
                part =
                    Totals(_part(seed, left.energy), _part(seed >> 64, left.location), _part(seed >> 128, left.market));
            }
            shares[i] = IAllocations.Share(tenants[i], part.energy, part.location, part.market, bytes32(seed));
            left = Totals(left.energy - part.energy, left.location - part.location, left.market - part.market);
        }
    }

    function _part(uint256 seed, uint256 most) private pure returns (uint256) {
        seed = uint64(seed);
        return seed % 4 == 0 ? 0 : seed % 4 == 1 ? most : (seed >> 2) % (most + 1);
    }

    function _leaves(IAllocations.Share[] memory shares) internal pure returns (PlainMerkleSum.Node[] memory leaves) {
        leaves = new PlainMerkleSum.Node[](shares.length);
        for (uint256 i = 0; i < shares.length; ++i) {
            IAllocations.Share memory share = shares[i];
            leaves[i] = PlainMerkleSum.leaf(share.tenant, share.energy, share.location, share.market, share.salt);
        }
    }

    function _commit(uint256 facility_, uint32 month, uint256 recs, IAllocations.Share[] memory shares) internal {
        (address owner,,,) = ledger.facilityOf(facility_);
        (uint32 version, uint8 depth) = (_totalsVersion(facility_, month), PlainMerkleSum.depthOf(shares.length));
        bytes32 top = PlainMerkleSum.topOf(_leaves(shares)).hash;
        vm.prank(owner);
        allocations.commit(facility_, month, version, recs, depth, top);
    }

    /// @dev By the owner of the tenant's facility.
    function _claim(uint256 facility_, uint32 month, IAllocations.Share[] memory shares, uint256 index) internal {
        (address owner,,,) = ledger.facilityOf(uint256(shares[index].tenant));
        bytes memory path = PlainMerkleSum.siblings(_leaves(shares), index);
        vm.prank(owner);
        allocations.claim(facility_, month, shares[index], index, path);
    }

    /// @dev What a facility's owner holds of class 4 for a month.
    function _sharesHeld(uint256 facility_, uint32 month) internal view returns (uint256) {
        (address owner,,,) = ledger.facilityOf(facility_);
        return ledger.balanceOf(owner, TokenId.allocated(facility_, month));
    }
}
