"""考核评价: the rates of units and districts, and the figures of the sensor network."""
