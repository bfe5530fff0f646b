# labkit's commands. Each makes .venv the first time; after that it starts within seconds, unless
# pyproject.toml or constraints.txt changed. Works with GNU make 3.81 (macOS) and a POSIX shell.
#
#   make lab ARGS="--no-browser"      ARGS go to the command behind the target
#   make lab PYTHON=/path/to/python   names the Python to make .venv with
#   make bench BENCHMARKS=benchmarks/imports.py
#   make wheelhouse FOR="3.12 3.13"   the Pythons of the hosts that the bundles are for
#   make gpu WHEELHOUSE=bundle.tar.xz GPU=optional

VENV    := .venv
BIN     := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
WORKERS := 2
ARGS    :=
PYTHON  :=
FOR     :=
WHEELHOUSE :=
GPU     := required
OUT     := reports
BENCHMARKS := $(filter-out benchmarks/measure.py,$(wildcard benchmarks/*.py))

# A .venv that was moved with its folder, or whose Python was upgraded away, has to be made again.
# pip's script says so: it holds the full path of its Python.
venv_works = $(BIN)/pip --version >/dev/null 2>&1

ifneq ($(wildcard $(VENV)/.has-*),)
$(shell $(venv_works) || rm -f $(VENV)/.has-*)
endif

.PHONY: help lab test run refresh bench gpu wheelhouse clean

help: ## list these commands
	@echo "labkit: make <command>"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

lab: $(VENV)/.has-lab ## open JupyterLab on the first lesson
	@$(BIN)/labkit lab $(ARGS)

test: $(VENV)/.has-test ## run every check: style, imports, units, doctests, notebooks, browser
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --nbval tests notebooks labkit \
	    -n $(WORKERS) --no-loadscope-reorder $(ARGS)

run: $(VENV)/.has-run ## execute all lessons and write the report
	@$(BIN)/labkit run $(ARGS)

refresh: $(VENV)/.has-run ## execute all lessons in place, so that their stored outputs are new
	@$(BIN)/labkit refresh $(ARGS)

bench: $(VENV)/.has-test ## measure what the README and the lessons claim
	@set -e; for script in $(BENCHMARKS); do \
	    echo "$$script"; $(BIN)/python "$$script" $(ARGS); done

gpu: $(VENV)/.has-gpu ## run the tests marked gpu, all lessons on CPU and GPU, and nbval on the GPU
	@$(check_on_gpu)

wheelhouse: ## bundle what `make gpu` needs on a host that has PyTorch and no network
	@$(make_venv)
	@$(BIN)/python .ci/wheelhouse.py build $(FOR)

clean: ## remove .venv, reports, bundles and caches
	rm -rf $(VENV) reports dist .pytest_cache .ruff_cache .import_linter_cache *.egg-info
	find labkit tests benchmarks -name __pycache__ -type d -exec rm -rf {} +

# The stamps. A stamp appears only after its installation went through to the end.
install = $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e

$(VENV)/.has-lab: pyproject.toml constraints.txt
	@$(make_venv)
	@echo "Installing labkit into $(VENV). The first time takes minutes: PyTorch is large."
	@$(install) .
	@touch $@

$(VENV)/.has-run: pyproject.toml constraints.txt
	@$(make_venv)
	@$(install) ".[run]"
	@touch $(VENV)/.has-lab $@

$(VENV)/.has-test: pyproject.toml constraints.txt
	@$(make_venv)
	@$(install) ".[test]"
	@touch $(VENV)/.has-lab $(VENV)/.has-run $(VENV)/.has-gpu $@

$(VENV)/.has-gpu: pyproject.toml constraints.txt
	@$(make_venv_beside_torch)
	@$(BIN)/python .ci/wheelhouse.py install $(if $(WHEELHOUSE),"$(WHEELHOUSE)")
	@touch $@

# All three are done even if one fails. The lessons go last, so that their summary ends the output.
define check_on_gpu
if torch=$$($(BIN)/python -c "import torch; print(torch.__version__); \
        raise SystemExit(not torch.cuda.is_available())"); then \
    devices="--device cpu --device cuda"; \
elif [ -n "$$torch" ] && [ "$(GPU)" = optional ]; then \
    devices="--device cpu"; echo "No GPU: PyTorch $$torch sees none here. All runs on the CPU."; \
elif [ -n "$$torch" ]; then \
    echo "make gpu: PyTorch $$torch sees no CUDA device on this machine." \
        "To run all of it on the CPU: make gpu GPU=optional" >&2; exit 1; \
else exit 1; fi; \
mkdir -p "$(OUT)"; failed=""; \
$(on_gpu) --continue-on-collection-errors -m gpu tests \
    --junit-xml="$(OUT)/junit-gpu-tests.xml" || failed="$$failed gpu-tests"; \
$(on_gpu) --nbval notebooks --nbval-kernel-name labkit -n $(WORKERS) --dist loadfile \
    --nbval-sanitize-with=tests/nbval_sanitize_gpu.cfg \
    --junit-xml="$(OUT)/junit-nbval.xml" || failed="$$failed nbval"; \
$(BIN)/labkit run $$devices --keep-going --out "$(OUT)" $(ARGS) || failed="$$failed lessons"; \
[ -z "$$failed" ] || { echo "make gpu: did not pass:$$failed" >&2; exit 1; }
endef

on_gpu = OMP_NUM_THREADS=1 $(BIN)/python -m pytest

# On a GPU host the PyTorch that is there is used, whichever it is: .venv is made to see it. A host's
# Python may be a virtual environment itself, which --system-site-packages looks past.
has_torch = -c "import sys; from importlib.util import find_spec as f; \
    sys.exit(sys.version_info < (3, 11) or not (f('torch') and f('torchvision')))" 2>/dev/null

define make_venv_beside_torch
$(venv_works) && $(BIN)/python $(has_torch) && exit 0; \
for python in $(if $(PYTHON),"$(PYTHON)",python3 python python3.13 python3.12 python3.11); do \
    "$$python" $(has_torch) || continue; \
    echo "$(VENV) uses the PyTorch of $$python."; \
    "$$python" -m venv --clear --system-site-packages $(VENV) || exit 1; \
    there=$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
    "$$python" -c "import sys; print(*(p for p in sys.path if p.endswith('-packages')), sep='\n')" \
        > "$$there/host.pth"; exit; \
done; \
$(make_venv)
endef

# Makes .venv with the first Python that is new enough, or says what is missing.
define make_venv
$(venv_works) && exit 0; \
found=""; lame=""; \
for python in "$(PYTHON)" python3.13 python3.12 python3.11 python3 python; do \
    "$$python" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || continue; \
    if "$$python" -c "import ensurepip, venv" 2>/dev/null; then found="$$python"; break; fi; \
    lame="$$lame $$python"; \
done; \
if [ -n "$$found" ]; then exec "$$found" -m venv --clear $(VENV); fi; \
if [ -n "$$lame" ]; then \
    echo "labkit:$$lame cannot make virtual environments (the module venv or ensurepip is missing)."; \
    echo "On Debian and Ubuntu: sudo apt install python3-venv. Then call make again."; \
else \
    echo "labkit needs Python 3.11 or newer, and none was found on the PATH."; \
    echo "Install one (https://www.python.org/downloads, apt, brew or conda), or name it:"; \
    echo "    make lab PYTHON=/path/to/python3.11"; \
fi >&2; exit 1
endef
