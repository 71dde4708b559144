"""One set of compiler settings in three tools, lock files without addresses, and a compiler script that can fail."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import compile as compile_

ROOT = Path(__file__).resolve().parents[2]
SOLC = "0.8.30"


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def brownie() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "brownie-config.yaml").read_text("utf-8")))


@pytest.fixture(scope="module")
def forge() -> dict[str, Any]:
    return dict(toml("foundry.toml")["profile"]["default"])


def test_brownie_forge_and_compile_py_use_the_same_compiler_settings(
    brownie: dict[str, Any], forge: dict[str, Any]
) -> None:
    settings = compile_.settings()
    solc = brownie["compiler"]["solc"]
    assert {compile_.LAUNCHER.name, Path(forge["solc"]).name, f"solc-v{solc['version']}"} == {f"solc-v{SOLC}"}
    assert {settings["evmVersion"], forge["evm_version"], brownie["compiler"]["evm_version"]} == {"shanghai"}
    assert settings["optimizer"] == solc["optimizer"]
    assert settings["optimizer"] == {"enabled": forge["optimizer"], "runs": forge["optimizer_runs"]}
    assert settings["remappings"] == solc["remappings"]
    assert settings["remappings"] == [entry.replace("/=", "=").rstrip("/") for entry in forge["remappings"]]
    metadata = {"bytecodeHash": forge["bytecode_hash"], "appendCBOR": forge["cbor_metadata"]}
    assert settings["metadata"] == metadata


def test_the_chains_of_the_contract_tests_run_the_rules_that_the_compiler_targets(brownie: dict[str, Any]) -> None:
    networks = brownie["networks"]
    for chain in ("anvil", "ganache-cli"):
        assert networks[chain]["cmd_settings"]["evm_version"] == brownie["compiler"]["evm_version"]
    assert networks["anvil"]["cmd_settings"]["port"] != networks["ganache-cli"]["cmd_settings"]["port"]
    assert networks["development"]["gas_price"] == "2 gwei"


def test_the_npm_packages_are_pinned_exactly_and_agree_with_the_tools() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    pins = package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pins.values())
    assert (pins["solc"], pins["@openzeppelin/contracts"], pins["ganache"]) == (SOLC, "5.3.0", "7.9.2")


def test_the_npm_lock_carries_no_download_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_the_npm_lock_names_every_optional_platform_package() -> None:
    # npm leaves out those that its registry does not serve, and `npm ci` then refuses the lock.
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for tool in ("anvil", "forge"):
        for name, version in packages[f"node_modules/@foundry-rs/{tool}"]["optionalDependencies"].items():
            assert packages[f"node_modules/{name}"]["version"] == version


def imported(file: Path) -> Iterator[str]:
    """The top-level names that a Python file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def requirements(lines: list[str]) -> set[str]:
    """The names in PEP 508 requirements, normalised; those of extras are left out."""
    names = (re.match(r"[\w.-]+", line) for line in lines if "extra ==" not in line)
    return {name.group().lower().replace("_", "-") for name in names if name}


def test_every_import_of_the_package_is_a_declared_dependency_and_every_dependency_is_imported() -> None:
    modules = {name for file in (ROOT / "carbon_tokens").rglob("*.py") for name in imported(file)}
    third_party = modules - set(sys.stdlib_module_names) - {"carbon_tokens"}
    homes = metadata.packages_distributions()
    # what an extra brings need not be installed: its module goes by its own name then
    used = {home.lower().replace("_", "-") for name in third_party for home in homes.get(name, [name])}
    project = toml("pyproject.toml")["project"]
    declared = requirements(project["dependencies"])
    optional = set[str]().union(*map(requirements, project["optional-dependencies"].values()))
    families = (
        "web3",
        "py-evm",
        "eth-account",
        "boto3",
        "jinja2",
        "requests",
    )  # their own parts need no line in pyproject.toml
    brought = declared.union(*(requirements(metadata.requires(name) or []) for name in families))
    assert used - brought - optional == set()
    assert declared - used == {"coincurve"}  # taken by eth-keys when it is there
    # scripts compile; pyarrow takes frames of pandas; the caller has the Spark session; sqlglot is held back for Ibis;
    # SQLAlchemy takes psycopg by the database's URL, and FastAPI the multipart parser
    by_name = {"py-solc-x", "pandas", "pyspark", "sqlglot", "psycopg", "python-multipart"}
    assert optional - used == by_name


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda lock: lock.stem)
def test_every_python_requirement_is_pinned_with_hashes_and_without_an_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9_.\[\],-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "index-url" not in text


def test_eth_brownie_comes_from_its_one_source_archive() -> None:
    text = (ROOT / "requirements" / "eth-brownie.txt").read_text("utf-8")
    assert "eth-brownie==1.22.2" in text
    assert text.count("--hash=") == 1


def test_an_artifact_is_stale_when_missing_changed_or_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_, "ARTIFACTS", tmp_path)
    (tmp_path / "Same.json").write_text("same")
    (tmp_path / "Changed.json").write_text("old")
    (tmp_path / "Gone.json").write_text("gone")
    new = {"Same": "same", "Changed": "new", "Missing": "new"}
    assert compile_.stale(new) == ["Changed", "Gone", "Missing"]


def test_check_exits_with_the_stale_names_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_, "ARTIFACTS", tmp_path)
    monkeypatch.setattr(compile_, "compiled", lambda: {"Ledger": "{}"})
    with pytest.raises(SystemExit, match="stale artifacts: Ledger"):
        compile_.main("--check")
    assert list(tmp_path.iterdir()) == []


def test_a_contract_over_the_size_limit_or_with_an_unlinked_library_is_refused() -> None:
    def output(created: str, deployed: str) -> dict[str, Any]:
        return {"abi": [], "evm": {"bytecode": {"object": created}, "deployedBytecode": {"object": deployed}}}

    assert json.loads(compile_.artifact("Fits", output("00", "00" * 24_576)))["contractName"] == "Fits"
    with pytest.raises(SystemExit, match="EIP-170"):
        compile_.artifact("Big", output("00", "00" * 24_577))
    with pytest.raises(SystemExit, match="external library"):
        compile_.artifact("Linked", output("00__$abc$__", "00"))


def test_a_compiler_warning_in_our_own_sources_is_refused_and_one_of_a_library_is_not() -> None:
    def warning(file: str) -> dict[str, Any]:
        return {"severity": "warning", "formattedMessage": f"in {file}", "sourceLocation": {"file": file}}

    compile_.refuse_warnings([warning("node_modules/@openzeppelin/contracts/A.sol"), {"formattedMessage": "general"}])
    with pytest.raises(SystemExit, match=r"in contracts/A\.sol"):
        compile_.refuse_warnings([warning("contracts/A.sol")])


def test_the_committed_artifacts_are_whole_and_hold_no_metadata() -> None:
    artifacts = sorted(compile_.ARTIFACTS.glob("*.json"))
    assert {"CarbonTokens", "EmissionFactors", "NetEmissions"} <= {file.stem for file in artifacts}
    for file in artifacts:
        artifact = json.loads(file.read_text("utf-8"))
        assert set(artifact) == {"contractName", "abi", "bytecode", "deployedBytecode"}
        assert artifact["contractName"] == file.stem
        assert re.fullmatch(r"0x([0-9a-f]{2})+", artifact["bytecode"])
        assert "64736f6c6343" not in artifact["bytecode"]  # CBOR key "solc"
        assert file.read_text("utf-8") == json.dumps(artifact, indent=1, sort_keys=True) + "\n"
