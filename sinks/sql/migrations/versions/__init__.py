"""One step a pair of files: vNNNN_name.py names the .sql files that it runs up and down."""
