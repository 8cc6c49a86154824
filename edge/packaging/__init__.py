"""How the agent stands on a box: its systemd units, and the program that updates it. Egret imports nothing of it."""
