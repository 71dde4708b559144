// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Allocations} from "../Allocations.sol";
import {Auditors} from "../Auditors.sol";
import {CarbonTokens} from "../CarbonTokens.sol";
import {EmissionFactors} from "../EmissionFactors.sol";
import {HourlyMatching} from "../HourlyMatching.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {Roles} from "../libraries/Roles.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {PanelWorld} from "./PanelWorld.sol";
import {SplitWorld} from "./SplitWorld.sol";
import {ThievingHolder} from "./ThievingHolder.sol";

/// @title GhostLedger
/// @notice The plain model that the handler keeps beside the ledger: nothing is packed, derived or deleted.
abstract contract GhostLedger is SplitWorld, HourlyWorld, PanelWorld {
    struct Inventory {
        uint256 energy;
        uint256 scope1;
        uint256 location;
        uint256 residual;
        uint256 scope3;
        uint256 version; // what auditors did
        uint256 shares; // how often claimed shares changed
        bool closed;
        uint256 recsRetired;
        uint256 recsDisallowed;
        uint256 offsetsRetired;
        uint256 offsetsDisallowed;
    }

    struct Issued {
        uint24 source;
        uint8 class;
        uint256 amount;
        uint256 retired;
        uint256 first; // month of the vintage
        uint256 last;
    }

    struct Certificate {
        uint256 facility;
        uint32 from;
        uint32 thru;
        uint256 number;
        uint256[2] versions; // of its months when it was claimed last
        bool hourly;
    }

    struct Held {
        uint256 version; // of the landlord's totals, of the split that the share was claimed of
        uint256 energy;
        uint256 location;
        uint256 market;
    }

    struct Match {
        uint256 version;
        uint256 matched;
        bool exists;
    }

    struct Panel {
        uint256 quorum; // zero: none
        uint256 members; // mask of the auditors
    }

    uint32 internal constant FIRST = MONTH - 2; // 2023-11 to 2024-02, over the turn of a year
    uint32 internal constant MONTHS = 4;

    address[] public actors;
    uint256[] public facilities;
    mapping(uint256 facility => bytes2) public zoneOf;
    mapping(uint256 facility => bytes32) public releaseOf;
    uint24[] public sources;
    uint256[] public ids;
    mapping(uint256 id => Issued) internal _issued;
    mapping(uint256 facility => mapping(uint32 month => Inventory)) internal _inventories;
    mapping(uint256 landlord => mapping(uint32 month => mapping(uint256 tenant => Held))) internal _held;
    mapping(uint256 facility => mapping(uint32 month => Match)) internal _matches;
    mapping(uint256 facility => mapping(uint32 month => mapping(uint256 id => bool))) internal _isVoid; // or a part of it
    mapping(uint256 facility => Panel) internal _panels;
    uint256[] public claims;
    mapping(uint256 claimId => Certificate) internal _certificates;
    bytes32[] public meters;
    mapping(bytes32 meter => uint256) public auditedUntil;
    bytes32[] public evidences;
    mapping(bytes32 evidence => uint256) public timesUsed;
    mapping(uint24 source => bool) public isFrozen;
    mapping(uint24 source => bytes32) public holdingsWhenFrozen;
    mapping(bytes32 act => uint256) public succeeded;
    uint256 public attempts;
    uint256 public successes;
    string public broken; // the first thing that happened and must not, or did not and must
    ThievingHolder public thief;
    uint256 private _seed;

    /// @dev Three facilities of two owners in two markets, two meters each; a source of each class and market.
    function _settle(CarbonTokens ledger_, NetEmissions net_) internal {
        (ledger, net, auditor) = (ledger_, net_, vm.addr(AUDITOR_KEY));
        (auditors, allocations) = (Auditors(ledger.auditors()), Allocations(ledger.allocations()));
        (factors, hourly) = (EmissionFactors(address(ledger.factors())), HourlyMatching(address(net.hourly())));
        thief = new ThievingHolder(ledger, net);
        actors = [HOLDER, BUYER, OWNER, STRANGER, address(thief), thief.accomplice()];
        _add(_facility(OWNER, "US", "first"), "US");
        _add(_facility(OWNER, "EU", "second"), "EU");
        _add(_facility(HOLDER, "US", "third"), "US");
        _grant(Roles.auditor(ZONE), HOLDER); // who owns the third
        _grant(Roles.auditor("EU"), auditor);
        _accredit(4, ZONE);
        for (uint256 i = 0; i < 4; ++i) {
            _grant(Roles.auditor("EU"), vm.addr(auditorKeys[i]));
        }
        sources.push(_source(TokenId.REC, "solar", "US"));
        sources.push(_source(TokenId.REC, "wind", "EU"));
        sources.push(_source(TokenId.OFFSET, "forest", "US"));
        sources.push(_source(TokenId.OFFSET, "stoves", "KE"));
        thief.aimAt(facilities[0], MONTH);
    }

    function _add(uint256 facility_, bytes2 zone) private {
        facilities.push(facility_);
        zoneOf[facility_] = zone;
        releaseOf[facility_] = zone == ZONE ? RELEASE : factors.releaseIdOf("AIB", 2023, "rev1");
        if (factors.fileHashOf(releaseOf[facility_]) == 0) _publish("AIB", zone, "rev1", LOCATION_RATE, RESIDUAL_RATE);
        meters.push(keccak256(abi.encode(facility_, 1)));
        meters.push(keccak256(abi.encode(facility_, 2)));
    }

    // ------------------------------------------------------------------------------------------------------------ views
    function issuedOf(uint256 id) external view returns (Issued memory) {
        return _issued[id];
    }

    function inventoryOf(uint256 facility_, uint32 month) external view returns (Inventory memory) {
        return _inventories[facility_][month];
    }

    function certificateOf(uint256 claimId) external view returns (Certificate memory) {
        return _certificates[claimId];
    }

    function sizes() external view returns (uint256, uint256, uint256, uint256) {
        return (ids.length, claims.length, meters.length, evidences.length);
    }

    function heldOf(uint256 id) public view returns (uint256 held) {
        for (uint256 i = 0; i < actors.length; ++i) {
            held += ledger.balanceOf(actors[i], id);
        }
    }

    /// @notice Hash of everybody's holdings of a source's tokens.
    function holdingsOf(uint24 source) public view returns (bytes32 hash) {
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_issued[ids[i]].source != source) continue;
            for (uint256 j = 0; j < actors.length; ++j) {
                hash = keccak256(abi.encode(hash, ids[i], ledger.balanceOf(actors[j], ids[i])));
            }
        }
    }

    function heldBy(uint256 landlord, uint32 month, uint256 tenant) external view returns (Held memory) {
        return _held[landlord][month][tenant];
    }

    function matchOf(uint256 facility_, uint32 month) external view returns (Match memory) {
        return _matches[facility_][month];
    }

    /// @notice Version of the totals.
    function totalsVersionOf(uint256 facility_, uint32 month) public view returns (uint32) {
        return uint32(_inventories[facility_][month].version | _inventories[facility_][month].shares << 16);
    }

    /// @notice Sums of the shares of others that an account holds.
    function sharesOf(uint256 tenant, uint32 month) public view returns (uint256 location, uint256 market) {
        for (uint256 i = 0; i < facilities.length; ++i) {
            Held storage held = _held[facilities[i]][month][tenant];
            (location, market) = (location + held.location, market + held.market);
        }
    }

    /// @notice Gross market-based and offsets of a month, by the plain formula.
    function coverOf(uint256 facility_, uint32 month, bool hourly_)
        public
        view
        returns (uint256 market, uint256 offsets)
    {
        Inventory storage twin = _inventories[facility_][month];
        uint256 recs = hourly_ ? _matches[facility_][month].matched : twin.recsRetired - twin.recsDisallowed;
        (, uint256 shares) = sharesOf(facility_, month);
        market = twin.scope1 + _plainMarket(twin.energy, twin.residual, recs) + twin.scope3 + shares;
        return (market, twin.offsetsRetired - twin.offsetsDisallowed);
    }

    function isNeutral(uint256 facility_, uint32 month, bool hourly_) public view returns (bool) {
        (uint256 market, uint256 offsets) = coverOf(facility_, month, hourly_);
        Inventory storage twin = _inventories[facility_][month];
        if (hourly_ && twin.energy != 0 && !isMatched(facility_, month)) return false;
        return twin.closed && market <= offsets;
    }

    /// @notice Whether the hours of the account as it stands were matched.
    function isMatched(uint256 facility_, uint32 month) public view returns (bool) {
        Match storage match_ = _matches[facility_][month];
        return match_.exists && match_.version == _inventories[facility_][month].version;
    }

    // ----------------------------------------------------------------------------------------------------------- chance
    modifier act(uint256 seed) {
        _seed = seed;
        ++attempts;
        _;
        _absorbTheft();
    }

    function _random(uint256 below) internal returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed % below;
    }

    /// @dev 1 to most, often an edge.
    function _amount(uint256 most) internal returns (uint256) {
        uint256 kind = _random(4);
        return kind == 0 ? most : kind == 1 ? 1 : 1 + _random(most);
    }

    function _anyActor() internal returns (address) {
        return actors[_random(actors.length)];
    }

    function _anyAccount() internal returns (uint256, uint32) {
        return (facilities[_random(facilities.length)], FIRST + uint32(_random(MONTHS)));
    }

    /// @dev A holder and what he has; a zero id if nobody was found.
    function _anyHolding() internal returns (uint256 id, address holder, uint256 amount) {
        if (ids.length == 0) return (0, address(0), 0);
        uint256 start = _random(ids.length * actors.length);
        for (uint256 i = 0; i < ids.length * actors.length; ++i) {
            uint256 at = (start + i) % (ids.length * actors.length);
            (id, holder) = (ids[at / actors.length], actors[at % actors.length]);
            amount = ledger.balanceOf(holder, id);
            if (amount != 0) return (id, holder, amount);
        }
        return (0, address(0), 0);
    }

    // ---------------------------------------------------------------------------------------------------------- records
    function _did(bytes32 what) internal {
        ++succeeded[what];
        ++successes;
    }

    function _require(bool condition, string memory what) internal {
        if (!condition && bytes(broken).length == 0) broken = what;
    }

    function _useEvidence(bytes32 evidence) internal {
        if (timesUsed[evidence]++ == 0) evidences.push(evidence);
    }

    function _recordIssue(uint256 id, uint24 source, uint256 amount, uint256 first, uint256 last) internal {
        _require(_issued[id].amount == 0, "a batch was issued twice");
        _require(!isFrozen[source], "a frozen source issued");
        ids.push(id);
        _issued[id] = Issued(source, TokenId.classOf(id), amount, 0, first, last);
    }

    function _recordRetirement(uint256 id, uint256 amount, uint256 facility_, uint32 month) internal {
        _require(!isFrozen[_issued[id].source], "a frozen source's token was retired");
        _require(_fits(id, facility_, month), "a token was retired where it does not fit");
        _issued[id].retired += amount;
        Inventory storage twin = _inventories[facility_][month];
        if (_issued[id].class == TokenId.REC) twin.recsRetired += amount;
        else twin.offsetsRetired += amount;
    }

    function _fits(uint256 id, uint256 facility_, uint32 month) internal view returns (bool) {
        Issued storage issued = _issued[id];
        (,,, bytes2 zone,,,) = ledger.sourceOf(issued.source);
        return _plainFits(issued.class, issued.first, issued.last, month)
            && (issued.class == TokenId.OFFSET || zone == zoneOf[facility_]);
    }

    /// @dev What the thief did while it was called back: its own retirement counts, a theft must not have worked.
    function _absorbTheft() private {
        (uint256 id, uint256 amount) = thief.takeRetirement();
        if (amount != 0) {
            _recordRetirement(id, amount, facilities[0], MONTH);
            _did("reentrantRetirement");
        }
        if (thief.callbacks() != 0) _did("callback");
        _require(thief.thefts() == 0, thief.loot());
    }
}
