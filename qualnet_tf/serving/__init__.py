"""An export -> answers over REST, in the form that TensorFlow Serving gives.

The room's law: a request is parsed, checked, batched, run and written here,
and a client cannot tell the difference from `tensorflow_model_server`: the
same paths, bodies, messages and status codes (tensorflow.org/tfx/serving/
api_rest). Exports are loaded as a server loads them, in a Session; nothing of
the code that trained them is needed.

`paths` and `predict_request` read a request, `picture_checks` refuses what
would not fit in memory, `batching` joins requests, `loaded_model` runs them,
`model_versions` swaps versions, `json_text` writes the answer, `monitoring`
counts, `application` ties them together and `running` starts and stops it.
"""
