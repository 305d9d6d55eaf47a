"""A trained classifier -> files that need no qualnet_tf to run.

The room's law: what is written here is served, loaded and run by programs that
have never heard of this package. `signature` says what goes in and comes out,
with `decoding` and `orientation` before the network and `quality` beside it;
`saved_model`, `tflite` and `onnx` write the forms, `warm_up` a server's first
requests, `versions` names the folders, and `run_export` makes a version of a
run with all of them. `prediction` reads one back the way a stranger would,
with TensorFlow alone.
"""
