"""The manifests follow their schemas, and say the same as each other."""

import json
import pathlib
import re

import kubernetes_validate
import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

ROOT = pathlib.Path(__file__).parents[2]
SERVING = ROOT / "serving"
KUBERNETES = SERVING / "kubernetes"
KINDS = {
    "Namespace",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Deployment",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
}
CONFIGS = ("models", "batching", "monitoring")


def manifest(name):
    return yaml.safe_load((KUBERNETES / f"{name}.yaml").read_text())


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((SERVING / "docker-compose.yml").read_text())


def check(schema, path):
    result = CliRunner().invoke(
        check_jsonschema, ["--builtin-schema", f"vendor.{schema}", str(path)]
    )
    return result.exit_code, result.output


class TestSchemas:
    def test_compose(self):
        code, said = check("compose-spec", SERVING / "docker-compose.yml")
        assert code == 0, said

    def test_a_wrong_compose_file_is_seen(self, tmp_path, compose):
        compose["services"]["serving-cpu"]["restarts"] = "always"
        (tmp_path / "compose.yml").write_text(yaml.safe_dump(compose))
        code, said = check("compose-spec", tmp_path / "compose.yml")
        assert code == 1 and "restarts" in said

    @pytest.mark.parametrize(
        "path",
        sorted((ROOT / ".github" / "workflows").glob("*.y*ml")),
        ids=lambda path: path.name,
    )
    def test_workflows(self, path):
        code, said = check("github-workflows", path)
        assert code == 0, said

    def test_kubernetes(self):
        resources = manifest("kustomization")["resources"]
        found = {path.name for path in KUBERNETES.glob("*.yaml")}
        assert found == {*resources, "kustomization.yaml"}
        kinds = set()
        for name in resources:
            described = yaml.safe_load((KUBERNETES / name).read_text())
            version = kubernetes_validate.latest_version()
            kubernetes_validate.validate(described, version, strict=True)
            kinds.add(described["kind"])
        assert kinds == KINDS

    def test_a_wrong_manifest_is_seen(self):
        described = manifest("deployment")
        described["spec"]["template"]["spec"]["containers"][0]["images"] = "a"
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(
                described, kubernetes_validate.latest_version(), strict=True
            )

    def test_prometheus_rules(self):
        alerts = yaml.safe_load((SERVING / "alerts.yml").read_text())
        rules = [rule for group in alerts["groups"] for rule in group["rules"]]
        assert len({rule["alert"] for rule in rules}) == len(rules) == 5
        for rule in rules:
            assert set(rule) == {
                "alert",
                "expr",
                "for",
                "labels",
                "annotations",
            }
            for opening, closing in ("()", "[]", "{}"):
                expression = rule["expr"]
                assert expression.count(opening) == expression.count(closing)
        read = yaml.safe_load((SERVING / "prometheus.yml").read_text())
        assert read["rule_files"] == ["/etc/prometheus/alerts.yml"]


class TestConfigs:
    def test_models(self):
        text = (SERVING / "models.config").read_text()
        found = text_format.Parse(
            text, model_server_config_pb2.ModelServerConfig()
        )
        (config,) = found.model_config_list.config
        assert config.name == "qualnet"
        assert config.base_path.startswith("/")
        assert config.model_platform == "tensorflow"
        assert config.model_version_policy.latest.num_versions == 1

    def test_the_lines_for_two_versions_are_right_too(self):
        text = (SERVING / "models.config").read_text()
        hidden = re.findall(r"#   ((?:specific|version_labels) .*)", text)
        policy, *labels = hidden
        text = re.sub(r"latest \{.*?\}", policy, text)
        text = text.replace(
            "    model_version_policy",
            "\n".join(labels) + "\nmodel_version_policy",
        )
        found = text_format.Parse(
            text, model_server_config_pb2.ModelServerConfig()
        )
        (config,) = found.model_config_list.config
        assert list(config.model_version_policy.specific.versions) == [3, 4]
        assert config.version_labels == {"stable": 3, "canary": 4}

    def test_batching(self):
        # Its message is not in the package; these are all of its fields.
        text = re.sub(r"#.*", "", (SERVING / "batching.config").read_text())
        wrapped = dict(re.findall(r"(\w+) \{ value: (\d+) \}", text))
        assert set(wrapped) == {
            "max_batch_size",
            "batch_timeout_micros",
            "num_batch_threads",
            "max_enqueued_batches",
        }
        sizes = [
            int(x) for x in re.findall(r"allowed_batch_sizes: (\d+)", text)
        ]
        assert sizes == sorted(set(sizes))
        assert sizes[-1] == int(wrapped["max_batch_size"])
        rest = re.sub(
            r"\w+ \{ value: \d+ \}|allowed_batch_sizes: \d+", "", text
        )
        assert not rest.strip()

    def test_monitoring(self):
        text = re.sub(r"#.*", "", (SERVING / "monitoring.config").read_text())
        assert "".join(text.split()) == (
            'prometheus_config{enable:truepath:"/monitoring/prometheus/metrics"}'
        )


