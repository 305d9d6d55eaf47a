"""absl flags made from a configuration class, and the frame of every program.

A program is `run_program(SomeConfig, main)`: flags are parsed, checked and
turned into one configuration before `main` runs, so `--help` and
`--only_check_args` answer without TensorFlow.
"""

import dataclasses
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from absl import app, flags, logging

from qualnet_tf import backbones, corruptions, invertible, methods
from qualnet_tf.datasets import augmentation_names
from qualnet_tf.knobs import Config, expand

# The flags belong to the program that is run, so that --help shows them.
flags.disclaim_key_flags()

_NAMES: dict[str, Callable[[], tuple[str, ...]]] = {
    "augmentations": augmentation_names,
    "corruptions": corruptions.names,
    "decoders": invertible.names,
    "methods": methods.names,
    "networks": lambda: backbones.names() + invertible.names(),
}


def run_program(
    config_class: type[Config],
    main: Callable[[Any], None],
    uses_tensorflow: bool = True,
    positional: tuple[str, ...] = (),
) -> None:
    """Parses flags into `config_class`, calls `main(config)` and exits.

    Exit codes: 0 when `main` returns, 1 with one line on standard error for
    what a user can mend, 130 when interrupted. `--traceback` shows where an
    error came from.

    Args:
        config_class: Its knobs are the flags.
        main: What the program does.
        uses_tensorflow: Whether it is imported, quietly, before `main`.
        positional: Knobs that may be given without a flag, in this order.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    define_flags(config_class)
    flags.DEFINE_boolean(
        "traceback", False, "show the traceback of an error as well"
    )
    configs: list[Config] = []

    def parse(argv: Sequence[str]) -> list[str]:
        if {"--help", "-help", "-h", "--helpshort"} & set(argv[1:]):
            _print_help(config_class)
        configs.append(_parse(config_class, argv, positional))
        return [argv[0]]

    def guarded_main(_: Sequence[str]) -> None:
        if not flags.FLAGS["verbosity"].present:
            logging.set_verbosity(logging.WARNING)
        try:
            if uses_tensorflow:
                _import_tensorflow_quietly()
            main(configs[0])
        except KeyboardInterrupt:
            print("interrupted: start again to continue", file=sys.stderr)
            sys.exit(130)
        except Exception as error:
            if flags.FLAGS.traceback or not _is_users(error):
                raise
            _fail(_one_line(error))

    app.run(guarded_main, flags_parser=parse)


def _import_tensorflow_quietly() -> None:
    """Imports TensorFlow without its notes about the processor and CUDA.

    They are written by C++ before any log level counts, and read like errors
    where there is no GPU. When the import fails they are shown.
    """
    with tempfile.TemporaryFile() as notes:
        standard_error = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            tensorflow = importlib.import_module("tensorflow")
            tensorflow.config.list_physical_devices()
        except Exception:
            notes.seek(0)
            os.write(standard_error, notes.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)


def define_flags(config_class: type[Config]) -> None:
    """Defines one absl flag per knob of `config_class`."""
    for field in dataclasses.fields(config_class):
        text = field.metadata["help"]
        room = field.metadata["names"]
        if room is not None:
            text += f" ({', '.join(_NAMES[room]())})"
        elif field.metadata["choices"] is not None:
            text += f" ({', '.join(field.metadata['choices'])})"
        default = field.default
        if isinstance(default, bool):
            flags.DEFINE_boolean(field.name, default, text)
        elif isinstance(default, int):
            flags.DEFINE_integer(field.name, default, text)
        elif isinstance(default, float):
            flags.DEFINE_float(field.name, default, text)
        elif isinstance(default, tuple):
            flags.DEFINE_list(field.name, [str(x) for x in default], text)
        else:
            flags.DEFINE_string(field.name, default, text)


def config_from_flags(config_class: type[Config]) -> Config:
    """Builds the configuration from parsed flags.

    Raises:
        ValueError: If a value is illegal, or values contradict each other.
    """
    values = {}
    for field in dataclasses.fields(config_class):
        value = flags.FLAGS[field.name].value
        if isinstance(field.default, tuple):
            value = _parse_tuple(field, value)
        if field.metadata["path"]:
            value = (
                tuple(expand(item) for item in value)
                if isinstance(value, tuple)
                else expand(value)
            )
        if field.metadata["names"] is not None:
            value = _check_names(field, value)
        values[field.name] = value
    return config_class(**values)


def to_flagfile(config: Config) -> str:
    """Returns the configuration as a flagfile that reproduces it."""
    lines = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, tuple):
            value = ",".join(str(item) for item in value)
        elif isinstance(value, bool):
            value = str(value).lower()
        lines.append(f"--{field.name}={value}")
    return "\n".join(lines) + "\n"


def _parse(
    config_class: type[Config],
    argv: Sequence[str],
    positional: tuple[str, ...] = (),
) -> Config:
    try:
        _, *rest = flags.FLAGS(list(argv))
        for name, value in zip(positional, rest, strict=False):
            if flags.FLAGS[name].present:
                raise ValueError(
                    f"unexpected argument {value!r}: expected {name} once, "
                    f"received --{name} as well; leave one out"
                )
            flags.FLAGS[name].value = value
        rest = rest[len(positional) :]
        if rest:
            raise ValueError(
                f"unexpected argument {rest[0]!r}: expected only "
                f"{''.join(f'{name.upper()} ' for name in positional)}"
                "--flag=value; in a flagfile each line starts with -- or #"
            )
        return config_from_flags(config_class)
    except flags.UnrecognizedFlagError as error:
        _fail(f"{_one_line(error)}; --help lists the flags")
    except (flags.Error, ValueError, OSError) as error:
        _fail(_one_line(error))


def _print_help(config_class: type[Config]) -> None:
    text = (
        f"{sys.modules['__main__'].__doc__ or config_class.__doc__}\n"
        f"{flags.FLAGS.main_module_help()}\n\n"
        "  --flagfile: read flags from a file; later flags win\n"
        "  --only_check_args: check the flags and stop\n"
    )
    try:
        print(text, flush=True)
    except BrokenPipeError:  # a pager was closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def _parse_tuple(field: dataclasses.Field, items: Sequence[str]) -> tuple:
    """Turns a comma-separated flag into the tuple its knob declares."""
    if "int" not in str(field.type):
        return tuple(items)
    try:
        return tuple(int(item) for item in items)
    except ValueError:
        raise ValueError(
            f"--{field.name}={','.join(items)}: expected whole numbers "
            "separated by commas"
        ) from None


def _check_names(field: dataclasses.Field, value: Any) -> Any:
    """Checks names against their room and expands corruption groups."""
    if isinstance(value, tuple):
        try:
            return corruptions.expand(value)
        except ValueError as error:
            raise ValueError(f"--{field.name}: {error}") from None
    legal = _NAMES[field.metadata["names"]]()
    if value not in legal:
        raise ValueError(
            f"--{field.name}={value}: expected one of {', '.join(legal)}"
        )
    return value


def _is_users(error: Exception) -> bool:
    """Whether an error speaks of the user's input, files or numbers.

    TensorFlow's op errors are recognised by module: importing it here would
    slow `--help` down.
    """
    return isinstance(error, ValueError | OSError | FloatingPointError) or (
        type(error).__module__.startswith("tensorflow.python.framework.errors")
    )


def _one_line(error: Exception) -> str:
    """Returns the message without line breaks and graph node names."""
    if isinstance(error, OSError) and error.strerror:
        names = [str(n) for n in (error.filename, error.filename2) if n]
        return ": ".join([*names, error.strerror])
    text = getattr(error, "message", None) or str(error)
    text = re.sub(r"\{\{.*?\}\}|\[\[.*?\]\]|\[Op:.*?\]", "", text)
    if "assertion failed:" in text:
        # A check in the graph prints its parts as [text] [number] [text].
        text = " ".join(re.findall(r"\[(.*?)\]", text))
    return " ".join(text.split())


def _fail(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)
