// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MerkleSum} from "../libraries/MerkleSum.sol";
import {PlainMerkleSum} from "./PlainMerkleSum.sol";
import {Check} from "./Vm.sol";

contract MerkleSumTest is Check {
    using PlainMerkleSum for PlainMerkleSum.Node[];

    uint256 private constant LANE = 2 ** 48;

    // ------------------------------------------------------------------------------------------------------ plain twins
    function testAmountsArePackedExactlyIfEachIsBelow48Bits(uint256[3] memory amounts) public pure {
        for (uint256 i = 0; i < 3; ++i) {
            amounts[i] = amounts[i] % 8 == 5 ? amounts[i] : _edged(amounts[i], 49);
        }
        bool small = amounts[0] < LANE && amounts[1] < LANE && amounts[2] < LANE;
        (uint256 packed, bool fits) = MerkleSum.pack(amounts[0], amounts[1], amounts[2]);
        _same(fits, small, "fits");
        if (small) _same(packed, amounts[0] + amounts[1] * LANE + amounts[2] * LANE * LANE, "amounts");
    }

    function testLeafAndRootAreThoseOfThePlainTwin(
        bytes32[3] memory words,
        uint48[3] memory amounts,
        uint256 account,
        uint256 version,
        uint256 depth
    ) public pure {
        PlainMerkleSum.Node memory node = PlainMerkleSum.leaf(words[0], amounts[0], amounts[1], amounts[2], words[1]);
        (uint256 packed,) = MerkleSum.pack(amounts[0], amounts[1], amounts[2]);
        _same(MerkleSum.leaf(words[0], packed, words[1]), node.hash, "leaf");
        node.hash = words[2];
        bytes32 root = MerkleSum.root(account, version, depth, words[2], packed);
        _same(root, PlainMerkleSum.root(account, version, depth, node), "root");
    }

    function testEveryLeafOfATreeFoldsToItsTop(uint256 seed, uint8 count) public view {
        PlainMerkleSum.Node[] memory leaves = _tree(seed, 1 + count % 40, 42);
        PlainMerkleSum.Node memory top = leaves.topOf();
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes memory path = leaves.siblings(i);
            _same(path.length, 50 * uint256(PlainMerkleSum.depthOf(leaves.length)), "depth");
            (bytes32 hash, uint256 total, bool sound) = this.fold(leaves[i].hash, _packed(leaves[i]), i, path);
            _holds(sound, "sound");
            _same(hash, top.hash, "top");
            _same(total, _packed(top), "the sums of all leaves");
        }
    }

    function testFoldIsThatOfThePlainTwinForAnySiblings(uint256 seed, uint256 index, uint8 depth) public view {
        (bytes memory path, uint256 bits) = ("", seed % 3 == 0 ? 48 : 43);
        for (uint256 i = 0; i < depth % 33; ++i) {
            path = bytes.concat(path, PlainMerkleSum.encoded(_node(seed, i + 1, bits)));
        }
        index = index % 4 == 0 ? index : index % 2 ** (depth % 33);
        PlainMerkleSum.Node memory node = _node(seed, 0, bits);
        (bytes32 hash, uint256 total, bool sound) = this.fold(node.hash, _packed(node), index, path);
        (PlainMerkleSum.Node memory top, bool soundTwin) = this.plainFold(node, index, path);
        _same(sound, soundTwin, "sound");
        if (!sound) return;
        _same(hash, top.hash, "top");
        _same(total, _packed(top), "total");
    }

    // ------------------------------------------------------------------------------------------------------------ cheats
    function testAnyChangedByteOfAProofLeadsElsewhere(uint256 seed, uint8 count, uint256 at, uint8 change) public view {
        PlainMerkleSum.Node[] memory leaves = _tree(seed, 2 + count % 30, 40);
        uint256 index = seed % leaves.length;
        bytes memory path = leaves.siblings(index);
        path[at % path.length] ^= bytes1(change == 0 ? 1 : change);
        (bytes32 hash,,) = this.fold(leaves[index].hash, _packed(leaves[index]), index, path);
        _holds(hash != leaves.topOf().hash, "a changed sibling proves the same");
    }

    function testAnotherAmountOrPlaceLeadsElsewhere(uint256 seed, uint8 count, uint144 amounts, uint8 place)
        public
        view
    {
        PlainMerkleSum.Node[] memory leaves = _tree(seed, 2 + count % 30, 40);
        uint256 index = seed % leaves.length;
        bytes memory path = leaves.siblings(index);
        bytes32 top = leaves.topOf().hash;
        (bytes32 hash,, bool sound) = this.fold(leaves[index].hash, amounts, index, path);
        _same(hash == top && sound, amounts == _packed(leaves[index]), "another amount proves the same");
        (hash,, sound) = this.fold(leaves[index].hash, _packed(leaves[index]), place, path);
        _same(hash == top && sound, place == index, "another place proves the same");
    }

    function testAnIndexBeyondTheTreeIsNotSound(uint256 seed, uint8 depth, uint256 high) public view {
        bytes memory path = "";
        for (uint256 i = 0; i < depth % 33; ++i) {
            path = bytes.concat(path, PlainMerkleSum.encoded(_node(seed, i, 40)));
        }
        uint256 places = 2 ** uint256(depth % 33);
        (,, bool sound) = this.fold("leaf", 1, seed % places, path);
        _holds(sound, "an index within the tree");
        uint256 index = seed % places + places * (1 + high % (type(uint256).max / places - 1));
        (,, sound) = this.fold("leaf", 1, index, path);
        _holds(!sound, "an index beyond the tree");
    }

    function testASumThatLeavesItsLaneIsNotSoundWhateverFollows(uint8 lane, uint48 amount, uint48 other, uint8 more)
        public
        view
    {
        uint256[3] memory own;
        uint256[3] memory added;
        (own[lane % 3], added[lane % 3]) = (amount, other);
        bytes memory path = PlainMerkleSum.encoded(PlainMerkleSum.Node("sibling", added[0], added[1], added[2]));
        for (uint256 i = 0; i < more % 5; ++i) {
            path = bytes.concat(path, PlainMerkleSum.encoded(PlainMerkleSum.nothing()));
        }
        (,, bool sound) = this.fold("leaf", own[0] + own[1] * LANE + own[2] * LANE * LANE, 0, path);
        _same(sound, uint256(amount) + other < LANE, "a sum of 2^48 or more");
    }

    function testASiblingCutShortIsNotSound(uint256 seed, uint8 count, uint8 cut) public view {
        PlainMerkleSum.Node[] memory leaves = _tree(seed, 2 + count % 30, 40);
        bytes memory path = leaves.siblings(0);
        uint256 length = path.length - 1 - cut % 49;
        assembly ("memory-safe") {
            mstore(path, length)
        }
        (,, bool sound) = this.fold(leaves[0].hash, _packed(leaves[0]), 0, path);
        _holds(!sound, "a sibling of fewer than 50 bytes");
    }

    /// @dev A leaf begins with 0, a node with 1: what is inside the tree is nobody's share.
    function testANodeIsNoLeaf(uint256 seed, bytes32 salt) public pure {
        (PlainMerkleSum.Node memory left, PlainMerkleSum.Node memory right) = (_node(seed, 0, 40), _node(seed, 1, 40));
        PlainMerkleSum.Node memory node = PlainMerkleSum.parent(left, right);
        bytes32 leaf = MerkleSum.leaf(left.hash, _packed(node), salt);
        _holds(leaf != node.hash, "a node was taken for a leaf");
        _holds(MerkleSum.leaf(left.hash, _packed(left), right.hash) != node.hash, "two hashes were taken for a leaf");
        // a node over a shorter path has its own depth in the root
        bytes32 root = MerkleSum.root(1, 1, 1, node.hash, _packed(node));
        _holds(root != MerkleSum.root(1, 1, 0, node.hash, _packed(node)), "depth does not count");
    }

    // ----------------------------------------------------------------------------------------------------- known answers
    /// @dev As tests/allocation_vector.json, which the Python package is tested with as well.
    function testTheTreeOfThePythonPackageIsProven() public view {
        PlainMerkleSum.Node[] memory leaves = new PlainMerkleSum.Node[](5);
        leaves[0] = PlainMerkleSum.leaf(
            0x0000000000bdd90d06439fc3e2c11c42d6966046320f689a30d077837f701060,
            7_906_880,
            3_597_457,
            1_400_000,
            _salt(1)
        );
        leaves[1] = PlainMerkleSum.leaf(bytes32(uint256(1)), 1, 2, 3, _salt(2));
        leaves[2] = PlainMerkleSum.leaf(
            0x57b34f4a96ba8354c3a2ce4f47625b2ff970a429349f481b0e1fd808c60700bd,
            281_474_967_710_655,
            281_474_972_710_655,
            5,
            _salt(3)
        );
        leaves[3] =
            PlainMerkleSum.leaf(0xc7e70a1d04c70246bdb04f6b107f03002f710615307cc36a688d1396b31a1ded, 4, 5, 6, _salt(4));
        leaves[4] =
            PlainMerkleSum.leaf(0x161da823f586b7430ce2a13e23746b2ff233a712d4d639f5e512f28ef6b74075, 0, 0, 0, _salt(5));
        for (uint256 i = 0; i < 5; ++i) {
            (bytes32 top, uint256 total, bool sound) =
                this.fold(leaves[i].hash, _packed(leaves[i]), i, leaves.siblings(i));
            _holds(sound, "sound");
            _same(top, 0xecc4e04166f83f72c0caef3b3ed97f0f70bcd9acc901329cffe92071904d7466, "top");
            _same(total, 0x155ccefffffff9db97ffffffef5204, "amounts");
            uint256 account = 0x01bdd90d06439fc3e2c11c42d6966046320f689a30d077837f70106000000267;
            bytes32 root = MerkleSum.root(account, 3, 3, top, total);
            _same(root, 0x1878aba72f4689fedf18590aeade47f743882744cd85b6627b5605904c2f6b99, "root");
        }
    }

    // ------------------------------------------------------------------------------------------------------------ doors
    function fold(bytes32 node, uint256 amounts, uint256 index, bytes calldata siblings)
        external
        pure
        returns (bytes32 top, uint256 total, bool sound)
    {
        return MerkleSum.fold(node, amounts, index, siblings);
    }

    function plainFold(PlainMerkleSum.Node memory node, uint256 index, bytes calldata siblings)
        external
        pure
        returns (PlainMerkleSum.Node memory, bool)
    {
        return PlainMerkleSum.fold(node, index, siblings);
    }

    // ----------------------------------------------------------------------------------------------------------- pieces
    function _tree(uint256 seed, uint256 count, uint256 bits)
        private
        pure
        returns (PlainMerkleSum.Node[] memory leaves)
    {
        leaves = new PlainMerkleSum.Node[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = _node(seed, i, bits);
        }
    }

    function _node(uint256 seed, uint256 number, uint256 bits) private pure returns (PlainMerkleSum.Node memory) {
        bytes32 word = keccak256(abi.encode(seed, number));
        uint256[3] memory amounts;
        for (uint256 i = 0; i < 3; ++i) {
            amounts[i] = _edged(uint256(keccak256(abi.encode(word, i))), bits);
        }
        return PlainMerkleSum.Node(word, amounts[0], amounts[1], amounts[2]);
    }

    function _packed(PlainMerkleSum.Node memory node) private pure returns (uint256) {
        return node.energy + node.location * LANE + node.market * LANE * LANE;
    }

    /// @dev A byte 32 times.
    function _salt(uint256 digit) private pure returns (bytes32) {
        return bytes32(digit * 0x1111111111111111111111111111111111111111111111111111111111111111);
    }
}
