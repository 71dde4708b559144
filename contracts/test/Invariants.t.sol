// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {GhostLedger} from "./GhostLedger.sol";
import {LedgerHandler} from "./LedgerHandler.sol";
import {World} from "./World.sol";

contract InvariantsTest is World {
    LedgerHandler private handler;
    uint32 private constant FIRST = MONTH - 2;
    uint32 private constant MONTHS = 4;
    uint256 private constant FACILITIES = 3;

    mapping(uint256 auditedId => uint256) private _lastVersion;
    mapping(bytes32 act => uint256) private _total;
    uint256 private _lives;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _deploy();
        handler = new LedgerHandler(ledger, net);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), handler.acts());
    }

    // ------------------------------------------------------------------------------------------------------ invariants
    function invariantNothingForbiddenHappensAndNothingAllowedIsBlocked() public view {
        _holds(bytes(handler.broken()).length == 0, handler.broken());
    }

    function invariantIssuedIsHeldPlusRetiredForEveryToken() public view {
        (uint256 tokens,,,) = handler.sizes();
        for (uint256 i = 0; i < tokens; ++i) {
            uint256 id = handler.ids(i);
            GhostLedger.Issued memory issued = handler.issuedOf(id);
            _same(handler.heldOf(id) + issued.retired, issued.amount, "issued = held + retired");
        }
    }

    function invariantAFrozenSourcesTokensDoNotMove() public view {
        for (uint256 i = 0; i < 4; ++i) {
            uint24 source = handler.sources(i);
            if (!handler.isFrozen(source)) continue;
            _same(handler.holdingsOf(source), handler.holdingsWhenFrozen(source), "holdings of a frozen source");
        }
    }

    function invariantEveryAccountIsThatOfThePlainModel() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            ICarbonTokens.Account memory account = ledger.accountOf(facility_, month);
            _same(account.energy, twin.energy, "energy");
            _same(account.scope1, twin.scope1, "scope 1");
            _same(account.scope2Location, twin.location, "scope 2, location-based");
            _same(account.scope2Residual, twin.residual, "scope 2, residual mix");
            _same(account.scope3, twin.scope3, "scope 3");
            _same(account.closed, twin.closed, "closed");
            _same(account.recs, twin.recsRetired - twin.recsDisallowed, "retirement is irreversible: RECs");
            _same(account.offsets, twin.offsetsRetired - twin.offsetsDisallowed, "retirement is irreversible: offsets");
        }
    }

    function invariantAVersionOnlyGrows() public {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            uint256 version = ledger.accountOf(facility_, month).version;
            _same(version, handler.inventoryOf(facility_, month).version, "version");
            _holds(version >= _lastVersion[TokenId.audited(facility_, month)], "a version fell");
            _lastVersion[TokenId.audited(facility_, month)] = version;
        }
    }

    function invariantAuditedEmissionsStayWithTheirFacility() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            uint256 id = TokenId.audited(facility_, month);
            (address owner,,) = ledger.facilityOf(facility_);
            _same(ledger.balanceOf(owner, id), twin.scope1 + twin.location + twin.scope3, "audited emissions");
            _same(handler.heldOf(id), twin.scope1 + twin.location + twin.scope3, "nobody else has them");
        }
    }

    function invariantOffsetsNeverLowerTheGross() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostLedger.Inventory memory twin = handler.inventoryOf(facility_, month);
            (uint256 market, uint256 offsets) = handler.coverOf(facility_, month);
            (uint256 grossLocation, uint256 grossMarket, int256 netTotal) = net.netOf(facility_, month);
            _same(grossLocation, twin.scope1 + twin.location + twin.scope3, "gross, location-based");
            _same(grossMarket, market, "gross, market-based");
            _holds(netTotal == int256(market) - int256(offsets), "net");
        }
    }

    function invariantNoClaimIsValidWithNetAboveZeroOrAChangedMonth() public view {
        (, uint256 count,,) = handler.sizes();
        for (uint256 i = 0; i < count; ++i) {
            uint256 id = handler.claims(i);
            GhostLedger.Certificate memory certificate = handler.certificateOf(id);
            (uint256 facility_, uint32 from, uint32 thru) = (certificate.facility, certificate.from, certificate.thru);
            bool valid = handler.isNeutral(facility_, from) && handler.isNeutral(facility_, thru)
                && handler.inventoryOf(facility_, from).version == certificate.versions[0]
                && handler.inventoryOf(facility_, thru).version == certificate.versions[1];
            _same(net.isValid(id), valid, "valid");
            (address owner,,) = ledger.facilityOf(facility_);
            _same(net.ownerOf(id), owner, "the facility's owner holds it");
        }
    }

    function invariantDocumentsAndMeterPeriodsCountOnce() public view {
        (,, uint256 meters, uint256 documents) = handler.sizes();
        for (uint256 i = 0; i < meters; ++i) {
            bytes32 meter = handler.meters(i);
            _same(ledger.meterAuditedUntil(meter), handler.auditedUntil(meter), "cursor");
        }
        for (uint256 i = 0; i < documents; ++i) {
            _same(handler.timesUsed(handler.evidences(i)), 1, "a document counts once");
            _holds(ledger.accountOfEvidence(handler.evidences(i)) != 0, "a used document is known");
        }
    }

    /// @dev A run whose acts mostly fail would prove little. A shorter one is a found failure, shrunk and played again.
    function afterInvariant() external view {
        _holds(
            handler.attempts() < 64 || 3 * handler.successes() >= handler.attempts(),
            "most acts of this run did nothing"
        );
    }

    // -------------------------------------------------------------------------------------------------------- coverage
    /// @dev Ten short lives of a ledger, as an invariant run is one.
    function testEveryActOfTheHandlerSucceedsOften() public {
        for (uint256 life = 0; life < 10; ++life) {
            setUp();
            bytes4[] memory acts = handler.acts();
            for (uint256 i = 0; i < 160; ++i) {
                _call(i % 4 == 3 ? handler.cheat.selector : acts[(i + i / 4) % acts.length], life * 160 + i);
            }
            _holds(bytes(handler.broken()).length == 0, handler.broken());
            _countSuccesses();
        }
    }

    function _countSuccesses() private {
        string[19] memory names = [
            "issueOne",
            "issueMany",
            "send",
            "sendMany",
            "retireOne",
            "retireMany",
            "readMeter",
            "addScopes",
            "relayAudit",
            "closeMonth",
            "restateMonth",
            "takeOut",
            "freeze",
            "unfreeze",
            "claim",
            "renewal",
            "neutralise",
            "callback",
            "reentrantRetirement"
        ];
        bool last = ++_lives == 10;
        for (uint256 i = 0; i < names.length; ++i) {
            _total[bytes32(bytes(names[i]))] += handler.succeeded(bytes32(bytes(names[i])));
            _holds(!last || _total[bytes32(bytes(names[i]))] >= 10, names[i]);
        }
        for (uint256 i = 0; i < handler.CHEATS(); ++i) {
            bytes32 name = bytes32(abi.encodePacked("cheat", uint8(i)));
            _total[name] += handler.succeeded(name);
            require(!last || _total[name] >= 4, Unequal("a cheat was hardly tried in earnest", i, _total[name]));
        }
    }

    function _call(bytes4 selector, uint256 seed) private {
        (bool ok,) = address(handler).call(abi.encodeWithSelector(selector, keccak256(abi.encode(seed))));
        _holds(ok, "the handler itself failed");
    }

    function _account(uint256 i) private view returns (uint256 facility_, uint32 month) {
        return (handler.facilities(i / MONTHS), FIRST + uint32(i % MONTHS));
    }
}
