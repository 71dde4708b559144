// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {CoverSlot} from "../libraries/Slots.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {SymbolicWorld} from "./SymbolicWorld.t.sol";

/// @title SymbolicLedger
/// @notice Conservation, irreversible retirement and soulbound classes of CarbonTokens, proven by halmos.
contract SymbolicLedger is SymbolicWorld {
    uint256 private constant MARGIN = 1 << 48; // more than a batch can hold
    uint256 private constant ROOM = 1 << 69; // a lane of a cover that is not more than half full

    // ------------------------------------------------------------------------------------------------------ conservation
    /// A batch's tokens are held or retired: issued = held + retired, whoever issues, sends and retires how much to whom.
    function checkIssuedIsHeldPlusRetired(
        uint48 issued,
        address first,
        address second,
        uint48 sent,
        uint48 retired,
        bool secondRetires
    ) external {
        _assumePerson(first);
        _assumePerson(second);
        vm.assume(first != second);
        uint256 id = _issueFrom(recSource, first, issued);
        assert(ledger.balanceOf(first, id) == issued && ledger.balanceOf(second, id) == 0);
        _call(first, address(ledger), abi.encodeCall(ledger.safeTransferFrom, (first, second, id, sent, "")));
        assert(ledger.balanceOf(first, id) + ledger.balanceOf(second, id) == issued);
        _call(
            secondRetires ? second : first,
            address(ledger),
            abi.encodeCall(ledger.retire, (id, retired, _retirement(facility, MONTH)))
        );
        (uint256 recs, uint256 offsets) = _cover(facility, MONTH);
        assert(ledger.balanceOf(first, id) + ledger.balanceOf(second, id) + recs == issued && offsets == 0);
    }

    /// A transfer moves its amount and nothing else, whatever happened on the ledger before.
    function checkATransferMovesItsAmountOnly(
        address caller,
        address from,
        address to,
        address other,
        uint256 id,
        uint256 otherId,
        uint256 amount
    ) external {
        _assumePerson(from);
        _assumePerson(to);
        vm.assume(other != from && other != to && !_isSoulbound(id) && !_isSoulbound(otherId)); // those: see below
        svm.enableSymbolicStorage(address(ledger));
        uint256[4] memory before = _balances(from, to, other, id, otherId);
        vm.assume(before[0] < MARGIN / 2 && before[1] < MARGIN / 2);
        if (!_call(caller, address(ledger), abi.encodeCall(ledger.safeTransferFrom, (from, to, id, amount, "")))) {
            return;
        }
        uint256[4] memory current = _balances(from, to, other, id, otherId);
        assert(from == to ? current[0] == before[0] : current[0] == before[0] - amount);
        assert(from == to || current[1] == before[1] + amount);
        assert(current[2] == before[2]);
        if (otherId != id) assert(current[3] == before[3]);
    }

    /// A retirement takes its amount from the caller and adds it to one class of one account, whatever happened before.
    function checkARetirementGoesIntoItsAccountOnly(
        address caller,
        address other,
        uint256 id,
        uint256 amount,
        ICarbonTokens.Retirement calldata retirement,
        uint256 otherFacility,
        uint32 otherMonth
    ) external {
        vm.assume(caller != address(0) && other != address(0) && other != caller);
        vm.assume(retirement.facility < 1 << 216 && otherFacility < 1 << 216);
        vm.assume(otherFacility != retirement.facility || otherMonth != retirement.month);
        vm.assume(!_isSoulbound(id)); // those: see below
        svm.enableSymbolicStorage(address(ledger));
        uint256[2] memory held = [ledger.balanceOf(caller, id), ledger.balanceOf(other, id)];
        uint256[3] memory cover = _coverAndShares(retirement.facility, retirement.month);
        uint256[3] memory elsewhere = _coverAndShares(otherFacility, otherMonth);
        vm.assume(held[0] < MARGIN && cover[0] < ROOM && cover[1] < ROOM);
        if (!_call(caller, address(ledger), abi.encodeCall(ledger.retire, (id, amount, retirement)))) return;
        assert(ledger.balanceOf(caller, id) == held[0] - amount && ledger.balanceOf(other, id) == held[1]);
        cover[TokenId.classOf(id) == TokenId.OFFSET ? 1 : 0] += amount;
        _requireSame(_coverAndShares(retirement.facility, retirement.month), cover);
        _requireSame(_coverAndShares(otherFacility, otherMonth), elsewhere);
    }

    // ------------------------------------------------------------------------------------------ irreversible retirement
    /// A batch of retirements adds the sum of its amounts, class by class, and leaves the caller that much less.
    function checkABatchOfRetirementsAddsItsAmounts(
        address caller,
        uint256[2] calldata ids_,
        uint256[2] calldata amounts_,
        ICarbonTokens.Retirement calldata retirement
    ) external {
        vm.assume(caller != address(0) && retirement.facility < 1 << 216 && ids_[0] != ids_[1]);
        vm.assume(!_isSoulbound(ids_[0]) && !_isSoulbound(ids_[1])); // those: see below
        svm.enableSymbolicStorage(address(ledger));
        uint256[2] memory held = [ledger.balanceOf(caller, ids_[0]), ledger.balanceOf(caller, ids_[1])];
        uint256[3] memory cover = _coverAndShares(retirement.facility, retirement.month);
        vm.assume(held[0] < MARGIN && held[1] < MARGIN && cover[0] < ROOM && cover[1] < ROOM);
        (uint256[] memory ids, uint256[] memory amounts) = (new uint256[](2), new uint256[](2));
        for (uint256 i = 0; i < 2; ++i) {
            (ids[i], amounts[i]) = (ids_[i], amounts_[i]);
        }
        if (!_call(caller, address(ledger), abi.encodeCall(ledger.retireBatch, (ids, amounts, retirement)))) return;
        for (uint256 i = 0; i < 2; ++i) {
            assert(ledger.balanceOf(caller, ids[i]) == held[i] - amounts[i]);
            cover[TokenId.classOf(ids[i]) == TokenId.OFFSET ? 1 : 0] += amounts[i];
        }
        _requireSame(_coverAndShares(retirement.facility, retirement.month), cover);
    }

    /// No call by anybody, except a disallowance, lowers what was retired into an account, whatever happened before.
    /// Retirements themselves: the two checks above, which bound balances to what can be issued.
    function checkOnlyADisallowanceLowersACover(address caller, uint256 facility_, uint32 month) external {
        vm.assume(facility_ < 1 << 216);
        bytes memory data = svm.createCalldata("CarbonTokens");
        bytes4 selector = bytes4(data);
        vm.assume(selector != ICarbonTokens.disallow.selector);
        vm.assume(selector != ICarbonTokens.retire.selector && selector != ICarbonTokens.retireBatch.selector);
        svm.enableSymbolicStorage(address(ledger));
        (uint256 recs, uint256 offsets) = _cover(facility_, month);
        if (!_call(caller, address(ledger), data)) return;
        (uint256 recsNow, uint256 offsetsNow) = _cover(facility_, month);
        assert(recsNow >= recs && offsetsNow >= offsets);
    }

    /// A disallowance gives nobody a token back, and takes no more than its amount of one class from one account.
    function checkADisallowanceReturnsNothing(
        address caller,
        address holder,
        uint32 month,
        uint16 version,
        uint256 id,
        uint256 amount,
        bytes32 evidence,
        uint256 heldId
    ) external {
        svm.enableSymbolicStorage(address(ledger));
        vm.assume(!_isSoulbound(heldId));
        uint256 held = ledger.balanceOf(holder, heldId);
        (uint256 recs, uint256 offsets) = _cover(facility, month);
        bytes memory data = abi.encodeCall(ledger.disallow, (facility, month, version, id, amount, evidence));
        if (!_call(caller, address(ledger), data)) return;
        (uint256 recsNow, uint256 offsetsNow) = _cover(facility, month);
        assert(ledger.balanceOf(holder, heldId) == held);
        bool isRec = TokenId.classOf(id) == TokenId.REC;
        assert(recs - recsNow == (isRec ? amount : 0) && offsets - offsetsNow == (isRec ? 0 : amount));
    }

    /// No call raises the balance of a token that exists, except a transfer of it from somebody else.
    function checkNoCallReturnsRetiredTokens(address caller, address holder, uint256 id) external {
        vm.assume(!_isSoulbound(id));
        bytes memory data = svm.createCalldata("CarbonTokens");
        vm.assume(bytes4(data) != ledger.safeTransferFrom.selector);
        vm.assume(bytes4(data) != ledger.safeBatchTransferFrom.selector);
        svm.enableSymbolicStorage(address(ledger));
        (address first,,,,) = ledger.batchOf(id);
        vm.assume(first != address(0));
        uint256 held = ledger.balanceOf(holder, id);
        if (!_call(caller, address(ledger), data)) return;
        assert(ledger.balanceOf(holder, id) <= held);
    }

    // -------------------------------------------------------------------------------------------------- soulbound classes
    /// Audited and allocated emissions cannot be moved by any of the transfer entry points, nor retired.
    function checkLiabilitiesCannotBeMoved(
        address caller,
        address from,
        address to,
        uint256 id,
        uint256 amount,
        ICarbonTokens.Retirement calldata retirement
    ) external {
        vm.assume(_isSoulbound(id));
        svm.enableSymbolicStorage(address(ledger));
        (uint256[] memory ids, uint256[] memory amounts) = (new uint256[](1), new uint256[](1));
        (ids[0], amounts[0]) = (id, amount);
        assert(!_call(caller, address(ledger), abi.encodeCall(ledger.safeTransferFrom, (from, to, id, amount, ""))));
        assert(
            !_call(caller, address(ledger), abi.encodeCall(ledger.safeBatchTransferFrom, (from, to, ids, amounts, "")))
        );
        assert(!_call(caller, address(ledger), abi.encodeCall(ledger.retire, (id, amount, retirement))));
        assert(!_call(caller, address(ledger), abi.encodeCall(ledger.retireBatch, (ids, amounts, retirement))));
    }

    /// Nobody's balance of audited or allocated emissions changes but by an audit, a restatement or an allocation.
    /// Retirements: the checks above, which bound balances to what can be issued, find the claimed shares unchanged.
    function checkOnlyAuditsAndAllocationsChangeALiability(address caller, address holder, uint256 id) external {
        vm.assume(_isSoulbound(id));
        bytes memory data = svm.createCalldata("CarbonTokens");
        bytes4 selector = bytes4(data);
        vm.assume(selector != ICarbonTokens.audit.selector && selector != ICarbonTokens.restate.selector);
        vm.assume(selector != ICarbonTokens.allocate.selector);
        vm.assume(selector != ICarbonTokens.retire.selector && selector != ICarbonTokens.retireBatch.selector);
        svm.enableSymbolicStorage(address(ledger));
        vm.assume(_exists(TokenId.facilityOf(id)));
        uint256 held = ledger.balanceOf(holder, id);
        if (!_call(caller, address(ledger), data)) return;
        assert(ledger.balanceOf(holder, id) == held);
    }

    /// @dev RECs, offsets, and what stands in a cover beside them.
    function _coverAndShares(uint256 facility_, uint32 month) private view returns (uint256[3] memory) {
        (, uint256 cover) = ledger.slotsOfAccount(TokenId.audited(facility_, month));
        return [CoverSlot.wrap(cover).recs(), CoverSlot.wrap(cover).offsets(), cover >> 140];
    }

    function _requireSame(uint256[3] memory actual, uint256[3] memory expected) private pure {
        assert(actual[0] == expected[0] && actual[1] == expected[1] && actual[2] == expected[2]);
    }

    /// @dev Audited (1) and allocated (4) emissions, said again here so that the ledger's own answer is under test too.
    function _isSoulbound(uint256 id) private pure returns (bool) {
        return id >> 248 == 1 || id >> 248 == 4;
    }

    function _exists(uint256 facility_) private view returns (bool) {
        (address owner,,,) = ledger.facilityOf(facility_);
        return owner != address(0);
    }

    /// @dev The first batch of a source, with just one serial for each 10^6 units that 48 bits can hold.
    function _issueFrom(uint24 source, address to, uint256 amount) private returns (uint256) {
        uint256 serials = uint256(1 << 48) / 1_000_000 + 1;
        return _issue(source, to, ICarbonTokens.Batch("document", amount, 0, serials - 1, JANUARY, FEBRUARY));
    }

    function _balances(address from, address to, address other, uint256 id, uint256 otherId)
        private
        view
        returns (uint256[4] memory)
    {
        return [
            ledger.balanceOf(from, id),
            ledger.balanceOf(to, id),
            ledger.balanceOf(other, id),
            ledger.balanceOf(from, otherId)
        ];
    }
}
