// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {InventorySlot} from "../libraries/Slots.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {SymbolicWorld} from "./SymbolicWorld.t.sol";

/// @title SymbolicClaims
/// @notice No claim above net zero, and certificates that never move, proven by halmos on the real ledger.
contract SymbolicClaims is SymbolicWorld {
    /// A month is claimed only if its market-based gross emissions, as this check computes them, are not above its
    /// offsets: for all audited amounts, without RECs.
    function checkNoClaimAboveNetZero(
        uint48 energy,
        uint48 scope1,
        uint48 location,
        uint48 residual,
        uint48 scope3,
        uint48 offsets
    ) external {
        ICarbonTokens.Statement memory statement = _reading(energy, location, residual);
        (statement.scope1, statement.scope3) = (scope1, scope3);
        _audit(statement);
        if (offsets != 0) _retireNew(offsetSource, offsets);
        _close(facility, MONTH);
        bool neutral = uint256(scope1) + residual + scope3 <= offsets;
        assert(_claims(OWNER, facility, MONTH, MONTH, INetEmissions.Basis.Annual) == neutral);
        (,, int256 netGrams) = net.netOf(facility, MONTH);
        assert((netGrams <= 0) == neutral);
    }

    /// With RECs, what they do not cover counts at the residual mix, rounded up: 4 Wh of energy, any residual mix, and 1 to 5
    /// Wh of RECs. (Products of two symbolic amounts are beyond the solvers; the fuzz tests of Slots vary all of them.)
    function checkNoClaimAboveNetZeroWithRecs(uint48 scope1, uint48 residual, uint48 offsets, uint8 recs) external {
        vm.assume(recs != 0 && recs <= 5);
        ICarbonTokens.Statement memory statement = _reading(4, residual, residual);
        statement.scope1 = scope1;
        _audit(statement);
        uint256 uncovered = _retireRecs(recs);
        if (offsets != 0) _retireNew(offsetSource, offsets);
        _close(facility, MONTH);
        // scope 1 + residual * uncovered / 4 <= offsets, without a division
        bool neutral = uint256(residual) * uncovered + 4 * uint256(scope1) <= 4 * uint256(offsets);
        assert(_claims(OWNER, facility, MONTH, MONTH, INetEmissions.Basis.Annual) == neutral);
    }

    /// Whatever happened before: a month whose claim was just made, or is valid, is closed and not above net zero on the
    /// claim's basis.
    function checkAValidClaimIsNeverAboveNetZero(address caller, uint216 facility_, bool hourly_, bool claims)
        external
    {
        _forget();
        INetEmissions.Basis basis = hourly_ ? INetEmissions.Basis.Hourly : INetEmissions.Basis.Annual;
        if (claims) vm.assume(_claims(caller, facility_, MONTH, MONTH, basis));
        else vm.assume(net.isValid(net.claimIdOf(facility_, MONTH, MONTH, basis)));
        (uint256 inventory,) = ledger.slotsOfAccount(TokenId.audited(facility_, MONTH));
        assert(InventorySlot.wrap(inventory).closed());
        if (hourly_ && InventorySlot.wrap(inventory).energy() == 0) return; // nothing to match
        (,, int256 netGrams) = hourly_ ? net.hourlyNetOf(facility_, MONTH) : net.netOf(facility_, MONTH);
        assert(netGrams <= 0);
    }

    /// Only a claim succeeds on NetEmissions, or the admin's word that newer contracts follow: no transfer and no approval of
    /// a certificate, whatever happened before.
    function checkNothingMovesACertificate(address caller, address from, address to, uint256 id) external {
        _forget();
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(net.transferFrom, (from, to, id));
        calls[1] = abi.encodeWithSignature("safeTransferFrom(address,address,uint256)", from, to, id);
        calls[2] = abi.encodeWithSignature("safeTransferFrom(address,address,uint256,bytes)", from, to, id, "");
        calls[3] = abi.encodeCall(net.approve, (to, id));
        calls[4] = abi.encodeCall(net.setApprovalForAll, (to, true));
        for (uint256 i = 0; i < calls.length; ++i) {
            assert(!_call(caller, address(net), calls[i]));
        }
    }

    /// No call to NetEmissions, even a renewed claim, changes the owner of a certificate that exists.
    function checkCertificatesStayWithTheirFacility(address caller, uint256 id, bool claims) external {
        bytes memory data = claims
            ? abi.encodeCall(net.claim, (facility, MONTH, MONTH, INetEmissions.Basis.Annual))
            : svm.createCalldata("NetEmissions");
        vm.assume(claims || bytes4(data) != net.claim.selector); // its loop over any months would not end
        _forget();
        (bool issued, bytes memory before) = address(net).staticcall(abi.encodeCall(net.ownerOf, (id)));
        vm.assume(issued);
        _call(caller, address(net), data);
        assert(abi.decode(before, (address)) == net.ownerOf(id));
    }

    /// @dev Every contract with any storage: what holds then holds after any history.
    function _forget() private {
        svm.enableSymbolicStorage(address(ledger));
        svm.enableSymbolicStorage(address(net));
        svm.enableSymbolicStorage(address(hourly));
    }

    function _claims(address caller, uint256 facility_, uint32 from, uint32 thru, INetEmissions.Basis basis)
        private
        returns (bool)
    {
        return _call(caller, address(net), abi.encodeCall(net.claim, (facility_, from, thru, basis)));
    }

    /// @dev Retires RECs and returns the Wh of 4 that they leave; each amount on a path of its own, as a number.
    function _retireRecs(uint8 recs) private returns (uint256) {
        for (uint256 amount = 1; amount <= 5; ++amount) {
            if (recs != amount) continue;
            _retireNew(recSource, amount);
            return amount < 4 ? 4 - amount : 0;
        }
        revert Untrue("RECs of 1 to 5 Wh");
    }

    function _retireNew(uint24 source, uint256 amount) private {
        uint256 serials = uint256(1 << 48) / 1_000_000 + 1;
        bytes32 evidence = bytes32(uint256(source));
        _retire(
            HOLDER,
            _issue(source, HOLDER, ICarbonTokens.Batch(evidence, amount, 0, serials - 1, JANUARY, FEBRUARY)),
            amount
        );
    }
}
