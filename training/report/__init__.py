"""Figures for people and for programs: one HTML page, one JSON, a CSV, a picture sheet."""
