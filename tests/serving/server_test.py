"""What the embedded server does beyond the interface."""

import base64
import gzip
import io
import json
import math
import re
import socket
import struct
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_image

from qualnet_tf.exporters.decoding import decode_and_crop
from qualnet_tf.exporters.picture_statistics import picture_statistics
from qualnet_tf.exporters.quality import fit_quality_head
from tests.serving.conftest import MODEL, serving, wait_until, write_export
from tests.subjects.tiny_models import SIDE, images


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, file_format, **options)
    return buffer.getvalue()


def as_instance(content):
    return {"b64": base64.b64encode(content).decode()}


def photograph(side=40, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side)))


def png_header(width, height):
    data = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(b"IHDR" + data))
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(data))
    return head + b"IHDR" + data + check


class TestAnswers:
    def test_are_those_of_the_saved_model_to_the_last_bit(
        self, server, export_dir
    ):
        image = images(5)
        predict = tf.saved_model.load(str(export_dir / "1"))
        expected = predict.signatures["predict_images"](image=image)
        body = {"signature_name": "predict_images", "inputs": image.tolist()}
        status, answer = server.predict(body)
        assert status == 200
        for name in ("logits", "probabilities", "quality_score"):
            np.testing.assert_array_equal(
                np.array(answer["outputs"][name], np.float32), expected[name]
            )
        labels = expected["labels"].numpy().astype(str).tolist()
        assert answer["outputs"]["labels"] == labels

    def test_of_many_who_ask_at_once_are_their_own(self, server):
        files = [encoded(photograph(30 + n, n)) for n in range(24)]
        alone = [
            server.predict({"instances": [as_instance(each)]}) for each in files
        ]
        bad = {"instances": [as_instance(files[0][:60])]}
        together, refused = {}, []

        def ask(place):
            body = {"instances": [as_instance(files[place])]}
            together[place] = server.predict(body)
            refused.append(server.predict(bad)[0])

        threads = [
            threading.Thread(target=ask, args=(place,)) for place in range(24)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert refused == [400] * 24
        for place, (status, answer) in enumerate(alone):
            assert together[place][0] == status == 200
            np.testing.assert_allclose(
                together[place][1]["predictions"][0]["logits"],
                answer["predictions"][0]["logits"],
                rtol=1e-4,
                atol=1e-5,
            )

    def test_a_request_larger_than_a_batch_is_cut(self, export_dir):
        image = images(7).tolist()
        body = {"signature_name": "predict_images", "instances": image}
        with serving(export_dir, max_batch_size=3) as server:
            status, answer = server.predict(body)
            text = server.metrics()
        assert status == 200 and len(answer["predictions"]) == 7
        assert "qualnet_batch_size_sum 7.0" in text
        assert "qualnet_batch_size_count 3.0" in text

    def test_several_inputs_bytes_and_outputs_without_a_batch(self, foreign):
        rows = [{"vector": [1, 2], "count": 3}, {"vector": [0, 0], "count": 4}]
        status, answer = foreign.predict({"instances": rows})
        assert status == 200
        first, second = answer["predictions"]
        assert first == {
            "total": [4.0, 5.0],
            "text": "3",
            "text_bytes": {"b64": base64.b64encode(b"3").decode()},
        }
        assert second["total"] == [4.0, 4.0]
        body = {"signature_name": "whole", "inputs": [[1.0, 3.0]]}
        assert foreign.predict(body) == (200, {"outputs": 2.0})
        body = {"signature_name": "whole", "instances": [[1.0, 3.0]]}
        status, answer = foreign.predict(body)
        assert status == 400
        assert "mean has inconsistent batch size" in answer["error"]

    def test_numbers_that_json_does_not_know(self, foreign):
        body = b'{"signature_name": "echo", "inputs": [NaN, -Infinity, 1e-7]}'
        status, answer = foreign.predict(body)
        assert status == 200
        nan, infinite, small = answer["outputs"]
        assert math.isnan(nan) and infinite == -math.inf and small == 1e-7

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"instances": [[1, 2]]}, "instances is a plain list, but expect"),
            ({"inputs": [[1, 2]]}, "inputs is a plain value/list, but expect"),
            (
                {"instances": [{"vector": [1, 2]}]},
                "expected an object of count, vector, received vector",
            ),
            (
                {"inputs": {"vector": [[1, 2]], "count": [1.5]}},
                "is not of expected type: int32",
            ),
            (
                {"inputs": {"vector": [[1, 2]], "count": [2**40]}},
                "is not of expected type: int32",
            ),
            (
                {"inputs": {"vector": [[1, True]], "count": [1]}},
                "JSON Value: true Type: Bool is not of expected type: float32",
            ),
            (
                {"inputs": {"vector": [[1, 1e39]], "count": [1]}},
                "JSON Value: 1e+39 Type: Number is not of expected type",
            ),
            (
                {"inputs": {"vector": [[1, 10**400]], "count": [1]}},
                "is not of expected type: float32",
            ),
            (
                {"inputs": {"vector": [[1, "a" * 40_000]], "count": [1]}},
                "Type: String is not of expected type: float32",
            ),
            (
                {"inputs": {"vector": [[1, 2, 3]], "count": [1]}},
                "input vector: expected shape [-1, 2], received [1, 3]",
            ),
            (
                {"inputs": {"vector": [[1, 2]], "count": [1, 2]}},
                "expected one batch size, received 1, 2",
            ),
        ],
    )
    def test_inputs_that_do_not_fit(self, foreign, body, message):
        status, answer = foreign.predict(body)
        assert status == 400 and message in answer["error"]

    def test_a_number_of_thousands_of_digits(self, foreign):
        status, answer = foreign.predict(b'{"inputs": ' + b"9" * 5000 + b"}")
        assert status == 400 and "JSON Parse error" in answer["error"]

    def test_half_a_surrogate_pair(self, server):
        status, answer = server.predict(b'{"instances": ["\\ud800"]}')
        assert status == 400 and "surrogate" in answer["error"]

    def test_base64_without_padding_and_with_line_breaks(self, server):
        content = encoded(photograph(31), "BMP")
        text = base64.encodebytes(content).decode()
        whole = server.predict({"instances": [as_instance(content)]})
        for written in (text, text.replace("\n", "").rstrip("=")):
            assert server.predict({"instances": [{"b64": written}]}) == whole

    def test_an_output_without_a_batch_cannot_be_joined(self, foreign_dir):
        body = {"signature_name": "whole", "inputs": [[1.0, 3.0]] * 3}
        with serving(foreign_dir, max_batch_size=2) as server:
            status, answer = server.predict(body)
        assert status == 400 and "an output has no batch" in answer["error"]


