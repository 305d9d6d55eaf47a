"""Names resolve on demand; unknown ones are answered with the legal ones."""

import pytest

from qualnet_tf.registry import Registry


def test_get_imports_the_named_attribute():
    registry = Registry("codec", {"json": "json:dumps", "other": "gone:x"})
    assert registry.get("json")([1]) == "[1]"


def test_names_keep_their_order_and_import_nothing():
    registry = Registry("codec", {"b": "gone:x", "a": "gone:y"})
    assert registry.names() == ("b", "a")


def test_unknown_name_lists_the_legal_ones():
    registry = Registry("codec", {"b": "gone:x", "a": "gone:y"})
    with pytest.raises(
        ValueError, match="unknown codec 'c': expected one of b, a"
    ):
        registry.get("c")
