# The commands of the project. `make demo` and `make test` set up .venv by themselves.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.complete
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba-cache

.PHONY: demo test test-all setup lint format type bench docs reproduction clean

demo: setup
	$(BIN)/ohmnia run --out ohmnia-run --force

test: lint type
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup

test-all: lint type
	$(BIN)/python -m pytest -n 2 --dist loadgroup

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(STAMP)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup
	$(BIN)/pyright

bench: setup
	$(BIN)/ohmnia bench --out ohmnia-bench
	$(BIN)/python -m pytest benchmarks

docs: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# A row that does not hold is shown on the pages; it does not stop them.
reproduction: setup
	rm -rf build/reproduction
	-$(BIN)/ohmnia reproduce --out build/reproduction
	$(BIN)/python docs/make_reproduction.py build/reproduction

clean:
	rm -rf .venv .numba-cache .pytest_cache .ruff_cache build site ohmnia-run ohmnia-bench
