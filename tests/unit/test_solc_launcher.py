"""tools/solc/solc-v0.8.30: npm's solc behind the command line of native solc. Needs `npm ci`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import solcx

LAUNCHER = Path(__file__).resolve().parents[2] / "tools" / "solc" / "solc-v0.8.30"
COUNTER = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;
import {Base} from "lib/Base.sol";
contract Counter is Base { function next() external returns (uint256) { return ++count; } }
"""
BASE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;
abstract contract Base { uint256 public count; }
"""


def solc(*arguments: str, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([LAUNCHER, *arguments], cwd=cwd, input=text, capture_output=True, text=True, timeout=120)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder outside the repository with Counter.sol, whose import is remapped to vendor/Base.sol."""
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "Base.sol").write_text(BASE)
    (tmp_path / "Counter.sol").write_text(COUNTER)
    return tmp_path


def standard_input(source: dict[str, object], remappings: list[str]) -> str:
    outputs = {"*": {"": ["ast"], "*": ["abi", "evm.bytecode.object"]}}
    settings = {"evmVersion": "shanghai", "remappings": remappings, "outputSelection": outputs}
    return json.dumps({"language": "Solidity", "sources": {"Counter.sol": source}, "settings": settings})


def test_the_version_is_the_one_in_the_file_name_from_any_directory(tmp_path: Path) -> None:
    answer = solc("--version", cwd=tmp_path)
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[-1].startswith(f"Version: {LAUNCHER.name.removeprefix('solc-v')}+commit.")


def test_standard_json_reads_a_remapped_import_from_disk(project: Path) -> None:
    text = standard_input({"content": COUNTER}, ["lib=vendor"])
    output = json.loads(solc("--standard-json", cwd=project, text=text).stdout)
    assert not output.get("errors")
    assert set(output["sources"]) == {"Counter.sol", "vendor/Base.sol"}
    assert output["contracts"]["Counter.sol"]["Counter"]["evm"]["bytecode"]["object"]


def test_standard_json_reads_sources_given_as_urls_below_the_base_path(project: Path, tmp_path: Path) -> None:
    text = standard_input({"urls": ["Counter.sol"]}, ["lib=vendor"])
    answer = solc("--base-path", str(project), "--allow-paths", ".", "--standard-json", cwd=Path("/"), text=text)
    assert "Counter" in json.loads(answer.stdout)["contracts"]["Counter.sol"]


def test_an_include_path_is_searched_after_the_base_path(project: Path) -> None:
    (project / "include").mkdir()
    (project / "vendor").rename(project / "include" / "lib")
    text = standard_input({"content": COUNTER}, [])
    answer = solc("--base-path", ".", "--include-path", "include", "--standard-json", "-", cwd=project, text=text)
    assert "lib/Base.sol" in json.loads(answer.stdout)["sources"]


def test_a_missing_import_is_an_error_that_names_the_searched_file(project: Path) -> None:
    output = json.loads(solc("--standard-json", cwd=project, text=standard_input({"content": COUNTER}, [])).stdout)
    assert [e["severity"] for e in output["errors"]] == ["error"]
    assert "File not found: lib/Base.sol" in output["errors"][0]["formattedMessage"]


def test_combined_json_lists_every_contract_with_what_slither_asks_for(project: Path) -> None:
    wanted = "abi,ast,bin,bin-runtime,srcmap,srcmap-runtime,userdoc,devdoc,hashes"
    answer = solc("--combined-json", wanted, "lib=vendor", "./Counter.sol", "--allow-paths", ".", cwd=project)
    assert answer.returncode == 0, answer.stderr
    output = json.loads(answer.stdout)
    assert output["sourceList"] == ["Counter.sol", "vendor/Base.sol"]
    assert output["sources"]["Counter.sol"]["AST"]["nodeType"] == "SourceUnit"
    counter = output["contracts"]["Counter.sol:Counter"]
    assert set(counter) == set(wanted.split(",")) - {"ast"}
    assert counter["hashes"] == {"count()": "06661abd", "next()": "4c8fe526"}
    assert counter["bin-runtime"] in counter["bin"]
    assert counter["srcmap-runtime"]


def test_combined_json_of_a_broken_source_exits_1_with_the_compiler_error(project: Path) -> None:
    (project / "Counter.sol").write_text(COUNTER.replace("++count", "++counter"))
    answer = solc("--combined-json", "abi", "lib=vendor", "Counter.sol", cwd=project)
    assert answer.returncode == 1
    assert "Undeclared identifier" in answer.stderr
    assert not answer.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to do"),
        (("--gas",), "unknown option --gas"),
        (("--combined-json",), "--combined-json needs a value"),
        (("--combined-json", "abi"), "--combined-json needs at least one file"),
        (("--combined-json", "abi", "None.sol"), "File not found: None.sol"),
    ],
)
def test_a_wrong_command_line_exits_1_and_says_what_is_wrong(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    answer = solc(*arguments, cwd=tmp_path)
    assert answer.returncode == 1
    assert message in answer.stderr


def test_malformed_json_is_reported_as_the_compiler_does(tmp_path: Path) -> None:
    output = json.loads(solc("--standard-json", cwd=tmp_path, text="{").stdout)
    assert output["errors"][0]["type"] == "JSONError"


def test_a_copy_without_node_modules_says_what_to_install(tmp_path: Path) -> None:
    # A hollow package hides the real one, which Node would find if the temporary folder lay in the repository.
    hollow = tmp_path / "node_modules" / "solc"
    hollow.mkdir(parents=True)
    (hollow / "package.json").write_text('{"name": "solc", "exports": "./missing.js"}')
    copy = tmp_path / LAUNCHER.name
    copy.write_bytes(LAUNCHER.read_bytes())
    copy.chmod(0o755)
    answer = subprocess.run([copy, "--version"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert "npm ci" in answer.stderr


def test_the_launcher_is_executable_and_py_solc_x_finds_it_by_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(LAUNCHER.parent))
    assert os.access(LAUNCHER, os.X_OK)
    assert [str(version) for version in solcx.get_installed_solc_versions()] == ["0.8.30"]
