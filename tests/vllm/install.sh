#!/usr/bin/env bash
# Add vLLM for CPU, and what trains what it serves, in a virtual environment of their own:
# tests/vllm/install.sh [FOLDER], by default .venv-vllm. 3 GB; Linux on x86-64. Tests that need it are skipped without.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
venv=$(realpath -m "${1:-.venv-vllm}")
# The packages with their exact releases, closed: nothing else is resolved or added.
requirements=$root/tests/vllm/requirements.txt

if cmp -s "$requirements" "$venv/installed"; then
    exit 0
fi
rm -rf "$venv"
python3 -m venv "$venv"
# By pip, for the build without CUDA: where that is, its own configuration or PIP_EXTRA_INDEX_URL says. What is not
# there beside it (torchaudio, torchcodec, torchvision, triton) text needs none of, and would bring CUDA.
"$venv/bin/pip" install -q --no-deps uv "$(grep '^torch==' "$requirements")"
# From where no project is: the pins of this one are not for that environment.
(cd / && "$venv/bin/uv" pip install -q --no-deps --python "$venv/bin/python" -r <(grep -v '^torch==' "$requirements"))
"$venv/bin/python" -c "import torch, vllm"
cp "$requirements" "$venv/installed"
