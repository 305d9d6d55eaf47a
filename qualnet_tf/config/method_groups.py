"""Which methods need a stage-1 run, for its inverse or as it is."""

DECODER_METHODS = ("qualnet",)
QUALITY_METHODS = (*DECODER_METHODS, "encoder_decoder")
TEACHER_METHODS = ("kd", "fitnet", "pkt", "vid", "sp")
CORRECTED_METHODS = ("deepcorrect",)
# Those that one classification term can take a margin in.
MARGIN_METHODS = ("supervised", *QUALITY_METHODS)
STAGE1_METHODS = (*DECODER_METHODS, *TEACHER_METHODS, *CORRECTED_METHODS)

# Knobs that only some methods use.
USERS = {
    "margin_loss": MARGIN_METHODS,
    "quality_weight": QUALITY_METHODS,
    "decoder_fraction": QUALITY_METHODS,
    "decoder_network": ("encoder_decoder",),
    "decoder_downscale": DECODER_METHODS,
    "distillation_weight": TEACHER_METHODS,
    "temperature": ("kd",),
    "hint_norm": ("fitnet",),
    "consistency_weight": ("augmix",),
    "augmix_severity": ("augmix",),
    "augmix_width": ("augmix",),
    "augmix_depth": ("augmix",),
    "noise_deviation": ("ant",),
    "generator_rate": ("ant",),
    "auxiliary_weight": ("auxtraining",),
    "merging_epoch": ("auxtraining",),
    "correction_fraction": ("deepcorrect",),
    "correction_width": ("deepcorrect",),
    "correction_images": ("deepcorrect",),
}
