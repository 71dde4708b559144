"""The embedded chain: it outlives the process that writes it, however that ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.ids import role_id
from carbon_tokens.ledger.mnemonic import dev_address
from carbon_tokens.ledger.transactions import Transaction

ROOT = Path(__file__).resolve().parents[2]

SENDER = """
import sys
from pathlib import Path
from carbon_tokens.ledger import Chain, account
from carbon_tokens.ledger.transactions import Transaction
chain = Chain.connect(state=Path(sys.argv[1]))
me = account("dev:anyone", chain)
for _ in range(int(sys.argv[2])):
    nonce = chain.nonce(me.address)
    signed = me.sign_transaction(Transaction(chain.id, nonce, 21_000, chain.fees(), b"\\x01" * 20, b"", 1))
    print(chain.rpc.request("eth_sendRawTransaction", ["0x" + signed.raw.hex()]), flush=True)
print("end", flush=True)
sys.stdin.readline()
"""


def sender(state: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SENDER, str(state), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout
    return [process.stdout.readline().strip() for _ in range(count)]


def test_what_one_process_wrote_the_next_one_reads(tmp_path: Path) -> None:
    state = tmp_path / "chain.db"
    writer = sender(state, 3)
    hashes = lines(writer, 3)
    writer.communicate("\n")
    chain = Chain.connect(state=state)
    assert chain.block_number() == 3
    assert [receipt and receipt["status"] for receipt in chain.receipts(hashes)] == ["0x1"] * 3
    assert chain.balance("0x" + "01" * 20) == 3
    chain.close()


def test_a_process_killed_between_and_during_writes_leaves_a_whole_chain(tmp_path: Path) -> None:
    state = tmp_path / "chain.db"
    seen: list[str] = []
    for life in range(4):
        writer = sender(state, 1_000)
        seen += lines(writer, 1 + 7 * life)
        writer.kill()
        seen += [line.strip() for line in writer.communicate()[0].splitlines() if len(line.strip()) == 66]
        chain = Chain.connect(state=state)
        nonce = chain.nonce("0x" + dev_address("anyone").hex())
        # What was answered is in the file; one more may be that was mined before its answer was read.
        assert all(chain.receipts(seen))
        assert len(seen) <= nonce == chain.block_number() == chain.balance("0x" + "01" * 20)
        chain.close()


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    state = tmp_path / "chain.db"
    writer = sender(state, 2)
    assert lines(writer, 3)[-1] == "end"
    chain = Chain.connect(state=state)
    assert chain.block_number() == 2
    with pytest.raises(LedgerError, match="another process writes"):
        chain.rpc.request("evm_mine")
    writer.communicate("\n")
    chain.rpc.request("evm_mine")
    assert chain.block_number() == 3
    chain.close()


def test_a_reader_sees_the_blocks_that_another_process_writes_meanwhile(tmp_path: Path) -> None:
    state = tmp_path / "chain.db"
    reader = Chain.connect(state=state)
    before = reader.block_number()
    reader.close()
    reader = Chain.connect(state=state)
    writer = sender(state, 2)
    lines(writer, 3)
    assert (before, reader.block_number()) == (0, 2)
    writer.communicate("\n")
    reader.close()


def test_a_chain_with_hundreds_of_blocks_opens_in_less_than_a_second(tmp_path: Path) -> None:
    state = tmp_path / "chain.db"
    chain = Chain.connect(state=state)
    for _ in range(300):
        chain.rpc.request("evm_mine")
    chain.close()
    start = time.perf_counter()
    again = Chain.connect(state=state)
    assert again.block_number() == 300
    assert time.perf_counter() - start < 1
    again.close()


def test_two_embedded_chains_are_told_apart_by_their_genesis(tmp_path: Path) -> None:
    first, second = (Chain.connect(state=tmp_path / name) for name in ("a.db", "b.db"))
    assert first.id == second.id
    assert first.genesis != second.genesis


def test_a_batch_of_transactions_shares_blocks_and_a_bad_one_does_not_stop_the_others(tmp_path: Path) -> None:
    chain = Chain.connect(state=tmp_path / "chain.db")
    me = account("dev:anyone", chain)
    nonces = (0, 1, 7, 2)
    txs = [Transaction(chain.id, nonce, 21_000, chain.fees(), b"\x01" * 20, b"", 1) for nonce in nonces]
    signed = [me.sign_transaction(tx) for tx in txs]
    answers = chain.rpc.batch([("eth_sendRawTransaction", ["0x" + each.raw.hex()]) for each in signed])
    assert [isinstance(answer, LedgerError) for answer in answers] == [False, False, True, False]
    assert "nonce too high" in str(answers[2])
    assert chain.block_number() == 1


def test_time_travels_forward_only(tmp_path: Path) -> None:
    chain = Chain.connect(state=tmp_path / "chain.db")
    chain.rpc.request("evm_mine", [4_000_000_000])
    assert chain.time() == 4_000_000_000
    chain.rpc.request("evm_mine", [5])
    assert chain.time() == 4_000_000_001


def test_the_same_chain_answers_through_web3(tmp_path: Path, deploy: Callable[..., Ledger]) -> None:
    chain = Chain.connect(state=tmp_path / "chain.db")
    ledger = deploy(chain)
    contract = chain.web3.eth.contract(ledger.address("CarbonTokens"), abi=ledger.contracts["CarbonTokens"].abi)
    assert chain.web3.eth.chain_id == chain.id
    auditor = account("dev:auditor", chain).address
    assert contract.functions.hasRole(role_id("AUDITOR_ROLE", "US"), auditor).call()
    mine = [(event.args["facility"]) for event in ledger.events("CarbonTokens", ["FacilityRegistered"])]
    theirs = contract.events.FacilityRegistered().get_logs(from_block=0)
    assert mine == [event.args.facility for event in theirs]
