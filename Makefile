# The commands of this project; `make` alone lists them.
#
# Needed: Rust (https://rustup.rs) and Python 3.9 or later. Everything else goes
# into .venv, nothing is installed outside of this directory.

PYTHON ?= python3
CARGO  ?= cargo
VENV   := .venv
BIN    := $(VENV)/bin
ORACLE := .venv-oracle
DOCS   := .venv-docs
# The event that `make demo` shows: a Python one if there is one.
EVENT  ?= $(firstword $(wildcard tests/fixtures/events/python*.json tests/fixtures/events/*.json))

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help venv dev demo test lint lint-rust lint-python test-rust test-python \
        header header-check oracle vectors bench images docs docs-site docs-links fuzz soak deny sbom install uninstall examples abi wheel sdist test-wheel clean distclean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  OPHIO_DEBUG=1 builds without optimisation. PYTHON=... chooses the Python of .venv."

# $(call make_venv,directory,python): `python -m venv`, or virtualenv where a
# distribution has split venv off, or a word on what to install.
define make_venv
	@$(2) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || \
	    { echo "Python 3.9 or later is needed, as $(2)" >&2; exit 1; }
	@rm -rf $(1)
	@$(2) -m venv $(1) >/dev/null 2>&1 || { rm -rf $(1); $(2) -m virtualenv -q $(1) 2>/dev/null; } || \
	    { echo "$(2) can make no virtual environment: install python3-venv or virtualenv" >&2; exit 1; }
endef

# --- set-up ---------------------------------------------------------------------

$(VENV)/.made: pyproject.toml
	$(call make_venv,$(VENV),$(PYTHON))
	@echo "Installing the tools and building the library (the first time takes a few minutes)"
	$(BIN)/pip install -q -e '.[dev]'
	@touch $@

venv: $(VENV)/.made ## Make .venv with all tools and the package in it

dev: venv ## Rebuild the library into the editable install
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .

demo: dev ## Show the rules at work on a real event (EVENT=file for another)
	@$(BIN)/python -m sentry_ophio apply $(EVENT)

# --- checks ---------------------------------------------------------------------

# The header first: building mends it. pytest last: its closing line ends the output.
test: header-check lint-rust test-rust dev lint-python docs test-python ## Run every check, Rust and Python

lint: lint-rust lint-python ## Formatting, clippy, ruff, mypy

lint-rust:
	@if $(CARGO) fmt --version >/dev/null 2>&1; then set -x; $(CARGO) fmt --check; \
	 else echo "SKIPPED: rustfmt is not installed (rustup component add rustfmt)"; fi
	@if $(CARGO) clippy --version >/dev/null 2>&1; then set -x; $(CARGO) clippy --locked --workspace --all-targets -- -D warnings; \
	 else echo "SKIPPED: clippy is not installed (rustup component add clippy)"; fi

lint-python: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-rust: ## Unit, property and documentation tests of both crates
	@if $(CARGO) nextest --version >/dev/null 2>&1; then set -x; $(CARGO) nextest run --locked --workspace; \
	 else set -x; $(CARGO) test --locked --workspace --lib --bins --tests --examples; fi
	$(CARGO) test --locked --workspace --doc -q

test-python: dev ## pytest, against the editable install
	$(BIN)/python -m pytest

header: ## Write include/ophio.h anew from the sources
	OPHIO_HEADER= $(CARGO) check -q -p ophio-capi

header-check: ## Fail if include/ophio.h is not what the sources declare
	OPHIO_HEADER=check $(CARGO) check -q --locked -p ophio-capi

oracle: ## Make .venv-oracle with the published packages, to compare with
	$(call make_venv,$(ORACLE),$(PYTHON))
	$(ORACLE)/bin/pip install -q 'sentry-ophio==1.2.0' 'symbolic==13.9.0' pytest hypothesis msgpack

vectors: dev ## Record tests/vectors/*.json anew from the published packages
	@test -x $(ORACLE)/bin/python || $(MAKE) oracle
	$(BIN)/python tests/vectors/make.py

bench: dev ## Measure beside the published package; prints and writes benches/*results.md
	@test -x $(ORACLE)/bin/python || $(MAKE) oracle
	$(BIN)/python benches/run.py
	$(BIN)/python benches/glob.py
	$(BIN)/python benches/codeowners.py
	$(BIN)/python benches/preview.py
	$(BIN)/python benches/proguard.py
	$(BIN)/python benches/threads.py

images: dev ## Make the pictures of the README anew, from the real programs
	$(BIN)/python docs/images/make.py

# --- the site of the documentation ----------------------------------------------

# An environment of its own: the tools are many, and who builds the package needs none of them.
$(DOCS)/.made: pyproject.toml $(VENV)/.made
	$(call make_venv,$(DOCS),$(PYTHON))
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
	$(BIN)/python fuzz/run.py --seconds $(SECONDS)

soak: dev ## A million calls of each kind, and long runs of threads: memory stays flat
	OPHIO_LONG=1 $(BIN)/python -m pytest -q tests/test_reliability.py

deny: ## Licences, advisories and sources of what is linked in
	@test -x $(TOOLS)/cargo-deny || $(CARGO) install -q --locked --root build/tools cargo-deny
	$(TOOLS)/cargo-deny --locked check --hide-inclusion-graph licenses bans sources
	@$(TOOLS)/cargo-deny --locked check --hide-inclusion-graph advisories || \
	    { $(TOOLS)/cargo-deny fetch db >/dev/null 2>&1 && exit 1; \
	      echo "SKIPPED: the database of advisories cannot be reached"; }

sbom: ## Write the bill of materials of the library: build/ophio.cdx.json (CycloneDX)
	@test -x $(TOOLS)/cargo-cyclonedx || $(CARGO) install -q --locked --root build/tools cargo-cyclonedx
	SOURCE_DATE_EPOCH=0 $(TOOLS)/cargo-cyclonedx cyclonedx --manifest-path capi/Cargo.toml \
	    --format json --describe crate --no-build-deps --override-filename ophio.cdx -q
	@mkdir -p build && mv capi/ophio.cdx.json build/ && rm -f core/ophio.cdx.json
	@echo build/ophio.cdx.json

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

wheel: venv ## Build a wheel for this platform into dist/
	rm -rf build/lib # setuptools would keep modules that are gone
	$(BIN)/pip wheel -q --no-deps -w dist .

sdist: venv ## Build the source distribution into dist/
	$(BIN)/python -m build --sdist -o dist .

# From the sdist, so that this shows that nothing is missing in it.
WHEEL_PYTHON ?= $(PYTHON)
WHEEL_TEST   := build/wheel-test
test-wheel: ## Build sdist and from it a wheel; test that away from the sources (WHEEL_PYTHON=...)
	$(call make_venv,$(WHEEL_TEST),$(WHEEL_PYTHON))
	$(WHEEL_TEST)/bin/pip install -q build
	$(WHEEL_TEST)/bin/python -m build -o $(WHEEL_TEST)/dist .
	$(WHEEL_TEST)/bin/pip install -q "$$(ls $(WHEEL_TEST)/dist/*-py3-none-*.whl)[cli,test]"
	rm -rf $(WHEEL_TEST)/tests && cp -R tests $(WHEEL_TEST)/tests
	cd $(WHEEL_TEST) && bin/python -m pytest -q -p no:cacheprovider -W error tests

clean: ## Remove what was built, but not the environments
	$(CARGO) clean -q
	rm -rf build dist python/*.egg-info python/sentry_ophio/_lowlevel.py python/sentry_ophio/_lowlevel__*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis $(VENV)/.made

distclean: clean ## Remove the environments as well
	rm -rf $(VENV) $(ORACLE) $(DOCS)
