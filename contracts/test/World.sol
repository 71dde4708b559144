// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Allocations} from "../Allocations.sol";
import {Auditors} from "../Auditors.sol";
import {CarbonTokens} from "../CarbonTokens.sol";
import {EmissionFactors} from "../EmissionFactors.sol";
import {HourlyMatching} from "../HourlyMatching.sol";
import {NetEmissions} from "../NetEmissions.sol";
import {IAuditors} from "../interfaces/IAuditors.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IEmissionFactors} from "../interfaces/IEmissionFactors.sol";
import {Roles} from "../libraries/Roles.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {Messages} from "./Messages.sol";
import {Check} from "./Vm.sol";

/// @title World
/// @notice The deployed contracts, one actor of each kind, and the shortest way to each act of theirs.
abstract contract World is Check {
    uint256 internal constant AUDITOR_KEY = 0xA0D170;
    address internal constant ADMIN = address(0xA0);
    address internal constant REGISTRAR = address(0xA1);
    address internal constant REC_ISSUER = address(0xA2);
    address internal constant OFFSET_ISSUER = address(0xA3);
    address internal constant PUBLISHER = address(0xA4);
    address internal constant OWNER = address(0xB0);
    address internal constant HOLDER = address(0xB1);
    address internal constant BUYER = address(0xB2);
    address internal constant STRANGER = address(0xBAD);
    bytes9 internal constant REGION = "CAMX";
    bytes2 internal constant ZONE = "US";
    uint32 internal constant MONTH = 648; // 2024-01
    uint256 internal constant JANUARY = 1_704_067_200; // 2024-01-01
    uint256 internal constant FEBRUARY = 1_706_745_600; // 2024-02-01
    uint64 internal constant LOCATION_RATE = 195_321; // g/MWh, no divisor of a million
    uint64 internal constant RESIDUAL_RATE = 238_457;
    bytes32 internal constant RELEASE = keccak256(abi.encode("eGRID", uint16(2023), "rev1"));

    EmissionFactors internal factors;
    CarbonTokens internal ledger;
    Auditors internal auditors;
    Allocations internal allocations;
    HourlyMatching internal hourly;
    NetEmissions internal net;
    address internal auditor;
    uint256 internal facility;
    uint24 internal recSource;
    uint24 internal offsetSource;
    uint256 private _documents;

    function _deploy() internal {
        vm.warp(1_800_000_000); // 2027: the audited months are over
        auditor = vm.addr(AUDITOR_KEY);
        factors = new EmissionFactors(0, ADMIN);
        _deployLedger(1 days);
        hourly = new HourlyMatching(ledger);
        net = new NetEmissions(ledger, hourly);
        _grant(Roles.REGISTRAR, REGISTRAR);
        _grant(Roles.auditor(ZONE), auditor);
        _grant(Roles.REC_ISSUER, REC_ISSUER);
        _grant(Roles.OFFSET_ISSUER, OFFSET_ISSUER);
        vm.prank(ADMIN);
        factors.grantRole(Roles.PUBLISHER, PUBLISHER);
        _publish("rev1", LOCATION_RATE, RESIDUAL_RATE);
        facility = _facility(OWNER, ZONE, "site");
        recSource = _source(TokenId.REC, "device", ZONE);
        offsetSource = _source(TokenId.OFFSET, "project", ZONE);
    }

    /// @dev The ledger names the two contracts that follow it: their addresses are known before they are.
    function _deployLedger(uint48 delay) internal {
        uint256 nonce = vm.getNonce(address(this));
        (address second, address third) =
            (vm.computeCreateAddress(address(this), nonce + 1), vm.computeCreateAddress(address(this), nonce + 2));
        ledger = new CarbonTokens(factors, second, third, delay, ADMIN);
        (auditors, allocations) = (new Auditors(ledger), new Allocations(ledger));
    }

    function _grant(bytes32 role, address account) internal {
        vm.prank(ADMIN);
        ledger.grantRole(role, account);
    }

    function _publish(string memory edition, uint64 location, uint64 residual) internal returns (bytes32) {
        return _publish("eGRID", ZONE, edition, location, residual);
    }

    function _publish(string memory dataset, bytes2 zone, string memory edition, uint64 location, uint64 residual)
        internal
        returns (bytes32)
    {
        IEmissionFactors.Factor[] memory rows = new IEmissionFactors.Factor[](1);
        rows[0] = IEmissionFactors.Factor(REGION, location, residual, true);
        vm.prank(PUBLISHER);
        return factors.publish(IEmissionFactors.Release(dataset, 2023, edition, keccak256("file"), zone), rows);
    }

    function _facility(address owner, bytes2 zone, bytes32 metadata) internal returns (uint256) {
        vm.prank(owner);
        return ledger.registerFacility(REGION, zone, metadata);
    }

    function _source(uint8 class, bytes32 device, bytes2 zone) internal returns (uint24) {
        vm.prank(_issuerOf(class));
        return ledger.registerSource(class, "registry", device, zone, REGION, "PV");
    }

    function _issuerOf(uint8 class) internal pure returns (address) {
        return class == TokenId.REC ? REC_ISSUER : OFFSET_ISSUER;
    }

    function _document() internal returns (bytes32) {
        return keccak256(abi.encode("document", ++_documents));
    }

    // ------------------------------------------------------------------------------------------------------------ issue
    /// @dev A batch of the whole month with just enough serials.
    function _batch(uint24 source, uint256 amount) internal returns (ICarbonTokens.Batch memory batch) {
        (,,,,, uint256 next,) = ledger.sourceOf(source);
        uint256 serials = amount / 1_000_000 + 1;
        return ICarbonTokens.Batch(_document(), amount, next, next + serials - 1, JANUARY, FEBRUARY);
    }

    function _issue(uint24 source, address to, uint256 amount) internal returns (uint256) {
        return _issue(source, to, _batch(source, amount));
    }

    function _issue(uint24 source, address to, ICarbonTokens.Batch memory batch) internal returns (uint256) {
        (address issuer,,,,,,) = ledger.sourceOf(source);
        vm.prank(issuer);
        return ledger.issue(source, to, batch);
    }

    // ------------------------------------------------------------------------------------------------------------ audit
    function _version(uint256 facility_, uint32 month) internal view returns (uint16) {
        return uint16(ledger.accountOf(facility_, month).version);
    }

    /// @dev Of the totals: what auditors did, and how often claimed shares changed.
    function _totalsVersion(uint256 facility_, uint32 month) internal view returns (uint32) {
        return allocations.versionOf(facility_, month);
    }

    /// @dev The next statement about a month, with a new document and no amounts yet.
    function _statement(uint256 facility_, uint32 month) internal returns (ICarbonTokens.Statement memory statement) {
        (statement.facility, statement.month) = (facility_, month);
        (statement.version, statement.evidence) = (_version(facility_, month) + 1, _document());
    }

    /// @dev A reading of the whole of January with declared scope 2.
    function _reading(uint256 energy, uint256 location, uint256 residual)
        internal
        returns (ICarbonTokens.Statement memory statement)
    {
        statement = _statement(facility, MONTH);
        (statement.energy, statement.scope2Location, statement.scope2Residual) = (energy, location, residual);
        (statement.meter, statement.start, statement.end) = ("meter", JANUARY, FEBRUARY);
    }

    function _audit(ICarbonTokens.Statement memory statement) internal {
        vm.prank(auditor);
        ledger.audit(statement);
    }

    function _restate(ICarbonTokens.Statement memory statement) internal {
        vm.prank(auditor);
        ledger.restate(statement);
    }

    function _close(uint256 facility_, uint32 month) internal {
        uint32 version = _totalsVersion(facility_, month);
        vm.prank(auditor);
        ledger.close(facility_, month, version);
    }

    function _disallow(uint256 facility_, uint32 month, uint256 id, uint256 amount) internal {
        (uint16 version, bytes32 evidence) = (_version(facility_, month) + 1, _document());
        vm.prank(auditor);
        ledger.disallow(facility_, month, version, id, amount, evidence);
    }

    /// @dev As one auditor can by restating the month until its 15 bits are used up, about 1.3 Ggas.
    function _exhaust(uint256 facility_, uint32 month) internal {
        uint256 id = TokenId.audited(facility_, month);
        (uint256 inventory,) = ledger.slotsOfAccount(id);
        for (uint256 base = 0; base < 32; ++base) {
            bytes32 slot = keccak256(abi.encode(id, base));
            if (vm.load(address(ledger), slot) != bytes32(inventory)) continue;
            vm.store(address(ledger), slot, bytes32(inventory & ~(uint256(0x7fff) << 240) | uint256(32_767) << 240));
            _same(_version(facility_, month), 32_767, "version");
        }
    }

    function _only(ICarbonTokens.Statement memory statement)
        internal
        pure
        returns (ICarbonTokens.Statement[] memory statements)
    {
        statements = new ICarbonTokens.Statement[](1);
        statements[0] = statement;
    }

    /// @dev One auditor's signature of one statement.
    function _sign(ICarbonTokens.Statement memory statement, uint256 deadline, uint256 key, address verifier)
        internal
        view
        returns (IAuditors.Signature[] memory signatures)
    {
        signatures = new IAuditors.Signature[](1);
        signatures[0] = _signHash(Messages.audit(_only(statement), deadline), key, verifier);
    }

    /// @dev A signature of an EIP-712 struct in the domain of an Auditors contract.
    function _signHash(bytes32 structHash, uint256 key, address verifier)
        internal
        view
        returns (IAuditors.Signature memory)
    {
        return _signDigest(Messages.digest(structHash, verifier), key);
    }

    function _signDigest(bytes32 digest, uint256 key) internal pure returns (IAuditors.Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return IAuditors.Signature(vm.addr(key), abi.encodePacked(r, s, v));
    }

    function _relay(ICarbonTokens.Statement memory statement, uint256 deadline, IAuditors.Signature[] memory signatures)
        internal
    {
        auditors.audit(_only(statement), deadline, signatures);
    }

    // ----------------------------------------------------------------------------------------------------------- retire
    function _retirement(uint256 facility_, uint32 month) internal view returns (ICarbonTokens.Retirement memory) {
        return ICarbonTokens.Retirement(facility_, month, _version(facility_, month), "beneficiary", "purpose");
    }

    function _retire(address holder, uint256 id, uint256 amount) internal {
        ICarbonTokens.Retirement memory retirement = _retirement(facility, MONTH);
        vm.prank(holder);
        ledger.retire(id, amount, retirement);
    }

    // ------------------------------------------------------------------------------------------------------ plain twins
    function _ceiling(uint256 numerator, uint256 denominator) internal pure returns (uint256) {
        return numerator / denominator + (numerator % denominator == 0 ? 0 : 1);
    }

    function _plainEmissions(uint256 energy, uint256 rate) internal pure returns (uint256) {
        return _ceiling(energy * rate, 1_000_000);
    }

    /// @dev Market-based scope 2: the residual-mix emissions of the energy without RECs.
    function _plainMarket(uint256 energy, uint256 residual, uint256 recs) internal pure returns (uint256) {
        if (recs == 0) return residual;
        return recs >= energy ? 0 : _ceiling(residual * (energy - recs), energy);
    }

    /// @dev The rule of vintages, month by month.
    function _plainFits(uint8 class, uint256 first, uint256 last, uint256 month) internal pure returns (bool) {
        if (class == TokenId.OFFSET) return first <= month;
        for (uint256 vintage = first; vintage <= last; ++vintage) {
            if (vintage / 12 == month / 12) return true;
        }
        return false;
    }
}
