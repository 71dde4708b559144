// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {CoverSlot, InventorySlot} from "../libraries/Slots.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {SymbolicWorld} from "./SymbolicWorld.t.sol";

/// @title SymbolicShares
/// @notice No share of an account is claimed twice, and shares never add up to more than the account, proven by halmos for
/// trees of one and of two leaves: deeper ones fold by the same step, which the fuzz tests of MerkleSum repeat.
contract SymbolicShares is SymbolicWorld {
    /// @dev A claim: a share, its place (0 or 1) and the record of its sibling; no sibling in a tree of one leaf.
    struct Proof {
        IAllocations.Share share;
        bool alone;
        bool right;
        bytes32 sibling;
        uint144 siblingAmounts;
    }

    /// Whatever happened before: after a tenant claimed, nobody claims for it again from the account as it stands, be it
    /// another share, from another place of the tree. Bounds: a tree of two leaves, whose left one was claimed first.
    function checkNoShareIsClaimedTwice(
        address caller,
        address again,
        uint216 account,
        uint216 tenant,
        Proof calldata first,
        Proof calldata second
    ) external {
        vm.assume(first.share.tenant == bytes32(uint256(tenant)) && second.share.tenant == first.share.tenant);
        vm.assume(!first.alone && !first.right && !second.alone);
        svm.enableSymbolicStorage(address(ledger));
        svm.enableSymbolicStorage(address(allocations));
        vm.assume(_claims(caller, account, first));
        assert(!_claims(again, account, second));
    }

    /// Shares of two tenants that are proven of an account are together at most its totals, whatever hash its owner
    /// committed, and whatever happened before. Bounds: a tree of two leaves, no RECs counted (products of two symbolic amounts
    /// are beyond the solvers).
    function checkProvenSharesNeverExceedTheAccount(
        address caller,
        uint216 account,
        uint16 version,
        bytes32 top,
        Proof calldata first,
        Proof calldata second
    ) external {
        vm.assume(first.share.tenant != second.share.tenant && !first.alone && !second.alone);
        svm.enableSymbolicStorage(address(ledger));
        svm.enableSymbolicStorage(address(allocations));
        bytes memory commit = abi.encodeCall(allocations.commit, (account, MONTH, version, 0, 1, top));
        vm.assume(_call(caller, address(allocations), commit));
        vm.assume(_proves(account, version, first) && _proves(account, version, second));
        (uint256 inventory, uint256 cover) = ledger.slotsOfAccount(TokenId.audited(account, MONTH));
        (uint256 location, uint256 market) = InventorySlot.wrap(inventory).totals(CoverSlot.wrap(cover), 0);
        assert(first.share.energy + second.share.energy <= InventorySlot.wrap(inventory).energy());
        assert(first.share.location + second.share.location <= location);
        assert(first.share.market + second.share.market <= market);
    }

    /// Nothing but a claim of its own changes what a tenant has claimed, and nothing at all is forgotten of it.
    function checkOnlyAClaimChangesWhatIsClaimed(address caller, uint216 account, uint216 tenant) external {
        bytes memory data = svm.createCalldata("Allocations");
        vm.assume(bytes4(data) != allocations.claim.selector);
        svm.enableSymbolicStorage(address(ledger));
        svm.enableSymbolicStorage(address(allocations));
        bytes32 before = _claimed(account, tenant);
        _call(caller, address(allocations), data);
        assert(_claimed(account, tenant) == before);
    }

    function _claimed(uint256 account, uint256 tenant) private view returns (bytes32) {
        return
            keccak256(abi.encode(allocations.claimedBy(account, MONTH, tenant), allocations.claimedOf(account, MONTH)));
    }

    function _claims(address caller, uint256 account, Proof calldata proof) private returns (bool) {
        (uint256 index, bytes memory siblings) = _path(proof);
        bytes memory data = abi.encodeCall(allocations.claim, (account, MONTH, proof.share, index, siblings));
        return _call(caller, address(allocations), data);
    }

    function _proves(uint256 account, uint16 version, Proof calldata proof) private view returns (bool) {
        (uint256 index, bytes memory siblings) = _path(proof);
        return allocations.verify(account, MONTH, version, proof.share, index, siblings);
    }

    /// @dev Each place on a path of its own, as a number: folding moves in memory by it.
    function _path(Proof calldata proof) private pure returns (uint256 index, bytes memory siblings) {
        if (proof.alone) return (0, "");
        return (proof.right ? 1 : 0, abi.encodePacked(proof.sibling, proof.siblingAmounts));
    }
}
