"""What makes the site of the documentation, beside Sphinx; docs/conf.py says how."""
