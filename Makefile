# `make` lists what there is. Everything runs in .venv, which `make setup` builds.
.DEFAULT_GOAL := help
.PHONY: help setup run dev test test-quick test-full test-fresh test-image soak lint format typecheck generate types migrate deploy \
        push validate schema-format studio bench bench-quick bench-service bench-growth bench-choices \
        bench-queries lock clean

# The first Python of 3.11 to 3.13 that really starts; `make PYTHON=...` chooses another.
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$p" && break; done)
endif
BIN := .venv/bin
ROUNDS = $(if $(rounds),--rounds $(rounds))
export name

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install everything that is pinned, and generate the client (quick when nothing changed)
	@test -n "$(PYTHON)" || { echo "Tenantry needs Python 3.11, 3.12 or 3.13; none was found on PATH." >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

run: setup ## set up, migrate and serve on http://127.0.0.1:8000
	@$(BIN)/tenantry serve --migrate

dev: setup ## like run, but restart when the code changes
	@$(BIN)/tenantry serve --migrate --reload

test: setup ## set up and run the tests (a database server of their own)
	@$(BIN)/pytest
	@cd engine && ../$(BIN)/pytest

test-quick: setup ## the quick tests alone: a verdict in under two minutes
	@$(BIN)/python scripts/quick_tests.py

test-full: setup ## the long forms of the long tests too
	@$(BIN)/pytest --full
	@cd engine && ../$(BIN)/pytest --full

test-image: setup ## build the Dockerfile without Docker, and try the images (root on Debian)
	@$(BIN)/python scripts/image.py

soak: setup ## a client at work among faults, ten minutes: make soak minutes=30
	@cd engine && ../$(BIN)/pytest tests/soak -s --minutes "$(or $(minutes),10)"

test-fresh: ## clone the committed tree into an empty directory and go through everything there
	@$(PYTHON) scripts/fresh.py

lint: setup ## ruff and pyright in strict mode
	@$(BIN)/python -m bench client
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

format: setup ## let ruff format and mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

typecheck: setup ## pyright alone
	@$(BIN)/python -m bench client
	@$(BIN)/pyright

generate: setup ## generate the Prisma client
	@$(BIN)/prisma generate

types: setup ## write the API's TypeScript types: typescript/api.ts
	@$(BIN)/python scripts/typescript.py

migrate: setup ## make and apply a migration: make migrate name=add_something
	@test -n "$$name" || { echo "Name it: make migrate name=add_something" >&2; exit 1; }
	@$(BIN)/prisma migrate dev --skip-generate --name "$$name"

deploy: setup ## apply the migrations, then prepare the service's database role
	@$(BIN)/tenantry db url >/dev/null
	@$(BIN)/prisma migrate deploy
	@$(BIN)/tenantry db prepare

push: setup ## bring the database to the schema without a migration
	@$(BIN)/prisma db push --skip-generate

validate: setup ## check the Prisma schema
	@$(BIN)/prisma validate

schema-format: setup ## format the Prisma schema
	@$(BIN)/prisma format

studio: setup ## look at the rows in a browser
	@$(BIN)/prisma studio --hostname 127.0.0.1

bench: setup ## servers side by side, into docs/: make bench rounds=1 shows a short one
	@$(BIN)/python -m bench peers --save $(ROUNDS)

bench-quick: setup ## under two minutes: what moved since the figures in docs/
	@$(BIN)/python -m bench quick

bench-service: setup ## what the service's routes cost, against a bare read: docs/performance-service.md
	@$(BIN)/python -m bench service --save $(ROUNDS)

bench-growth: setup ## what grows with tables, members, connections: docs/performance-growth.md
	@$(BIN)/python -m bench growth --save $(ROUNDS)

bench-choices: setup ## what was chosen, against what it replaced: docs/performance-choices.md
	@$(BIN)/python -m bench choices --save $(ROUNDS)

bench-queries: setup ## what a query costs, against asyncpg by hand
	@cd engine && ../$(BIN)/python -m bench

lock: setup ## pin anew what pyproject.toml asks for
	@$(BIN)/python scripts/lock.py

clean: ## remove what set-up made; the database under .data/ stays
	@rm -rf .venv build dist .pytest_cache .ruff_cache typescript/node_modules
	@find . -name __pycache__ -type d -not -path './.data/*' -prune -exec rm -rf {} +
