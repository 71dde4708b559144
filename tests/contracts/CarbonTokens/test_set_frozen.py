from __future__ import annotations

import pytest
from records import MWH, OFFSET, REC

AMOUNT = 3 * MWH


@pytest.fixture
def frozen_rec(act, tokens, device, registrar):
    """A REC token of a source that was frozen after the issue."""
    token = act.recs(AMOUNT)
    tokens.setFrozen(device, True, {"from": registrar})
    return token


def test_freezing_is_recorded_and_leaves_the_rest_of_the_source_as_it_was(act, tokens, device, registrar):
    act.recs(AMOUNT)
    before = tokens.sourceOf(device)
    tx = tokens.setFrozen(device, True, {"from": registrar})
    assert tokens.sourceOf(device) == (*before[:6], True)
    assert dict(tx.events["SourceFrozen"]) == {"source": device, "frozen": True}
    tokens.setFrozen(device, False, {"from": registrar})
    assert tokens.sourceOf(device) == before


def test_an_unknown_source_is_not_frozen(tokens, refused, registrar, device):
    for source in (0, device + 99):
        with refused("SourceUnknown", source):
            tokens.setFrozen(source, True, {"from": registrar})


def test_a_frozen_sources_tokens_are_not_issued(act, tokens, refused, frozen_rec, device, rec_issuer, operator):
    batch = act.batch(REC, AMOUNT)
    with refused("SourceIsFrozen", device):
        tokens.issue(device, operator, batch, {"from": rec_issuer})
    with refused("SourceIsFrozen", device):
        tokens.issueBatch(device, operator, [batch], {"from": rec_issuer})


def test_a_frozen_sources_tokens_are_not_transferred(tokens, refused, frozen_rec, device, operator, buyer):
    with refused("SourceIsFrozen", device):
        tokens.safeTransferFrom(operator, buyer, frozen_rec, 1, b"", {"from": operator})
    with refused("SourceIsFrozen", device):
        tokens.safeBatchTransferFrom(operator, buyer, [frozen_rec], [1], b"", {"from": operator})


def test_a_frozen_sources_tokens_are_not_retired(act, tokens, refused, frozen_rec, device, operator):
    with refused("SourceIsFrozen", device):
        act.retire(frozen_rec, 1)
    with refused("SourceIsFrozen", device):
        tokens.retireBatch([frozen_rec], [1], act.retirement(), {"from": operator})


def test_other_sources_stay_free(act, tokens, frozen_rec, operator, buyer):
    token = act.offsets(2)
    tokens.safeTransferFrom(operator, buyer, token, 1, b"", {"from": operator})
    act.retire(token, 1)
    assert act.account()["offsets"] == 1


def test_retirements_made_before_a_freeze_stay(act, tokens, device, registrar):
    act.retire(act.recs(AMOUNT), AMOUNT)
    tokens.setFrozen(device, True, {"from": registrar})
    assert act.account()["recs"] == AMOUNT


def test_after_lifting_tokens_move_again(act, tokens, frozen_rec, device, registrar):
    tokens.setFrozen(device, False, {"from": registrar})
    act.issue(REC, act.batch(REC, AMOUNT))
    act.retire(frozen_rec, AMOUNT)
    assert act.account()["recs"] == AMOUNT


def test_each_class_is_frozen_by_source(act, tokens, refused, project, registrar):
    token = act.offsets(2)
    tokens.setFrozen(project, True, {"from": registrar})
    with refused("SourceIsFrozen", project):
        act.retire(token, 1)
    with refused("SourceIsFrozen", project):
        act.issue(OFFSET, act.batch(OFFSET, 1))
