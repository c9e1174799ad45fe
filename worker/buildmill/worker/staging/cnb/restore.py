"""The phase `restore`: buildpacks get back what they kept at the last build of this app and stack."""

from __future__ import annotations

from buildmill.common.staging import Outcome, Phase
from buildmill.worker.staging.area import remove_tree
from buildmill.worker.staging.cnb.cache import unpack_cache
from buildmill.worker.staging.cnb.failing import CnbError, failing_as, naming
from buildmill.worker.staging.cnb.layers import restore_layers_blocking
from buildmill.worker.staging.cnb.place import Detected, Place
from buildmill.worker.staging.cnb.relocation import make_local_blocking
from buildmill.worker.staging.stage import Stage


def run(stage: Stage) -> Outcome:
    """Give back layers and stores.

    Raises:
        PhaseFailed: the cache is malformed.
    """
    place = Place(stage.area)
    with failing_as(CnbError.RESTORE):
        if place.is_repeated(Phase.RESTORE):
            restore_anew(stage, place)
        else:
            _restore(stage, place)
    return Outcome(phase=Phase.RESTORE)


def restore_anew(stage: Stage, place: Place) -> None:
    """Have the layers as they were before the first script of a build that was cut off.

    Raises:
        InvalidInput: the cache is malformed.
        PhaseFailed: there is no time left.
    """
    stage.log.say("An earlier attempt was cut off: the layers begin anew")
    remove_tree(str(place.home.layers))
    unpack_cache(stage, place)
    _restore(stage, place)


def _restore(stage: Stage, place: Place) -> None:
    place.home.layers.mkdir(parents=True, exist_ok=True)
    for element in place.find(Detected).group:
        with naming(element.shown):
            restored = restore_layers_blocking(place.layers_of(element), place.kept_of(element))
        for name in restored:
            make_local_blocking(place.layers_of(element) / name, place.home)
            stage.log.say(f"Restoring the layer {name} of {element.shown} from the cache")
