"""How a city works: its units, its duty rota, its calendar, its codes and time limits, its modes."""
