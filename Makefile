# Everything here works from a clean clone: scripts/bootstrap sets up what is missing, once.
# `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
# The tests start hundreds of commands; where nothing may be kept, each of them compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

bin := .venv/bin
python := $(bin)/python
pytest := $(python) -m pytest
# Three workers fit two processors: tests wait for much. WORKERS=8 for a big machine, ARGS for what pytest gets besides.
WORKERS ?= 3
ARGS ?=

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

.PHONY: setup
setup: ## the virtual environment and the programs, for work on Parhelia
	@scripts/bootstrap dev

.PHONY: run
run: ## the dashboard
	@scripts/bootstrap run
	@$(bin)/parhelia $(ARGS)

.PHONY: demo
demo: ## the dashboard over a small live fleet of the demo agent, in a state directory of its own
	@scripts/bootstrap run
	@$(bin)/parhelia demo $(ARGS)

.PHONY: demo-modal
demo-modal: setup ## the same fleet in sandboxes of an emulated provider, without an account
	@$(python) -m scripts.demo_modal $(ARGS)

.PHONY: test
test: setup ## all tests but those that take more than some seconds
	@$(pytest) -n $(WORKERS) --dist loadgroup -m "not long" $(ARGS)

.PHONY: test-long
test-long: setup ## the tests that take longer: kills at random moments, many containers, whole stories
	@$(pytest) -n $(WORKERS) --dist loadgroup -m long $(ARGS)

.PHONY: check
check: setup ## style, types, layers and the quick tests: before every commit
	@$(MAKE) -k style types layers quick

.PHONY: style
style: setup ## of check: ruff, format and lint (make format mends most of it)
	@status=0; \
	$(python) -m ruff format --check --output-format concise || status=1; \
	$(python) -m ruff check --output-format concise || status=1; \
	exit $$status

.PHONY: types
types: setup ## of check: mypy --strict
	@$(python) -m mypy

.PHONY: layers
layers: setup ## of check: which part may import which
	@$(bin)/lint-imports --no-logo

.PHONY: quick
quick: setup ## of check: the tests that need no tmux and no container
	@$(pytest) -q -n $(WORKERS) --dist loadgroup -m "not real and not long" $(ARGS)

.PHONY: format
format: setup ## let ruff format and mend what it can
	@$(python) -m ruff format
	@$(python) -m ruff check --fix

.PHONY: bench
bench: setup ## measure: one table, and bench/results.json
	@$(python) -m bench.run $(ARGS)

.PHONY: acceptance
acceptance: setup ## run the tests of tests/acceptance.toml; what is met, what is open
	@$(python) scripts/acceptance.py $(ARGS)

.PHONY: snapshots
snapshots: setup ## draw the screens anew into snapshots/; look at `git diff --stat snapshots` after
	@$(pytest) -q -m snapshot --snapshot-update $(ARGS)

.PHONY: pictures
pictures: setup ## draw docs/pictures anew from the dashboard over a live demo fleet
	@$(python) -m scripts.pictures

.PHONY: dead-keys
dead-keys: setup ## let each key of the dashboard do nothing, and see its test fail (ARGS=WallScreen for one screen)
	@$(python) -m scripts.dead_keys $(ARGS)

.PHONY: commands-page
commands-page: setup ## renew docs/commands.md from the commands themselves
	@$(python) -m scripts.commands_page

.PHONY: lock
lock: ## remake requirements/*.txt from pyproject.toml (ARGS=--upgrade for the newest versions)
	@scripts/bootstrap lock
	@scripts/lock $(bin)/uv $(ARGS)

.PHONY: clean
clean: ## remove what the other targets made, .venv too
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -f .bootstrap.lock bench/results.json snapshot_report.html
	@find parhelia_tui bench tests scripts -name __pycache__ -prune -exec rm -rf {} +
