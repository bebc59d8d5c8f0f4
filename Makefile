# What one can do with this project. `make help` lists it; every target that needs the environment makes it first.
# Needs GNU make and a Python from 3.11 to 3.13 with its venv module. Another Python: make sync PYTHON=python3.12

PYTHON ?= python3
OVERLAY ?= local
UV_VERSION := 0.13.9
MUTMUT_VERSION := 3.8.1
BIN := .venv/bin
SYNCED := .venv/.synced
BENCH := .venv-bench/bin
BENCH_SYNCED := .venv-bench/.synced
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help sync demo up test lint fmt types imports unit integration loss chaos truth growth stories simulation mutation bench lock schemas docs image manifests clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z ]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

sync: $(SYNCED) ## the environment in .venv, exactly as locked (nothing to do while the lock has not changed)

demo: sync ## one discharge through all five services, from an HL7 message to a mail
	$(BIN)/care demo

up: sync ## the local stack and all services, until Ctrl-C
	$(BIN)/care up

test: sync lint ## everything CI runs: all checks, all tests, every branch of what decides and what reads
	$(BIN)/python -m tests.lanes
	$(BIN)/coverage combine --quiet var/test
	$(BIN)/coverage report --fail-under=100 --skip-covered \
		--include='services/*/domain/*,services/admissions/adt/*,shared/hl7/*,shared/feeds.py'
	$(BIN)/coverage report | tail -n 1

lint: sync ## style, complexity, banned calls, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fmt: sync ## rewrite in house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: sync ## mypy, strict
	$(BIN)/mypy

imports: sync ## who may import whom
	$(BIN)/lint-imports

unit: sync ## only the tests that need no server, without the simulation
	$(BIN)/pytest -m "not integration" --ignore=tests/simulation

integration: sync ## only the tests that need a Kafka and a MongoDB (they bring them)
	$(BIN)/pytest tests/integration

loss: sync ## the loss suite in its long form: every fault 20 times (long)
	$(BIN)/pytest tests/integration/loss --rounds 20

chaos: sync ## 50,000 messages on Apache Kafka under 200 kills, accounted for exactly (long): make chaos SEED=7
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),7) $(CHAOS_ARGS)

truth: sync ## 100,000 messages, all orders late and doubled, two admissions, held to the oracle (long): make truth SEED=7
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),7) --kills 0 \
		--messages $(or $(MESSAGES),100000) --patients $(or $(PATIENTS),20000)

growth: sync ## 10,000 updates of one patient: the last thousand may cost at most 1.5 times what the first did
	$(BIN)/python -m tests.growth

stories: sync ## every story in every order with repeats, also those of seven messages (long); writes docs/runs/stories-DATE.md
	$(BIN)/python -m tests.stories

simulation: sync ## the five services in virtual time under seeded faults (long): make simulation SEEDS=100000
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),2000) --jobs 2

mutation: sync ## plant faults and name those no test sees (hours): make mutation ROOMS="hl7 engine"; rooms: tests/mutation/rooms.py
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python var/mutation/venv
	$(BIN)/uv pip install --quiet --python var/mutation/venv/bin/python -r requirements/dev.lock.txt
	$(BIN)/uv pip install --quiet --python var/mutation/venv/bin/python mutmut==$(MUTMUT_VERSION)
	nice -n 19 $(BIN)/python -m tests.mutation functions $(ROOMS)
	nice -n 19 $(BIN)/python -m tests.mutation tables $(ROOMS)

bench: $(BENCH_SYNCED) ## measure us beside others: make bench BENCH_ARGS="--only NAME" (--help tells the rest; needs a JDK, Maven)
	$(BENCH)/python -P -m bench $(BENCH_ARGS)

lock: $(BIN)/uv ## resolve the dependencies anew, with hashes; names no registry
	$(UV_COMPILE) -o requirements/runtime.lock.txt
	$(UV_COMPILE) --group dev --group demo -o requirements/dev.lock.txt
	$(UV_COMPILE) --group demo --group bench -c requirements/dev.lock.txt -o requirements/bench.lock.txt

schemas docs: sync ## rewrite what is generated: JSON Schema snapshots, docs/{configuration,topics,metrics,lifecycles}.md
	$(BIN)/python docs/generate.py

image: ## the container image care-transitions:dev (needs Docker)
	docker build -f deploy/Dockerfile --build-arg REVISION=$$(git rev-parse HEAD) -t care-transitions:dev .

manifests: ## what Kubernetes would be given: make manifests OVERLAY=local (needs kubectl)
	@kubectl kustomize deploy/k8s/overlays/$(OVERLAY)

clean: ## as after a fresh clone, .venv removed too
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* dist var
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The project itself is put on the path by a .pth file and a two-line command: an editable install would have to fetch
# a build backend that no hash of ours vouches for.
$(SYNCED): requirements/dev.lock.txt $(BIN)/uv
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.lock.txt
	@$(BIN)/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "care_transitions.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -P -m care "$$@"\n' > $(BIN)/care
	@chmod +x $(BIN)/care
	@touch $@

$(BENCH_SYNCED): requirements/bench.lock.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BENCH)/python requirements/bench.lock.txt
	@$(BENCH)/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "care_transitions.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	@touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "$(PYTHON) is not a Python from 3.11 to 3.13. Install one (Debian 12: apt-get install python3 python3-venv)" \
		"or name it: make sync PYTHON=python3.12"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; } >&2
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
