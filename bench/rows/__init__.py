# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the bench, a module each for those that are measured alike; in the order in which they run."""
import importlib, inspect
from row import Curve, Row

MODULES = ("header", "tables", "handover", "stages", "whole", "curves")


def classes(base):
    for name in MODULES:
        module = importlib.import_module("rows." + name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, base) and kind.profile and kind.__module__ == module.__name__:
                yield kind


def all_rows():
    return list(classes(Row))


def all_curves():
    return list(classes(Curve))
