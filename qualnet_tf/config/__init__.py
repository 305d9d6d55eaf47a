"""Every knob of every program, once: name, default, help and bounds.

A program's flags, its validation and a run's `config.json` are made from these
classes, one file per program, so a new knob is one line there. Nothing of ours
and no TensorFlow is imported: `--help` must answer at once.
"""

from qualnet_tf.config.align_faces import AlignFacesConfig
from qualnet_tf.config.conditions import SIX_SEVERITIES
from qualnet_tf.config.convert_faces import ConvertFacesConfig
from qualnet_tf.config.corrupt import CorruptConfig
from qualnet_tf.config.data_worker import DataWorkerConfig
from qualnet_tf.config.demo import DemoConfig
from qualnet_tf.config.evaluate import EvaluateConfig
from qualnet_tf.config.evaluate_faces import EvaluateFacesConfig
from qualnet_tf.config.export import ExportConfig
from qualnet_tf.config.inspect import InspectConfig
from qualnet_tf.config.method_groups import (
    CORRECTED_METHODS,
    DECODER_METHODS,
    QUALITY_METHODS,
    STAGE1_METHODS,
    TEACHER_METHODS,
)
from qualnet_tf.config.predict import PredictConfig
from qualnet_tf.config.report import ReportConfig
from qualnet_tf.config.serve import ServeConfig
from qualnet_tf.config.train import PRETRAINED_BACKBONES, TrainConfig

__all__ = [
    "AlignFacesConfig",
    "CORRECTED_METHODS",
    "ConvertFacesConfig",
    "CorruptConfig",
    "DECODER_METHODS",
    "DataWorkerConfig",
    "DemoConfig",
    "EvaluateConfig",
    "EvaluateFacesConfig",
    "ExportConfig",
    "InspectConfig",
    "PRETRAINED_BACKBONES",
    "PredictConfig",
    "QUALITY_METHODS",
    "ReportConfig",
    "SIX_SEVERITIES",
    "STAGE1_METHODS",
    "TEACHER_METHODS",
    "ServeConfig",
    "TrainConfig",
]
