# Grad School. Each target sets up what it needs and may be run again at any time.
PYTHON ?= python3
BIN := .venv/bin
# Where a class lives: submissions, gradebook, feedback. `make formgrader WORK=build/demo` shows the demo's class.
WORK ?= build
PORT ?= 8888
ROOT_FLAG := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)
SETUP := .venv/.installed
# The tested versions for the Python of .venv; a Python without such a file gets what fits constraints.txt.
CONSTRAINTS = $$($(BIN)/python -c 'import os, sys; \
  f = "constraints/py%d%d.txt" % sys.version_info[:2]; print(f if os.path.exists(f) else "constraints.txt")')
INSTALL = { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing $(1) ..." && \
	  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null 2>&1; }
# On all cores, where pip takes one; without the packages' own tests. A few files are for other Pythons and do not compile.
COMPILE = $(BIN)/python -m compileall -q -j 0 -x '/tests?/|torch/testing/_internal/' .venv/lib >/dev/null 2>&1 || true
# Compiled once, not anew in each of the hundreds of processes that a class or the tests start.
unexport PYTHONDONTWRITEBYTECODE

MATRIX ?= python3.11 python3.12 python3.13

.PHONY: help setup demo test test-fast lint build audit audit-deep bench figures bench-examiner corpus redteam redteam-container mutate site lite test-versions versions matrix dist lab desk formgrader \
	bubblewrap walls browser database proxy programs clean constraints

help:
	@echo "make demo        the whole job on a made-up class"
	@echo "make test        every test: quick, kernels, sandbox, classes, cluster, databases, browser, attacks; says its time"
	@echo "make test-fast   the tests not marked slow: no kernel, no server, no browser; says its time"
	@echo "make lab         open the lessons in JupyterLab"
	@echo "make desk        open the marking desk on the class in WORK ($(WORK));  make formgrader  nbgrader's own pages on it"
	@echo "make build       sources -> release and gradebook;  make audit  try every known mistake on the grader"
	@echo "make audit-deep  thousands of mutants of every solution through judge and check, and every sentence tested"
	@echo "make redteam     every attack of the public suite, on the grader;  make redteam-container  without namespaces"
	@echo "make bench       measure speed beside other libraries and graders;  make lint  format, types, imports, spelling"
	@echo "make figures     measure all that the charts show (an hour), keep it in bench/results, draw README's chart"
	@echo "make bench-examiner  the examiner beside the field's suites of faulty agents, with right code beside each"
	@echo "make corpus      examine the public updates whose checkouts lie in CORPUS (build/corpus): right code accused, faults named"
	@echo "make site        the course and its documentation as static pages, in build/site"
	@echo "make lite        the lessons as a site in which Python runs in the browser, in build/lite/site"
	@echo "make mutate      break the judge and the diagnosis on purpose, and see whether their tests notice"
	@echo "make test-versions  every chapter on the oldest and the newest versions of its packages"
	@echo "make matrix      every chapter on Python 3.11, 3.12 and 3.13 with the versions of constraints/;  make dist  wheel and sdist"

setup: $(SETUP)

$(SETUP): pyproject.toml constraints.txt $(wildcard constraints/py*.txt)
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; install Python 3.11 or newer, or say PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed, $(PYTHON) is older"; exit 1; }
	@echo "Setting up .venv (about a minute the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "make: no venv; on Debian install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c $(CONSTRAINTS) \
	  -e '.[grader,cluster,lms,postgres,site,hub,test]'
	@$(COMPILE)
	@$(BIN)/jupyter labextension disable "@jupyterlab/apputils-extension:announcements" >/dev/null 2>&1 || true
	@touch $@

demo: setup bubblewrap
	@GRADSCHOOL_WORK_DIR=build $(BIN)/python -m grader demo

build: setup
	@GRADSCHOOL_WORK_DIR=$(WORK) $(BIN)/python -m grader build

audit: setup
	@$(BIN)/python -m grader audit

audit-deep: setup
	@$(BIN)/python -m grader audit --deep --json

# Debian's packages, where there is the right to install them. Grading itself says what to do where bubblewrap is missing.
bubblewrap:
	@command -v bwrap >/dev/null || $(call INSTALL,bubblewrap) || \
	  echo "make: no bubblewrap here and no right to install it: grading will refuse (Debian: apt-get install bubblewrap)"

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  $(call INSTALL,chromium) || \
	  echo "make: no Chromium here and no right to install it: the browser tests will be skipped (Debian: apt-get install chromium)"

# All of them, one after the other; `make test` installs Python's packages meanwhile.
programs:
	@for program in bubblewrap browser database proxy; do $(MAKE) --no-print-directory $$program; done

# npm's proxy for JupyterHub, in .venv: `configurable-http-proxy`, which one test starts with a hub.
PROXY := configurable-http-proxy@5.3.0
proxy:
	@test -x $(BIN)/configurable-http-proxy || { \
	  { command -v npm >/dev/null || $(call INSTALL,npm); } && echo "Installing $(PROXY) ..." && \
	  npm install --silent --no-audit --no-fund --global --prefix .venv $(PROXY) >/dev/null; } || \
	  echo "make: npm is missing or failed, so JupyterHub's proxy is missing: the hub's test will be skipped (Debian: apt-get install npm)"

# PostgreSQL's programs alone: the tests start a server of their own, so Debian's package is told not to.
database:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && mkdir -p /etc/postgresql-common && \
	  { [ -e /etc/postgresql-common/createcluster.conf ] || \
	    echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf; } && \
	  $(call INSTALL,postgresql); } || \
	  echo "make: no PostgreSQL here and no right to install it: its tests will be skipped (Debian: apt-get install postgresql)"

