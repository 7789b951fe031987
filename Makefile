# make demo   everything of every paper on phantoms, their front page and Snakemake's report; PAPER=sharpgan: of one paper
# make test   the tests, with coverage; make lint for style and types
# make test-page   the front page of the demo in a browser, which it installs (Debian, root)
# make test-tex    the demo's tables in LaTeX, which it installs (Debian, root)
# make fuzz        10,000 damaged files for each reader
# make test-slurm, make test-faults   on a real SLURM cluster, which they install (Debian, root) and start
# make bench  our speed beside other libraries'; HOVER_NET=folder adds that repository's own scores,
#             SERIAL_SECTIONS=folder the registration of real sections,
#             REAL=folder the evaluator and Ki-67-positive nuclei (monuseg_breast, cytology_smears, wbc_cytology, ki67_ihc below it),
#             MASKS=folder nuclei of real images (wbc_cytology, monuseg_breast below it),
#             CYCLEGAN=folder training beside that clone of pytorch-CycleGAN-and-pix2pix
# make gpu-check   every recipe on this machine's GPU at the papers' sizes, in 9 minutes: benchmarks/gpu.md
# make gpu-pack    what a GPU machine without a network may lack, into build/gpu-packages, to be copied there
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CORES ?= all
# What is installed: the versions of the lock, or the oldest (lowest-direct) or newest (highest) that pyproject.toml allows:
# make test PYTHON=python3.13 VENV=.venv-lowest VERSIONS=lowest-direct
VERSIONS ?= lock

.PHONY: setup demo test test-page test-tex fuzz test-slurm test-faults lint bench gpu-check gpu-pack schema lock clean

INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

setup: $(VENV)/.installed

# uv reads the hash-locked requirements; a plain pip may pick builds of torch and torchvision that do not match.
# Compiled once here: jobs that find no bytecode spend half of their start on it.
$(VENV)/.installed: envs/requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pathgan needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
ifeq ($(VERSIONS),lock)
	$(INSTALL) --require-hashes -r envs/requirements.lock
	$(INSTALL) --no-deps --editable .
else
	$(INSTALL) --resolution $(VERSIONS) --editable ".[dev]"
endif
	touch $@

demo: setup
	@$(BIN)/pathgan demo $(PAPER) --cores $(CORES)

# The longest tests come first: see tests/conftest.py.
PARALLEL := --numprocesses auto --no-loadscope-reorder

test: setup
	$(BIN)/python -m pytest --ignore tests/slurm --ignore tests/browser --ignore tests/latex $(PARALLEL) --cov --cov-report=term --cov-fail-under=90

test-page: setup
	tests/install.sh chromium chromium
	$(BIN)/python -m pytest tests/browser

test-tex: setup
	tests/install.sh pdflatex texlive-latex-base
	$(BIN)/python -m pytest tests/latex

FUZZ_CASES ?= 10000

fuzz: setup
	PATHGAN_FUZZ_CASES=$(FUZZ_CASES) $(BIN)/python -m pytest tests/security/test_fuzz.py --numprocesses auto -rP

# Tests mostly wait for SLURM, so there are more of them at a time than cores.
SLURM_NODES ?= 3
ON_SLURM := $(BIN)/python tests/slurm/cluster.py --nodes $(SLURM_NODES) \
	$(BIN)/python -m pytest --numprocesses $(SLURM_NODES) --no-loadscope-reorder

# One fault of each kind, a paper's demo; test-faults: each fault at three moments, and the table in docs/reliability.md.
test-slurm: setup
	tests/slurm/install.sh
	$(ON_SLURM) tests/slurm --ignore tests/slurm/test_accounting.py -m "not thorough"
	$(BIN)/python -m pytest tests/slurm/test_accounting.py

test-faults: setup
	tests/slurm/install.sh
	$(ON_SLURM) tests/slurm/test_faults.py --report docs/reliability.md

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

bench: .venv-bench/.installed
	.venv-bench/bin/python benchmarks/metrics.py $(if $(HOVER_NET),--hover-net $(HOVER_NET))
	.venv-bench/bin/python benchmarks/slides.py
	.venv-bench/bin/python benchmarks/masks.py $(if $(MASKS),--real $(MASKS))
	.venv-bench/bin/python benchmarks/focus.py
	.venv-bench/bin/python benchmarks/registration.py $(if $(SERIAL_SECTIONS),--real $(SERIAL_SECTIONS))
	$(if $(REAL),.venv-bench/bin/python benchmarks/positive_nuclei.py --real $(REAL))
	$(if $(REAL),.venv-bench/bin/python benchmarks/evaluator.py --real $(REAL))
	$(if $(CYCLEGAN),.venv-bench/bin/python benchmarks/training.py --reference $(CYCLEGAN))

# Without a network there is no set-up: the Python that holds torch runs it.
gpu-check:
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu.py

gpu-pack: setup
	$(BIN)/python benchmarks/gpu_packages.py

.venv-bench/.installed: envs/bench.lock setup
	$(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --require-hashes -r envs/bench.lock
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --no-deps --editable .
	touch $@

schema: setup
	$(BIN)/python -m pathgan.config.schema

# After a change of pyproject.toml: new pins, in the lock and in the conda environments.
COMPILE = $(BIN)/uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --quiet

lock: setup
	$(COMPILE) --extra dev --output-file envs/requirements.lock
	$(COMPILE) --extra bench --constraint envs/requirements.lock --output-file envs/bench.lock
	$(BIN)/python envs/pin.py

clean:
	rm -rf results/demo
