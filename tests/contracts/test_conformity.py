"""What the contracts announce of standards, and that what they announce holds. See docs/standards.md."""

from __future__ import annotations

import json

import pytest
from brownie import chain, interface
from eth_account import Account
from eth_utils import function_abi_to_4byte_selector
from records import ANNUAL, MONTH, auditor_role, claim_id, selector
from signing import SIGNERS, struct_hash
from signing import message as message_of

ERC165, ACCESS_CONTROL, DEFAULT_ADMIN_RULES = "0x01ffc9a7", "0x7965db0b", "0x31498786"
ERC1155, ERC1155_METADATA, ERC1155_RECEIVER = "0xd9b67a26", "0x0e89341c", "0x4e2312e0"
ERC721, ERC721_METADATA, ERC721_ENUMERABLE, ERC5192 = "0x80ac58cd", "0x5b5e139f", "0x780e9d63", "0xb45a3c0e"
ERC4906, ERC5267, ERC7572, ERC2981 = "0x49064906", "0x84b0196e", "0xe8a3d485", "0x2a55205a"
ERC7943, ERC5615 = "0x41c4fbad", "0xf2d03e40"
EVERYTHING = {
    ERC165, ACCESS_CONTROL, DEFAULT_ADMIN_RULES, ERC1155, ERC1155_METADATA, ERC1155_RECEIVER, ERC721, ERC721_METADATA,
    ERC721_ENUMERABLE, ERC5192, ERC4906, ERC5267, ERC7572, ERC2981, ERC7943, ERC5615, "0xffffffff", "0x00000000",
}  # fmt: skip


def interface_id(container) -> str:
    """ERC-165: the selectors of the functions, xor-ed."""
    number = 0
    for entry in container.abi:
        if entry["type"] == "function":
            number ^= int.from_bytes(function_abi_to_4byte_selector(entry), "big")
    return f"0x{number:08x}"


def named(contract) -> set[str]:
    return {entry["name"] for entry in contract.abi if entry["type"] == "function"}


# -------------------------------------------------------------------------------------------------------------- ERC-165
def test_the_ids_are_those_of_the_standards():
    """xor-ed from the signatures of the standards' texts."""

    def xor(*signatures: str) -> str:
        number = 0
        for each in signatures:
            number ^= int(selector(each), 16)
        return f"0x{number:08x}"

    assert xor("locked(uint256)") == ERC5192
    assert xor("contractURI()") == ERC7572
    assert xor("eip712Domain()") == ERC5267
    assert xor("supportsInterface(bytes4)") == ERC165
    assert xor("name()", "symbol()", "tokenURI(uint256)") == ERC721_METADATA
    assert xor("exists(uint256)", "totalSupply(uint256)") == ERC5615


def test_each_contract_announces_what_it_keeps_and_nothing_else(tokens, factors, net, hourly):
    announced = {
        tokens: {ERC165, ERC1155, ERC1155_METADATA, ACCESS_CONTROL, DEFAULT_ADMIN_RULES},
        factors: {ERC165, ACCESS_CONTROL, DEFAULT_ADMIN_RULES},
        net: {ERC165, ERC721, ERC721_METADATA, ERC5192},
        hourly: {ERC165, ERC1155_RECEIVER},
    }
    for contract, expected in announced.items():
        assert {each for each in EVERYTHING if contract.supportsInterface(each)} == expected, contract


def test_ledger_and_rule_announce_their_own_interfaces(tokens, net):
    assert tokens.supportsInterface(interface_id(interface.ICarbonTokens))
    assert net.supportsInterface(interface_id(interface.INetEmissions))


def test_contracts_that_announce_nothing_have_no_erc_165(auditors, allocations):
    for contract in (auditors, allocations):
        assert "supportsInterface" not in named(contract)


def test_standards_that_are_not_kept_are_not_announced(tokens, factors, net, hourly):
    for contract in (tokens, factors, net, hourly):
        for left_out in (ERC7943, ERC5615, ERC2981, ERC721_ENUMERABLE):
            assert not contract.supportsInterface(left_out)
        assert not {"forcedTransfer", "totalSupply", "exists", "setFrozenTokens", "royaltyInfo"} & named(contract)


# ------------------------------------------------------------------------------------------------ ERC-5192 and ERC-4906
@pytest.fixture
def certificate(act, net, facility, stranger):
    act.neutral()
    return net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})


def test_a_certificate_is_locked_from_its_issue_on(net, certificate, facility):
    number = claim_id(facility, MONTH, MONTH)
    assert dict(certificate.events["Locked"]) == {"tokenId": number}
    assert net.locked(number) is True


def test_a_first_claim_announces_no_update(certificate):
    assert "MetadataUpdate" not in certificate.events


def test_a_renewal_tells_readers_to_read_the_certificate_again(act, net, certificate, facility, stranger):
    act.restate(scope1=1_000_000)
    tx = net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    assert dict(tx.events["MetadataUpdate"]) == {"_tokenId": claim_id(facility, MONTH, MONTH)}
    assert "Locked" not in tx.events and "Transfer" not in tx.events


