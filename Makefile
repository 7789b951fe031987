# make demo   everything of every paper on phantoms, and the report
# make test   the tests, with coverage; make lint for style and types
# make test-slurm, make test-faults   on a real SLURM cluster of one node, which they install (Debian, root) and start
# make bench  our speed beside other libraries'; HOVER_NET=folder adds that repository's own scores,
#             SERIAL_SECTIONS=folder the registration of real sections,
#             MASKS=folder nuclei of real images (wbc_cytology, monuseg_breast below it),
#             CYCLEGAN=folder training beside that clone of pytorch-CycleGAN-and-pix2pix
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all

.PHONY: setup demo test test-slurm test-faults lint bench schema lock clean

setup: $(VENV)/.installed

# uv reads the hash-locked requirements; a plain pip may pick builds of torch and torchvision that do not match.
# Compiled once here: jobs that find no bytecode spend half of their start on it.
$(VENV)/.installed: envs/requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pathgan needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r envs/requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

demo: setup
	$(BIN)/snakemake --cores $(CORES) all --config preset=demo
	$(BIN)/snakemake --config preset=demo --report results/demo/report.html --quiet

test: setup
	$(BIN)/python -m pytest --ignore tests/slurm --cov --cov-report=term --cov-fail-under=90

# One fault of each kind, a paper's demo; test-faults: each fault at three moments, and the table in docs/reliability.md.
test-slurm: setup
	tests/slurm/install.sh
	$(BIN)/python -m pytest tests/slurm -m "not thorough"

test-faults: setup
	tests/slurm/install.sh
	$(BIN)/python -m pytest tests/slurm/test_faults.py --report docs/reliability.md

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
	$(if $(CYCLEGAN),.venv-bench/bin/python benchmarks/training.py --reference $(CYCLEGAN))

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
