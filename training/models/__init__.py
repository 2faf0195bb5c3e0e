"""Networks, in Keras 3."""
