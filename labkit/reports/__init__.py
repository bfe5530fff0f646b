"""Executed notebooks become pages and tables that work from a file, without a network."""
