"""The programs of tests/c and tests/cpp, and the examples: the library as C and C++ use it.

Every program is compiled without a warning by gcc and by clang, and run

    plain               against the installed shared library
    Valgrind            the same; no error, no leak
    AddressSanitizer    against a static library that is instrumented as well, together with
                        UndefinedBehaviorSanitizer for the C part; reports leaks, too
    ThreadSanitizer     the same, for threads that share handles

That a tool would tell is shown by programs that do something wrong on purpose. What is
missing (a compiler, Valgrind) skips a test, but not in CI.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import pytest
from conftest import WARNINGS, tool

if TYPE_CHECKING:
    from conftest import Installed

TESTS = Path(__file__).parent
PROGRAMS = TESTS / "programs"
C = sorted((TESTS / "c").glob("test_*.c"))
CPP = sorted((TESTS / "cpp").glob("test_*.cpp"))
MATRIX = [
    *((source, compiler, "c99") for source in C for compiler in ("gcc", "clang")),
    *((source, "g++", "c++17") for source in CPP),
    *(
        pytest.param(source, compiler, standard, marks=pytest.mark.long)
        for source in CPP
        for compiler, standard in (("clang++", "c++17"), ("g++", "c++20"), ("clang++", "c++20"))
    ),
]
VECTORS = [
    str(TESTS / "vectors" / f"{name}.json")
    for name in ("enhancements", "glob", "codeowners", "proguard")
]
TARGET = "x86_64-unknown-linux-gnu"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for Linux")


def named(value: object) -> str:
    return value.name if isinstance(value, Path) else str(value)


def run(program: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """Run a test program, with the arguments that it wants."""
    arguments = VECTORS if "vectors" in program.name else []
    return subprocess.run(
        [*before, str(program), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(("source", "compiler", "standard"), MATRIX, ids=named)
def test_program(
    build_program: Callable[[Path, str, str], Path], source: Path, compiler: str, standard: str
) -> None:
    done = run(build_program(source, compiler, standard))
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_cpp_without_exceptions(installed: Installed, tmp_path: Path, compiler: str) -> None:
    source, program = PROGRAMS / "without_exceptions.cpp", tmp_path / "program"
    flags = installed.pkg_config("--cflags", "--libs", "ophio")
    subprocess.run(
        [
            *(tool(compiler), "-std=c++17", "-fno-exceptions", "-fno-rtti", *WARNINGS, str(source)),
            *(*flags, f"-Wl,-rpath,{installed.lib}", "-o", str(program)),
        ],
        check=True,
    )
    assert subprocess.run([program], check=False).returncode == 0
    done = subprocess.run([program, "fail"], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert done.stderr.startswith("ophio: ")


# --- Valgrind -----------------------------------------------------------------------

VALGRIND = "-q", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=all"
VALGRIND_ERRORS = "--errors-for-leak-kinds=definite,indirect,possible"


@linux_only
@pytest.mark.valgrind
@pytest.mark.parametrize("source", [*C, *CPP], ids=named)
def test_valgrind_finds_nothing(
    build_program: Callable[[Path, str, str], Path], source: Path
) -> None:
    compiler, standard = ("gcc", "c99") if source.suffix == ".c" else ("g++", "c++17")
    valgrind = tool("valgrind")
    program = build_program(source, compiler, standard)
    done = run(program, valgrind, *VALGRIND, VALGRIND_ERRORS)
    assert done.returncode == 0, done.stderr


@linux_only
@pytest.mark.valgrind
def test_valgrind_would_find_a_leak(
    build_program: Callable[[Path, str, str], Path], tmp_path: Path
) -> None:
    valgrind = tool("valgrind")
    done = run(
        build_program(PROGRAMS / "leak.c", "gcc", "c99"), valgrind, *VALGRIND, VALGRIND_ERRORS
    )
    assert done.returncode == 99
    assert "ophio_enhancements_cache_new" in done.stderr


# --- sanitizers ---------------------------------------------------------------------


class Sanitizer:
    """Builds programs with a sanitizer, in C and in Rust.

    Rust's sanitizers are behind `-Z`, which stable compilers take where RUSTC_BOOTSTRAP is
    set. Its standard library is not instrumented, which the second flag allows; calls
    of it are seen nevertheless where they are generic. The run-time library is Rust's: one
    of its age understands what older compilers have put into the C part, and not the other
    way round. That of UndefinedBehaviorSanitizer is spared by trapping.
    """

    def __init__(self, installed: Installed, cargo: str, name: str, runtime: str) -> None:
        root = installed.source_tree
        flags = f"-Zsanitizer={name} -Cunsafe-allow-abi-mismatch=sanitizer"
        target = root / "target" / f"sanitizer-{name}"
        done = subprocess.run(
            [
                *(cargo, "build", "--locked", "-p", "ophio-capi"),
                *("--target", TARGET, "--target-dir", str(target)),
            ],
            cwd=root,
            env={**os.environ, "RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": flags},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        rustc = shutil.which("rustc")
        assert rustc is not None
        sysroot = subprocess.run(
            [rustc, "--print", "sysroot"], cwd=root, stdout=subprocess.PIPE, text=True, check=True
        ).stdout.strip()
        (self.runtime,) = Path(sysroot, "lib", "rustlib", TARGET, "lib").glob(
            f"librustc-*_rt.{runtime}.a"
        )
        self.library = target / TARGET / "debug" / "libophio.a"
        self.include = root / "include"
        self.flags = [f"-fsanitize={name}", "-fno-omit-frame-pointer", "-g"]
        if name == "address":
            self.flags += ["-fsanitize=undefined", "-fsanitize-trap=undefined"]

    def build(self, source: Path, program: Path) -> Path:
        """Compile a program with clang."""
        cpp = source.suffix == ".cpp"
        compiler = tool("clang++" if cpp else "clang")
        text = source.read_text("utf-8")
        subprocess.run(
            [
                *(compiler, f"-std={'c++17' if cpp else 'c99'}", *WARNINGS, *self.flags),
                *(f"-I{self.include}", "-c", str(source), "-o", f"{program}.o"),
            ],
            check=True,
        )
        subprocess.run(
            [
                *(compiler, f"{program}.o", str(self.library), "-o", str(program)),
                *("-Wl,--whole-archive", str(self.runtime), "-Wl,--no-whole-archive"),
                *("-pthread", "-lgcc_s", "-lstdc++", "-ldl", "-lm", "-lrt"),
                *(["-lcjson"] if "cJSON.h" in text else []),
            ],
            check=True,
        )
        return program

    def run(self, program: Path) -> subprocess.CompletedProcess[str]:
        """Run a program, without the reports that are known to be wrong."""
        options = f"suppressions={TESTS / 'c' / 'tsan.supp'}"
        environment = {**os.environ, "TSAN_OPTIONS": options}
        return subprocess.run(
            [str(program)], env=environment, capture_output=True, encoding="utf-8", check=False
        )


def sanitizer(installed: Installed, cargo: str, name: str, runtime: str) -> Sanitizer:
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        pytest.skip("for Linux on x86-64")
    tool("clang")
    return Sanitizer(installed, cargo, name, runtime)


@pytest.fixture(scope="module")
def address(installed: Installed, cargo: str) -> Sanitizer:
    return sanitizer(installed, cargo, "address", "asan")


@pytest.fixture(scope="module")
def thread(installed: Installed, cargo: str) -> Sanitizer:
    return sanitizer(installed, cargo, "thread", "tsan")


@pytest.mark.parametrize("source", [*C, *CPP], ids=named)
def test_address_sanitizer_finds_nothing(address: Sanitizer, source: Path, tmp_path: Path) -> None:
    done = run(address.build(source, tmp_path / source.stem))
    assert done.returncode == 0, done.stderr


WRONG = {
    # Several: a register may still hold the last one.
    "leak": (
        "for (int n = 0; n < 9; n++) {"
        " OphioEnhancementsCache *c = NULL; ophio_enhancements_cache_new(10, &c); }",
        "LeakSanitizer",
    ),
    "freed twice": (
        "OphioEnhancementsCache *c = NULL; ophio_enhancements_cache_new(1, &c);"
        " OphioEnhancementsCache *d = c;"
        " ophio_enhancements_cache_free(&c); ophio_enhancements_cache_free(&d);",
        "AddressSanitizer",
    ),
    "used when freed": (
        "OphioEnhancements *r = NULL; ophio_enhancements_new(&r); OphioEnhancements *s = r;"
        " ophio_enhancements_free(&r); return (int)ophio_enhancements_len(s);",
        "heap-use-after-free",
    ),
    "a length too large": (
        "char *text = malloc(4); OphioGlob *glob = NULL; memset(text, 'a', 4);"
        " ophio_glob_new((uint8_t *)text, 5, 0, NULL, &glob); ophio_glob_free(&glob); free(text);",
        "heap-buffer-overflow",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_address_sanitizer_would_find(address: Sanitizer, name: str, tmp_path: Path) -> None:
    code, told = WRONG[name]
    source = tmp_path / "wrong.c"
    includes = "#include <stdlib.h>\n#include <string.h>\n#include <ophio.h>\n"
    source.write_text(f"{includes}int main(void) {{ {code} return 0; }}\n", "utf-8")
    done = run(address.build(source, tmp_path / "wrong"))
    assert done.returncode != 0
    assert told in done.stderr


def test_thread_sanitizer_finds_nothing(thread: Sanitizer, tmp_path: Path) -> None:
    done = thread.run(thread.build(TESTS / "c" / "test_threads.c", tmp_path / "test_threads"))
    assert done.returncode == 0, done.stderr


# Two threads want the same place for their results, which no sharing of handles allows. Many
# times: where one call ends before the other begins, what they do inside orders them.


def test_thread_sanitizer_would_find_a_race(thread: Sanitizer, tmp_path: Path) -> None:
    source = PROGRAMS / "race.c"
    done = thread.run(thread.build(source, tmp_path / "race"))
    assert done.returncode != 0
    assert "ThreadSanitizer: data race" in done.stderr
    assert "ophio_enhancements_apply" in done.stderr


# --- the installed tree -------------------------------------------------------------


def needed(library: Path, tag: str) -> list[str]:
    """Read the entries of a kind in the dynamic section of a library or program."""
    text = subprocess.run(
        [tool("readelf"), "-d", str(library)], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return [line.split("[")[1].rstrip("]\n") for line in text.splitlines() if f"({tag})" in line]


@linux_only
def test_the_installed_library_has_a_soname(installed: Installed) -> None:
    assert needed(installed.lib / "libophio.so", "SONAME") == ["libophio.so.1"]
    assert (installed.lib / "libophio.so").resolve() == installed.lib / "libophio.so.1"


@linux_only
def test_nothing_else_is_exported(installed: Installed, declared_functions: set[str]) -> None:
    output = subprocess.run(
        [tool("nm"), "-D", "--defined-only", str(installed.lib / "libophio.so")],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert {line.split()[-1] for line in output.splitlines()} == declared_functions


@linux_only
def test_the_library_is_small(installed: Installed, source_tree: Path) -> None:
    """The limit is 3.7 MB, stripped; docs/size.md has the size."""
    if os.environ.get("OPHIO_DEBUG", "0") not in ("", "0"):
        pytest.skip("this is a debug build")
    size = (installed.lib / "libophio.so").stat().st_size
    assert size < 3_700_000
    if os.uname().machine == "x86_64":
        page = (source_tree / "docs" / "size.md").read_text("utf-8")
        (told,) = re.findall(r"\*\*([\d,]+) bytes\*\*", page)
        assert int(told.replace(",", "")) == pytest.approx(size, rel=0.03)


def test_destdir_and_uninstall(installed: Installed, tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    installed.run(f"--destdir={stage}")
    placed = {path for path in stage.rglob("*") if not path.is_dir()}
    wanted = {
        stage / path.relative_to("/") for path in installed.prefix.rglob("*") if not path.is_dir()
    }
    assert placed == wanted
    pc = next(path for path in placed if path.name == "ophio.pc")
    assert str(stage) not in pc.read_text("utf-8")
    installed.run(f"--destdir={stage}", "--uninstall")
    assert not [path for path in stage.rglob("*") if not path.is_dir()]
    assert not list(stage.rglob("cmake/ophio"))


def test_pkg_config_can_be_told_another_prefix(installed: Installed) -> None:
    moved = "--define-variable=prefix=/moved"
    assert installed.pkg_config(moved, "--cflags", "--libs", "ophio") == [
        *("-I/moved/include", "-L/moved/lib", "-lophio")
    ]
    assert installed.pkg_config("--cflags", "ophio") == [f"-I{installed.prefix / 'include'}"]


def test_directories_of_their_own(installed: Installed, tmp_path: Path) -> None:
    """As a distribution has them: LIBDIR and INCLUDEDIR of `make install`."""
    stage = tmp_path / "stage"
    own = ("--prefix=/usr", "--libdir=/usr/lib/here", "--includedir=/opt/include")
    installed.run(*own, f"--destdir={stage}")
    pc = (stage / "usr/lib/here/pkgconfig/ophio.pc").read_text("utf-8")
    assert "prefix=/usr\nlibdir=${prefix}/lib/here\nincludedir=/opt/include\n" in pc
    assert (stage / "usr/lib/here/libophio.a").is_file()
    assert (stage / "opt/include/ophio.hpp").is_file()
    config = (stage / "usr/lib/here/cmake/ophio/ophio-config.cmake").read_text("utf-8")
    assert '"${_ophio_libdir}/../../../opt/include"' in config


def test_pkg_config_tells_the_version(installed: Installed, source_tree: Path) -> None:
    manifest = (source_tree / "Cargo.toml").read_text("utf-8")
    (version,) = installed.pkg_config("--modversion", "ophio")
    assert f'\nversion = "{version}"\n' in manifest


# --- examples -----------------------------------------------------------------------


def check_example(program: Path, source_tree: Path) -> None:
    examples = source_tree / "examples"
    arguments = [str(examples / "crash.rules"), str(examples / "crash.json")]
    done = subprocess.run(
        [str(program), *arguments], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (TESTS / "snapshots" / "frames.txt").read_text("utf-8")
    for wrong in ([], ["/no/such/file", arguments[1]], [arguments[1], arguments[1]]):
        done = subprocess.run(
            [str(program), *wrong], capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode in (1, 2)
        assert done.stderr
        assert not done.stdout


@pytest.mark.parametrize("link", ["shared", "static"])
@pytest.mark.parametrize("language", ["c", "cpp"])
def test_example_by_pkg_config(
    installed: Installed, source_tree: Path, tmp_path: Path, language: str, link: str
) -> None:
    compiler, standard, packages = {
        "c": ("gcc", "c99", ["libcjson"]),
        "cpp": ("g++", "c++17", []),
    }[language]
    source = source_tree / "examples" / language / f"frames.{language}"
    program = tmp_path / "frames"
    flags = installed.pkg_config("--cflags", "ophio", *packages)
    if link == "shared":
        libraries = installed.pkg_config("--libs", "ophio", *packages)
        libraries.append(f"-Wl,-rpath,{installed.lib}")
    else:
        told = installed.pkg_config("--libs", "--static", "ophio")
        libraries = [
            *("-Wl,-Bstatic" if flag == "-lophio" else "" for flag in told if flag == "-lophio"),
            *(flag for flag in told if flag.startswith("-L")),
            *("-lophio", "-Wl,-Bdynamic"),
            *(flag for flag in told if flag.startswith("-l") and flag != "-lophio"),
            *(installed.pkg_config("--libs", *packages) if packages else []),
        ]
    subprocess.run(
        [
            *(tool(compiler), f"-std={standard}", *WARNINGS, str(source), *flags, *libraries),
            *("-o", str(program)),
        ],
        check=True,
    )
    if sys.platform.startswith("linux"):
        assert ("libophio.so.1" in needed(program, "NEEDED")) == (link == "shared")
    check_example(program, source_tree)


@pytest.mark.parametrize("link", ["ophio", "static"])
def test_examples_by_cmake(
    installed: Installed, source_tree: Path, tmp_path: Path, link: str
) -> None:
    # Moved away from where it was installed: the CMake files must not mind.
    moved = tmp_path / "moved"
    shutil.copytree(installed.prefix, moved, symlinks=True)
    cmake = tool("cmake")
    build = tmp_path / "build"
    for command in (
        [
            *(cmake, "-S", str(source_tree / "examples"), "-B", str(build)),
            *(f"-DCMAKE_PREFIX_PATH={moved}", f"-DOPHIO_LINK={link}"),
            *(f"-DCMAKE_C_FLAGS={' '.join(WARNINGS)}", f"-DCMAKE_CXX_FLAGS={' '.join(WARNINGS)}"),
        ],
        [cmake, "--build", str(build)],
    ):
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for name in ("frames_c", "frames_cpp"):
        if sys.platform.startswith("linux"):
            assert ("libophio.so.1" in needed(build / name, "NEEDED")) == (link == "ophio")
        check_example(build / name, source_tree)


def test_cmake_refuses_another_major_version(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(x C)\n"
        "find_package(ophio 3.0 CONFIG REQUIRED)\n",
        "utf-8",
    )
    done = subprocess.run(
        [tool("cmake"), "-S", ".", "-B", "b", f"-DCMAKE_PREFIX_PATH={installed.prefix}"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode != 0
    assert "version: 2." in done.stderr
