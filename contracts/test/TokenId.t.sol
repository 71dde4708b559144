// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TokenId} from "../libraries/TokenId.sol";
import {Check} from "./Vm.sol";

contract TokenIdTest is Check {
    function testTheClassIsTheTopByte(uint256 id) public pure {
        _same(TokenId.classOf(id), uint8(bytes1(bytes32(id))), "class");
    }

    function testAFacilityIsTheHashOfItsOwnerAndMetadataCutTo216Bits(address owner, bytes32 metadata) public pure {
        uint256 facility = TokenId.facility(owner, metadata);
        _same(facility, uint256(keccak256(abi.encode(owner, metadata))) / 2 ** 40, "hash");
        _holds(facility < 2 ** 216, "216 bits");
    }

    function testAuditedEmissionsTellTheirClassFacilityAndMonth(uint256 facility, uint32 month) public pure {
        facility %= 2 ** 216;
        uint256 id = TokenId.audited(facility, month);
        _same(TokenId.classOf(id), TokenId.AUDITED, "class");
        _same(TokenId.facilityOf(id), facility, "facility");
        _same(uint32(id), month, "month");
        _same(id, 2 ** 248 + facility * 2 ** 32 + month, "nothing else");
    }

    function testAllocatedEmissionsAreThoseOfAnAccount(uint256 facility, uint32 month) public pure {
        facility %= 2 ** 216;
        uint256 id = TokenId.allocated(facility, month);
        _same(id, 4 * 2 ** 248 + facility * 2 ** 32 + month, "class, facility, month");
        _same(TokenId.accountOf(id), TokenId.audited(facility, month), "account");
        _same(TokenId.facilityOf(id), facility, "facility");
    }

    function testExactlyAuditedAndAllocatedEmissionsAreLiabilities(uint256 id) public pure {
        if (id % 2 == 0) id = id % 2 ** 248 + id / 2 % 6 * 2 ** 248;
        uint256 class = id / 2 ** 248;
        _same(TokenId.isLiability(id), class == 1 || class == 4, "liability");
    }

    function testABatchTellsItsClassAndIsTheHashOfItsDocument(uint8 class, bytes12 registry, bytes32 evidence)
        public
        pure
    {
        uint256 id = TokenId.batch(class, registry, evidence);
        _same(TokenId.classOf(id), class, "class");
        _same(id % 2 ** 248, uint256(keccak256(abi.encode(registry, evidence))) % 2 ** 248, "hash");
    }

    function testTwoDocumentsHaveTwoTokens(bytes12 registry, bytes32 evidence, bytes12 other, bytes32 another)
        public
        pure
    {
        bool same = registry == other && evidence == another;
        uint256 id = TokenId.batch(TokenId.REC, registry, evidence);
        _same(id == TokenId.batch(TokenId.REC, other, another), same, "the document decides");
        _holds(id != TokenId.batch(TokenId.OFFSET, registry, evidence), "a REC is no offset");
        vm.assume(evidence != another);
        _holds(id != TokenId.batch(TokenId.REC, registry, another), "two documents");
    }

    function testNoTokenOfOneClassIsATokenOfAnother(uint256 facility, uint32 month, bytes12 registry, bytes32 evidence)
        public
        pure
    {
        uint256 id = TokenId.audited(facility % 2 ** 216, month);
        uint256 share = TokenId.allocated(facility % 2 ** 216, month);
        _holds(id != share, "allocated");
        _holds(share != TokenId.batch(TokenId.REC, registry, evidence), "allocated or REC");
        _holds(share != TokenId.batch(TokenId.OFFSET, registry, evidence), "allocated or offset");
        _holds(id != TokenId.batch(TokenId.REC, registry, evidence), "REC");
        _holds(id != TokenId.batch(TokenId.OFFSET, registry, evidence), "offset");
    }
}