# Three processes on two cores: many tests wait for a kernel or a browser. They share the tests file by file; the longest begin.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Every test there is: quick ones; real kernels, sandbox, fork server; whole classes, killed runs, Dask, PostgreSQL;
# JupyterLab, the formgrader and the site in Chromium; the red team's attacks.
test:
	@$(MAKE) --no-print-directory -j2 setup programs
	@start=$$(date +%s); $(PYTEST); code=$$?; echo "make test took $$(( $$(date +%s) - start )) s"; exit $$code

# The tests that are not marked slow: no kernel, no server, no browser.
test-fast: setup
	@start=$$(date +%s); $(PYTEST) -m "not slow"; code=$$?; \
	  echo "make test-fast took $$(( $$(date +%s) - start )) s"; exit $$code

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/codespell && \
	  $(BIN)/codespell -D docs/banned-words.txt -S docs/terms.md solutions docs/*.md docs/decisions README.md CONTRIBUTING.md SECURITY.md

# The versions of constraints/, decided anew for every Python, here or not.
constraints: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[constraints]'
	@$(BIN)/python constraints/compile.py

redteam: setup bubblewrap browser
	@$(BIN)/python -m grader redteam

# The same attacks where there are no namespaces, as on Gradescope (root only): with Landlock, and with none.
redteam-container: setup bubblewrap
	@for landlock in --landlock --no-landlock; do $(BIN)/python -m grader redteam --container $$landlock || exit 1; done

site: setup bubblewrap
	@GRADSCHOOL_WORK_DIR=$(WORK) $(BIN)/python -m grader site

# Python in the browser. OFFLINE=1 carries Pyodide along; REPOSITORY=owner/name links the rest to Colab.
lite: setup
	@GRADSCHOOL_WORK_DIR=$(WORK) $(BIN)/python -m grader lite $(if $(OFFLINE),--offline) $(if $(REPOSITORY),--repository $(REPOSITORY)) \
	  $(if $(PYODIDE),--pyodide $(PYODIDE))

test-versions: setup
	@$(BIN)/python bench/versions.py

matrix: setup
	@$(BIN)/python bench/matrix.py $(MATRIX)

# docs/releasing.md: wheel and sdist in build/dist, as a package index would take them. Nothing is uploaded.
dist: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dist]'
	@rm -rf build/dist && $(BIN)/python -m build --outdir build/dist . >build/dist.log 2>&1 || { tail -20 build/dist.log; exit 1; }
	@$(BIN)/python -m twine check --strict build/dist/*

mutate: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[mutate]'
	@$(BIN)/mutmut run && $(BIN)/mutmut results

bench: setup bubblewrap
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[bench]'
	@for file in bench/bench_*.py bench/simulate_cluster.py; do $(BIN)/python $$file || exit 1; done

figures: setup bubblewrap browser
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[bench]'
	@$(BIN)/python -m bench.figures

# Checkouts named <owner>+<name>; what is missing is left out and said to be. Nothing of others is kept in this repository.
CORPUS ?= build/corpus
bench-examiner: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[bench]'
	@$(BIN)/python -m bench.examiner

corpus: setup bubblewrap
	@$(BIN)/python -m bench.corpus --folder $(CORPUS) --json build/corpus.json

# As a student sees it: chapter 1 open, without nbgrader's pages for instructors.
lab: setup
	@JUPYTER_CONFIG_PATH=$(CURDIR)/grader/publish/student_lab $(BIN)/jupyter lab $(ROOT_FLAG) --notebook-dir=course --port=$(PORT) \
	  --LabApp.default_url=/lab/tree/01-loss-as-chain-rule/loss_as_chain_rule.ipynb

desk: setup
	@GRADSCHOOL_WORK_DIR=$(WORK) $(BIN)/python -m grader desk

formgrader: setup bubblewrap
	@GRADSCHOOL_WORK_DIR=$(WORK) $(BIN)/python -m grader build
	@cd grader && GRADSCHOOL_WORK_DIR=$(abspath $(WORK)) ../$(BIN)/jupyter lab $(ROOT_FLAG) --notebook-dir=.. --port=$(PORT) \
	  --LabApp.default_url=/formgrader/manage_assignments

# Old names, for one more version.
walls: bubblewrap
versions: test-versions

clean:
	rm -rf build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
