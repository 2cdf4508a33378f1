"""How a formula says that it has no value; `lesion_features` adds which feature asked."""


class Undefined(ArithmeticError):
    """A feature's formula has no value for this region; the message is the reason, in one clause."""
