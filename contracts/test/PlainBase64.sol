// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title PlainBase64
/// @notice Base64 (RFC 4648, section 4) decoded character by character.
library PlainBase64 {
    bytes private constant ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    error NotBase64();

    function decode(bytes memory text) internal pure returns (bytes memory data) {
        require(text.length % 4 == 0, NotBase64());
        bytes memory values = _values();
        uint256 padding = 0;
        while (padding < 2 && padding < text.length && text[text.length - 1 - padding] == "=") ++padding;
        data = new bytes(text.length / 4 * 3 - padding);
        (uint256 bits, uint256 end) = (0, text.length - padding);
        unchecked {
            for (uint256 i = 0; i < end; ++i) {
                uint256 value = uint8(values[uint8(text[i])]);
                require(value != 0, NotBase64());
                bits = bits << 6 | value - 1;
                if (i % 4 != 0) data[i / 4 * 3 + i % 4 - 1] = bytes1(uint8(bits >> 6 - i % 4 * 2));
            }
        }
    }

    /// @dev Each character's place in the alphabet plus 1, 0 for others.
    function _values() private pure returns (bytes memory values) {
        bytes memory alphabet = ALPHABET;
        values = new bytes(256);
        for (uint256 i = 0; i < 64; ++i) {
            values[uint8(alphabet[i])] = bytes1(uint8(i + 1));
        }
    }
}
