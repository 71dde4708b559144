// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Allocations} from "../Allocations.sol";
import {Auditors} from "../Auditors.sol";
import {CarbonTokens} from "../CarbonTokens.sol";
import {EmissionFactors} from "../EmissionFactors.sol";
import {HourlyMatching} from "../HourlyMatching.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {Roles} from "../libraries/Roles.sol";
import {CoverSlot} from "../libraries/Slots.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {World} from "./World.sol";

/// @title Marker
/// @notice A contract whose address tells the next ones: halmos numbers the contracts it creates.
contract Marker {}

/// @title Svm
/// @notice What the symbolic checks use of halmos's own cheat codes.
interface Svm {
    /// @notice Storage of an account becomes arbitrary: what holds from there holds after any history of calls.
    function enableSymbolicStorage(address account) external;
    /// @notice Calldata of any state-changing function of a contract, with symbolic arguments.
    function createCalldata(string memory contractName) external pure returns (bytes memory);
}

/// @title SymbolicWorld
/// @notice The deployed contracts for halmos, which runs `check...` for all arguments at once. Only `assert` fails a check:
/// a path that reverts is not judged, so that each check says itself which calls must succeed or must revert.
abstract contract SymbolicWorld is World {
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        auditor = vm.addr(AUDITOR_KEY);
        factors = new EmissionFactors(0, ADMIN);
        _deployNumbered();
        hourly = new HourlyMatching(ledger);
        net = new NetEmissions(ledger, hourly);
        _grant(Roles.auditor(ZONE), auditor);
        _grant(Roles.REC_ISSUER, REC_ISSUER);
        _grant(Roles.OFFSET_ISSUER, OFFSET_ISSUER);
        facility = _facility(OWNER, ZONE, "site");
        recSource = _source(TokenId.REC, "device", ZONE);
        offsetSource = _source(TokenId.OFFSET, "project", ZONE);
    }

    /// @dev World's own way needs nonces, which halmos does not have. A wrong address reverts in the constructors.
    function _deployNumbered() private {
        uint160 number = uint160(address(new Marker()));
        ledger = new CarbonTokens(factors, address(number + 2), address(number + 3), 1 days, ADMIN);
        (auditors, allocations) = (new Auditors(ledger), new Allocations(ledger));
    }

    /// @dev Calls as anybody; true if the call succeeded.
    function _call(address caller, address target, bytes memory data) internal returns (bool succeeded) {
        vm.prank(caller);
        (succeeded,) = target.call(data);
    }

    /// @dev An account without code, which can receive tokens; neither a contract of the world nor a cheat code.
    function _assumePerson(address account) internal view {
        vm.assume(
            account != address(0) && account != address(this) && account != address(vm) && account != address(svm)
        );
        vm.assume(account != address(factors) && account != address(ledger) && account != address(net));
        vm.assume(account != address(auditors) && account != address(allocations) && account != address(hourly));
    }

    function _cover(uint256 facility_, uint32 month) internal view returns (uint256 recs, uint256 offsets) {
        (, uint256 cover) = ledger.slotsOfAccount(TokenId.audited(facility_, month));
        return (CoverSlot.wrap(cover).recs(), CoverSlot.wrap(cover).offsets());
    }
}
