"""A fingerprint changes with the model and with nothing else."""

from qualnet_tf.subjects.fingerprint import fingerprint


def test_a_file_counts_by_its_content(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"weights")
    second.write_bytes(b"weights")
    assert fingerprint(first) == fingerprint(second)
    second.write_bytes(b"weightz")
    assert fingerprint(first) != fingerprint(second)


def test_a_folder_counts_by_names_and_contents(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "data").write_bytes(b"1")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    (tmp_path / "variables" / "data").write_bytes(b"2")
    changed = fingerprint(tmp_path)
    (tmp_path / "variables" / "data").rename(tmp_path / "data")
    assert len({before, changed, fingerprint(tmp_path)}) == 3


def test_an_address_counts_by_its_text():
    assert fingerprint("http://a/v1/models/x") != fingerprint(
        "http://a/v1/models/y"
    )