class TestPictures:
    @pytest.mark.parametrize(
        "content",
        [
            encoded(photograph(), "JPEG")[:300],
            encoded(photograph())[:200],
            b"",
            b"no picture",
            b"\xff\xd8\xff",
        ],
        ids=["half a JPEG", "half a PNG", "nothing", "text", "a beginning"],
    )
    def test_damaged_ones_are_refused(self, server, content):
        status, answer = server.predict({"instances": [as_instance(content)]})
        assert status == 400 and answer["error"]
        assert "{{" not in answer["error"] and "\n" not in answer["error"]

    def test_a_bomb_is_refused_from_its_header(self, server):
        content = png_header(20_000, 20_000)
        status, answer = server.predict({"instances": [as_instance(content)]})
        assert status == 400
        assert answer["error"] == (
            "picture 0: expected at most 50 megapixels, received 20000 x "
            "20000; send it smaller"
        )

    @pytest.mark.parametrize("size", [(9_000, 9_000), (60_000, 60_000)])
    def test_large_ones_of_every_size(self, server, size):
        # Pillow itself warns of the first and refuses the second.
        content = as_instance(png_header(*size))
        status, answer = server.predict({"instances": [content]})
        assert status == 400 and "megapixels" in answer["error"]

    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP", "WEBP"])
    def test_the_limit_holds_for_every_format(self, export_dir, file_format):
        content = as_instance(encoded(photograph(1200), file_format))
        with serving(export_dir, max_picture_megapixels=1) as server:
            status, answer = server.predict({"instances": [content]})
        assert status == 400
        assert "received 1200 x 1200" in answer["error"]

    def test_every_frame_counts(self, export_dir):
        frames = [Image.fromarray(photograph(600, n)) for n in range(4)]
        buffer = io.BytesIO()
        frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
        content = as_instance(buffer.getvalue())
        with serving(export_dir, max_picture_megapixels=1) as server:
            status, answer = server.predict({"instances": [content]})
        assert status == 400
        assert "received 600 x 600 in 4 frames" in answer["error"]

    def test_many_large_ones_together(self, export_dir):
        content = as_instance(encoded(photograph(950)))
        with serving(export_dir, max_picture_megapixels=1) as server:
            status, answer = server.predict({"instances": [content] * 5})
        assert status == 400
        assert "at most 4 megapixels together" in answer["error"]

    def test_jpeg_xl_cannot_be_checked(self, server):
        content = as_instance(b"\xff\x0a" + bytes(40))
        status, answer = server.predict({"instances": [content]})
        assert status == 400 and "received JPEG XL" in answer["error"]

    def test_one_pixel_is_a_picture(self, server):
        content = as_instance(encoded(photograph(1)))
        assert server.predict({"instances": [content]})[0] == 200

    def test_an_animation_is_its_first_frame(self, server):
        first, second = (Image.fromarray(photograph(40, n)) for n in (1, 2))
        buffer = io.BytesIO()
        first.save(buffer, "GIF", save_all=True, append_images=[second])
        still = io.BytesIO()
        first.save(still, "GIF")
        answers = [
            server.predict({"instances": [as_instance(each.getvalue())]})
            for each in (buffer, still)
        ]
        assert answers[0] == answers[1]

    def test_a_turned_one_is_turned_upright_and_that_is_said(self, server):
        exif = Image.Exif()
        exif[0x0112] = 6
        content = encoded(photograph(), "JPEG", exif=exif.tobytes())
        _, answer = server.predict({"instances": [as_instance(content)]})
        assert answer["predictions"][0]["orientation"] == 6

    @pytest.mark.parametrize("bad", ["NaN", "Infinity", "255.0", "-1.0"])
    def test_pixels_out_of_range(self, server, bad):
        image = np.full((1, SIDE, SIDE, 3), 0.5).tolist()
        body = json.dumps({"signature_name": "predict_images", "inputs": image})
        body = body.replace("0.5", bad, 1).encode()
        status, answer = server.predict(body)
        assert status == 400
        assert "expected finite pixels from 0 to 1" in answer["error"]


