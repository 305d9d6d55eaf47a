"""Finished runs -> a page on which a picture is tried.

The room's law: `picture_file` reads what a visitor drops, `tried_runs` loads
the networks, `trial` corrupts the picture and asks them, `trial_html` writes
what came of it, and `page` is the only file that knows Gradio.
"""
