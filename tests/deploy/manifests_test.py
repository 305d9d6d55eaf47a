"""The manifests follow their schemas, and pods, labels and claims agree."""

import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

import qualnet_tf
from tests.deploy.manifest_files import (
    KUBERNETES,
    POD_OWNERS,
    ROOT,
    SERVING,
    SINGLE_NODE,
    command,
    container,
    flags,
    manifest,
    pod,
    resources,
)

KINDS = {
    "Job",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Service",
    "StatefulSet",
}
# The oldest that has all fields, and the newest.
VERSIONS = ("1.29", kubernetes_validate.latest_version())


class TestSchemas:
    def test_every_file_is_applied(self):
        found = {path.name for path in KUBERNETES.iterdir()}
        assert found == {*resources(), "kustomization.yaml"}
        assert {manifest(name[:-5])["kind"] for name in resources()} == KINDS

    @pytest.mark.parametrize("version", VERSIONS)
    @pytest.mark.parametrize("name", resources())
    def test_a_manifest_follows_its_schema(self, name, version):
        described = yaml.safe_load((KUBERNETES / name).read_text())
        kubernetes_validate.validate(described, version, strict=True)

    @pytest.mark.parametrize("name", POD_OWNERS)
    def test_a_wrong_manifest_is_seen(self, name):
        described = manifest(name)
        described["spec"]["template"]["spec"]["containers"][0]["images"] = "a"
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(described, VERSIONS[-1], strict=True)

    def test_all_are_in_the_namespace_of_serving(self):
        name = manifest("namespace", SERVING)["metadata"]["name"]
        for each in resources():
            described = manifest(each[:-5])
            assert described["metadata"]["namespace"] == name
            assert described["kind"] != "Namespace"

    def test_folders_of_resources_exist(self):
        for folder in (KUBERNETES, SINGLE_NODE):
            for name in manifest("kustomization", folder)["resources"]:
                if not name.endswith(".yaml"):
                    assert (folder / name / "kustomization.yaml").is_file()
        names = manifest("kustomization")["resources"]
        assert (KUBERNETES / names[0]).resolve() == SERVING


