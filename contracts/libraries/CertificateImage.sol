// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title CertificateImage
/// @notice The certificate as a data URI that needs no server: JSON metadata with an SVG image.
library CertificateImage {
    using Strings for uint256;

    struct Certificate {
        uint256 claimId;
        uint256 facility;
        uint32 from;
        uint32 thru;
        bool hourly;
        bool valid;
        uint256 number;
    }

    /// @notice Sums over the months of a certificate, g or Wh.
    struct Totals {
        uint256 grossLocation;
        uint256 grossMarket;
        uint256 offsets;
        uint256 energy;
        uint256 covered;
    }

    /// @notice data:application/json;base64,… of a certificate with the totals of its months
    function uri(Certificate memory certificate, Totals memory totals) internal pure returns (string memory) {
        string memory period = _period(certificate);
        bytes memory json = abi.encodePacked(
            '{"name":"Net emissions ',
            period,
            '","description":"',
            _sentence(certificate, totals),
            '","image":"data:image/svg+xml;base64,',
            Base64.encode(_svg(certificate, totals, period)),
            '","attributes":[',
            _attributes(certificate, totals),
            "]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function _svg(Certificate memory certificate, Totals memory totals, string memory period)
        private
        pure
        returns (bytes memory)
    {
        bytes memory head = abi.encodePacked(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 440" font-family="Helvetica,Arial,sans-serif">'
            '<rect width="640" height="440" rx="12" fill="#f6f8f4"/><rect width="640" height="84" rx="12" fill="',
            certificate.valid ? "#14532d" : "#7f1d1d",
            '"/><text x="32" y="38" font-size="24" fill="#fff">Net emissions certificate</text><text x="32" y="66" font-size="16" fill="#fff">',
            period,
            certificate.hourly ? ", hour by hour" : "",
            certificate.valid ? " - valid" : " - NOT VALID NOW",
            "</text>"
        );
        bytes memory sums = abi.encodePacked(
            _row(124, "Gross, location-based", _tonnes(totals.grossLocation), false),
            _row(156, "Gross, market-based", _tonnes(totals.grossMarket), false),
            _row(188, "Offsets retired", _tonnes(totals.offsets), false),
            _row(228, "Net", _signedTonnes(_net(totals)), true)
        );
        bytes memory energy = abi.encodePacked(
            _row(276, "Energy", _megawattHours(totals.energy), false),
            _row(
                308,
                certificate.hourly ? "of it matched by the hour with RECs" : "of it covered by retired RECs",
                _megawattHours(totals.covered),
                false
            )
        );
        return abi.encodePacked(head, sums, energy, _foot(certificate), "</svg>");
    }

    function _foot(Certificate memory certificate) private pure returns (bytes memory) {
        return abi.encodePacked(
            '<g font-size="11" fill="#555" font-family="monospace"><text x="32" y="360">facility ',
            certificate.facility.toHexString(27),
            '</text><text x="32" y="382">claim ',
            certificate.claimId.toHexString(32),
            '</text><text x="32" y="404">claimed ',
            certificate.number.toString(),
            certificate.number == 1 ? " time" : " times",
            "; figures of the ledger as they stand now</text></g>"
        );
    }

    function _row(uint256 y, string memory label, string memory value, bool strong)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(
            '<g font-size="18"',
            strong ? ' font-weight="bold"' : "",
            '><text x="32" y="',
            y.toString(),
            '">',
            label,
            '</text><text x="608" y="',
            y.toString(),
            '" text-anchor="end">',
            value,
            "</text></g>"
        );
    }

    function _sentence(Certificate memory certificate, Totals memory totals) private pure returns (bytes memory) {
        return abi.encodePacked(
            "Facility ",
            certificate.facility.toHexString(27),
            ", ",
            _period(certificate),
            ": ",
            _tonnes(totals.offsets),
            " of offsets retired against ",
            _tonnes(totals.grossMarket),
            " gross market-based (",
            _tonnes(totals.grossLocation),
            " location-based), RECs counted on the ",
            certificate.hourly ? "hourly" : "annual",
            " basis. Soulbound; valid only while every month is closed and net is not above zero."
        );
    }

    function _attributes(Certificate memory certificate, Totals memory totals) private pure returns (bytes memory) {
        bytes memory sums = abi.encodePacked(
            _number("gross_location_g", totals.grossLocation.toString()),
            ",",
            _number("gross_market_g", totals.grossMarket.toString()),
            ",",
            _number("offsets_g", totals.offsets.toString()),
            ",",
            _number("net_g", Strings.toStringSigned(_net(totals)))
        );
        return abi.encodePacked(
            sums,
            ",",
            _number("energy_wh", totals.energy.toString()),
            ",",
            _number("covered_wh", totals.covered.toString()),
            ',{"trait_type":"basis","value":"',
            certificate.hourly ? "hourly" : "annual",
            '"},{"trait_type":"valid","value":"',
            certificate.valid ? "yes" : "no",
            '"}'
        );
    }

    function _number(string memory name, string memory value) private pure returns (bytes memory) {
        return abi.encodePacked('{"trait_type":"', name, '","display_type":"number","value":', value, "}");
    }

    function _period(Certificate memory certificate) private pure returns (string memory) {
        if (certificate.from == certificate.thru) return _month(certificate.from);
        return string.concat(_month(certificate.from), " to ", _month(certificate.thru));
    }

    function _month(uint256 month) private pure returns (string memory) {
        uint256 number = month % 12 + 1;
        return string.concat((1970 + month / 12).toString(), number < 10 ? "-0" : "-", number.toString());
    }

    function _net(Totals memory totals) private pure returns (int256) {
        return int256(totals.grossMarket) - int256(totals.offsets);
    }

    function _signedTonnes(int256 grams) private pure returns (string memory) {
        return grams < 0 ? string.concat("-", _tonnes(uint256(-grams))) : _tonnes(uint256(grams));
    }

    function _tonnes(uint256 grams) private pure returns (string memory) {
        return string.concat(_millionths(grams), " t CO2e");
    }

    function _megawattHours(uint256 wattHours) private pure returns (string memory) {
        return string.concat(_millionths(wattHours), " MWh");
    }

    /// @dev A count of millionths with all six decimals: nothing is rounded away.
    function _millionths(uint256 value) private pure returns (string memory) {
        bytes memory digits = bytes((1_000_000 + value % 1_000_000).toString());
        digits[0] = ".";
        return string.concat((value / 1_000_000).toString(), string(digits));
    }
}
