"""The loop around a method's training step, on TensorFlow.

Keras's own `fit` does not run under MultiWorkerMirroredStrategy, and under
MirroredStrategy neither with XLA nor with several steps per execution. This one
calls `train_step` through `strategy.run`, whatever the strategy, and Keras's
callbacks as `fit` does.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from qualnet_tf.methods.method import Method
from qualnet_tf.training.preemption import StopRequests
from qualnet_tf.training.replicas import Replicas
from qualnet_tf.training.statistics import StatisticsMean


class TrainingLoop:
    """Trains a method over replicas.

    Args:
        method: Built and compiled in the replicas' scope.
        replicas: Who shares a step.
        requests: Whether this worker was asked to stop.
        average: Brings moving statistics together, before a validation.
        steps_per_execution: Steps between two looks at the metrics.
        jit_compile: Whether a replica's step is compiled by XLA.
    """

    def __init__(
        self,
        method: Method,
        replicas: Replicas,
        requests: StopRequests,
        average: StatisticsMean,
        steps_per_execution: int = 1,
        jit_compile: bool = False,
    ):
        self.method = method
        self.replicas = replicas
        self.requests = requests
        self.steps_per_execution = steps_per_execution
        self.average = average
        self._any_asked = False
        strategy = replicas.strategy
        # Otherwise workers ask each other before every batch whether all have
        # one; they have equally many.
        strategy.extended.experimental_enable_get_next_as_optional = False
        self._metrics = [*method.term_means, method.accuracy]
        self._train = self._make_train(jit_compile)
        self._test = self._make_test()

    @property
    def asked(self) -> bool:
        """Whether to stop; several workers learn of it at the same step."""
        if self.replicas.num_workers == 1:
            return self.requests.requested
        return self._any_asked

    def run(
        self,
        batches_from: Callable[[int], tf.data.Dataset],
        held_out: tf.data.Dataset,
        callbacks: list[keras.callbacks.Callback],
        *,
        step: int,
        total_steps: int,
        steps_per_epoch: int,
        validation_epochs: int,
    ) -> None:
        """Takes the steps that are left.

        Args:
            batches_from: Makes the pieces of this worker's replicas from a
                step on.
            held_out: Validation pieces; see `datasets.validation`.
            callbacks: Called as by Keras's `fit`; a rest of an epoch begins
                with batch 0.
            step: Steps done.
            total_steps: Steps of the run.
            steps_per_epoch: Steps of one pass.
            validation_epochs: Epochs between validations.
        """
        called = keras.callbacks.CallbackList(callbacks, model=self.method)
        train = self._train(iter(self._spread(batches_from(step))))
        called.on_train_begin()
        while step < total_steps:
            epoch = step // steps_per_epoch
            end = min((epoch + 1) * steps_per_epoch, total_steps)
            self.method.reset_metrics()
            called.on_epoch_begin(epoch)
            logs = self._run_epoch(train, called, end - step)
            step = end
            if (epoch + 1) % validation_epochs == 0:
                logs |= self.validate(held_out, called)
            called.on_epoch_end(epoch, logs)
        called.on_train_end()

    def results(self) -> dict[str, float]:
        """Returns what the metrics have summed up."""
        return self._read(tf.function(self._sums)(self._stop()))

    def validate(
        self,
        held_out: tf.data.Dataset,
        called: keras.callbacks.CallbackList | None = None,
    ) -> dict[str, float]:
        """Returns the validation's metrics, their names with "val_" before."""
        called = called or keras.callbacks.CallbackList()
        self.average()
        num_pieces = int(held_out.cardinality())
        iterator = iter(self._spread(held_out))
        called.on_test_begin()
        self.method.reset_metrics()
        logs: dict[str, float] = {}
        for number in range(num_pieces // self.replicas.share.local_replicas):
            called.on_test_batch_begin(number)
            logs = self._read(self._test(next(iterator), self._stop()))
            called.on_test_batch_end(number, logs)
        called.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    def _run_epoch(self, train, called, num_steps: int) -> dict:
        done, logs = 0, {}
        while done < num_steps:
            count = min(self.steps_per_execution, num_steps - done)
            called.on_train_batch_begin(done)
            logs = self._read(train(count, self._stop()))
            done += count
            called.on_train_batch_end(done - 1, logs)
        return logs

    def _spread(self, batches: tf.data.Dataset):
        """Gives each replica its pieces, fetched ahead to its device."""
        strategy = self.replicas.strategy
        gpus = tf.config.list_logical_devices("GPU")
        if self.replicas.count == 1 and gpus:
            to_device = tf.data.experimental.prefetch_to_device
            return batches.apply(to_device(gpus[0].name, 2))
        return strategy.distribute_datasets_from_function(lambda _: batches)

    def _stop(self) -> tf.Tensor:
        return tf.constant(float(self.requests.requested))

    def _make_train(self, jit_compile: bool) -> Callable:
        """Returns a function that makes one that takes steps.

        The latter holds its iterator, or is given batches: handing the
        iterator over in every call would cost 3 kB of memory for good.
        """
        run = self.replicas.strategy.run

        def step(batch):
            self.method.train_step(batch)

        if jit_compile and self.replicas.count == 1:
            step = tf.function(step, jit_compile=True)
        elif jit_compile:
            # What replicas say to each other stays outside.
            self.method.compute_gradients = tf.function(
                self.method.compute_gradients, jit_compile=True
            )

        @tf.function
        def train_on(batch, stop):
            run(step, args=(batch,))
            return self._sums(stop)

        def bind(iterator):
            if self.steps_per_execution == 1:
                return lambda _, stop: train_on(next(iterator), stop)

            @tf.function
            def train(count, stop):
                for _ in tf.range(count):
                    run(step, args=(next(iterator),))
                return self._sums(stop)

            return lambda count, stop: train(tf.constant(count), stop)

        return bind

    def _make_test(self) -> Callable:
        def step(batch):
            self.method.test_step(batch)

        @tf.function
        def test(batch, stop):
            self.replicas.strategy.run(step, args=(batch,))
            return self._sums(stop)

        return test

    def _sums(self, stop: tf.Tensor) -> tf.Tensor:
        """Adds up stop requests and metrics of all replicas, in one go."""

        def on_replica(stop):
            values = [stop]
            for metric in self._metrics:
                values += [metric.total.value, metric.count.value]
            context = tf.distribute.get_replica_context()
            return context.all_reduce("SUM", tf.stack(values))

        strategy = self.replicas.strategy
        summed = strategy.run(on_replica, args=(stop,))
        return strategy.experimental_local_results(summed)[0]

    def _read(self, sums: tf.Tensor) -> dict[str, float]:
        """Turns the sums into metrics, and notes requests to stop."""
        stop, *rest = sums.numpy().tolist()
        self._any_asked = stop > 0
        means = [
            total / count if count else 0.0
            for total, count in zip(rest[::2], rest[1::2], strict=True)
        ]
        names = [metric.name for metric in self._metrics]
        logs = dict(zip(names, means, strict=True))
        terms = [logs[name] for name in self.method.term_names]
        return {"loss": sum(terms), **logs}
