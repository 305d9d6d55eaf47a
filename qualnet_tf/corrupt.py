"""Writes a corrupted copy of a folder or data set, or a preview of one picture.

python -m qualnet_tf.corrupt --input_dir=pictures --output_dir=corrupted
python -m qualnet_tf.corrupt --input_image=cat.jpg --preview=sheet.png
"""

from qualnet_tf import experiment_flags
from qualnet_tf.config import CorruptConfig


def main(config: CorruptConfig) -> None:
    """Writes what the flags ask for, and says where it is."""
    if config.preview:
        _write_preview(config)
    else:
        _write_copy(config)


def _write_copy(config: CorruptConfig) -> None:
    from qualnet_tf.datasets.copy_start import write_copy
    from qualnet_tf.training.run_info import describe_environment

    counts = write_copy(
        _pictures(config),
        config.output_dir,
        _settings(config),
        layout=config.layout,
        runner=config.runner,
        beam_options=config.beam_options,
        start={
            "flags": experiment_flags.to_flagfile(config).splitlines(),
            **describe_environment(),
        },
    )
    print(
        f"corrupted: {counts['written']} pictures written, {counts['kept']} "
        f"were there, {counts['bad']} bad files left out; {config.output_dir}"
    )


def _write_preview(config: CorruptConfig) -> None:
    """Writes the sheet as PNG, and as HTML beside it."""
    import pathlib

    from qualnet_tf import run_dir as run_files
    from qualnet_tf.datasets.corruption_preview import make_preview
    from qualnet_tf.reports import corruption_sheet

    settings, picture = _settings(config), _preview_picture(config)
    preview = make_preview(picture, settings)
    height, width = preview.clean.shape[:2]
    picture_name = f"{config.dataset} {picture.name}".strip()
    sheet = corruption_sheet.Sheet(
        title=f"Corruptions of {picture_name}",
        names=settings.corruption_names,
        severities=settings.severities,
        clean=preview.clean,
        corrupted=preview.corrupted,
        facts={
            "pixels": f"{height}x{width}",
            "severity table": preview.severity_table,
            "variant": config.corruption_variant,
            "frost textures": config.frost_textures,
            "seed": str(config.seed),
        },
    )
    path = pathlib.Path(config.preview)
    with run_files.atomic_file(path) as temporary:
        corruption_sheet.draw_sheet(sheet).save(temporary)
    page = path.with_suffix(".html")
    run_files.write_text(page, corruption_sheet.build_sheet_page(sheet))
    print(f"preview: {path} and {page}")


def _settings(config: CorruptConfig):
    """Returns what the pixels depend on."""
    from qualnet_tf import corruptions
    from qualnet_tf.datasets.picture_corrupter import CopySettings

    return CopySettings(
        corruption_names=config.corruptions,
        severities=config.severities,
        options=corruptions.Options(
            severity_table=config.severity_table,
            variant=config.corruption_variant,
            frost_textures=config.frost_textures,
        ),
        image_size=config.image_size,
        file_format=config.format,
        seed=config.seed,
    )


def _pictures(config: CorruptConfig):
    """Returns the set to copy, every file of a folder checked."""
    import pathlib

    from qualnet_tf.datasets import copied_pictures

    if config.dataset:
        return _named_set(config, config.max_images)
    copied_pictures.check_apart(config.input_dir, config.output_dir)
    return copied_pictures.list_pictures(
        pathlib.Path(config.input_dir),
        min_side=1 if config.image_size else copied_pictures.MIN_SIDE,
        max_images=config.max_images,
        skip_bad_files=config.skip_bad_files,
    )


def _preview_picture(config: CorruptConfig):
    """Returns the named picture, or the first of the input."""
    import pathlib

    from qualnet_tf.datasets import corruption_preview

    if config.input_image:
        return corruption_preview.open_picture(
            config.input_image, config.image_size
        )
    if config.dataset:
        return next(iter(_named_set(config, max_images=1)))
    return corruption_preview.first_picture(
        pathlib.Path(config.input_dir), config.image_size
    )


def _named_set(config: CorruptConfig, max_images: int):
    from qualnet_tf.datasets.copied_pictures import SetPictures

    return SetPictures(
        config.dataset, config.split, config.data_dir, max_images
    )


if __name__ == "__main__":
    experiment_flags.run_program(CorruptConfig, main)
