"""A Scorer that needs what is not there where a version is served; this text travels in the bundle."""

from importlib import import_module


class Scorer:
    @classmethod
    def load(cls, directory):
        return import_module("tests.tiny_scoring").Scorer.load(directory)
