"""Everything on one machine: broker, simulated lines, boxes, cloud and board, started by one command.

All of it is the real program. Only the world and the devices are simulated (`edge.sim`), and they
are read through pseudo-terminals with real Modbus RTU bytes.
"""