@pytest.fixture
def container():
    spec = manifest("deployment")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return container


class TestConsistency:
    @pytest.mark.parametrize("service", ["serving-gpu", "serving-cpu"])
    def test_compose_and_kubernetes_start_alike(
        self, compose, container, service
    ):
        found = compose["services"][service]
        assert found["entrypoint"] == container["command"]
        assert found["command"] == container["args"]

    def test_images_differ_by_the_gpu_alone(self, compose, container):
        images = {
            name: compose["services"][f"serving-{name}"]["image"]
            for name in ("gpu", "cpu")
        }
        assert images["gpu"] == f"{images['cpu']}-gpu"
        assert container["image"] == images["gpu"]
        patch = manifest("../kubernetes_cpu/deployment")["spec"]["template"][
            "spec"
        ]
        (plain,) = patch["containers"]
        assert plain["image"] == images["cpu"]
        assert plain["resources"]["limits"]["nvidia.com/gpu"] is None

    def test_the_gpu_is_asked_for(self, compose, container):
        gpu = compose["services"]["serving-gpu"]["deploy"]["resources"]
        (device,) = gpu["reservations"]["devices"]
        assert device["driver"] == "nvidia"
        assert device["capabilities"] == ["gpu"]
        assert "deploy" not in compose["services"]["serving-cpu"]
        assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"

    @pytest.mark.parametrize("name", CONFIGS)
    def test_the_config_map_holds_the_files(self, name):
        data = manifest("configuration")["data"]
        file = SERVING / f"{name}.config"
        assert data[file.name] == file.read_text()

    def test_every_flag_s_file_is_mounted(self, compose, container):
        flags = json.dumps(container["args"])
        named = set(re.findall(r"/etc/serving/([\w.]+)", flags))
        assert named == {f"{name}.config" for name in CONFIGS}
        mounted = [
            each.split(":")[1]
            for each in compose["services"]["serving-cpu"]["volumes"]
            if isinstance(each, str)
        ]
        assert {path.rpartition("/")[2] for path in mounted} == named
        mounts = {each["mountPath"] for each in container["volumeMounts"]}
        assert {"/etc/serving", "/models", "/tmp"} == mounts

    def test_ports_and_paths(self, compose, container):
        ports = {each["containerPort"] for each in container["ports"]}
        assert ports == {8500, 8501}
        assert {
            each["port"] for each in manifest("service")["spec"]["ports"]
        } == (ports)
        for each in compose["services"]["serving-cpu"]["ports"]:
            assert each.startswith("127.0.0.1:")
        for probe in ("startupProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["path"] == "/v1/models/qualnet"
        health = compose["services"]["serving-cpu"]["healthcheck"]["test"][-1]
        assert "GET /v1/models/qualnet HTTP" in health

    def test_the_base_path_is_where_exports_are_mounted(self, compose):
        text = (SERVING / "models.config").read_text()
        base_path = re.search(r'base_path: "(.*)"', text)[1]
        (bind,) = (
            each
            for each in compose["services"]["serving-gpu"]["volumes"]
            if isinstance(each, dict)
        )
        assert bind["target"] == base_path and bind["read_only"]

    def test_labels_select_the_deployment(self):
        labels = manifest("deployment")["spec"]["template"]["metadata"][
            "labels"
        ]
        assert manifest("service")["spec"]["selector"] == labels
        scaled = manifest("autoscaler")["spec"]["scaleTargetRef"]
        assert scaled["name"] == manifest("deployment")["metadata"]["name"]
        assert "replicas" not in manifest("deployment")["spec"]
