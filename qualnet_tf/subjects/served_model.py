"""A model of TensorFlow Serving, asked over its REST interface.

The interface: tensorflow.org/tfx/serving/api_rest.
"""

import base64
import http.client
import json
import urllib.error
import urllib.request

import numpy as np

from qualnet_tf.subjects import input_shape, saved_model, signatures
from qualnet_tf.subjects.subject import Subject, SubjectOptions

_TIMEOUT_SECONDS = 60
_TYPES = {
    "DT_FLOAT": "float32",
    "DT_HALF": "float16",
    "DT_UINT8": "uint8",
    "DT_STRING": "string",
}


def open_served(address: str, options: SubjectOptions) -> Subject:
    """Asks a server what its model takes, and makes a subject of it.

    Args:
        address: Of the model, http://HOST:8501/v1/models/NAME, optionally
            with /versions/NUMBER; a final ":predict" is passed over.
        options: What it does not say of itself. Our exports say everything.

    Raises:
        ValueError: If nobody answers there, or the model is no classifier of
            one image, or does not say enough of itself.
    """
    address = address.rstrip("/").removesuffix(":predict")
    described = _request(f"{address}/metadata")
    chosen = signatures.choose(
        _signatures(described, address), options.output_name, address
    )

    def ask(image: np.ndarray) -> np.ndarray:
        inputs = {chosen.input: _to_json(image, chosen)}
        answer = _predict(address, chosen.signature, inputs, chosen.output)
        return np.array(answer, np.float32)

    known: tuple[str, ...] = ()
    if chosen.num_names:
        inputs = {signatures.NAMES_INPUT: list(range(chosen.num_names))}
        names = signatures.NAMES_SIGNATURE, inputs, signatures.NAMES_OUTPUT
        known = tuple(_predict(address, *names))
    return Subject(
        address=address,
        kind="TensorFlow Serving",
        image_size=saved_model.settled_size(chosen, options, address),
        pixel_range=saved_model.settled_range(chosen, options, address),
        class_names=input_shape.settled_names(
            known, options.class_names, address
        ),
        ask=ask,
        outputs=saved_model.settled_outputs(chosen, options),
    )


def _predict(address: str, signature: str, inputs: dict, output: str) -> list:
    """Returns an output of a signature, one entry for each input."""
    body = {"signature_name": signature, "inputs": inputs}
    answer = _request(f"{address}:predict", body).get("outputs")
    # A single output comes without its name.
    if isinstance(answer, dict):
        answer = answer.get(output)
    if not isinstance(answer, list):
        raise ValueError(
            f"{address}: expected output {output}, received "
            f"{str(answer)[:80]}; name the output with --output_name"
        )
    return answer


def _to_json(image: np.ndarray, chosen: signatures.Choice) -> list:
    values = saved_model.to_input(image, chosen).numpy()
    if chosen.takes_files:
        return [{"b64": base64.b64encode(each).decode()} for each in values]
    return values.tolist()


def _signatures(
    described: dict, address: str
) -> dict[str, signatures.Signature]:
    try:
        found = described["metadata"]["signature_def"]["signature_def"]
        return {
            name: signatures.Signature(
                _tensors(each["inputs"]), _tensors(each["outputs"])
            )
            for name, each in found.items()
            if "inputs" in each and "outputs" in each
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{address}/metadata: expected the description that TensorFlow "
            f"Serving gives of a model, received {str(described)[:80]}; "
            "correct --model"
        ) from error


def _tensors(described: dict) -> dict[str, signatures.Tensor]:
    return {
        name: signatures.Tensor(
            _TYPES.get(each["dtype"], each["dtype"]),
            tuple(
                int(size["size"])
                for size in each["tensor_shape"].get("dim", [])
            ),
        )
        for name, each in described.items()
    }


def _request(address: str, body: dict | None = None) -> dict:
    """Returns the JSON object that a server answers with.

    Raises:
        ValueError: If it does not answer, refuses, or says something else.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        address, data, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as reply:
            answer = json.loads(reply.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        raise ValueError(
            f"{address}: the server refuses ({error.code} "
            f"{' '.join(text.split())[:200]}); correct --model, or look into "
            "the server's log"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ValueError(
            f"{address}: expected an answer of TensorFlow Serving, received "
            f"none ({reason}); start the server or correct --model, and start "
            "again: finished conditions are kept"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{address}: expected JSON, received something else; correct "
            "--model"
        ) from error
    if not isinstance(answer, dict):
        raise ValueError(
            f"{address}: expected a JSON object, received "
            f"{str(answer)[:80]}; correct --model"
        )
    return answer
