# Everything here needs nothing but make and a Python from 3.11 to 3.13.
#   make quickstart   train, evaluate, report and export on embedded digits
#   make study        every method of the paper's tables on CIFAR-10 (hours)
#   make test         all tests;  make lint   style and formatting
#   make chaos        kills trainings 20 times and compares their weights
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
    2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin

QUICKSTART_DATASET ?= digits
QUICKSTART_DATA_DIR ?=
# CIFAR-10 needs more pictures than the digits: about 6 minutes on 2 cores.
QUICKSTART_FLAGS_cifar10 := --max_train_images=5000 --num_epochs=10 --decay_epochs=6,9 --warmup_epochs=0.1 --augmentation=shift_flip
QUICKSTART_FLAGS ?= $(QUICKSTART_FLAGS_$(QUICKSTART_DATASET))
SEED ?= 0
RUNS ?= runs/quickstart/$(QUICKSTART_DATASET)-seed$(SEED)
DATA := --dataset=$(QUICKSTART_DATASET) --data_dir=$(QUICKSTART_DATA_DIR) --seed=$(SEED) $(QUICKSTART_FLAGS)
TRAIN := $(BIN)/python -m qualnet_tf.train
COMPARED := $(RUNS)/vanilla,$(RUNS)/naive,$(RUNS)/qualnet

STUDY_FLAGS ?=
CHAOS_FLAGS ?=

.PHONY: quickstart study test chaos lint format build_file clean

.venv/installed: requirements.txt
	@test -n "$(PYTHON)" || { echo "error: expected Python 3.11, 3.12 or 3.13 on the PATH; install one, or pass PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/installed_test: .venv/installed pyproject.toml
	$(BIN)/python -m pip install --quiet -e '.[test]'
	touch $@

quickstart: .venv/installed
	$(TRAIN) --flagfile=configs/quickstart/stage1.flags $(DATA) --run_dir=$(RUNS)/stage1
	$(TRAIN) --flagfile=configs/quickstart/vanilla.flags $(DATA) --run_dir=$(RUNS)/vanilla
	$(TRAIN) --flagfile=configs/quickstart/naive.flags $(DATA) --run_dir=$(RUNS)/naive
	$(TRAIN) --flagfile=configs/quickstart/qualnet.flags $(DATA) --run_dir=$(RUNS)/qualnet --stage1_run_dir=$(RUNS)/stage1
	$(BIN)/python -m qualnet_tf.evaluate --run_dir=$(COMPARED) --num_images=1000
	$(BIN)/python -m qualnet_tf.report --run_dir=$(COMPARED)
	$(BIN)/python -m qualnet_tf.export --run_dir=$(RUNS)/qualnet

study: .venv/installed
	$(BIN)/python -m benchmarks.cifar10_study --data_dir=$(QUICKSTART_DATA_DIR) $(STUDY_FLAGS)

test: .venv/installed_test
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

chaos: .venv/installed
	$(BIN)/python -m benchmarks.chaos $(CHAOS_FLAGS)

lint: .venv/installed_test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/installed_test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build_file:
	$(or $(wildcard $(BIN)/python),$(PYTHON)) tools/build_file.py

clean:
	rm -rf .venv .pytest_cache .ruff_cache
