"""Problems: what gives genomes their fitness."""
