"""`python -m wire` is `egret`."""

from wire.main import main

main()
