"""Making and reading the map of the city: districts as polygons, from a package or from the owner's file."""
