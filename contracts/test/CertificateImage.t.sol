// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {INetEmissions} from "../interfaces/INetEmissions.sol";
import {CertificateImage} from "../libraries/CertificateImage.sol";
import {HourlyWorld} from "./HourlyWorld.sol";
import {PlainBase64} from "./PlainBase64.sol";

/// @title TextVm
/// @notice What reads texts of forge's cheat codes.
interface TextVm {
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
    function parseJsonInt(string calldata json, string calldata key) external pure returns (int256);
    function toString(uint256 value) external pure returns (string memory);
    function toString(bytes calldata value) external pure returns (string memory);
    function split(string calldata text, string calldata delimiter) external pure returns (string[] memory);
}

/// @dev Few runs: a certificate has thousands of characters, each decoded by itself.
contract CertificateImageTest is HourlyWorld {
    TextVm private constant texts = TextVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    INetEmissions.Basis private constant ANNUAL = INetEmissions.Basis.Annual;
    INetEmissions.Basis private constant HOURLY = INetEmissions.Basis.Hourly;
    string[6] private _names = ["gross_location_g", "gross_market_g", "offsets_g", "net_g", "energy_wh", "covered_wh"];

    function setUp() public {
        _deploy();
    }

    // ------------------------------------------------------------------------------------------------ as the ledger says
    /// forge-config: default.fuzz.runs = 32
    function testACertificateStatesTheAccountAsItStands(uint32 energy, uint32 scope1, uint32 recs, uint40 more) public {
        vm.assume(energy != 0 && recs != 0);
        ICarbonTokens.Statement memory statement = _reading(energy, 2 * uint256(energy), 3 * uint256(energy));
        statement.scope1 = scope1;
        _audit(statement);
        _retire(HOLDER, _issue(recSource, HOLDER, recs), recs);
        uint256 market = scope1 + _plainMarket(energy, 3 * uint256(energy), recs);
        _offset(market + more);
        _close(facility, MONTH);
        string memory json = _json(net.tokenURI(net.claim(facility, MONTH, MONTH, ANNUAL)));
        uint256 covered = recs < energy ? recs : energy;
        _requireNumbers(json, [2 * uint256(energy) + scope1, market, market + more, more, energy, covered]);
        _requireText(json, ".name", "Net emissions 2024-01");
        _requireText(json, ".attributes[6].value", "annual");
        _requireText(json, ".attributes[7].value", "yes");
    }

    /// forge-config: default.fuzz.runs = 32
    function testTheFiguresOfSeveralMonthsAreTheirSums(uint32 first, uint32 second) public {
        vm.assume(first != 0 && second != 0);
        uint32[2] memory grams = [first, second];
        for (uint32 i = 0; i < 2; ++i) {
            ICarbonTokens.Statement memory statement = _statement(facility, MONTH + i);
            statement.scope3 = grams[i];
            _audit(statement);
            _offsetOf(MONTH + i, grams[i]);
            _close(facility, MONTH + i);
        }
        string memory json = _json(net.tokenURI(net.claim(facility, MONTH, MONTH + 1, ANNUAL)));
        uint256 all = uint256(first) + second;
        _requireNumbers(json, [all, all, all, 0, 0, 0]);
        _requireText(json, ".name", "Net emissions 2024-01 to 2024-02");
    }

    /// forge-config: default.fuzz.runs = 32
    function testOnTheHourlyBasisWhatIsMatchedIsCovered(uint16 used, uint16 made) public {
        vm.assume(used != 0 && made != 0);
        uint256[] memory load = _evenHours(MONTH, used);
        _auditHours(facility, MONTH, load);
        uint256[] memory generation = _evenHours(MONTH, made);
        IHourlyMatching.Granular memory certificate = _issueGranular(HOLDER, recSource, MONTH, generation);
        _retireGranular(HOLDER, certificate, facility, MONTH);
        _close(facility, MONTH);
        _record(facility, MONTH, load, _list(certificate));
        uint256 matched = 744 * uint256(used < made ? used : made);
        (, uint256 market,) = net.hourlyNetOf(facility, MONTH);
        _offset(market);
        string memory json = _json(net.tokenURI(net.claim(facility, MONTH, MONTH, HOURLY)));
        uint256 energy = 744 * uint256(used);
        _requireNumbers(json, [energy, market, market, 0, energy, matched]);
        _requireText(json, ".attributes[6].value", "hourly");
        string memory svg = _svg(json);
        _requireShown(svg, "of it matched by the hour with RECs", _plainMillionths(matched, " MWh"));
        _requireWords(svg, "2024-01, hour by hour - valid");
    }

    function testACertificateSaysWhenItDoesNotHoldAnyMore() public {
        _neutral(7);
        uint256 id = net.claim(facility, MONTH, MONTH, ANNUAL);
        string memory svg = _svg(_json(net.tokenURI(id)));
        _requireWords(svg, "2024-01 - valid");
        _requireWords(svg, 'fill="#14532d"');
        _requireWords(svg, "claimed 1 time; figures");
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.scope1 = 9;
        _restate(statement);
        string memory json = _json(net.tokenURI(id));
        _requireText(json, ".attributes[7].value", "no");
        _same(uint256(texts.parseJsonInt(json, ".attributes[3].value")), 2, "net of now");
        svg = _svg(json);
        _requireWords(svg, "2024-01 - NOT VALID NOW");
        _requireWords(svg, 'fill="#7f1d1d"');
        _offset(2);
        net.claim(facility, MONTH, MONTH, ANNUAL);
        _requireWords(_svg(_json(net.tokenURI(id))), "claimed 2 times; figures");
    }

    // -------------------------------------------------------------------------------------------------------- the format
    /// forge-config: default.fuzz.runs = 32
    function testEveryNumberIsExactWhateverItsSize(CertificateImage.Totals memory totals, uint16 month, bool valid)
        public
        view
    {
        totals = CertificateImage.Totals(
            totals.grossLocation >> 1, totals.grossMarket >> 1, totals.offsets >> 1, totals.energy, totals.covered
        );
        string memory json = _json(CertificateImage.uri(_plain(month, month, valid), totals));
        int256 netGrams = int256(totals.grossMarket) - int256(totals.offsets);
        _requireNumber(json, 0, texts.toString(totals.grossLocation));
        _requireNumber(json, 1, texts.toString(totals.grossMarket));
        _requireNumber(json, 2, texts.toString(totals.offsets));
        _requireNumber(json, 3, string.concat(netGrams < 0 ? "-" : "", texts.toString(_abs(netGrams))));
        _requireNumber(json, 4, texts.toString(totals.energy));
        _requireNumber(json, 5, texts.toString(totals.covered));
        string memory svg = _svg(json);
        _requireShown(svg, "Gross, location-based", _plainMillionths(totals.grossLocation, " t CO2e"));
        _requireShown(svg, "Gross, market-based", _plainMillionths(totals.grossMarket, " t CO2e"));
        _requireShown(svg, "Offsets retired", _plainMillionths(totals.offsets, " t CO2e"));
        string memory netShown = _plainMillionths(_abs(netGrams), " t CO2e");
        _requireShown(svg, "Net", netGrams < 0 ? string.concat("-", netShown) : netShown);
        _requireShown(svg, "Energy", _plainMillionths(totals.energy, " MWh"));
        _requireShown(svg, "of it covered by retired RECs", _plainMillionths(totals.covered, " MWh"));
    }

    /// forge-config: default.fuzz.runs = 32
    function testMonthsAreNamedByYearAndTwoDigits(uint16 from, uint16 thru) public pure {
        (from, thru) = from > thru ? (thru, from) : (from, thru);
        CertificateImage.Totals memory totals;
        string memory json = _json(CertificateImage.uri(_plain(from, thru, true), totals));
        string memory period = _plainMonth(from);
        if (from != thru) period = string.concat(period, " to ", _plainMonth(thru));
        _requireText(json, ".name", string.concat("Net emissions ", period));
        _requireWords(_svg(json), string.concat(">", period, " - valid<"));
        string memory sentence = string.concat(
            "Facility 0x0000000000000000000000000000000000000000000000000abcde, ",
            period,
            ": 0.000000 t CO2e of offsets retired against 0.000000 t CO2e gross market-based (0.000000 t CO2e location-based)",
            ", RECs counted on the annual basis. Soulbound; valid only while every month is closed and net is not above zero."
        );
        _requireText(json, ".description", sentence);
    }

    /// forge-config: default.fuzz.runs = 32
    function testACertificateNamesItsFacilityAndClaim(uint216 facility_, uint256 claimId) public pure {
        CertificateImage.Totals memory totals;
        CertificateImage.Certificate memory certificate = _plain(MONTH, MONTH, true);
        (certificate.facility, certificate.claimId) = (facility_, claimId);
        string memory svg = _svg(_json(CertificateImage.uri(certificate, totals)));
        _requireWords(svg, string.concat("facility ", texts.toString(abi.encodePacked(facility_)), "<"));
        _requireWords(svg, string.concat("claim ", texts.toString(abi.encodePacked(claimId)), "<"));
    }

    // ----------------------------------------------------------------------------------------------------------- reading
    function _json(string memory uri) private pure returns (string memory) {
        return _decoded(uri, "data:application/json;base64,");
    }

    function _svg(string memory json) private pure returns (string memory svg) {
        svg = _decoded(texts.parseJsonString(json, ".image"), "data:image/svg+xml;base64,");
        _holds(texts.split(svg, "<svg ").length == 2 && texts.split(svg, "</svg>").length == 2, "one image");
        _same(texts.split(svg, "<text ").length, texts.split(svg, "</text>").length, "every text ends");
        _same(texts.split(svg, "<g ").length, texts.split(svg, "</g>").length, "every group ends");
    }

    function _decoded(string memory uri, string memory kind) private pure returns (string memory) {
        string[] memory parts = texts.split(uri, kind);
        _holds(parts.length == 2 && bytes(parts[0]).length == 0, kind);
        return string(PlainBase64.decode(bytes(parts[1])));
    }

    /// @dev The fourth is how far the net is below zero.
    function _requireNumbers(string memory json, uint256[6] memory expected) private view {
        for (uint256 i = 0; i < 6; ++i) {
            _requireText(json, string.concat(".attributes[", texts.toString(i), "].trait_type"), _names[i]);
            int256 value = texts.parseJsonInt(json, string.concat(".attributes[", texts.toString(i), "].value"));
            _holds(value == (i == 3 ? -int256(expected[i]) : int256(expected[i])), _names[i]);
        }
    }

    function _requireNumber(string memory json, uint256 place, string memory digits) private view {
        _requireWords(
            json, string.concat('{"trait_type":"', _names[place], '","display_type":"number","value":', digits, "}")
        );
    }

    function _requireText(string memory json, string memory key, string memory expected) private pure {
        _holds(keccak256(bytes(texts.parseJsonString(json, key))) == keccak256(bytes(expected)), expected);
    }

    function _requireWords(string memory text, string memory words) private pure {
        _holds(texts.split(text, words).length > 1, words);
    }

    /// @dev A row of the image: a label, and its value at the right.
    function _requireShown(string memory svg, string memory label, string memory value) private pure {
        string[] memory parts = texts.split(svg, string.concat(">", label, "</text>"));
        _same(parts.length, 2, label);
        string memory next = texts.split(parts[1], "</text>")[0];
        _requireWords(string.concat(next, "|"), string.concat('text-anchor="end">', value, "|"));
    }

    // ------------------------------------------------------------------------------------------------------ plain twins
    function _plain(uint32 from, uint32 thru, bool valid) private pure returns (CertificateImage.Certificate memory) {
        return CertificateImage.Certificate(1, 0xabcde, from, thru, false, valid, 1);
    }

    function _plainMonth(uint32 month) private pure returns (string memory) {
        (string memory year, string memory number) = (texts.toString(1970 + month / 12), texts.toString(month % 12 + 1));
        return string.concat(year, bytes(number).length == 1 ? "-0" : "-", number);
    }

    /// @dev Millionths as a decimal number: a point before the last six digits.
    function _plainMillionths(uint256 value, string memory unit) private pure returns (string memory) {
        bytes memory digits = bytes(texts.toString(value % 1_000_000));
        bytes memory zeros = "000000";
        for (uint256 i = 0; i < digits.length; ++i) {
            zeros[6 - digits.length + i] = digits[i];
        }
        return string.concat(texts.toString(value / 1_000_000), ".", string(zeros), unit);
    }

    function _abs(int256 value) private pure returns (uint256) {
        return value < 0 ? uint256(-value) : uint256(value);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _neutral(uint256 grams) private {
        ICarbonTokens.Statement memory statement = _statement(facility, MONTH);
        statement.scope1 = grams;
        _audit(statement);
        _offset(grams);
        _close(facility, MONTH);
    }

    function _offset(uint256 grams) private {
        _offsetOf(MONTH, grams);
    }

    function _offsetOf(uint32 month, uint256 grams) private {
        if (grams == 0) return;
        uint256 id = _issue(offsetSource, HOLDER, grams);
        ICarbonTokens.Retirement memory retirement = _retirement(facility, month);
        vm.prank(HOLDER);
        ledger.retire(id, grams, retirement);
    }
}
