"""A real vLLM server on CPU for tests: `install.sh` adds it, the fixture `vllm` lends it, one for the whole run."""
