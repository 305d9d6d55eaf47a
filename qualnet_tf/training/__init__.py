"""The loop around a method: build, fit, keep, resume."""
