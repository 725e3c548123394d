# make demo    a store of the example pages, and two questions put to it
# make quick   the tests that need no server, browser, network or process of their own: a minute
# make test    all tests; T gives pytest's arguments: make test T=tests/test_x.py, make test T="-k why"
# make check   format, lint, types, imports, generated docs    make hooks   check before each commit
# make coverage   which lines the quick tests reach
# make golden  writes what tests hold the output against anew
# make campaign   harm done at random, at length: KIND= SEED= COUNT=: docs/reliability.md
# make real REAL=FOLDER   what is read of your files, held against a plain count
# make cluster   a lake on a Spark cluster of this machine, one of whose executors is killed
# make dist    the wheel and the sources -> dist/, and a try of the wheel
# make docs    generate the generated docs again      make docs-site   docs/ as a site -> site/
# make bench   writes the figures of docs/performance.md; make bench-neo4j   those of the push to Neo4j
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Not --quiet, which also takes warnings for nothing. The variable quiets the theme's advice on its
# successor: docs/dependencies.md.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
DEMO_STORE ?= graphcache.lbug
# What each mark means: [tool.pytest.ini_options] in pyproject.toml.
QUICK := not (process or network or browser or neo4j or slow)
# All tests go to four workers, one for each server and one for Spark, which also keep two processors
# busy while some wait (three took three quarters of them); those that T names run as pytest is used
# to, with less to wait for. The longest come first: tests/neo4j_server/fixtures.py.
WORKERS := $(if $(T),,-n 4 --dist loadgroup --no-loadscope-reorder)
# Tests start Python hundreds of times: what it compiled is kept, also where a shell says not to.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick test golden coverage check campaign real cluster hooks dist docs docs-site bench bench-neo4j clean

demo: $(VENV)/installed
	$(BIN)/graphcache build examples/pages --store $(DEMO_STORE)
	@echo
	$(BIN)/graphcache stats --store $(DEMO_STORE)
	@echo
	@echo "What is built again and again in the same configuration?"
	$(BIN)/graphcache query redundant-builds --release develop --limit 10 --format table --store $(DEMO_STORE)
	@echo
	@echo "Which binaries of rocblas run on a zen4 machine with Ubuntu 22.04?"
	$(BIN)/graphcache query usable-specs --package rocblas --target zen4 --os ubuntu22.04 --format table --store $(DEMO_STORE)

quick: $(VENV)/installed-dev
	$(BIN)/python -m pytest --hypothesis-profile=quick -m "$(QUICK)" $(T)

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(WORKERS) $(T)

# After a change that is meant: then look at 'git diff tests/golden'.
golden: $(VENV)/installed-dev
	GOLDEN=write $(BIN)/python -m pytest -k golden tests

# REPORT=FILE adds the figures to a file, as a table in Markdown.
coverage: $(VENV)/installed-dev
	$(BIN)/python -m pytest --hypothesis-profile=quick -m "$(QUICK)" --cov --cov-report= $(T)
	$(BIN)/coverage report
ifdef REPORT
	$(BIN)/coverage report --format=markdown >> "$(REPORT)"
endif

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check --diff -I docs docs/*.md
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(MKDOCS) --site-dir $(VENV)/site

real: $(VENV)/installed-dev
	@$(BIN)/python tests/real.py "$(REAL)"

# SPARK_WORKERS=1 has one worker, where else are two.
cluster: $(VENV)/installed-dev
	@$(BIN)/python tests/cluster.py $(if $(SPARK_WORKERS),--workers $(SPARK_WORKERS))

campaign: $(VENV)/installed-dev
	@$(BIN)/python tests/campaign.py $(if $(KIND),--kind $(KIND)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(COUNT),--count $(COUNT))

hooks: $(VENV)/installed-dev
	$(BIN)/pre-commit install

# Tried in an environment that has only what the wheel asks for.
dist: $(VENV)/installed-dev
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(PYTHON) -m venv --clear $(VENV)/tried
	$(VENV)/tried/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	$(VENV)/tried/bin/graphcache build examples/pages --store $(VENV)/tried/graphcache.lbug
	$(VENV)/tried/bin/graphcache query redundant-builds --release develop --limit 3 --store $(VENV)/tried/graphcache.lbug
	$(VENV)/tried/bin/graphcache --version

docs: $(VENV)/installed-dev
	$(BIN)/cog -r -I docs docs/*.md
	$(BIN)/python docs/shown.py docs/*.md docs/*/*.md

docs-site: $(VENV)/installed-dev
	$(MKDOCS)
	@echo "Open site/index.html; for its search, $(BIN)/python -m http.server -b 127.0.0.1 -d site"

bench: $(VENV)/installed-dev $(VENV)/benched
	$(BIN)/python benchmarks/run.py $(BENCH)

bench-neo4j: $(VENV)/installed-dev $(VENV)/benched
	$(BIN)/python benchmarks/neo4j_bench.py $(BENCH)

# What graphcache is measured in besides: what it asks for alone, and its peers.
$(VENV)/benched: pyproject.toml constraints.txt benchmarks/peers.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/runtime
	$(VENV)/runtime/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[sbom]'
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --requirement benchmarks/peers.txt
	touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "graphcache needs Python 3.11 or later, and $(PYTHON) is older: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

clean:
	rm -rf $(VENV) build dist site *.lbug
