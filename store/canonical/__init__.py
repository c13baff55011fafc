"""The shapes every system's documents are translated into. Importing them opens nothing."""
