# The ways to use this repository, each one command. All of them first make the environment .venv
# from requirements.lock, and bring it up to date when the lock or pyproject.toml has changed.

PYTHON ?=#        the Python to build .venv with; empty: the newest of 3.13, 3.12, 3.11 found
CORES ?= all#     the cores that the workflow may use
WORKERS ?= 2#     the processes that run the tests

CONFIG ?=#       a configuration to lay over the others for the report, such as config/quick.yaml

BIN := .venv/bin
READY := .venv/.ready

.PHONY: help venv quick paper docs report check-report claims-table readme-table test test-all test-cluster lint benchmark lock clean

help:
	@echo "make quick         the whole workflow in its small form (minutes)"
	@echo "make paper         the whole workflow at the scale of the papers"
	@echo "make docs          the documentation, with the figures made so far: results/site/index.html"
	@echo "make report        results/report.html; with CONFIG=config/quick.yaml of the small form"
	@echo "make check-report  look at the pages in results/ with Chromium"
	@echo "make claims-table  the claims at the scale of the papers into docs/claims.csv and README.md"
	@echo "make readme-table  the titles of the figures and docs/claims.csv into README.md"
	@echo "make test          the test suite, with few repetitions of random faults (5 minutes on 2 cores)"
	@echo "make test-all      the test suite with all repetitions"
	@echo "make test-cluster  the tests that start a Slurm of their own"
	@echo "make lint          every check of style and structure"
	@echo "make benchmark     speeds as ratios to reference loops"
	@echo "make lock          new versions into requirements.lock and envs/environment.yaml"
	@echo "make clean         remove .venv and caches; results stay"

venv: $(READY)

quick: $(READY)
	$(BIN)/snakemake --cores $(CORES) --configfile config/quick.yaml

paper: $(READY)
	$(BIN)/snakemake --cores $(CORES)

OVERLAY = $(if $(CONFIG),--configfile $(CONFIG))

report: $(READY)
	$(BIN)/snakemake --cores $(CORES) $(OVERLAY)
	$(BIN)/snakemake $(OVERLAY) --report results/report.html --report-stylesheet workflow/report/report.css

check-report: $(READY)
	$(BIN)/python -m pytest tests/results

claims-table: $(READY)
	$(BIN)/snakemake --cores $(CORES) results/verification/claims.csv
	cp results/verification/claims.csv docs/claims.csv
	$(BIN)/python workflow/scripts/write_readme_table.py

readme-table: $(READY)
	$(BIN)/python workflow/scripts/write_readme_table.py

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# A worker gets whole files, so that it makes what the tests of a file share once; the longest files come first.
# The workers use all cores: further threads for products of matrices would only wait for each other.
TESTS = OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not cluster"

test: $(READY)
	$(TESTS)

test-all: $(READY)
	$(TESTS) --all

# Files of tests that wait more than they compute go side by side, each with a Slurm of its own; then the one that computes.
test-cluster: $(READY)
	$(BIN)/python -m pytest -n 4 --dist loadfile tests/cluster --ignore tests/cluster/test_numbers.py
	$(BIN)/python -m pytest tests/cluster/test_numbers.py

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/lint-imports

benchmark: $(READY)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/run.py

# The environment. Bytecode is compiled on all cores by a step of its own: without it every start of
# Snakemake takes many seconds. (Some packages ship files that are no valid Python: hence `|| true`.)
$(READY): requirements.lock pyproject.toml
	@set -e; \
	for python in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	    echo "No Python 3.11, 3.12 or 3.13 with venv found; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$found" --version)"; \
	"$$found" -m venv .venv
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib src workflow/scripts || true
	@touch $@

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --quiet --extra dev --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	    --upgrade --output-file requirements.lock
	$(BIN)/python envs/make_environment.py requirements.lock envs/environment.yaml

clean:
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache build dist
	find src tests workflow benchmarks envs -name __pycache__ -type d -prune -exec rm -rf {} +
