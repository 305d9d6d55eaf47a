"""A trained model meets test conditions; what came out is kept in `results`."""
