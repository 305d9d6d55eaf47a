"""Image recognition that holds its accuracy on degraded pictures."""

__version__ = "0.1.0"
