"""The engine under every run: claims, leases, fences, guarded children, the worker and the reaper."""