class TestPods:
    @pytest.mark.parametrize("name", POD_OWNERS)
    def test_it_has_no_rights(self, name):
        spec, found = pod(name), container(name)
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 65534
        profile = spec["securityContext"]["seccompProfile"]
        assert profile == {"type": "RuntimeDefault"}
        assert found["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }

    @pytest.mark.parametrize("name", POD_OWNERS)
    def test_it_says_what_it_needs(self, name):
        needs = container(name)["resources"]
        assert set(needs["requests"]) == {"cpu", "memory"}
        assert "memory" in needs["limits"]
        gpus = needs["limits"].get("nvidia.com/gpu")
        assert gpus == ("8" if name == "train" else None)

    def test_the_user_is_the_image_s(self):
        text = (ROOT / "deploy" / "Dockerfile").read_text()
        user, group = re.search(r"(?m)^USER (\d+):(\d+)$", text).groups()
        for name in POD_OWNERS:
            context = pod(name)["securityContext"]
            assert context["runAsUser"] == int(user)
            assert context["runAsGroup"] == context["fsGroup"] == int(group)

    def test_there_is_one_image(self):
        (image,) = manifest("kustomization")["images"]
        assert image["newTag"] == qualnet_tf.__version__
        assert image["newName"] == image["name"]
        for name in POD_OWNERS:
            expected = f"{image['name']}:{image['newTag']}"
            assert container(name)["image"] == expected

    def test_files_of_the_image_are_in_it(self):
        copied = (ROOT / "deploy" / "Dockerfile").read_text()
        found = [x for x in command("train") if x.startswith("/qualnet/")]
        assert len(found) == 2 and "WORKDIR /qualnet\n" in copied
        for path in found:
            name = path.removeprefix("/qualnet/")
            assert f"{name} " in copied and (ROOT / name).is_file()

    @pytest.mark.parametrize("name", POD_OWNERS)
    def test_volumes_mounts_and_claims_belong_together(self, name):
        volumes = {each["name"]: each for each in pod(name)["volumes"]}
        own = manifest(name)["spec"].get("volumeClaimTemplates", [])
        mounts = container(name)["volumeMounts"]
        assert {each["name"] for each in mounts} == {
            *volumes,
            *(each["metadata"]["name"] for each in own),
        }
        for mount in mounts:
            claim = volumes.get(mount["name"], {}).get("persistentVolumeClaim")
            if claim is None:
                continue
            described = manifest(claim["claimName"])
            assert described["metadata"]["name"] == claim["claimName"]
            assert described["spec"]["accessModes"] == ["ReadWriteMany"]
            assert mount["mountPath"] == f"/{claim['claimName']}"
            reads = claim.get("readOnly"), mount.get("readOnly")
            assert reads == (
                (True,) * 2 if mount["name"] == "data" else (None,) * 2
            )
        assert "/tmp" in {each["mountPath"] for each in mounts}

    def test_the_service_reads_data_where_the_run_does(self):
        paths = {
            name: {
                each["name"]: each["mountPath"]
                for each in container(name)["volumeMounts"]
            }
            for name in POD_OWNERS
        }
        assert paths["data-worker"]["data"] == paths["train"]["data"]
        assert flags("train")["data_dir"] == paths["train"]["data"]
        assert flags("train")["run_dir"].startswith(paths["train"]["runs"])
        journal = paths["data-dispatcher"]["journal"]
        assert flags("data-dispatcher")["work_dir"] == journal


class TestLabels:
    @pytest.mark.parametrize("name", POD_OWNERS)
    def test_they_select_the_pods(self, name):
        labels = manifest(name)["spec"]["template"]["metadata"]["labels"]
        own = {"app.kubernetes.io/name": name}
        assert own.items() <= labels.items()
        assert manifest(f"{name}-service")["spec"]["selector"] == own
        # A Job makes a selector of its own.
        if manifest(name)["kind"] == "StatefulSet":
            selector = manifest(name)["spec"]["selector"]["matchLabels"]
            assert selector == own

    @pytest.mark.parametrize("name", POD_OWNERS)
    def test_none_but_each_other_reach_them(self, name):
        labels = manifest(name)["spec"]["template"]["metadata"]["labels"]
        spec = manifest("network")["spec"]
        ((peer,),) = (each["from"] for each in spec["ingress"])
        assert peer["podSelector"] == spec["podSelector"]
        assert spec["podSelector"]["matchLabels"].items() <= labels.items()

    def test_the_network_leaves_serving_alone(self):
        labels = manifest("deployment", SERVING)["spec"]["template"][
            "metadata"
        ]["labels"]
        selected = manifest("network")["spec"]["podSelector"]["matchLabels"]
        assert not selected.items() <= labels.items()


@pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not installed"
)
class TestKustomize:
    """kubectl reads the folders as it would apply them; no cluster is asked."""

    def build(self, folder):
        done = subprocess.run(
            ["kubectl", "kustomize", folder], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found = [x for x in yaml.safe_load_all(done.stdout) if x]
        for each in found:
            kubernetes_validate.validate(each, VERSIONS[-1], strict=True)
        return {(x["kind"], x["metadata"]["name"]): x for x in found}

    def test_training_and_serving(self):
        found = self.build(KUBERNETES)
        names = {
            (each["kind"], each["metadata"]["name"])
            for folder in (KUBERNETES, SERVING)
            for each in (
                manifest(name[:-5], folder) for name in resources(folder)
            )
        }
        assert set(found) == names

    def test_one_machine(self):
        job = self.build(SINGLE_NODE)["Job", "train"]
        assert job["spec"]["completions"] == job["spec"]["parallelism"] == 1
        (found,) = job["spec"]["template"]["spec"]["containers"]
        assert "--strategy=mirrored" in found["args"]
        assert not found.get("env")
        assert found["resources"] == container("train")["resources"]
