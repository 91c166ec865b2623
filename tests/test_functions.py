"""Names of functions are trimmed as Sentry trims them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio import functions
from sentry_ophio.functions import trim_function_name, trim_function_names

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "function_names.jsonl"
NAMES = [
    ("native", "int main(int, char**)", "main"),
    ("native", "Shop::sell(int) const &", "Shop::sell"),
    ("native", "std::vector<int>::push_back(int const&)", "std::vector<T>::push_back"),
    ("native", "std::operator<< <char>(std::ostream&)", "std::operator<< <T>"),
    ("native", "(anonymous namespace)::sell(int)", "(anonymous namespace)::sell"),
    ("native", "main::{lambda(int)#2}::operator()(int)", "main::lambda::operator()"),
    ("native", "<Foo as shop::Sell>::sell", "Foo::sell"),
    ("native", "app::run::hd691ac2b139ffb3c", "app::run"),
    ("native", "memcpy@@GLIBC_2.14", "memcpy"),
    ("objc", "-[Shop sell:(int)x]", "-[Shop sell:(int)x]"),
    ("swift", "static Shop.sell(Swift.Int) throws -> Swift.Bool", "Shop.sell"),
    (
        "swift",
        "initialization expression of static Shop.items",
        "initializer expression of Shop.items",
    ),
    ("cocoa", "thunk for @escaping @callee () -> ()", "thunk for closure"),
    ("c", "closure #1 in Shop.sell()", "closure in Shop.sell"),
    ("csharp", "Shop.Sell (int x) (y)", "Shop.Sell"),
    ("rust", "a::b(c)", "a::b(c)"),
    (None, "f(x)", "f(x)"),
    ("native", "ünïcode::f(é)", "ünïcode::f"),
]


def rows() -> list[tuple[str | None, str, str]]:
    """Return our own rows, and those that were measured where they are at hand."""
    if not SHARED.exists():
        return NAMES
    measured = map(json.loads, SHARED.read_text("utf-8").splitlines())
    return [*NAMES, *((row["platform"], row["function"], row["trimmed"]) for row in measured)]


def test_every_row() -> None:
    wrong = [
        (name, found, expected)
        for platform, name, expected in rows()
        if (found := trim_function_name(name, platform)) != expected
    ]
    assert wrong == []


def test_many_in_one_call() -> None:
    for platform in {row[0] for row in NAMES}:
        chosen = [row for row in rows() if row[0] == platform]
        trimmed = trim_function_names((name for _, name, _ in chosen), platform)
        assert trimmed == [expected for _, _, expected in chosen]
    assert trim_function_names([], "native") == []


PIECES = st.sampled_from(
    [
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "operator",
        "const",
        "&",
        "->",
        "A",
        "é",
        "lambda",
        "$_1",
        "{lambda(",
        ")#2}",
        "@",
        "12",
        "::h",
        "⟿",
        "\u3014",
        "of",
        " ",
        "\t",
        " as ",
        "[clone .",
    ],
)


@given(
    st.lists(PIECES, max_size=30).map("".join) | st.text(),
    st.sampled_from(["native", "cocoa", "csharp", "python", None]),
)
def test_any_name_has_an_answer(name: str, platform: str | None) -> None:
    trimmed = trim_function_name(name, platform)
    assert trim_function_names([name], platform) == [trimmed]
    if platform in (None, "python"):
        assert trimmed == name


def test_names_are_trimmed_alike_however_often_and_in_whatever_number() -> None:
    names = [f"void shop::Cart<{n}>::sell{n}(int) const" for n in range(5_000)]
    expected = [f"shop::Cart<T>::sell{n}" for n in range(5_000)]
    for _ in range(2):
        assert [trim_function_name(name, "c") for name in names] == expected
        assert trim_function_names(names, "c") == expected
    assert all(len(names) <= functions._MAX_NAMES for names, _ in functions._trimmed.values())


@pytest.mark.parametrize("name", ["f\0(int)", "é" * 5_000 + "(int)", "f" * 600, "", "\0"])
def test_names_that_need_the_long_form(name: str) -> None:
    for platform in ("c", "c\0", "swift"):
        expected = trim_function_names([name], platform)
        assert [trim_function_name(name, platform)] == expected
        assert [trim_function_name(name, platform)] == expected


def test_a_word_is_trimmed_unless_it_means_something() -> None:
    lambda_of_msvc = "lambda_0123456789abcdef0123456789abcdef"
    for name, expected in (("main", "main"), (lambda_of_msvc, "lambda"), ("const", "const")):
        assert trim_function_name(name, "native") == expected
        assert trim_function_names([name], "native") == [expected]


def test_a_subclass_of_str_is_what_it_holds() -> None:
    class Name(str):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash("f(int)")

    assert trim_function_name("f(int)", "c") == "f"
    assert trim_function_name(Name("g(int)"), "c") == "g"
    assert trim_function_names([Name("g(int)")], "c") == ["g"]
    assert trim_function_name("g(int)", Name("python")) == "g(int)"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((b"f", "native"), TypeError),
        ((None, "native"), TypeError),
        (("f", 7), TypeError),
        (("\ud800", "native"), UnicodeEncodeError),
        (("f", "\ud800"), UnicodeEncodeError),
    ],
)
def test_bad_arguments(arguments: tuple[Any, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        trim_function_name(*arguments)
    with pytest.raises(error):
        trim_function_names([arguments[0]], arguments[1])
