"""From somebody's files to one HDF5 store and one manifest per dataset."""
