# demo   install the torch-free core and run the demo        test   install everything, fast tests
# check  ruff, mypy --strict, fast tests                     slow   the long tests
# bench  measurements                                        clean  the environment and caches
# chaos  twenty seeds of faults for each executor (about half an hour)
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
PYTEST := $(BIN)/python -m pytest
# The fast tests, a process a core; what is timed for its own sake is not among them.
FAST := $(PYTEST) -m "not slow" -n $$(nproc 2>/dev/null || echo 2) --dist loadfile

.PHONY: demo test check slow chaos bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	@$(BIN)/s2st-bench run

test: $(VENV)/.full
	@$(FAST)

check: $(VENV)/.full
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(FAST)

slow: $(VENV)/.slow
	@$(PYTEST) -m slow

chaos: $(VENV)/.slow
	@S2ST_BENCH_CHAOS_SEEDS=$${SEEDS:-20} $(PYTEST) -m slow tests/chaos

bench: $(VENV)/.full
	@$(BIN)/python -m benchmarks

# The environment; bare Debian has a python3 without venv.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "s2st-bench needs Python 3.11 or newer: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || tools/debian.sh python3-venv
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The demo's set; nothing to do where the full set is already there.
$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints-core.txt
	@if [ ! -e $(VENV)/.full ]; then \
	    echo "installing the core and the demo's parts (no torch) …"; \
	    $(PIP) install -c constraints-core.txt -e '.[demo]' && \
	    $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || exit 1; \
	fi
	@touch $@

# Everything.  torch first and pinned: a resolver left to choose takes one with several GB of CUDA
# packages.  TORCH_INDEX=URL names an index with CPU builds where the default one has none.
# compileall: where PYTHONDONTWRITEBYTECODE is set, importing torch's stack takes 10-20 s else.
$(VENV)/.full: $(VENV)/.made pyproject.toml constraints.txt
	@tools/debian.sh --optional build-essential python3-dev ffmpeg espeak-ng \
	    apertium apertium-eng-spa chromium chromium-driver
	@echo "installing torch …"
	@$(PIP) install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $$(grep '^torch==' constraints.txt)
	@echo "installing the full set …"
	@extras=all,peers,dev; command -v cc >/dev/null 2>&1 || { \
	    echo "no C compiler: the extras simuleval and speech are skipped"; \
	    extras=$$($(BIN)/python tools/extras.py --without all slow simuleval speech nisqa); \
	}; $(PIP) install -c constraints.txt -e ".[$$extras]"
	@$(PIP) install --no-deps -c constraints.txt resemblyzer
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	@touch $@ $(VENV)/.demo

# What only the long tests need.
$(VENV)/.slow: $(VENV)/.full
	@echo "installing what the long tests need …"
	@$(PIP) install -c constraints.txt -e '.[slow]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
