# `make` lists the commands. Everything runs in .venv, which `make setup` builds.
.DEFAULT_GOAL := help
.PHONY: help setup run dev test test-quick test-domain test-full test-versions test-fresh test-image soak lint format typecheck generate types migrate deploy \
        push validate schema-format studio bench bench-quick bench-service bench-growth bench-choices \
        bench-queries lock clean

# Use the first Python 3.11 to 3.13 that starts; `make PYTHON=...` chooses another.
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

setup: ## install the pinned packages and generate the client (quick if nothing changed)
	@test -n "$(PYTHON)" || { echo "Tenantry needs Python 3.11, 3.12 or 3.13; none was found on PATH." >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

run: setup ## set up, migrate and serve on http://127.0.0.1:8000
	@$(BIN)/tenantry serve --migrate

dev: setup ## like run, but restart when the code changes
	@$(BIN)/tenantry serve --migrate --reload

test: setup ## set up and run all tests (on their own database server)
	@$(BIN)/pytest
	@cd engine && ../$(BIN)/pytest

test-quick: setup ## run only the quick tests: about 80 s of CPU
	@$(BIN)/python scripts/quick_tests.py

test-domain: setup ## run what tests a domain: make test-domain name=notes
	@test -n "$$name" || { echo "Name it: make test-domain name=notes" >&2; exit 1; }
	@$(BIN)/pytest -q tests/$$name tests/test_declarations.py tests/test_queries_of_routes.py \
		tests/test_roles_of_routes.py tests/test_policies.py tests/test_isolation.py \
		tests/test_plans_of_queries.py tests/test_types.py

test-full: setup ## like test, with the long forms of the long tests
	@$(BIN)/pytest --full
	@cd engine && ../$(BIN)/pytest --full

test-versions: ## test the engine with its oldest and newest packages: make test-versions short=1
	@$(PYTHON) scripts/test_versions.py $(if $(short),--short) $(ends)

test-image: setup ## build the Dockerfile without Docker, and try the images (root on Debian)
	@$(BIN)/python scripts/image.py

soak: setup ## run a client under injected faults for ten minutes: make soak minutes=30
	@cd engine && ../$(BIN)/pytest tests/soak -s --minutes "$(or $(minutes),10)"

test-fresh: ## follow the README on a fresh clone of the committed tree
	@$(PYTHON) scripts/fresh.py

lint: setup ## run ruff, and pyright in strict mode
	@$(BIN)/python -m bench client
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

format: setup ## format and fix with ruff
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

typecheck: setup ## run only pyright
	@$(BIN)/python -m bench client
	@$(BIN)/pyright

generate: setup ## generate the Prisma client
	@$(BIN)/prisma generate

types: setup ## write the API's TypeScript types: typescript/api.ts
	@$(BIN)/python scripts/typescript.py

migrate: setup ## create and apply a migration: make migrate name=add_something
	@test -n "$$name" || { echo "Name it: make migrate name=add_something" >&2; exit 1; }
	@$(BIN)/prisma migrate dev --skip-generate --name "$$name"

deploy: setup ## apply the migrations, then prepare the service's database role
	@$(BIN)/tenantry db url >/dev/null
	@$(BIN)/prisma migrate deploy
	@$(BIN)/tenantry db prepare

push: setup ## change the database to match the schema, without a migration
	@$(BIN)/prisma db push --skip-generate

validate: setup ## check the Prisma schema
	@$(BIN)/prisma validate

schema-format: setup ## format the Prisma schema
	@$(BIN)/prisma format

studio: setup ## browse the rows (Prisma Studio)
	@$(BIN)/prisma studio --hostname 127.0.0.1

bench: setup ## compare servers, write docs/: make bench rounds=1 only shows a short run
	@$(BIN)/python -m bench peers --save $(ROUNDS)

bench-quick: setup ## compare with the figures in docs/, in under two minutes
	@$(BIN)/python -m bench quick

bench-service: setup ## measure the service's routes against a bare read: docs/performance-service.md
	@$(BIN)/python -m bench service --save $(ROUNDS)

bench-growth: setup ## measure growth by tables, members, connections: docs/performance-growth.md
	@$(BIN)/python -m bench growth --save $(ROUNDS)

bench-choices: setup ## measure choices against their alternatives: docs/performance-choices.md
	@$(BIN)/python -m bench choices --save $(ROUNDS)

bench-queries: setup ## measure queries against asyncpg by hand
	@cd engine && ../$(BIN)/python -m bench

lock: setup ## update requirements.lock from pyproject.toml
	@$(BIN)/python scripts/lock.py

clean: ## remove what set-up created; the database under .data/ stays
	@rm -rf .venv .versions build dist .pytest_cache .ruff_cache typescript/node_modules tests/auth/express/node_modules
	@find . -name __pycache__ -type d -not -path './.data/*' -prune -exec rm -rf {} +
