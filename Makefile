# make book · make test · make lab · make serve: each target makes what it needs first.
PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/.segviz-ready
BUILT  := _build/html/.built

# Another file tries other versions: make test REQUIREMENTS=newest.txt
REQUIREMENTS ?= requirements.txt

SOURCES := _config.yml _toc.yml index.md requirements.txt \
	$(shell find book chapters segviz -type f -not -path '*/.*' -not -path '*/__pycache__/*' 2>/dev/null)

# JupyterLab saves the state of widgets, so that a notebook which is opened again shows its figures alive.
SAVE_FIGURES := {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": true}}

.DEFAULT_GOAL := book
.PHONY: book test lab serve check engine weights benchmarks peers elsewhere twice address environment clean

book: $(BUILT)
	@echo "The book: _build/html/index.html"

# A test that waits for ever, as for a frame of a hidden tab, ends with its name after five minutes.
test: $(BUILT)
	@$(BIN)/python tests/browser/chromium.py --install
	@OMP_NUM_THREADS=1 SEGVIZ_NEEDS_BROWSER=1 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal \
		-o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

lab: $(READY)
	@$(BIN)/jupyter lab chapters

serve: $(BUILT)
	@echo "http://127.0.0.1:8000 (Ctrl-C ends it)"
	@$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/nbstripout --keep-id --verify chapters/*.ipynb
	$(BIN)/python -m pytest tests/test_repository.py tests/test_github.py

# The kernels that compute networks in the page, compiled again from their C; the compiler is a Python package.
engine: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .venv-engine ziglang==0.17.1
	@PYTHONPATH=.venv-engine $(BIN)/python -m segviz.widgets.engine.kernels

# Hours on a CPU, minutes on a GPU. Interrupt it at will: what was begun waits in runs/weights and is carried on.
weights: $(READY)
	$(BIN)/python -m segviz.shipped.recipes
	$(BIN)/python -m segviz.shipped.leaderboard
	$(BIN)/python -m segviz.widgets.arena.streets
	$(BIN)/python -m segviz.shipped.seeds

# The book's figures; make benchmarks SECTIONS="models scenes". How to read them: benchmarks/README.md
benchmarks: $(BUILT)
	@$(BIN)/python -m benchmarks $(SECTIONS)

# What the benchmarks set beside ours, in a folder that nothing else looks at.
peers: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .venv-peers -r benchmarks/peers.txt
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix .venv-peers onnxruntime-web@1.30.0 || \
		echo "(no npm: onnxruntime-web is left out)"

# What other frameworks make of the same layers, in pinned environments of their own: a quarter of an hour, 4 GB.
elsewhere: $(READY)
	@$(BIN)/python -m benchmarks.elsewhere $(ONLY)

# Two builds from nothing give the same numbers and pictures.
twice: $(READY)
	@$(BIN)/python book/fresh.py

# make address URL=https://github.com/you/segviz
address: $(READY)
	@$(BIN)/python book/address.py "$(URL)"

environment: $(READY)

clean:
	rm -rf _build

$(READY): $(REQUIREMENTS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "segviz needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || { echo "Making the environment in .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages of $(REQUIREMENTS) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mkdir -p .venv/share/jupyter/lab/settings && echo '$(SAVE_FIGURES)' > .venv/share/jupyter/lab/settings/overrides.json
	@touch $@

# --all: a page that is not rebuilt would keep its warnings, and its neighbors' old titles, to itself.
$(BUILT): $(READY) $(SOURCES)
	@$(BIN)/python book/execute.py
	@echo "Building the pages"
	@rm -rf _build/html
	@SEGVIZ_BOOK=1 $(BIN)/jupyter-book build . --all -W --keep-going -q
	@touch $@
