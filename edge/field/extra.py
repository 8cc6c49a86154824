"""What commissioning needs and a box that only runs does not have: the extra `site`."""

from wire.errors import Unsafe


def not_installed(error: ImportError) -> Unsafe:
    """Says what is missing, and how to get it."""
    return Unsafe(
        f"this needs what is not installed: {error.name}.",
        where="this machine",
        fix="pip install 'egret-city[site]'",
        code="E-FIELD-031",
    )
