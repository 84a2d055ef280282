"""The Keras 2 network in a SavedModel, whose graph is neither loaded nor run.

Keras 2 (2.4 to 2.15, tf_keras) writes its layers beside the graph, as JSON, and the graph's
variables are a checkpoint that Keras reads by itself: the network is built anew and saved as .h5.
``model.export`` of Keras 3 and TensorFlow's own saving write no layers.
"""

import copy
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

from skinlite.errors import InputError
from skinlite.files.read_write import read_regular
from skinlite.models.keras_2 import modernized, operators_as_layers
from skinlite_export.inspect.keras_file import foreign_in, open_keras
from skinlite_export.inspect.opened import Opened

METADATA = "keras_metadata.pb"
WEIGHTS = "variables/variables"
ANEW = "Save it as .keras or .h5 where it was made (model.save('model.keras')), or convert it to "
ANEW += ".tflite."
MOST_BYTES = 256 << 20


def open_network(path: Path, graph: Any) -> Opened:
    """The network of a SavedModel, as `open_keras` opens one.

    Args:
        path: the folder.
        graph: its MetaGraphDef.

    Raises:
        InputError: it can't be built, and why.
    """
    config = _config(path, graph)
    newer = copy.deepcopy(config)
    modernized(newer)
    if foreign := foreign_in(newer):
        raise InputError(
            f"It isn't run, because {', '.join(foreign)} "
            f"{'is' if len(foreign) == 1 else 'are'} code of somebody's. {ANEW}"
        )
    import keras
    import tf_keras

    # Besides layers, only `is_flip` is left in it: all else was refused.
    operators_as_layers(config, flips=False)
    is_sequential = config["class_name"] == "Sequential"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that .h5 is the older format
        whole = Path(folder) / "model.h5"
        try:
            # First here, because tf_keras would look for ever for a call that isn't there.
            network_class = keras.Sequential if is_sequential else keras.Model
            network_class.from_config(newer["config"])
            network = tf_keras.models.model_from_json(json.dumps(config))
            network.load_weights(str(path / WEIGHTS)).assert_existing_objects_matched()
            network.save(whole)
        except Exception as error:  # whatever a layer makes of a setting that it doesn't know
            reason = str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".")
            raise InputError(f"Its layers can't be built anew: {reason}. {ANEW}") from error
        return open_keras(whole)


def _config(path: Path, graph: Any) -> Any:
    """Class and settings of the network, as Keras 2 has them in an .h5."""
    from tf_keras.protobuf import saved_metadata_pb2

    found = saved_metadata_pb2.SavedMetadata()
    try:
        if (path / METADATA).is_file():
            found.ParseFromString(read_regular(path / METADATA, MOST_BYTES))
        texts = [node.metadata for node in found.nodes if node.node_path == "root"]
        # Until TensorFlow 2.4 it was in the graph itself.
        texts += [node.user_object.metadata for node in graph.object_graph_def.nodes[:1]]
        noted = json.loads(next(filter(None, texts), "{}"))
    except Exception as error:  # protobuf's DecodeError, of whichever implementation there is
        raise InputError(f"Its {METADATA} is damaged. {ANEW}") from error
    settings = noted.get("config") if isinstance(noted, dict) else None
    if not isinstance(settings, dict) or "layers" not in settings:
        raise InputError(
            "It isn't run: the graph of a SavedModel may read and write files, and Keras' layers "
            f"aren't beside it, as in what Keras 3 exports. {ANEW}"
        )
    return _with_lists({"class_name": noted.get("class_name"), "config": settings})


def _with_lists(value: Any) -> Any:
    """A part of a configuration as an .h5 has it, without the tuples that its JSON tells apart."""
    if isinstance(value, dict):
        if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
            return _with_lists(value["items"])
        return {key: _with_lists(one) for key, one in value.items()}
    return [_with_lists(one) for one in value] if isinstance(value, list) else value
