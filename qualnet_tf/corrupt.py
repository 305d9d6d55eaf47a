"""Writes a corrupted copy of a folder of class folders.

python -m qualnet_tf.corrupt --input_dir=pictures --output_dir=corrupted
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import CorruptConfig


def main(config: CorruptConfig) -> None:
    """Writes the files and the manifest that says how they were made."""
    import pathlib

    from qualnet_tf import corruptions
    from qualnet_tf import run_dir as run_files
    from qualnet_tf.datasets.corrupted_copy import corrupt_folder
    from qualnet_tf.training.run_info import describe_environment

    output_dir = pathlib.Path(config.output_dir)
    options = corruptions.Options(
        severity_table=config.severity_table,
        variant=config.corruption_variant,
        frost_textures=config.frost_textures,
    )
    counts = corrupt_folder(
        pathlib.Path(config.input_dir),
        output_dir,
        corruption_names=config.corruptions,
        severities=config.severities,
        options=options,
        image_size=config.image_size,
        file_format=config.format,
        seed=config.seed,
        skip_bad_files=config.skip_bad_files,
    )
    manifest = {
        "flags": experiment_flags.to_flagfile(config).splitlines(),
        "frost_textures": config.frost_textures,
        "counts": counts,
        **describe_environment(),
    }
    run_files.write_json(output_dir / "manifest.json", manifest)
    print(
        f"corrupted: {counts['written']} files written, {counts['kept']} were "
        f"there, {counts['bad']} pictures left out; {output_dir}"
    )


if __name__ == "__main__":
    experiment_flags.run_program(CorruptConfig, main)
