"""Classifiers to measure, whoever made them: stored files and servers.

Every one becomes the same thing: images in, logits out (`Subject`).
"""
