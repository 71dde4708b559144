from __future__ import annotations

import pytest
from actions import REGISTRY
from records import LANE, MWH, NOTHING, OFFSET, REC, batch_id


def batches(act, token_class, amounts, first=0):
    """One serial for each batch, from ``first`` on."""
    numbers = range(first, first + len(amounts))
    return [
        act.batch(token_class, amount, serial_from=n, serial_thru=n) for n, amount in zip(numbers, amounts, strict=True)
    ]


def ids(token_class, group):
    return [batch_id(token_class, REGISTRY, each.evidence) for each in group]


@pytest.fixture
def issue_batch(act, tokens, operator):
    def issue(token_class, group, to=None):
        return tokens.issueBatch(act.sources[token_class], to or operator, group, {"from": act.issuers[token_class]})

    return issue


@pytest.mark.parametrize("token_class", [REC, OFFSET], ids=["REC", "offset"])
def test_batches_are_issued_as_if_one_by_one_in_one_transfer(act, tokens, issue_batch, token_class, operator):
    group = batches(act, token_class, [1, MWH, 500])
    tx = issue_batch(token_class, group)
    numbers = ids(token_class, group)
    assert tokens.balanceOfBatch([operator] * 3, numbers) == (1, MWH, 500)
    assert tokens.sourceOf(act.sources[token_class])["nextSerial"] == 3
    assert [each["id"] for each in tx.events["Issued"]] == numbers
    transfer = tx.events["TransferBatch"]
    assert (transfer["from"], transfer["to"]) == (NOTHING, operator)
    assert (list(transfer["ids"]), list(transfer["values"])) == (numbers, [1, MWH, 500])


def test_a_group_of_one_is_a_single_transfer(act, tokens, issue_batch, operator):
    group = batches(act, REC, [MWH])
    tx = issue_batch(REC, group)
    assert "TransferBatch" not in tx.events
    assert (tx.events["TransferSingle"]["id"], tx.events["TransferSingle"]["value"]) == (ids(REC, group)[0], MWH)
    assert tokens.batchOf(ids(REC, group)[0])["holder"] == operator


def test_one_bad_batch_refuses_all(act, refused, issue_batch):
    group = batches(act, REC, [MWH, 0, MWH])
    with refused("ZeroAmount"):
        issue_batch(REC, group)


def test_serials_within_a_group_must_rise(act, refused, issue_batch):
    first, second = batches(act, REC, [MWH, MWH])
    with refused("SerialRangeInvalid", 0, 0, 2):
        issue_batch(REC, [second, first])
    with refused("SerialRangeInvalid", 1, 1, 2):
        issue_batch(REC, [first, second, second._replace(evidence=act.evidence())])


def test_a_document_counts_once_within_a_group(act, refused, issue_batch):
    first, second = batches(act, REC, [MWH, MWH])
    with refused("BatchExists", ids(REC, [first])[0]):
        issue_batch(REC, [first, second._replace(evidence=first.evidence)])


def test_serials_of_a_group_are_used_for_single_issues_too(act, refused, issue_batch):
    issue_batch(REC, batches(act, REC, [MWH, MWH]))
    with refused("SerialRangeInvalid", 1, 1, 2):
        act.issue(REC, act.batch(REC, MWH, serial_from=1))


def test_the_rules_for_amounts_evidence_and_period_hold_in_a_group(act, refused, issue_batch):
    good = batches(act, REC, [MWH])[0]
    bad = good._replace(serial_from=1, serial_thru=2**40, evidence=act.evidence())
    cases = [
        (bad._replace(amount=LANE), ("AmountTooLarge",)),
        (bad._replace(serial_thru=1, amount=MWH + 1), ("AmountExceedsSerials", MWH + 1, 1)),
        (bad._replace(evidence=bytes(32)), ("EvidenceMissing",)),
        (bad._replace(vintage_end=good.vintage_start), ("PeriodInvalid", good.vintage_start, good.vintage_start)),
    ]
    for batch, error in cases:
        with refused(*error):
            issue_batch(REC, [good, batch])


def test_a_group_is_not_issued_to_the_zero_address(act, refused, issue_batch):
    with refused("ERC1155InvalidReceiver", NOTHING):
        issue_batch(REC, batches(act, REC, [MWH]), NOTHING)
