"""The nose of a picture as a tutorial serves it: Flask's own server, one process, one lock, OpenCV.

``python -m bench.flask_app PORT DETECTOR.onnx``. Two ways to ask the detector were tried: ``FaceDetectorYN``,
and ``readNet`` with the picture squeezed into 640x640. The second is the faster one and stands here, on as
many threads as OpenCV takes by itself. The lock is held around the network alone.
"""

import sys
import threading

import cv2
import numpy as np
from flask import Flask, Response, jsonify, request

SIDE_PX = 640
STRIDES = (8, 16, 32)
NOSE = slice(4, 6)  # of the ten landmark coordinates
LEAST_SCORE = 0.7


def build(detector: str) -> Flask:
    """The application, with the detector's file loaded."""
    app = Flask(__name__)
    network = cv2.dnn.readNet(detector)
    outputs = network.getUnconnectedOutLayersNames()
    lock = threading.Lock()

    @app.post("/image-bin")
    def image_binary() -> Response | tuple[Response, int]:
        data = np.frombuffer(request.files["image"].read(), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if picture is None:
            return jsonify(error="not a picture"), 415
        blob = cv2.dnn.blobFromImage(picture, size=(SIDE_PX, SIDE_PX))
        with lock:
            network.setInput(blob)
            found = dict(zip(outputs, network.forward(outputs), strict=True))
        nose = best_nose(found)
        if nose is None:
            return jsonify(error="no face"), 422
        return jsonify(x=round(nose[0], 4), y=round(nose[1], 4))

    return app


def best_nose(found: dict[str, cv2.typing.MatLike]) -> tuple[float, float] | None:
    """The nose of the likeliest face, as fractions of the picture's sides."""
    best, nose = LEAST_SCORE, None
    for stride in STRIDES:
        scores = np.sqrt(found[f"cls_{stride}"].ravel() * found[f"obj_{stride}"].ravel())
        cell = int(scores.argmax())
        if scores[cell] > best:
            row, column = divmod(cell, SIDE_PX // stride)
            x, y = found[f"kps_{stride}"].reshape(-1, 10)[cell, NOSE]
            best = float(scores[cell])
            nose = float((x + column) * stride / SIDE_PX), float((y + row) * stride / SIDE_PX)
    return nose


if __name__ == "__main__":
    build(sys.argv[2]).run(port=int(sys.argv[1]), threaded=True)
