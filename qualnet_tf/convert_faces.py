r"""Writes faces in another form, or lists of them to evaluate on.

python -m qualnet_tf.convert_faces --dataset=face_records \
  --data_dir=faces_webface_112x112 --output=tfrecords --name=webface
python -m qualnet_tf.convert_faces --data_dir=people --format=pairs \
  --output=pairs.csv
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import ConvertFacesConfig


def main(config: ConvertFacesConfig) -> None:
    """Writes what the flags ask for, and says where it is."""
    from qualnet_tf.datasets import face_conversion, face_files

    faces = face_files.list_faces(
        config.dataset, config.data_dir, config.class_list
    )
    if config.format in ("pairs", "roles"):
        _write_list(config, faces.by_person())
        return
    counts = face_conversion.convert(
        faces,
        config.output,
        config.format,
        name=config.name,
        skip_bad_files=config.skip_bad_files,
        seed=config.seed,
    )
    print(
        f"converted: {counts['faces']} faces of {counts['identities']} "
        f"identities, {counts['bad']} bad ones left out; {config.output}"
    )


def _write_list(config: ConvertFacesConfig, people: dict) -> None:
    import pathlib

    from qualnet_tf import run_dir
    from qualnet_tf.datasets import face_files, face_lists

    output = pathlib.Path(config.output)
    if output.exists():
        raise ValueError(
            f"{output}: expected a file that does not exist yet; nothing is "
            "overwritten, choose another --output"
        )
    if config.format == "pairs":
        rows = face_lists.list_pairs(
            people,
            num_folds=config.num_folds,
            pairs_per_fold=config.pairs_per_fold,
            seed=config.seed,
        )
        header = ("fold", "left", "right", "same")
    else:
        others = []
        if config.distractors:
            everyone = config.distractors == "others"
            found = face_files.list_faces(
                config.dataset,
                config.data_dir,
                "" if everyone else config.distractors,
            )
            others = [n for n in found.names if n.split("/")[0] not in people]
        rows = face_lists.list_roles(people, others, config.gallery_per_person)
        header = ("image", "identity", "role")
    run_dir.write_text(output, face_lists.to_csv(header, rows))
    print(f"listed: {len(rows)} {config.format} in {output}")


if __name__ == "__main__":
    experiment_flags.run_program(ConvertFacesConfig, main)
