"""A run cut into parts that Keras can count: whole epochs, or pieces of one."""


def epoch_spans(
    step: int, total: int, steps_per_epoch: int
) -> list[tuple[int, int, int]]:
    """Cuts what is left of a run into parts with epochs of one length.

    A run that stopped within an epoch has the rest of it first; one whose
    length is given in steps may end within one.

    Args:
        step: Steps that are done.
        total: Steps of the whole run.
        steps_per_epoch: Steps of a whole pass.

    Returns:
        (first epoch, end of the epochs, steps in each of them).
    """
    spans = []
    while step < total:
        epoch, done = divmod(step, steps_per_epoch)
        left = min(steps_per_epoch - done, total - step)
        whole = 1
        if left == steps_per_epoch:
            whole = (total - step) // steps_per_epoch
        spans.append((epoch, epoch + whole, left))
        step += whole * left
    return spans
