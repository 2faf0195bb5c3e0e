"""Turns a folder of labelled pictures into one ONNX file that ``solver`` loads.

The command is ``solver-train``; what needs TensorFlow comes with ``pip install
"solver-sdk[training]"``. Nothing is imported here, so the parts without TensorFlow (generators,
samples, configuration) stay usable on their own.
"""