class TestLimits:
    def test_a_body_that_does_not_come(self, export_dir):
        with (
            serving(export_dir, request_timeout_seconds=0.2) as server,
            socket.create_connection((server.host, server.port)) as client,
        ):
            client.sendall(
                b"POST /v1/models/tiny:predict HTTP/1.1\r\nHost: a\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            assert client.recv(1000).startswith(b"HTTP/1.1 408 ")

    def test_a_large_body(self, export_dir):
        with serving(export_dir, max_body_megabytes=1) as server:
            body = b" " * 3_000_000
            status, answer = server.predict(body)
            assert status == 413
            assert "expected at most 1 MB" in answer["error"]
            bomb = gzip.compress(body)
            headers = {"Content-Encoding": "gzip"}
            assert server.predict(bomb, **headers)[0] == 413
            assert server.get()[0] == 200

    @pytest.mark.parametrize(
        "body",
        [b"no gzip", gzip.compress(b"{}", mtime=0)[:-4]],
        ids=["something else", "cut off"],
    )
    def test_a_body_that_is_no_gzip(self, server, body):
        status, answer = server.predict(body, **{"Content-Encoding": "gzip"})
        assert status == 400 and "gzip" in answer["error"]

    def test_an_empty_batch_never_reaches_the_graph(self, server):
        for body in (
            {"inputs": []},
            {"signature_name": "class_names", "inputs": []},
        ):
            status, answer = server.predict(body)
            assert status == 400
            assert "a batch of at least 1" in answer["error"]

    def test_a_request_that_takes_too_long(self, export_dir):
        contents = [as_instance(encoded(photograph(500)))] * 30
        with serving(export_dir, request_timeout_seconds=0.01) as server:
            status, answer = server.predict({"instances": contents})
        assert status == 504 and "no answer within 0.01 s" in answer["error"]

    def test_more_waiting_requests_than_allowed(self, export_dir):
        contents = [as_instance(encoded(photograph(200)))] * 9
        with serving(
            export_dir, max_batch_size=1, max_enqueued_requests=4
        ) as server:
            status, answer = server.predict({"instances": contents})
        assert status == 503 and "queue" in answer["error"]

    def test_deep_nesting_is_a_bad_request(self, server):
        body = b'{"inputs": ' + b"[" * 100_000
        status, answer = server.predict(body)
        assert status == 400 and "JSON Parse error" in answer["error"]


class TestVersions:
    def test_a_new_one_takes_over_without_a_lost_answer(
        self, add_version, tmp_path
    ):
        add_version(tmp_path, 1)
        body = {"instances": [as_instance(encoded(photograph()))]}
        found, is_over = [], threading.Event()
        with serving(tmp_path) as server:

            def ask_on():
                while not is_over.is_set():
                    found.append(server.predict(body))

            threads = [threading.Thread(target=ask_on) for _ in range(4)]
            for thread in threads:
                thread.start()
            add_version(tmp_path, 2, 3.0)
            wait_until(lambda: _states(server).get("2") == "AVAILABLE")
            wait_until(lambda: _states(server).get("1") == "END")
            asked = len(found)
            wait_until(lambda: len(found) > asked + 8)
            is_over.set()
            for thread in threads:
                thread.join()
            assert "qualnet_model_version 2.0" in server.metrics()
        assert {status for status, _ in found} == {200}
        first, last = (
            np.array(found[place][1]["predictions"][0]["logits"])
            for place in (0, -1)
        )
        np.testing.assert_allclose(last - first, 3, atol=1e-4)

    def test_a_broken_one_changes_nothing_but_the_status(
        self, add_version, tmp_path
    ):
        add_version(tmp_path, 1)
        with serving(tmp_path) as server:
            (tmp_path / "2").mkdir()
            (tmp_path / "2" / "saved_model.pb").write_bytes(b"broken")
            wait_until(lambda: _states(server).get("2") == "END")
            _, answer = server.get("/versions/2")
            (described,) = answer["model_version_status"]
            assert "cannot be loaded" in described["status"]["error_message"]
            assert _states(server)["1"] == "AVAILABLE"
            body = {"signature_name": "class_names", "inputs": [0]}
            assert server.predict(body)[0] == 200
            status, _ = server.predict(body, "/versions/2:predict")
            assert status == 404

    def test_a_folder_that_is_still_written_is_taken_when_it_is_whole(
        self, add_version, tmp_path
    ):
        add_version(tmp_path, 1)
        with serving(tmp_path) as server:
            (tmp_path / "2").mkdir()
            wait_until(lambda: _states(server).get("2") == "END")
            (tmp_path / "2").rmdir()
            add_version(tmp_path, 2)
            wait_until(lambda: _states(server).get("2") == "AVAILABLE")

    def test_warm_up_that_fails_is_a_version_that_fails(
        self, add_version, tmp_path
    ):
        add_version(tmp_path, 1)
        add_version(tmp_path / "elsewhere", 2)
        folder = tmp_path / "elsewhere" / "2"
        requests = folder / "assets.extra" / "tf_serving_warmup_requests"
        requests.write_bytes(requests.read_bytes()[:-20])
        with serving(tmp_path) as server:
            folder.rename(tmp_path / "2")
            wait_until(lambda: _states(server).get("2") == "END")
            assert _states(server)["1"] == "AVAILABLE"

    def test_labels_stay_beside_the_newest(self, add_version, tmp_path):
        for number, offset in ((1, 0.0), (2, 0.0), (3, 3.0)):
            add_version(tmp_path, number, offset)
        body = {"instances": [as_instance(encoded(photograph()))]}
        labels = ("stable:1", "canary:3")
        with serving(tmp_path, version_labels=labels) as server:
            assert _states(server) == {"1": "AVAILABLE", "3": "AVAILABLE"}
            answers = {
                path: server.predict(body, path)
                for path in (
                    ":predict",
                    "/labels/canary:predict",
                    "/labels/stable:predict",
                    "/versions/1:predict",
                )
            }
            status, answer = server.predict(body, "/labels/none:predict")
            assert status == 400
            assert answer["error"] == (
                "Unrecognized servable version label: none"
            )
        newest, canary, stable, first = answers.values()
        assert newest == canary != stable == first
        assert newest[0] == stable[0] == 200

    def test_an_older_one_serves_where_the_newest_is_broken_from_the_start(
        self, add_version, tmp_path
    ):
        add_version(tmp_path, 1)
        (tmp_path / "2").mkdir()
        with serving(tmp_path) as server:
            assert _states(server) == {"1": "AVAILABLE", "2": "END"}

    def test_one_whose_weights_come_last_is_tried_again(
        self, add_version, tmp_path
    ):
        add_version(tmp_path, 1)
        add_version(tmp_path / "elsewhere", 2)
        weights = tmp_path / "elsewhere" / "2" / "variables"
        weights.rename(tmp_path / "weights")
        with serving(tmp_path) as server:
            (tmp_path / "elsewhere" / "2").rename(tmp_path / "2")
            wait_until(lambda: _states(server).get("2") == "END")
            (tmp_path / "weights").rename(tmp_path / "2" / "variables")
            wait_until(lambda: _states(server).get("2") == "AVAILABLE")

    def test_a_pinned_one(self, add_version, tmp_path):
        for number in (1, 2):
            add_version(tmp_path, number)
        with serving(tmp_path, model_version=1) as server:
            assert _states(server) == {"1": "AVAILABLE"}

    def test_a_saved_model_itself(self, export_dir):
        with serving(export_dir / "1") as server:
            assert _states(server) == {"1": "AVAILABLE"}


def _states(server):
    _, answer = server.get()
    return {
        each["version"]: each["state"]
        for each in answer["model_version_status"]
    }


class TestMonitoring:
    def test_counts_what_pictures_look_like(self, export_dir):
        files = [as_instance(encoded(photograph(40, n))) for n in range(6)]
        with serving(export_dir) as server:
            _, answer = server.predict({"instances": files})
            server.predict(b"{")
            text = server.metrics()
        counts = dict(re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE))
        rows = answer["predictions"]
        for name in {row["corruption"] for row in rows}:
            expected = sum(row["corruption"] == name for row in rows)
            key = f'qualnet_predicted_corruption_total{{corruption="{name}"}}'
            assert float(counts[key]) == expected
        assert float(counts["qualnet_quality_score_count"]) == 6
        scores = sum(row["quality_score"] for row in rows)
        assert float(counts["qualnet_quality_score_sum"]) == pytest.approx(
            scores, abs=1e-4
        )
        best = [row["probabilities"][0] for row in rows]
        assert float(counts["qualnet_confidence_sum"]) == pytest.approx(
            sum(best), abs=1e-4
        )
        label = rows[0]["labels"][0]
        expected = sum(row["labels"][0] == label for row in rows)
        key = f'qualnet_predicted_label_total{{label="{label}"}}'
        assert float(counts[key]) == expected
        name = ":tensorflow:serving:request_count"
        for status, count in (("OK", 1), ("INVALID_ARGUMENT", 1)):
            labels = f'model_name="{MODEL}",status="{status}"'
            assert float(counts[f"{name}{{{labels}}}"]) == count

    def test_a_camera_out_of_focus_shows(self, tmp_path):
        def sharp_and_blurred(seed):
            """Crops of a photograph, and the same out of focus."""
            generator = np.random.default_rng(seed)
            whole = load_sample_image("china.jpg")
            for _ in range(40):
                top, left = generator.integers(0, 380, 2)
                crop = Image.fromarray(whole[top : top + 32, left : left + 32])
                yield crop, crop.filter(ImageFilter.GaussianBlur(3))

        def statistics(pictures):
            contents = [encoded(np.asarray(each)) for each in pictures]
            image, _ = decode_and_crop(tf.constant(contents), SIDE)
            return picture_statistics(image).numpy()

        known = [statistics(x) for x in zip(*sharp_and_blurred(0), strict=True)]
        head = fit_quality_head(
            np.concatenate(known),
            np.repeat([0, 1], 40),
            ("clean", "defocus_blur"),
        )
        write_export(tmp_path, quality_head=head)
        means = []
        for pictures in zip(*sharp_and_blurred(1), strict=True):
            with serving(tmp_path) as server:
                files = [
                    as_instance(encoded(np.asarray(each))) for each in pictures
                ]
                server.predict({"instances": files})
                text = server.metrics()
            name = r"^qualnet_quality_score_sum (\S+)"
            means.append(float(re.search(name, text, re.M)[1]) / 40)
            name = r'corruption_total\{corruption="defocus_blur"\} (\S+)'
            blurred = re.search(name, text)
            means.append(float(blurred[1]) / 40 if blurred else 0.0)
        sharp_score, sharp_share, blurred_score, blurred_share = means
        assert sharp_score > 0.7 > 0.3 > blurred_score
        assert sharp_share < 0.3 < 0.7 < blurred_share

    def test_names_of_other_models_do_not_fill_the_memory(self, export_dir):
        with serving(export_dir) as server:
            for number in range(5):
                server.ask("GET", f"/v1/models/other{number}")
            text = server.metrics()
        assert "other" not in text
        assert 'model_name="",status="NOT_FOUND"} 5.0' in text
