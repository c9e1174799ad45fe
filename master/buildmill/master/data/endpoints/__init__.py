"""The endpoints of the data API, one module for each group of resource types."""
