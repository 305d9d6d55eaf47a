"""Ways of learning: what a training step minimises."""

from qualnet_tf.registry import Registry

_METHODS = Registry(
    "method",
    {
        "supervised": "qualnet_tf.methods.supervised:Supervised",
        "qualnet": "qualnet_tf.methods.qualnet:QualNet",
        "encoder_decoder": "qualnet_tf.methods.encoder_decoder:EncoderDecoder",
        "kd": "qualnet_tf.methods.kd:KD",
        "fitnet": "qualnet_tf.methods.fitnet:FitNet",
        "pkt": "qualnet_tf.methods.pkt:PKT",
        "vid": "qualnet_tf.methods.vid:VID",
        "sp": "qualnet_tf.methods.sp:SP",
        "augmix": "qualnet_tf.methods.augmix:AugMix",
        "ant": "qualnet_tf.methods.ant:ANT",
        "deepcorrect": "qualnet_tf.methods.deepcorrect:DeepCorrect",
        "auxtraining": "qualnet_tf.methods.auxtraining:AuxTraining",
    },
)
names, get = _METHODS.names, _METHODS.get
