"""TF_CONFIG is read with care, and who does not join is named."""

import json
import socket
import threading

import pytest

from benchmarks.disturbed_runs import free_ports
from qualnet_tf.training.cluster import (
    Cluster,
    read_cluster,
    wait_for_workers,
)


def tf_config(workers=("a:1", "b:2"), kind="worker", index=0, **others):
    return {
        "TF_CONFIG": json.dumps(
            {
                "cluster": {"worker": list(workers), **others},
                "task": {"type": kind, "index": index},
            }
        )
    }


def test_a_cluster_is_read():
    assert read_cluster(tf_config(index=1)) == Cluster(("a:1", "b:2"), 1)


@pytest.mark.parametrize(
    "environment, message",
    [
        ({}, "TF_CONFIG is not set: --strategy=multi_worker expects"),
        ({"TF_CONFIG": "{"}, r"TF_CONFIG: expected \{.*, received \{; correct"),
        ({"TF_CONFIG": "[]"}, "TF_CONFIG: expected"),
        ({"TF_CONFIG": '{"cluster": {}}'}, "TF_CONFIG: expected"),
        (tf_config(index=2), r"from 0 to 1 \(2 workers\), received 2"),
        (tf_config(index=-1), r"from 0 to 1 \(2 workers\), received -1"),
        (tf_config(index="x"), "TF_CONFIG: expected"),
        (tf_config(kind="chief"), "workers alone.*received task type chief"),
        (tf_config(ps=["c:3"]), "workers alone.*received ps; make them"),
        (tf_config(workers=["a:1", "b"]), "HOST:PORT, received b; correct"),
        (tf_config(workers=["a:1", "b:0"]), "HOST:PORT, received b:0"),
    ],
)
def test_what_is_no_cluster_is_refused(environment, message):
    with pytest.raises(ValueError, match=message):
        read_cluster(environment)


def test_workers_that_come_at_other_times_find_each_other():
    workers = tuple(f"localhost:{port}" for port in free_ports(3))
    joined = threading.Barrier(3)

    def join(index):
        wait_for_workers(Cluster(workers, index), 20.0)
        # TensorFlow answers at the port from here on.
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("", int(workers[index].split(":")[1])))
            server.listen()
            joined.wait(20)

    others = [
        threading.Timer(delay, join, (index,))
        for index, delay in ((1, 0.0), (2, 0.5))
    ]
    for thread in others:
        thread.start()
    join(0)
    for thread in others:
        thread.join(20)
    assert joined.n_waiting == 0 and not joined.broken


def test_a_worker_that_never_joins_is_named():
    here, there = free_ports(2)
    cluster = Cluster((f"localhost:{here}", f"localhost:{there}"), 0)
    message = (
        "worker 0: expected 2 workers within 0.3 s, received no answer from "
        rf"worker 1 \(localhost:{there}\); start it"
    )
    with pytest.raises(ValueError, match=message):
        wait_for_workers(cluster, 0.3)


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        cluster = Cluster((f"localhost:{port}", "localhost:1"), 0)
        with pytest.raises(ValueError, match="expected a free port at this"):
            wait_for_workers(cluster, 0.3)
