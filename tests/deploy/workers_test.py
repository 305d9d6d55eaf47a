"""Workers and data service find each other, with flags that exist."""

import dataclasses
import re
import subprocess
import sys

import pytest

from qualnet_tf.config import DataWorkerConfig, TrainConfig
from tests.deploy.manifest_files import (
    KUBERNETES,
    POD_OWNERS,
    ROOT,
    SINGLE_NODE,
    arguments,
    command,
    container,
    flags,
    manifest,
    pod,
    variables,
)

CONFIGS = {
    "qualnet_tf.train": TrainConfig,
    "qualnet_tf.data_worker": DataWorkerConfig,
}


class TestFlags:
    @pytest.mark.parametrize(
        ("folder", "name"),
        [(KUBERNETES, name) for name in POD_OWNERS] + [(SINGLE_NODE, "train")],
    )
    def test_the_program_takes_them(self, folder, name):
        program, given = arguments(name, folder)
        assert all(flag.startswith("--") for flag in given)
        knobs = {field.name for field in dataclasses.fields(CONFIGS[program])}
        assert set(flags(name, folder)) - {"flagfile"} <= knobs
        # As Kubernetes expands it.
        given = [flag.replace("$(POD_NAME)", f"{name}-0") for flag in given]
        assert "$(" not in "".join(given)
        done = subprocess.run(
            [sys.executable, "-m", program, *given, "--only_check_args"],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("folder", [KUBERNETES, SINGLE_NODE])
    def test_the_flagfile_comes_first_and_exists(self, folder):
        flag, *_ = arguments("train", folder)[1]
        assert (ROOT / flag.removeprefix("--flagfile=")).is_file()

    def test_every_gpu_gets_as_many_images(self):
        gpus = int(container("train")["resources"]["limits"]["nvidia.com/gpu"])
        workers = manifest("train")["spec"]["completions"]
        assert int(flags("train")["batch_size"]) == 64 * gpus * workers
        assert int(flags("train", SINGLE_NODE)["batch_size"]) == 64 * gpus

    def test_one_machine_differs_in_few_flags(self):
        many, one = flags("train"), flags("train", SINGLE_NODE)
        del many["join_seconds"]
        assert many["strategy"] == "multi_worker"
        many |= {"strategy": "mirrored", "batch_size": one["batch_size"]}
        assert many == one
        assert command("train", SINGLE_NODE)[:2] == command("train")[3:5]


class TestWorkers:
    def test_all_lines_name_one_number(self):
        spec = manifest("train")["spec"]
        number = spec["completions"]
        assert spec["completionMode"] == "Indexed"
        assert spec["parallelism"] == number
        assert variables("train")["NUM_WORKERS"] == str(number)

    def test_their_addresses_are_those_of_the_service(self):
        job, service = manifest("train"), manifest("train-service")
        name = job["metadata"]["name"]
        assert service["metadata"]["name"] == name
        assert pod("train")["subdomain"] == name
        assert variables("train")["WORKER_SERVICE"] == name
        assert service["spec"]["clusterIP"] == "None"
        assert service["spec"]["publishNotReadyAddresses"] is True
        (port,) = service["spec"]["ports"]
        (open_port,) = container("train")["ports"]
        assert port["targetPort"] == open_port["name"]
        assert port["port"] == open_port["containerPort"]
        assert variables("train")["WORKER_PORT"] == str(port["port"])

    def test_each_has_a_machine_of_its_own(self):
        labels = manifest("train")["spec"]["template"]["metadata"]["labels"]
        (rule,) = pod("train")["affinity"]["podAntiAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        assert rule["topologyKey"] == "kubernetes.io/hostname"
        assert rule["labelSelector"]["matchLabels"].items() <= labels.items()

    def test_a_stop_is_no_failure(self):
        spec = manifest("train")["spec"]
        assert pod("train")["restartPolicy"] == "Never"
        assert spec["podReplacementPolicy"] == "Failed"
        disrupted, saved = spec["podFailurePolicy"]["rules"]
        assert disrupted["action"] == saved["action"] == "Ignore"
        assert disrupted["onPodConditions"][0]["type"] == "DisruptionTarget"
        text = (ROOT / "deploy" / "job_exit.py").read_text()
        again = int(re.search(r"(?m)^AGAIN = (\d+)$", text)[1])
        assert saved["onExitCodes"] == {
            "containerName": container("train")["name"],
            "operator": "In",
            "values": [again],
        }
        assert pod("train")["terminationGracePeriodSeconds"] >= 60

    def test_join_is_longer_than_the_default(self):
        default = TrainConfig.__dataclass_fields__["join_seconds"].default
        assert int(flags("train")["join_seconds"]) > default


class TestDataService:
    def test_the_dispatcher_lists_exactly_the_workers(self):
        workers = manifest("data-worker")
        name, spec = workers["metadata"]["name"], workers["spec"]
        port = flags("data-worker")["port"]
        assert flags("data-dispatcher")["workers"].split(",") == [
            f"{name}-{i}.{spec['serviceName']}:{port}"
            for i in range(spec["replicas"])
        ]

    def test_a_worker_says_the_address_that_is_listed(self):
        address = flags("data-worker")["address"]
        listed = flags("data-dispatcher")["workers"].split(",")
        pods = manifest("data-worker")["metadata"]["name"]
        assert address.replace("$(POD_NAME)", f"{pods}-3") == listed[3]
        (variable,) = container("data-worker")["env"]
        assert variable == {
            "name": "POD_NAME",
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
        }

    @pytest.mark.parametrize("name", ["data-dispatcher", "data-worker"])
    def test_the_service_leads_to_the_port(self, name):
        described = manifest(f"{name}-service")
        assert manifest(name)["spec"]["serviceName"] == name
        assert described["metadata"]["name"] == name
        (port,) = described["spec"]["ports"]
        (open_port,) = container(name)["ports"]
        assert port["targetPort"] == open_port["name"]
        assert port["port"] == open_port["containerPort"]
        assert flags(name)["port"] == str(port["port"])
        probe = container(name)["readinessProbe"]["tcpSocket"]["port"]
        assert probe == open_port["name"]

    def test_everybody_asks_the_dispatcher(self):
        described = manifest("data-dispatcher-service")
        (port,) = described["spec"]["ports"]
        address = f"{described['metadata']['name']}:{port['port']}"
        assert flags("data-worker")["dispatcher"] == address
        assert flags("train")["data_service"] == f"grpc://{address}"
        # One address that stays, and one pod behind it.
        assert described["spec"].get("clusterIP") != "None"
        assert manifest("data-dispatcher")["spec"]["replicas"] == 1

    def test_the_workers_have_names(self):
        spec = manifest("data-worker-service")["spec"]
        assert spec["clusterIP"] == "None"
        assert spec["publishNotReadyAddresses"] is True
