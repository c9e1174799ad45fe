"""What layers do to an environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildmill.common.cnb.environment import Stage, add_layers, add_user_values
from buildmill.common.errors import InvalidInput


def write(directory: Path, **files: str) -> Path:
    """Files; a double underscore stands for a dot."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name.replace("__", ".")).write_text(content)
    return directory


@pytest.mark.parametrize(
    ("files", "before", "after"),
    [
        ({"A": "x"}, None, "x"),
        ({"A": "x"}, "b", "x"),
        ({"A__override": "x\n"}, "b", "x\n"),
        ({"A__default": "x"}, None, "x"),
        ({"A__default": "x"}, "b", "b"),
        ({"A__append": "x"}, None, "x"),
        ({"A__append": "x"}, "b", "bx"),
        ({"A__append": "x", "A__delim": ":"}, "b", "b:x"),
        ({"A__append": "x", "A__delim": ":"}, None, "x"),
        ({"A__prepend": "x", "A__delim": ":"}, "b", "x:b"),
        ({"A__append": "x", "A__prepend": "y", "A__delim": " "}, "b", "y b x"),
        ({"A__unknown": "x"}, "b", "b"),
        ({"A__delim": ":"}, "b", "b"),
    ],
)
def test_the_suffix_says_what_is_done(tmp_path: Path, files: dict[str, str], before: str | None, after: str) -> None:
    environment = {} if before is None else {"A": before}
    write(tmp_path / "env", **files)

    add_layers(environment, [tmp_path], Stage.BUILD)

    assert environment == {"A": after}


def test_a_delimiter_is_of_its_layer(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first / "env", A__delim=":")
    write(first / "env.build", A__append="x")
    write(second / "env", A__append="y")
    environment = {"A": "b"}

    add_layers(environment, [first, second], Stage.BUILD)

    assert environment == {"A": "b:xy"}


def test_later_directories_of_a_layer_see_earlier_ones(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    write(layer / "env", A="1")
    write(layer / "env.build", A__append="-build")
    write(layer / "env.launch", A__append="-launch")
    write(layer / "env.launch" / "web", A__append="-web")
    built, launched, other = dict[str, str](), dict[str, str](), dict[str, str]()

    add_layers(built, [layer], Stage.BUILD)
    add_layers(launched, [layer], Stage.LAUNCH, process="web")
    add_layers(other, [layer], Stage.LAUNCH, process="task")

    assert (built, launched, other) == ({"A": "1-build"}, {"A": "1-launch-web"}, {"A": "1-launch"})


def test_search_paths_have_later_buildpacks_first_and_layers_in_alphabetical_order(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    for layer in (a, b, c):
        (layer / "bin").mkdir(parents=True)
    environment = {"PATH": "/bin"}

    add_layers(environment, [a, b], Stage.BUILD)
    add_layers(environment, [c], Stage.BUILD)

    assert environment["PATH"] == f"{c}/bin:{a}/bin:{b}/bin:/bin"


@pytest.mark.parametrize(
    ("stage", "names"),
    [
        (Stage.BUILD, {"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH"}),
        (Stage.LAUNCH, {"PATH", "LD_LIBRARY_PATH"}),
    ],
)
def test_which_directories_are_searched_depends_on_the_stage(tmp_path: Path, stage: Stage, names: set[str]) -> None:
    for directory in ("bin", "lib", "include", "pkgconfig"):
        (tmp_path / directory).mkdir()
    environment: dict[str, str] = {}

    add_layers(environment, [tmp_path], stage)

    assert set(environment) == names


def test_users_values_are_in_front_of_search_paths_and_instead_of_others() -> None:
    environment = {"PATH": "/layers", "A": "layer"}

    add_user_values(environment, {"PATH": "/mine", "A": "mine", "CPATH": "/c"})

    assert environment == {"PATH": "/mine:/layers", "A": "mine", "CPATH": "/c"}


def test_bytes_that_are_no_text_pass_and_a_zero_is_refused(tmp_path: Path) -> None:
    env = write(tmp_path / "env")
    (env / "A").write_bytes(b"\xff")
    environment: dict[str, str] = {}
    add_layers(environment, [tmp_path], Stage.BUILD)
    assert environment["A"].encode("utf-8", "surrogateescape") == b"\xff"

    (env / "B").write_bytes(b"x\0y")

    with pytest.raises(InvalidInput, match="B: a value of a variable has no byte of zero"):
        add_layers(environment, [tmp_path], Stage.BUILD)
