"""The guide's tables and promises, held against a workload."""
