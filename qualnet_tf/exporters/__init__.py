"""A trained classifier -> files that need no qualnet_tf to run.

The room's law: what is written here is served, loaded and run by programs that
have never heard of this package. `signature` says what goes in and comes out,
`saved_model` writes it, `versions` names its folders and `prediction` reads it
back the way a stranger would, with TensorFlow alone.
"""