def test_metadata_updates_are_not_promised(act, net, certificate, facility):
    """A retirement changes the figures without an event of the certificate, so the interface is not announced."""
    number = claim_id(facility, MONTH, MONTH)
    before = net.tokenURI(number)
    tx = act.retire(act.offsets(5), 5)
    assert net.tokenURI(number) != before and "MetadataUpdate" not in tx.events
    assert not net.supportsInterface(ERC4906)


# ------------------------------------------------------------------------------------------------------------- ERC-7572
def test_the_certificates_describe_themselves(net):
    """JSON in the URI, with the one field that the standard requires; constant, so no event announces a change."""
    kind, text = net.contractURI().split(",", 1)
    assert kind == "data:application/json"
    assert json.loads(text)["name"]
    assert set(json.loads(text)) <= {"name", "symbol", "description", "image"}
    assert "ContractURIUpdated" not in {entry["name"] for entry in net.abi if entry["type"] == "event"}


def test_no_other_contract_has_a_contract_uri(tokens, factors, auditors, allocations, hourly):
    for contract in (tokens, factors, auditors, allocations, hourly):
        assert "contractURI" not in named(contract)


# ------------------------------------------------------------------------------------------------- EIP-712 and ERC-5267
def test_the_published_domain_is_complete(auditors):
    fields, name, version, chain_id, contract, salt, extensions = auditors.eip712Domain()
    assert (fields, name, version) == ("0x0f", "carbon-tokens auditors", "1")
    assert (chain_id, contract) == (chain.id, auditors.address)
    assert (salt, extensions) == ("0x" + 64 * "0", ())


def test_a_signature_made_with_the_published_domain_is_accepted(tokens, auditors, facility, admin):
    """Nothing of the domain is known beforehand: a wallet reads it and signs."""
    _, name, version, chain_id, contract, _, _ = auditors.eip712Domain()
    domain = {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract}
    fields = {"facility": "uint256", "month": "uint32", "version": "uint32", "deadline": "uint256"}
    types = {"Close": [{"name": each, "type": kind} for each, kind in fields.items()]}
    values, deadline = (facility, MONTH, 1), 2**40
    message = dict(zip(fields, (*values, deadline), strict=True))
    signature = bytes(Account.sign_typed_data(SIGNERS[0].key, domain, types, message).signature)
    tokens.grantRole(auditor_role("US"), SIGNERS[0].address, {"from": admin})
    hashed = struct_hash(message_of(auditors, "Close", *values, deadline))
    _, counted = auditors.requireSigned(facility, hashed, deadline, [(SIGNERS[0].address, signature)])
    assert counted == (SIGNERS[0].address,)


def test_the_ledger_signs_nothing_and_has_no_domain(tokens, net, factors, allocations, hourly):
    for contract in (tokens, net, factors, allocations, hourly):
        assert "eip712Domain" not in named(contract)


# ------------------------------------------------------------------------------------------------------------- ERC-6093
ERC6093 = {
    "ERC1155InsufficientBalance(address,uint256,uint256,uint256)", "ERC1155InvalidSender(address)",
    "ERC1155InvalidReceiver(address)", "ERC1155MissingApprovalForAll(address,address)",
    "ERC1155InvalidApprover(address)", "ERC1155InvalidOperator(address)", "ERC1155InvalidArrayLength(uint256,uint256)",
}  # fmt: skip
ERC6093_721 = {
    "ERC721InvalidOwner(address)", "ERC721NonexistentToken(uint256)", "ERC721IncorrectOwner(address,uint256,address)",
    "ERC721InvalidSender(address)", "ERC721InvalidReceiver(address)",
    "ERC721InsufficientApproval(address,uint256)", "ERC721InvalidApprover(address)", "ERC721InvalidOperator(address)",
}  # fmt: skip


def errors(contract, prefix: str) -> set[str]:
    found = (entry for entry in contract.abi if entry["type"] == "error" and entry["name"].startswith(prefix))
    return {f"{entry['name']}({','.join(each['type'] for each in entry['inputs'])})" for entry in found}


def test_errors_of_tokens_are_those_of_the_standard_with_its_arguments(tokens, net):
    assert errors(tokens, "ERC1155") == ERC6093
    assert errors(net, "ERC721") == ERC6093_721


def test_balance_approval_and_receiver_errors_carry_their_values(act, tokens, refused, operator, buyer, factors):
    token = act.recs(5)
    with refused("ERC1155InsufficientBalance", operator, 5, 6, token):
        tokens.safeTransferFrom(operator, buyer, token, 6, b"", {"from": operator})
    with refused("ERC1155InsufficientBalance", operator, 5, 6, token):
        act.retire(token, 6)
    with refused("ERC1155MissingApprovalForAll", buyer, operator):
        tokens.safeTransferFrom(operator, buyer, token, 1, b"", {"from": buyer})
    with refused("ERC1155InvalidReceiver", factors):
        tokens.safeTransferFrom(operator, factors, token, 1, b"", {"from": operator})
