"""The application: a pure core, the drivers that carry it to the world, and what people use it by."""
