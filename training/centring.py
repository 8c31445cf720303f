"""Centre an embedder on whom a face is like anyway: ``python -m training.centring FILE``.

Small children are like each other whoever they are, and so are other faces of one kind: an embedder, and its
teacher, puts them close together. What a face has in common with its kind says nothing about who it is. So a
part of the mean of its kind is taken away from each embedding: *localized centering* (Hara, Suzuki, Shimbo,
Kobayashi, Fukumizu and Radovanović, "Localized Centering: Reducing Hubness in Large-Sample Data", AAAI 2015).
How much a face is of each kind is a softmax of the cosines. This becomes the last layer of the file: whoever
runs it needs to know nothing of it.

The kinds are the centres of groups (spherical k-means) of blends of faces that are alike: a blend has what
its faces share, and shows none of them. Groups of the faces themselves are partly of people; and faces that
are blends, as made-up people's are, would be a kind of their own that none of the centres is near.
"""

from pathlib import Path

import click
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from rich.progress import track

from training.faces import FACE_PX, centre, read_faces
from training.mixtures import mirrored
from training.sources import is_learnt
from wsgi_app.vision.engines import Network, load_network
from wsgi_app.vision.packs import sha256_of

FACES = 8000  # training faces that are blended
BLENDS = 6000
BLENDED = 4  # faces in a blend
CANDIDATES = 1024  # of which those most alike to the first face are taken
KINDS = 32
STEPS = 20  # of k-means
SHARPNESS = 20.0  # of the softmax: the more, the more the nearest centre counts alone
PART = 0.5  # of the mean of its kind that is taken away from a face
CENTRES = "centring.centres"

Crops = NDArray[np.uint8]
Vectors = NDArray[np.float32]


def blends_of(crops: Crops, vectors: Vectors, count: int, random: np.random.Generator) -> Crops:
    """Blends of faces that are alike, uint8 [count, height, width, 3].

    Args:
        crops: uint8 [N, height, width, 3], aligned; one at least.
        vectors: float32 [N, size], what the embedder makes of each, of unit length.
        count: how many to make.
        random: draws them.
    """
    blends = []
    for _ in range(count):
        first = random.integers(len(crops))
        others = random.choice(len(crops), min(CANDIDATES, len(crops)), replace=False)
        alike = np.argsort(-vectors[others] @ vectors[first])
        faces = crops[[first, *others[alike][others[alike] != first]][:BLENDED]]
        shares = random.dirichlet(np.full(len(faces), 2.0))
        turned = [mirrored(face, random) for face in faces]
        blends.append(np.tensordot(shares, np.stack(turned).astype(np.float64), 1).round().astype(np.uint8))
    return np.stack(blends)


def centres_of(vectors: Vectors, kinds: int, random: np.random.Generator) -> Vectors:
    """The centres [kinds, size] of groups of vectors [N, size], all of unit length: spherical k-means.

    I. S. Dhillon and D. S. Modha, "Concept Decompositions for Large Sparse Text Data Using Clustering",
    Machine Learning 42 (2001), 143-175. A group that everybody leaves keeps its centre.
    """
    centres = vectors[random.choice(len(vectors), kinds, replace=False)]
    for _ in range(STEPS):
        sums = np.zeros_like(centres)
        np.add.at(sums, (vectors @ centres.T).argmax(axis=1), vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), centres)
    return centres


def centred(model: onnx.ModelProto, centres: Vectors) -> onnx.ModelProto:
    """An embedder whose embeddings have lost a part of the mean of their kind; of no certain length.

    Args:
        model: with one output, [1, size]; not centred.
        centres: float32 [kinds, size].
    """
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    (output,) = graph.output
    raw = f"{output.name}.raw"
    for node in graph.node:
        node.output[:] = [raw if name == output.name else name for name in node.output]
        node.input[:] = [raw if name == output.name else name for name in node.input]
    constants = {
        CENTRES: centres,
        "centring.sharpness": np.array(SHARPNESS, np.float32),
        "centring.part": np.array(PART, np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    graph.node.extend(
        [
            helper.make_node("ReduceL2", [raw], ["centring.length"], axes=[1], keepdims=1),
            helper.make_node("Div", [raw, "centring.length"], ["centring.unit"]),
            helper.make_node("Transpose", [CENTRES], ["centring.columns"], perm=[1, 0]),
            helper.make_node("MatMul", ["centring.unit", "centring.columns"], ["centring.cosines"]),
            helper.make_node("Mul", ["centring.cosines", "centring.sharpness"], ["centring.logits"]),
            helper.make_node("Softmax", ["centring.logits"], ["centring.shares"], axis=1),
            helper.make_node("MatMul", ["centring.shares", CENTRES], ["centring.kind"]),
            helper.make_node("Mul", ["centring.kind", "centring.part"], ["centring.common"]),
            helper.make_node("Sub", ["centring.unit", "centring.common"], [output.name]),
        ]
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def is_centred(model: onnx.ModelProto) -> bool:
    """Whether an embedder has that layer."""
    return any(weights.name == CENTRES for weights in model.graph.initializer)


def embedded(network: Network, crops: Crops) -> Vectors:
    """What an embedder of this project makes of aligned faces [N, 112, 112, 3]; of unit length."""
    vectors = []
    for crop in track(crops, "embedding", transient=True):
        blob = ((crop.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
        (vector,) = network.run(np.ascontiguousarray(blob)).values()
        vectors.append(vector.reshape(-1))
    found = np.stack(vectors)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def some_learnt(sources: NDArray[np.str_], clusters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Always the same ``FACES`` of the faces that are learnt from, bool [N]; all if there are fewer."""
    learnt = np.flatnonzero(is_learnt(sources, clusters))
    chosen = np.random.default_rng(1).permutation(learnt)[:FACES]
    return np.isin(np.arange(len(sources)), chosen)


@click.command()
@click.argument("network", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="Training material."
)
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The file to write.")
def main(network: Path, data: Path, to: Path) -> None:
    """Write an embedder, NETWORK, anew: what a face shares with its kind is taken away at its end."""
    model = onnx.load(network)
    if is_centred(model):
        raise click.ClickException(f"{network} is centred already.")
    crops = centre(read_faces(data, some_learnt).crops, FACE_PX)
    session, random = load_network(network), np.random.default_rng(1)
    blends = blends_of(crops, embedded(session, crops), BLENDS, random)
    onnx.save(centred(model, centres_of(embedded(session, blends), KINDS, random)), to)
    print(f'file = "{to.name}"\nsha256 = "{sha256_of(to)}"\nsize_bytes = {to.stat().st_size}')


if __name__ == "__main__":
    main()
