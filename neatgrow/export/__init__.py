"""Export: genomes in the forms of other packages."""
